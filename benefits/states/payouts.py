"""States and transition tables of programmes, entitlements, batches and lines (domain.md 6)."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from unionportal.core.roles import Permission
from unionportal.core.transitions import Machine, Step

P = Permission


class Channel(TextChoices):
    """How money reaches people; what each does is in `benefits.channels`."""

    BANK_FILE = "bank_file", _("Bank file")
    WECHAT = "wechat", _("WeChat transfer")
    CASH = "cash", _("Cash against a receipt")


class ProgrammeState(TextChoices):
    DRAFT = "draft", _("Draft")
    OPEN = "open", _("Open")
    CLOSED = "closed", _("Closed")


PROGRAMME_MACHINE = Machine(
    name="programme",
    steps=(
        Step("open", (ProgrammeState.DRAFT,), ProgrammeState.OPEN, P.MANAGE_PROGRAMMES),
        Step("close", (ProgrammeState.OPEN,), ProgrammeState.CLOSED, P.MANAGE_PROGRAMMES,
             needs_reason=True),
    ),
)  # fmt: skip


class Beneficiary(TextChoices):
    """Who a programme gives to; a right belongs to exactly one of them."""

    PERSON = "person", _("Members")
    EMPLOYER = "employer", _("Employers that host a station")


class Benefit(TextChoices):
    """The form in which a programme gives."""

    CASH = "cash", pgettext_lazy("form of a benefit", "Money")
    GOODS = "goods", _("Goods")
    POINTS = "points", _("Points")


class EntitlementState(TextChoices):
    WAITLISTED = "waitlisted", _("Waiting for budget")
    RESERVED = "reserved", _("To be paid")
    IN_PAYMENT = "in_payment", _("Being paid")
    PAID = "paid", _("Paid")
    VOID = "void", _("Void")
    OVERPAID = "overpaid", _("Paid twice")


E = EntitlementState
ENTITLEMENT_MACHINE = Machine(
    name="entitlement",
    steps=(
        Step("promote", (E.WAITLISTED,), E.RESERVED),
        Step("release", (E.RESERVED,), E.IN_PAYMENT),
        Step("pay", (E.IN_PAYMENT,), E.PAID),
        Step("fail", (E.IN_PAYMENT, E.PAID), E.RESERVED),
        Step("doubt", (E.RESERVED, E.PAID), E.IN_PAYMENT),
        Step("overpay", (E.PAID, E.RESERVED, E.IN_PAYMENT), E.OVERPAID),
        Step("void", (E.WAITLISTED, E.RESERVED), E.VOID, P.MANAGE_PROGRAMMES, needs_reason=True),
        # Goods signed for and points credited: without a bank (benefits.models.goods).
        Step("hand_out", (E.RESERVED,), E.PAID),
        Step("take_back", (E.PAID,), E.RESERVED, needs_reason=True),
        # When two records that were merged come apart again.
        Step("restore", (E.VOID,), E.WAITLISTED, needs_reason=True),
        Step("divide", (E.OVERPAID,), E.PAID, needs_reason=True),
    ),
)  # fmt: skip


class BatchState(TextChoices):
    BUILDING = "building", _("Being made")
    DRAFT = "draft", _("Draft")
    SUBMITTED = "submitted", _("Waiting for the checker")
    APPROVED = "approved", _("Approved")
    NOTICE_OPEN = "notice_open", _("On public notice")
    NOTICE_CLOSED = "notice_closed", _("Ready to release")
    RELEASED = "released", _("Being sent out")
    RECONCILING = "reconciling", _("Waiting for answers")
    CLOSED = "closed", _("Settled")
    REJECTED = "rejected", _("Rejected")
    CANCELLED = "cancelled", _("Cancelled")


B = BatchState
NOT_YET_RELEASED = (B.BUILDING, B.DRAFT, B.SUBMITTED, B.APPROVED, B.NOTICE_OPEN, B.NOTICE_CLOSED)
# From here on two persons stand behind the batch and its lines are bound.
BOUND_BATCH = (
    B.APPROVED, B.NOTICE_OPEN, B.NOTICE_CLOSED, B.RELEASED, B.RECONCILING, B.CLOSED,
)  # fmt: skip
SENT_BATCH = (B.RELEASED, B.RECONCILING, B.CLOSED)

BATCH_MACHINE = Machine(
    name="payout_batch",
    steps=(
        Step("make", (B.BUILDING,), B.DRAFT),
        Step("submit", (B.DRAFT,), B.SUBMITTED, P.MAKE_PAYOUT),
        Step("check_first", (B.SUBMITTED,), B.SUBMITTED, P.CHECK_PAYOUT),
        Step("approve", (B.SUBMITTED,), B.APPROVED, P.CHECK_PAYOUT),
        Step("open_notice", (B.APPROVED,), B.NOTICE_OPEN),
        Step("close_notice", (B.NOTICE_OPEN,), B.NOTICE_CLOSED),
        Step("release", (B.NOTICE_CLOSED,), B.RELEASED, P.CHECK_PAYOUT),
        Step("hand_over", (B.RELEASED,), B.RECONCILING),
        Step("close", (B.RECONCILING,), B.CLOSED),
        Step("reopen", (B.CLOSED,), B.RECONCILING),
        Step("reject", (B.SUBMITTED, B.APPROVED, B.NOTICE_OPEN, B.NOTICE_CLOSED), B.REJECTED,
             P.CHECK_PAYOUT, needs_reason=True),
        Step("cancel", NOT_YET_RELEASED, B.CANCELLED, P.MAKE_PAYOUT, needs_reason=True),
    ),
)  # fmt: skip


class LineState(TextChoices):
    PLANNED = "planned", _("Planned")
    APPROVED = "approved", _("Approved")
    SENDING = "sending", _("Being sent")
    SENT = "sent", _("Handed over")
    AWAITING_PAYEE = "awaiting_payee", _("Waits for the member")
    PAID = "paid", _("Paid")
    FAILED = "failed", _("Failed")
    UNKNOWN = "unknown", _("Unknown")
    RETURNED = "returned", _("Returned")
    DROPPED = "dropped", _("Left out")


L = LineState
AT_THE_BANK = (L.SENDING, L.SENT, L.AWAITING_PAYEE, L.UNKNOWN)
LIVE_LINE = (L.PLANNED, L.APPROVED, *AT_THE_BANK, L.PAID)
SETTLED_LINE = (L.PAID, L.FAILED, L.RETURNED, L.DROPPED)
OPEN_LINE = (L.PLANNED, L.APPROVED, *AT_THE_BANK)

LINE_MACHINE = Machine(
    name="payout_line",
    steps=(
        Step("approve", (L.PLANNED,), L.APPROVED),
        Step("drop", (L.PLANNED, L.APPROVED), L.DROPPED, needs_reason=True),
        Step("send", (L.APPROVED,), L.SENDING),
        Step("mark_sent", (L.SENDING,), L.SENT),
        # A channel that is asked again and says it has the order, or waits for the member's yes.
        Step("accept", (L.SENDING, L.UNKNOWN), L.SENT),
        Step("await_payee", (L.SENDING, L.SENT, L.UNKNOWN), L.AWAITING_PAYEE),
        Step("pay", AT_THE_BANK, L.PAID),
        Step("fail", AT_THE_BANK, L.FAILED),
        # By evidence only: silence, a text we do not know, or two answers that contradict.
        Step("doubt", (L.SENDING, L.SENT, L.AWAITING_PAYEE, L.PAID, L.FAILED), L.UNKNOWN),
        Step("give_back", (*AT_THE_BANK, L.PAID), L.RETURNED),
    ),
)  # fmt: skip


def moves_of(machine: Machine) -> list[tuple[str, str]]:
    """Return each (from, to) of a table, for the trigger that refuses every other change."""
    pairs = {(str(source), str(step.target)) for step in machine.steps for source in step.sources}
    return sorted(pair for pair in pairs if pair[0] != pair[1])


class Outcome(TextChoices):
    """What a piece of evidence says about a line."""

    SUCCESS = "success", _("Paid")
    FAILURE = "failure", _("Not paid")
    UNCLEAR = "unclear", _("Unclear")
    RETURNED = "returned", _("Came back")
    ACCEPTED = "accepted", _("Taken on")
    AWAITING = "awaiting", _("Waits for the member")


class EvidenceSource(TextChoices):
    BANK_FILE = "bank_file", _("Bank's result file")
    BANK_REFUSAL = "bank_refusal", _("Bank refused the whole file")
    SILENCE = "silence", _("No answer in time")
    DECISION = "decision", _("Decided by two people")
    REPLY = "reply", _("Reply to the order")
    QUERY = "query", _("Answer to a query")
    CALLBACK = "callback", _("Notice from the channel, asked back")
    BILL = "bill", _("The channel's daily bill")
    STATEMENT = "statement", _("Bank statement")
    RECEIPT = "receipt", _("Signed pay list, seen by two people")


class Reason(TextChoices):
    """Our own reasons; each bank's texts are mapped to them (domain.md 6.2)."""

    NONE = "", _("None")
    NAME_MISMATCH = "name_mismatch", _("The name does not fit the account")
    ACCOUNT_NOT_FOUND = "account_not_found", _("The account does not exist")
    ACCOUNT_CLOSED = "account_closed", _("The account is closed")
    ACCOUNT_BLOCKED = "account_blocked", _("The account is blocked or not activated")
    LIMIT_EXCEEDED = "limit_exceeded", _("Above the account's limit")
    ID_MISMATCH = "id_mismatch", _("The ID number does not fit the account")
    NOT_REAL_NAME = "not_real_name", _("The account is not verified by real name")
    UNCLAIMED = "unclaimed", _("The member did not confirm in time")
    NOT_FETCHED = "not_fetched", _("The member did not come for the cash")
    PAYER_SIDE = "payer_side", _("The union's own account cannot pay")
    DUPLICATE = "duplicate", _("The bank says it has this already")
    BATCH_REJECTED = "batch_rejected", _("The bank refused the whole file")
    RISK_BLOCKED = "risk_blocked", _("Stopped by the bank's risk control")
    UNKNOWN_TEXT = "unknown_text", _("The bank's answer is not in our list")
    NO_ANSWER = "no_answer", _("No answer in time")
    CONTRADICTION = "contradiction", _("The bank said both paid and not paid")
    SETTLED_BY_HAND = "settled_by_hand", _("Decided by two people with a document")
    ACCOUNT_CHANGED = "account_changed", _("The account changed after approval")
    NOT_PAYABLE = "not_payable", _("No longer to be paid")
    BATCH_STOPPED = "batch_stopped", _("The batch was rejected or cancelled")


NEXT_STEP = {
    Reason.NAME_MISMATCH: _("The member corrects the account, then pay again"),
    Reason.ACCOUNT_NOT_FOUND: _("Check the card number, then pay again"),
    Reason.ACCOUNT_CLOSED: _("The member needs a new card"),
    Reason.ACCOUNT_BLOCKED: _("The member goes to the bank to activate or unblock the card"),
    Reason.LIMIT_EXCEEDED: _("Wait until the account's limit resets; never split"),
    Reason.ID_MISMATCH: _("The member corrects the ID number at the bank"),
    Reason.NOT_REAL_NAME: _("The member verifies the real name, then pay again"),
    Reason.UNCLAIMED: _("Offer it again in a new batch"),
    Reason.NOT_FETCHED: _("Offer it again in a new batch"),
    Reason.PAYER_SIDE: _("Top up or unblock the union's account, then pay again"),
    Reason.DUPLICATE: _("Ask the bank; do not pay again"),
    Reason.BATCH_REJECTED: _("Correct the file, then pay in a new batch"),
    Reason.RISK_BLOCKED: _("Ask the bank why"),
    Reason.UNKNOWN_TEXT: _("Ask the bank; do not pay again"),
    Reason.NO_ANSWER: _("Ask the bank; do not pay again"),
    Reason.CONTRADICTION: _("Ask the bank for the statement; do not pay again"),
    Reason.ACCOUNT_CHANGED: _("Pay in a new batch when the account may be used"),
}


class SettlementState(TextChoices):
    PROPOSED = "proposed", _("Waiting for a second person")
    CONFIRMED = "confirmed", _("Confirmed")
    DECLINED = "declined", _("Declined")


SETTLEMENT_MACHINE = Machine(
    name="line_settlement",
    steps=(
        Step("confirm", (SettlementState.PROPOSED,), SettlementState.CONFIRMED, P.CHECK_PAYOUT),
        Step("decline", (SettlementState.PROPOSED,), SettlementState.DECLINED, P.CHECK_PAYOUT,
             needs_reason=True),
    ),
)  # fmt: skip
