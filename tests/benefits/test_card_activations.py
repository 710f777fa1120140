"""Activations, and the bank's card files in every order."""

from __future__ import annotations

import itertools
import random
from datetime import datetime

import pytest
from django.db import transaction
from django.utils import timezone

from benefits.actions import cards
from benefits.models import BankFile, CardEvent, MemberCard
from benefits.signals import card_activated
from tests.factories import benefits as bank
from tests.factories.benefits import fresh
from tests.factories.payouts import card_number

pytestmark = pytest.mark.django_db


@pytest.fixture
def heard():
    """What card_activated announced."""
    calls = []

    def listen(sender, cards, by, **_kwargs):
        calls.append([(card.pk, card.state) for card in cards])

    card_activated.connect(listen)
    yield calls
    card_activated.disconnect(listen)


def test_activation_takes_the_card_into_use(sent, two, heard) -> None:
    number = card_number()
    bank.answer(sent, {1: number, 2: card_number()})
    receipt = bank.activate(number)

    card = fresh(two[0])
    at = datetime(2026, 11, 22, 10, 30, 15, tzinfo=timezone.get_current_timezone())
    assert (card.state, card.activated_at) == ("activated", at)
    assert receipt.file.counts == {"activated": 1, "known": 0}
    event = CardEvent.objects.get(kind="activated")
    assert (event.card, event.at, event.file, event.line) == (card, at, receipt.file, 2)
    assert heard == [[(card.pk, "activated")]]
    assert fresh(two[1]).state == "issued"


def test_handed_out_card_is_activated_too(district, district_officer) -> None:
    card = bank.issued_card(district.firm_a, district_officer)
    cards.hand_out(by=district_officer, card=card)
    bank.activate(card.card_no)
    assert fresh(card).state == "activated"


def test_replayed_activation_has_no_effect(district, district_officer, heard) -> None:
    card = bank.issued_card(district.firm_a, district_officer)
    bank.activate(card.card_no)
    assert bank.activate(card.card_no).is_repeat
    later = bank.activate(card.card_no, k=2, at="20261123090000")
    assert later.file.counts == {"activated": 0, "known": 1}
    assert fresh(card).activated_at.day == 22
    assert CardEvent.objects.filter(kind="activated").count() == 1
    assert len(heard) == 1


def test_activation_of_an_unknown_card_waits_for_its_answer(sent, two, heard) -> None:
    numbers = [card_number(), card_number()]
    early = bank.activate(*numbers)
    assert early.file.state == "quarantined"
    assert bank.problems(early) == [("unknown_card", 2), ("unknown_card", 3)]
    assert [p["found"] for p in early.file.problems] == [no[-4:] for no in numbers]

    bank.answer(sent, dict(enumerate(numbers, start=1)))

    file = BankFile.objects.get(pk=early.file.pk)
    assert (file.state, file.problems) == ("applied", [])
    assert file.counts == {"activated": 2, "known": 0}
    assert bank.states() == ["activated"] * 2
    assert len(heard) == 1


def test_activation_that_is_broken_is_not_read_again_by_itself(sent, two) -> None:
    number = card_number()
    rows = [f"A|{bank.DAY}|000001|{number}|{bank.MOMENT}"]
    content = bank.framed(f"A{bank.DAY}-1", rows).replace(b"T|1", b"T|2")
    receipt = bank.receive(content, "A.txt")
    bank.answer(sent, {1: number, 2: card_number()})
    assert BankFile.objects.get(pk=receipt.file.pk).state == "quarantined"
    assert fresh(two[0]).state == "issued"


@pytest.mark.parametrize("step", [cards.report_lost, cards.close])
def test_lost_or_closed_card_is_not_revived(district, district_officer, heard, step) -> None:
    card = bank.issued_card(district.firm_a, district_officer)
    step(by=district_officer, card=card, reason="gone")
    state = fresh(card).state
    receipt = bank.activate(card.card_no)
    assert receipt.file.counts == {"activated": 0, "known": 1}
    assert fresh(card).state == state
    assert heard == []


def end_state() -> list[tuple]:
    return [
        (*row,)
        for row in MemberCard.objects.order_by("pk").values_list(
            "pk", "state", "card_index", "activated_at", "refusal_code", "payee_account__state",
            "payee_account__number_index",
        )
    ] + sorted(CardEvent.objects.values_list("card", "kind", "code"))  # fmt: skip


def arrive(files: list[bytes]) -> list[tuple]:
    """Take the files in, note the end, and undo it all."""
    with transaction.atomic():
        for n, content in enumerate(files):
            bank.receive(content, f"{n}.txt")
        end = end_state()
        assert not BankFile.objects.filter(state__in=["received", "quarantined"]).exists()
        transaction.set_rollback(True)
    return end


@pytest.fixture
def exchange(sent, two, district, district_officer) -> list[bytes]:
    """An answer for each of two requests, and activations that mix their cards."""
    bank.waiting_card(district.firm_a, name="李四")
    second = bank.request(district_officer)
    numbers = [card_number() for _n in range(3)]
    return [
        bank.answer_bytes(sent, {1: numbers[0], 2: numbers[1]}),
        bank.answer_bytes(second, {1: numbers[2]}),
        bank.activation_bytes(numbers[0], k=1),
        bank.activation_bytes(numbers[2], numbers[1], k=2),
    ]


def test_every_order_of_the_files_ends_alike(exchange) -> None:
    ends = [arrive(list(order)) for order in itertools.permutations(exchange)]
    assert len(ends) == 24
    assert all(end == ends[0] for end in ends)
    assert [row[1] for row in ends[0][:3]] == ["activated"] * 3


def test_files_that_come_again_and_again_end_alike(exchange) -> None:
    once = arrive(exchange)
    dice = random.Random(20261122)
    for _round in range(20):
        files = [*exchange, *dice.choices(exchange, k=4)]
        dice.shuffle(files)
        assert arrive(files) == once
