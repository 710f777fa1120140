"""The pages of money, as the people of the desk use them."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction

from benefits.actions import bankfiles, books
from benefits.models import BankFile, LineSettlement, PayoutBatch, Programme
from tests.factories import members, payouts
from unionportal.core.actors import BANK
from unionportal.core.models import RevealEvent

FORM = {
    "code": "green-travel", "name_zh": "绿色出行补贴", "name_en": "Green travel subsidy",
    "amount": "50.00", "budget": "10,000", "groups": ["PARCEL_COURIER"],
    "cycle": "2026", "timing": "met_inside", "standings": "active", "needs_card": "on",
    "beneficiary": "person", "benefit": "cash", "window_from": "2026-01-01",
    "window_to": "2027-12-31", "notice_days": "0", "transport": "folder",
    "channel": "bank_file",
}  # fmt: skip


@pytest.fixture
def desk(client_for, money_desk, district_officer, auditor):
    """Clients by role."""
    return {
        "maker": client_for(money_desk.maker),
        "checker": client_for(money_desk.checker),
        "officer": client_for(district_officer),
        "auditor": client_for(auditor),
    }


def post(client, url, **data):
    return client.post(url, {"form_id": str(uuid4()), **data})


def test_programme_is_prepared_and_opened(desk, money_desk) -> None:
    payouts.entitled_member(money_desk.unit)
    response = post(desk["officer"], "/desk/programmes/new/", **FORM)
    programme = Programme.objects.get()
    assert response.url == f"/desk/programmes/{programme.pk}/"
    assert (programme.amount_fen, programme.budget.total_fen) == (5_000, 1_000_000)
    post(desk["officer"], f"/desk/programmes/{programme.pk}/open/")
    page = desk["officer"].get(response.url)
    assert page.status_code == 200
    assert 'data-object-kind="programme" data-state="open"' in page.text
    assert 'data-reserved-fen="5000"' in page.text


def test_programme_sent_twice_is_one(desk) -> None:
    data = {"form_id": str(uuid4()), **FORM}
    first, second = (desk["officer"].post("/desk/programmes/new/", data) for _n in range(2))
    assert first.url == second.url
    assert Programme.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"amount": "50.005"}, "Use at most two decimals"),
        ({"amount": "-1"}, "The amount cannot be below zero."),
        ({"amount": "0"}, "The amount must be above zero."),
        ({"amount": ""}, "Fill in “Amount for each (yuan)”"),
        ({"budget": "49.99"}, "The budget does not reach for one."),
        ({"window_to": "2025-12-31"}, "The last day is before the first day."),
        ({"standings": []}, "Membership"),
        ({"code": "no spaces!"}, "Enter a valid “slug”"),
        ({"summary": "a|b"}, "plain characters"),
        ({"notice_days": "400"}, "less than or equal to 30"),
    ],
)
def test_programme_says_what_is_wrong_and_keeps_the_rest(desk, change, message) -> None:
    response = post(desk["officer"], "/desk/programmes/new/", **{**FORM, **change})
    assert response.status_code == 400
    assert message in response.text
    assert 'value="Green travel subsidy"' in response.text
    assert not Programme.objects.exists()


def test_used_code_is_refused_beside_its_field(desk) -> None:
    payouts.programme(code="green-travel")
    response = post(desk["officer"], "/desk/programmes/new/", **FORM)
    assert response.status_code == 400
    assert "There is a programme with this code already." in response.text


def run_batch(desk, programme) -> PayoutBatch:
    post(desk["maker"], "/desk/batches/new/", programme=str(programme.pk))
    batch = PayoutBatch.objects.get()
    post(desk["maker"], f"/desk/batches/{batch.pk}/submit/")
    page = desk["checker"].get(f"/desk/batches/{batch.pk}/").text
    version = re.search(r'name="version" value="([0-9a-f]{64})"', page)[1]
    post(desk["checker"], f"/desk/batches/{batch.pk}/approve/", version=version)
    post(desk["checker"], f"/desk/batches/{batch.pk}/release/")
    batch.refresh_from_db()
    return batch


def test_two_people_bring_a_batch_to_the_bank_and_its_answer_back(desk, money_desk) -> None:
    for _n in range(2):
        payouts.entitled_member(money_desk.unit)
    programme = payouts.programme(transport="manual")
    batch = run_batch(desk, programme)
    assert batch.state == "released"
    download = post(desk["checker"], f"/desk/batches/{batch.pk}/download/")
    assert download["Content-Disposition"] == f'attachment; filename="{batch.number}.txt"'
    assert download.content.decode("gbk").count("\r\n") == 4
    event = RevealEvent.objects.get()
    assert (event.actor_id, event.row_count) == (money_desk.checker.pk, 2)
    post(desk["checker"], f"/desk/batches/{batch.pk}/handover/")
    content = payouts.result_file(
        batch.number, payouts.answers(batch, failed={1: ("0014", "户名不符")})
    )
    upload = SimpleUploadedFile("R.txt", content)
    answer = post(desk["checker"], f"/desk/batches/{batch.pk}/upload/", file=upload)
    assert answer.status_code == 302
    assert payouts.states(batch) == ["sent", "sent"]
    file = BankFile.objects.get(direction="in")
    assert file.state == "held"
    url = f"/desk/batches/files/{file.pk}/confirm/"
    assert post(desk["checker"], url).status_code == 403
    assert post(desk["maker"], url).status_code == 302
    assert payouts.states(batch) == ["failed", "paid"]
    page = desk["auditor"].get(f"/desk/batches/{batch.pk}/").text
    assert 'data-state="closed"' in page
    assert "The member corrects the account, then pay again" in page
    assert 'data-paid-fen="5000"' in page


def test_page_shows_both_people_and_the_sums(desk, paid_three) -> None:
    page = desk["auditor"].get(f"/desk/batches/{paid_three.batch.pk}/").text
    assert 'data-total-fen="15000"' in page
    assert "3 people × 50.00 yuan" in page
    steps = re.search(r'<ol class="up-steps">.*?</ol>', page, re.DOTALL)[0]
    assert steps.index("finance_maker") < steps.index("finance_checker")
    assert "3 lines to go" in steps


def test_maker_sees_no_approve_button_and_is_refused_by_address(desk, money_desk) -> None:
    payouts.entitled_member(money_desk.unit)
    programme = payouts.programme()
    post(desk["maker"], "/desk/batches/new/", programme=str(programme.pk))
    batch = PayoutBatch.objects.get()
    post(desk["maker"], f"/desk/batches/{batch.pk}/submit/")
    assert "approve/" not in desk["maker"].get(f"/desk/batches/{batch.pk}/").text
    response = post(desk["maker"], f"/desk/batches/{batch.pk}/approve/")
    assert response.status_code == 403
    batch.refresh_from_db()
    assert batch.state == "submitted"


def test_approving_a_list_seen_differently_is_a_conflict(desk, money_desk) -> None:
    payouts.entitled_member(money_desk.unit)
    programme = payouts.programme()
    post(desk["maker"], "/desk/batches/new/", programme=str(programme.pk))
    batch = PayoutBatch.objects.get()
    post(desk["maker"], f"/desk/batches/{batch.pk}/submit/")
    response = post(desk["checker"], f"/desk/batches/{batch.pk}/approve/", version="0" * 64)
    assert response.status_code == 409


def test_step_done_twice_is_a_conflict(desk, paid_three) -> None:
    response = post(desk["checker"], f"/desk/batches/{paid_three.batch.pk}/release/")
    assert response.status_code == 409


def test_batch_nobody_can_be_on_is_refused_with_a_message(desk) -> None:
    programme = payouts.programme()
    response = post(desk["maker"], "/desk/batches/new/", programme=str(programme.pk))
    assert response.url == f"/desk/programmes/{programme.pk}/"
    assert "Nobody can be paid now" in desk["maker"].get(response.url).text


@pytest.mark.parametrize("given", ["", "nonsense", "6f1c2f04-9d7e-4a39-8b7f-0f5f3a1c2d3e"])
def test_batch_of_no_programme_is_refused(desk, given) -> None:
    response = post(desk["maker"], "/desk/batches/new/", programme=given)
    assert response.status_code in {302, 404}
    assert not PayoutBatch.objects.exists()


@pytest.mark.parametrize("content", [b"", b"hello", b"H|CR1|20260101|1\r\n"])
def test_upload_of_something_else_is_refused_at_the_field(desk, paid_three, content) -> None:
    upload = SimpleUploadedFile("R.txt", content)
    response = post(desk["checker"], f"/desk/batches/{paid_three.batch.pk}/upload/", file=upload)
    assert response.status_code == 400
    assert "up-summary" in response.text


@pytest.fixture
def brought(desk, paid_three) -> BankFile:
    """An answer that the maker brought by hand."""
    content = payouts.result_file(paid_three.batch.number, payouts.answers(paid_three.batch))
    upload = SimpleUploadedFile("R.txt", content)
    page = post(desk["maker"], f"/desk/batches/{paid_three.batch.pk}/upload/", file=upload).url
    assert "A second person must confirm it." in desk["checker"].get(page).text
    return BankFile.objects.get(direction="in")


def test_answer_brought_by_hand_is_declined_with_a_reason(desk, paid_three, brought) -> None:
    url = f"/desk/batches/files/{brought.pk}/decline/"
    post(desk["checker"], url, reason="Not from the bank")
    brought.refresh_from_db()
    assert brought.state == "ignored"
    assert payouts.states(paid_three.batch) == ["sent"] * 3
    assert post(desk["checker"], f"/desk/batches/files/{brought.pk}/confirm/").status_code == 409


def test_the_banks_own_copy_needs_no_second_person(paid_three, brought) -> None:
    content = payouts.result_file(paid_three.batch.number, payouts.answers(paid_three.batch))
    assert bankfiles.receive(content=content, name="R.txt", by=BANK).is_repeat
    bankfiles.process_received()
    assert payouts.states(paid_three.batch) == ["paid"] * 3


def test_database_refuses_a_file_one_person_brought_alone(brought) -> None:
    with pytest.raises(IntegrityError, match="needs_two"), transaction.atomic():
        BankFile.objects.filter(pk=brought.pk).update(
            state="applied", confirmed_key=brought.brought_key
        )


def test_upload_that_does_not_fit_lists_every_line(desk, paid_three) -> None:
    rows = [{**row, "fen": 4_999} for row in payouts.answers(paid_three.batch)]
    upload = SimpleUploadedFile("R.txt", payouts.result_file(paid_three.batch.number, rows))
    response = post(desk["checker"], f"/desk/batches/{paid_three.batch.pk}/upload/", file=upload)
    page = desk["checker"].get(response.url).text
    assert page.count('data-problem="other_amount"') == 3
    assert payouts.states(paid_three.batch) == ["sent"] * 3


def test_unknown_line_is_settled_by_two_people_with_a_document(desk, paid_three) -> None:
    payouts.answer(paid_three.batch, failed={2: ("0099", "处理中")})
    line = paid_three.batch.lines.get(seq=2)
    url = f"/desk/batches/lines/{line.pk}/settle/"
    assert "处理中" in desk["maker"].get(url).text
    scan = SimpleUploadedFile("statement.pdf", members.PDF)
    response = post(
        desk["maker"], url, outcome="success", note="Statement of 22 November", document=scan
    )
    assert response.status_code == 302
    decision = LineSettlement.objects.get()
    confirm = f"/desk/batches/settlements/{decision.pk}/confirm/"
    assert post(desk["maker"], confirm).status_code == 403
    assert post(desk["checker"], confirm).status_code == 302
    line.refresh_from_db()
    assert (line.state, line.reason) == ("paid", "settled_by_hand")
    paid_three.batch.refresh_from_db()
    assert paid_three.batch.state == "closed"


def test_decision_is_declined_with_a_reason_only(desk, paid_three) -> None:
    payouts.answer(paid_three.batch, failed={2: ("0099", "处理中")})
    line = paid_three.batch.lines.get(seq=2)
    scan = SimpleUploadedFile("statement.pdf", members.PDF)
    post(desk["maker"], f"/desk/batches/lines/{line.pk}/settle/", outcome="failure",
         note="Statement shows nothing", document=scan)  # fmt: skip
    url = f"/desk/batches/settlements/{LineSettlement.objects.get().pk}/decline/"
    post(desk["checker"], url, reason="")
    assert LineSettlement.objects.get().state == "proposed"
    post(desk["checker"], url, reason="Wrong day")
    assert LineSettlement.objects.get().state == "declined"
    line.refresh_from_db()
    assert line.state == "unknown"


def test_settling_asks_for_a_document(desk, paid_three) -> None:
    payouts.answer(paid_three.batch, failed={2: ("0099", "处理中")})
    line = paid_three.batch.lines.get(seq=2)
    response = post(desk["maker"], f"/desk/batches/lines/{line.pk}/settle/", outcome="success",
                    note="Believe me")  # fmt: skip
    assert response.status_code == 400
    assert "Add the file" in response.text


@pytest.mark.parametrize(
    "url",
    ["/desk/programmes/", "/desk/entitlements/", "/desk/batches/", "/desk/ledger/",
     "/desk/batches/?state=closed", "/desk/entitlements/?state=paid"],
)  # fmt: skip
def test_lists_cost_the_same_for_one_and_three(
    desk, paid_three, url, django_assert_max_num_queries
) -> None:
    desk["auditor"].get(url)
    with django_assert_max_num_queries(40) as few:
        desk["auditor"].get(url)
    payouts.entitled_member(paid_three.unit, name="王五")
    payouts.released(paid_three.programme, maker=paid_three.maker, checker=paid_three.checker)
    with django_assert_max_num_queries(len(few.captured_queries)):
        assert desk["auditor"].get(url).status_code == 200


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_pages_open_in_both_languages(client_for, paid_three, auditor, language) -> None:
    client = client_for(auditor, language)
    batch, programme = paid_three.batch, paid_three.programme
    for url in ("/desk/programmes/", f"/desk/programmes/{programme.pk}/", "/desk/batches/",
                f"/desk/batches/{batch.pk}/", f"/desk/batches/{batch.pk}/?lines=all",
                "/desk/entitlements/", "/desk/ledger/"):  # fmt: skip
        response = client.get(url)
        assert response.status_code == 200
        assert "style=" not in response.text


def test_officer_of_a_subdistrict_sees_no_money(
    client_for, subdistrict_officer, paid_three
) -> None:
    client = client_for(subdistrict_officer)
    assert client.get("/desk/batches/").status_code == 403
    assert client.get(f"/desk/batches/{paid_three.batch.pk}/").status_code == 403


def test_district_officer_may_look_but_not_take_the_file(desk, paid_three) -> None:
    assert desk["officer"].get(f"/desk/batches/{paid_three.batch.pk}/").status_code == 200
    url = f"/desk/batches/{paid_three.batch.pk}/download/"
    assert post(desk["officer"], url).status_code == 403
    assert not RevealEvent.objects.exists()


def test_ledger_says_that_the_books_agree(desk, paid_three) -> None:
    assert 'data-differences=""' in desk["auditor"].get("/desk/ledger/").text
    books.check()
    assert 'data-differences="0"' in desk["auditor"].get("/desk/ledger/").text


def test_api_shows_programmes_and_batches_in_fen(desk, paid_three) -> None:
    payouts.answer(paid_three.batch, failed={1: ("0014", "户名不符")})
    (programme,) = desk["auditor"].get("/api/v1/programmes/").json()["results"]
    assert (programme["amount_fen"], programme["paid_fen"]) == (5_000, 10_000)
    url = f"/api/v1/batches/{paid_three.batch.pk}/"
    batch = desk["auditor"].get(url).json()
    assert batch["lines"] == {"paid": 2, "failed": 1, "unknown": 0, "waiting": 0, "left_out": 0}
    assert desk["auditor"].get("/api/v1/batches/?status=x").status_code == 400
    assert desk["auditor"].get("/api/v1/batches/?state=closed").json()["results"][0]["id"] == (
        str(paid_three.batch.pk)
    )
    assert desk["maker"].post(url).status_code == 405


def test_api_is_closed_to_who_sees_no_money(client_for, field_officer, paid_three) -> None:
    assert client_for(field_officer).get("/api/v1/batches/").status_code == 403


@pytest.mark.parametrize("kind", ["result", "refusal"])
def test_officer_of_cards_cannot_bring_a_file_that_decides_payments(desk, paid_three, kind) -> None:
    """A forged refusal would fail every line and make the people payable a second time."""
    number = paid_three.batch.number
    content = f"X|{number}|0031|总分不符\r\n".encode("gbk")
    if kind == "result":
        content = payouts.result_file(number, payouts.answers(paid_three.batch))
    upload = SimpleUploadedFile("R.txt", content)
    response = post(desk["officer"], "/desk/card-files/upload/", file=upload)
    assert response.status_code == 403
    assert "The maker or the checker uploads it." in response.text
    assert payouts.states(paid_three.batch) == ["sent"] * 3


def test_refusal_of_a_card_file_is_no_answer_about_payouts(desk, paid_three) -> None:
    upload = SimpleUploadedFile("X.txt", "X|CR20260101001|0032|格式错误\r\n".encode("gbk"))
    response = post(desk["checker"], f"/desk/batches/{paid_three.batch.pk}/upload/", file=upload)
    assert response.status_code == 400
