"""The first page of money: what waits for whom, counted and linked."""

from __future__ import annotations

import re

import pytest

from benefits.actions import batches, budgets, entitlements, settlement
from benefits.models import Entitlement, PayoutLine
from benefits.queries.waiting import waiting
from tests.factories import members as make
from tests.factories import payouts

pytestmark = pytest.mark.django_db


def told(user) -> dict[str, tuple[int, int, bool]]:
    return {one.work.code: (one.count, one.fen, one.is_mine) for one in waiting(user)}


@pytest.fixture
def second_checker(make_user):
    return make_user("second_checker", "finance_checker")


@pytest.fixture
def submitted(money_desk):
    """A list of two people that needs two checkers."""
    for _n in range(2):
        payouts.entitled_member(money_desk.unit)
    programme = payouts.programme(second_approval_fen=1)
    entitlements.evaluate(programme)
    batch = batches.build(by=money_desk.maker, programme=programme)
    return batches.submit(by=money_desk.maker, batch=batch)


def test_nothing_waits_in_the_beginning(money_desk) -> None:
    assert told(money_desk.maker) == {}


def test_a_list_goes_from_hand_to_hand(money_desk, second_checker, submitted) -> None:
    assert told(money_desk.maker) == {"check": (1, 10_000, False)}
    assert told(money_desk.checker) == {"check": (1, 10_000, True)}
    batches.approve(by=money_desk.checker, batch=submitted)
    assert told(money_desk.checker) == {"second": (1, 10_000, False)}
    assert told(second_checker) == {"second": (1, 10_000, True)}
    batches.approve(by=second_checker, batch=submitted)
    assert told(second_checker) == {"release": (1, 10_000, True)}
    assert told(money_desk.maker) == {"release": (1, 10_000, False)}


def test_unknown_lines_and_decisions_wait_for_finance(paid_three) -> None:
    line = PayoutLine.objects.order_by("seq")[0]
    PayoutLine.objects.filter(pk=line.pk).update(state="unknown")
    line.refresh_from_db()
    assert told(paid_three.maker) == {"unknown": (1, 5_000, True)}
    settlement.propose(
        by=paid_three.maker, line=line, outcome="success", note="对账单上有这一笔",
        document=make.scan(paid_three.maker),
    )  # fmt: skip
    assert told(paid_three.maker)["settlement"] == (1, 5_000, False)
    assert told(paid_three.checker)["settlement"] == (1, 5_000, True)


def test_files_by_hand_budgets_and_reviews_wait(money_desk, district_officer) -> None:
    payouts.entitled_member(money_desk.unit)
    programme = payouts.programme(transport="manual")
    payouts.released(
        programme, maker=money_desk.maker, checker=money_desk.checker, is_handed_over=False
    )
    budgets.propose(by=district_officer, programme=programme, total_fen=900_000, reason="追加预算")
    Entitlement.objects.update(review="merged")
    assert told(money_desk.checker) == {
        "file_out": (1, 0, True), "budget": (1, 900_000, True), "review": (1, 5_000, True),
    }  # fmt: skip
    assert {one[2] for one in told(district_officer).values()} == {False}


def test_page_links_lead_to_what_waits(
    client_for, paid_three, django_assert_max_num_queries
) -> None:
    PayoutLine.objects.filter(seq=1).update(state="unknown")
    client = client_for(paid_three.maker)
    page = client.get("/desk/money/")
    assert "1 kind of work waits for you" in page.text
    url = re.search(r'data-waits="unknown".*?href="([^"]+)"', page.text)[1]
    assert url == "/desk/batches/?waits=unknown"
    assert paid_three.batch.number in client.get(url).text
    for other in ("decision", "file"):
        assert paid_three.batch.number not in client.get(f"/desk/batches/?waits={other}").text
    with django_assert_max_num_queries(10):
        waiting(paid_three.maker)


def test_narrower_grants_see_no_page(client_for, subdistrict_officer) -> None:
    assert client_for(subdistrict_officer).get("/desk/money/").status_code == 403


def test_rights_to_look_at_are_listed_alone(client_for, paid_three) -> None:
    right = Entitlement.objects.order_by("pk")[0]
    Entitlement.objects.filter(pk=right.pk).update(review="merged")
    page = client_for(paid_three.maker).get("/desk/entitlements/?review=on").text
    shown = [name for name in ("张三", "努尔·卡力", "李四") if f"{name[0]}" in page]
    assert len(re.findall(r"<tr[ >]", page)) == 2, shown
