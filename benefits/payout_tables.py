"""Tables of programmes, rights, batches, lines and postings."""

from __future__ import annotations

from typing import Any

import django_tables2 as tables
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from benefits.models import Entitlement, PayoutBatch, PayoutLine, Programme
from benefits.states.payouts import NEXT_STEP, Reason
from benefits.words import (
    BATCH_KINDS,
    ENTITLEMENT_KINDS,
    LINE_KINDS,
    PROGRAMME_KINDS,
    REVIEWS,
)
from unionportal.core.tables import (
    MISSING,
    DayColumn,
    MaskColumn,
    MomentColumn,
    MoneyColumn,
    NumberColumn,
    PortalTable,
    StateColumn,
)


class ProgrammeTable(PortalTable):
    name = tables.Column(
        verbose_name=_("Programme"), attrs=PortalTable.FIRST, accessor="name",
        linkify=("benefits:programme-detail", {"pk": tables.A("pk")}),
    )  # fmt: skip
    state = StateColumn(verbose_name=_("State"), kinds=PROGRAMME_KINDS)
    amount_fen = MoneyColumn(verbose_name=_("A person (yuan)"))
    window_from = DayColumn(verbose_name=_("First day"), accessor="cycle__window_from")
    window_to = DayColumn(verbose_name=_("Last day"), accessor="cycle__window_to")
    total = MoneyColumn(verbose_name=_("Budget (yuan)"), accessor="budget__total_fen")
    reserved = MoneyColumn(verbose_name=_("Reserved"), accessor="budget__reserved_fen")
    paid = MoneyColumn(verbose_name=_("Paid"), accessor="budget__paid_fen")

    class Meta(PortalTable.Meta):
        model = Programme
        fields = ("name", "state", "amount_fen", "window_from", "window_to", "total", "reserved",
                  "paid")  # fmt: skip


def _why(reason: str, review: str) -> str:
    if review:
        return str(REVIEWS.get(review, review))
    return str(Reason(reason).label) if reason else MISSING


class EntitlementTable(PortalTable):
    person = tables.Column(
        verbose_name=_("Name"), accessor="person__name", attrs=PortalTable.FIRST, empty_values=(),
    )  # fmt: skip
    programme = tables.Column(verbose_name=_("Programme"), accessor="programme__name")
    cycle = tables.Column(
        verbose_name=pgettext_lazy("period of a programme", "Cycle"), accessor="cycle__code"
    )
    qualified_on = DayColumn(verbose_name=_("Entitled since"))
    amount_fen = MoneyColumn(verbose_name=_("Amount (yuan)"))
    state = StateColumn(verbose_name=_("State"), kinds=ENTITLEMENT_KINDS)
    why = tables.Column(verbose_name=_("Why"), accessor="reason", empty_values=())

    class Meta(PortalTable.Meta):
        model = Entitlement
        fields = ("person", "programme", "cycle", "qualified_on", "amount_fen", "state", "why")
        row_attrs = {
            "data-object-id": lambda record: str(record.pk),
            "data-object-kind": "entitlement",
            "data-state": lambda record: record.state,
        }

    def render_person(self, record: Entitlement) -> SafeString:
        """Show the name; it opens why the right was given."""
        owner = record.person or record.employer
        kind = "member-why" if record.person else "employer-why"
        url = reverse(f"benefits:{kind}", args=[record.membership_id or record.employer_id])
        return format_html('<a href="{}">{}</a>', url, owner.name if owner else "")

    def render_why(self, record: Entitlement) -> str:
        return _why(record.reason, record.review)


class BatchTable(PortalTable):
    number = tables.Column(
        verbose_name=_("Batch"), attrs=PortalTable.FIRST,
        linkify=("benefits:batch-detail", {"pk": tables.A("pk")}),
    )  # fmt: skip
    programme = tables.Column(verbose_name=_("Programme"), accessor="programme__name")
    state = StateColumn(verbose_name=_("State"), kinds=BATCH_KINDS)
    line_count = NumberColumn(verbose_name=_("People"))
    total_fen = MoneyColumn(verbose_name=_("Amount (yuan)"))
    made_by = tables.Column(verbose_name=_("Maker"), accessor="made_by__display_name")
    approved_by = tables.Column(verbose_name=_("Checker"), accessor="approved_by__display_name")
    made_at = MomentColumn(verbose_name=_("Made on"))

    class Meta(PortalTable.Meta):
        model = PayoutBatch
        fields = ("number", "programme", "state", "line_count", "total_fen", "made_by",
                  "approved_by", "made_at")  # fmt: skip


class LineTable(PortalTable):
    seq = NumberColumn(
        verbose_name=_("Line"), linkify=("benefits:line-detail", {"pk": tables.A("pk")})
    )
    holder_name = tables.Column(verbose_name=_("Name"))
    account = MaskColumn(
        verbose_name=_("Account"), accessor="payee_account__number_tail", kind="card"
    )
    amount_fen = MoneyColumn(verbose_name=_("Amount (yuan)"))
    state = StateColumn(verbose_name=_("State"), kinds=LINE_KINDS)
    said = tables.Column(verbose_name=_("The bank says"), accessor="bank_text", empty_values=())
    next = tables.Column(verbose_name=_("Next"), accessor="reason", empty_values=())

    class Meta(PortalTable.Meta):
        model = PayoutLine
        fields = ("seq", "holder_name", "account", "amount_fen", "state", "said", "next")
        row_attrs = {
            "data-object-id": lambda record: str(record.pk),
            "data-object-kind": "line",
            "data-state": lambda record: record.state,
            "data-reason": lambda record: record.reason,
            "data-order": lambda record: record.order_no,
        }

    def render_account(self, value: str) -> str:
        return f"**** {value}"

    def render_said(self, record: PayoutLine) -> str:
        return record.bank_text or _why(record.reason, record.review)

    def render_next(self, record: PayoutLine) -> str | SafeString:
        words = NEXT_STEP.get(Reason(record.reason), "") if record.reason else ""
        if record.state in self.settleable:
            url = self.settle_url(record)
            link = format_html('<a class="nowrap" href="{}">{}</a>', url, _("Settle"))
            return format_html("{} · {}", words, link) if words else link
        return str(words) or MISSING

    def __init__(self, *args: Any, settle_url: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.settle_url = settle_url
        self.settleable = ("unknown", "paid") if settle_url else ()
