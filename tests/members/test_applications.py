"""Applications: exact outcomes of every action."""

from __future__ import annotations

from datetime import date

import pytest

from members.actions import applications
from members.models import (
    Affiliation,
    Application,
    Consent,
    GroupMembership,
    MemberCertificate,
    Membership,
    MonthlyFlow,
    Movement,
    Person,
)
from members.states import ApplicationState, PhoneState
from tests.factories import members as make
from unionportal.core.models import AuditEvent

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
