"""Goods and points: signed for, never below zero, undone by rows that reverse."""

from __future__ import annotations

from datetime import date
from io import BytesIO
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, IntegrityError, transaction
from PIL import Image, ImageDraw

from benefits import ledger
from benefits.actions import batches, entitlements, goods, points
from benefits.actions.versions import Gift, Rules
from benefits.models import (
    Entitlement,
    GoodsItem,
    HandOut,
    PointsBalance,
    PointsMovement,
    Stock,
    StockMovement,
)
from members.merging.actions import merge_people, unmerge_people
from tests.factories import members, payouts
from tests.members.test_merging import pair_of
from unionportal.core.actors import SYSTEM
from unionportal.core.errors import NotAllowed, Refused, Stale

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_books_agree")]
ANYBODY = Rules(timing="held_inside", needs_card=False)


@pytest.fixture
def shop(district, subdistrict_officer) -> SimpleNamespace:
    """A store of sub-district A with three bottles of cooking oil, 30 points each."""
    oil = goods.add_item(by=SYSTEM, code="oil", name_zh="食用油", name_en="Cooking oil",
                         value_fen=4_500, price=30)  # fmt: skip
    stock = goods.receive(by=SYSTEM, item=oil, store=district.unit_a, quantity=3, place="一楼大厅")
    return SimpleNamespace(oil=oil, stock=stock, officer=subdistrict_officer, place=district)


def of_goods(shop, **fields):
    return payouts.programme(
        benefit="goods", amount_fen=4_500, gift=Gift(item=shop.oil, quantity=2), rules=ANYBODY,
        **fields,
    )  # fmt: skip


def of_points(**fields):
    return payouts.programme(
        benefit="points", amount_fen=100, gift=Gift(points=50), rules=ANYBODY, **fields
    )


def on_hand(shop) -> int:
    shop.stock.refresh_from_db()
    return shop.stock.on_hand


def give(shop, right, **fields):
    values = {"stock": shop.stock, "signature": members.scan(), **fields}
    return goods.hand_out(by=shop.officer, entitlement=right, **values)


def test_goods_are_handed_out_once_against_a_signature(shop) -> None:
    members.membership(shop.place.firm_a)
    programme = of_goods(shop)
    right = Entitlement.objects.get()
    given = give(shop, right)
    right.refresh_from_db()
    assert (right.state, on_hand(shop), given.quantity) == ("paid", 1, 2)
    assert payouts.money(programme).paid == 4_500
    with pytest.raises(Stale):
        give(shop, right)
    goods.undo(by=shop.officer, given=given, reason="拿错了")
    right.refresh_from_db()
    assert (right.state, on_hand(shop), payouts.money(programme).paid) == ("reserved", 3, 0)
    with pytest.raises(Stale):
        goods.undo(by=shop.officer, given=given, reason="again")
    give(shop, right)
    assert on_hand(shop) == 1


def test_what_is_not_there_is_not_handed_out(shop) -> None:
    for _n in range(2):
        members.membership(shop.place.firm_a)
    programme = of_goods(shop)
    first, second = Entitlement.objects.in_turn()
    give(shop, first)
    with pytest.raises(Refused) as refusal:
        give(shop, second)
    assert refusal.value.code == "out_of_stock"
    assert sorted(payouts.rights(programme)) == ["paid", "reserved"]
    assert HandOut.objects.count() == 1


def test_a_hand_out_needs_signature_place_and_the_right_goods(shop, district) -> None:
    members.membership(shop.place.firm_a)
    of_goods(shop)
    right = Entitlement.objects.get()
    tea = goods.add_item(by=SYSTEM, code="tea", name_zh="茶", name_en="Tea", value_fen=100)
    other = goods.receive(by=SYSTEM, item=tea, store=shop.place.unit_a, quantity=5)
    far = goods.receive(by=SYSTEM, item=shop.oil, store=district.unit_b, quantity=5)
    for change, code in (({"signature": None}, "signature"), ({"stock": other}, "other_goods")):
        with pytest.raises(Refused) as refusal:
            give(shop, right, **change)
        assert refusal.value.code == code
    with pytest.raises(NotAllowed):
        give(shop, right, stock=far)


def test_no_list_of_payments_for_goods_and_no_goods_for_money(shop, money_desk) -> None:
    members.membership(shop.place.firm_a)
    programme = of_goods(shop)
    with pytest.raises(Refused, match="gives no money"):
        batches.build(by=money_desk.maker, programme=programme)
    right = Entitlement.objects.filter(programme=programme)
    for state in ("in_payment", "paid"):
        with pytest.raises(DatabaseError, match="money goes by a list"), transaction.atomic():
            right.update(state=state)


def test_stock_and_points_change_by_rows_only(shop) -> None:
    person = members.membership(shop.place.firm_a).person
    of_points()
    other = members.person(shop.place.firm_a)
    attempts = [
        lambda: Stock.objects.update(on_hand=99),
        lambda: PointsBalance.objects.update(balance=99),
        lambda: PointsBalance.objects.create(person=other, balance=5),
        lambda: StockMovement.objects.update(delta=9),
        lambda: PointsMovement.objects.all().delete(),
        lambda: HandOut.objects.all().delete(),
    ]
    points.redeem(by=shop.officer, membership=person.memberships.get(), stock=shop.stock,
                  quantity=1)  # fmt: skip
    for attempt in attempts:
        with pytest.raises(DatabaseError), transaction.atomic():
            attempt()
    with pytest.raises(IntegrityError, match="stock_never_below_zero"), transaction.atomic():
        StockMovement.objects.create(stock=shop.stock, delta=-9, kind="counted")
    with pytest.raises(IntegrityError, match="points_never_below_zero"), transaction.atomic():
        PointsMovement.objects.create(person=person, delta=-21, kind="redeemed")


def test_points_are_earned_spent_and_given_back(shop) -> None:
    membership = members.membership(shop.place.firm_a)
    programme = of_points(people=1)
    assert payouts.rights(programme) == ["paid"]
    assert payouts.money(programme).paid == 100
    balance = PointsBalance.objects.get(person=membership.person)
    assert balance.balance == 50
    given = points.redeem(by=shop.officer, membership=membership, stock=shop.stock, quantity=1)
    balance.refresh_from_db()
    assert (balance.balance, on_hand(shop), given.points) == (20, 2, 30)
    with pytest.raises(Refused, match="not that many points"):
        points.redeem(by=shop.officer, membership=membership, stock=shop.stock, quantity=1)
    assert on_hand(shop) == 2
    goods.undo(by=shop.officer, given=given, reason="不要了")
    balance.refresh_from_db()
    assert (balance.balance, on_hand(shop)) == (50, 3)
    assert [row.delta for row in PointsMovement.objects.order_by("pk")] == [50, -30, 30]
    assert entitlements.evaluate(programme) == 0


def test_points_wait_for_budget_like_money(shop, district_officer, finance_checker) -> None:
    for _n in range(2):
        members.membership(shop.place.firm_a)
    programme = of_points(people=1)
    assert sorted(payouts.rights(programme)) == ["paid", "waitlisted"]
    payouts.raise_budget(programme, 200, by=district_officer, second=finance_checker)
    assert payouts.rights(programme) == ["paid", "paid"]
    assert sum(PointsBalance.objects.values_list("balance", flat=True)) == 100


def test_points_of_merged_records_are_the_survivors(shop, district) -> None:
    ours = members.membership(district.firm_a, joined_on=date(2026, 1, 10))
    theirs = members.membership(district.firm_b, joined_on=date(2026, 3, 10))
    of_points()
    made = merge_people(by=SYSTEM, pair=pair_of(ours.person, theirs.person),
                        survivor=ours.person, choices={}, reason="same")  # fmt: skip
    balances = dict(PointsBalance.objects.values_list("person", "balance"))
    assert balances == {ours.person_id: 100, theirs.person_id: 0}
    unmerge_people(by=SYSTEM, merge=made, reason="two people")
    balances = dict(PointsBalance.objects.values_list("person", "balance"))
    assert balances == {ours.person_id: 50, theirs.person_id: 50}
    assert ledger.check() == []


@pytest.mark.parametrize(
    ("benefit", "gift"),
    [("goods", Gift()), ("points", Gift()), ("cash", Gift(points=5)), ("goods", Gift(points=5))],
)
def test_terms_give_what_the_programme_gives(db, benefit, gift) -> None:
    with pytest.raises(Refused) as refusal:
        payouts.programme(benefit=benefit, gift=gift)
    assert refusal.value.code == "gift"


def test_goods_are_kept_by_who_may(shop, district, finance_maker) -> None:
    with pytest.raises(NotAllowed):
        goods.receive(by=shop.officer, item=shop.oil, store=district.unit_b, quantity=1)
    with pytest.raises(NotAllowed):
        goods.add_item(by=finance_maker, code="x", name_zh="x", name_en="x", value_fen=1)
    with pytest.raises(Refused, match="that many left"):
        goods.receive(by=shop.officer, item=shop.oil, store=district.unit_a, quantity=-4,
                      is_count=True)  # fmt: skip


def picture(width: int = 300, height: int = 120) -> SimpleUploadedFile:
    """A line drawn on white, as the signing pad sends it."""
    image = Image.new("RGB", (width, height), "white")
    ImageDraw.Draw(image).line([(20, 100), (280, 20)], fill="black", width=6)
    content = BytesIO()
    image.save(content, "PNG")
    return SimpleUploadedFile("sign.png", content.getvalue(), "image/png")


def test_goods_pages_from_store_to_signature_and_back(shop, client_for, district_officer) -> None:
    membership = members.membership(shop.place.firm_a)
    of_goods(shop)
    right = Entitlement.objects.get()
    desk = client_for(shop.officer)
    panel = desk.get(f"/desk/members/{membership.pk}/").text
    assert f"/desk/entitlements/{right.pk}/hand-out/" in panel
    address = f"/desk/entitlements/{right.pk}/hand-out/"
    form = {"form_id": str(uuid4()), "stock": str(shop.stock.pk)}
    unsigned = desk.post(address, form)
    assert (unsigned.status_code, "Let the receiver sign." in unsigned.text) == (400, True)
    form = {**form, "form_id": str(uuid4()), "signature": picture()}
    assert desk.post(address, form).url == "/desk/hand-outs/"
    given = HandOut.objects.get()
    page = desk.get(f"/desk/hand-outs/{given.pk}/").text
    assert f"/desk/files/{given.signature_id}/" in page
    assert desk.get(f"/desk/files/{given.signature_id}/").status_code == 200
    desk.post(f"/desk/hand-outs/{given.pk}/undo/", {"reason": "拿错了"})
    right.refresh_from_db()
    assert (right.state, on_hand(shop)) == ("reserved", 3)
    assert "Taken back" in desk.get("/desk/hand-outs/").text


def test_shop_pages_name_receive_and_exchange(shop, client_for, district_officer) -> None:
    chief = client_for(district_officer)
    item = {"form_id": str(uuid4()), "code": "towel", "name_zh": "毛巾", "name_en": "Towel",
            "value": "12.50", "points": "10"}  # fmt: skip
    assert chief.post("/desk/goods/new/", item).url == "/desk/goods/"
    towel = GoodsItem.objects.get(code="towel")
    store = str(shop.place.unit_a.pk)
    desk = client_for(shop.officer)
    came = {"form_id": str(uuid4()), "item": str(towel.pk), "store": store, "quantity": "4"}
    assert desk.post("/desk/goods/receive/", came).url == "/desk/goods/"
    missing = {**came, "form_id": str(uuid4()), "quantity": "-9", "is_count": "on"}
    refused = desk.post("/desk/goods/receive/", missing)
    assert (refused.status_code, "not that many left" in refused.text) == (400, True)
    membership = members.membership(shop.place.firm_a)
    of_points()
    stock = Stock.objects.get(item=towel)
    address = f"/desk/members/{membership.pk}/redeem/"
    assert "has 50 points" in desk.get(address).text
    wish = {"form_id": str(uuid4()), "stock": str(stock.pk), "quantity": "3"}
    done = desk.post(address, wish)
    assert done.url == f"/desk/hand-outs/{HandOut.objects.get().pk}/"
    assert "has 20 points" in desk.get(address).text
    assert desk.post(address, wish).url == done.url
    stock.refresh_from_db()
    assert stock.on_hand == 1
    refused = desk.post(address, {**wish, "form_id": str(uuid4())})
    assert (refused.status_code, "not that many points" in refused.text) == (400, True)
    assert "Towel" in desk.get("/desk/goods/").text
