"""Accounts by one administrator, roles by another."""

from __future__ import annotations

import re

import pytest

from tests.factories.members import id_number
from unionportal.core.actions import accounts
from unionportal.core.errors import Refused
from unionportal.core.models import AuditEvent, Grant, User


def test_new_account_has_a_password_shown_once_and_no_right(system_admin, client_for):
    client = client_for(system_admin)
    form = {"username": "li", "display_name": "Li", "id_number": id_number(), "form_id": "one"}
    response = client.post("/desk/accounts/new/", form, follow=True)
    password = re.search(r"shown once: (\w{16})", response.content.decode())[1]
    user = User.objects.get(username="li")
    assert user.check_password(password) is True
    assert user.grants_today() == []
    assert AuditEvent.objects.filter(verb="account.create", target_id=str(user.pk)).count() == 1
    assert "shown once" not in client.get("/desk/accounts/").content.decode()


def test_double_click_makes_one_account(system_admin, client_for):
    client = client_for(system_admin)
    form = {"username": "li", "display_name": "Li", "id_number": id_number(), "form_id": "one"}
    answers = [client.post("/desk/accounts/new/", form) for _click in range(2)]
    assert [(a.status_code, a["Location"]) for a in answers] == [(302, "/desk/accounts/")] * 2
    assert User.objects.filter(username="li").count() == 1


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("username", "system_admin", "This user name is taken"),
        ("id_number", "490103200002291052", "last digit"),
        ("id_number", "", "ID number"),
    ],
)
def test_wrong_field_is_explained_and_what_was_typed_is_kept(
    system_admin, client_for, field, value, message
):
    form = {"username": "li", "display_name": "Li Kept", "id_number": id_number(), "form_id": "x"}
    response = client_for(system_admin).post("/desk/accounts/new/", {**form, field: value})
    page = response.content.decode()
    assert message in page
    assert "Li Kept" in page
    assert User.objects.filter(username="li").count() == 0


def test_security_administrator_gives_and_ends_a_role(
    security_admin, make_user, client_for, district
):
    user = make_user("newcomer")
    client = client_for(security_admin)
    form = {
        "role": "field_officer",
        "unit": district.unit_a.pk,
        "started_on": "2026-01-01",
        "form_id": "g",
    }
    assert client.post(f"/desk/grants/{user.pk}/new/", form).status_code == 302
    grant = Grant.objects.get(user=user)
    assert (grant.role, grant.unit_id, grant.granted_by) == (
        "field_officer",
        district.unit_a.pk,
        security_admin,
    )
    assert client.post(f"/desk/grants/{grant.pk}/end/").status_code == 302
    assert User.objects.get(pk=user.pk).grants_today() == []
    assert client.post(f"/desk/grants/{grant.pk}/end/").status_code == 409


def test_second_exclusive_role_is_refused_with_words(
    security_admin, finance_maker, client_for, district
):
    form = {
        "role": "finance_checker",
        "unit": district.unit.pk,
        "started_on": "2026-01-01",
        "form_id": "g",
    }
    page = client_for(security_admin).post(f"/desk/grants/{finance_maker.pk}/new/", form)
    assert "five different people" in page.content.decode()
    assert Grant.objects.filter(user=finance_maker).count() == 1


def test_nobody_gives_a_role_to_the_own_person(security_admin, make_user, district):
    twin = make_user("twin", person="security_admin")
    with pytest.raises(Refused, match="himself or herself"):
        accounts.give_role(by=security_admin, user=twin, role="field_officer", unit=district.unit,
                           started_on=Grant.objects.first().started_on, ended_on=None)  # fmt: skip


def test_closed_account_is_out_at_the_next_click(system_admin, field_officer, client_for):
    inside = client_for(field_officer)
    assert inside.get("/desk/roles/").status_code == 200
    client_for(system_admin).post(f"/desk/accounts/{field_officer.pk}/close/")
    assert inside.get("/desk/roles/").status_code == 302


def test_nobody_closes_the_own_account(system_admin, client_for):
    response = client_for(system_admin).post(f"/desk/accounts/{system_admin.pk}/close/")
    assert response.status_code == 400
    assert User.objects.get(pk=system_admin.pk).is_active is True


def test_staff_without_second_factor_is_sent_to_set_it_up(field_officer, client):
    client.force_login(field_officer)
    assert client.get("/desk/")["Location"] == "/accounts/2fa/totp/activate/"
    assert client.get("/api/v1/figures/").json()["code"] == "second_factor"


def test_sign_up_is_closed(db, client):
    assert client.get("/accounts/signup/").status_code in (200, 404)
    client.post("/accounts/signup/", {"username": "intruder", "password1": "correct horse b"})
    assert User.objects.count() == 0
