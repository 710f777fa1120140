"""Who withdrew the consent to membership is stored and ended, not passed on (PIPL 47)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from members.actions import consents, memberships, reorganisation, unit_changes
from members.models import Membership, Person, Transfer
from members.transfers import actions, bulk
from members.transfers.states import TransferState
from tests.factories import members as make
from tests.members.test_move_many import asked, plan, url_of
from tests.members.test_transfers import who
from unionportal.core.actors import SYSTEM
from unionportal.core.errors import Refused
from unionportal.core.ids import new_id

pytestmark = pytest.mark.django_db


@pytest.fixture
def member(district) -> Membership:
    return make.membership(district.firm_a)


def stop(member: Membership) -> Membership:
    consents.withdraw(person=member.person, purpose="membership", by=SYSTEM)
    return Membership.objects.select_related("person", "unit").get(pk=member.pk)


def test_raw_sql_opens_no_transfer_of_a_stopped_person(member, district):
    stop(member)
    with pytest.raises(IntegrityError, match="transfer_not_of_stopped"), transaction.atomic():
        Transfer.objects.create(
            id=new_id(), kind="push", membership=member, from_unit=district.firm_a,
            to_unit=district.firm_b, due_on=timezone.localdate(),
        )  # fmt: skip


def test_no_door_passes_a_stopped_person_on(
    member, district, subdistrict_officer, neighbour_officer
):
    stopped = stop(member)
    by, to = subdistrict_officer, district.firm_b
    doors = {
        "push": lambda: actions.push(by=by, membership=stopped, unit=to),
        "send": lambda: actions.send_away(by=by, membership=stopped, outside_name="示例市总工会"),
        "wish": lambda: actions.wish(membership=stopped, unit=to),
        "move": lambda: memberships.move_to_unit(membership=stopped, unit=to, by=SYSTEM),
    }
    for door in doors.values():
        with pytest.raises(Refused, match="You can only end this membership") as refusal:
            door()
        assert refusal.value.code == "stopped"
    with pytest.raises(Refused) as refusal:
        actions.pull(by=neighbour_officer, unit=to, **who(stopped))
    assert refusal.value.code == "cannot_pull"


def test_withdrawing_consent_takes_the_open_transfer_back(member, district, neighbour_officer):
    made = actions.pull(by=neighbour_officer, unit=district.firm_b, **who(member))
    stop(member)
    made.refresh_from_db()
    assert made.state == TransferState.WITHDRAWN


def test_a_move_of_many_leaves_the_stopped_out_and_says_so(
    member, district, district_officer, client_for
):
    make.membership(district.firm_a)
    stop(member)
    move = plan(district.firm_a, district.firm_b)
    page = client_for(district_officer).post(
        url_of(district.firm_a), asked(district.firm_b)
    ).content.decode()  # fmt: skip
    assert "1 member moves" in page
    assert "1 member withdrew consent and is left out" in page
    assert bulk.run(by=district_officer, move=move, expected=1) == 1
    assert Membership.objects.get(pk=member.pk).unit_id == district.firm_a.pk


def test_a_move_by_id_leaves_the_stopped_where_they_are(member, district):
    stop(member)
    moved = reorganisation.transfer_members(
        by=SYSTEM, memberships=Membership.objects.all(), unit=district.firm_b
    )
    assert (moved.ids, moved.stopped) == ([], 1)


def test_a_union_that_closes_hands_the_stored_record_on(member, district, district_officer):
    stop(member)
    unit_changes.close_unit(
        by=district_officer, unit=district.firm_a, to=district.pool_a,
        paper=unit_changes.Paper(reason="over"),
    )  # fmt: skip
    found = Membership.objects.get(pk=member.pk)
    assert (found.unit_id, found.state) == (district.pool_a.pk, "active")
    assert Person.objects.get(pk=member.person_id).stopped_at is not None


@pytest.mark.parametrize(("hours", "is_stopped"), [(1, False), (-1, True)])
def test_only_a_later_yes_to_membership_lets_a_stopped_person_back(
    member, district, hours, is_stopped
):
    stopped = stop(member)
    memberships.close(
        membership=stopped, verb="resign", by=SYSTEM, reason="left",
        ended_on=timezone.localdate(),
    )  # fmt: skip
    said = Person.objects.get(pk=member.person_id).stopped_at + timedelta(hours=hours)
    opening = memberships.Opening(
        person=stopped.person, unit=district.firm_b, group=stopped.group,
        joined_on=timezone.localdate(), confirmation="paper_form", confirmed_at=said,
    )  # fmt: skip
    memberships.open_membership(by=SYSTEM, opening=opening)
    person = Person.objects.get(pk=member.person_id)
    assert (person.stopped_at is not None, person.stopped_reason) == (
        is_stopped, "withdrawn" if is_stopped else ""
    )  # fmt: skip
