"""Cards, accounts and rights of two records that are one person (domain.md 6.2, "Accidents").

One right in a cycle: the one that is further along stays, an unpaid other is void, a paid other is
overpaid and waits for a person. One open card: the one that is further along. What is with the
bank stops the merge until the bank has answered.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING
from uuid import UUID

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from benefits.actions import cards, entitlements
from benefits.models import Entitlement, MemberCard
from benefits.states.cards import OPEN_CARD, AccountState, CardEventKind, CardState
from benefits.states.payouts import EntitlementState
from members.merging.log import CHANGED, Data, Log, Undoing, undoes
from members.merging.registry import Case, How, Item, Kind, Link, Told, register, register_part
from members.models import Membership
from members.states import OPEN_MEMBERSHIP, MembershipState
from unionportal.core.errors import Refused
from unionportal.core.money import yuan_text
from unionportal.core.transitions import move

if TYPE_CHECKING:
    from members.models import Employer, Person
    from unionportal.core.actors import ServiceActor
    from unionportal.core.models import User

E = EntitlementState
REASON = "merged"
PAID = (E.PAID, E.OVERPAID)
# How far along: the larger stays.
RIGHTS = {E.WAITLISTED: 1, E.RESERVED: 2, E.IN_PAYMENT: 3, E.OVERPAID: 4, E.PAID: 5}
CARDS = {state: place for place, state in enumerate(OPEN_CARD)} | {CardState.REJECTED: -1}


class RightsPart:
    """One right for a person in each cycle."""

    def tell(self, person: Person) -> Iterable[Told]:
        rows = Entitlement.objects.filter(person=person).select_related("programme")
        for row in rows.order_by("created_at", "pk"):
            text = f"{row.programme.name}, {yuan_text(row.amount_fen)}, {row.get_state_display()}"
            yield Told(_("Benefits"), text)

    def look(self, case: Case) -> Iterable[Item]:
        ours, theirs = _rights(case.survivor.pk), _rights(case.merged.pk)
        for right in [*ours.values(), *theirs.values()]:
            if right.state == E.IN_PAYMENT:
                text = _("A payment of “%(name)s” is with the bank. Wait for its answer.")
                yield Item(Kind.STOPS, _("Benefits"), text % {"name": right.programme.name},
                           code="payment_in_flight")  # fmt: skip
        for cycle, right in theirs.items():
            yield _told(ours.get(cycle), right)

    def apply(self, case: Case, log: Log, by: User | ServiceActor) -> None:
        ours, theirs = _rights(case.survivor.pk), _rights(case.merged.pk)
        for cycle in ours.keys() & theirs.keys():
            _settle(ours[cycle], theirs[cycle], log, by)
        log.set(Entitlement.objects.filter(person=case.merged), person=case.survivor.pk)
        _hang_on_standing(Entitlement.objects.exclude(state=E.VOID), case, log)


def settle_employers(keep: Employer, double: Employer, by: User | ServiceActor) -> None:
    """End one of two rights of two employers that turn out to be one, before they become one's.

    Raises `Refused` while a payment of one of both is with the bank.
    """
    rows = Entitlement.objects.filter(employer__in=[keep, double]).exclude(state=E.VOID)
    if rows.filter(state=E.IN_PAYMENT).exists():
        raise Refused(_("A payment is with the bank. Wait for its answer."), code="in_flight")
    for right in rows.filter(employer=double).exclude(state=E.OVERPAID):
        other = rows.filter(cycle=right.cycle_id, employer=keep).exclude(state=E.OVERPAID).first()
        if other is None:
            continue
        less, _more = sorted((right, other), key=lambda one: RIGHTS[E(one.state)])
        if less.state in PAID:
            Entitlement.objects.filter(pk=less.pk).update(review=REASON)
            move(less, "overpay", by=by, reason=REASON)
        else:
            entitlements.void_right(less, by=by, reason=REASON)


def _rights(person_id: UUID) -> dict[UUID, Entitlement]:
    rows = Entitlement.objects.filter(person=person_id).exclude(state=E.VOID)
    return {row.cycle_id: row for row in rows.exclude(state=E.OVERPAID).select_related("programme")}


def _told(ours: Entitlement | None, theirs: Entitlement) -> Item:
    name = {"name": theirs.programme.name}
    if ours is None:
        return Item(Kind.MOVES, _("Benefits"), theirs.programme.name)
    if ours.state in PAID and theirs.state in PAID:
        text = _("“%(name)s” was paid to both: one is marked as paid twice, for finance to settle")
    else:
        text = _("Both are entitled to “%(name)s”: the one less far along becomes void")
    return Item(Kind.ENDS, _("Benefits"), text % name, code="both_entitled")


def _settle(ours: Entitlement, theirs: Entitlement, log: Log, by: User | ServiceActor) -> None:
    """End one of two rights to the same cycle; the survivor's stays when both are as far."""
    less, more = sorted((theirs, ours), key=lambda right: RIGHTS[E(right.state)])
    if less.state in PAID:
        log.set(Entitlement.objects.filter(pk=less.pk), review="merged")
        log.move(less, "overpay", by=by, reason=REASON)
    else:
        log.add("benefits.void", less, before=str(less.state))
        entitlements.void_right(less, by=by, reason=REASON)


@undoes("benefits.void")
def _give_back(entry: Data, undoing: Undoing) -> str:
    right = Entitlement.objects.select_related("programme").get(pk=entry["id"])
    if right.state != E.VOID:
        return CHANGED
    move(right, "restore", by=undoing.by, reason=undoing.reason)
    entitlements.promote_waiting(right.programme, by=undoing.by)
    return ""


class CardsPart:
    """One open card for a person."""

    def tell(self, person: Person) -> Iterable[Told]:
        rows = MemberCard.objects.filter(person=person).defer("card_no")
        for row in rows.order_by("requested_at", "pk"):
            number = row.card_masked or _("no number yet")
            text = f"{number}, {row.get_state_display()}"
            yield Told(_("Member cards"), text, reverse("benefits:card-detail", args=[row.pk]))

    def look(self, case: Case) -> Iterable[Item]:
        pair = _open_cards(case)
        if len(pair) == 2:
            less = pair[0]
            if less.request_file_id is not None and less.state in (
                CardState.REQUESTED, CardState.SENT_TO_BANK,
            ):  # fmt: skip
                text = _("A card request is with the bank. Wait for its answer.")
                yield Item(Kind.STOPS, _("Member cards"), text, code="card_in_flight")
            text = _("Both have a card: the one less far along is closed (%(card)s)")
            yield Item(Kind.ENDS, _("Member cards"), text % {"card": less.get_state_display()})
        count = MemberCard.objects.filter(person=case.merged).count()
        if count:
            yield Item(Kind.MOVES, _("Member cards"), count=count)

    def apply(self, case: Case, log: Log, by: User | ServiceActor) -> None:
        pair = _open_cards(case)
        if len(pair) == 2:
            _close(pair[0], log, by)
        log.set(MemberCard.objects.filter(person=case.merged), person=case.survivor.pk)
        _hang_on_standing(MemberCard.objects.open(), case, log)


def _open_cards(case: Case) -> list[MemberCard]:
    """Return the open cards of both, the one less far along first."""
    rows = MemberCard.objects.open().filter(person__in=(case.survivor.pk, case.merged.pk))
    return sorted(
        rows.select_related("payee_account"),
        key=lambda card: (CARDS[CardState(card.state)], card.person_id == case.survivor.pk),
    )


def _close(card: MemberCard, log: Log, by: User | ServiceActor) -> None:
    account = card.payee_account
    log.move(card, "close", by=by, reason=REASON, closed_at=timezone.now())
    if account is not None and account.state != AccountState.CLOSED:
        log.move(account, "close", by=by, reason=REASON)
    cards.note([card.pk], CardEventKind.CLOSED)


def _hang_on_standing(rows: object, case: Case, log: Log) -> None:
    """Hang what belongs to an annulled membership of the person on the open one."""
    mine = Membership.objects.filter(person=case.survivor)
    standing = mine.filter(state__in=OPEN_MEMBERSHIP).first()
    if standing is None:
        standing = mine.exclude(state=MembershipState.ANNULLED).order_by("-joined_on").first()
    if standing is not None:
        annulled = mine.filter(state=MembershipState.ANNULLED, pk__in=_annulled_by(log))
        log.set(rows.filter(membership__in=annulled), membership=standing.pk)  # type: ignore[attr-defined]


def _annulled_by(log: Log) -> list[str]:
    return [entry["id"] for entry in log.entries if entry["kind"] == "membership"]


def register_links() -> None:
    """Say what becomes of this app's references to people and memberships."""
    register_part(_rights_part)
    register_part(_cards_part)
    register(
        Link(column="benefits.PayeeAccount.person", how=How.MOVES,
             name=gettext_lazy("Bank accounts")),
        Link(column="benefits.Entitlement.person", how=How.PART, why="one for each cycle"),
        Link(column="benefits.Entitlement.membership", how=How.PART, why="the one that stands"),
        Link(column="benefits.MemberCard.person", how=How.PART, why="one open card"),
        Link(column="benefits.MemberCard.membership", how=How.PART, why="the one that stands"),
    )  # fmt: skip


_rights_part, _cards_part = RightsPart(), CardsPart()
