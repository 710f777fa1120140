"""The members app's REST routes: masked, scoped, strict."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from members.actions import memberships
from members.actions.unit_changes import Paper, close_unit
from members.models import Application, UnionUnit, UnitFeed
from tests.factories import members as make
from unionportal.core import figures
from unionportal.core.actors import SYSTEM
from unionportal.core.errors import Refused

pytestmark = pytest.mark.django_db
ROUTES = ["areas", "units", "employers", "members", "applications"]


def body(firm, **fields):
    return {
        "name": "张小明",
        "id_number": make.id_number(),
        "phone": make.phone_number(),
        "group": "PARCEL_COURIER",
        "unit": str(firm.pk),
        **fields,
    }


def send(client, data, key=None):
    return client.post(
        "/api/v1/applications/",
        data,
        content_type="application/json",
        headers={"Idempotency-Key": key or str(uuid4())},
    )


@pytest.mark.parametrize("route", ROUTES)
def test_a_list_is_scoped_and_costs_the_same_for_more_rows(
    route, district, subdistrict_officer, client_for
):
    client = client_for(subdistrict_officer)

    def fill(firm, area):
        make.membership(firm)
        make.application(firm)
        make.employer(area)

    def cost():
        client.get(f"/api/v1/{route}/")
        with CaptureQueriesContext(connection) as seen:
            answer = client.get(f"/api/v1/{route}/")
        return len(seen), len(answer.json()["results"])

    fill(district.firm_a, district.area_a)
    queries, rows = cost()
    fill(district.firm_b, district.area_b)
    assert cost() == (queries, rows)
    fill(district.firm_a, district.area_a)
    assert cost()[0] == queries


def test_members_are_masked(district, subdistrict_officer, client_for):
    member = make.membership(district.firm_a)
    text = client_for(subdistrict_officer).get(f"/api/v1/members/{member.pk}/").content.decode()
    assert member.person.id_number not in text
    assert member.person.phone not in text
    assert member.person.id_masked in text


@pytest.mark.parametrize("route", ["members", "applications", "units", "employers"])
def test_a_neighbours_row_is_404(route, district, neighbour_officer, client_for):
    row = {
        "members": make.membership(district.firm_a),
        "applications": make.application(district.firm_a),
        "units": district.firm_a,
        "employers": make.employer(district.area_a),
    }[route]
    answer = client_for(neighbour_officer).get(f"/api/v1/{route}/{row.pk}/")
    assert answer.status_code == 404


@pytest.mark.parametrize(
    "query",
    ["nope=1", "page_size=1000000000", "state=x", "unit=1", "ordering=person__name", "group=X"],
)
def test_an_unknown_or_broken_parameter_is_400(query, district, subdistrict_officer, client_for):
    answer = client_for(subdistrict_officer).get(f"/api/v1/members/?{query}")
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [query.split("=")[0]]


def test_an_application_is_made_once_per_key(district, field_officer, client_for):
    client, data, key = client_for(field_officer), body(district.firm_a), str(uuid4())

    first, again = send(client, data, key), send(client, data, key)
    other = send(client, {**data, "name": "李四"}, key)

    row = Application.objects.get()
    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 422)
    assert first.json() == again.json()
    assert first.json()["id"] == str(row.pk)
    assert (row.confirmation, row.source) == ("none", "form")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"nickname": "x"}, "nickname"),
        ({"id_number": "123"}, "id_number"),
        ({"phone": "1"}, "phone"),
        ({"unit": str(uuid4())}, "unit"),
        ({"group": "X"}, "group"),
        ({"name": None}, "name"),
        ({"phone_is_verified": True}, "phone_is_verified"),
        ({"confirmation": "self"}, "confirmation"),
    ],
)
def test_a_bad_application_names_the_field(change, field, district, field_officer, client_for):
    answer = send(client_for(field_officer), body(district.firm_a, **change))
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]
    assert Application.objects.count() == 0


def test_the_key_is_required_and_an_auditor_may_not_post(
    district, field_officer, auditor, client_for
):
    answer = client_for(field_officer).post(
        "/api/v1/applications/", body(district.firm_a), content_type="application/json"
    )
    assert answer.status_code == 400
    assert send(client_for(auditor), body(district.firm_a)).status_code == 403


def test_every_figure_of_the_app_computes_with_its_base(district, district_officer):
    employer = make.employer(district.area_a, covered_by=district.firm_a, headcount=40)
    first = make.membership(district.firm_a, employer=employer, phone_is_verified=True)
    make.membership(district.firm_a, employer=employer, confirmation="none")
    day = first.joined_on

    def value(name):
        found = figures.figure(name).compute(district_officer, day)
        return found.numerator, found.denominator, found.missing

    assert value("recorded") == (2, None, 0)
    assert value("qualified") == (1, 2, 0)
    assert value("reported") == (0, None, 3)
    assert value("new-this-month") == (2, None, 0)
    assert value("membership-rate") == (2, 40, 0)
    assert value("unionisation-rate") == (1, 1, 0)


def test_a_units_bodies_papers_and_health_are_read(district, subdistrict_officer, client_for):
    client = client_for(subdistrict_officer)
    committee = make.committee(district.firm_a)
    certificate = make.legal_certificate(district.firm_a)
    make.committee(district.firm_b)
    [row] = client.get("/api/v1/committees/?in_office=true").json()["results"]
    assert (row["id"], row["due_on"], row["seats"][0]["name"]) == (
        str(committee.pk), "2028-03-01", "张主席"
    )  # fmt: skip
    [paper] = client.get(f"/api/v1/legal-certificates/?unit={district.firm_a.pk}").json()["results"]
    assert (paper["credit_code"], paper["valid_to"]) == (certificate.credit_code, "2028-03-01")
    health = client.get(f"/api/v1/units/{district.firm_a.pk}/health/").json()
    assert (health["members"], health["elected_on"], health["due_on"]) == (
        0, "2025-03-01", "2028-03-01"
    )  # fmt: skip
    [placed] = client.get(f"/api/v1/units/{district.firm_a.pk}/placements/").json()
    assert placed == {
        "parent": str(district.unit_a.pk), "started_on": "2020-01-01", "ended_on": None,
        "reason": "",
    }  # fmt: skip
    close_unit(by=SYSTEM, unit=district.firm_a, paper=Paper(reason="the firm ended"))
    [change] = client.get("/api/v1/unit-changes/").json()["results"]
    assert (change["unit"], change["kind"]) == (str(district.firm_a.pk), "close")


def test_a_head_offices_system_sends_its_number_once(
    district, district_officer, subdistrict_officer, client_for
):
    head = make.unit(name="示例速递集团总部工会", is_external=True)
    client = client_for(district_officer)

    def feed(key, **fields):
        data = {"unit": str(head.pk), "as_of": "2026-05-31", "members": 1204, **fields}
        return client.post(
            "/api/v1/external-members/", data, content_type="application/json",
            headers={"Idempotency-Key": key},
        )  # fmt: skip

    first, again = feed("a"), feed("a")
    assert (first.status_code, again.json()) == (201, first.json())
    assert UnitFeed.objects.count() == 1
    assert feed("b", as_of="2026-04-30", members=1100).status_code == 201
    head.refresh_from_db()
    assert (head.reported_members, str(head.reported_on)) == (1204, "2026-05-31")
    assert feed("c", women=1205).status_code == 400
    assert feed("d", as_of="2999-01-01").status_code == 400
    assert feed("e", unit=str(district.firm_a.pk)).json()["code"] == "not_external"
    assert feed("f", extra=1).status_code == 400
    assert client_for(subdistrict_officer).get("/api/v1/external-members/").json()["results"] == []


def test_members_of_a_fed_unit_are_not_written_here(district, district_officer):
    member = make.membership(district.firm_a)
    UnionUnit.objects.filter(pk=district.firm_a.pk).update(is_external=True)
    with pytest.raises(Refused) as refusal:
        memberships.close(membership=member, verb="move_away", by=district_officer)
    assert refusal.value.code == "unit_is_fed"
