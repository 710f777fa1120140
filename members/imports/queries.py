"""What the pages of an import show."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from members import record
from members.imports import optional, updating
from members.imports.columns import title_of
from members.imports.reading import plain
from members.imports.texts import NOTE, REASONS, fill, reason
from members.models import Employer, ImportBatch, ImportRow, Membership, WorkerGroup
from members.states import ImportKind, Verdict
from unionportal.core.masking import mask_id, mask_name, mask_phone
from unionportal.core.models import User
from unionportal.core.roles import Permission, has_permission

# Verdict → state kind and icon of the preview; see design/screens/11.
LOOKS = {
    Verdict.NEW: ("ok", "circle-plus"),
    Verdict.UPDATE: ("move", "arrow-up"),
    Verdict.UNCHANGED: ("rest", "circle-check"),
    Verdict.KNOWN: ("rest", "circle-minus"),
    Verdict.ELSEWHERE: ("wait", "external-link"),
    Verdict.DUPLICATE: ("rest", "copy"),
    Verdict.HELD: ("wait", "help-circle"),
    Verdict.REJECTED: ("bad", "circle-x"),
}
TO_LOOK_AT = (
    Verdict.KNOWN,
    Verdict.DUPLICATE,
    Verdict.ELSEWHERE,
    Verdict.HELD,
    Verdict.REJECTED,
)
WRONG = (Verdict.HELD, Verdict.REJECTED, Verdict.ELSEWHERE, Verdict.UPDATE)
SHOWN = {
    ImportKind.ROSTER: ("name", "id_number", "phone", "group"),
    ImportKind.REGISTRY: ("name", "id_number", "phone", "group", "joined_on", "member_no"),
    ImportKind.FEED: ("name", "id_number", "phone", "group", "joined_on", "member_no"),
}
MASKS = {"name": mask_name, "id_number": mask_id, "phone": mask_phone}
GUARDED = frozenset(
    one.name for one in record.FIELDS if one.sensitivity == record.Sensitivity.GUARDED
)
KEPT = "kept"
TABS: dict[str, tuple[Any, tuple[Verdict, ...]]] = {
    "look": (_("To look at"), TO_LOOK_AT),
    **{verdict.value: (verdict.label, (verdict,)) for verdict in Verdict},
    "all": (_("All"), tuple(Verdict)),
    KEPT: (_("Kept"), ()),
}


@dataclass(frozen=True)
class ShownCell:
    """A cell of the preview: its column's title and text, and whether the reason is about it."""

    title: str
    text: str
    is_wrong: bool


@dataclass(frozen=True)
class ShownRow:
    """A row of the preview; cells of `SHOWN`, to be masked by the page.

    `normalised` says what was read, masked, where that is not what was typed.
    """

    number: int
    verdict: str
    kind: str
    icon: str
    cells: dict[str, ShownCell]
    reasons: list[str]
    normalised: list[str]


def imports_of(user: User) -> QuerySet[ImportBatch]:
    """Return the imports `user` may work on: rosters with the right to enrol, registers with the
    right to load them."""
    rosters = ImportBatch.objects.visible_to(user, Permission.ENROL).filter(kind=ImportKind.ROSTER)
    if not has_permission(user, Permission.LOAD_REGISTRY):
        return rosters
    loads = ImportBatch.objects.visible_to(user, Permission.LOAD_REGISTRY)
    return rosters | loads.exclude(kind=ImportKind.ROSTER)


@dataclass(frozen=True)
class ThreeNumbers:
    """Never one figure alone: what is said, what is in the books, what counts as evidenced."""

    reported: int
    recorded: int
    qualified: int


def three_numbers(batch: ImportBatch, user: User) -> ThreeNumbers:
    """Return how many people of `batch` are reported, recorded and qualified members today.

    Counts where `user` may look: who is a member elsewhere is told to nobody.
    """
    people = batch.rows.filter(id_index__isnull=False).order_by().values("id_index")
    members = Membership.objects.visible_to(user).filter(person__id_index__in=people)
    return ThreeNumbers(
        batch.counts["rows"] if batch.reported is None else batch.reported,
        members.recorded().order_by().count(),
        members.qualified().order_by().count(),
    )


def rows_of(batch: ImportBatch, tab: str) -> QuerySet[ImportRow]:
    """Return the rows of a tab of the preview."""
    if tab == KEPT:
        return batch.rows.exclude(kept_because="").defer("line")
    return batch.rows.filter(verdict__in=TABS[tab][1]).defer("line")


def tab_counts(batch: ImportBatch) -> dict[str, int]:
    """Return rows per tab, from the counts kept with the import."""
    return {
        tab: sum(batch.counts.get(verdict.value, 0) for verdict in verdicts)
        for tab, (_label, verdicts) in TABS.items()
    } | {KEPT: batch.counts.get(KEPT, 0)}


def first_tab(batch: ImportBatch) -> str:
    """Return the tab a preview opens with: what needs a look, else everything new."""
    counts = tab_counts(batch)
    return next((tab for tab in (KEPT, "look", "update") if counts[tab]), "new")


def shown(rows: list[ImportRow], batch: ImportBatch, user: User) -> list[ShownRow]:
    """Return rows ready for the page; codes of groups become names."""
    groups = {group.code: group.name for group in WorkerGroup.objects.all()}
    default = groups.get(batch.default_group_id or "", "")
    differing = [row for row in rows if row.verdict == Verdict.UPDATE]
    may_reveal = has_permission(user, Permission.REVEAL)
    said = differences(differing, may_reveal=may_reveal)
    return [_shown(row, batch, default, said.get(row.number, {}), may_reveal) for row in rows]


def differences(rows: list[ImportRow], *, may_reveal: bool) -> dict[int, dict[str, str]]:
    """Return what rows change, by row and field: what was and what will be, masked.

    Before the row is written the record says what was, afterwards the row itself does.
    """
    found = Membership.objects.filter(pk__in=[row.membership_id for row in rows])
    members = {one.pk: one for one in found.select_related("person", "employer")}
    employers = {one.pk.hex: one.name for one in Employer.objects.filter(pk__in=_employers(rows))}
    told: dict[int, dict[str, str]] = {}
    for row in rows:
        member = members.get(row.membership_id) if row.membership_id else None
        if member is None or not row.cleaned:
            continue
        if member.employer:
            employers[member.employer.pk.hex] = member.employer.name
        was = json.loads(row.before) if row.before else updating.current(member)
        now = json.loads(row.cleaned)
        fields = [p["field"] for p in row.problems if p["code"] == "changes"]
        told[row.number] = {
            name: _difference(name, was.get(name, ""), now.get(name, ""), employers)
            for name in fields
            if may_reveal or name not in GUARDED
        }
    return told


def _employers(rows: list[ImportRow]) -> set[UUID]:
    """Return the employers that rows name or replaced."""
    values = (json.loads(text) for row in rows for text in (row.cleaned, row.before) if text)
    return {UUID(one["employer"]) for one in values if one.get("employer")}


def _difference(name: str, was: str, now: str, employers: dict[str, str]) -> str:
    text = REASONS[("", "changes_to")]
    words = [_in_words(name, value, employers) or "—" for value in (was, now)]
    return fill(text, {"column": title_of(name), "was": words[0], "now": words[1]})


def _in_words(name: str, value: str, employers: dict[str, str]) -> str:
    if name in MASKS:
        return MASKS[name](value)
    if name == "employer":
        return employers.get(value, value)
    if name in optional.FIELDS:
        one = optional.FIELDS[name]
        return str(record.shown(one, optional.stored(one, value)))
    return value


def _shown(
    row: ImportRow, batch: ImportBatch, default_group: str, said: dict[str, str], may_reveal: bool
) -> ShownRow:
    typed = json.loads(row.typed or "[]")
    faults = {p["field"] for p in row.problems if not p["code"].startswith(NOTE)}
    kind, icon = LOOKS[Verdict(row.verdict)]
    cells = {}
    for name in SHOWN[ImportKind(batch.kind)]:
        text = _cell(typed, batch, name) or (default_group if name == "group" else "")
        cells[name] = ShownCell(title_of(name), text, name in faults and row.verdict in WRONG)
    reasons = [
        said[p["field"]] if p["code"] == "changes" and p["field"] in said else reason(p)
        for p in row.problems
    ]
    if row.kept_because:
        reasons.insert(0, reason({"field": "", "code": row.kept_because, "params": {}}))
    return ShownRow(
        number=row.number,
        verdict=str(Verdict(row.verdict).label),
        kind=kind,
        icon=icon,
        cells=cells,
        reasons=reasons,
        normalised=_normalised(row, cells) + _understood(row, batch, typed, may_reveal),
    )


def _cell(typed: list[str], batch: ImportBatch, name: str) -> str:
    place = batch.layout["columns"].get(name, len(typed))
    return plain(typed[place]).strip() if place < len(typed) else ""


def _normalised(row: ImportRow, cells: dict[str, ShownCell]) -> list[str]:
    """Return name, number and phone as read, masked, where a note says they were changed."""
    noted = {p["field"] for p in row.problems if p["code"].startswith(NOTE)}
    cleaned = json.loads(row.cleaned or "{}")
    return [
        f"{title_of(name)}: {mask(cleaned[name])}"
        for name, mask in MASKS.items()
        if name in noted and name in cleaned and cleaned[name] != cells[name].text
    ]


def _understood(
    row: ImportRow, batch: ImportBatch, typed: list[str], may_reveal: bool
) -> list[str]:
    """Return the optional columns whose words were read as a code of another name."""
    cleaned = json.loads(row.cleaned or "{}")
    words = {
        name: (_cell(typed, batch, name), _in_words(name, cleaned[name], {}))
        for name in batch.layout["columns"]
        if name in optional.FIELDS and name in cleaned and (may_reveal or name not in GUARDED)
    }
    return [f"{title_of(name)}: {read}" for name, (text, read) in words.items() if text != read]
