"""Transfers, certificates and papers in the REST API: scope, once, what may be known."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest

from members.actions import applications
from members.certificates import actions as certificates
from members.models import ApplicationFile, Transfer
from members.transfers import actions
from tests.factories import members as make
from unionportal.core.actors import SYSTEM

pytestmark = pytest.mark.django_db
ROOT = "/api/v1"


def post(client, path, body, key=None):
    return client.post(
        f"{ROOT}/{path}", json.dumps(body), content_type="application/json",
        headers={"Idempotency-Key": key or str(uuid4())},
    )  # fmt: skip


@pytest.fixture
def member(district):
    return make.membership(district.firm_a)


@pytest.fixture
def body(member, district):
    person = member.person
    return {"name": person.name, "id_number": person.id_number, "unit": str(district.firm_b.pk)}


def test_a_member_is_asked_for_once_and_the_old_union_answers(
    body, member, district, client_for, subdistrict_officer, neighbour_officer
):
    new, old = client_for(neighbour_officer), client_for(subdistrict_officer)
    first, second = (post(new, "transfers/", body, key="one") for _time in range(2))
    assert (first.status_code, first.json()) == (201, second.json())
    made = Transfer.objects.get()
    assert (first.json()["from_unit"], first.json()["membership"]) == (None, None)
    assert body["id_number"] not in first.content.decode()

    actions.answer_by_link(token=made.token, agrees=True)
    assert post(new, f"transfers/{made.pk}/accept/", {}).status_code == 403
    seen = old.get(f"{ROOT}/transfers/", {"state": "consented"}).json()["results"]
    assert [row["from_unit"] for row in seen] == [str(district.firm_a.pk)]
    done = post(old, f"transfers/{made.pk}/accept/", {}).json()
    assert (done["state"], done["membership"]) == ("done", str(member.pk))
    assert post(old, f"transfers/{made.pk}/accept/", {}).status_code == 409
    after = new.get(f"{ROOT}/transfers/{made.pk}/").json()
    assert after["from_unit"] == str(district.firm_a.pk)


def test_who_cannot_be_asked_for_gets_one_answer(body, client_for, neighbour_officer):
    answers = [
        post(client_for(neighbour_officer), "transfers/", {**body, **change})
        for change in ({"name": "李大海"}, {"id_number": make.id_number(8_888)})
    ]
    told = [{**one.json(), "request_id": "", "instance": ""} for one in answers]
    assert [one.status_code for one in answers] == [400, 400]
    assert told[0] == told[1]


@pytest.mark.parametrize("change", [{"extra": 1}, {"unit": "x"}, {"id_number": 490100}])
def test_a_wrong_body_is_refused(change, body, client_for, neighbour_officer):
    client = client_for(neighbour_officer)
    assert post(client, "transfers/", {**body, **change}).status_code == 400
    assert not Transfer.objects.exists()


def test_a_refusal_needs_its_reason(body, client_for, subdistrict_officer, neighbour_officer):
    post(client_for(neighbour_officer), "transfers/", body)
    made = Transfer.objects.get()
    actions.answer_by_link(token=made.token, agrees=True)
    old = client_for(subdistrict_officer)
    assert post(old, f"transfers/{made.pk}/refuse/", {}).status_code == 400
    answer = post(old, f"transfers/{made.pk}/refuse/", {"reason": "未离职"})
    assert (answer.status_code, answer.json()["answer"]) == (200, "未离职")


def test_a_withdrawn_certificate_has_no_address(member, client_for, subdistrict_officer):
    client = client_for(subdistrict_officer)
    [row] = client.get(f"{ROOT}/certificates/").json()["results"]
    assert row["verify_url"].endswith(f"/verify/{member.certificate.token}/")
    certificates.revoke(by=SYSTEM, membership=member, reason="遗失")
    row = client.get(f"{ROOT}/certificates/{member.pk}/").json()
    assert (row["verify_url"], row["revoked_at"] is None) == (None, False)


def test_an_application_names_its_papers_and_is_sent_in_again(
    district, client_for, subdistrict_officer
):
    made = make.application(district.firm_a)
    ApplicationFile.objects.create(application=made, kind="photo", file=make.picture())
    client = client_for(subdistrict_officer)
    shown = client.get(f"{ROOT}/applications/{made.pk}/").json()
    assert [one["kind"] for one in shown["files"]] == ["photo"]
    assert post(client, f"applications/{made.pk}/resubmit/", {}).status_code == 409
    applications.return_(by=subdistrict_officer, application=made, reason="缺签名")
    again = post(client, f"applications/{made.pk}/resubmit/", {})
    assert (again.status_code, again.json()["state"]) == (200, "submitted")
