"""Firms, drivers and vehicles under a host's name; a platform's contractors."""

from __future__ import annotations

from datetime import date
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from members.actions import employer_links
from members.actions.employer_links import Guest
from members.models import EmployerLink
from tests.factories import members as make
from unionportal.core.errors import NotAllowed, Refused, Stale

pytestmark = pytest.mark.django_db
DAY = date(2024, 1, 1)


@pytest.fixture
def host(district):
    return make.employer(district.area_a, name="示例货运挂靠公司")


@pytest.fixture
def linked(host, field_officer):
    def link(kind="hosted", started_on=DAY, to=host, **guest):
        return employer_links.link(
            by=field_officer, host=to, kind=kind, guest=Guest(**guest), started_on=started_on
        )

    return link


def refused(call, *arguments, **more):
    with pytest.raises(Refused) as refusal:
        call(*arguments, **more)
    return refusal.value.code


def test_a_driver_and_the_vehicle_stand_under_the_host(linked, host, district):
    member = make.membership(district.firm_a)
    made = linked(membership=member, vehicle_plate="豫A12345")
    assert (made.host, made.membership, made.vehicle_plate) == (host, member, "豫A12345")
    assert EmployerLink.objects.filter(ended_on=None).count() == 1


def test_a_vehicle_has_one_host_at_a_time(linked, district, field_officer):
    first = linked(vehicle_plate="豫A12345")
    other = make.employer(district.area_a)
    assert refused(linked, to=other, vehicle_plate="豫A12345") == "linked"
    employer_links.end_link(by=field_officer, link=first, ended_on=date(2024, 6, 1), reason="sold")
    again = linked(to=other, vehicle_plate="豫A12345", started_on=date(2024, 6, 1))
    assert again.host == other
    with pytest.raises(IntegrityError, match="link_vehicle_one_host"), transaction.atomic():
        EmployerLink.objects.create(
            kind="hosted", host=other, vehicle_plate="豫A12345", started_on=date(2024, 7, 1)
        )


def test_only_a_platform_has_contractors(linked, host, district):
    firm = make.employer(district.area_b)
    assert refused(linked, kind="contractor", affiliate=firm) == "not_platform"
    host.is_platform_company = True
    host.save()
    assert refused(linked, kind="contractor", vehicle_plate="豫A12345") == "guest"
    assert linked(kind="contractor", affiliate=firm).affiliate == firm
    assert refused(linked, kind="contractor", affiliate=firm) == "linked"


def test_a_link_has_exactly_one_other_side(linked, host, district):
    firm = make.employer(district.area_a)
    assert refused(linked) == "guest"
    assert refused(linked, affiliate=firm, vehicle_plate="豫A12345") == "guest"
    assert refused(linked, affiliate=host) == "guest"
    with pytest.raises(IntegrityError, match="link_has_another_side"), transaction.atomic():
        EmployerLink.objects.create(kind="hosted", host=host, started_on=DAY)


def test_a_link_ends_once_and_by_whoever_may(linked, field_officer, neighbour_officer):
    made = linked(vehicle_plate="豫A12345")
    with pytest.raises(NotAllowed):
        employer_links.end_link(
            by=neighbour_officer, link=made, ended_on=date(2024, 2, 1), reason="x"
        )
    end = {"link": made, "by": field_officer, "reason": "x"}
    assert refused(employer_links.end_link, ended_on=DAY, **end) == "order"
    employer_links.end_link(ended_on=date(2024, 2, 1), **end)
    with pytest.raises(Stale):
        employer_links.end_link(ended_on=date(2024, 3, 1), **end)


def test_a_driver_is_linked_on_the_page(host, district, field_officer, client_for):
    member = make.membership(district.firm_a)
    url = reverse("members:link-new", args=[host.pk])
    client = client_for(field_officer)
    body = {
        "form_id": str(uuid4()), "kind": "hosted", "affiliate": "", "vehicle_plate": "豫 a·12345",
        "member_no": member.member_no_grouped, "started_on": "2024-01-01",
    }  # fmt: skip
    done = client.post(url, body)
    made = EmployerLink.objects.get()
    assert (made.membership, made.vehicle_plate) == (member, "豫A12345")
    page = client.get(done.url).content.decode()
    assert member.person.name in page
    assert "豫A12345" in page
    bad = client.post(url, {**body, "form_id": str(uuid4()), "member_no": "GH1", "affiliate": "甲"})
    assert bad.status_code == 400
    assert "No member here has this number" in bad.content.decode()
    assert "No employer has this name or code here" in bad.content.decode()
    end = {"ended_on": "2024-02-01", "reason": "sold", "form_id": str(uuid4())}
    client.post(reverse("members:link-end", args=[made.pk]), end)
    made.refresh_from_db()
    assert made.ended_on == date(2024, 2, 1)


def test_a_driver_out_of_reach_stays_without_a_name(
    linked, host, district, field_officer, client_for
):
    member = make.membership(district.firm_b, name="钱多多")
    linked(membership=member, vehicle_plate="豫A12345")
    url = reverse("members:employer-detail", args=[host.pk])
    page = client_for(field_officer).get(url).content.decode()
    assert "钱多多" not in page
    assert "A driver elsewhere" in page
