"""Memberships, phones and units: exact outcomes; what the database itself refuses."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from members.actions import memberships, people, units
from members.actions.unit_changes import Paper, close_unit
from members.models import Affiliation, Membership, MonthlyFlow, Movement, WorkerGroup
from members.queries import find_person, is_widely_shared, shared_phone_count, status_of
from members.states import MembershipState, PhoneState
from tests.factories import members as make
from unionportal.core.actors import SYSTEM
from unionportal.core.errors import NotAllowed, Refused, Stale
from unionportal.core.ids import new_id

pytestmark = pytest.mark.django_db
DAY = date(2026, 3, 9)


def test_the_database_refuses_a_second_open_membership(district):
    member = make.membership(district.firm_a)
    member.pk, member.member_no = new_id(), "GH202699999999"
    with pytest.raises(IntegrityError, match="membership_one_open_per_person"):
        member.save(force_insert=True)


def test_the_database_refuses_overlapping_affiliations(district):
    member = make.membership(district.firm_a)
    with pytest.raises(IntegrityError, match="affiliation_one_a_day"), transaction.atomic():
        Affiliation.objects.create(membership=member, unit=district.pool_a, started_on=DAY)


def test_movements_are_append_only(district):
    make.membership(district.firm_a)
    with pytest.raises(Exception, match="Cannot update"), transaction.atomic():
        Movement.objects.update(delta=-1)


def test_open_membership_refuses_a_member(district):
    member = make.membership(district.firm_a)
    opening = memberships.Opening(
        person=member.person, unit=district.pool_a, group=make.group(), joined_on=DAY
    )
    with pytest.raises(Refused) as refusal:
        memberships.open_membership(by=SYSTEM, opening=opening)
    assert refusal.value.code == "already_member"


def test_closing_ends_affiliation_and_group_and_counts_one_less(district, subdistrict_officer):
    member = make.membership(district.firm_a)

    memberships.close(
        membership=member, verb="resign", by=subdistrict_officer, reason="own wish", ended_on=DAY
    )

    member.refresh_from_db()
    assert (member.state, member.ended_on) == (MembershipState.RESIGNED, DAY)
    assert member.affiliations.get().ended_on == DAY
    assert member.group_history.get().ended_on == DAY
    last = Movement.objects.last()
    assert (last.kind, last.delta, last.day) == ("leave", -1, DAY)
    assert MonthlyFlow.objects.get(month=date(2026, 3, 1)).went == 1


def test_closing_twice_is_stale_and_without_reason_refused(district, subdistrict_officer):
    member = make.membership(district.firm_a)
    with pytest.raises(Refused, match="Give a reason"):
        memberships.close(membership=member, verb="resign", by=subdistrict_officer)
    memberships.close(membership=member, verb="move_away", by=subdistrict_officer)
    with pytest.raises(Stale):
        memberships.close(membership=member, verb="move_away", by=subdistrict_officer)
    assert Movement.objects.count() == 2


def test_annulling_a_closed_membership_reverses_every_movement(district):
    member = make.membership(district.firm_a)
    memberships.close(membership=member, verb="resign", by=SYSTEM, reason="left", ended_on=DAY)
    memberships.close(membership=member, verb="annul", by=SYSTEM, reason="fake")

    rows = Movement.objects.order_by("id").values_list("day", "delta")
    assert list(rows) == [
        (date(2026, 1, 15), 1), (DAY, -1), (date(2026, 1, 15), -1), (DAY, 1)
    ]  # fmt: skip
    flows = MonthlyFlow.objects.order_by("month").values_list("came", "went", "joined")
    assert list(flows) == [(1, 1, 0), (1, 1, 0)]


def test_leaving_on_a_day_before_a_move_takes_the_move_back(district):
    member = make.membership(district.firm_a)
    memberships.move_to_unit(membership=member, unit=district.pool_a, by=SYSTEM, moved_on=DAY)
    left = date(2026, 2, 1)
    memberships.close(membership=member, verb="resign", by=SYSTEM, reason="left", ended_on=left)

    moves = Movement.objects.order_by("day", "id").values_list("unit", "day", "delta", "kind")
    assert list(moves) == [
        (district.firm_a.pk, date(2026, 1, 15), 1, "join"),
        (district.firm_a.pk, left, -1, "leave"),
        (district.firm_a.pk, DAY, -1, "transfer_out"),
        (district.pool_a.pk, DAY, 1, "transfer_in"),
        (district.firm_a.pk, DAY, 1, "correction"),
        (district.pool_a.pk, DAY, -1, "correction"),
    ]
    rows = member.affiliations.order_by("started_on").values_list("started_on", "ended_on")
    assert list(rows) == [(date(2026, 1, 15), left), (DAY, DAY)]


def test_nothing_is_recorded_before_it_happens(district):
    member = make.membership(district.firm_a)
    later = timezone.localdate() + timedelta(days=1)
    opening = memberships.Opening(
        person=member.person, unit=district.firm_a, group=member.group, joined_on=later
    )
    for act in (
        lambda: memberships.close(membership=member, verb="move_away", by=SYSTEM, ended_on=later),
        lambda: memberships.move_to_unit(
            membership=member, unit=district.pool_a, by=SYSTEM, moved_on=later
        ),
        lambda: memberships.open_membership(by=SYSTEM, opening=opening),
    ):
        with pytest.raises(Refused, match="still to come"):
            act()


def test_the_database_refuses_two_memberships_on_a_day(district):
    member = make.membership(district.firm_a)
    memberships.close(membership=member, verb="move_away", by=SYSTEM, ended_on=DAY)
    again = Membership.objects.get()
    again.pk, again.member_no = new_id(), "GH202699999999"
    again.joined_on, again.ended_on = date(2026, 3, 8), date(2026, 4, 1)
    with pytest.raises(IntegrityError, match="membership_one_a_day"), transaction.atomic():
        again.save(force_insert=True)
    again.joined_on = DAY
    again.save(force_insert=True)


def test_retaining_keeps_the_member_counted(district, subdistrict_officer):
    member = make.membership(district.firm_a)
    memberships.retain(membership=member, by=subdistrict_officer, reason_code="unemployment")
    assert Membership.objects.recorded().get().state == MembershipState.RETAINED
    memberships.reactivate(membership=member, by=subdistrict_officer)
    assert Membership.objects.get().state == MembershipState.ACTIVE
    assert Movement.objects.count() == 1


def test_moving_keeps_number_and_seniority(district, subdistrict_officer):
    member = make.membership(district.firm_a)

    memberships.move_to_unit(
        membership=member, unit=district.pool_a, by=subdistrict_officer, moved_on=DAY
    )

    moved = Membership.objects.get()
    assert (moved.unit, moved.member_no, moved.joined_on) == (
        district.pool_a,
        member.member_no,
        member.joined_on,
    )
    rows = moved.affiliations.order_by("started_on").values_list("unit", "started_on", "ended_on")
    assert list(rows) == [
        (district.firm_a.pk, date(2026, 1, 15), DAY),
        (district.pool_a.pk, DAY, None),
    ]
    kinds = Movement.objects.order_by("id").values_list("kind", flat=True)
    assert list(kinds) == ["join", "transfer_out", "transfer_in"]


@pytest.mark.parametrize(("unit", "code"), [("firm_a", "same_unit"), ("unit_a", "unit_takes_none")])
def test_moving_nowhere_is_refused(unit, code, district, subdistrict_officer):
    member = make.membership(district.firm_a)
    with pytest.raises(Refused) as refusal:
        memberships.move_to_unit(
            membership=member, unit=getattr(district, unit), by=subdistrict_officer
        )
    assert refusal.value.code == code


def test_moving_to_a_neighbours_unit_is_not_allowed(district, subdistrict_officer):
    member = make.membership(district.firm_a)
    with pytest.raises(NotAllowed):
        memberships.move_to_unit(membership=member, unit=district.firm_b, by=subdistrict_officer)


def test_verifying_a_phone_held_verified_by_another_is_refused(district):
    make.membership(district.firm_a, phone="13911112222", phone_is_verified=True)
    other = make.membership(district.firm_a, phone="13911112222").person

    with pytest.raises(Refused) as refusal:
        people.verify_phone(person=other, phone="13911112222", by=SYSTEM)
    assert refusal.value.code == "phone_taken"

    done = people.verify_phone(person=other, phone="139 3333 4444", by=SYSTEM)
    assert (done.phone, done.phone_state, done.phone_tail) == (
        "13933334444",
        PhoneState.VERIFIED,
        "4444",
    )


def test_a_person_is_found_by_document_and_says_how_they_stand(district):
    member = make.membership(district.firm_a)
    person = find_person("citizen", member.person.id_number)
    status = status_of(person)
    assert (status.membership, status.unit, status.since, status.application) == (
        member,
        district.firm_a,
        date(2026, 1, 15),
        None,
    )
    assert status.certificate == member.certificate
    assert find_person("passport", member.person.id_number) is None


def test_a_phone_of_four_people_is_widely_shared(district):
    for _n in range(4):
        member = make.membership(district.firm_a, phone="13911112222")
    index = member.person.phone_index
    assert shared_phone_count(index) == 4
    assert is_widely_shared(index)


def test_establishing_a_unit_unionises_its_employers(district, district_officer):
    unit = make.unit(district.unit_a, status="preparing", established_on=None)
    employer = make.employer(district.area_a, covered_by=unit, union_state="preparing")

    units.establish(unit=unit, by=district_officer, established_on=DAY)
    employer.refresh_from_db()
    assert (unit.status, employer.union_state) == ("established", "unionised")

    close_unit(by=district_officer, unit=unit, paper=Paper(reason="the firm closed"))
    employer.refresh_from_db()
    assert employer.union_state == "not_unionised"
    assert employer.coverages.get().ended_on is not None


def test_a_subdistrict_officer_does_not_establish_units(district, subdistrict_officer):
    with pytest.raises(NotAllowed):
        units.establish(unit=district.firm_a, by=subdistrict_officer)


def test_every_database_has_the_nine_groups(db):
    rows = WorkerGroup.objects.all()
    assert [row.code for row in rows.filter(is_eight_group=True)] == [
        "TRUCK_DRIVER", "PARCEL_COURIER", "CARE_WORKER", "DOMESTIC_WORKER", "MALL_PROMOTER",
        "FOOD_RIDER", "PROPERTY_AGENT", "SECURITY_GUARD",
    ]  # fmt: skip
    assert [row.code for row in rows.filter(is_eight_group=False)] == ["RIDE_HAILING_DRIVER"]
    assert [row.code for row in rows.filter(needs_plate=True)] == [
        "TRUCK_DRIVER",
        "RIDE_HAILING_DRIVER",
    ]
