"""What a member reads about the own benefits, in every state."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from benefits.actions import entitlements, results
from benefits.models import Entitlement, PayeeAccount
from benefits.queries.member import BenefitLine, benefits_of
from tests.factories import members as make
from tests.factories import payouts


def only(programme) -> BenefitLine:
    [line] = benefits_of(Entitlement.objects.get(programme=programme).person)
    return line


@pytest.fixture
def with_bank(money_desk):
    """One person's payment, with the bank."""
    payouts.entitled_member(money_desk.unit)
    programme = payouts.programme()
    return payouts.released(programme, maker=money_desk.maker, checker=money_desk.checker)


def test_person_without_benefits_reads_nothing(money_desk) -> None:
    assert benefits_of(make.person(money_desk.unit)) == []


def test_reserved_money_is_kept_for_the_member(money_desk) -> None:
    payouts.entitled_member(money_desk.unit)
    programme = payouts.programme()
    entitlements.evaluate(programme)
    line = only(programme)
    assert (line.code, line.amount_fen) == (programme.code, 5_000)
    assert (line.state, line.kind, line.label, line.text) == (
        "reserved", "move", "Kept for you", "",
    )  # fmt: skip


def test_waitlisted_member_reads_that_the_turn_is_kept(money_desk) -> None:
    for _n in range(2):
        payouts.entitled_member(money_desk.unit)
    programme = payouts.programme(people=1)
    entitlements.evaluate(programme)
    waiting = Entitlement.objects.get(state="waitlisted")
    [line] = benefits_of(waiting.person)
    assert (line.state, line.label) == ("waitlisted", "In the queue")
    assert line.text == "The budget is used up for now. Your turn is kept."


def test_money_with_the_bank_is_on_its_way(with_bank) -> None:
    line = only(with_bank.programme)
    assert (line.state, line.label, line.text) == ("in_payment", "On its way", "")


def test_paid_money_tells_day_and_card(with_bank) -> None:
    payouts.answer(with_bank)
    line = only(with_bank.programme)
    tail = PayeeAccount.objects.get().number_tail
    assert (line.state, line.kind, line.label) == ("paid", "ok", "Arrived")
    assert line.text.startswith("On ")
    assert line.text.endswith(f", to the card that ends in {tail}")
    assert PayeeAccount.objects.get().number not in line.text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("户名不符", "The name on the card is not yours. The money is kept."),
        ("账号不存在", "The bank does not know the card. The money is kept."),
        ("已销户", "The card is closed. The money is kept."),
        ("未激活", "The card is blocked or not activated. Go to the bank."),
        ("证件号不符", "The ID number at the bank is not yours. Go to the bank."),
        ("二三类户限额", "The card has reached its limit. We try again later."),
        ("余额不足", "We look into it and pay again. The money is kept."),
    ],
)
def test_failed_payment_says_what_to_do_and_no_bank_code(with_bank, text, words) -> None:
    payouts.answer(with_bank, failed={1: ("0099", text)})
    line = only(with_bank.programme)
    assert (line.state, line.kind, line.label, line.text) == (
        "failed", "bad", "Did not arrive", words,
    )  # fmt: skip


def test_silent_bank_is_asked_by_us(with_bank) -> None:
    type(with_bank.programme).objects.update(answer_minutes=0)
    results.note_silence()
    line = only(with_bank.programme)
    assert (line.state, line.label) == ("unknown", "On its way")
    assert line.text == "The bank has not answered yet. We ask it; you need do nothing."


def test_second_try_is_told_as_on_its_way(with_bank, money_desk) -> None:
    payouts.answer(with_bank, failed={1: ("0011", "账号不存在")})
    payouts.released(with_bank.programme, maker=money_desk.maker, checker=money_desk.checker)
    line = only(with_bank.programme)
    assert (line.state, line.label, line.text) == ("in_payment", "On its way", "")


def test_ended_right_is_not_shown(money_desk, district_officer) -> None:
    payouts.entitled_member(money_desk.unit)
    programme = payouts.programme()
    entitlements.evaluate(programme)
    right = Entitlement.objects.get()
    Entitlement.objects.update(state="void")
    assert benefits_of(right.person) == []


def test_words_are_the_members_language(with_bank) -> None:
    payouts.answer(with_bank)
    with translation.override("zh-hans"):
        line = only(with_bank.programme)
        assert (line.name, str(line.label)) == ("绿色出行补贴", "已到账")
        assert f"{timezone.localdate().year}" not in line.label


def test_benefits_take_two_statements_whatever_their_number(money_desk) -> None:
    payouts.entitled_member(money_desk.unit)
    for _n in range(3):
        entitlements.evaluate(payouts.programme())
    person = Entitlement.objects.first().person
    with CaptureQueriesContext(connection) as captured:
        assert len(benefits_of(person)) == 3
    assert len(captured) == 2
    assert not any('payeeaccount"."number"' in query["sql"] for query in captured)
