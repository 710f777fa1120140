"""Cards on the desk, the member page, the phone and the API: who sees what, masked, bounded."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from benefits.actions import cardfiles
from benefits.models import BankFile, MemberCard
from benefits.queries.cards import work_waiting
from benefits.states.cards import Transport
from tests.factories import benefits as bank
from tests.factories import members as make
from unionportal.core.models import RevealEvent

pytestmark = pytest.mark.django_db

LIST, FILES = "/desk/cards/", "/desk/card-files/"
REQUEST, UPLOAD = "/desk/card-files/request/", "/desk/card-files/upload/"
SEES = {"subdistrict_officer", "district_officer", "finance_maker", "finance_checker", "auditor"}
ROLES = [*sorted(SEES), "field_officer", "system_admin", "security_admin"]


def page(response, status: int = 200) -> str:
    assert response.status_code == status
    return response.content.decode()


def upload(client, content: bytes, name: str = "CI.txt", **extra):
    file = SimpleUploadedFile(name, content, content_type="text/plain")
    return client.post(UPLOAD, {"file": file}, follow=True, **extra)


@pytest.fixture
def card(district) -> MemberCard:
    return bank.waiting_card(district.firm_a, name="单小芳")


@pytest.fixture
def keeper(client_for, district_officer):
    """The district officer, who keeps the cards."""
    return client_for(district_officer)


@pytest.mark.parametrize("role", ROLES)
def test_roles_see_card_pages_or_not(role, request, client_for, card, district_officer) -> None:
    file = bank.request(district_officer)
    client = client_for(request.getfixturevalue(role))
    for url in (LIST, f"{LIST}{card.pk}/", FILES):
        assert client.get(url).status_code == (200 if role in SEES else 403)
    district_wide = SEES - {"subdistrict_officer"}
    status = 200 if role in district_wide else 404 if role in SEES else 403
    assert client.get(f"{FILES}{file.pk}/").status_code == status


@pytest.mark.parametrize("role", [role for role in ROLES if role != "district_officer"])
def test_only_the_district_officer_keeps_cards(role, request, client_for, card) -> None:
    client = client_for(request.getfixturevalue(role))
    steps = [f"{LIST}{card.pk}/{verb}/" for verb in ("hand_out", "close", "report_lost")]
    for url in (*steps, REQUEST, UPLOAD):
        assert client.post(url, {"reason": "x"}).status_code == 403
    assert MemberCard.objects.get().state == "requested"


def test_neighbour_finds_nothing(client_for, card, neighbour_officer) -> None:
    client = client_for(neighbour_officer)
    assert "单小芳" not in page(client.get(LIST))
    page(client.get(f"{LIST}{card.pk}/"), 404)


def test_list_shows_state_and_masked_number(
    client_for, district, district_officer, auditor
) -> None:
    made = bank.issued_card(district.firm_a, district_officer, name="单小芳")
    bank.waiting_card(district.firm_a, name="李四")
    text = page(client_for(auditor).get(LIST))
    assert "单小芳" in text
    assert "李四" in text
    assert made.card_no not in text
    assert made.card_no[-4:] in text
    only = page(client_for(auditor).get(LIST, {"state": "issued"}))
    assert ("单小芳" in only, "李四" in only) == (True, False)


def test_search_finds_by_name_tail_and_file(keeper, district, district_officer) -> None:
    made = bank.issued_card(district.firm_a, district_officer, name="单小芳")
    bank.waiting_card(district.firm_a, name="李四")

    def found(**query) -> list[str]:
        return [row.person.name for row in keeper.get(LIST, query).context["page"].rows]

    assert found(q="单") == ["单小芳"]
    assert found(q=made.card_tail) == ["单小芳"]
    assert found(file=str(made.request_file_id)) == ["单小芳"]
    assert found(q="没有") == []
    assert found(q="李四", state="issued") == []


@pytest.mark.parametrize("query", [{"state": "x"}, {"file": "1"}, {"q": "x" * 51}])
def test_search_that_makes_no_sense_is_told(keeper, card, query) -> None:
    assert "单小芳" not in page(keeper.get(LIST, query), 400)


def test_full_number_in_the_address_is_refused(keeper, card) -> None:
    text = page(keeper.get(LIST, {"q": "6222000000000000017"}), 400)
    assert "Search by the last four digits" in text
    assert 'value="6222000000000000017"' not in text


def statements(client, url: str) -> int:
    client.get(url)
    with CaptureQueriesContext(connection) as captured:
        page(client.get(url))
    for query in captured:
        for secret in ('"card_no"', '"id_number"', '"phone"', '"benefits_payeeaccount"."number"'):
            assert secret not in query["sql"].split(" FROM ")[0]
    return len(captured)


@pytest.mark.parametrize("url", [LIST, FILES, "/api/v1/cards/"])
def test_lists_take_as_many_statements_for_more_rows(
    url, keeper, district, district_officer
) -> None:
    bank.issued_card(district.firm_a, district_officer)
    one = statements(keeper, url)
    for _n in range(2):
        bank.issued_card(district.firm_b, district_officer)
    assert statements(keeper, url) == one


def test_card_page_tells_what_happened(keeper, district, district_officer) -> None:
    made = bank.issued_card(district.firm_a, district_officer)
    bank.activate(made.card_no)
    text = page(keeper.get(f"{LIST}{made.pk}/"))
    for words in ("Card requested", "Request sent to the bank", "Card made by the bank",
                  "Card activated", f"CI_{made.request_file.number}.txt"):  # fmt: skip
        assert words in text
    assert made.card_no not in text
    assert f'data-object-id="{made.pk}"' in text
    assert 'data-state="activated"' in text


def test_steps_are_done_from_the_card_page(keeper, district, district_officer) -> None:
    made = bank.issued_card(district.firm_a, district_officer)
    text = page(keeper.post(f"{LIST}{made.pk}/hand_out/", follow=True))
    assert "The card is now: Handed out" in text
    text = page(keeper.post(f"{LIST}{made.pk}/report_lost/", {"reason": " "}), 400)
    assert "Report it lost" in text
    text = page(keeper.post(f"{LIST}{made.pk}/report_lost/", {"reason": "lost"}, follow=True))
    assert "The card is now: Lost" in text
    assert bank.states() == ["lost", "requested"]


def test_step_that_came_too_late_keeps_the_reason_typed(keeper, district, district_officer) -> None:
    made = bank.issued_card(district.firm_a, district_officer)
    url = f"{LIST}{made.pk}/report_lost/"
    page(keeper.post(url, {"reason": "lost"}, follow=True))
    text = page(keeper.post(url, {"reason": "left on a bus"}), 409)
    assert "it is now “Lost”" in text
    assert "left on a bus" in text
    page(keeper.post(f"{LIST}{made.pk}/hand_out/"), 409)


def test_step_nobody_knows_is_refused(keeper, card) -> None:
    page(keeper.post(f"{LIST}{card.pk}/activate/", {"reason": "x"}), 400)
    assert MemberCard.objects.get().state == "requested"


def test_get_does_no_step(keeper, card) -> None:
    assert keeper.get(f"{LIST}{card.pk}/close/").status_code == 405
    assert keeper.get(REQUEST).status_code == 405


def test_double_click_builds_one_file(keeper, card) -> None:
    urls = {keeper.post(REQUEST, {"form_id": "a1"}).url for _n in range(2)}
    file = BankFile.objects.get()
    assert urls == {reverse("benefits:cardfile-detail", args=[file.pk])}
    assert f"{file.name} is built with 1 card" in page(keeper.get(urls.pop()))


def test_request_with_nothing_to_ask_is_refused(keeper, district) -> None:
    text = page(keeper.post(REQUEST, {"form_id": "a1"}), 400)
    assert "No card waits to be requested." in text


def test_request_can_be_carried_by_hand(keeper, card, district_officer) -> None:
    text = page(keeper.post(REQUEST, {"form_id": "a1", "transport": "manual"}, follow=True))
    file = BankFile.objects.get()
    assert "Download the file" in text

    answer = keeper.post(f"{FILES}{file.pk}/download/")
    assert answer["Content-Disposition"] == f'attachment; filename="{file.name}"'
    assert "no-store" in answer["Cache-Control"]
    assert card.person.id_number.encode() in answer.content
    assert RevealEvent.objects.get().row_count == 1

    text = page(keeper.post(f"{FILES}{file.pk}/handover/", follow=True))
    assert f"{file.name} is with the bank." in text
    assert bank.states() == ["sent_to_bank"]


def test_folder_request_is_not_downloaded(keeper, card, district_officer) -> None:
    file = cardfiles.build_request(by=district_officer)
    assert "Download the file" not in page(keeper.get(f"{FILES}{file.pk}/"))
    page(keeper.post(f"{FILES}{file.pk}/download/"), 400)
    assert not RevealEvent.objects.exists()


def test_answer_uploaded_by_hand_is_applied_once(keeper, card, district_officer) -> None:
    content = bank.answer_bytes(bank.request(district_officer, transport=Transport.MANUAL))
    assert "The file is applied." in page(upload(keeper, content))
    assert bank.states() == ["issued"]
    assert "This file came before. Nothing was changed." in page(upload(keeper, content))
    row = BankFile.objects.get(direction="in")
    assert (row.transport, row.repeats, row.created_by) == ("manual", 1, district_officer)


def test_uploaded_file_with_problems_shows_each_line(keeper, card, district_officer) -> None:
    number = bank.request(district_officer).number
    rows = [bank.issued(number, 7, "6222000000000000017"), bank.rejected(number, 8)]
    text = page(upload(keeper, bank.framed(number, rows)))
    assert "Nothing of this file was applied." in text
    assert text.count("No line of this number was sent") == 2
    assert "6222000000000000017" not in text
    assert 'data-state="quarantined"' in text
    assert bank.states() == ["sent_to_bank"]


@pytest.mark.parametrize("content", [b"", None])
def test_upload_of_nothing_is_told_at_the_field(keeper, card, content) -> None:
    if content is None:
        text = page(keeper.post(UPLOAD, {}), 400)
    else:
        text = page(upload(keeper, content), 400)
    assert 'id="id_file_error"' in text
    assert not BankFile.objects.exists()


def test_set_apart_file_is_read_again_or_put_aside(keeper, card, district_officer) -> None:
    upload(keeper, b"hello")
    file = BankFile.objects.get()
    here = f"{FILES}{file.pk}/"
    assert "This is none of the files we know" in page(keeper.get(here))
    assert work_waiting(district_officer) == 2
    page(keeper.post(f"{here}again/", follow=True))
    page(keeper.post(f"{here}ignore/", {"reason": ""}), 400)
    text = page(keeper.post(f"{here}ignore/", {"reason": "not ours"}, follow=True))
    assert "CI.txt is not used." in text
    assert BankFile.objects.get().state == "ignored"
    assert work_waiting(district_officer) == 1
    text = page(keeper.post(f"{here}ignore/", {"reason": "once more"}), 409)
    assert "it is now “Not used”" in text


def test_money_files_are_not_card_files(keeper, district) -> None:
    file = BankFile.objects.create(
        direction="in", kind="payout_result", name="R.txt", sha256="0" * 64, state="quarantined"
    )
    assert "R.txt" not in page(keeper.get(FILES))
    page(keeper.get(f"{FILES}{file.pk}/"), 404)


def test_names_the_file_cannot_carry_are_listed(keeper, district, client_for, auditor) -> None:
    rare = bank.waiting_card(district.firm_a, name="䶮雨")
    bank.waiting_card(district.firm_a, name="李四")
    text = page(keeper.get(FILES))
    assert "Request 1 card" in text
    assert f"{LIST}{rare.pk}/" in text
    assert "䶮雨" in text
    assert "李四" not in text


def test_member_page_has_the_card(client_for, card, subdistrict_officer, field_officer) -> None:
    url = reverse("members:member-detail", args=[card.membership_id])
    text = page(client_for(subdistrict_officer).get(url))
    assert f"{LIST}{card.pk}/" in text
    assert "Requested" in text
    assert f"{LIST}{card.pk}/" not in page(client_for(field_officer).get(url))


def test_member_without_card_says_so(client_for, district, subdistrict_officer) -> None:
    membership = make.membership(district.firm_a)
    MemberCard.objects.update(
        state="closed", membership=bank.waiting_card(district.firm_a).membership
    )
    url = reverse("members:member-detail", args=[membership.pk])
    assert "No card was asked for." in page(client_for(subdistrict_officer).get(url))


def test_api_is_masked_and_scoped(
    client_for, district, district_officer, subdistrict_officer, neighbour_officer, field_officer
) -> None:
    made = bank.issued_card(district.firm_a, district_officer)
    url = "/api/v1/cards/"
    answer = client_for(subdistrict_officer).get(url)
    [row] = answer.json()["results"]
    assert made.card_no not in answer.content.decode()
    assert (row["id"], row["state"], row["card_tail"]) == (str(made.pk), "issued", made.card_tail)
    assert row["member"] == str(made.membership_id)
    assert set(row) == {
        "id", "member", "state", "card_tail", "refusal_code", "requested_at", "sent_at",
        "issued_at", "handed_out_at", "activated_at", "closed_at",
    }  # fmt: skip
    neighbour = client_for(neighbour_officer)
    assert neighbour.get(url).json()["results"] == []
    assert neighbour.get(f"{url}{made.pk}/").status_code == 404
    assert client_for(field_officer).get(url).status_code == 403


def test_api_filters_by_state_and_member(keeper, district, district_officer) -> None:
    made = bank.issued_card(district.firm_a, district_officer)
    other = bank.waiting_card(district.firm_a)

    def ids(**query) -> list[str]:
        return [row["id"] for row in keeper.get("/api/v1/cards/", query).json()["results"]]

    assert ids(state="issued") == [str(made.pk)]
    assert ids(member=str(other.membership_id)) == [str(other.pk)]
    assert keeper.get("/api/v1/cards/", {"colour": "red"}).status_code == 400


def test_pages_speak_chinese(client_for, card, district_officer) -> None:
    client = client_for(district_officer, "zh-hans")
    for url in (LIST, f"{LIST}{card.pk}/", FILES):
        assert "会员卡" in page(client.get(url))
