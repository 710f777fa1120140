"""What a member sees of the own benefits: plain words, no bank codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from benefits.models import Entitlement, PayoutLine
from benefits.states.payouts import EntitlementState, LineState, Reason

if TYPE_CHECKING:
    from members.models import Person

E = EntitlementState
# State in the member's words, and the kind of mark it gets.
WORDS: dict[str, tuple[str, str | Promise]] = {
    E.WAITLISTED: ("move", gettext_lazy("In the queue")),
    E.RESERVED: ("move", gettext_lazy("Kept for you")),
    E.IN_PAYMENT: ("move", gettext_lazy("On its way")),
    E.PAID: ("ok", pgettext_lazy("to a member", "Arrived")),
    E.OVERPAID: ("wait", gettext_lazy("Arrived more than once")),
}
FAILED = ("bad", gettext_lazy("Did not arrive"))
# Failures the member can do something about; the others are ours to mend.
MEMBER_REASONS: dict[str, str | Promise] = {
    Reason.NAME_MISMATCH: gettext_lazy("The name on the card is not yours. The money is kept."),
    Reason.ACCOUNT_NOT_FOUND: gettext_lazy("The bank does not know the card. The money is kept."),
    Reason.ACCOUNT_CLOSED: gettext_lazy("The card is closed. The money is kept."),
    Reason.ACCOUNT_BLOCKED: gettext_lazy("The card is blocked or not activated. Go to the bank."),
    Reason.LIMIT_EXCEEDED: gettext_lazy("The card has reached its limit. We try again later."),
    Reason.ID_MISMATCH: gettext_lazy("The ID number at the bank is not yours. Go to the bank."),
}


@dataclass(frozen=True, slots=True)
class BenefitLine:
    """One benefit of a person: what, how much in fen, where it is, in words."""

    code: str
    name: str
    amount_fen: int
    state: str
    kind: str
    label: str | Promise
    text: str


def benefits_of(person: Person) -> list[BenefitLine]:
    """Return the person's benefits, newest first; two queries. Void ones are left out."""
    rights = list(
        Entitlement.objects.filter(person=person)
        .exclude(state=E.VOID)
        .select_related("programme")
        .order_by("-created_at", "-pk")
    )
    newest: dict[object, PayoutLine] = {}
    lines = PayoutLine.objects.filter(entitlement__in=rights).select_related("payee_account")
    for line in lines.defer("payee_account__number").order_by("attempt", "pk"):
        newest[line.entitlement_id] = line
    return [_line(right, newest.get(right.pk)) for right in rights]


def _line(right: Entitlement, line: PayoutLine | None) -> BenefitLine:
    kind, label = WORDS[right.state]
    state: str = right.state
    if right.state == E.RESERVED and right.reason:
        (kind, label), state = FAILED, LineState.FAILED
    elif line is not None and line.state == LineState.UNKNOWN:
        state = LineState.UNKNOWN
    return BenefitLine(
        code=right.programme.code, name=right.programme.name, amount_fen=right.amount_fen,
        state=state, kind=kind, label=label, text=_text(right, line, state),
    )  # fmt: skip


def _text(right: Entitlement, line: PayoutLine | None, state: str) -> str:
    if state == LineState.FAILED:
        reason = MEMBER_REASONS.get(right.reason)
        return str(reason or _("We look into it and pay again. The money is kept."))
    if state == LineState.UNKNOWN:
        return _("The bank has not answered yet. We ask it; you need do nothing.")
    if right.state == E.WAITLISTED:
        return _("The budget is used up for now. Your turn is kept.")
    if right.state == E.PAID and line is not None and line.settled_at is not None:
        day = date_format(timezone.localtime(line.settled_at), "DATE_FORMAT")
        return _("On %(day)s, to the card that ends in %(tail)s") % {
            "day": day,
            "tail": line.payee_account.number_tail,
        }
    return ""
