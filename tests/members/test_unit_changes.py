"""Moving, splitting, merging and closing units, against counts made by hand."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import timezone

from members import queries
from members.actions import memberships
from members.actions.structure import NewUnit, create_unit, move_unit, set_industrial_parent
from members.actions.unit_changes import Paper, Part, close_unit, merge_units, split_unit
from members.models import (
    Application,
    EmployerCoverage,
    IndustrialPlacement,
    Membership,
    MonthlyFlow,
    StatusChange,
    UnionUnit,
    UnitChange,
    UnitPlacement,
)
from members.queries.structure import members_below_on, units_below_on
from tests.factories import members as make
from tests.members.test_reorganisation import assert_everybody_is_somewhere_once
from unionportal.core.actors import SYSTEM
from unionportal.core.errors import NotAllowed, Refused, Stale

pytestmark = pytest.mark.django_db
DAY = date(2026, 5, 11)
EVE = DAY - timedelta(days=1)
JANUARY = date(2026, 1, 31)
PAPER = Paper(reason="the firms became one", day=DAY, document_no="示总工〔2026〕7号")


@pytest.fixture
def counted(district, subdistrict_officer, neighbour_officer, district_officer):
    """What everybody is told about past days before anything changes, and a check of it after."""
    for joined in (date(2026, 1, 5), date(2026, 2, 5), date(2026, 5, 1)):
        make.membership(district.firm_a, joined_on=joined)
        make.membership(district.firm_b, joined_on=joined)
    make.membership(district.pool_a, joined_on=date(2026, 1, 6))
    gone = make.membership(district.firm_a, joined_on=date(2026, 1, 7))
    memberships.close(membership=gone, verb="resign", by=SYSTEM, reason="own wish",
                      ended_on=date(2026, 4, 1))  # fmt: skip
    officers = (subdistrict_officer, neighbour_officer, district_officer)
    days = (JANUARY, date(2026, 2, 28), date(2026, 3, 31), EVE)
    units = (district.unit, district.unit_a, district.unit_b, district.firm_a)

    def told():
        for user in officers:
            user.scope_cache.clear()
        return (
            [queries.members_as_of(user, day) for user in officers for day in days],
            [queries.members_by_group(user, day) for user in officers for day in days],
            [members_below_on(unit, day) for unit in units for day in days],
            [
                (cell.area, cell.month, cell.members)
                for cell in queries.coverage_cells(
                    district_officer, month_from=days[0], month_to=date(2026, 4, 30)
                )
            ],
        )

    before = told()
    assert before[0] == [3, 4, 4, 4, 1, 2, 2, 3, 4, 6, 6, 7]

    def same_past() -> bool:
        assert told() == before
        assert_everybody_is_somewhere_once()
        return True

    return same_past


def now(user) -> int:
    user.scope_cache.clear()
    return queries.members_as_of(user, timezone.localdate())


def test_a_moved_unit_counts_where_it_was_until_the_day(
    district, counted, subdistrict_officer, neighbour_officer, district_officer
):
    group = make.unit(district.firm_a, kind="group")
    make.membership(group, joined_on=date(2026, 5, 20))
    change = move_unit(
        by=district_officer, unit=district.firm_a, parent=district.unit_b, moved_on=DAY,
        reason="the firm moved", area=district.area_b, document_no="示总工〔2026〕3号",
    )  # fmt: skip

    assert (change.members, change.units) == (4, 2)
    assert counted()
    assert (now(subdistrict_officer), now(neighbour_officer), now(district_officer)) == (1, 7, 8)
    district.firm_a.refresh_from_db()
    group.refresh_from_db()
    assert district.firm_a.path.startswith(UnionUnit.objects.get(pk=district.unit_b.pk).path)
    assert group.path.startswith(district.firm_a.path)
    assert group.area == district.area_b
    rows = UnitPlacement.objects.filter(unit=district.firm_a).order_by("started_on")
    assert list(rows.values_list("parent", "started_on", "ended_on")) == [
        (district.unit_a.pk, date(2020, 1, 1), DAY),
        (district.unit_b.pk, DAY, None),
    ]
    assert set(units_below_on([district.unit_a.pk], EVE)) >= {district.firm_a.pk, group.pk}
    assert district.firm_a.pk not in units_below_on([district.unit_a.pk], DAY)
    may = MonthlyFlow.objects.filter(month=date(2026, 5, 1)).order_by("area__code")
    assert list(may.values_list("area__code", "came", "went", "joined")) == [
        ("490100001", 2, 4, 2), ("490100002", 5, 0, 1)
    ]  # fmt: skip


def test_a_unit_moved_twice_on_one_day_has_one_place_that_day(district, district_officer):
    for parent in (district.unit_b, district.unit):
        move_unit(by=district_officer, unit=district.firm_a, parent=parent, moved_on=DAY,
                  reason="corrected")  # fmt: skip
    rows = UnitPlacement.objects.filter(unit=district.firm_a).order_by("started_on")
    assert list(rows.values_list("parent", "ended_on")) == [
        (district.unit_a.pk, DAY), (district.unit.pk, None)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("unit", "parent", "fields", "code"),
    [
        ("unit_a", "firm_a", {}, "below_itself"),
        ("unit_a", "unit_a", {}, "below_itself"),
        ("firm_a", "unit_a", {}, "same_parent"),
        ("unit_a", "firm_b", {}, "rung"),
        ("firm_a", "unit_b", {"moved_on": date(2019, 1, 1)}, "before_placement"),
        ("firm_a", "unit_b", {"moved_on": date(2999, 1, 1)}, "future"),
        ("firm_a", "unit_b", {"reason": " "}, "reason_needed"),
    ],
)
def test_a_move_that_makes_no_sense_is_refused(unit, parent, fields, code, district,
                                               district_officer):  # fmt: skip
    with pytest.raises(Refused) as refusal:
        move_unit(by=district_officer, unit=getattr(district, unit),
                  parent=getattr(district, parent), **{"reason": "x", **fields})  # fmt: skip
    assert refusal.value.code == code
    assert UnitChange.objects.count() == 0


def test_a_merger_takes_members_employers_applications_and_units_along(
    district, counted, subdistrict_officer, district_officer
):
    shared = make.employer(district.area_a, covered_by=district.firm_a)
    EmployerCoverage.objects.create(
        unit=district.firm_b, employer=shared, method="standalone", started_on=date(2024, 1, 1)
    )
    own = make.employer(district.area_a, covered_by=district.firm_a)
    member = make.membership(district.firm_a, joined_on=date(2026, 5, 20), employer=own)
    waiting = make.application(district.firm_a)
    group = make.unit(district.firm_a, kind="group")

    [change] = merge_units(
        by=district_officer, units=[district.firm_a], into=district.firm_b, paper=PAPER
    )

    assert (change.members, change.employers, change.units, change.target) == (
        4, 2, 1, district.firm_b
    )  # fmt: skip
    assert counted()
    assert Membership.objects.filter(unit=district.firm_b).count() == 7
    member.refresh_from_db()
    assert (member.unit, member.employer) == (district.firm_b, own)
    open_rows = EmployerCoverage.objects.filter(ended_on=None).order_by("employer__name")
    assert {(row.unit_id, row.employer_id) for row in open_rows} == {
        (district.firm_b.pk, shared.pk), (district.firm_b.pk, own.pk)
    }  # fmt: skip
    own.refresh_from_db()
    assert own.union_state == "unionised"
    assert Application.objects.get(pk=waiting.pk).unit == district.firm_b
    group.refresh_from_db()
    district.firm_b.refresh_from_db()
    assert group.path.startswith(district.firm_b.path)
    district.firm_a.refresh_from_db()
    assert (district.firm_a.status, district.firm_a.dissolved_on) == ("dissolved", DAY)
    assert now(subdistrict_officer) == 1


def test_two_mergers_into_one_count_each_member_once(district, counted, district_officer):
    third = make.employer_union(district.unit_b)
    make.membership(third, joined_on=date(2026, 5, 12))
    changes = merge_units(
        by=district_officer, units=[district.firm_a, third], into=district.firm_b, paper=PAPER
    )
    assert sorted(change.members for change in changes) == [1, 3]
    assert counted()
    assert Membership.objects.filter(unit=district.firm_b).count() == 7


def test_a_unit_is_not_merged_into_itself_or_twice(district, district_officer):
    with pytest.raises(Refused) as refusal:
        merge_units(by=district_officer, units=[district.firm_a], into=district.firm_a,
                    paper=PAPER)  # fmt: skip
    assert refusal.value.code == "into_itself"
    merge_units(by=district_officer, units=[district.firm_a], into=district.firm_b, paper=PAPER)
    with pytest.raises(Stale):
        merge_units(by=district_officer, units=[district.firm_a], into=district.firm_b,
                    paper=PAPER)  # fmt: skip


def test_a_split_takes_the_chosen_employers_and_groups_only(district, counted, district_officer):
    going = make.employer(district.area_a, covered_by=district.firm_a)
    staying = make.employer(district.area_a, covered_by=district.firm_a)
    goes = make.membership(district.firm_a, employer=going, joined_on=date(2026, 5, 12))
    stays = make.membership(district.firm_a, employer=staying, joined_on=date(2026, 5, 12))
    driver = make.membership(
        district.firm_a, group=make.group("TRUCK_DRIVER"), vehicle_plate="豫A12345",
        joined_on=date(2026, 5, 12),
    )  # fmt: skip
    new = NewUnit(name="新分出工会", kind="employer_union", parent=district.unit_a,
                  established_on=DAY)  # fmt: skip
    change = split_unit(
        by=district_officer, unit=district.firm_a, into=new,
        part=Part(employers=[going.pk], groups=["TRUCK_DRIVER"]), paper=PAPER,
    )  # fmt: skip

    assert (change.members, change.employers) == (2, 1)
    assert counted()
    for member in (goes, stays, driver):
        member.refresh_from_db()
    assert (goes.unit.name, goes.employer) == ("新分出工会", going)
    assert (driver.unit, stays.unit) == (goes.unit, district.firm_a)
    assert goes.unit.placements.get().started_on == DAY
    assert {row.unit_id for row in going.coverages.filter(ended_on=None)} == {goes.unit_id}
    assert {row.unit_id for row in staying.coverages.filter(ended_on=None)} == {district.firm_a.pk}


def test_an_empty_split_is_refused(district, district_officer):
    with pytest.raises(Refused) as refusal:
        split_unit(by=district_officer, unit=district.firm_a, into=district.firm_b, part=Part(),
                   paper=PAPER)  # fmt: skip
    assert refusal.value.code == "empty_part"


def test_closing_retains_the_members_of_the_whole_branch(district, counted, district_officer):
    firm = make.employer(district.area_a, covered_by=district.firm_a)
    group = make.unit(district.firm_a, kind="group")
    member = make.membership(group, joined_on=date(2026, 5, 2), employer=firm)
    waiting = make.application(district.firm_a)

    with pytest.raises(Refused) as refusal:
        close_unit(by=district_officer, unit=district.firm_a, paper=PAPER)
    assert refusal.value.code == "target_needed"
    change = close_unit(
        by=district_officer, unit=district.firm_a, paper=PAPER, to=district.pool_a, retains=True
    )

    assert (change.members, change.units, change.employers) == (4, 1, 1)
    member.refresh_from_db()
    assert (member.unit, member.state, member.employer) == (district.pool_a, "retained", None)
    assert Membership.objects.filter(unit=district.pool_a, state="retained").count() == 4
    lines = StatusChange.objects.filter(verb="retain").values_list("to_state", "reason_code", "day")
    assert list(lines) == [("retained", "employer_closed", DAY)] * 4
    firm.refresh_from_db()
    assert firm.union_state == "not_unionised"
    assert Application.objects.get(pk=waiting.pk).unit == district.pool_a
    statuses = UnionUnit.objects.filter(pk__in=[group.pk, district.firm_a.pk])
    assert list(statuses.values_list("status", flat=True)) == ["dissolved", "dissolved"]


def test_closing_without_retaining_keeps_members_active(district, counted, district_officer):
    close_unit(by=district_officer, unit=district.firm_a, paper=PAPER, to=district.firm_b)
    assert counted()
    assert Membership.objects.filter(unit=district.firm_b, state="active").count() == 6


def test_an_empty_unit_closes_without_a_target(district, district_officer):
    change = close_unit(by=district_officer, unit=district.firm_a, paper=PAPER)
    assert (change.members, change.target) == (0, None)


def test_a_subdistrict_officer_reorganises_nothing(district, subdistrict_officer):
    with pytest.raises(NotAllowed):
        close_unit(by=subdistrict_officer, unit=district.firm_a, paper=PAPER)
    with pytest.raises(NotAllowed):
        move_unit(by=subdistrict_officer, unit=district.firm_a, parent=district.unit_a, reason="x")


def test_a_unit_is_added_with_its_place_and_industrial_union(district, district_officer):
    industry = create_unit(
        by=district_officer,
        new=NewUnit(name="示例区交通运输工会", kind="industrial", parent=district.unit),
    )
    unit = create_unit(
        by=district_officer,
        new=NewUnit(name="示例货运工会", kind="employer_union", parent=district.unit_a,
                    industrial_parent=industry, started_on=DAY),
    )  # fmt: skip
    assert (unit.status, unit.area, unit.placements.get().started_on) == (
        "preparing", district.area_a, DAY
    )  # fmt: skip
    set_industrial_parent(by=district_officer, unit=unit, parent=None,
                          started_on=DAY + timedelta(days=3))  # fmt: skip
    [row] = IndustrialPlacement.objects.all()
    assert (row.parent, row.started_on, row.ended_on) == (industry, DAY, DAY + timedelta(days=3))
    with pytest.raises(Refused) as refusal:
        set_industrial_parent(by=district_officer, unit=unit, parent=district.unit_a)
    assert refusal.value.code == "industrial_kind"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"kind": "subdistrict", "parent": "firm_a"}, "rung"),
        ({"name": "甲物流有限公司工会"}, "name_taken"),
        ({"established_on": date(2999, 1, 1)}, "future"),
    ],
)
def test_a_unit_that_cannot_be_is_refused(fields, code, district, district_officer):
    values = {"name": "某工会", "kind": "employer_union", "parent": "unit_a", **fields}
    values["parent"] = getattr(district, values["parent"])
    with pytest.raises(Refused) as refusal:
        create_unit(by=district_officer, new=NewUnit(**values))
    assert refusal.value.code == code
