"""What a member sees of the own benefits: plain words, no bank codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from benefits.models import Entitlement, PayoutLine, PointsBalance, PointsMovement
from benefits.queries.fetching import fetch_places, gift_of
from benefits.states.cards import AccountKind
from benefits.states.payouts import Benefit, EntitlementState, LineState, Reason

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
CONFIRM = ("wait", gettext_lazy("To be confirmed by you"))
GIFT_WORDS: dict[tuple[str, str], tuple[str, str | Promise]] = {
    (Benefit.GOODS, E.RESERVED): ("wait", gettext_lazy("Ready to be fetched")),
    (Benefit.GOODS, E.PAID): ("ok", gettext_lazy("Fetched")),
    (Benefit.POINTS, E.PAID): ("ok", gettext_lazy("Credited")),
}
FAILED = ("bad", gettext_lazy("Did not arrive"))
# Failures the member can do something about; the others are ours to mend.
MEMBER_REASONS: dict[str, str | Promise] = {
    Reason.NAME_MISMATCH: gettext_lazy("The name on the card is not yours. The money is kept."),
    Reason.ACCOUNT_NOT_FOUND: gettext_lazy("The bank does not know the card. The money is kept."),
    Reason.ACCOUNT_CLOSED: gettext_lazy("The card is closed. The money is kept."),
    Reason.ACCOUNT_BLOCKED: gettext_lazy("The card is blocked or not activated. Go to the bank."),
    Reason.LIMIT_EXCEEDED: gettext_lazy("The card has reached its limit. We try again later."),
    Reason.UNCLAIMED: gettext_lazy("It was not confirmed in WeChat in time. We send it again."),
    Reason.NOT_FETCHED: gettext_lazy(
        "The cash was not fetched. It is kept; ask your union when to come."
    ),
    Reason.NOT_REAL_NAME: gettext_lazy("Verify your name in WeChat, then tell your union."),
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
    # What it is where it is not money: "Cooking oil × 2", "50 points".
    gift: str = ""


def benefits_of(person: Person) -> list[BenefitLine]:
    """Return the person's benefits, newest first; three queries. Void ones are left out."""
    rights = list(
        Entitlement.objects.filter(person=person)
        .exclude(state=E.VOID)
        .select_related("programme", "version__item", "membership__unit")
        .order_by("-created_at", "-pk")
    )
    places = fetch_places(rights)
    newest: dict[object, PayoutLine] = {}
    lines = PayoutLine.objects.filter(entitlement__in=rights).select_related("payee_account")
    for line in lines.defer("payee_account__number").order_by("attempt", "pk"):
        newest[line.entitlement_id] = line
    return [_line(right, newest.get(right.pk), places.get(right.pk, "")) for right in rights]


def points_history(person: Person) -> tuple[int, list[PointsMovement]]:
    """Return a person's points and the latest movements, newest first; two queries."""
    row = PointsBalance.objects.filter(person=person).first()
    moves = PointsMovement.objects.filter(person=person).select_related(
        "entitlement__programme", "hand_out__stock__item"
    )
    return (row.balance if row else 0), list(moves.order_by("-pk")[:20])


def _line(right: Entitlement, line: PayoutLine | None, place: str) -> BenefitLine:
    if gift := gift_of(right):
        kind, label = GIFT_WORDS.get((right.programme.benefit, right.state), WORDS[right.state])
        return BenefitLine(
            code=right.programme.code, name=right.programme.name, amount_fen=right.amount_fen,
            state=right.state, kind=kind, label=label, text=_gift_text(right, place), gift=gift,
        )  # fmt: skip
    kind, label = WORDS[right.state]
    state: str = right.state
    if right.state == E.RESERVED and right.reason:
        (kind, label), state = FAILED, LineState.FAILED
    elif line is not None and line.state == LineState.UNKNOWN:
        state = LineState.UNKNOWN
    elif line is not None and line.state == LineState.AWAITING_PAYEE:
        (kind, label), state = CONFIRM, LineState.AWAITING_PAYEE
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
    if state == LineState.AWAITING_PAYEE:
        return _("Open WeChat and confirm the receipt within 24 hours, or it goes back.")
    if right.state == E.WAITLISTED:
        return _("The budget is used up for now. Your turn is kept.")
    if right.state == E.PAID and line is not None and line.settled_at is not None:
        day = date_format(timezone.localtime(line.settled_at), "DATE_FORMAT")
        if line.payee_account.kind == AccountKind.WECHAT:
            return _("On %(day)s, to your WeChat") % {"day": day}
        if line.payee_account.kind == AccountKind.CASH:
            return _("On %(day)s, in cash") % {"day": day}
        return _("On %(day)s, to the card that ends in %(tail)s") % {
            "day": day,
            "tail": line.payee_account.number_tail,
        }
    return ""


def _gift_text(right: Entitlement, place: str) -> str:
    if right.state == E.WAITLISTED:
        return _("The budget is used up for now. Your turn is kept.")
    if right.state != E.RESERVED:
        return ""
    until = right.version.fetch_until
    texts = [_("Fetch it: %(place)s.") % {"place": place} if place else _("Ask your union where.")]
    if until is not None:
        texts.append(_("Until %(day)s.") % {"day": date_format(until, "DATE_FORMAT")})
    return " ".join([*texts, _("Bring your ID card; you sign for it.")])
