"""Tables of member cards and bank files."""

from __future__ import annotations

from typing import Any

import django_tables2 as tables
from django.utils.translation import gettext_lazy as _

from benefits.states.cards import CardState, FileState
from unionportal.core.tables import DayColumn, MomentColumn, NumberColumn, PortalTable, StateColumn

CARD_KINDS = {
    CardState.REQUESTED: "wait",
    CardState.SENT_TO_BANK: "move",
    CardState.REJECTED: "bad",
    CardState.ISSUED: "move",
    CardState.HANDED_OUT: "move",
    CardState.ACTIVATED: "ok",
} | dict.fromkeys((CardState.LOST, CardState.REPLACED, CardState.CLOSED), "rest")
FILE_KINDS = {
    FileState.READY: "wait",
    FileState.HANDED_OVER: "move",
    FileState.REFUSED: "bad",
    FileState.RECEIVED: "move",
    FileState.HELD: "wait",
    FileState.APPLIED: "ok",
    FileState.QUARANTINED: "bad",
    FileState.IGNORED: "rest",
}


class CardTable(PortalTable):
    """Member cards, newest request first."""

    person = tables.Column(
        verbose_name=_("Name"), linkify=("benefits:card-detail", {"pk": tables.A("pk")}),
        attrs=PortalTable.FIRST,
    )  # fmt: skip
    state = StateColumn(verbose_name=_("State"), kinds=CARD_KINDS)
    card_masked = tables.Column(verbose_name=_("Card"), default="—")
    unit = tables.Column(verbose_name=_("Union"), accessor="membership__unit__name")
    requested_at = DayColumn(verbose_name=_("Requested on"))
    activated_at = DayColumn(verbose_name=_("Activated on"))


class BankFileTable(PortalTable):
    """Files to and from the bank, newest first."""

    name = tables.Column(
        verbose_name=_("File"), linkify=("benefits:cardfile-detail", {"pk": tables.A("pk")}),
        attrs=PortalTable.FIRST,
    )  # fmt: skip
    kind = tables.Column(verbose_name=_("Kind"), accessor="get_kind_display")
    direction = tables.Column(verbose_name=_("Way"), accessor="get_direction_display")
    line_count = NumberColumn(verbose_name=_("Lines"))
    state = StateColumn(verbose_name=_("State"), kinds=FILE_KINDS)
    created_at = MomentColumn(verbose_name=_("Made on"))
    counts = tables.Column(verbose_name=_("What it did"), orderable=False, default="")

    def render_counts(self, value: dict[str, Any]) -> str:
        return count_words(value)


def count_words(counts: dict[str, Any]) -> str:
    """Return the counts of a file as words, such as 12 issued, 1 refused."""
    parts = [f"{number} {COUNT_WORDS.get(name, name)}" for name, number in counts.items() if number]
    return ", ".join(parts) or "—"


COUNT_WORDS = {
    "issued": _("issued"), "rejected": _("refused"), "known": _("known before"),
    "activated": _("activated"), "taken_back": _("taken back"), "problems": _("problems"),
    "kept": _("kept"), "paid": _("paid"), "failed": _("failed"), "new": _("new"),
    "unknown": _("unknown"), "answers": _("answers"),
}  # fmt: skip
