"""Stock, flow and rates, against counts made by hand."""

from __future__ import annotations

from datetime import date

import pytest

from members import queries
from members.actions import memberships
from members.models import MonthlyFlow, Movement
from tests.factories import members as make
from unionportal.core.actors import SYSTEM

pytestmark = pytest.mark.django_db
DAY = date(2026, 6, 30)


def cells(user, first=date(2026, 1, 1), last=date(2026, 3, 1)):
    rows = queries.coverage_cells(user, month_from=first, month_to=last)
    return [
        (c.area.code if c.area else None, c.group, c.month.month, c.members, c.came, c.went)
        for c in rows
    ]


def test_coverage_cells_carry_the_stock_of_months_before(district, district_officer):
    make.membership(district.firm_a, joined_on=date(2025, 12, 5))
    make.membership(district.firm_a, joined_on=date(2026, 2, 5))
    gone = make.membership(district.firm_b, joined_on=date(2026, 1, 5))
    memberships.close(
        membership=gone, verb="resign", by=SYSTEM, reason="moved", ended_on=date(2026, 3, 2)
    )

    assert cells(district_officer) == [
        ("490100001", "PARCEL_COURIER", 1, 1, 0, 0),
        ("490100001", "PARCEL_COURIER", 2, 2, 1, 0),
        ("490100001", "PARCEL_COURIER", 3, 2, 0, 0),
        ("490100002", "PARCEL_COURIER", 1, 1, 1, 0),
        ("490100002", "PARCEL_COURIER", 2, 1, 0, 0),
        ("490100002", "PARCEL_COURIER", 3, 0, 0, 1),
    ]


def test_coverage_cells_of_an_officer_hold_the_own_area_only(district, subdistrict_officer):
    make.membership(district.firm_a, joined_on=date(2026, 1, 5))
    make.membership(district.firm_b, joined_on=date(2026, 1, 5))

    assert {row[0] for row in cells(subdistrict_officer)} == {"490100001"}


def test_members_as_of_counts_the_day_and_the_scope(
    district, district_officer, subdistrict_officer
):
    make.membership(district.firm_a, joined_on=date(2026, 1, 5))
    make.membership(district.firm_b, joined_on=date(2026, 2, 5))

    assert queries.members_as_of(district_officer, date(2026, 1, 4)) == 0
    assert queries.members_as_of(district_officer, date(2026, 1, 5)) == 1
    assert queries.members_as_of(district_officer, date(2026, 2, 5)) == 2
    assert queries.members_as_of(subdistrict_officer, date(2026, 2, 5)) == 1
    assert queries.members_by_group(district_officer, DAY) == {"PARCEL_COURIER": 2}


def test_an_annulled_membership_was_never_counted(district, district_officer):
    wrong = make.membership(district.firm_a, joined_on=date(2026, 1, 5))
    memberships.close(membership=wrong, verb="annul", by=SYSTEM, reason="typed twice")

    assert queries.members_as_of(district_officer, date(2026, 1, 31)) == 0
    assert queries.joined_between(district_officer, date(2026, 1, 1), DAY) == 0
    flow = MonthlyFlow.objects.get()
    assert (flow.came, flow.went, flow.joined) == (1, 1, 0)
    assert [m.kind for m in Movement.objects.order_by("id")] == ["join", "annul"]


def test_unionisation_counts_large_operating_employers(district, district_officer):
    make.employer(district.area_a, covered_by=district.firm_a, headcount=25)
    make.employer(district.area_a, headcount=300)
    make.employer(district.area_a, covered_by=district.firm_a, headcount=24)
    make.employer(district.area_a, headcount=None, headcount_on=None)
    make.employer(district.area_a, headcount=90, is_operating=False)
    make.employer(district.area_b, headcount=30)

    rates = queries.unionisation(district_officer, DAY)

    assert [(r.area.code, r.numerator, r.denominator, r.missing) for r in rates] == [
        ("490100001", 1, 2, 1),
        ("490100002", 0, 1, 0),
    ]
    whole = queries.total(rates)
    assert (whole.numerator, whole.denominator, whole.missing) == (1, 3, 1)


def test_a_union_founded_later_does_not_cover_yet(district, district_officer):
    counted = {"headcount": 25, "headcount_on": date(2019, 3, 1)}
    make.employer(district.area_a, covered_by=district.firm_a, **counted)

    [rate] = queries.unionisation(district_officer, date(2019, 12, 31))

    assert (rate.numerator, rate.denominator) == (0, 1)


def test_membership_rate_leaves_employers_without_headcount_out(district, district_officer):
    known = make.employer(district.area_a, covered_by=district.firm_a, headcount=50)
    unknown = make.employer(
        district.area_a, covered_by=district.firm_a, headcount=None, headcount_on=None
    )
    for employer in (known, known, unknown):
        make.membership(district.firm_a, employer=employer, joined_on=date(2026, 1, 5))

    [rate] = queries.membership_rate(district_officer, DAY)

    assert (rate.area, rate.numerator, rate.denominator, rate.missing) == (
        district.area_a,
        2,
        50,
        1,
    )
