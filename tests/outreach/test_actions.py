import datetime as dt

import pytest
from django.utils import timezone

from members.models import WorkerGroup
from outreach import actions
from outreach.models import Drive, KnownJoin, PatchAssignment, Target
from tests.factories import members as people
from tests.factories import outreach as make
from tests.factories.outreach import COURIERS, TRUCKS
from unionportal.core.actors import SYSTEM
from unionportal.core.errors import Refused, Stale
from unionportal.core.ids import new_id
from unionportal.core.models import AuditEvent

TODAY = timezone.localdate
ONE_DAY = dt.timedelta(days=1)


def refusal_of(act) -> tuple[str, str | None]:
    with pytest.raises(Refused) as caught:
        act()
    return caught.value.code, caught.value.field


@pytest.fixture
def plan(district) -> dict:
    return {
        "name": "Autumn", "started_on": TODAY(), "ended_on": TODAY() + 30 * ONE_DAY,
        "owner": district.unit, "areas": [district.area_a, district.area_b],
        "groups": list(WorkerGroup.objects.filter(pk__in=[COURIERS, TRUCKS])),
    }  # fmt: skip


def test_create_drive_writes_it_with_groups_areas_and_audit(plan, district_officer):
    drive = actions.create_drive(by=district_officer, **plan)
    assert (drive.state, drive.created_by, drive.version) == ("draft", district_officer, 1)
    assert set(drive.groups.values_list("pk", flat=True)) == {COURIERS, TRUCKS}
    assert drive.areas.count() == 2
    event = AuditEvent.objects.get(verb="drive.create")
    assert event.target_id == str(drive.pk)
    assert event.data == {"groups": 2, "areas": 2}


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"name": "  "}, "no_name", "name"),
        ({"ended_on": TODAY()}, "period", "last_on"),
        ({"ended_on": TODAY() + 2000 * ONE_DAY}, "period", "last_on"),
        ({"groups": []}, "no_group", "groups"),
        ({"areas": []}, "no_area", "areas"),
    ],
)
def test_create_drive_refuses_what_makes_no_sense(plan, change, code, field):
    assert refusal_of(lambda: actions.create_drive(by=SYSTEM, **{**plan, **change})) == (
        code, field,
    )  # fmt: skip
    assert not Drive.objects.exists()


def test_set_targets_replaces_the_grid_and_counts_versions(district):
    a, b = district.area_a, district.area_b
    drive = make.drive(
        district.unit, areas=[a, b], groups=[COURIERS, TRUCKS], is_open=False,
        targets={(a, COURIERS): 5, (a, TRUCKS): 7},
    )  # fmt: skip
    counts = {(a.pk, COURIERS): 6, (a.pk, TRUCKS): 0, (b.pk, TRUCKS): 9}
    actions.set_targets(by=SYSTEM, drive=drive, counts=counts, version=drive.version)
    rows = Target.objects.values_list("area_id", "group_id", "count")
    assert set(rows) == {(a.pk, COURIERS, 6), (b.pk, TRUCKS, 9)}
    assert drive.version == 3
    event = AuditEvent.objects.filter(verb="drive.set_targets").latest("id")
    assert event.data == {"cells": 2, "changed": 3, "people": 15}


def test_set_targets_refuses_a_stale_grid(district):
    drive = make.drive(district.unit, areas=[district.area_a], is_open=False)
    with pytest.raises(Stale):
        actions.set_targets(by=SYSTEM, drive=drive, counts={}, version=drive.version - 1)
    assert Target.objects.count() == 1


@pytest.mark.parametrize("count", [-1, 1_000_001])
def test_set_targets_refuses_numbers_out_of_range(district, count):
    drive = make.drive(district.unit, areas=[district.area_a], is_open=False)
    counts = {(district.area_a.pk, COURIERS): count}
    code = refusal_of(
        lambda: actions.set_targets(by=SYSTEM, drive=drive, counts=counts, version=drive.version)
    )
    assert code == ("target_range", None)


def test_set_targets_refuses_cells_outside_the_drive(district):
    drive = make.drive(district.unit, areas=[district.area_a], is_open=False)
    counts = {(district.area_b.pk, COURIERS): 5}
    code = refusal_of(
        lambda: actions.set_targets(by=SYSTEM, drive=drive, counts=counts, version=drive.version)
    )
    assert code == ("outside", None)


def test_open_and_close_move_the_drive_once(district, district_officer):
    drive = make.drive(district.unit, areas=[district.area_a], is_open=False)
    actions.open_drive(by=district_officer, drive=drive)
    assert (drive.state, drive.opened_at is None) == ("open", False)
    with pytest.raises(Stale):
        actions.open_drive(by=district_officer, drive=drive)
    actions.close_drive(by=district_officer, drive=drive)
    assert Drive.objects.get().state == "closed"
    verbs = AuditEvent.objects.filter(target_id=str(drive.pk)).order_by("id")
    assert list(verbs.values_list("verb", flat=True)) == [
        "drive.create", "drive.set_targets", "drive.open", "drive.close",
    ]  # fmt: skip


def test_open_refuses_without_target_and_after_the_end(district):
    empty = make.drive(district.unit, areas=[district.area_a], targets={}, is_open=False)
    assert refusal_of(lambda: actions.open_drive(by=SYSTEM, drive=empty)) == ("no_target", None)
    over = make.drive(
        district.unit, areas=[district.area_a], is_open=False,
        started_on=TODAY() - 9 * ONE_DAY, ended_on=TODAY(),
    )  # fmt: skip
    assert refusal_of(lambda: actions.open_drive(by=SYSTEM, drive=over)) == ("over", None)


def test_closed_drive_takes_no_targets_patches_or_codes(district, field_officer):
    drive = make.drive(district.unit, areas=[district.area_a])
    actions.close_drive(by=SYSTEM, drive=drive)
    drive.refresh_from_db()
    for act in (
        lambda: actions.set_targets(by=SYSTEM, drive=drive, counts={}, version=drive.version),
        lambda: make.patch(field_officer, district.area_a, drive=drive),
        lambda: make.code(drive, district.pool_a, district.area_a),
    ):
        assert refusal_of(act) == ("closed", None)


def test_assign_patches_refuses_twice_outside_and_backwards(district, field_officer):
    drive = make.drive(district.unit, areas=[district.area_a])
    make.patch(field_officer, district.area_a, drive=drive)
    for area, fields, refusal in [
        (district.area_a, {}, ("patch_twice", "areas")),
        (district.area_b, {}, ("outside", "areas")),
        (district.area_a, {"ended_on": TODAY() - ONE_DAY}, ("period", "last_on")),
    ]:
        act = lambda a=area, f=fields: make.patch(field_officer, a, drive=drive, **f)  # noqa: E731
        assert refusal_of(act) == refusal
    assert PatchAssignment.objects.count() == 1


def test_end_patch_ends_today_and_only_once(district, field_officer):
    patch = make.patch(field_officer, district.area_a, started_on=TODAY() - 5 * ONE_DAY)
    assert actions.end_patch(by=SYSTEM, patch=patch).ended_on == TODAY()
    with pytest.raises(Stale):
        actions.end_patch(by=SYSTEM, patch=patch)


def test_end_patch_before_its_start_leaves_an_empty_period(district, field_officer):
    patch = make.patch(field_officer, district.area_a, started_on=TODAY() + 5 * ONE_DAY)
    assert actions.end_patch(by=SYSTEM, patch=patch).ended_on == TODAY() + 5 * ONE_DAY


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"place": " "}, ("no_place", "place")),
        ({"expires_on": TODAY() - ONE_DAY}, ("expired", "expires_on")),
        ({"expires_on": TODAY() + 51 * ONE_DAY}, ("after_drive", "expires_on")),
    ],
)
def test_add_code_refuses_bad_places_and_days(district, change, refusal):
    drive = make.drive(district.unit, areas=[district.area_a])
    act = lambda: make.code(drive, district.pool_a, district.area_a, **change)  # noqa: E731
    assert refusal_of(act) == refusal


def test_add_code_refuses_a_union_without_members_of_its_own(district):
    drive = make.drive(district.unit, areas=[district.area_a])
    act = lambda: make.code(drive, district.unit_a, district.area_a)  # noqa: E731
    assert refusal_of(act) == ("unit_takes_none", "unit")


def test_stop_code_works_once(district):
    drive = make.drive(district.unit, areas=[district.area_a])
    code = make.code(drive, district.pool_a, district.area_a)
    actions.stop_code(by=SYSTEM, code=code)
    assert not code.works
    with pytest.raises(Stale):
        actions.stop_code(by=SYSTEM, code=code)


def test_note_known_keeps_one_note_a_request(district):
    drive = make.drive(district.unit, areas=[district.area_a])
    code = make.code(drive, district.pool_a, district.area_a)
    application, ref = make.enrolled(district.pool_a), new_id()
    for _again in range(2):
        actions.note_known(
            code=code, client_ref=ref, known_as="applicant", id_index=application.id_index
        )
    note = KnownJoin.objects.get()
    assert (note.application_id, note.person_id) == (application.pk, None)
    assert AuditEvent.objects.filter(verb="joincode.known").count() == 1


def test_note_known_names_the_person_behind_an_approved_application(district, district_officer):
    drive = make.drive(district.unit, areas=[district.area_a])
    code = make.code(drive, district.pool_a, district.area_a)
    application = make.enrolled(district.pool_a)
    people.applications.approve(
        by=district_officer, applications=[application], decided_on=TODAY(), signer="Chair"
    )
    note = actions.note_known(
        code=code, client_ref=new_id(), known_as="member", id_index=application.id_index
    )
    assert note.person.id_index == application.id_index
