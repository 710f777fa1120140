"""Establish and edit union units, with what that means for the employers they cover."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from members.actions.employers import derive_union_states
from members.actions.rights import require_units
from members.actions.structure import refuse_future
from members.models import (
    CertificateFiling,
    EmployerCoverage,
    LegalPersonCertificate,
    UnionUnit,
)
from unionportal.core import audit
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
def edit_unit(
    *,
    unit: UnionUnit,
    by: User | ServiceActor,
    name: str,
    contact_name: str = "",
    contact_phone: str = "",
    reported_members: int | None = None,
    reported_on: date | None = None,
) -> UnionUnit:
    """Change a unit's name, contact and the number of members it reports.

    A new name of a legal person leaves a change to be filed. Raises `Refused` (`name_needed`,
    `reported_day`, `future`).
    """
    require_units(by, Permission.KEEP_UNIT_RECORDS, [unit.pk])
    values = {
        "name": name.strip(), "contact_name": contact_name.strip(),
        "contact_phone": contact_phone.strip(), "reported_members": reported_members,
        "reported_on": reported_on,
    }  # fmt: skip
    _check_edit(values)
    locked: UnionUnit = UnionUnit.objects.select_for_update(of=("self",)).get(pk=unit.pk)
    changed = [field for field, value in values.items() if getattr(locked, field) != value]
    if not changed:
        return locked
    if "name" in changed:
        _note_name(locked)
    for field in changed:
        setattr(locked, field, values[field])
    locked.save(update_fields=changed)
    audit.record(by=by, verb="unit.edit", target=locked, fields=changed)
    return locked


def _check_edit(values: dict[str, Any]) -> None:
    if not values["name"]:
        raise Refused(_("Give the unit a name."), code="name_needed", field="name")
    if (values["reported_members"] is None) != (values["reported_on"] is None):
        raise Refused(
            _("Give the number and its day together."), code="reported_day", field="reported_on"
        )
    if values["reported_on"] is not None:
        refuse_future(values["reported_on"], "reported_on")


def _note_name(unit: UnionUnit) -> None:
    held = LegalPersonCertificate.objects.filter(unit=unit, ended_on=None).first()
    if held is not None:
        CertificateFiling.objects.create(
            certificate=held,
            what=CertificateFiling.What.NAME,
            happened_on=timezone.localdate(),
        )
