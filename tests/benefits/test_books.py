"""The books read from the top down: every fen from its budget to the bank's own line."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from python_calamine import CalamineWorkbook

from benefits import liveness, proofs, statement_files
from benefits.actions import books
from benefits.models import Account, BooksCheck, PayoutBatch, Posting, RecordLine
from benefits.queries.books import proof_rows, unproven
from tests.benefits.test_daily_match import eight, statement, truth  # noqa: F401 - a fixture
from tests.factories import payouts
from unionportal.core import files, jobs
from unionportal.core.models import AuditEvent, Job


@pytest.fixture
def shown(eight) -> PayoutBatch:  # noqa: F811
    """The statement of today has all but two of the seven paid."""
    payouts.receive(statement(truth(eight)[:5]), f"S_{timezone.localdate():%Y%m%d}.txt")
    return eight


@pytest.fixture
def reader(client_for, auditor):
    return client_for(auditor)


def account(pot: str) -> Account:
    return Account.objects.get(pot=pot)


# ---- from the budget to the bank's line --------------------------------------------------------


def test_each_line_has_its_proof(shown) -> None:
    lines = list(shown.lines.select_related("file").order_by("seq"))
    rows = proof_rows(lines)
    assert [one.kind for one in rows] == ["statement"] * 5 + ["answer"] * 2 + [""]
    assert [one.said.outcome for one in rows] == ["success"] * 7 + ["failure"]
    assert [len(one.records) for one in rows] == [1] * 5 + [0] * 3
    assert list(unproven(shown.lines.all()).order_by("seq").values_list("seq", flat=True)) == [6, 7]


def test_another_amount_or_a_line_too_many_is_no_proof(eight) -> None:  # noqa: F811
    first, second, *_rest = truth(eight)
    rows = [{**first, "fen": 4_999}, second, {**second, "serial": "B9999"}]
    payouts.receive(statement(rows), f"S_{timezone.localdate():%Y%m%d}.txt")
    kinds = [one.kind for one in proof_rows(list(eight.lines.order_by("seq")[:3]))]
    assert kinds == ["differs", "differs", "answer"]


def test_pages_lead_from_the_budget_to_the_statement(reader, shown) -> None:
    budget = f"/desk/ledger/budgets/{shown.programme.budget_id}/"
    assert f'href="{budget}"' in reader.get("/desk/ledger/").text
    page = reader.get(budget).text
    assert page.count('data-holds="yes"') == 5
    assert 'data-holds="no"' not in page
    proof = f"/desk/ledger/lists/{shown.pk}/"
    assert f'href="{proof}"' in page
    page = reader.get(proof).text
    assert 'data-unproven="2"' in page
    assert page.count('data-proof="statement"') == 5
    assert page.count('data-proof="answer"') == 2
    line = shown.lines.get(seq=1)
    assert f"/desk/batches/lines/{line.pk}/" in page
    page = reader.get(f"/desk/batches/lines/{line.pk}/").text
    record = RecordLine.objects.get(order_no=line.order_no)
    assert 'data-proof="statement"' in page
    assert f"/desk/matches/{record.record_id}/" in page
    assert record.serial in page
    assert shown.file.name in page


def test_only_what_no_statement_shows(reader, shown) -> None:
    page = reader.get(f"/desk/ledger/lists/{shown.pk}/?show=unproven").text
    assert (page.count('data-proof="answer"'), page.count('data-proof="statement"')) == (2, 0)


def test_sum_that_does_not_repeat_is_shown(reader, shown) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        shown.lines.filter(seq=1).update(state="unknown")
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
    page = reader.get(f"/desk/ledger/budgets/{shown.programme.budget_id}/").text
    assert page.count('data-holds="no"') == 2  # with the bank, and paid
    shown.lines.filter(seq=1).update(state="paid")


@pytest.mark.parametrize("part", ["budgets/{budget}", "lists/{batch}", "accounts/{account}"])
def test_pages_cost_the_same_for_one_and_many(
    reader, shown, money_desk, django_assert_max_num_queries, part
) -> None:
    names = {"budget": shown.programme.budget_id, "batch": shown.pk, "account": account("paid").pk}
    url = f"/desk/ledger/{part.format(**names)}/"
    reader.get(url)
    with django_assert_max_num_queries(40) as few:
        reader.get(url)
    payouts.entitled_member(money_desk.unit)
    payouts.answer(
        payouts.released(shown.programme, maker=money_desk.maker, checker=money_desk.checker)
    )
    with django_assert_max_num_queries(len(few.captured_queries)):
        assert reader.get(url).status_code == 200


# ---- statements --------------------------------------------------------------------------------


def balances(page: str) -> list[int]:
    return [int(fen) for fen in re.findall(r'data-balance="(-?\d+)"', page)][1:]


def test_each_balance_follows_from_the_one_before(reader, shown) -> None:
    paid = account("paid")
    page = reader.get(f"/desk/ledger/accounts/{paid.pk}/").text
    assert balances(page) == [5_000 * n for n in range(7, 0, -1)]
    first = reader.get(f"/desk/ledger/accounts/{paid.pk}/?size=3").text
    cursor = re.search(r"after=([\w%.:-]+)", first)[1]
    second = reader.get(f"/desk/ledger/accounts/{paid.pk}/?size=3&after={cursor}").text
    assert balances(first) + balances(second) == [5_000 * n for n in range(7, 1, -1)]


def test_statement_of_some_days_keeps_its_balances(reader, shown) -> None:
    paid = account("paid")
    rows = list(Posting.objects.filter(account=paid).order_by("pk"))
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        Posting.objects.filter(pk__lte=rows[2].pk).update(
            posted_at=timezone.now() - timedelta(days=2)
        )
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
    today = timezone.localdate()
    url = f"/desk/ledger/accounts/{paid.pk}/"
    page = reader.get(f"{url}?day_from={today}&day_to={today}").text
    assert balances(page) == [35_000, 30_000, 25_000, 20_000]
    page = reader.get(f"{url}?day_to={today - timedelta(days=1)}").text
    assert balances(page) == [15_000, 10_000, 5_000]
    assert balances(reader.get(f"{url}?day_from={today + timedelta(days=1)}").text) == []
    assert reader.get(f"{url}?day_from=2026-02-30").status_code == 400
    assert reader.get(f"{url}?day_from=2026-02-02&day_to=2026-02-01").status_code == 400


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_statement_is_taken_out_oldest_first(reader, shown, kind) -> None:
    response = reader.post(f"/desk/ledger/accounts/{account('in_flight').pk}/file/",
                           {"format": kind})  # fmt: skip
    rows = READ[kind](response.content)
    amounts = [(one[6], one[7], one[8]) for one in rows[1:]]
    into = [(50.0, None, 50.0 * n) for n in range(1, 9)]
    out = [(None, 50.0, 400.0 - 50.0 * n) for n in range(1, 9)]
    assert amounts == into + out
    assert rows[1][3:5] == [shown.number, 1]
    event = AuditEvent.objects.get(verb="account.export")
    assert event.data == {"rows": 16, "days": ["", ""], "kind": kind}


def _csv(content: bytes) -> list[list]:
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    number = lambda text: float(text) if text else None  # noqa: E731
    return [rows[0]] + [
        [*one[:4], int(one[4]), one[5], *map(number, one[6:9]), one[9]] for one in rows[1:]
    ]


def _xlsx(content: bytes) -> list[list]:
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0)
    return [[None if cell == "" else cell for cell in one] for one in sheet.to_python()]


READ = {"csv": _csv, "xlsx": _xlsx}


def test_long_statement_is_written_by_a_job(reader, shown, monkeypatch) -> None:
    monkeypatch.setattr(statement_files, "AT_ONCE", 3)
    url = f"/desk/ledger/accounts/{account('paid').pk}/file/"
    response = reader.post(url, {"format": "csv"})
    job = Job.objects.get(kind=statement_files.JOB)
    assert response.url == f"/desk/jobs/{job.pk}/"
    assert jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.done, job.total) == ("done", 7, 7)
    content = reader.post(f"/desk/jobs/{job.pk}/download/").content
    assert content == b"".join(files.open_blocks(job.result))
    assert [one[8] for one in _csv(content)[1:]] == [50.0 * n for n in range(1, 8)]


def test_statement_of_nothing_is_refused_in_words(reader, shown) -> None:
    url = f"/desk/ledger/accounts/{account('paid').pk}/file/"
    data = {"format": "csv", "day_from": "2020-01-01", "day_to": "2020-01-01"}
    assert "Nothing was posted in these days" in reader.post(url, data, follow=True).text
    assert reader.post(url, {"format": "exe"}, follow=True).status_code == 200
    assert not AuditEvent.objects.filter(verb="account.export").exists()


# ---- comparing ---------------------------------------------------------------------------------

BROKEN = {
    "large_list_without_second_checker":
        "UPDATE benefits_programme SET second_approval_fen = 1",
    "budget_raised_by_one_person":
        "UPDATE benefits_posting SET kind = 'grant', account_id = (SELECT id FROM benefits_account"
        " WHERE pot = 'funds') WHERE id = (SELECT max(id) FROM benefits_posting"
        " WHERE amount_fen < 0)",
    "line_left_before_it_was_written_down":
        "UPDATE benefits_payoutline SET sent_at = sending_at - interval '1 second' WHERE seq = 1",
    "line_at_the_bank_without_file_or_order":
        "UPDATE benefits_payoutline SET state = 'unknown', file_id = NULL,"
        " file_seq = NULL WHERE seq = 1",
    "evidence_without_its_hash": "UPDATE benefits_lineevidence SET content_hash = ''",
    "right_differs_from_terms": "UPDATE benefits_entitlement SET amount_fen = amount_fen + 1",
    "line_differs_from_right": "UPDATE benefits_payoutline SET amount_fen = 1 WHERE seq = 1",
    "payoutline_moved_without_log":
        "DELETE FROM core_auditevent WHERE target_type = 'benefits.payoutline'",
    "payoutbatch_moved_without_log":
        "UPDATE core_auditevent SET to_state = '' WHERE target_type = 'benefits.payoutbatch'",
    "entitlement_moved_without_log":
        "UPDATE core_auditevent SET target_id = '1' WHERE target_type = 'benefits.entitlement'",
    "programme_moved_without_log":
        "DELETE FROM core_auditevent WHERE target_type = 'benefits.programme'",
}  # fmt: skip


@pytest.mark.parametrize("code", BROKEN)
def test_each_rule_finds_what_breaks_it(paid_three, code) -> None:
    payouts.answer(paid_three.batch)
    assert proofs.check() == []
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(BROKEN[code])
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
    assert code in {one.code for one in proofs.check()}


def test_order_number_that_left_twice_is_found(paid_three) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("DROP INDEX line_order_no_once")
        cursor.execute("UPDATE benefits_payoutline SET order_no = repeat('A', 32)")
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
    assert [one.found for one in proofs.check() if one.code == "order_number_left_twice"] == ["3"]


@pytest.mark.parametrize(
    ("code", "statement"),
    [("file_not_sent", "UPDATE benefits_bankfile SET state = 'ready', created_at = {old}"),
     ("silence_not_noted", "UPDATE benefits_payoutline SET sent_at = {old}"),
     ("batch_not_closed",
      "UPDATE benefits_payoutline SET state = 'paid', settled_at = {old}")],
)  # fmt: skip
def test_what_should_have_moved_is_stuck(paid_three, code, statement) -> None:
    assert liveness.stuck() == []
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE benefits_programme SET answer_minutes = 0")
        cursor.execute(statement.format(old="now() - interval '6 minutes'"))
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
    assert {one.code for one in liveness.stuck()} == {code}


def test_comparison_is_kept_and_a_difference_wakes_somebody(reader, paid_three) -> None:
    reader.post("/desk/ledger/check/")
    jobs.run(Job.objects.get(kind=books.JOB).pk)
    first = BooksCheck.objects.get()
    assert (first.differences, first.asked_by.username) == (0, "auditor")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE benefits_account SET balance_fen = 1 WHERE pot = 'free'")
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
    found = books.check()
    assert (found.differences, len(found.found)) == (2, 2)
    alert = AuditEvent.objects.get(verb="alert.books_differ")
    assert alert.target_id == str(found.pk)
    page = reader.get("/desk/ledger/").text
    assert 'data-differences="2"' in page
    assert "balance_differs_from_postings" in page


def test_every_rule_is_a_statement_of_its_own() -> None:
    assert len(proofs.CHECKS) >= 25
    assert not set(proofs.CHECKS) & set(liveness.RULES)
