"""Accounts typed at the desk: two people, a day of rest, a text that can stop it."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import DatabaseError, transaction
from django.test import Client
from django.utils import timezone

from benefits.actions import accounts, batches
from benefits.models import PayeeAccount
from benefits.queries.waiting import waiting
from members.models import Person
from tests.factories import payouts
from unionportal.core.errors import NotAllowed, Refused, Stale
from unionportal.core.models import OutboxMessage

pytestmark = pytest.mark.django_db
DAY = timedelta(hours=24)


@pytest.fixture
def member(district):
    return payouts.entitled_member(district.firm_a, name="张三")


@pytest.fixture
def typed(member, subdistrict_officer) -> PayeeAccount:
    return payouts.typed_account(member.person, by=subdistrict_officer)


def tails(at=None) -> list[str]:
    return list(PayeeAccount.objects.usable(at).values_list("number_tail", flat=True))


def test_typed_account_waits_and_the_old_one_counts(typed) -> None:
    assert typed.state == "held"
    assert typed.number_tail not in tails()
    assert len(tails()) == 1


def test_confirmed_account_rests_a_day_in_which_no_money_goes_anywhere(
    typed, district_officer
) -> None:
    accounts.confirm(by=district_officer, account=typed)
    assert typed.usable_from - typed.confirmed_at == DAY
    assert tails() == []
    assert tails(typed.usable_from - timedelta(seconds=1)) == []
    assert tails(typed.usable_from) == [typed.number_tail]


@pytest.mark.parametrize("column", ["confirmed_at", "usable_from"])
def test_day_cannot_be_shortened(typed, district_officer, column) -> None:
    accounts.confirm(by=district_officer, account=typed)
    earlier = getattr(typed, column) - timedelta(hours=1)
    rows = PayeeAccount.objects.filter(pk=typed.pk)
    with pytest.raises(DatabaseError, match="rest|account_typed"), transaction.atomic():
        rows.update(**{column: earlier})
    with pytest.raises(DatabaseError, match="day of rest begins"), transaction.atomic():
        rows.update(confirmed_at=typed.confirmed_at - 2 * DAY, usable_from=typed.confirmed_at - DAY)


def test_day_cannot_begin_before_the_confirmation(typed, district_officer) -> None:
    ago = timezone.now() - 2 * DAY
    with pytest.raises(DatabaseError, match="day of rest begins"), transaction.atomic():
        PayeeAccount.objects.filter(pk=typed.pk).update(
            state="active", confirmed_by=district_officer, confirmed_at=ago, usable_from=ago + DAY
        )


def test_who_typed_it_never_confirms_it(member, district_officer, make_user) -> None:
    account = payouts.typed_account(member.person, by=district_officer)
    with pytest.raises(NotAllowed):
        accounts.confirm(by=district_officer, account=account)
    twin = make_user("twin", "district_officer", person="district_officer")
    assert twin.person_key == district_officer.person_key
    with pytest.raises(NotAllowed):
        accounts.confirm(by=twin, account=account)
    now = timezone.now()
    with pytest.raises(DatabaseError, match="does not confirm it"), transaction.atomic():
        PayeeAccount.objects.filter(pk=account.pk).update(
            state="active", confirmed_by=twin, confirmed_at=now, usable_from=now + DAY
        )
    account.refresh_from_db()
    assert account.state == "held"


def test_number_of_an_account_never_changes(typed) -> None:
    with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
        PayeeAccount.objects.filter(pk=typed.pk).update(number_index=uuid4())


def test_known_card_is_refused(typed, member, district_officer) -> None:
    with pytest.raises(Refused, match="on file already"):
        accounts.enter(
            by=district_officer, person=member.person, number=typed.number, holder_name="张三"
        )


def test_notice_goes_to_the_phone_that_was_on_file(typed, member, district_officer) -> None:
    old = member.person.phone
    Person.objects.filter(pk=member.person_id).update(phone="13999999999")
    accounts.confirm(by=district_officer, account=typed)
    text = OutboxMessage.objects.filter(purpose="payee_account").get()
    assert text.phone == old
    assert f"/account/{typed.stop_token}/" in text.body
    assert typed.number not in text.body


def test_member_stops_it_and_the_old_account_counts_again(typed, district_officer) -> None:
    accounts.confirm(by=district_officer, account=typed)
    client, url = Client(headers={"accept-language": "en"}), f"/account/{typed.stop_token}/"
    response = client.get(url)
    page = response.text
    assert response.status_code == 200
    assert "Is this your card?" in page
    assert '张<span class="dots">*</span>' in page
    assert "张三" not in page
    assert typed.number not in page
    assert tails() == []
    assert "This account is stopped" in client.post(url).text
    assert "This account is stopped" in client.post(url).text
    assert len(tails()) == 1
    assert client.get("/account/nonsense/").status_code == 404


def test_change_before_the_release_drops_the_line_with_its_reason(
    member, subdistrict_officer, district_officer, finance_maker, finance_checker, district
) -> None:
    payouts.entitled_member(district.firm_a, name="李四")
    programme = payouts.programme()
    batch = batches.build(by=finance_maker, programme=programme)
    batches.submit(by=finance_maker, batch=batch)
    batches.approve(by=finance_checker, batch=batch)
    typed = payouts.typed_account(member.person, by=subdistrict_officer)
    accounts.confirm(by=district_officer, account=typed)
    batches.release(by=finance_checker, batch=batch)
    ended = dict(batch.lines.values_list("holder_name", "state"))
    assert ended == {"张三": "dropped", "李四": "sending"}
    assert batch.lines.get(state="dropped").reason == "account_changed"


def test_pages_type_and_confirm(
    client_for, member, subdistrict_officer, district_officer, neighbour_officer
) -> None:
    officer, chief = client_for(subdistrict_officer), client_for(district_officer)
    url = f"/desk/members/{member.pk}/account/"
    assert client_for(neighbour_officer).get(url).status_code == 404
    assert url in officer.get(f"/desk/members/{member.pk}/").text
    number = payouts.card_number()
    data = {"form_id": str(uuid4()), "number": number, "again": number, "holder_name": "张三"}
    wrong = officer.post(url, {**data, "again": payouts.card_number()})
    assert wrong.status_code == 400
    assert "The two numbers differ" in wrong.text
    assert number not in wrong.text
    assert officer.post(url, {**data, "number": "123", "again": "123"}).status_code == 400
    home = officer.post(url, {**data, "form_id": str(uuid4())}).url
    assert number not in officer.get(home).text
    assert "/confirm/" not in officer.get(home).text
    assert officer.post(f"{home}confirm/").status_code == 403
    assert [one.work.code for one in waiting(district_officer) if one.is_mine] == ["account"]
    assert "Confirmed. Money may go there" in chief.post(f"{home}confirm/", follow=True).text
    assert chief.post(f"{home}confirm/").status_code == 409
    assert "Rests for 24 hours" in chief.get("/desk/payee-accounts/").text
    assert "Closed." in chief.post(f"{home}close/", {"reason": "本人不认可"}, follow=True).text
    assert len(tails()) == 1


def test_closing_needs_a_reason_and_is_done_once(typed, district_officer) -> None:
    with pytest.raises(Refused):
        accounts.close(by=district_officer, account=typed, reason="")
    accounts.close(by=district_officer, account=typed, reason="本人不认可")
    with pytest.raises(Stale):
        accounts.confirm(by=district_officer, account=typed)
