"""Lists on public notice: masked, open to objection, and not released before each is answered."""

from __future__ import annotations

import re
from uuid import uuid4

import pgtrigger
import pytest
from django.db import DatabaseError, transaction
from django.test import Client

from benefits.actions import batches, notices
from benefits.models import Objection, PayoutBatch, Programme
from benefits.queries.waiting import waiting
from tests.factories import payouts
from unionportal.core.errors import NotAllowed, Refused, Stale
from unionportal.core.models import OutboxMessage

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_books_agree")]
NAMES = ("张三", "欧阳丹丹", "努尔·卡力")
PHONE = "13900000001"


@pytest.fixture
def hanging(money_desk) -> PayoutBatch:
    """A list of three people on notice."""
    for name in NAMES:
        payouts.entitled_member(money_desk.unit, name=name)
    return payouts.on_notice(money_desk.maker, money_desk.checker)


def refused_by_database(match: str, rows, **values) -> None:
    with pytest.raises(DatabaseError, match=match), transaction.atomic():
        rows.update(**values)


def worker() -> Client:
    return Client(headers={"accept-language": "en"})


def test_notice_shows_masked_people_and_nothing_more(hanging) -> None:
    page = worker().get(f"/notices/{hanging.pk}/").text
    for name, masked in zip(NAMES, ("张*", "欧**丹", "努*·卡*"), strict=True):
        assert name not in page
        assert masked in page
    lines = hanging.lines.select_related("entitlement__person", "payee_account")
    for line in lines:
        person = line.entitlement.person
        for secret in (person.id_number, person.phone, line.payee_account.number_tail,
                       line.order_no):  # fmt: skip
            assert secret not in page
        assert f"{person.id_number[0]}***…{person.id_number[-1]}" in page
    assert len(re.findall("data-line=", page)) == 3
    assert hanging.number in worker().get("/notices/").text


@pytest.mark.parametrize("days", [0, 3])
def test_only_a_list_on_notice_is_public(money_desk, days) -> None:
    payouts.entitled_member(money_desk.unit)
    programme = payouts.programme(notice_days=days)
    batch = batches.build(by=money_desk.maker, programme=programme)
    assert worker().get(f"/notices/{batch.pk}/").status_code == 404
    batches.submit(by=money_desk.maker, batch=batch)
    assert worker().get(f"/notices/{batch.pk}/").status_code == 404
    batches.approve(by=money_desk.checker, batch=batch)
    assert worker().get(f"/notices/{batch.pk}/").status_code == (200 if days else 404)


def test_a_notice_that_is_over_names_nobody(hanging) -> None:
    payouts.hung_out(hanging)
    notices.close_due()
    page = worker().get(f"/notices/{hanging.pk}/").text
    assert "This notice is over" in page
    assert "data-line" not in page
    assert hanging.number not in worker().get("/notices/").text
    assert worker().get(f"/notices/{hanging.pk}/objection/").status_code == 404


def send(client: Client, batch: PayoutBatch, **data):
    values = {"form_id": str(uuid4()), "text": "此人已经离职三个月了，请核实", "phone": PHONE}
    return client.post(f"/notices/{batch.pk}/objection/", {**values, **data})


def code() -> str:
    body = OutboxMessage.objects.filter(purpose="objection").latest("created_at").body
    return re.search(r"\d{6}", body)[0]


def test_objection_counts_once_the_phone_is_proven(hanging) -> None:
    client = worker()
    assert send(client, hanging, line="2").url == "/notices/code/"
    assert Objection.objects.get().state == "unconfirmed"
    assert client.post("/notices/code/", {"code": "000000"}).status_code == 400
    response = client.post("/notices/code/", {"code": code()}, follow=True)
    assert "Your objection counts" in response.text
    made = Objection.objects.get()
    assert (made.state, made.line.seq, made.phone, made.phone_masked) == (
        "open", 2, PHONE, "139****0001"
    )  # fmt: skip
    assert client.get("/notices/code/").url == "/notices/"


def test_another_browser_cannot_confirm_it(hanging) -> None:
    send(worker(), hanging)
    other = worker()
    assert other.post("/notices/code/", {"code": code()}).url == "/notices/"
    assert Objection.objects.get().state == "unconfirmed"


@pytest.mark.parametrize(
    ("data", "message"),
    [({"text": "短"}, "Write between 10 and 500"), ({"text": ""}, "Write what is wrong"),
     ({"phone": "12345"}, "digits"), ({"phone": ""}, "Type your mobile number"),
     ({"line": "99"}, "no such line"), ({"line": "x"}, "whole number")],
)  # fmt: skip
def test_what_cannot_be_is_told_and_the_text_kept(hanging, data, message) -> None:
    response = send(worker(), hanging, **data)
    assert response.status_code == 400
    assert message in response.text
    if "text" not in data:
        assert "此人已经离职三个月了" in response.text
    assert not Objection.objects.exists()


def test_one_phone_cannot_flood_a_notice(hanging) -> None:
    assert send(worker(), hanging).status_code == 302
    assert send(worker(), hanging).status_code == 429
    assert Objection.objects.count() == 1


def test_list_is_not_released_past_an_open_objection(hanging, money_desk, district_officer) -> None:
    made = payouts.objection(hanging)
    payouts.hung_out(hanging)
    assert notices.close_due() == 0
    hanging.refresh_from_db()
    with pytest.raises(Stale):
        batches.release(by=money_desk.checker, batch=hanging)
    rows = PayoutBatch.objects.filter(pk=hanging.pk)
    refused_by_database("objection to this list is not answered", rows, state="notice_closed")
    notices.dismiss(by=district_officer, objection=made, answer="已经核实，本人仍在职")
    assert notices.close_due() == 1
    hanging.refresh_from_db()
    assert batches.release(by=money_desk.checker, batch=hanging).state == "released"


def test_database_lets_no_list_off_before_its_days_are_over(hanging) -> None:
    rows = PayoutBatch.objects.filter(pk=hanging.pk)
    refused_by_database("public notice of this list is not over", rows, state="notice_closed")
    for name in ("notice_from", "notice_until"):
        refused_by_database("Cannot update", rows, **{name: "2026-01-01"})
    refused_by_database("Cannot update", Programme.objects.all(), notice_days=0)


def test_objection_cannot_be_raised_or_dropped_around_the_tables(hanging, money_desk) -> None:
    made = notices.object_to(batch=hanging, line=None, text="名单里少了一个人的名字", phone=PHONE)
    rows = Objection.objects.filter(pk=made.pk)
    payouts.hung_out(hanging)
    notices.close_due()
    hanging.refresh_from_db()
    assert hanging.state == "notice_closed"
    refused_by_database("raised while its list is on notice", rows, state="open")
    with pytest.raises(Stale):
        notices.confirm(objection=made)
    refused_by_database("Invalid transition", rows, state="dismissed")


def test_an_open_one_is_kept(hanging) -> None:
    made = payouts.objection(hanging)
    with pytest.raises(DatabaseError, match="Cannot delete"), transaction.atomic():
        made.delete()


def test_even_an_objection_forced_in_keeps_the_money_back(hanging, money_desk) -> None:
    payouts.hung_out(hanging)
    notices.close_due()
    with pgtrigger.ignore("benefits.Objection:objection_while_on_notice"):
        made = Objection.objects.create(batch=hanging, text="x" * 10, phone=PHONE)
        Objection.objects.filter(pk=made.pk).update(state="open")
    hanging.refresh_from_db()
    with pytest.raises(DatabaseError, match="not answered"), transaction.atomic():
        batches.release(by=money_desk.checker, batch=hanging)


def test_upheld_objection_takes_the_payment_off_and_ends_the_right(
    hanging, money_desk, district_officer
) -> None:
    made = payouts.objection(hanging, seq=2)
    notices.uphold(by=district_officer, objection=made, answer="情况属实，已从名单去掉")
    line = hanging.lines.get(seq=2)
    assert (line.state, line.reason, line.entitlement.state) == ("dropped", "not_payable", "void")
    assert "情况属实" in OutboxMessage.objects.latest("created_at").body
    payouts.hung_out(hanging)
    notices.close_due()
    hanging.refresh_from_db()
    batches.release(by=money_desk.checker, batch=hanging)
    assert payouts.states(hanging) == ["sending", "dropped", "sending"]


def test_objection_to_the_whole_list_takes_nobody_off(hanging, district_officer) -> None:
    made = payouts.objection(hanging, seq=None)
    with pytest.raises(Refused, match="No payment can be taken off"):
        notices.uphold(by=district_officer, objection=made, answer="情况属实")
    assert Objection.objects.get().state == "open"


def test_who_pays_does_not_answer(hanging, money_desk) -> None:
    made = payouts.objection(hanging)
    for who in (money_desk.maker, money_desk.checker):
        with pytest.raises(NotAllowed):
            notices.dismiss(by=who, objection=made, answer="已经核实")


def test_desk_reads_and_answers(client_for, hanging, money_desk, district_officer) -> None:
    made = payouts.objection(hanging)
    officer, checker = client_for(district_officer), client_for(money_desk.checker)
    url = f"/desk/batches/objections/{made.pk}/"
    assert url in checker.get(f"/desk/batches/{hanging.pk}/").text
    assert "district officer answers it" in checker.get(url).text
    assert checker.post(url, {"answer": "已经核实", "decision": "dismiss"}).status_code == 403
    assert [one.work.code for one in waiting(district_officer) if one.is_mine] == ["objection"]
    assert officer.post(url, {"answer": "", "decision": "dismiss"}).status_code == 400
    response = officer.post(url, {"answer": "已经核实，仍在职", "decision": "dismiss"}, follow=True)
    assert "Answered. Who objected is texted." in response.text
    assert officer.post(url, {"answer": "已经核实，仍在职"}).status_code == 409
    assert "已经核实，仍在职" in checker.get(url).text


def test_unproven_ones_are_forgotten_after_a_day(hanging) -> None:
    made = notices.object_to(batch=hanging, line=None, text="名单里少了一个人的名字", phone=PHONE)
    notices.close_due()
    assert Objection.objects.filter(pk=made.pk).exists()
    Objection.objects.filter(pk=made.pk).update(raised_at="2026-01-01T00:00Z")
    notices.close_due()
    assert not Objection.objects.exists()
