"""Everything on record about a person, for that person: the copy of PIPL article 45."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from django.utils import timezone
from django.utils.translation import gettext as _

from members import record
from members.models import Consent, DataRequest, Membership, Person
from members.queries.history import looks_at
from unionportal.core.spreadsheets.table import CellValue
from unionportal.core.spreadsheets.writing import Column, Sheet, write_workbook

PERSON_FIELDS = tuple(one for one in record.FIELDS if one.on_person)
MEMBER_FIELDS = tuple(one for one in record.FIELDS if not one.on_person)


def workbook_of(person: Person) -> bytes:
    """Return an .xlsx with all the portal holds of `person`, in full, in the reader's language."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "copy.xlsx"
        write_workbook(path, _sheets(person))
        return path.read_bytes()


def _sheets(person: Person) -> list[Sheet]:
    mine = list(
        Membership.objects.filter(person=person)
        .select_related("person", "unit", "employer", "group")
        .order_by("joined_on")
    )
    return [
        _sheet(_("Record"), [_("Item"), _("Value")], _record(person)),
        _sheet(_("Memberships"), [_("Item"), _("Value")], _memberships(mine)),
        _sheet(_("History"), [_("Day"), _("What"), _("Where")], _history(mine)),
        _sheet(_("Consent"), [_("Purpose"), _("Given"), _("Withdrawn")], _consents(person)),
        _sheet(_("Requests"), [_("Request"), _("Sent in"), _("Answer")], _requests(person)),
        _sheet(_("Who looked"), [_("When"), _("Who"), _("Reason")], _looks(person)),
    ]


def _sheet(name: str, titles: Sequence[str], rows: Iterable[Sequence[CellValue]]) -> Sheet:
    return Sheet(name, [Column(title, width=28) for title in titles], list(rows))


def _record(person: Person) -> Iterable[Sequence[CellValue]]:
    for one in PERSON_FIELDS:
        yield str(one.label), str(record.shown(one, getattr(person, one.attribute)))


def _memberships(mine: list[Membership]) -> Iterable[Sequence[CellValue]]:
    for membership in mine:
        for one in MEMBER_FIELDS:
            value = (
                getattr(membership, one.name) if one.kind == record.Kind.ROW
                else record.shown(one, getattr(membership, one.attribute))
            )  # fmt: skip
            yield str(one.label), "" if value is None else str(value)
        yield _("State"), str(membership.get_state_display())
        for vehicle in membership.vehicles.order_by("started_on"):
            yield _("Vehicle"), f"{vehicle.plate} {vehicle.started_on} – {vehicle.ended_on or ''}"


def _history(mine: list[Membership]) -> Iterable[Sequence[CellValue]]:
    for membership in mine:
        yield membership.joined_on.isoformat(), _("Joined"), membership.member_no
        for step in membership.status_changes.order_by("day"):
            yield step.day.isoformat(), str(step.get_to_state_display()), step.reason
        for stay in membership.affiliations.select_related("unit").order_by("started_on"):
            yield stay.started_on.isoformat(), _("Union unit"), stay.unit.name
        for work in membership.group_history.select_related("group").order_by("started_on"):
            yield work.started_on.isoformat(), _("Group"), str(work.group)


def _consents(person: Person) -> Iterable[Sequence[CellValue]]:
    for one in Consent.objects.filter(person=person).order_by("given_at"):
        yield str(one.get_purpose_display()), _moment(one.given_at), _moment(one.withdrawn_at)


def _requests(person: Person) -> Iterable[Sequence[CellValue]]:
    for one in DataRequest.objects.filter(person=person).order_by("filed_at"):
        yield str(one.get_kind_display()), _moment(one.filed_at), one.answer


def _looks(person: Person) -> Iterable[Sequence[CellValue]]:
    for look in looks_at(person):
        yield _moment(look.at), look.actor_label, look.reason


def _moment(at: object) -> str:
    return timezone.localtime(at).strftime("%Y-%m-%d %H:%M") if at else ""  # type: ignore[arg-type]
