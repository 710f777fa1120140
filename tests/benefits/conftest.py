"""A maker, a checker, and members whose cards are active."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from benefits import ledger
from benefits.models import BankFile, MemberCard
from tests.factories import benefits as bank
from tests.factories import payouts


@pytest.fixture
def money_desk(district, finance_maker, finance_checker) -> SimpleNamespace:
    """The two people every payout needs, and a unit whose members are paid."""
    return SimpleNamespace(maker=finance_maker, checker=finance_checker, unit=district.firm_a)


@pytest.fixture
def paid_three(money_desk) -> SimpleNamespace:
    """A released batch of three people with the bank."""
    for name in ("张三", "努尔·卡力", "李四"):
        payouts.entitled_member(money_desk.unit, name=name)
    programme = payouts.programme()
    batch = payouts.released(programme, maker=money_desk.maker, checker=money_desk.checker)
    return SimpleNamespace(programme=programme, batch=batch, **vars(money_desk))


@pytest.fixture
def _books_agree(db):
    """After the test, postings, budgets, rights and lines agree."""
    yield
    assert ledger.check() == []


@pytest.fixture
def two(district) -> list[MemberCard]:
    """Two people who wait for a card."""
    return [bank.waiting_card(district.firm_a, name=name) for name in ("张三", "努尔·卡力")]


@pytest.fixture
def sent(two, district_officer) -> BankFile:
    """Their request, with the bank."""
    return bank.request(district_officer)
