"""Tables of the books: budgets, accounts' movements, lists and their proofs."""

from __future__ import annotations

from typing import Any

import django_tables2 as tables
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from benefits.models import PayoutBatch, Posting, Pot
from benefits.queries.books import ProofRow, Sums, account_name
from benefits.queries.statements import Entry
from benefits.states.payouts import LineState
from benefits.words import BATCH_KINDS, LINE_KINDS
from unionportal.core.tables import (
    MISSING,
    DayColumn,
    MomentColumn,
    MoneyColumn,
    NumberColumn,
    PortalTable,
    StateColumn,
)
from unionportal.core.templatetags import portal

PROOF_KINDS = {
    "statement": ("ok", _("On the statement")),
    "answer": ("wait", _("Answered, on no statement yet")),
    "open": ("move", _("Not answered yet")),
    "differs": ("bad", _("Differs from the statement")),
}


class PostingTable(PortalTable):
    """Movements, newest first; each leads to its account's statement."""

    posted_at = MomentColumn(verbose_name=_("When"))
    kind = tables.Column(verbose_name=_("Movement"), accessor="get_kind_display")
    account = tables.Column(verbose_name=pgettext_lazy("ledger", "Account"))
    budget = tables.Column(verbose_name=_("Budget"), accessor="account__budget__code")
    amount_fen = MoneyColumn(verbose_name=_("Amount (yuan)"))
    transfer = tables.Column(verbose_name=_("Transfer"))

    class Meta(PortalTable.Meta):
        model = Posting
        fields = ("posted_at", "kind", "account", "budget", "amount_fen", "transfer")

    def render_account(self, record: Posting) -> SafeString:
        url = reverse("benefits:account-detail", args=[record.account_id])
        return format_html('<a href="{}">{}</a>', url, account_name(record.account))

    def render_transfer(self, value: Any) -> SafeString:
        return format_html('<code class="mono">{}</code>', str(value)[-12:])


class EntryTable(PortalTable):
    """An account's movements with the balance after each."""

    posted_at = MomentColumn(verbose_name=_("When"), accessor="posting__posted_at")
    kind = tables.Column(verbose_name=_("Movement"), accessor="posting__get_kind_display")
    other = tables.Column(verbose_name=_("Other side"), accessor="posting", empty_values=())
    place = tables.Column(verbose_name=_("Belongs to"), accessor="posting", empty_values=())
    amount = MoneyColumn(verbose_name=_("Amount (yuan)"), accessor="posting__amount_fen")
    balance = MoneyColumn(verbose_name=_("Balance (yuan)"), accessor="balance_fen")

    class Meta(PortalTable.Meta):
        row_attrs = {"data-posting": lambda record: record.posting.pk,
                     "data-balance": lambda record: record.balance_fen}  # fmt: skip

    def render_other(self, record: Entry) -> str:
        pot = getattr(record.posting, "other_pot", None)
        return str(Pot(pot).label) if pot else MISSING

    def render_place(self, record: Entry) -> str | SafeString:
        """Lead to the line; a right without one is named by its number."""
        one: Any = record.posting
        if one.line_id:
            url = reverse("benefits:line-detail", args=[one.line_id])
            return format_html('<a href="{}">{} / {}</a>', url, one.batch_number, one.seq)
        if one.entitlement_id:
            return format_html('<code class="mono">{}</code>', str(one.entitlement_id)[-12:])
        return MISSING

    def render_amount(self, value: int) -> str:
        return f"{'+' if value > 0 else ''}{portal.yuan(value)}"


class BatchSumsTable(PortalTable):
    """Lists with what became of their money."""

    number = tables.Column(
        verbose_name=_("Batch"), attrs=PortalTable.FIRST,
        linkify=("benefits:batch-proof", {"pk": tables.A("pk")}),
    )  # fmt: skip
    state = StateColumn(verbose_name=_("State"), kinds=BATCH_KINDS)
    made_at = DayColumn(verbose_name=_("Made on"))
    line_count = NumberColumn(verbose_name=_("People"))
    total_fen = MoneyColumn(verbose_name=_("Amount (yuan)"))
    paid = MoneyColumn(verbose_name=_("Paid"), empty_values=(), accessor="pk")
    at_the_bank = MoneyColumn(verbose_name=_("With the bank"), empty_values=(), accessor="pk")
    not_paid = MoneyColumn(verbose_name=_("Not paid"), empty_values=(), accessor="pk")
    not_sent = MoneyColumn(verbose_name=_("Not sent"), empty_values=(), accessor="pk")

    class Meta(PortalTable.Meta):
        model = PayoutBatch
        fields = ("number", "state", "made_at", "line_count", "total_fen", "paid", "at_the_bank",
                  "not_paid", "not_sent")  # fmt: skip

    def __init__(self, *args: Any, sums: dict[Any, Sums], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sums = sums

    def _fen(self, record: PayoutBatch, name: str) -> str:
        return portal.yuan(getattr(self.sums.get(record.pk, Sums()), name)[1])

    def render_paid(self, record: PayoutBatch) -> str:
        return self._fen(record, "paid")

    def render_at_the_bank(self, record: PayoutBatch) -> str:
        return self._fen(record, "at_the_bank")

    def render_not_paid(self, record: PayoutBatch) -> str:
        return self._fen(record, "not_paid")

    def render_not_sent(self, record: PayoutBatch) -> str:
        return self._fen(record, "not_sent")


class ProofTable(PortalTable):
    """Lines of a list, each with the file that carried it, its answer and the bank's own line."""

    seq = NumberColumn(
        verbose_name=_("Line"), accessor="line__seq",
        linkify=("benefits:line-detail", {"pk": tables.A("line__pk")}),
    )  # fmt: skip
    order_no = tables.Column(verbose_name=_("Order number"), accessor="line__order_no")
    amount = MoneyColumn(verbose_name=_("Amount (yuan)"), accessor="line__amount_fen")
    state = tables.Column(verbose_name=_("State"), accessor="line")
    left = tables.Column(verbose_name=_("Left with"), accessor="line", empty_values=())
    said = tables.Column(verbose_name=_("Answer"), empty_values=())
    bank = tables.Column(verbose_name=_("Bank's own line"), accessor="records", empty_values=())
    proof = tables.Column(verbose_name=_("Proof"), accessor="kind", empty_values=())

    class Meta(PortalTable.Meta):
        row_attrs = {"data-object-id": lambda record: str(record.line.pk),
                     "data-object-kind": "line",
                     "data-proof": lambda record: record.kind}  # fmt: skip

    def render_order_no(self, value: str) -> SafeString:
        return format_html('<code class="mono">…{}</code>', value[-8:])

    def render_state(self, record: ProofRow) -> SafeString:
        line = record.line
        return portal.state(LINE_KINDS[LineState(line.state)], line.get_state_display())

    def render_left(self, record: ProofRow) -> str:
        line = record.line
        if line.file:
            return f"{line.file.name} / {line.file_seq}"
        return line.order_no[-8:] if line.sending_at else MISSING

    def render_said(self, record: ProofRow) -> str:
        if record.said is None:
            return MISSING
        by = record.said.file.name if record.said.file else record.said.get_source_display()
        return f"{record.said.get_outcome_display()} · {by}"

    def render_bank(self, record: ProofRow) -> str | SafeString:
        if not record.records:
            return MISSING
        parts = [_bank_line(one) for one in record.records]
        return format_html("{}" + ", {}" * (len(parts) - 1), *parts)

    def render_proof(self, record: ProofRow) -> str | SafeString:
        if record.kind not in PROOF_KINDS:
            return MISSING
        return portal.state(*PROOF_KINDS[record.kind])


def _bank_line(record: Any) -> SafeString:
    """Lead from a line of a statement to the day it stands on."""
    url = reverse("benefits:match-detail", args=[record.record_id])
    sign = "−" if record.is_return else ""
    return format_html('<a class="nowrap" href="{}">{} / {}</a> {}{}', url,
                       f"{record.record.day:%Y-%m-%d}", record.seq, sign,
                       portal.yuan(record.amount_fen))  # fmt: skip
