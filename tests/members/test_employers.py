"""Employers: the record, doubles, headcounts by day, coverage and what follows from it."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from stdnum.cn.uscc import calc_check_digit

from members import queries
from members.actions import employers, units
from members.actions.employers import Count, EmployerFacts
from members.models import Employer, EmployerHeadcount, Industry
from tests.factories import members as make
from unionportal.core.actors import SYSTEM
from unionportal.core.errors import NotAllowed, Refused, Stale
from unionportal.core.models import AuditEvent

pytestmark = pytest.mark.django_db

STEM = "91490100MA1234567"
CODE = STEM + calc_check_digit(f"{STEM}0")
DAY = date(2024, 1, 1)


@pytest.fixture
def code():
    """A credit code that adds up."""
    return CODE


def typed(area, **fields):
    return {
        "form_id": str(uuid4()),
        "name": "示例顺达货运有限公司",
        "area": str(area.pk),
        "industry": "54",
        "ownership": "joint_stock",
        "is_operating": "on",
        **fields,
    }


def count(day, employees, **fields):
    return Count(counted_on=day, employees=employees, source="visit", **fields)


def test_industries_are_those_of_the_standard():
    assert Industry.objects.filter(section=None).count() == 20
    assert Industry.objects.exclude(section=None).count() == 97
    road = Industry.objects.get(code="54")
    assert (road.name_zh, road.section_id) == ("道路运输业", "G")
    assert [row.code for row in Industry.objects.all()[:3]] == ["A", "01", "02"]


def test_a_field_officer_records_an_employer(district, field_officer, client_for, code):
    client = client_for(field_officer)
    answer = client.post(
        reverse("members:employer-new"),
        typed(district.area_a, credit_code=f" {code.lower()} ", employees="40", source="tax"),
    )
    made = Employer.objects.get()
    assert answer.url == reverse("members:employer-detail", args=[made.pk])
    assert (made.credit_code, made.industry_id, made.ownership) == (code, "54", "joint_stock")
    assert (made.headcount, made.headcount_source) == (40, "tax")
    assert made.union_state == "not_unionised"
    verbs = AuditEvent.objects.order_by("id").values_list("verb", flat=True)
    assert list(verbs)[-2:] == ["employer.record", "employer.count"]


def test_the_same_code_shows_the_employer_recorded(district, field_officer, client_for, code):
    known = make.employer(district.area_a, credit_code=code)
    answer = client_for(field_officer).post(
        reverse("members:employer-new"), typed(district.area_a, credit_code=code)
    )
    assert answer.status_code == 400
    link = reverse("members:employer-detail", args=[known.pk])
    assert f"<a href='{link}'>{known.name}</a>" in answer.content.decode()
    assert Employer.objects.count() == 1


def test_the_same_code_elsewhere_is_told_without_the_place(
    district, field_officer, client_for, code
):
    known = make.employer(district.area_b, credit_code=code)
    answer = client_for(field_officer).post(
        reverse("members:employer-new"), typed(district.area_a, credit_code=code)
    )
    text = answer.content.decode()
    assert answer.status_code == 400
    assert "Ask the district office" in text
    assert known.name not in text
    assert str(known.pk) not in text


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"credit_code": STEM + ("0" if CODE[-1] != "0" else "1")}, "does not add up"),
        ({"credit_code": "9149"}, "18 characters; this one has 4"),
        ({"credit_code": "81410103MC12345660"}, "This is a union"),
        ({"industry": "98"}, "Choose one from the list"),
        ({"name": " "}, "Full name of the employer"),
        ({"employees": "-1"}, "greater than or equal to 0"),
    ],
)
def test_bad_input_is_named_and_kept(district, field_officer, client_for, fields, words):
    answer = client_for(field_officer).post(
        reverse("members:employer-new"), typed(district.area_a, address="东路5号", **fields)
    )
    assert answer.status_code == 400
    assert words in answer.content.decode()
    assert "东路5号" in answer.content.decode()
    assert Employer.objects.count() == 0


def test_a_like_name_is_shown_before_anything_is_written(district, field_officer, client_for):
    make.employer(district.area_a, name="示例顺达货运公司")
    make.employer(district.area_a, name="青石养老护理院")
    client, body = client_for(field_officer), typed(district.area_a)
    first = client.post(reverse("members:employer-new"), body)
    assert first.status_code == 400
    assert "示例顺达货运公司" in first.content.decode()
    assert "青石养老护理院" not in first.content.decode()
    assert Employer.objects.count() == 2
    client.post(reverse("members:employer-new"), {**body, "is_another": "on"})
    assert Employer.objects.filter(name="示例顺达货运有限公司").count() == 1


def test_nobody_records_in_an_area_out_of_reach(district, field_officer, client_for):
    answer = client_for(field_officer).post(reverse("members:employer-new"), typed(district.area_b))
    assert answer.status_code == 400
    with pytest.raises(NotAllowed):
        employers.record_employer(
            by=field_officer, facts=EmployerFacts(name="甲", area=district.area_b)
        )


def test_a_stale_form_changes_nothing(district, field_officer, client_for):
    firm = make.employer(district.area_a)
    client, url = client_for(field_officer), reverse("members:employer-edit", args=[firm.pk])
    version = client.get(url).context["form"]["version"].value()
    Employer.objects.filter(pk=firm.pk).update(address="北街1号")
    answer = client.post(url, typed(district.area_a, version=version))
    assert answer.status_code == 409
    assert "示例顺达货运有限公司" in answer.content.decode()
    firm.refresh_from_db()
    assert firm.address == "北街1号"


def test_an_edit_is_written_and_logged_by_field(district, field_officer, client_for):
    firm = make.employer(district.area_a)
    url = reverse("members:employer-edit", args=[firm.pk])
    client = client_for(field_officer)
    version = client.get(url).context["form"]["version"].value()
    client.post(url, typed(district.area_a, version=version, union_elsewhere="示例市总工会"))
    firm.refresh_from_db()
    assert (firm.name, firm.union_state) == ("示例顺达货运有限公司", "unionised_elsewhere")
    event = AuditEvent.objects.get(verb="employer.change")
    assert set(event.fields) == {"name", "industry", "ownership", "union_elsewhere"}


def test_a_rate_takes_the_headcount_of_its_day(district, district_officer):
    firm = make.employer(district.area_a, covered_by=district.firm_a, headcount=None)
    employers.count_people(by=SYSTEM, employer=firm, count=count(date(2024, 1, 1), 20))
    employers.count_people(by=SYSTEM, employer=firm, count=count(date(2025, 1, 1), 30))
    employers.count_people(by=SYSTEM, employer=firm, count=count(date(2024, 7, 1), 25))

    def rate(day):
        [one] = queries.unionisation(district_officer, day)
        members = queries.total(queries.membership_rate(district_officer, day))
        return one.numerator, one.denominator, one.missing, members.denominator

    assert rate(date(2023, 12, 31)) == (0, 0, 1, 0)
    assert rate(date(2024, 6, 30)) == (0, 0, 0, 20)
    assert rate(date(2024, 7, 1)) == (1, 1, 0, 25)
    assert rate(date(2025, 1, 1)) == (1, 1, 0, 30)
    firm.refresh_from_db()
    assert (firm.headcount, firm.headcount_on) == (30, date(2025, 1, 1))


def test_a_second_count_of_one_day_replaces_the_first(district):
    firm = make.employer(district.area_a, headcount=None)
    employers.count_people(by=SYSTEM, employer=firm, count=count(DAY, 20))
    employers.count_people(by=SYSTEM, employer=firm, count=count(DAY, 22, women=3))
    row = EmployerHeadcount.objects.get()
    assert (row.employees, row.women, row.ended_on) == (22, 3, None)


def test_counts_that_cannot_be_are_refused(district):
    firm = make.employer(district.area_a, headcount=None)
    with pytest.raises(Refused) as parts:
        employers.count_people(by=SYSTEM, employer=firm, count=count(DAY, 20, women=21))
    assert (parts.value.code, parts.value.field) == ("parts", "women")
    tomorrow = timezone.localdate() + timedelta(days=1)
    with pytest.raises(Refused, match="future"):
        employers.count_people(by=SYSTEM, employer=firm, count=count(tomorrow, 20))
    with pytest.raises(IntegrityError, match="headcount_parts_fit"), transaction.atomic():
        EmployerHeadcount.objects.create(
            employer=firm, started_on=DAY, employees=1, migrants=2, source="tax"
        )


def test_two_counts_never_hold_on_one_day(district):
    firm = make.employer(district.area_a)
    with pytest.raises(IntegrityError, match="headcount_one_a_day"), transaction.atomic():
        EmployerHeadcount.objects.create(employer=firm, started_on=DAY, employees=1, source="tax")


def test_the_union_state_follows_from_coverage(district, district_officer):
    firm = make.employer(district.area_a)

    def state():
        return Employer.objects.get(pk=firm.pk).union_state

    preparing = make.employer_union(district.unit_a, status="preparing", established_on=None)
    held = employers.cover(
        by=district_officer, unit=preparing, employer=firm, method="standalone", started_on=DAY
    )
    assert state() == "preparing"
    units.establish(unit=preparing, by=district_officer, established_on=DAY)
    assert state() == "unionised"
    employers.end_coverage(
        by=district_officer, coverage=held, ended_on=date(2024, 5, 1), reason="firm left"
    )
    assert state() == "not_unionised"
    with pytest.raises(Stale):
        employers.end_coverage(
            by=district_officer, coverage=held, ended_on=date(2024, 6, 1), reason="again"
        )


def test_a_unit_covers_an_employer_once_at_a_time(district, district_officer):
    firm = make.employer(district.area_a, covered_by=district.firm_a)
    with pytest.raises(Refused) as refusal:
        employers.cover(
            by=district_officer, unit=district.firm_a, employer=firm, method="standalone",
            started_on=DAY,
        )  # fmt: skip
    assert (refusal.value.code, refusal.value.field) == ("covered", "started_on")
    with pytest.raises(Refused) as refusal:
        employers.cover(
            by=district_officer, unit=district.unit_a, employer=firm, method="standalone",
            started_on=DAY,
        )  # fmt: skip
    assert refusal.value.code == "unit_covers_none"


def test_only_the_district_adds_a_coverage(
    district, subdistrict_officer, district_officer, client_for
):
    firm = make.employer(district.area_a)
    url = reverse("members:coverage-new", args=[firm.pk])
    body = {
        "unit": str(district.firm_a.pk), "method": "sector_led", "started_on": "2024-03-01",
        "form_id": str(uuid4()),
    }  # fmt: skip
    assert client_for(subdistrict_officer).post(url, body).status_code == 403
    answer = client_for(district_officer).post(url, body)
    assert answer.url == reverse("members:employer-detail", args=[firm.pk])
    held = firm.coverages.get()
    assert (held.unit, held.method, held.started_on) == (
        district.firm_a, "sector_led", date(2024, 3, 1),
    )  # fmt: skip
    end = reverse("members:coverage-end", args=[held.pk])
    body = {"ended_on": "2024-02-01", "reason": "x", "form_id": str(uuid4())}
    early = client_for(district_officer).post(end, body)
    assert early.status_code == 400
    assert "the end must be a later day" in early.content.decode()
    client_for(district_officer).post(end, {**body, "ended_on": "2024-04-01"})
    held.refresh_from_db()
    assert held.ended_on == date(2024, 4, 1)


def test_past_days_keep_the_area_an_employer_lay_in(district, district_officer):
    firm = make.employer(district.area_a, headcount=40)
    before = timezone.localdate() - timedelta(days=1)
    employers.change_employer(
        by=district_officer, employer=firm,
        facts=EmployerFacts(name=firm.name, area=district.area_b),
    )  # fmt: skip

    def areas(day):
        return {
            rate.area.code: rate.denominator for rate in queries.unionisation(district_officer, day)
        }

    assert areas(before) == {"490100001": 1}
    assert areas(timezone.localdate()) == {"490100002": 1}


def test_the_list_is_narrowed_by_every_filter(district, district_officer, client_for):
    road = make.employer(district.area_a, name="甲路", industry_id="54", ownership="state")
    make.employer(district.area_b, name="乙店", industry_id="52", headcount=None)
    make.employer(district.area_a, name="丙台", is_platform_company=True, is_operating=False)
    client = client_for(district_officer)

    def names(**query):
        page = client.get(reverse("members:employer-list"), query).context["page"]
        return [one.name for one in page.rows]

    assert names() == ["丙台", "乙店", "甲路"]
    assert names(industry="G") == names(ownership="state") == [road.name]
    assert names(is_platform_company="yes") == names(is_operating="no") == ["丙台"]
    assert names(has_headcount="no") == ["乙店"]
    assert names(area=str(district.area_b.pk)) == ["乙店"]


def test_the_api_takes_the_same_filters(district, district_officer, client_for):
    make.employer(district.area_a, name="甲路", industry_id="54", headcount_on=DAY)
    make.employer(district.area_b, name="乙店", industry_id="52", headcount=None)
    make.employer(district.area_b, name="乙店二", merged_into=Employer.objects.first(),
                  is_operating=False)  # fmt: skip
    client = client_for(district_officer)

    def names(**query):
        answer = client.get("/api/v1/employers/", query)
        assert answer.status_code == 200, answer.content
        return [row["name"] for row in answer.json()["results"]]

    assert names() == ["乙店", "甲路"]
    assert names(industry="G") == names(industry="54") == names(q="路") == ["甲路"]
    assert names(has_headcount="false") == ["乙店"]
    assert names(ownership="state") == names(is_platform_company="true") == []
    row = client.get("/api/v1/employers/", {"q": "路"}).json()["results"][0]
    assert (row["industry"], row["headcount"], row["headcount_on"]) == ("54", 40, "2024-01-01")
    assert client.get("/api/v1/employers/", {"industries": "G"}).status_code == 400
    area = client.get("/api/v1/areas/", {"code": "490100001", "in_force_on": "2024-01-01"})
    assert area.json()["results"][0]["successors"] == []
    assert area.json()["results"][0]["valid_to"] is None
