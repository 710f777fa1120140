"""Steps and record of a member through the API; the pool's way out."""

from __future__ import annotations

import pytest
from django.urls import reverse

from members.actions import records
from members.models import Membership, StatusChange
from tests.factories import members as make
from unionportal.core.actors import SYSTEM

pytestmark = pytest.mark.django_db


def post(client, member, verb, data, key="k1"):
    return client.post(
        f"/api/v1/members/{member.pk}/{verb}/", data, content_type="application/json",
        headers={"Idempotency-Key": key},
    )  # fmt: skip


def test_a_step_is_taken_once_per_key(district, subdistrict_officer, client_for):
    client, member = client_for(subdistrict_officer), make.membership(district.firm_a)
    body = {"day": "2026-03-09", "reason_code": "army"}
    first, again = post(client, member, "retain", body), post(client, member, "retain", body)
    other = post(client, member, "retain", body, key="k2")
    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 409)
    assert first.json() == again.json()
    assert first.json()["state"] == "retained"
    assert StatusChange.objects.count() == 1


@pytest.mark.parametrize(
    ("verb", "data", "status"),
    [
        ("retain", {"day": "2026-03-09"}, 400),
        ("retain", {"day": "2026-03-09", "reason_code": "x"}, 400),
        ("resign", {"day": "2026-03-09"}, 400),
        ("resign", {"day": "2199-03-09", "reason": "x"}, 400),
        ("resign", {"day": "2026-03-09", "reason": "x", "colour": 1}, 400),
        ("resign", {"day": "2026-03-09", "reason": "x", "state": "retained"}, 409),
        ("reclassify", {"day": "2026-03-09", "group": "NOPE"}, 400),
        ("reclassify", {"day": "2026-03-09", "group": "TRUCK_DRIVER"}, 400),
        ("expel", {"day": "2026-03-09", "reason": "x"}, 404),
        ("record-death", {"day": "2026-03-09"}, 201),
        ("reclassify", {"day": "2026-03-09", "group": "FOOD_RIDER"}, 201),
    ],
)
def test_a_step_answers_plainly(verb, data, status, district, subdistrict_officer, client_for):
    member = make.membership(district.firm_a)
    assert post(client_for(subdistrict_officer), member, verb, data).status_code == status


def test_a_neighbour_and_a_field_officer_take_no_step(
    district, neighbour_officer, field_officer, client_for
):
    member = make.membership(district.firm_a)
    data = {"day": "2026-03-09", "reason": "x"}
    assert post(client_for(neighbour_officer), member, "resign", data).status_code == 404
    assert post(client_for(field_officer), member, "resign", data).status_code == 403


def test_the_record_is_cut_to_the_role(district, subdistrict_officer, field_officer, client_for):
    member = make.membership(district.firm_a)
    records.edit(membership=member, by=SYSTEM, values={
        "ethnicity": "03", "education": "20", "residence_text": "示例路1号", "occupation": "装卸工",
    })  # fmt: skip
    url = f"/api/v1/members/{member.pk}/"
    full = client_for(subdistrict_officer).get(url).json()
    cut = client_for(field_officer).get(url).json()
    listed = client_for(field_officer).get("/api/v1/members/").json()["results"][0]

    assert (full["record"]["ethnicity"], full["record"]["residence_text"]) == ("03", "示例路1号")
    assert cut["record"]["education"] == "20"
    assert not {"ethnicity", "political_affiliation", "residence_text"} & set(cut["record"])
    assert not {"id_number", "phone"} & set(full["record"])
    assert member.person.id_number not in str(full)
    assert listed["occupation"] == "装卸工"
    assert "record" not in listed


def test_the_pool_lists_who_waits_and_lets_them_out(
    district, subdistrict_officer, field_officer, neighbour_officer, client_for
):
    waiting = make.membership(district.pool_a)
    make.membership(district.firm_a)
    url = reverse("members:holding-pool")
    client = client_for(subdistrict_officer)
    data = {"ids": [waiting.pk], "unit": district.firm_a.pk, "day": "2026-03-09",
            "form_id": "0192f0a0-0000-7000-8000-000000000001"}  # fmt: skip

    assert [row.pk for row in client.get(url).context["page"].rows] == [waiting.pk]
    assert client_for(neighbour_officer).get(url).context["page"].rows == []
    assert client_for(field_officer).post(url, data).status_code == 403
    assert client.post(url, {**data, "ids": []}).status_code == 400
    assert client.post(url, {**data, "unit": district.pool_a.pk}).status_code == 400
    assert client.post(url, {**data, "form_id": data["form_id"][:-1] + "2"}).status_code == 302
    assert Membership.objects.get(pk=waiting.pk).unit == district.firm_a
    assert client.get(url).context["page"].rows == []
