"""Who is to join: typed or read values, checked once more before anything is written."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from members.models import Area, Employer, UnionUnit, WorkerGroup
from members.models.people import IdType
from members.states import Confirmation, Source
from unionportal.core import identifiers
from unionportal.core.crypto import blind_index
from unionportal.core.errors import Refused
from unionportal.core.identifiers.cleaning import clean
from unionportal.core.input_errors import InputError
from unionportal.core.models import Attachment

PASSPORT = re.compile(r"[A-Z0-9]{5,20}")


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A person who wishes to join; numbers and name stay out of repr and so out of logs."""

    name: str = field(repr=False)
    id_number: str = field(repr=False)
    phone: str = field(repr=False)
    group: WorkerGroup
    unit: UnionUnit
    source: str = Source.FORM
    id_type: str = IdType.CITIZEN
    area: Area | None = None
    employer: Employer | None = None
    vehicle_plate: str = field(default="", repr=False)
    platform_name: str = ""
    confirmation: str = Confirmation.NONE
    evidence: Attachment | None = None
    phone_is_verified: bool = False
    client_ref: UUID | None = None

    @property
    def id_index(self) -> UUID:
        """The blind index a person is found by."""
        return person_index(self.id_type, self.id_number)

    @property
    def phone_index(self) -> UUID:
        return blind_index(self.phone, "phone")


def person_index(id_type: str, id_number: str) -> UUID:
    """Return the blind index of a document."""
    return blind_index(f"{id_type}:{id_number}", "person")


def checked(candidate: Candidate, *, plate_is_required: bool = True) -> Candidate:
    """Return `candidate` normalised; raise `Refused` naming the field that is wrong.

    `plate_is_required`: whether a group that drives must name its plate (forms; rosters may not).
    """
    _check_unit(candidate)
    check_group(candidate.group)
    plate = candidate.vehicle_plate
    if not plate and plate_is_required and candidate.group.needs_plate:
        raise Refused(
            _("Give the plate of the vehicle: this group needs it."),
            code="plate_needed",
            field="vehicle_plate",
        )
    return replace(
        candidate,
        name=read_name(candidate.name),
        id_number=read_id_number(candidate.id_type, candidate.id_number),
        phone=read_phone(candidate.phone),
        vehicle_plate=read_plate(plate) if plate else "",
        platform_name=candidate.platform_name.strip()[:40],
        area=candidate.area or candidate.unit.area,
    )


def read_id_number(id_type: str, text: str) -> str:
    """Return a document's number as it is stored; raise `Refused` with the rule's own code."""
    if id_type == IdType.CITIZEN:
        return str(_read("id_number", identifiers.parse_citizen_id, text).number)
    number = _read("id_number", clean, text).text.upper()
    if not PASSPORT.fullmatch(number):
        raise Refused(
            _("A passport or permit number has 5 to 20 letters and digits."),
            code="passport_form",
            field="id_number",
        )
    return str(number)


def read_name(text: str) -> str:
    """Return a name as it is stored; raise `Refused` with the rule's own code."""
    return str(_read("name", identifiers.parse_name, text).name)


def read_phone(text: str) -> str:
    """Return a phone as it is stored; raise `Refused` with the rule's own code."""
    return str(_read("phone", identifiers.parse_phone, text).number)


def _read(name: str, parse: Callable[[Any], Any], value: Any) -> Any:
    try:
        return parse(value)
    except InputError as error:
        raise Refused(error.message, code=error.code, field=name) from error


def _check_unit(candidate: Candidate) -> None:
    unit = candidate.unit
    if not unit.takes_members or unit.is_external:
        raise Refused(
            _("“%(unit)s” does not take members itself. Choose a union below it.")
            % {"unit": unit.name},
            code="unit_takes_none",
            field="unit",
        )


def read_plate(plate: str) -> str:
    """Return a plate as it is stored; raise `Refused` with the plate rule's own code."""
    return str(_read("vehicle_plate", identifiers.parse_plate, plate).number)


def check_group(group: WorkerGroup) -> None:
    """Raise `Refused` for a group that is not in use today."""
    today = timezone.localdate()
    if group.valid_from > today or (group.valid_to and group.valid_to <= today):
        raise Refused(
            _("The group “%(group)s” is not in use today. Choose another one.")
            % {"group": group.name},
            code="group_not_in_use",
            field="group",
        )
