"""What the pages of a roster show."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from members.models import RosterImport, RosterRow, WorkerGroup
from members.roster.reading import plain
from members.roster.texts import NOTE, reason
from members.states import Verdict
from unionportal.core.models import User
from unionportal.core.roles import Permission

# Verdict → state kind and icon of the preview; see design/screens/11.
LOOKS = {
    Verdict.NEW: ("ok", "circle-plus"),
    Verdict.KNOWN: ("rest", "circle-minus"),
    Verdict.DUPLICATE: ("rest", "copy"),
    Verdict.HELD: ("wait", "help-circle"),
    Verdict.REJECTED: ("bad", "circle-x"),
}
TO_LOOK_AT = (Verdict.KNOWN, Verdict.DUPLICATE, Verdict.HELD, Verdict.REJECTED)
SHOWN = ("name", "id_number", "phone", "group")
TABS: dict[str, tuple[Any, tuple[Verdict, ...]]] = {
    "look": (_("To look at"), TO_LOOK_AT),
    **{verdict.value: (verdict.label, (verdict,)) for verdict in Verdict},
    "all": (_("All"), tuple(Verdict)),
}


@dataclass(frozen=True)
class ShownCell:
    """A cell of the preview: its text, and whether the reason is about it."""

    text: str
    is_wrong: bool


@dataclass(frozen=True)
class ShownRow:
    """A row of the preview; cells of `SHOWN`, to be masked by the page."""

    number: int
    verdict: str
    kind: str
    icon: str
    cells: dict[str, ShownCell]
    reasons: list[str]


def imports_of(user: User) -> QuerySet[RosterImport]:
    """Return the imports `user` may work on (right to enrol)."""
    return RosterImport.objects.visible_to(user, Permission.ENROL)


def rows_of(batch: RosterImport, tab: str) -> QuerySet[RosterRow]:
    """Return the rows of a tab of the preview."""
    return batch.rows.filter(verdict__in=TABS[tab][1]).defer("cleaned")


def tab_counts(batch: RosterImport) -> dict[str, int]:
    """Return rows per tab, from the counts kept with the import."""
    return {
        tab: sum(batch.counts[verdict.value] for verdict in verdicts)
        for tab, (_label, verdicts) in TABS.items()
    }


def first_tab(batch: RosterImport) -> str:
    """Return the tab a preview opens with: what needs a look, else everything new."""
    return "look" if tab_counts(batch)["look"] else "new"


def shown(rows: list[RosterRow], batch: RosterImport) -> list[ShownRow]:
    """Return rows ready for the page; codes of groups become names."""
    names = {group.code: group.name for group in WorkerGroup.objects.all()}
    default = names.get(batch.default_group_id or "", "")
    return [_shown(row, batch.layout["columns"], default) for row in rows]


def _shown(row: RosterRow, columns: dict[str, int], default_group: str) -> ShownRow:
    typed = json.loads(row.typed)
    faults = {p["field"] for p in row.problems if not p["code"].startswith(NOTE)}
    kind, icon = LOOKS[Verdict(row.verdict)]
    cells = {}
    for name in SHOWN:
        place = columns.get(name, len(typed))
        text = plain(typed[place]).strip() if place < len(typed) else ""
        text = text or (default_group if name == "group" else "")
        is_wrong = name in faults and row.verdict in (Verdict.HELD, Verdict.REJECTED)
        cells[name] = ShownCell(text, is_wrong)
    return ShownRow(
        row.number,
        str(Verdict(row.verdict).label),
        kind,
        icon,
        cells,
        [reason(problem) for problem in row.problems],
    )
