"""Applications: exact outcomes of every action."""

from __future__ import annotations

from datetime import date
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from members.actions import applications, memberships
from members.models import (
    Affiliation,
    Application,
    ApprovalDecision,
    Consent,
    GroupMembership,
    MemberCertificate,
    Membership,
    MonthlyFlow,
    Movement,
    Person,
)
from members.signals import membership_changed
from members.states import ApplicationState, PhoneState
from tests.factories import members as make
from unionportal.core.actors import SYSTEM
from unionportal.core.errors import NotAllowed, Refused, Stale
from unionportal.core.ids import new_id
from unionportal.core.models import AuditEvent, OutboxMessage

pytestmark = pytest.mark.django_db
DAY = date(2026, 3, 9)


def approve(by, rows, **fields):
    values = {"decided_on": DAY, "signer": "王主席", "scan": None, **fields}
    return applications.approve(by=by, applications=rows, **values)


def test_submit_writes_a_waiting_application(district, field_officer):
    made = applications.submit(by=field_officer, candidate=make.candidate(district.firm_a))

    row = Application.objects.get()
    assert row == made
    assert row.state == ApplicationState.SUBMITTED
    assert row.area == district.area_a
    assert row.id_number == made.id_number
    assert row.submitted_by == field_officer
    event = AuditEvent.objects.get(verb="application.submit")
    assert (event.target_id, event.to_state) == (str(row.pk), "submitted")


def test_approve_writes_person_membership_and_all_that_hangs_on_it(district, subdistrict_officer):
    row = make.application(district.firm_a, name="单小芳", phone_is_verified=True)
    scan = make.scan(subdistrict_officer)

    decision = approve(subdistrict_officer, [row], scan=scan)

    row.refresh_from_db()
    membership = Membership.objects.get()
    person = Person.objects.get()
    assert row.state == ApplicationState.APPROVED
    assert (row.person, row.membership, row.decision) == (person, membership, decision)
    assert (decision.signer, decision.scan, decision.recorded_by) == (
        "王主席",
        scan,
        subdistrict_officer,
    )
    assert membership.member_no.startswith("GH2026")
    assert len(membership.member_no) == 14
    assert (membership.joined_on, membership.state, membership.unit) == (
        DAY,
        "active",
        district.firm_a,
    )
    assert (person.name, person.name_initials, person.birth_date) == (
        "单小芳",
        "sxf",
        date(1990, 3, 7),
    )
    assert person.phone_state == PhoneState.VERIFIED
    assert Affiliation.objects.get().started_on == DAY
    assert GroupMembership.objects.get().group == row.group
    movement = Movement.objects.get()
    assert (movement.delta, movement.kind, movement.area) == (1, "join", district.area_a)
    flow = MonthlyFlow.objects.get()
    assert (flow.month, flow.came, flow.went, flow.joined) == (date(2026, 3, 1), 1, 0, 1)
    assert MemberCertificate.objects.get().membership == membership
    assert Consent.objects.get().purpose == "membership"


def test_approving_many_takes_the_same_number_of_queries_as_approving_two(
    district, subdistrict_officer
):
    def cost(count):
        rows = [make.application(district.firm_a) for _n in range(count)]
        with CaptureQueriesContext(connection) as seen:
            approve(subdistrict_officer, rows)
        return len(seen)

    cost(1)
    few = cost(2)

    assert cost(60) == few
    assert few <= 43
    assert Membership.objects.values("member_no").distinct().count() == 63
    flow = MonthlyFlow.objects.get()
    assert (flow.came, flow.joined) == (63, 63)


def test_approve_refuses_what_is_no_longer_waiting_and_writes_nothing(
    district, subdistrict_officer
):
    rows = [make.application(district.firm_a) for _n in range(3)]
    applications.return_(by=subdistrict_officer, application=rows[0], reason="no signature")

    with pytest.raises(Stale) as refusal:
        approve(subdistrict_officer, rows)

    assert str(refusal.value.message).startswith("1 of the applications")
    assert Membership.objects.count() == Person.objects.count() == 0
    assert ApprovalDecision.objects.count() == 0


def test_approve_needs_the_right_for_every_unit(district, subdistrict_officer, field_officer):
    here, there = make.application(district.firm_a), make.application(district.firm_b)

    with pytest.raises(NotAllowed):
        approve(subdistrict_officer, [here, there])
    with pytest.raises(NotAllowed):
        approve(field_officer, [here])

    assert Membership.objects.count() == 0


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"signer": " "}, "no_signer"),
        ({"decided_on": date(2999, 1, 1)}, "decision_date"),
        ({"decided_on": date(1926, 3, 9)}, "decision_date"),
    ],
)
def test_approve_needs_a_signer_and_a_possible_date(fields, code, district, subdistrict_officer):
    row = make.application(district.firm_a)
    with pytest.raises(Refused) as refusal:
        approve(subdistrict_officer, [row], **fields)
    assert refusal.value.code == code


def test_a_person_who_left_and_returns_is_linked_not_written_again(district, subdistrict_officer):
    number = make.id_number()
    first = make.membership(district.firm_a, id_number=number)
    memberships.close(membership=first, verb="resign", by=SYSTEM, reason="moved", ended_on=DAY)
    row = make.application(district.firm_a, id_number=number, phone="13900009999")

    approve(subdistrict_officer, [row])

    person = Person.objects.get()
    assert [m.state for m in person.memberships.order_by("created_at")] == ["resigned", "active"]
    assert (person.phone, person.phone_tail) == ("13900009999", "9999")
    assert Consent.objects.filter(person=person).count() == 1


@pytest.mark.parametrize(
    ("holder_verified", "mine_verified", "expected"),
    [
        (False, True, PhoneState.VERIFIED),
        (True, True, PhoneState.CLAIMED),
        (False, False, PhoneState.CLAIMED),
    ],
)
def test_a_phone_is_verified_for_one_person_only(
    holder_verified, mine_verified, expected, district, subdistrict_officer
):
    make.membership(district.firm_a, phone="13911112222", phone_is_verified=holder_verified)
    row = make.application(district.firm_a, phone="13911112222", phone_is_verified=mine_verified)

    approve(subdistrict_officer, [row])

    row.refresh_from_db()
    assert row.person.phone_state == expected


def test_two_applicants_with_one_verified_phone_in_one_batch_share_it_once(
    district, subdistrict_officer
):
    rows = [
        make.application(district.firm_a, phone="13911112222", phone_is_verified=True)
        for _n in range(2)
    ]
    approve(subdistrict_officer, rows)
    states = sorted(Person.objects.values_list("phone_state", flat=True))
    assert states == [PhoneState.CLAIMED, PhoneState.VERIFIED]


def test_a_typed_phone_never_replaces_a_verified_one(district, subdistrict_officer):
    number = make.id_number()
    first = make.membership(
        district.firm_a, id_number=number, phone="13911112222", phone_is_verified=True
    )
    memberships.close(membership=first, verb="resign", by=SYSTEM, reason="moved", ended_on=DAY)
    approve(
        subdistrict_officer,
        [make.application(district.firm_a, id_number=number, phone="13933334444")],
    )
    person = Person.objects.get()
    assert (person.phone, person.phone_state) == ("13911112222", PhoneState.VERIFIED)


def test_who_was_a_member_on_a_day_cannot_join_on_it_again(district, subdistrict_officer):
    number = make.id_number()
    first = make.membership(district.firm_a, id_number=number)
    left = date(2026, 3, 10)
    memberships.close(membership=first, verb="resign", by=SYSTEM, reason="moved", ended_on=left)
    row = make.application(district.firm_a, id_number=number)
    with pytest.raises(Refused, match="members until 2026-03-10") as refusal:
        approve(subdistrict_officer, [row])
    assert refusal.value.code == "member_then"
    approve(subdistrict_officer, [row], decided_on=left)
    assert sorted(Membership.objects.values_list("joined_on", "ended_on")) == [
        (date(2026, 1, 15), left), (left, None)
    ]  # fmt: skip


def test_submitting_a_member_again_is_refused_and_silent_about_elsewhere(
    district, subdistrict_officer, neighbour_officer
):
    number = make.id_number()
    make.membership(district.firm_a, id_number=number)

    def refusal_of(user, unit):
        with pytest.raises(Refused) as refusal:
            applications.submit(by=user, candidate=make.candidate(unit, id_number=number))
        return refusal.value.code, str(refusal.value.message)

    assert refusal_of(subdistrict_officer, district.firm_a) == (
        "already_member",
        "This person is a member here already.",
    )
    assert refusal_of(neighbour_officer, district.firm_b) == (
        "already_member",
        "This person cannot be added here. If the person is a member elsewhere, ask for a "
        "transfer.",
    )


def test_a_second_open_application_is_refused_by_action_and_database(district, field_officer):
    number = make.id_number()
    first = make.application(district.firm_a, id_number=number)

    with pytest.raises(Refused) as refusal:
        applications.submit(
            by=field_officer, candidate=make.candidate(district.firm_a, id_number=number)
        )
    assert refusal.value.code == "open_application"
    first.pk, first.client_ref = new_id(), None
    with pytest.raises(IntegrityError), transaction.atomic():
        first.save(force_insert=True)


def test_the_same_client_ref_gives_the_first_application(district, field_officer):
    candidate = make.candidate(district.firm_a, client_ref=uuid4())
    first = applications.submit(by=field_officer, candidate=candidate)
    assert applications.submit(by=field_officer, candidate=candidate) == first
    assert Application.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "field", "code"),
    [
        ({"id_number": "490100199003070012"}, "id_number", "check_digit"),
        ({"id_number": make.id_number(1, born=date(2015, 1, 1))}, "id_number", "under_age"),
        ({"phone": "0371-6666666"}, "phone", "landline"),
        ({"name": ""}, "name", "empty"),
        ({"vehicle_plate": "XX"}, "vehicle_plate", "length"),
        ({"id_type": "passport", "id_number": "护照"}, "id_number", "passport_form"),
    ],
)
def test_submit_names_the_wrong_field(fields, field, code, district, field_officer):
    with pytest.raises(Refused) as refusal:
        applications.submit(by=field_officer, candidate=make.candidate(district.firm_a, **fields))
    assert (refusal.value.field, refusal.value.code) == (field, code)
    assert Application.objects.count() == 0


@pytest.mark.parametrize("unit", ["unit_a", "unit"])
def test_a_territorial_union_takes_no_members_itself(unit, district, district_officer):
    candidate = make.candidate(getattr(district, unit))
    with pytest.raises(Refused) as refusal:
        applications.submit(by=district_officer, candidate=candidate)
    assert (refusal.value.field, refusal.value.code) == ("unit", "unit_takes_none")


def test_a_field_officer_cannot_submit_for_a_neighbours_unit(district, field_officer):
    with pytest.raises(NotAllowed):
        applications.submit(by=field_officer, candidate=make.candidate(district.firm_b))


def test_submit_many_leaves_out_members_and_doubles_and_returns_earlier_rows(
    district, field_officer
):
    member = make.membership(district.firm_a)
    ref = uuid4()
    earlier = make.application(district.firm_a, client_ref=ref)
    double = make.id_number()
    candidates = [
        make.candidate(district.firm_a, client_ref=ref),
        make.candidate(district.firm_a, id_number=member.person.id_number),
        make.candidate(district.firm_a, id_number=double),
        make.candidate(district.firm_a, id_number=double),
        make.candidate(district.firm_a, group=make.group("TRUCK_DRIVER")),
    ]

    made = applications.submit_many(by=field_officer, candidates=candidates)

    assert made[0] == earlier
    assert len(made) == 3
    assert Application.objects.count() == 3


def test_submit_many_takes_the_same_number_of_queries_for_any_number(district, field_officer):
    def cost(count):
        people = [make.candidate(district.firm_a) for _n in range(count)]
        with CaptureQueriesContext(connection) as seen:
            applications.submit_many(by=field_officer, candidates=people)
        return len(seen)

    cost(1)
    assert cost(2) == cost(40)


def test_asking_by_text_sends_a_link_that_confirms_once(district, subdistrict_officer):
    row = applications.submit(
        by=subdistrict_officer,
        candidate=make.candidate(district.firm_a, confirmation="none"),
        ask_by_sms=True,
    )
    message = OutboxMessage.objects.get()
    assert message.phone == row.phone
    assert f"/confirm/{row.confirm_token}/" in message.body

    applications.confirm_by_link(token=row.confirm_token)
    again = applications.confirm_by_link(token=row.confirm_token)

    assert (again.confirmation, again.phone_is_verified) == ("sms_link", True)
    assert AuditEvent.objects.filter(verb="application.confirm").count() == 1
    approve(subdistrict_officer, [again])
    assert Person.objects.get().phone_state == PhoneState.VERIFIED


def test_a_link_opened_after_approval_confirms_the_member(district, subdistrict_officer):
    row = applications.submit(
        by=subdistrict_officer,
        candidate=make.candidate(district.firm_a, confirmation="none"),
        ask_by_sms=True,
    )
    approve(subdistrict_officer, [row])
    heard = []
    membership_changed.connect(lambda membership, **kwargs: heard.append(membership), weak=False)

    applications.confirm_by_link(token=row.confirm_token)

    member = Membership.objects.get()
    assert member.confirmation == "sms_link"
    assert member.person.phone_state == PhoneState.VERIFIED
    assert Consent.objects.count() == 1
    assert set(heard) == {member}


def test_a_shared_phone_confirms_the_wish_but_not_the_phone(district, subdistrict_officer):
    make.membership(district.firm_a, phone="13911112222")
    row = applications.submit(
        by=subdistrict_officer,
        candidate=make.candidate(district.firm_a, confirmation="none", phone="13911112222"),
        ask_by_sms=True,
    )
    confirmed = applications.confirm_by_link(token=row.confirm_token)
    assert (confirmed.confirmation, confirmed.phone_is_verified) == ("sms_link", False)


@pytest.mark.parametrize("token", ["", "nobody"])
def test_an_unknown_link_is_refused(token, db):
    with pytest.raises(Refused) as refusal:
        applications.confirm_by_link(token=token)
    assert refusal.value.code == "unknown_link"


def test_a_closed_application_is_not_confirmed(district, subdistrict_officer):
    row = applications.submit(
        by=subdistrict_officer,
        candidate=make.candidate(district.firm_a, confirmation="none"),
        ask_by_sms=True,
    )
    applications.reject(by=subdistrict_officer, application=row, reason="works elsewhere")
    with pytest.raises(Refused) as refusal:
        applications.confirm_by_link(token=row.confirm_token)
    assert refusal.value.code == "link_closed"
