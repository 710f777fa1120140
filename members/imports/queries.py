"""What the pages of an import show."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from members.imports.columns import title_of
from members.imports.reading import plain
from members.imports.texts import NOTE, reason
from members.models import ImportBatch, ImportRow, Membership, WorkerGroup
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
KEPT = "kept"
TABS: dict[str, tuple[Any, tuple[Verdict, ...]]] = {
    "look": (_("To look at"), TO_LOOK_AT),
    **{verdict.value: (verdict.label, (verdict,)) for verdict in Verdict},
    "all": (_("All"), tuple(Verdict)),
    KEPT: (_("Kept"), ()),
}


@dataclass(frozen=True)
class ShownCell:
    """A cell of the preview: its text, and whether the reason is about it."""

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


def three_numbers(batch: ImportBatch) -> ThreeNumbers:
    """Return how many people of `batch` are reported, recorded and qualified members today."""
    people = batch.rows.filter(id_index__isnull=False).order_by().values("id_index")
    members = Membership.objects.filter(person__id_index__in=people)
    return ThreeNumbers(
        batch.counts["rows"] if batch.reported is None else batch.reported,
        members.recorded().order_by().count(),
        members.qualified().order_by().count(),
    )


def rows_of(batch: ImportBatch, tab: str) -> QuerySet[ImportRow]:
    """Return the rows of a tab of the preview."""
    if tab == KEPT:
        return batch.rows.exclude(kept_because="").defer("before")
    return batch.rows.filter(verdict__in=TABS[tab][1]).defer("before")


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


def shown(rows: list[ImportRow], batch: ImportBatch) -> list[ShownRow]:
    """Return rows ready for the page; codes of groups become names."""
    names = {group.code: group.name for group in WorkerGroup.objects.all()}
    default = names.get(batch.default_group_id or "", "")
    return [_shown(row, batch, default) for row in rows]


def _shown(row: ImportRow, batch: ImportBatch, default_group: str) -> ShownRow:
    typed = json.loads(row.typed)
    faults = {p["field"] for p in row.problems if not p["code"].startswith(NOTE)}
    kind, icon = LOOKS[Verdict(row.verdict)]
    cells = {}
    for name in SHOWN[ImportKind(batch.kind)]:
        place = batch.layout["columns"].get(name, len(typed))
        text = plain(typed[place]).strip() if place < len(typed) else ""
        text = text or (default_group if name == "group" else "")
        cells[name] = ShownCell(text, name in faults and row.verdict in WRONG)
    reasons = [reason(problem) for problem in row.problems]
    if row.kept_because:
        reasons.insert(0, reason({"field": "", "code": row.kept_because, "params": {}}))
    return ShownRow(
        number=row.number,
        verdict=str(Verdict(row.verdict).label),
        kind=kind,
        icon=icon,
        cells=cells,
        reasons=reasons,
        normalised=_normalised(row, cells),
    )


def _normalised(row: ImportRow, cells: dict[str, ShownCell]) -> list[str]:
    """Return name, number and phone as read, masked, where a note says they were changed."""
    noted = {p["field"] for p in row.problems if p["code"].startswith(NOTE)}
    cleaned = json.loads(row.cleaned or "{}")
    masks = {"name": mask_name, "id_number": mask_id, "phone": mask_phone}
    return [
        f"{title_of(name)}: {mask(cleaned[name])}"
        for name, mask in masks.items()
        if name in noted and cleaned.get(name, cells[name].text) != cells[name].text
    ]
