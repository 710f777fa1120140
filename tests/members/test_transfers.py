"""Transfers: two sides, the member's yes, deadlines, one move and no double count."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from members.actions import memberships
from members.models import Affiliation, Membership, Movement, Transfer
from members.models.people import IdType
from members.queries import members_as_of
from members.states import Confirmation, MembershipState
from members.transfers import actions, queries
from members.transfers.states import TransferState
from members.transfers.tasks import sweep
from tests.factories import members as make
from unionportal.core.actors import SYSTEM
from unionportal.core.errors import NotAllowed, Refused, Stale
from unionportal.core.ids import new_id
from unionportal.core.models import AuditEvent
from unionportal.core.models.messaging import OutboxMessage

pytestmark = pytest.mark.django_db


@pytest.fixture
def member(district) -> Membership:
    """A member of a firm in sub-district A, since long."""
    return make.membership(district.firm_a)


@pytest.fixture
def pulled(member, district, neighbour_officer) -> Transfer:
    """Sub-district B asks for the member; nobody has said anything yet."""
    return actions.pull(by=neighbour_officer, unit=district.firm_b, **who(member))


def who(member: Membership, **changes: str) -> dict[str, str]:
    person = member.person
    return {"name": person.name, "id_type": IdType.CITIZEN, "id_number": person.id_number,
            **changes}  # fmt: skip


def agree(transfer: Transfer) -> Transfer:
    return actions.answer_by_link(token=transfer.token, agrees=True)


def let_pass(transfer: Transfer) -> None:
    Transfer.objects.filter(pk=transfer.pk).update(
        due_on=timezone.localdate() - dt.timedelta(days=1)
    )
    transfer.refresh_from_db()


def test_a_pull_moves_the_member_after_a_yes_of_both(pulled, member, district, subdistrict_officer):
    [text] = OutboxMessage.objects.filter(purpose="transfer")
    assert f"/transfer/{pulled.token}/" in text.body
    assert district.firm_a.name not in text.body

    agreed = agree(pulled)
    done = actions.accept(by=subdistrict_officer, transfer=agreed)

    assert (done.state, done.confirmation) == (TransferState.DONE, Confirmation.SMS_LINK)
    moved = Membership.objects.get(pk=member.pk)
    assert (moved.unit_id, moved.state, moved.member_no) == (
        district.firm_b.pk, MembershipState.ACTIVE, member.member_no,
    )  # fmt: skip
    old, new = Affiliation.objects.order_by("started_on", "-ended_on")
    assert (old.unit_id, old.ended_on) == (district.firm_a.pk, timezone.localdate())
    assert (new.unit_id, new.started_on, new.ended_on) == (
        district.firm_b.pk, timezone.localdate(), None,
    )  # fmt: skip
    kinds = list(Movement.objects.order_by("pk").values_list("kind", "delta"))
    assert kinds == [("join", 1), ("transfer_out", -1), ("transfer_in", 1)]
    verbs = AuditEvent.objects.filter(target_id=str(pulled.pk)).order_by("pk")
    assert [event.verb for event in verbs] == [
        "transfer.request", "transfer.consent", "transfer.accept", "transfer.finish",
    ]  # fmt: skip


@pytest.mark.parametrize("changes", [{"name": "李大海"}, {"id_number": make.id_number(7_777)}])
def test_a_pull_of_somebody_unknown_says_one_sentence(member, district, neighbour_officer, changes):
    with pytest.raises(Refused) as refusal:
        actions.pull(by=neighbour_officer, unit=district.firm_b, **who(member, **changes))
    assert refusal.value.code == "cannot_pull"
    assert not Transfer.objects.exists()


def test_a_second_transfer_of_a_membership_is_refused(pulled, member, district, make_user):
    district_officer = make_user("chief", "district_officer")
    with pytest.raises(Refused) as refusal:
        actions.push(by=district_officer, membership=member, unit=district.firm_b)
    assert refusal.value.code == "open_transfer"
    with pytest.raises(Refused, match="No membership with this name"):
        actions.pull(by=district_officer, unit=district.firm_b, **who(member))


def test_the_database_refuses_a_second_open_transfer(pulled):
    pulled.pk, pulled.token = new_id(), "other"
    with pytest.raises(IntegrityError, match="transfer_one_open_per_membership"):
        pulled.save(force_insert=True)


@pytest.mark.parametrize(
    "broken",
    [
        {"to_unit": None},
        {"outside_name": "外地工会"},
        {"state": "consented"},
        {"state": "done"},
        {"confirmation": "sms_link"},
        {"closed_at": timezone.now()},
    ],
)
def test_the_database_refuses_a_case_that_does_not_fit(pulled, broken):
    with pytest.raises(IntegrityError), transaction.atomic():
        Transfer.objects.filter(pk=pulled.pk).update(**broken)


def test_nobody_moves_without_the_members_yes(pulled, member, subdistrict_officer):
    with pytest.raises(Stale):
        actions.accept(by=subdistrict_officer, transfer=pulled)
    assert Membership.objects.get(pk=member.pk).unit_id == member.unit_id


def test_the_member_may_say_no(pulled, member):
    closed = actions.answer_by_link(token=pulled.token, agrees=False)
    assert closed.state == TransferState.REFUSED
    with pytest.raises(Stale):
        agree(pulled)
    assert Membership.objects.get(pk=member.pk).unit_id == member.unit_id


def test_a_yes_twice_is_one_yes(pulled):
    agree(pulled)
    assert agree(pulled).state == TransferState.CONSENTED
    assert AuditEvent.objects.filter(verb="transfer.consent").count() == 1


def test_paper_stands_for_the_link(member, district, neighbour_officer):
    made = actions.pull(
        by=neighbour_officer, unit=district.firm_b, paper=make.scan(), **who(member)
    )
    assert (made.state, made.confirmation) == (TransferState.CONSENTED, Confirmation.PAPER_FORM)
    assert not OutboxMessage.objects.filter(purpose="transfer").exists()


def test_only_the_side_that_is_asked_answers(pulled, neighbour_officer, field_officer):
    agreed = agree(pulled)
    for officer in (neighbour_officer, field_officer):
        with pytest.raises(NotAllowed):
            actions.accept(by=officer, transfer=agreed)
        with pytest.raises(NotAllowed):
            actions.refuse(by=officer, transfer=agreed, reason="不同意")


def test_a_refusal_names_its_reason_and_tells_the_member(pulled, member, subdistrict_officer):
    agreed = agree(pulled)
    with pytest.raises(Refused, match="Give a reason"):
        actions.refuse(by=subdistrict_officer, transfer=agreed, reason=" ")
    closed = actions.refuse(by=subdistrict_officer, transfer=agreed, reason="劳动合同未结束")
    assert (closed.state, closed.answer) == (TransferState.REFUSED, "劳动合同未结束")
    assert OutboxMessage.objects.filter(purpose="transfer").count() == 2


def test_a_push_is_answered_by_the_new_union(
    member, district, subdistrict_officer, neighbour_officer
):
    made = actions.push(by=subdistrict_officer, membership=member, unit=district.firm_b)
    agree(made)
    made.refresh_from_db()
    with pytest.raises(NotAllowed):
        actions.accept(by=subdistrict_officer, transfer=made)
    assert actions.accept(by=neighbour_officer, transfer=made).state == TransferState.DONE


def test_a_member_asks_alone_and_the_new_union_answers(member, district, neighbour_officer):
    made = actions.wish(membership=member, unit=district.firm_b)
    assert (made.state, made.confirmation) == (TransferState.CONSENTED, Confirmation.SELF)
    assert actions.accept(by=neighbour_officer, transfer=made).state == TransferState.DONE


def test_a_transfer_out_of_the_district_ends_the_membership(member, subdistrict_officer):
    made = actions.send_away(
        by=subdistrict_officer, membership=member, outside_name="邻区总工会", paper=make.scan()
    )
    with pytest.raises(Refused, match="letter of the other union"):
        actions.accept(by=subdistrict_officer, transfer=made)
    actions.accept(by=subdistrict_officer, transfer=made, paper=make.scan())
    closed = Membership.objects.get(pk=member.pk)
    assert (closed.state, closed.ended_on) == (MembershipState.MOVED_AWAY, timezone.localdate())
    assert [row.delta for row in Movement.objects.order_by("pk")] == [1, -1]


def test_without_an_answer_the_unit_above_both_decides(pulled, district, district_officer):
    agree(pulled)
    let_pass(pulled)
    assert sweep() == 1
    pulled.refresh_from_db()
    assert (pulled.state, pulled.escalated_to_id) == (TransferState.ESCALATED, district.unit.pk)
    assert pulled.due_on > timezone.localdate()
    assert sweep() == 0
    assert actions.accept(by=district_officer, transfer=pulled).state == TransferState.DONE


def test_the_asker_may_escalate_only_when_the_time_is_over(pulled, neighbour_officer):
    agreed = agree(pulled)
    with pytest.raises(Refused) as refusal:
        actions.escalate(by=neighbour_officer, transfer=agreed)
    assert refusal.value.code == "too_early"
    let_pass(agreed)
    assert actions.escalate(by=neighbour_officer, transfer=agreed).state == TransferState.ESCALATED


@pytest.mark.parametrize("rounds", [1, 3])
def test_what_nobody_answers_expires(pulled, rounds):
    """Without the member's yes at once; with it after the unit above was silent too."""
    if rounds == 3:
        agree(pulled)
        let_pass(pulled)
        sweep()
    let_pass(pulled)
    assert sweep() == 1
    pulled.refresh_from_db()
    assert (pulled.state, sweep()) == (TransferState.EXPIRED, 0)


def test_an_accepted_transfer_waits_for_its_day(pulled, member, district, subdistrict_officer):
    agreed = agree(pulled)
    later = timezone.localdate() + dt.timedelta(days=10)
    waiting = actions.accept(by=subdistrict_officer, transfer=agreed, moves_on=later)
    assert (waiting.state, sweep()) == (TransferState.ACCEPTED, 0)
    Transfer.objects.filter(pk=waiting.pk).update(moves_on=timezone.localdate())
    assert sweep() == 1
    assert Membership.objects.get(pk=member.pk).unit_id == district.firm_b.pk


def test_a_move_back_in_time_counts_from_that_day(pulled, member, district, subdistrict_officer):
    day = timezone.localdate() - dt.timedelta(days=3)
    Affiliation.objects.update(started_on=day - dt.timedelta(days=30))
    actions.accept(by=subdistrict_officer, transfer=agree(pulled), moves_on=day)
    assert Affiliation.objects.get(ended_on=None).started_on == day
    assert list(Movement.objects.order_by("pk").values_list("day", flat=True))[1:] == [day, day]


@pytest.mark.parametrize("days", [-9_999, 61])
def test_a_day_out_of_reach_is_refused(pulled, subdistrict_officer, days):
    day = timezone.localdate() + dt.timedelta(days=days)
    with pytest.raises(Refused) as refusal:
        actions.accept(by=subdistrict_officer, transfer=agree(pulled), moves_on=day)
    assert refusal.value.field == "moves_on"


def test_an_ended_membership_takes_its_transfer_back_in_silence(pulled, member):
    OutboxMessage.objects.all().delete()
    memberships.close(membership=member, verb="record_death", by=SYSTEM)
    pulled.refresh_from_db()
    assert (pulled.state, OutboxMessage.objects.count()) == (TransferState.WITHDRAWN, 0)


def test_a_member_moved_otherwise_is_answered_for_by_the_union_that_has_him(
    pulled, member, district
):
    agreed = agree(pulled)
    memberships.move_to_unit(membership=member, unit=district.pool_a, by=SYSTEM)
    agreed.refresh_from_db()
    assert (agreed.state, agreed.from_unit_id) == (TransferState.CONSENTED, district.pool_a.pk)
    memberships.move_to_unit(membership=member, unit=district.firm_b, by=SYSTEM)
    agreed.refresh_from_db()
    assert agreed.state == TransferState.WITHDRAWN


def test_a_closed_unit_ends_what_was_accepted(pulled, member, district, subdistrict_officer):
    later = timezone.localdate() + dt.timedelta(days=1)
    accepted = actions.accept(by=subdistrict_officer, transfer=agree(pulled), moves_on=later)
    today = timezone.localdate()
    Transfer.objects.update(moves_on=today)
    type(district.firm_b).objects.filter(pk=district.firm_b.pk).update(
        status="dissolved", dissolved_on=today
    )
    assert sweep() == 1
    accepted.refresh_from_db()
    assert accepted.state == TransferState.WITHDRAWN
    assert "does not take members" in accepted.answer
    assert Membership.objects.get(pk=member.pk).unit_id == district.firm_a.pk


def test_lists_show_each_side_its_own(
    pulled, subdistrict_officer, neighbour_officer, district_officer
):
    agree(pulled)
    views = {
        officer.username: [
            queries.transfer_list(officer, view).count() for view in ("answer", "asked", "closed")
        ]
        for officer in (subdistrict_officer, neighbour_officer, district_officer)
    }
    assert views == {
        "subdistrict_officer": [1, 0, 0],
        "neighbour_officer": [0, 1, 0],
        "district_officer": [1, 1, 0],
    }
    assert queries.answer_count(subdistrict_officer) == 1
    assert queries.oldest_to_answer(neighbour_officer) is None


def test_the_asker_learns_the_old_union_only_after_the_move(
    pulled, neighbour_officer, subdistrict_officer
):
    assert queries.known_origins(neighbour_officer, [pulled]) == set()
    assert queries.known_origins(subdistrict_officer, [pulled]) == {pulled.pk}
    done = actions.accept(by=subdistrict_officer, transfer=agree(pulled))
    assert queries.known_origins(neighbour_officer, [done]) == {pulled.pk}


def test_past_days_report_as_they_were(pulled, member, district, subdistrict_officer, auditor):
    day = timezone.localdate() - dt.timedelta(days=1)
    before = members_as_of(auditor, day)
    actions.accept(by=subdistrict_officer, transfer=agree(pulled))
    assert members_as_of(auditor, day) == before
    assert members_as_of(auditor, timezone.localdate()) == 1
