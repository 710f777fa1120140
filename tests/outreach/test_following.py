"""Drives and patches go on in what an area became."""

import datetime as dt

import pytest
from django.utils import timezone

from members.actions import areas
from outreach import actions, queries
from outreach.models import DriveEnrolment, JoinCode, PatchAssignment, Target
from tests.factories import members as people
from tests.factories import outreach as make
from tests.factories.outreach import COURIERS
from unionportal.core.actors import SYSTEM

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate
ONE_DAY = dt.timedelta(days=1)


def new_area(district, name):
    district.area.refresh_from_db()
    facts = areas.AreaFacts(name_zh=name, level="subdistrict", valid_from=dt.date(2020, 1, 1))
    return areas.add_area(by=SYSTEM, parent=district.area, facts=facts)


def end(area, *successors):
    areas.end_area(by=SYSTEM, area=area, ended_on=TODAY(), successors=successors, reason="merged")


@pytest.fixture
def drive(district):
    return make.drive(district.unit, areas=[district.area_a, district.area_b])


def test_a_running_drive_goes_on_in_the_successors(district, drive, district_officer):
    Target.objects.all().delete()
    for area, count in ((district.area_a, 10), (district.area_b, 7)):
        Target.objects.create(drive=drive, area=area, group_id=COURIERS, count=count)
    code = make.code(drive, district.firm_a, district.area_a)
    make.enrolled(district.firm_a)
    other = new_area(district, "丙街道")

    end(district.area_a, district.area_b, other)

    assert set(drive.areas.all()) == {district.area_b, other}
    assert list(drive.targets.values_list("area", "count")) == [(district.area_b.pk, 17)]
    assert DriveEnrolment.objects.get().area == district.area_b
    assert JoinCode.objects.get(pk=code.pk).area == district.area_b
    drive.refresh_from_db()
    assert drive.version == 3
    board = queries.board_of(drive, district_officer)
    assert [(row.area, row.sum.target) for row in board.rows if row.sum.target] == [
        (district.area_b, 17)
    ]


def test_who_comes_in_afterwards_counts_for_the_successor(district, drive):
    new = new_area(district, "丙街道")
    end(district.area_a, new)
    district.firm_a.refresh_from_db()
    make.enrolled(district.firm_a)
    assert DriveEnrolment.objects.get().area == new


def test_a_closed_drive_stays_as_it_was(district, drive):
    actions.close_drive(by=SYSTEM, drive=drive)
    end(district.area_a, district.area_b)
    assert set(drive.areas.all()) == {district.area_a, district.area_b}


def test_an_officer_answers_for_every_successor_from_that_day(district, field_officer):
    old = make.patch(field_officer, district.area_a, started_on=TODAY() - 9 * ONE_DAY)
    over = make.patch(
        field_officer, district.area_b, started_on=TODAY() - 9 * ONE_DAY, ended_on=TODAY()
    )
    new = new_area(district, "丙街道")
    end(district.area_a, new, district.area_b)
    old.refresh_from_db()
    over.refresh_from_db()
    assert (old.ended_on, over.ended_on) == (TODAY(), TODAY())
    lasting = PatchAssignment.objects.filter(ended_on=None).order_by("area__path")
    assert [(one.area, one.started_on) for one in lasting] == [
        (district.area_b, TODAY()), (new, TODAY()),
    ]  # fmt: skip


def test_a_patch_the_officer_has_there_already_is_not_doubled(district, field_officer):
    make.patch(field_officer, district.area_a, started_on=TODAY() - 9 * ONE_DAY)
    make.patch(field_officer, district.area_b, started_on=TODAY() - 9 * ONE_DAY)
    end(district.area_a, district.area_b)
    assert PatchAssignment.objects.filter(ended_on=None).count() == 1


def test_time_before_and_after_a_later_patch_there_is_filled(district, field_officer):
    make.patch(field_officer, district.area_a, started_on=TODAY() - 9 * ONE_DAY)
    later = TODAY() + 30 * ONE_DAY
    make.patch(field_officer, district.area_b, started_on=later, ended_on=later + ONE_DAY)
    end(district.area_a, district.area_b)
    held = PatchAssignment.objects.filter(area=district.area_b).order_by("started_on")
    assert list(held.values_list("started_on", "ended_on")) == [
        (TODAY(), later), (later, later + ONE_DAY), (later + ONE_DAY, None),
    ]  # fmt: skip


def test_the_areas_below_take_their_patches_along(district, field_officer):
    below = people.area(district.area_a, level="community")
    make.patch(field_officer, below, started_on=TODAY() - 9 * ONE_DAY)
    end(district.area_a, district.area_b)
    patch = PatchAssignment.objects.get(ended_on=None)
    assert (patch.area.name_zh, patch.area.path.startswith(district.area_b.path)) == (
        below.name_zh, True,
    )  # fmt: skip
