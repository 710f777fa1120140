import datetime as dt

import pytest
from django.utils import timezone

from members.models import Application, Area
from outreach import actions
from outreach.models import Drive, DriveEnrolment, JoinCode, PatchAssignment
from tests.factories import members as people
from tests.factories import outreach as make
from unionportal.core.actors import SYSTEM
from unionportal.core.models import User
from unionportal.core.roles import P
from unionportal.core.scope import scope_of

TODAY = timezone.localdate
ONE_DAY = dt.timedelta(days=1)


def fresh(user: User) -> User:
    """Return the user as the next request reads it: grants and scope are kept per object."""
    return User.objects.get(pk=user.pk)


def areas_of(user: User, permission: P) -> set[Area]:
    return set(Area.objects.visible_to(fresh(user), permission))


def test_drive_is_seen_where_its_areas_are(
    district, district_officer, subdistrict_officer, neighbour_officer, finance_maker
):
    in_a = make.drive(district.unit, areas=[district.area_a], name="A")
    both = make.drive(district.unit, areas=[district.area_a, district.area_b], name="AB")
    whole = make.drive(district.unit, areas=[district.area], name="District")

    def seen(user):
        return set(Drive.objects.visible_to(user))

    assert seen(district_officer) == {in_a, both, whole}
    assert seen(subdistrict_officer) == {in_a, both, whole}
    assert seen(neighbour_officer) == {both, whole}
    assert seen(finance_maker) == set()


def test_own_drive_is_seen_whatever_its_areas(district, neighbour_officer):
    drive = make.drive(district.unit_b, areas=[district.area_a])
    assert set(Drive.objects.visible_to(neighbour_officer)) == {drive}


def test_nobody_but_the_district_manages_drives(
    district, district_officer, subdistrict_officer, field_officer
):
    drive = make.drive(district.unit, areas=[district.area_a])
    assert set(Drive.objects.visible_to(district_officer, P.MANAGE_DRIVES)) == {drive}
    for officer in (subdistrict_officer, field_officer):
        assert set(Drive.objects.visible_to(officer, P.MANAGE_DRIVES)) == set()


def test_codes_are_seen_with_their_drive(district, subdistrict_officer, neighbour_officer):
    drive = make.drive(district.unit, areas=[district.area_a])
    code = make.code(drive, district.pool_a, district.area_a)
    assert set(JoinCode.objects.visible_to(subdistrict_officer)) == {code}
    assert set(JoinCode.objects.visible_to(neighbour_officer)) == set()


def test_enrolments_are_seen_with_their_application(
    district, subdistrict_officer, neighbour_officer
):
    make.drive(district.unit, areas=[district.area_a, district.area_b])
    make.enrolled(district.pool_a)
    make.enrolled(district.firm_b)
    seen_a = DriveEnrolment.objects.visible_to(subdistrict_officer).values_list("area", flat=True)
    seen_b = DriveEnrolment.objects.visible_to(neighbour_officer).values_list("area", flat=True)
    assert (list(seen_a), list(seen_b)) == ([district.area_a.pk], [district.area_b.pk])


@pytest.fixture
def outsider(make_user, district) -> User:
    """A field officer of a firm's union in A: reaches no area but through a patch."""
    return make_user("outsider", "field_officer", district.firm_a)


def test_patch_gives_exactly_its_area_with_a_field_officers_rights(district, outsider):
    assert areas_of(outsider, P.ENROL) == set()
    make.patch(outsider, district.area_b)
    assert areas_of(outsider, P.ENROL) == {district.area_b}
    assert areas_of(outsider, P.VIEW_MEMBERS) == {district.area_b}
    assert scope_of(fresh(outsider), P.APPROVE_APPLICATION).is_empty
    people.application(district.firm_b)
    people.application(district.pool_a)
    seen = Application.objects.visible_to(fresh(outsider))
    assert list(seen.values_list("unit", flat=True)) == [district.firm_b.pk]


def test_patch_covers_the_areas_below_its_own(district, outsider):
    village = people.area(district.area_b)
    make.patch(outsider, Area.objects.get(pk=district.area_b.pk))
    assert areas_of(outsider, P.ENROL) == {district.area_b, village}


def test_patch_does_not_widen_what_a_field_officer_may_not_do(district, subdistrict_officer):
    make.patch(subdistrict_officer, district.area_b)
    assert areas_of(subdistrict_officer, P.ENROL) == {district.area_a, district.area_b}
    for right in (P.APPROVE_APPLICATION, P.REVEAL, P.EXPORT):
        assert areas_of(subdistrict_officer, right) == {district.area_a}


def test_patch_gives_nothing_to_somebody_without_the_role(district, finance_maker):
    make.patch(finance_maker, district.area_b)
    assert scope_of(fresh(finance_maker), P.ENROL).is_empty


@pytest.mark.parametrize(
    ("start", "end", "reached"),
    [(0, None, True), (-3, 1, True), (1, None, False), (-3, 0, False), (0, 1, True)],
)
def test_patch_counts_on_its_days_only(district, outsider, start, end, reached):
    make.patch(
        outsider, district.area_b, started_on=TODAY() + start * ONE_DAY,
        ended_on=None if end is None else TODAY() + end * ONE_DAY,
    )  # fmt: skip
    assert areas_of(outsider, P.ENROL) == ({district.area_b} if reached else set())


def test_patch_of_a_drive_counts_while_the_drive_runs(district, outsider):
    drive = make.drive(district.unit, areas=[district.area_b], is_open=False)
    make.patch(outsider, district.area_b, drive=drive)
    assert areas_of(outsider, P.ENROL) == set()
    actions.open_drive(by=SYSTEM, drive=drive)
    assert areas_of(outsider, P.ENROL) == {district.area_b}
    actions.close_drive(by=SYSTEM, drive=drive)
    assert areas_of(outsider, P.ENROL) == set()


def test_patch_of_a_drive_ends_with_the_drives_last_day(district, outsider):
    drive = make.drive(district.unit, areas=[district.area_b])
    make.patch(outsider, district.area_b, drive=drive)
    Drive.objects.filter(pk=drive.pk).update(ended_on=TODAY())
    assert areas_of(outsider, P.ENROL) == set()


def test_closing_a_drive_shuts_an_open_session_out_at_once(district, outsider, client_for):
    drive = make.drive(district.unit, areas=[district.area_b])
    make.patch(outsider, district.area_b, drive=drive)
    client = client_for(outsider)
    url = f"/desk/drives/{drive.pk}/"
    assert client.get(url).status_code == 200
    actions.close_drive(by=SYSTEM, drive=drive)
    assert client.get(url).status_code == 404


def test_patches_are_seen_by_area(district, subdistrict_officer, neighbour_officer, outsider):
    patch = make.patch(outsider, district.area_b)
    assert set(PatchAssignment.objects.visible_to(neighbour_officer)) == {patch}
    assert set(PatchAssignment.objects.visible_to(subdistrict_officer)) == set()
