"""Two records of one employer become one; nothing points to the double any more."""

from __future__ import annotations

from datetime import date
from uuid import uuid4

import pytest
from django.urls import reverse

from members.actions import employers
from members.actions.employer_merge import merge, references
from members.actions.employers import Count
from members.models import Affiliation, Employer, EmployerCoverage, EmployerLink
from tests.factories import members as make
from unionportal.core.actors import SYSTEM
from unionportal.core.errors import NotAllowed, Refused, Stale

pytestmark = pytest.mark.django_db


@pytest.fixture
def pair(district):
    keep = make.employer(
        district.area_a, name="示例恒通货运有限公司", headcount_on=date(2024, 1, 1)
    )
    double = make.employer(
        district.area_b, name="恒通货运", headcount_on=date(2023, 1, 1), headcount=30,
        credit_code="91490100MA12345694",
    )  # fmt: skip
    return keep, double


def test_everything_goes_to_the_one_that_is_kept(district, pair):
    keep, double = pair
    member = make.membership(district.firm_b, employer=double)
    make.application(district.firm_b, employer=double)
    EmployerCoverage.objects.create(
        unit=district.firm_b, employer=double, method="standalone", started_on=date(2023, 1, 1)
    )
    EmployerLink.objects.create(
        kind="hosted", host=keep, affiliate=double, started_on=date(2024, 1, 1)
    )
    EmployerLink.objects.create(
        kind="hosted", host=double, vehicle_plate="豫A12345", started_on=date(2024, 1, 1)
    )

    merge(by=SYSTEM, keep=keep, double=double, reason="one firm")

    for model, name in references():
        rows = model._base_manager.filter(**{name: double})
        assert not rows.exists(), f"{model.__name__}.{name}"
    member.refresh_from_db()
    assert member.employer == keep
    assert Affiliation.objects.get().employer == keep
    keep.refresh_from_db()
    double.refresh_from_db()
    assert (keep.credit_code, keep.union_state) == ("91490100MA12345694", "unionised")
    assert (double.merged_into, double.is_operating, double.credit_code) == (keep, False, None)
    assert EmployerLink.objects.get().vehicle_plate == "豫A12345"
    counts = keep.headcounts.order_by("started_on").values_list(
        "started_on", "ended_on", "employees"
    )
    assert list(counts) == [
        (date(2023, 1, 1), date(2024, 1, 1), 30), (date(2024, 1, 1), None, 40),
    ]  # fmt: skip


def test_coverages_by_one_unit_are_joined_and_the_kept_count_wins(district, pair):
    keep, double = pair
    for firm, start, end in (
        (keep, date(2023, 6, 1), None), (double, date(2023, 1, 1), date(2023, 8, 1)),
    ):  # fmt: skip
        EmployerCoverage.objects.create(
            unit=district.firm_a, employer=firm, method="standalone", started_on=start, ended_on=end
        )
    count = Count(counted_on=date(2023, 1, 1), employees=35, source="tax")
    employers.count_people(by=SYSTEM, employer=keep, count=count)
    merge(by=SYSTEM, keep=keep, double=double, reason="one firm")
    row = EmployerCoverage.objects.get()
    assert (row.employer, row.started_on, row.ended_on) == (keep, date(2023, 1, 1), None)
    assert keep.headcounts.get(started_on=date(2023, 1, 1)).employees == 35


def test_two_codes_are_two_legal_persons(district, pair, district_officer, subdistrict_officer):
    keep, double = pair
    Employer.objects.filter(pk=keep.pk).update(credit_code="91410103MA12345694")
    with pytest.raises(Refused) as refusal:
        merge(by=district_officer, keep=keep, double=double, reason="x")
    assert (refusal.value.code, refusal.value.field) == ("two_codes", "keep")
    with pytest.raises(NotAllowed):
        merge(by=subdistrict_officer, keep=keep, double=double, reason="x")


def test_a_double_leads_to_the_kept_one_and_is_merged_once(
    district, pair, district_officer, client_for
):
    keep, double = pair
    client, url = client_for(district_officer), reverse("members:employer-merge", args=[double.pk])
    body = {"keep": "不存在的公司", "reason": "one firm", "form_id": str(uuid4())}
    assert client.post(url, body).status_code == 400
    client.post(url, {**body, "keep": keep.name})
    page = reverse("members:employer-detail", args=[keep.pk])
    shown = client.get(reverse("members:employer-detail", args=[double.pk]))
    assert (shown.status_code, shown.url) == (302, page)
    names = [one.name for one in client.get(reverse("members:employer-list")).context["page"].rows]
    assert names == [keep.name]
    with pytest.raises(Stale):
        merge(by=SYSTEM, keep=keep, double=double, reason="again")
