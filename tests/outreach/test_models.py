import datetime as dt

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from members.models import WorkerGroup
from outreach.models import Drive, DriveEnrolment, JoinCode, PatchAssignment, Target
from tests.factories import outreach as make
from tests.factories.outreach import COURIERS, TRUCKS

DAY = dt.date(2026, 6, 1)


def refuses(constraint: str, write) -> None:
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        write()


@pytest.fixture
def drive(district) -> Drive:
    return make.drive(district.unit, areas=[district.area_a], is_open=False)


@pytest.mark.parametrize(
    ("constraint", "values"),
    [
        ("drive_has_name", {"name": ""}),
        ("drive_dates_ordered", {"ended_on": DAY}),
        ("drive_opened_is_timed", {"state": "open"}),
        ("drive_opened_is_timed", {"opened_at": timezone.now()}),
        ("drive_closed_is_timed", {"state": "closed", "opened_at": timezone.now()}),
    ],
)
def test_database_refuses_a_drive_that_makes_no_sense(district, constraint, values):
    plain = {"name": "D", "started_on": DAY, "ended_on": DAY + dt.timedelta(1)}
    refuses(constraint, lambda: Drive.objects.create(owner=district.unit, **{**plain, **values}))


def test_database_refuses_a_target_of_nothing_and_two_for_a_cell(district, drive):
    group = WorkerGroup.objects.get(pk=TRUCKS)
    cell = {"drive": drive, "area": district.area_a, "group": group}
    refuses("target_is_positive", lambda: Target.objects.create(**cell, count=0))
    Target.objects.create(**cell, count=1)
    refuses("target_one_per_cell", lambda: Target.objects.create(**cell, count=2))


@pytest.mark.parametrize("of_drive", [True, False])
def test_database_refuses_the_same_patch_twice_in_the_same_days(
    district, drive, field_officer, of_drive
):
    whose = drive if of_drive else None
    patch = {"drive": whose, "officer": field_officer, "area": district.area_b}
    june, july = DAY, DAY + dt.timedelta(30)
    PatchAssignment.objects.create(**patch, started_on=june, ended_on=july)
    again = {"started_on": july - dt.timedelta(1), "ended_on": None}
    refuses(
        "patch_once_per_officer_and_area", lambda: PatchAssignment.objects.create(**patch, **again)
    )
    PatchAssignment.objects.create(**patch, started_on=july, ended_on=None)
    assert PatchAssignment.objects.count() == 2


def test_a_patch_of_a_drive_may_overlap_a_standing_one(district, drive, field_officer):
    patch = {"officer": field_officer, "area": district.area_b, "started_on": DAY}
    PatchAssignment.objects.create(**patch)
    PatchAssignment.objects.create(**patch, drive=drive)
    assert PatchAssignment.objects.count() == 2


def test_database_refuses_a_patch_that_ends_before_it_starts(district, field_officer):
    refuses(
        "patch_dates_ordered",
        lambda: PatchAssignment.objects.create(
            officer=field_officer, area=district.area_a, started_on=DAY,
            ended_on=DAY - dt.timedelta(1),
        ),
    )  # fmt: skip


@pytest.mark.parametrize("code", ["K7QM24R0", "k7qm24rt", "K7QM", "K7QM24R!"])
def test_database_refuses_a_code_people_could_misread(district, drive, code):
    refuses(
        "joincode_form",
        lambda: JoinCode.objects.create(
            drive=drive, unit=district.pool_a, area=district.area_a, code=code, place="Gate",
            expires_on=DAY,
        ),
    )  # fmt: skip


def test_database_counts_an_application_for_one_drive_only(district, drive):
    application = make.enrolled(district.pool_a)
    row = {"drive": drive, "area": district.area_a, "group_id": COURIERS}
    DriveEnrolment.objects.create(application=application, **row)
    refuses("application_id", lambda: DriveEnrolment.objects.create(application=application, **row))


def test_drive_is_running_only_open_and_inside_its_period(district):
    today = timezone.localdate()
    drive = make.drive(district.unit, areas=[district.area_a])
    assert drive.is_running
    assert drive.last_on == today + dt.timedelta(days=50)
    drive.ended_on = today
    assert not drive.is_running
    drive.ended_on, drive.state = today + dt.timedelta(1), "closed"
    assert not drive.is_running


@pytest.mark.parametrize("change", [{"is_active": False}, {"expires_on": dt.date(2026, 1, 1)}])
def test_join_code_stops_working(district, change):
    drive = make.drive(district.unit, areas=[district.area_a])
    code = make.code(drive, district.pool_a, district.area_a)
    assert code.works
    for name, value in change.items():
        setattr(code, name, value)
    assert not code.works


def test_join_code_stops_with_its_union(district):
    drive = make.drive(district.unit, areas=[district.area_a])
    code = make.code(drive, district.pool_a, district.area_a)
    code.unit.status = "dissolved"
    assert not code.works
