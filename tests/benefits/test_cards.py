"""A card's life: asked for on approval, handed out, lost, closed, asked for again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from benefits.actions import cards
from benefits.models import CardEvent, MemberCard, PayeeAccount
from benefits.queries.cards import card_of
from members.actions import memberships
from members.models import Membership
from members.signals import membership_activated
from tests.factories import benefits as bank
from tests.factories import members as make
from tests.factories.benefits import fresh, kinds
from unionportal.core.actors import SYSTEM
from unionportal.core.errors import NotAllowed, Refused, Stale
from unionportal.core.models import AuditEvent

pytestmark = pytest.mark.django_db


def test_approval_asks_for_a_card(district, subdistrict_officer) -> None:
    membership = bank.approved(district.firm_a, by=subdistrict_officer)

    card = MemberCard.objects.get()
    assert (card.membership, card.person) == (membership, membership.person)
    assert (card.state, card.card_no, card.request_file) == ("requested", "", None)
    assert kinds(card) == ["requested"]
    event = AuditEvent.objects.get(verb="card.request")
    assert (event.target_id, event.to_state) == (str(card.pk), "requested")
    assert event.actor_label == "subdistrict_officer"


def test_signal_heard_again_asks_for_nothing_more(district) -> None:
    membership = make.membership(district.firm_a)
    card = MemberCard.objects.get()

    membership_activated.send(Membership, memberships=[membership], by=SYSTEM)

    assert MemberCard.objects.get() == card
    assert kinds(card) == ["requested"]
    assert AuditEvent.objects.filter(verb="card.request").count() == 1


def test_person_holds_one_open_card(district) -> None:
    card = bank.waiting_card(district.firm_a)
    with pytest.raises(IntegrityError, match="card_one_open_per_person"), transaction.atomic():
        MemberCard.objects.create(membership=card.membership, person=card.person)


def test_request_for_tells_how_many_it_made(district) -> None:
    old = make.membership(district.firm_a)
    new = make.membership(district.firm_a)
    MemberCard.objects.filter(membership=new).update(state="closed")
    assert cards.request_for([old, new], by=SYSTEM) == 1
    assert cards.request_for([], by=SYSTEM) == 0


def test_person_who_joined_again_keeps_the_card(district) -> None:
    card = bank.waiting_card(district.firm_a)
    MemberCard.objects.update(state="sent_to_bank")
    first = card.membership
    memberships.close(membership=first, verb="resign", reason="asked to", by=SYSTEM)
    opening = memberships.Opening(
        person=first.person, unit=district.firm_b, group=first.group, employer=None,
        joined_on=timezone.localdate(), source=first.source, confirmation=first.confirmation,
        confirmed_at=first.confirmed_at, vehicle_plate="",
    )  # fmt: skip
    second = memberships.open_membership(by=SYSTEM, opening=opening)

    assert MemberCard.objects.get().membership == second
    assert AuditEvent.objects.filter(verb="card.take_over").count() == 1


def test_request_is_dropped_when_the_membership_ends_before_it_was_sent(district) -> None:
    card = bank.waiting_card(district.firm_a)
    memberships.close(membership=card.membership, verb="annul", reason="a slip", by=SYSTEM)
    assert fresh(card).state == "closed"
    assert kinds(card) == ["requested", "closed"]


def test_card_with_the_bank_stays_when_the_membership_ends(district, district_officer) -> None:
    card = bank.waiting_card(district.firm_a)
    bank.request(district_officer)
    memberships.close(membership=card.membership, verb="resign", reason="asked to", by=SYSTEM)
    assert fresh(card).state == "sent_to_bank"


def test_hand_out_is_recorded_once(district, district_officer) -> None:
    card = bank.issued_card(district.firm_a, district_officer)
    cards.hand_out(by=district_officer, card=card)

    assert fresh(card).state == "handed_out"
    assert timezone.now() - fresh(card).handed_out_at < timedelta(minutes=1)
    assert kinds(card)[-1] == "handed_out"
    with pytest.raises(Stale, match="Handed out"):
        cards.hand_out(by=district_officer, card=card)


def test_card_not_made_yet_cannot_be_handed_out(district, district_officer) -> None:
    card = bank.waiting_card(district.firm_a)
    with pytest.raises(Stale, match="it is now “Requested”"):
        cards.hand_out(by=district_officer, card=card)


def test_lost_card_closes_its_account_and_asks_for_another(district, district_officer) -> None:
    card = bank.issued_card(district.firm_a, district_officer)
    cards.report_lost(by=district_officer, card=card, reason="left on a bus")

    lost = fresh(card)
    assert (lost.state, lost.payee_account.state) == ("lost", "closed")
    assert not PayeeAccount.objects.usable().exists()
    assert kinds(card)[-1] == "lost"
    assert AuditEvent.objects.get(verb="card.report_lost").reason == "left on a bus"
    assert card_of(card.person).state == "requested"
    assert card_of(card.person) != lost


def test_new_card_replaces_the_lost_one_and_pays_after_the_hold(district, district_officer) -> None:
    card = bank.issued_card(district.firm_a, district_officer)
    cards.report_lost(by=district_officer, card=card, reason="left on a bus")
    bank.answer(bank.request(district_officer))

    assert fresh(card).state == "replaced"
    new = card_of(card.person)
    assert new.state == "issued"
    account = PayeeAccount.objects.get(state="active")
    assert account == new.payee_account
    assert account.usable_from - timezone.now() > timedelta(hours=23)
    assert not PayeeAccount.objects.usable().exists()


def test_loss_and_closing_need_a_reason(district, district_officer) -> None:
    card = bank.issued_card(district.firm_a, district_officer)
    for step in (cards.report_lost, cards.close):
        with pytest.raises(Refused) as caught:
            step(by=district_officer, card=card, reason="  ")
        assert (caught.value.code, caught.value.field) == ("reason_needed", "reason")
    assert fresh(card).state == "issued"


def test_closed_card_takes_its_account_along(district, district_officer) -> None:
    card = bank.issued_card(district.firm_a, district_officer)
    cards.close(by=district_officer, card=card, reason="left the district")
    assert (fresh(card).state, fresh(card).payee_account.state) == ("closed", "closed")
    assert kinds(card)[-1] == "closed"


def test_refused_card_can_be_asked_for_again(district, district_officer) -> None:
    card = bank.waiting_card(district.firm_a)
    bank.answer(bank.request(district_officer), {1: "0017"})
    assert (fresh(card).state, fresh(card).refusal_code) == ("rejected", "0017")

    cards.request_again(by=district_officer, card=card)

    again = fresh(card)
    assert (again.state, again.refusal_code, again.request_file) == ("requested", "", None)
    second = bank.request(district_officer)
    assert fresh(card).request_file == second
    assert kinds(card) == ["requested", "sent", "rejected", "requested", "sent"]


@pytest.mark.parametrize("step", ["request_again", "hand_out", "report_lost", "close"])
def test_steps_are_the_card_keepers_only(district, subdistrict_officer, step) -> None:
    card = bank.waiting_card(district.firm_a)
    reason = {"reason": "x"} if step in {"report_lost", "close"} else {}
    with pytest.raises(NotAllowed):
        getattr(cards, step)(by=subdistrict_officer, card=card, **reason)
    assert fresh(card).state == "requested"


def test_events_cannot_be_rewritten(district) -> None:
    bank.waiting_card(district.firm_a)
    with pytest.raises(Exception, match="append-only|Cannot"), transaction.atomic():
        CardEvent.objects.update(kind="activated")
    assert CardEvent.objects.get().kind == "requested"


def test_card_number_is_encrypted_at_rest(district, district_officer) -> None:
    card = bank.issued_card(district.firm_a, district_officer)
    raw = MemberCard.objects.raw("SELECT id, card_no::text AS stored FROM benefits_membercard")[0]
    assert len(card.card_no) == 19
    assert card.card_no not in raw.stored
    assert card.card_masked.endswith(card.card_no[-4:])
    assert card.card_no not in card.card_masked


def test_card_that_stands_comes_before_newer_closed_ones(district, district_officer) -> None:
    card = bank.waiting_card(district.firm_a)
    MemberCard.objects.create(
        membership=card.membership, person=card.person, state="closed",
        requested_at=timezone.now() + timedelta(days=1),
    )  # fmt: skip
    assert card_of(card.person) == card
    cards.close(by=district_officer, card=card, reason="left")
    assert card_of(card.person).requested_at > timezone.now()
