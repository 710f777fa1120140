"""Portal, channel and bank statement of a day: every seeded difference is listed, and no other."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.utils import timezone

from benefits import ledger
from benefits.actions import bankfiles, matching
from benefits.models import BankFile, DayRecord, Difference, PayoutBatch, Posting, RecordLine
from benefits.queries.matching import sides
from tests.factories import members, payouts
from unionportal.core.actors import BANK
from unionportal.core.errors import NotAllowed, Refused
from unionportal.core.models import AuditEvent, Job
from unionportal.core.money import yuan_text

pytestmark = pytest.mark.usefixtures("_books_agree")
Row = dict[str, Any]


@pytest.fixture
def eight(money_desk) -> PayoutBatch:
    """A batch of eight people; the bank paid all but the last."""
    for _n in range(8):
        payouts.entitled_member(money_desk.unit)
    programme = payouts.programme()
    batch = payouts.released(programme, maker=money_desk.maker, checker=money_desk.checker)
    payouts.answer(batch, failed={8: ("0014", "户名不符")})
    return batch


def truth(batch: PayoutBatch) -> list[Row]:
    """Return what an honest statement of today says about a batch."""
    lines = batch.lines.filter(state="paid").order_by("seq")
    return [row(f"B{line.seq:04d}", line.order_no) for line in lines]


def row(serial: str, order_no: str, fen: int = 5_000, way: str = "D") -> Row:
    return {"serial": serial, "way": way, "fen": fen, "order_no": order_no}


def statement(rows: list[Row], *, days_ago: int = 0) -> bytes:
    day = f"{timezone.localdate() - timedelta(days=days_ago):%Y%m%d}"
    out = sum(one["fen"] for one in rows if one["way"] == "D")
    back = sum(one["fen"] for one in rows if one["way"] == "C")
    lines = [["H", f"S{day}", day, "9000.00", yuan_text(900_000 - out + back), str(len(rows))]]
    lines += [
        ["E", f"{seq:06d}", f"{day}103015", one["serial"], one["way"], yuan_text(one["fen"]),
         one["order_no"], "代发"]
        for seq, one in enumerate(rows, start=1)
    ]  # fmt: skip
    lines.append(["T", str(len(rows)), yuan_text(out), yuan_text(back)])
    return "".join("|".join(line) + "\r\n" for line in lines).encode("gbk")


def load(rows: list[Row], **when: int) -> DayRecord:
    """Take in a statement and match it, as the worker does."""
    receipt = bankfiles.receive(content=statement(rows, **when), name="S.txt", by=BANK)
    assert receipt.file.state == "applied"
    record = DayRecord.objects.get(file=receipt.file)
    matching.match(record)
    return record


def listed(record: DayRecord) -> set[tuple[str, str]]:
    rows = Difference.objects.filter(record=record).waiting()
    return set(rows.values_list("kind", "key"))


def test_honest_statement_has_no_difference(eight) -> None:
    record = load(truth(eight))
    assert listed(record) == set()
    assert [(side.count, side.fen) for side in sides(record)] == [
        (7, 35_000), (7, 35_000), (7, 35_000), (0, 0),
    ]  # fmt: skip
    assert Job.objects.get(kind="benefits.match").subject_id == record.pk


def seeded(batch: PayoutBatch) -> tuple[list[Row], set[tuple[str, str]]]:
    """Return a statement with one difference of each kind in it, and what they are."""
    rows = truth(batch)
    failed = batch.lines.get(seq=8)
    gone = rows.pop(0)
    rows[0]["fen"] = 4_999
    rows.append(row("B9001", rows[1]["order_no"]))  # paid twice
    rows.append(row("T0001", rows[2]["order_no"], way="C"))  # came back
    rows.append(row("B9002", failed.order_no))  # failed here, paid there
    rows.append(row("B9003", "A" * 32))
    rows.append(row("B9004", ""))
    return rows, {
        ("missing_at_bank", gone["order_no"]), ("other_amount", rows[0]["serial"]),
        ("twice", "B9001"), ("return_unrecorded", "T0001"), ("missing_here", "B9002"),
        ("unattributed", "B9003"), ("unattributed", "B9004"),
    }  # fmt: skip


def test_differences_listed_are_the_differences_seeded(eight) -> None:
    rows, wanted = seeded(eight)
    record = load(rows)
    assert listed(record) == wanted
    before = list(Difference.objects.order_by("pk").values("pk", "kind", "key", "state"))
    postings = Posting.objects.count()
    for _time in range(2):
        matching.match(record)
    after = list(Difference.objects.order_by("pk").values("pk", "kind", "key", "state"))
    assert (after, Posting.objects.count()) == (before, postings)


def test_match_of_a_day_is_a_few_statements(eight, django_assert_max_num_queries) -> None:
    record = load(truth(eight))
    with django_assert_max_num_queries(16):
        matching.match(record)


def test_payment_on_yesterdays_statement_explains_itself(eight) -> None:
    rows = truth(eight)
    today = load(rows[1:])
    assert listed(today) == {("missing_at_bank", rows[0]["order_no"])}
    yesterday = load(rows[:1], days_ago=1)
    matching.match(today)
    assert (listed(today), listed(yesterday)) == (set(), set())
    assert Difference.objects.get().state == "gone"


def test_answer_that_comes_after_the_statement_explains_it(money_desk) -> None:
    payouts.entitled_member(money_desk.unit)
    batch = payouts.released(
        payouts.programme(), maker=money_desk.maker, checker=money_desk.checker
    )
    line = batch.lines.get()
    record = load([row("B0001", line.order_no)])
    assert listed(record) == {("missing_here", "B0001")}
    payouts.answer(batch)
    matching.match(record)
    assert listed(record) == set()


def test_double_payment_that_came_back_is_none(eight) -> None:
    rows = truth(eight)
    rows += [row("B9001", rows[0]["order_no"]), row("T0001", rows[0]["order_no"], way="C")]
    assert listed(load(rows)) == set()


@pytest.fixture
def returned(eight) -> Difference:
    """A payment that the statement shows as come back."""
    rows = truth(eight)
    load([*rows, row("T0001", rows[0]["order_no"], way="C")])
    return Difference.objects.get(kind="return_unrecorded")


def test_two_people_take_a_return_as_evidence(money_desk, eight, returned) -> None:
    matching.propose(by=money_desk.maker, difference=returned, note="On the statement")
    with pytest.raises(NotAllowed):
        matching.confirm(by=money_desk.maker, difference=returned)
    matching.confirm(by=money_desk.checker, difference=returned)
    line = eight.lines.get(seq=1)
    assert (line.state, line.entitlement.state) == ("returned", "reserved")
    assert line.evidence.get(source="statement").outcome == "returned"
    kinds = list(line.postings.filter(amount_fen__gt=0).order_by("pk").values_list("kind"))
    assert kinds == [("send",), ("pay",), ("return",)]
    matching.match(returned.record)
    returned.refresh_from_db()
    assert (returned.state, listed(returned.record)) == ("resolved", set())


def test_returned_payment_is_paid_again_to_another_account_only(
    money_desk, eight, returned
) -> None:
    matching.propose(by=money_desk.maker, difference=returned, note="On the statement")
    matching.confirm(by=money_desk.checker, difference=returned)
    line = eight.lines.get(seq=1)
    eight.lines.get(seq=8).entitlement.person.payee_accounts.update(state="closed")
    with pytest.raises(Refused, match="Nobody can be paid now"):
        payouts.batches.build(by=money_desk.maker, programme=eight.programme)
    corrected = payouts.account(line.entitlement.membership)
    second = payouts.released(eight.programme, maker=money_desk.maker, checker=money_desk.checker)
    assert [(one.attempt, one.payee_account_id) for one in second.lines.all()] == [
        (2, corrected.pk)
    ]
    payouts.answer(second)
    assert ledger.balances(eight.programme.budget)["paid"] == 35_000


def test_what_the_statement_cannot_settle_needs_a_document(money_desk, eight) -> None:
    rows = truth(eight)
    load([*rows, row("B9003", "A" * 32)])
    difference = Difference.objects.get()
    with pytest.raises(Refused, match="Add the document"):
        matching.propose(by=money_desk.maker, difference=difference, note="Bank's own mistake")
    matching.propose(
        by=money_desk.maker, difference=difference, note="Bank's own mistake",
        document=members.scan(),
    )  # fmt: skip
    matching.decline(by=money_desk.checker, difference=difference, reason="Not readable")
    difference.refresh_from_db()
    assert (difference.state, difference.document) == ("open", None)


def test_database_refuses_a_difference_one_person_resolved(money_desk, eight) -> None:
    load([*truth(eight), row("B9003", "A" * 32)])
    maker = money_desk.maker
    twice = {"proposed_key": maker.person_key, "decided_key": maker.person_key,
             "proposed_by": maker, "decided_by": maker}  # fmt: skip
    with pytest.raises(IntegrityError, match="resolved_by_two"), transaction.atomic():
        Difference.objects.update(state="resolved", document=members.scan(), **twice)


def spoil(find: bytes, put: bytes):
    return lambda content: content.replace(find, put, 1)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (spoil(b"|D|50.00", b"|D|60.00"), "total"),
        (spoil(b"|D|50.00", b"|X|50.00"), "status"),
        (spoil(b"9000.00", b"9000.01"), "total"),
        (spoil(b"103015", b"993015"), "time"),
        (spoil(b"B0002", b"B0001"), "serial_twice"),
        (lambda content: content[: len(content) // 2], "cut"),
    ],
)
def test_statement_that_is_not_whole_is_set_apart(eight, change, code) -> None:
    content = change(statement(truth(eight)))
    receipt = bankfiles.receive(content=content, name="S.txt", by=BANK)
    assert receipt.file.state == "quarantined"
    assert code in {problem["code"] for problem in receipt.file.problems}
    assert not RecordLine.objects.exists()


def test_another_statement_of_a_day_is_set_apart(eight) -> None:
    rows = truth(eight)
    load(rows)
    receipt = bankfiles.receive(content=statement(rows[1:]), name="S.txt", by=BANK)
    assert [problem["code"] for problem in receipt.file.problems] == ["day_known"]


def test_statement_that_goes_on_adds_its_rest(eight) -> None:
    rows = truth(eight)
    record = load(rows[:5])
    assert len(listed(record)) == 2
    receipt = bankfiles.receive(content=statement(rows), name="S.txt", by=BANK)
    assert receipt.file.state == "applied"
    matching.match(record)
    record.refresh_from_db()
    assert (listed(record), record.out_count, record.out_fen) == (set(), 7, 35_000)


def test_pages_bring_a_statement_and_resolve_a_difference(money_desk, eight, client_for) -> None:
    maker, checker = client_for(money_desk.maker), client_for(money_desk.checker)
    rows = truth(eight)
    content = statement([*rows, row("T0001", rows[0]["order_no"], way="C")])
    upload = SimpleUploadedFile("S.txt", content)
    assert maker.post("/desk/matches/", {"form_id": uuid4(), "file": upload}).status_code == 302
    file = BankFile.objects.get(kind="statement")
    assert (file.state, DayRecord.objects.count()) == ("held", 0)
    assert "A second person must confirm it." in checker.get("/desk/matches/").text
    assert checker.post(f"/desk/batches/files/{file.pk}/confirm/").status_code == 302
    record = DayRecord.objects.get()
    matching.match(record)
    assert 'data-differences="1"' in checker.get(f"/desk/matches/{record.pk}/").text
    difference = Difference.objects.get()
    url = f"/desk/matches/differences/{difference.pk}/"
    assert maker.post(url, {"form_id": uuid4(), "note": ""}).status_code == 400
    assert maker.post(url, {"form_id": uuid4(), "note": "对账单上有退票"}).status_code == 302
    assert maker.post(f"{url}confirm/").status_code == 403
    assert checker.post(f"{url}confirm/").status_code == 302
    assert payouts.states(eight)[0] == "returned"
    page = checker.get(f"/desk/batches/lines/{eight.lines.get(seq=1).pk}/").text
    assert page.index("Evidence: Came back") < page.index("Evidence: Paid")
    assert AuditEvent.objects.filter(verb="difference.confirm").count() == 1
