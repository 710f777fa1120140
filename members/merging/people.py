"""The survivor's own fields, chosen one by one, and the number that keeps leading to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from members.actions.people import PHONE_FIELDS
from members.merging.log import CHANGED, GONE, Data, Log, Undoing, current, typed, undoes
from members.models import Person
from members.states import PhoneState
from unionportal.core.ids import new_id

if TYPE_CHECKING:
    from members.merging.registry import Case

SURVIVOR, MERGED = "survivor", "merged"
DOCUMENT = "document"
# Columns that are one thing and are chosen together.
TOGETHER: dict[str, tuple[str, ...]] = {
    "name": ("name", "name_pinyin", "name_initials", "name_grams"),
    DOCUMENT: ("id_type", "id_number", "id_index", "id_masked", "sex", "birth_date"),
    "phone": PHONE_FIELDS,
}
LABELS: dict[str, str | Promise] = {
    "name": _("Full name"),
    DOCUMENT: _("Document"),
    "phone": _("Phone"),
}
# Columns of the record, not of the person.
RECORD = frozenset(
    {
        "id", "district", "merged_into", "created_at", "stopped_at", "stopped_reason",
        "anonymised_at",
    }
)  # fmt: skip


def choosable() -> dict[str, tuple[str, ...]]:
    """Return what is chosen when two records are merged: name → its columns."""
    known = {column for columns in TOGETHER.values() for column in columns} | RECORD
    single = [column.name for column in Person._meta.concrete_fields if column.name not in known]
    return TOGETHER | {name: (name,) for name in single}


def label_of(choice: str) -> str | Promise:
    if choice in LABELS:
        return LABELS[choice]
    return str(Person._meta.get_field(choice).verbose_name).capitalize()  # type: ignore[union-attr]


@dataclass(frozen=True)
class Difference:
    """Something the two records say differently, and whose value is proposed."""

    choice: str
    proposed: str


def differences(survivor: Person, merged: Person) -> list[Difference]:
    """Return what differs; an empty value yields, a verified phone wins, else the survivor's."""
    found = []
    for choice, columns in choosable().items():
        key = _key_column(choice, columns)
        ours, theirs = getattr(survivor, key), getattr(merged, key)
        if ours != theirs:
            found.append(Difference(choice, _proposed(choice, survivor, merged, ours, theirs)))
    return found


def _key_column(choice: str, columns: tuple[str, ...]) -> str:
    return {DOCUMENT: "id_index", "phone": "phone_index"}.get(choice, columns[0])


def _proposed(choice: str, survivor: Person, merged: Person, ours: Any, theirs: Any) -> str:
    if choice == "phone" and PhoneState.VERIFIED == merged.phone_state != survivor.phone_state:
        return MERGED
    return MERGED if ours in (None, "", 0) and theirs not in (None, "", 0) else SURVIVOR


def take_values(case: Case, log: Log) -> None:
    """Give the survivor what was chosen from the other record."""
    for choice, columns in choosable().items():
        if case.choices.get(choice) != MERGED:
            continue
        if choice == DOCUMENT:
            _swap(case.survivor, case.merged)
            log.add("document", case.survivor, other=str(case.merged.pk),
                    after=str(case.merged.id_index))  # fmt: skip
        else:
            values = {column: getattr(case.merged, column) for column in columns}
            log.set(Person.everyone.filter(pk=case.survivor.pk), **values)


def _swap(one: Person, other: Person) -> None:
    """Exchange the documents of two records, so that both numbers still lead to the person."""
    ours, theirs = _document(one), _document(other)
    Person.everyone.filter(pk=one.pk).update(id_index=new_id())
    Person.everyone.filter(pk=other.pk).update(**ours)
    Person.everyone.filter(pk=one.pk).update(**theirs)


def _document(person: Person) -> Data:
    return {column: getattr(person, column) for column in TOGETHER[DOCUMENT]}


@undoes("document")
def _swap_back(entry: Data, undoing: Undoing) -> str:
    now = current(Person, entry["id"], ["id_index"])
    if now is None:
        return GONE
    if now != typed(Person, {"id_index": entry["after"]}):
        return CHANGED
    _swap(Person.everyone.get(pk=entry["id"]), Person.everyone.get(pk=entry["other"]))
    return ""


def shown(person: Person) -> dict[str, Any]:
    """Return the values of a record as a page may show them: numbers masked."""
    return {choice: _display(person, choice) for choice in choosable()}


def _display(person: Person, choice: str) -> Any:
    if choice == DOCUMENT:
        born = person.birth_date.isoformat() if person.birth_date else ""
        return " ".join((person.id_masked, born, str(person.get_id_type_display())))
    if choice == "phone":
        return f"{person.phone_masked} {person.get_phone_state_display()}"
    if choice == "residence_text":
        return _("on file") if person.residence_text else ""
    display = getattr(person, f"get_{choice}_display", None)
    value = display() if display else getattr(person, choice)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return value
