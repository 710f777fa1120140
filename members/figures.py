"""The figures of the members app (definitions: domain.md section 9)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from members import queries
from members.queries import quality
from unionportal.core.figures import Figure, FigureValue, register
from unionportal.core.roles import Permission

if TYPE_CHECKING:
    from unionportal.core.scope import AnyUser


def _recorded(user: AnyUser, as_of: date) -> FigureValue:
    return FigureValue(queries.members_as_of(user, as_of), as_of)


def _qualified(user: AnyUser, as_of: date) -> FigureValue:
    return FigureValue(
        quality.qualified_count(user), as_of, denominator=quality.recorded_count(user)
    )


def _reported(user: AnyUser, as_of: date) -> FigureValue:
    reported, silent = quality.reported_count(user)
    return FigureValue(reported, as_of, missing=silent)


def _new_this_month(user: AnyUser, as_of: date) -> FigureValue:
    return FigureValue(queries.joined_between(user, as_of.replace(day=1), as_of), as_of)


def _membership_rate(user: AnyUser, as_of: date) -> FigureValue:
    return _rate(queries.total(queries.membership_rate(user, as_of)), as_of)


def _unionisation_rate(user: AnyUser, as_of: date) -> FigureValue:
    return _rate(queries.total(queries.unionisation(user, as_of)), as_of)


def _rate(rate: queries.AreaRate, as_of: date) -> FigureValue:
    return FigureValue(rate.numerator, as_of, rate.denominator, rate.missing)


register(
    Figure(
        id="recorded",
        title=_("Recorded members"),
        definition=_("Memberships that are active or retained on the day."),
        permission=Permission.VIEW_REPORTS,
        compute=_recorded,
        unit=_("people"),
        order=10,
    )
)
register(
    Figure(
        id="qualified",
        title=_("Qualified members"),
        definition=_(
            "Recorded members whose own wish is evidenced, whose phone is verified and whose unit "
            "is established, who are not on file twice as far as anybody suspects, and whose last "
            "transfer did not run out of time; as they stand now. Base: recorded members."
        ),
        permission=Permission.VIEW_REPORTS,
        compute=_qualified,
        unit=_("people"),
        order=20,
    )
)
register(
    Figure(
        id="reported",
        title=_("Reported members"),
        definition=_(
            "Members as the units that take members state them themselves. Missing: units that "
            "state nothing."
        ),
        permission=Permission.VIEW_REPORTS,
        compute=_reported,
        unit=_("people"),
        order=30,
    )
)
register(
    Figure(
        id="new-this-month",
        title=_("New this month"),
        definition=_(
            "Memberships that began from the first of the month to the day. Moves between units "
            "and annulled ones do not count."
        ),
        permission=Permission.VIEW_REPORTS,
        compute=_new_this_month,
        unit=_("people"),
        order=40,
    )
)
register(
    Figure(
        id="membership-rate",
        title=_("Membership rate"),
        definition=_(
            "Members affiliated to employers with a union ÷ those employers' headcount. Missing: "
            "such employers without a headcount; their members are left out."
        ),
        permission=Permission.VIEW_REPORTS,
        compute=_membership_rate,
        unit="%",
        version=queries.DEFINITION_VERSION,
        order=50,
    )
)
register(
    Figure(
        id="unionisation-rate",
        title=_("Unionisation rate"),
        definition=_(
            "Employers covered by an established union ÷ operating employers with 25 or more "
            "employees. Missing: employers without a headcount."
        ),
        permission=Permission.VIEW_REPORTS,
        compute=_unionisation_rate,
        unit="%",
        version=queries.DEFINITION_VERSION,
        order=60,
    )
)
