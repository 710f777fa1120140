"""Coverage: one query behind page, API and workbook; every number checked by hand."""

from __future__ import annotations

import io
from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from python_calamine import CalamineWorkbook

from members.actions import applications
from members.models import WorkerGroup
from tests.factories import members as make
from tests.factories import outreach as drives
from unionportal.reports import queries
from unionportal.reports.queries import Filters, Period

TRUCKS, COURIERS = "TRUCK_DRIVER", "PARCEL_COURIER"
NOW = queries.this_month


@pytest.fixture
def people(district):
    """Three couriers and a driver in A (two of them from this month), one courier in B."""
    make.membership(district.firm_a, joined_on=date(2026, 1, 15))
    make.membership(district.firm_a, joined_on=date(2026, 3, 2))
    make.membership(district.firm_a, joined_on=NOW())
    make.membership(
        district.firm_a, joined_on=NOW(), group=make.group(TRUCKS), vehicle_plate="豫A12345"
    )
    make.membership(district.firm_b, joined_on=date(2026, 2, 1))
    return district


def cells(user, filters, by="cell"):
    return [
        (row.area and row.area.name_zh, row.group and row.group.pk, f"{row.month:%Y-%m}",
         row.members, row.joined)
        for row in queries.coverage(user, filters, by)
    ]  # fmt: skip


def test_period_ends_in_the_month_and_goes_back_whole_months():
    assert Period.ending(date(2026, 1, 9), 3) == Period(date(2025, 11, 1), date(2026, 1, 1))
    assert Period.ending(date(2026, 12, 31), 1).end == date(2027, 1, 1)


def test_stock_and_flow_of_this_month(people, district_officer):
    month = f"{NOW():%Y-%m}"
    filters = Filters(Period.ending(NOW(), 1))
    assert cells(district_officer, filters) == [
        ("甲街道", TRUCKS, month, 1, 1),
        ("甲街道", COURIERS, month, 3, 1),
        ("乙街道", COURIERS, month, 1, 0),
    ]
    assert cells(district_officer, filters, "area") == [
        ("甲街道", None, month, 4, 2),
        ("乙街道", None, month, 1, 0),
    ]
    assert cells(district_officer, filters, "month") == [(None, None, month, 5, 2)]


def test_past_months_are_as_they_were(people, district_officer):
    filters = Filters(Period.ending(date(2026, 3, 1), 3))
    assert cells(district_officer, filters, "month") == [
        (None, None, "2026-01", 1, 1),
        (None, None, "2026-02", 2, 1),
        (None, None, "2026-03", 3, 1),
    ]


def test_officer_sees_the_own_area_only(people, neighbour_officer):
    rows = queries.coverage(neighbour_officer, Filters(Period.ending(NOW(), 1)), "area")
    assert [(row.area.name_zh, row.members) for row in rows] == [("乙街道", 1)]


def test_filters_by_area_and_group(people, district_officer):
    period = Period.ending(NOW(), 1)
    by_area = queries.coverage(district_officer, Filters(period, people.area_b), "month")
    by_group = queries.coverage(district_officer, Filters(period, None, TRUCKS), "month")
    assert [row.members for row in by_area] == [1]
    assert [row.members for row in by_group] == [1]


def test_target_and_enrolled_of_a_running_drive(district, district_officer):
    drives.drive(district.unit, areas=[district.area_a], targets={(district.area_a, COURIERS): 4})
    application = drives.enrolled(district.firm_a)
    applications.approve(
        by=district_officer, applications=[application], decided_on=NOW(), signer="Chair",
        scan=make.scan(),
    )  # fmt: skip
    drives.enrolled(district.firm_a)
    rows = queries.coverage(district_officer, Filters(Period.ending(NOW(), 1)))
    assert [(r.members, r.joined, r.target, r.enrolled, str(r.percent)) for r in rows] == [
        (1, 1, 4, 1, "25.0")
    ]


def test_rates_have_both_parts_and_what_is_missing(district, district_officer):
    covered = make.employer(district.area_a, covered_by=district.firm_a, headcount=40)
    make.employer(district.area_a, headcount=30)
    make.employer(district.area_a, headcount=10)
    make.employer(district.area_a, headcount=None, headcount_on=None)
    for _person in range(3):
        make.membership(district.firm_a, employer=covered)
    rows = queries.rates(district_officer, NOW().replace(day=28))
    assert [
        (r.area.name_zh, r.covered, r.employers, r.employers_missing, r.members, r.employees)
        for r in rows
    ] == [("甲街道", 1, 2, 1, 3, 40)]
    total = queries.total(rows)
    assert (str(total.unionisation_percent), str(total.membership_percent)) == ("50.0", "7.5")


def test_no_base_gives_no_percent():
    assert queries.total([]).unionisation_percent is None


def test_page_api_and_workbook_say_the_same(people, district_officer, client_for):
    client = client_for(district_officer)
    page = client.get("/desk/coverage/")
    assert page.status_code == 200
    assert page.context["members"] == 5
    api = client.get("/api/v1/coverage/?by=area").json()
    assert [(row["area_label"], row["members"]) for row in api["results"]] == [
        ("Jia Sub-district", 4),
        ("Yi Sub-district", 1),
    ]
    assert api["period"] == [f"{NOW():%Y-%m}"] * 2
    book = CalamineWorkbook.from_filelike(
        io.BytesIO(client.get(f"/desk/coverage.xlsx?month={NOW():%Y-%m}&months=1").content)
    )
    rows = book.get_sheet_by_name("Members").to_python()
    assert rows[0][:5] == ["Area", "Group", "Month", "Members", "Joined"]
    assert sum(row[3] for row in rows[1:]) == 5


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("by=district", "by"),
        ("month=2026-13", "month"),
        ("month=2999-01", "month"),
        ("months=25", "months"),
        ("months=1e9", "months"),
        ("area=99999999999999999999", "area"),
        ("group=NOBODY", "group"),
        ("distrct=3", "distrct"),
        ("by=area&by=group", "by"),
    ],
)
def test_wrong_parameter_is_named(people, district_officer, client_for, query, field):
    response = client_for(district_officer).get(f"/api/v1/coverage/?{query}")
    body = response.json()
    assert (response.status_code, body["status"], list(body["errors"])) == (400, 400, [field])
    assert response["Content-Type"] == "application/problem+json"


def test_other_area_is_not_known_to_a_neighbour(people, neighbour_officer, client_for):
    client = client_for(neighbour_officer)
    response = client.get(f"/api/v1/coverage/?area={people.area_a.pk}")
    assert list(response.json()["errors"]) == ["area"]


def test_figures_have_base_and_date(people, district_officer, client_for):
    rows = client_for(district_officer).get("/api/v1/figures/").json()["results"]
    recorded = next(row for row in rows if row["id"] == "recorded")
    assert recorded["numerator"] == 5
    assert recorded["as_of"] == timezone.localdate().isoformat()
    assert all(row["definition"] for row in rows)


def test_query_count_does_not_grow(district, district_officer, client_for):
    client = client_for(district_officer)
    counts = []
    for group in WorkerGroup.objects.exclude(needs_plate=True)[:3]:
        make.membership(district.firm_a, group=group)
        with CaptureQueriesContext(connection) as seen:
            client.get("/desk/coverage/")
        counts.append(len(seen))
    assert counts[1] == counts[2]
