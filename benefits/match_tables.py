"""Tables of the daily match."""

from __future__ import annotations

import django_tables2 as tables
from django.utils.translation import gettext_lazy as _

from benefits.models import DayRecord, Difference
from benefits.words import DIFFERENCE_KINDS
from unionportal.core.tables import (
    DayColumn,
    MomentColumn,
    MoneyColumn,
    NumberColumn,
    PortalTable,
    StateColumn,
)


class DayRecordTable(PortalTable):
    day = DayColumn(
        verbose_name=_("Day"), linkify=("benefits:match-detail", {"pk": tables.A("pk")}),
        attrs=PortalTable.FIRST,
    )  # fmt: skip
    source = tables.Column(verbose_name=_("Source"), accessor="get_source_display")
    channel = tables.Column(verbose_name=_("Way of paying"), accessor="get_channel_display")
    out_count = NumberColumn(verbose_name=_("Payments"))
    out_fen = MoneyColumn(verbose_name=_("Went out (yuan)"))
    back_fen = MoneyColumn(verbose_name=_("Came back (yuan)"))
    waiting = NumberColumn(verbose_name=_("Differences open"))
    matched_at = MomentColumn(verbose_name=_("Matched"))

    class Meta(PortalTable.Meta):
        model = DayRecord
        fields = ("day", "source", "channel", "out_count", "out_fen", "back_fen", "waiting",
                  "matched_at")  # fmt: skip


class DifferenceTable(PortalTable):
    kind = tables.Column(
        verbose_name=_("What differs"), accessor="get_kind_display", attrs=PortalTable.FIRST,
        linkify=("benefits:difference-detail", {"pk": tables.A("pk")}),
    )  # fmt: skip
    order_no = tables.Column(verbose_name=_("Order number"), attrs={"td": {"class": "mono"}})
    here_fen = MoneyColumn(verbose_name=_("Here (yuan)"))
    there_fen = MoneyColumn(verbose_name=_("On the record (yuan)"))
    state = StateColumn(verbose_name=_("State"), kinds=DIFFERENCE_KINDS)
    found_at = MomentColumn(verbose_name=_("Found"))

    class Meta(PortalTable.Meta):
        model = Difference
        fields = ("kind", "order_no", "here_fen", "there_fen", "state", "found_at")
        row_attrs = {
            "data-object-id": lambda record: str(record.pk),
            "data-object-kind": "difference",
            "data-kind": lambda record: record.kind,
            "data-state": lambda record: record.state,
        }
