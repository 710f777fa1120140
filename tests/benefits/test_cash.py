"""Cash: a pay list taken once, signed pages recorded by one person and confirmed by another."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone

from benefits.actions import cash, entitlements, results
from benefits.cash_forms import LinesField
from benefits.models import CashReceipt, LineEvidence, PayeeAccount, PayoutBatch
from tests.factories import members, payouts
from unionportal.core.errors import NotAllowed, Refused, Stale
from unionportal.core.models import RevealEvent

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_books_agree")]
NAMES = ("张三", "努尔·卡力", "李四")


@pytest.fixture
def people(money_desk):
    found = [members.membership(money_desk.unit, name=name) for name in NAMES]
    for membership in found:
        payouts.card(membership)
    return found


@pytest.fixture
def batch(people, money_desk) -> PayoutBatch:
    programme = payouts.programme(channel="cash", people=3)
    made = payouts.released(programme, maker=money_desk.maker, checker=money_desk.checker)
    return cash.take_pay_list(by=money_desk.maker, batch=made)


def record(batch, by, paid=(), unpaid=(), **fields) -> CashReceipt:
    values = {"paid_on": timezone.localdate(), "scan": members.scan(by), **fields}
    return cash.record(by=by, batch=batch, paid=set(paid), unpaid=set(unpaid), **values)


def test_who_signed_is_paid_who_did_not_come_waits_for_the_next_list(batch, money_desk) -> None:
    receipt = record(batch, money_desk.maker, paid=(1, 3), unpaid=(2,))
    assert payouts.states(batch) == ["sent"] * 3
    cash.confirm(by=money_desk.checker, receipt=receipt)
    batch.refresh_from_db()
    assert (batch.state, payouts.states(batch)) == ("closed", ["paid", "failed", "paid"])
    assert batch.lines.get(seq=2).reason == "not_fetched"
    assert payouts.rights(batch.programme) == ["paid", "reserved", "paid"]


def test_one_person_is_never_enough(batch, money_desk) -> None:
    receipt = record(batch, money_desk.maker, paid=(1, 2, 3))
    for decide in (
        lambda: cash.confirm(by=money_desk.maker, receipt=receipt),
        lambda: cash.decline(by=money_desk.maker, receipt=receipt, reason="anders"),
    ):
        with pytest.raises(NotAllowed):
            decide()
    maker = money_desk.maker
    with pytest.raises(IntegrityError), transaction.atomic():
        CashReceipt.objects.filter(pk=receipt.pk).update(
            state="confirmed", decided_by=maker, decided_key=maker.person_key,
            decided_at=timezone.now(),
        )  # fmt: skip
    with pytest.raises(IntegrityError), transaction.atomic():
        CashReceipt.objects.filter(pk=receipt.pk).update(state="confirmed")
    assert payouts.states(batch) == ["sent"] * 3


@pytest.mark.parametrize(
    ("seq", "outcome"), [(1, "success"), (2, "failure"), (3, "success")]
)  # fmt: skip
def test_no_evidence_without_a_confirmed_receipt_that_says_so(
    batch, money_desk, seq, outcome
) -> None:
    """The first: not confirmed. The second: it says paid. The third: it says nothing of it."""
    receipt = record(batch, money_desk.maker, paid=(1, 2))
    if seq > 1:
        cash.confirm(by=money_desk.checker, receipt=receipt)
    with pytest.raises(IntegrityError, match="no confirmed receipt"), transaction.atomic():
        LineEvidence.objects.create(
            line=batch.lines.get(seq=seq), source="receipt", event_id="x", content_hash="0" * 64,
            outcome=outcome, receipt=receipt,
        )  # fmt: skip


def test_a_decided_receipt_stays_as_it_is(batch, money_desk) -> None:
    receipt = record(batch, money_desk.maker, paid=(1,))
    cash.decline(by=money_desk.checker, receipt=receipt, reason="签名不清楚")
    for change in (
        lambda: CashReceipt.objects.filter(pk=receipt.pk).update(state="proposed"),
        lambda: receipt.lines.update(is_paid=False),
        lambda: receipt.lines.all()._raw_delete("default"),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    with pytest.raises(Stale):
        cash.confirm(by=money_desk.checker, receipt=receipt)
    again = record(batch, money_desk.maker, paid=(1, 2, 3))
    cash.confirm(by=money_desk.checker, receipt=again)
    assert payouts.states(batch) == ["paid"] * 3


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({}, "no_lines"),
        ({"paid": (1, 2), "unpaid": (2,)}, "both"),
        ({"paid": (3, 4)}, "not_on_list"),
        ({"paid": (1,), "paid_on": timezone.localdate().replace(year=2020)}, "day"),
    ],
)
def test_what_cannot_be_is_refused(batch, money_desk, values, code) -> None:
    with pytest.raises(Refused) as caught:
        record(batch, money_desk.maker, **values)
    assert caught.value.code == code
    assert not CashReceipt.objects.exists()


def test_a_line_waits_in_one_receipt_and_ends_once(batch, money_desk) -> None:
    first = record(batch, money_desk.maker, paid=(1, 2))
    with pytest.raises(Refused) as caught:
        record(batch, money_desk.checker, paid=(2, 3))
    assert caught.value.code == "one_waits"
    cash.confirm(by=money_desk.checker, receipt=first)
    with pytest.raises(Refused) as caught:
        record(batch, money_desk.maker, paid=(2, 3))
    assert caught.value.code == "not_possible"


def test_of_what_nobody_tells_becomes_unknown_and_a_receipt_still_ends_it(
    batch, money_desk
) -> None:
    type(batch.programme).objects.update(answer_minutes=0)
    assert results.note_silence() == 3
    assert payouts.states(batch) == ["unknown"] * 3
    cash.confirm(
        by=money_desk.checker, receipt=record(batch, money_desk.maker, paid=(1, 2), unpaid=(3,))
    )
    assert payouts.states(batch) == ["paid", "paid", "failed"]


def test_who_is_called_otherwise_now_is_left_out_and_gets_another_account(
    people, money_desk
) -> None:
    programme = payouts.programme(channel="cash", people=3)
    entitlements.evaluate(programme)
    assert PayeeAccount.objects.filter(kind="cash").count() == 3
    person = people[0].person
    person.name = "张三丰"
    person.save()
    entitlements.evaluate(programme)
    mine = PayeeAccount.objects.filter(kind="cash", person=person).order_by("created_at")
    assert list(mine.values_list("holder_name", "state")) == [
        ("张三", "closed"), ("张三丰", "active"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "lines"),
    [("1-3, 7", {1, 2, 3, 7}), ("1 - 3；5、9", {1, 2, 3, 5, 9}), ("2至4", {2, 3, 4}), ("", set())],
)
def test_lines_are_read_as_people_write_them(text, lines) -> None:
    assert LinesField(required=False).clean(text) == lines


@pytest.mark.parametrize("text", ["3-1", "0", "a", "1-9999999", "1.5", "-3"])
def test_what_is_no_line_is_said(text) -> None:
    with pytest.raises(Exception, match="is no line"):
        LinesField(required=False).clean(text)


def test_the_pages_from_the_release_to_the_second_person(people, money_desk, client_for) -> None:
    programme = payouts.programme(channel="cash", people=3)
    batch = payouts.released(programme, maker=money_desk.maker, checker=money_desk.checker)
    maker, checker = client_for(money_desk.maker), client_for(money_desk.checker)
    home = f"/desk/batches/{batch.pk}/"
    assert maker.get(f"{home}pay-list/").url == home  # nothing to print before it is taken
    assert maker.post(f"{home}pay-list/").url == f"{home}pay-list/"
    page = maker.get(f"{home}pay-list/")
    assert all(name in page.text for name in NAMES)
    assert people[0].person.id_number not in page.text
    assert RevealEvent.objects.filter(reason="pay list").count() == 1
    form = {"form_id": str(uuid4()), "paid": "1-2", "unpaid": "2", "paid_on": "2020-01-01",
            "scan": SimpleUploadedFile("s.pdf", members.PDF)}  # fmt: skip
    wrong = maker.post(f"{home}receipts/new/", form)
    assert (wrong.status_code, "1-2" in wrong.text) == (400, True)
    form |= {"unpaid": "3", "paid_on": f"{timezone.localdate():%Y-%m-%d}",
             "scan": SimpleUploadedFile("s.pdf", members.PDF)}  # fmt: skip
    assert maker.post(f"{home}receipts/new/", form).url == home
    receipt = CashReceipt.objects.get()
    confirm = f"/desk/batches/receipts/{receipt.pk}/confirm/"
    assert confirm not in maker.get(home).text
    assert confirm in checker.get(home).text
    assert checker.post(f"/desk/batches/receipts/{receipt.pk}/scan/").status_code == 200
    assert checker.post(confirm).url == home
    assert payouts.states(batch) == ["paid", "paid", "failed"]
    line = batch.lines.get(seq=1)
    told = checker.get(f"/desk/batches/lines/{line.pk}/").text
    assert money_desk.maker.display_name in told
