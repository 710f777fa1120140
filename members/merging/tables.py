"""The table of pairs."""

from __future__ import annotations

import django_tables2 as tables
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from members.models import DuplicatePair
from members.models.duplicates import Evidence
from members.states import PairState
from unionportal.core.tables import MaskColumn, MomentColumn, PortalTable, StateColumn

PAIR_KINDS = {PairState.OPEN: "wait", PairState.MERGED: "ok", PairState.DISMISSED: "rest"}


class PairTable(PortalTable):
    """Pairs, the strongest evidence first."""

    first = tables.Column(
        verbose_name=_("One record"),
        accessor="first__name",
        linkify=("members:duplicate-detail", {"pk": tables.A("pk")}),
        attrs=PortalTable.FIRST,
    )
    first_number = MaskColumn(verbose_name=_("ID number"), accessor="first__id_masked", kind="id")
    second = tables.Column(verbose_name=_("Other record"), accessor="second__name")
    second_number = MaskColumn(verbose_name=_("ID number"), accessor="second__id_masked", kind="id")
    evidence = tables.Column(verbose_name=_("Why"), orderable=False)
    state = StateColumn(verbose_name=_("State"), kinds=PAIR_KINDS)
    found_at = MomentColumn(verbose_name=_("Found on"))

    class Meta(PortalTable.Meta):
        model = DuplicatePair
        fields = (
            "first", "first_number", "second", "second_number", "evidence", "state", "found_at",
        )  # fmt: skip

    def render_evidence(self, value: list[str]) -> SafeString:
        return format_html("{}", evidence_text(value))


def evidence_text(codes: list[str]) -> str:
    """Return the evidence in words, the strongest first."""
    return "; ".join(str(kind.label) for kind in Evidence if kind in codes)
