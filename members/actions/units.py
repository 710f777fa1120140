"""Establish and dissolve union units, with what that means for the employers they cover."""

from __future__ import annotations

from datetime import date, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from members.actions.employers import derive_union_states
from members.actions.rights import require_units
from members.models import EmployerCoverage, Membership, UnionUnit
from members.states import OPEN_MEMBERSHIP, UnitStatus
from unionportal.core.actors import ServiceActor
from unionportal.core.errors import Refused
from unionportal.core.models import User
from unionportal.core.roles import Permission
from unionportal.core.transitions import move


@transaction.atomic
def establish(
    *, unit: UnionUnit, by: User | ServiceActor, established_on: date | None = None
) -> UnionUnit:
    """Establish `unit`; the employers it covers now have a union."""
    require_units(by, Permission.MANAGE_ORGANISATION, [unit.pk])
    day = established_on or timezone.localdate()
    if day > timezone.localdate():
        raise Refused(_("The day cannot be in the future."), code="future", field="day")
    move(unit, "establish", by=by, established_on=day)
    covered = EmployerCoverage.objects.filter(unit=unit, ended_on=None)
    derive_union_states(covered.values_list("employer_id", flat=True))
    return unit


@transaction.atomic
def dissolve(
    *, unit: UnionUnit, by: User | ServiceActor, reason: str, dissolved_on: date | None = None
) -> UnionUnit:
    """Dissolve `unit`, ending its coverage.

    Raises `Refused` while it has members (they keep their membership elsewhere, TUL 13) or units
    below it.
    """
    require_units(by, Permission.MANAGE_ORGANISATION, [unit.pk])
    _refuse_occupied(unit)
    day = dissolved_on or timezone.localdate()
    move(unit, "dissolve", by=by, reason=reason, dissolved_on=day)
    _end_coverage(unit, day)
    return unit


def _refuse_occupied(unit: UnionUnit) -> None:
    members = Membership.objects.filter(unit=unit, state__in=OPEN_MEMBERSHIP).count()
    if members:
        raise Refused(
            _("%(count)d members still belong to this unit. Move them to another unit first.")
            % {"count": members},
            code="has_members",
        )
    below = UnionUnit.objects.get_children(unit).exclude(status=UnitStatus.DISSOLVED).count()
    if below:
        raise Refused(
            _("%(count)d units still hang below this one. Dissolve or move them first.")
            % {"count": below},
            code="has_children",
        )


def _end_coverage(unit: UnionUnit, day: date) -> None:
    open_rows = EmployerCoverage.objects.filter(unit=unit, ended_on=None)
    employers = list(open_rows.values_list("employer_id", flat=True))
    open_rows.filter(started_on__gte=day).update(ended_on=day + timedelta(days=1))
    open_rows.update(ended_on=day)
    derive_union_states(employers)
