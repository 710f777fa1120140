import datetime as dt

import pytest
from django.utils import timezone

from members.actions import applications
from outreach import actions
from outreach.models import Drive, DriveEnrolment
from tests.factories import members as people
from tests.factories import outreach as make
from tests.factories.outreach import COURIERS, TRUCKS
from unionportal.core.actors import SYSTEM
from unionportal.core.models import AuditEvent

ONE_DAY = dt.timedelta(days=1)


def counted_for(application) -> Drive | None:
    row = DriveEnrolment.objects.filter(application=application).first()
    return row.drive if row else None


def test_application_counts_for_the_drive_of_its_area_group_and_day(district):
    drive = make.drive(district.unit, areas=[district.area_a])
    application = make.enrolled(district.pool_a)
    row = DriveEnrolment.objects.get()
    assert (row.application, row.drive, row.join_code) == (application, drive, None)
    assert (row.area, row.group_id) == (district.area_a, COURIERS)
    event = AuditEvent.objects.get(verb="drive.count")
    assert (event.target_id, event.to_state) == (str(row.pk), "counted")


def test_application_counts_for_a_drive_in_an_area_above_its_own(district):
    drive = make.drive(district.unit, areas=[district.area])
    application = make.enrolled(district.pool_a)
    assert counted_for(application) == drive
    assert DriveEnrolment.objects.get().area == district.area


def test_application_counts_for_the_deepest_of_the_drives_areas(district):
    make.drive(district.unit, areas=[district.area, district.area_a])
    make.enrolled(district.pool_a)
    make.enrolled(district.firm_b)
    found = DriveEnrolment.objects.order_by("pk").values_list("area", flat=True)
    assert list(found) == [district.area_a.pk, district.area.pk]


def test_application_of_another_area_group_or_day_counts_for_nothing(district):
    today = timezone.localdate()
    make.drive(district.unit, areas=[district.area_a])
    later = make.drive(
        district.unit, areas=[district.area_b], started_on=today + ONE_DAY,
        ended_on=today + 9 * ONE_DAY,
    )  # fmt: skip
    make.drive(district.unit, areas=[district.area_b], is_open=False)
    make.enrolled(district.firm_b)
    make.enrolled(district.pool_a, group=TRUCKS, vehicle_plate="豫A12345")
    assert later.state == "open"
    assert not DriveEnrolment.objects.exists()


def test_drive_counts_from_its_first_to_its_last_day(district):
    today = timezone.localdate()
    last = make.drive(
        district.unit, areas=[district.area_a], started_on=today, ended_on=today + ONE_DAY
    )
    assert counted_for(make.enrolled(district.pool_a)) == last
    Drive.objects.filter(pk=last.pk).update(started_on=today - ONE_DAY, ended_on=today)
    assert counted_for(make.enrolled(district.pool_a)) is None


def test_latest_opened_drive_wins(district):
    first = make.drive(district.unit, areas=[district.area_a], is_open=False)
    second = make.drive(district.unit, areas=[district.area_a])
    assert counted_for(make.enrolled(district.pool_a)) == second
    actions.open_drive(by=SYSTEM, drive=first)
    assert counted_for(make.enrolled(district.pool_a)) == first


def test_closed_drive_counts_nobody(district):
    drive = make.drive(district.unit, areas=[district.area_a])
    actions.close_drive(by=SYSTEM, drive=drive)
    assert counted_for(make.enrolled(district.pool_a)) is None


@pytest.fixture
def coded(district):
    drive = make.drive(district.unit, areas=[district.area_a])
    return make.code(drive, district.pool_a, district.area_a)


def submit_with(code, unit, **fields):
    candidate = people.candidate(unit, **fields)
    context = {"join_code": str(code.pk)}
    return applications.submit(by=SYSTEM, candidate=candidate, context=context)


def test_join_code_wins_over_a_later_drive(district, coded):
    make.drive(district.unit, areas=[district.area_a], name="Later")
    application = submit_with(coded, district.pool_a)
    row = DriveEnrolment.objects.get()
    assert (row.application, row.drive, row.join_code) == (application, coded.drive, coded)


def test_join_code_counts_another_group_and_places_another_area_under_its_own(district, coded):
    submit_with(coded, district.firm_b, group=people.group(TRUCKS), vehicle_plate="豫A12345")
    row = DriveEnrolment.objects.get()
    assert (row.area, row.group_id) == (district.area_a, TRUCKS)


def test_join_code_of_a_closed_drive_falls_back_to_the_rule(district, coded):
    actions.close_drive(by=SYSTEM, drive=coded.drive)
    drive = make.drive(district.unit, areas=[district.area_a])
    assert counted_for(submit_with(coded, district.pool_a)) == drive


@pytest.mark.parametrize("rows", [1, 3])
def test_roster_is_counted_in_a_fixed_number_of_queries(district, rows, django_assert_num_queries):
    make.drive(district.unit, areas=[district.area_a])
    make.drive(district.unit, areas=[district.area_b])
    found = [make.enrolled(district.pool_a) for _n in range(rows)]
    DriveEnrolment.objects.all().delete()
    with django_assert_num_queries(9):
        linked = actions.link_applications(applications=found)
    assert len(linked) == rows


def test_linking_twice_counts_once(district):
    make.drive(district.unit, areas=[district.area_a])
    application = make.enrolled(district.pool_a)
    assert actions.link_applications(applications=[application]) == []
    assert DriveEnrolment.objects.count() == 1


def test_roster_of_many_goes_to_the_drives_that_fit(district):
    drive_a = make.drive(district.unit, areas=[district.area_a], name="A")
    drive_b = make.drive(district.unit, areas=[district.area_b], name="B")
    units = [district.pool_a, district.firm_b, district.firm_a]
    candidates = [people.candidate(unit) for unit in units]
    made = applications.submit_many(by=SYSTEM, candidates=candidates)
    assert [counted_for(one) for one in made] == [drive_a, drive_b, drive_a]
