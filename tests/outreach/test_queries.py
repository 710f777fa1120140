import datetime as dt
from decimal import Decimal

import pytest
from django.utils import timezone

from members.actions import memberships
from members.models import Application
from outreach import actions, queries
from tests.factories import members as people
from tests.factories import outreach as make
from tests.factories.outreach import COURIERS, TRUCKS
from unionportal.core import figures
from unionportal.core.actors import SYSTEM

TODAY = timezone.localdate


@pytest.fixture
def approve(district_officer):
    def approve(*rows) -> None:
        people.applications.approve(
            by=district_officer, applications=rows, decided_on=TODAY(), signer="Chair"
        )

    return approve


@pytest.fixture
def drive(district):
    a, b = district.area_a, district.area_b
    return make.drive(
        district.unit, areas=[a, b], groups=[COURIERS, TRUCKS],
        targets={(a, COURIERS): 4, (a, TRUCKS): 1, (b, COURIERS): 10},
    )  # fmt: skip


def shown(board) -> dict:
    return {
        row.area.pk: [(c.actual, c.target, c.percent, c.pace) for c in [*row.cells, row.sum]]
        for row in board.rows
    }


def test_board_counts_approved_people_against_targets(district, drive, district_officer, approve):
    approve(*[make.enrolled(district.pool_a) for _n in range(3)])
    approve(make.enrolled(district.firm_b))
    make.enrolled(district.pool_a)
    truck = make.enrolled(district.firm_b, group=TRUCKS, vehicle_plate="豫A12345")
    approve(truck)
    board = queries.board_of(drive, district_officer)
    order = [group.code for group in board.groups]
    assert order == [TRUCKS, COURIERS]
    assert shown(board) == {
        district.area_a.pk: [
            (0, 1, 0, "behind-2"), (3, 4, 75, "ahead-2"), (3, 5, 60, "ahead-1"),
        ],
        district.area_b.pk: [
            (1, 0, None, ""), (1, 10, 10, "behind-2"), (2, 10, 20, "behind-2"),
        ],
    }  # fmt: skip
    assert [(c.actual, c.target) for c in board.totals] == [(1, 1), (4, 14)]
    assert (board.sum.actual, board.sum.target, board.sum.percent) == (5, 15, 33)
    assert (board.behind, board.with_target, board.outside) == (2, 3, 0)
    assert len(board.cells) == 4
    assert board.sum.mark == ""
    assert [cell.mark for cell in board.rows[0].cells] == ["▾", "▴"]


def test_board_does_not_count_annulled_or_rejected_people(
    district, drive, district_officer, approve
):
    wrong, refused = make.enrolled(district.pool_a), make.enrolled(district.pool_a)
    approve(wrong)
    people.applications.reject(by=district_officer, application=refused, reason="Not a worker")
    assert queries.board_of(drive, district_officer).sum.actual == 1
    membership = Application.objects.get(pk=wrong.pk).membership
    memberships.close(by=district_officer, membership=membership, verb="annul", reason="Mistake")
    assert queries.board_of(drive, district_officer).sum.actual == 0


def test_board_tells_who_joined_outside_its_cells(district, drive, district_officer, approve):
    code = make.code(drive, district.pool_a, district.area_a)
    guard = people.candidate(district.pool_a, group=people.group("SECURITY_GUARD"))
    approve(
        people.applications.submit(by=SYSTEM, candidate=guard, context={"join_code": str(code.pk)})
    )
    board = queries.board_of(drive, district_officer)
    assert (board.sum.actual, board.outside) == (0, 1)


def test_board_is_cut_to_the_readers_areas(district, drive, subdistrict_officer, approve):
    approve(make.enrolled(district.firm_b))
    board = queries.board_of(drive, subdistrict_officer)
    assert [row.area for row in board.rows] == [district.area_a]
    assert (board.sum.actual, board.sum.target) == (0, 5)


def test_board_of_the_whole_district_is_shown_to_a_part_of_it(district, subdistrict_officer):
    drive = make.drive(district.unit, areas=[district.area])
    board = queries.board_of(drive, subdistrict_officer)
    assert [row.area for row in board.rows] == [district.area]


@pytest.mark.parametrize("rows", [1, 3])
def test_board_takes_the_same_queries_for_any_number_of_people(
    district, drive, district_officer, approve, rows, django_assert_num_queries
):
    approve(*[make.enrolled(district.pool_a) for _n in range(rows)])
    district_officer.grants_today()
    with django_assert_num_queries(4):
        assert queries.board_of(drive, district_officer).sum.actual == rows


def test_progress_compares_people_and_days(district, drive, approve):
    approve(make.enrolled(district.pool_a), make.enrolled(district.firm_b))
    make.enrolled(district.firm_b)
    [progress] = queries.progress_of([drive])
    assert (progress.actual, progress.target, progress.waiting) == (2, 15, 1)
    assert (progress.percent, progress.plan) == (Decimal("13.3"), Decimal("50.0"))
    assert (progress.points_off, progress.is_late) == (Decimal("-36.7"), True)
    assert progress.a_week == 2


def test_progress_of_a_drive_without_targets_has_no_percent(district):
    drive = make.drive(district.unit, areas=[district.area_a], targets={}, is_open=False)
    [progress] = queries.progress_of([drive])
    assert (progress.percent, progress.points_off, progress.is_late) == (None, None, False)


@pytest.mark.parametrize("rows", [1, 3])
def test_progress_takes_two_queries(district, rows, django_assert_num_queries):
    drives = [make.drive(district.unit, areas=[district.area_a]) for _n in range(rows)]
    with django_assert_num_queries(2):
        assert len(queries.progress_of(drives)) == rows


def test_weekly_average_looks_back_four_weeks(district, drive, approve):
    made = [make.enrolled(district.pool_a) for _n in range(6)]
    approve(*made)
    assert queries.weekly_average(drive) == 2
    past = timezone.now() - dt.timedelta(days=29)
    Application.objects.filter(pk__in=[one.pk for one in made[:5]]).update(closed_at=past)
    assert queries.weekly_average(drive) == 0


def test_figure_sums_running_drives_in_reach(
    district, drive, district_officer, neighbour_officer, approve
):
    only_a = make.drive(district.unit, areas=[district.area_a], groups=["SECURITY_GUARD"])
    actions.close_drive(by=SYSTEM, drive=make.drive(district.unit, areas=[district.area_b]))
    approve(make.enrolled(district.pool_a), make.enrolled(district.firm_b))
    figure = figures.figure("drive_new_members")
    value = figure.compute(district_officer, TODAY())
    assert (value.numerator, value.denominator, value.percent()) == (2, 25, Decimal("8.0"))
    value = figure.compute(neighbour_officer, TODAY())
    assert (value.numerator, value.denominator) == (2, 15)
    assert [p.drive for p in queries.open_drives_progress(district_officer)] == [only_a, drive]


def test_assignable_officers_enrol_people_and_hold_a_grant_today(
    district, district_officer, field_officer, subdistrict_officer, finance_maker, make_user
):
    gone = make_user("gone", "field_officer", district.unit_a)
    gone.grants.update(ended_on=TODAY())
    found = queries.assignable_officers(district_officer)
    assert found == [district_officer, field_officer, subdistrict_officer]
    assert queries.assignable_officers(subdistrict_officer) == []


def test_join_code_is_found_as_people_write_it(district, drive):
    code = make.code(drive, district.pool_a, district.area_a)
    assert queries.join_code(f" {code.code[:4].lower()} {code.code[4:]}") == code
    assert queries.join_code("ZZZZZZZZ") is None
    assert queries.join_code("<script>") is None
