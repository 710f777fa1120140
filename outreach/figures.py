"""The figure drives give to the report pages and the API."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from outreach.models import Drive
from outreach.queries import progress_of
from unionportal.core.figures import Figure, FigureValue, register
from unionportal.core.roles import Permission

if TYPE_CHECKING:
    from unionportal.core.scope import AnyUser


def _new_members(user: AnyUser, as_of: date) -> FigureValue:
    drives = list(Drive.objects.visible_to(user).running(as_of))
    progress = progress_of(drives)
    return FigureValue(
        numerator=sum(one.actual for one in progress),
        denominator=sum(one.target for one in progress),
        as_of=as_of,
    )


NEW_MEMBERS = register(
    Figure(
        id="drive_new_members",
        title=_("New members in running drives"),
        definition=_(
            "People whose application came in through a drive that runs on the day and was "
            "approved, without memberships annulled since; against the sum of these drives' "
            "targets."
        ),
        permission=Permission.VIEW_DRIVES,
        compute=_new_members,
        unit=_("people"),
        order=40,
    )
)
