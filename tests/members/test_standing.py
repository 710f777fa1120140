"""The one door for a member's standing: every step, its day, its reason, its paper, its history."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from members.actions import (
    applications,
    classification,
    consents,
    memberships,
    rejoining,
    standing,
)
from members.actions.standing import Change
from members.models import Application, Membership, MonthlyFlow, Movement, StatusChange
from members.queries import members_as_of
from members.states import MembershipState
from tests.factories import members as make
from unionportal.core.actors import SYSTEM
from unionportal.core.errors import NotAllowed, Refused, Stale

pytestmark = pytest.mark.django_db
DAY = date(2026, 3, 9)


def step(membership, verb, by, day=DAY, **more):
    return standing.change(membership=membership, change=Change(verb=verb, day=day, **more), by=by)


def test_every_step_leaves_a_dated_row(district, subdistrict_officer):
    member = make.membership(district.firm_a)
    paper = make.scan(subdistrict_officer)

    step(member, "retain", subdistrict_officer, reason_code="army", reason="two years")
    step(member, "reactivate", subdistrict_officer, day=DAY + timedelta(days=30))
    step(
        member, "expel", subdistrict_officer, day=DAY + timedelta(days=60), reason="sentence",
        evidence=paper,
    )  # fmt: skip

    rows = StatusChange.objects.order_by("day").values_list(
        "verb", "from_state", "to_state", "day", "reason_code", "reason", "recorded_by"
    )
    who = subdistrict_officer.pk
    assert list(rows) == [
        ("retain", "active", "retained", DAY, "army", "two years", who),
        ("reactivate", "retained", "active", DAY + timedelta(days=30), "", "", who),
        ("expel", "active", "expelled", DAY + timedelta(days=60), "", "sentence", who),
    ]
    member.refresh_from_db()
    assert (member.state, member.ended_on) == ("expelled", DAY + timedelta(days=60))
    assert [row.delta for row in Movement.objects.order_by("id")] == [1, -1]


@pytest.mark.parametrize(
    ("verb", "more", "code"),
    [
        ("retain", {}, "retain_reason"),
        ("retain", {"reason_code": "holiday"}, "retain_reason"),
        ("expel", {"reason": "sentence"}, "no_paper"),
        ("resign", {}, "reason_needed"),
        ("annul", {}, "reason_needed"),
        ("resign", {"reason": "x", "day": date(2026, 1, 14)}, "before_joining"),
        ("resign", {"reason": "x", "day": date(2199, 1, 1)}, "future"),
    ],
)
def test_a_step_without_what_it_needs_is_refused(verb, more, code, district, subdistrict_officer):
    member = make.membership(district.firm_a)
    with pytest.raises(Refused) as refusal:
        step(member, verb, subdistrict_officer, **more)
    assert refusal.value.code == code
    assert Membership.objects.get().state == MembershipState.ACTIVE
    assert not StatusChange.objects.exists()


def test_nothing_is_recorded_before_what_is_recorded(district, subdistrict_officer):
    member = make.membership(district.firm_a)
    step(member, "retain", subdistrict_officer, reason_code="retirement")
    with pytest.raises(Refused) as refusal:
        step(member, "reactivate", subdistrict_officer, day=DAY - timedelta(days=1))
    assert refusal.value.code == "before_history"


def test_a_step_of_somebody_elses_page_is_stale(district, subdistrict_officer):
    member = make.membership(district.firm_a)
    step(member, "retain", subdistrict_officer, reason_code="retirement")
    with pytest.raises(Stale):
        standing.change(
            membership=member, by=subdistrict_officer, seen_state="active",
            change=Change(verb="resign", day=DAY, reason="own wish"),
        )  # fmt: skip
    with pytest.raises(Stale):
        step(member, "retain", subdistrict_officer, reason_code="army")


def test_a_neighbour_does_not_record_a_death(district, neighbour_officer):
    member = make.membership(district.firm_a)
    with pytest.raises(NotAllowed):
        step(member, "record_death", neighbour_officer)


def test_the_database_wants_the_paper_and_the_reason(district):
    member = make.membership(district.firm_a)
    row = {"membership": member, "from_state": "active", "day": DAY}
    with pytest.raises(IntegrityError, match="change_expelled"), transaction.atomic():
        StatusChange.objects.create(verb="expel", to_state="expelled", **row)
    with pytest.raises(IntegrityError, match="change_retained"), transaction.atomic():
        StatusChange.objects.create(verb="retain", to_state="retained", **row)


def test_reclassifying_moves_the_count_from_its_day_on(district, subdistrict_officer):
    member = make.membership(district.firm_a)
    rider = make.group("FOOD_RIDER")

    classification.reclassify(membership=member, group=rider, by=subdistrict_officer, day=DAY)

    rows = member.group_history.order_by("started_on").values_list(
        "group_id", "started_on", "ended_on"
    )
    assert list(rows) == [
        ("PARCEL_COURIER", date(2026, 1, 15), DAY),
        ("FOOD_RIDER", DAY, None),
    ]
    kinds = Movement.objects.order_by("id").values_list("kind", "group_id", "delta", "day")
    assert list(kinds)[1:] == [
        ("reclassify_out", "PARCEL_COURIER", -1, DAY),
        ("reclassify_in", "FOOD_RIDER", 1, DAY),
    ]
    flows = {flow.group_id: (flow.came, flow.went) for flow in MonthlyFlow.objects.filter(
        month=date(2026, 3, 1))}  # fmt: skip
    assert flows == {"PARCEL_COURIER": (0, 1), "FOOD_RIDER": (1, 0)}
    for day, count in ((DAY - timedelta(days=1), 1), (DAY, 1)):
        assert members_as_of(subdistrict_officer, day) == count


@pytest.mark.parametrize(
    ("code", "day", "refusal"),
    [
        ("PARCEL_COURIER", DAY, "same_group"),
        ("TRUCK_DRIVER", DAY, "plate_needed"),
        ("FOOD_RIDER", date(2026, 1, 1), "before_joining"),
        ("FOOD_RIDER", date(2199, 1, 1), "future"),
    ],
)
def test_a_group_that_cannot_be_is_refused(code, day, refusal, district, subdistrict_officer):
    member = make.membership(district.firm_a)
    with pytest.raises(Refused) as caught:
        classification.reclassify(
            membership=member, group=make.group(code), by=subdistrict_officer, day=day
        )
    assert caught.value.code == refusal
    assert Movement.objects.count() == 1


def test_a_member_drives_two_vehicles_and_ends_one(district, field_officer):
    member = make.membership(
        district.firm_a, group=make.group("TRUCK_DRIVER"), vehicle_plate="豫A12345"
    )
    second = classification.add_vehicle(
        membership=member, plate="豫 A·d12345", by=field_officer, day=DAY
    )
    member.refresh_from_db()
    assert (member.vehicle_plate, member.vehicles.filter(ended_on=None).count()) == (
        "豫AD12345", 2,
    )  # fmt: skip

    classification.end_vehicle(vehicle=second, by=field_officer)
    member.refresh_from_db()
    assert member.vehicle_plate == "豫A12345"
    with pytest.raises(Stale):
        classification.end_vehicle(vehicle=second, by=field_officer)
    with pytest.raises(Refused) as refusal:
        classification.add_vehicle(membership=member, plate="豫A12345", by=field_officer)
    assert refusal.value.code == "same_plate"


def test_leaving_ends_the_vehicles(district):
    member = make.membership(district.firm_a, vehicle_plate="豫A12345")
    memberships.close(membership=member, verb="resign", by=SYSTEM, reason="left", ended_on=DAY)
    assert member.vehicles.get().ended_on == DAY


def test_joining_again_is_an_application_of_the_same_person(district, subdistrict_officer):
    member = make.membership(district.firm_a, phone_is_verified=True)
    step(member, "resign", subdistrict_officer, reason="own wish")

    made = rejoining.apply_again(
        membership=Membership.objects.get(), unit=district.pool_a, group=make.group("FOOD_RIDER"),
        evidence=make.scan(), by=subdistrict_officer,
    )  # fmt: skip
    applications.approve(
        by=subdistrict_officer, applications=[made], decided_on=date(2026, 6, 1), signer="李主席",
        scan=None,
    )  # fmt: skip

    old, new = Membership.objects.order_by("joined_on")
    assert old.person == new.person
    assert old.member_no != new.member_no
    assert (old.state, new.state, new.unit) == ("resigned", "active", district.pool_a)
    assert new.person.phone_state == "verified"


@pytest.mark.parametrize("verb", ["expel", "record_death"])
def test_who_was_expelled_or_died_does_not_join_again(verb, district, subdistrict_officer):
    member = make.membership(district.firm_a)
    step(member, verb, subdistrict_officer, reason="x", evidence=make.scan())
    with pytest.raises(Refused) as refusal:
        rejoining.apply_again(
            membership=Membership.objects.get(), unit=district.firm_a, group=make.group(),
            evidence=make.scan(), by=subdistrict_officer,
        )  # fmt: skip
    assert refusal.value.code == "cannot_return"
    assert not Application.objects.exists()


def test_without_consent_a_membership_can_only_be_ended(district, subdistrict_officer):
    member = make.membership(district.firm_a)
    consents.withdraw(person=member.person, purpose="membership", by=SYSTEM)
    with pytest.raises(Refused) as refusal:
        step(member, "retain", subdistrict_officer, reason_code="army")
    assert refusal.value.code == "stopped"
    step(member, "resign", subdistrict_officer, reason="withdrew consent")
    assert Membership.objects.get().state == MembershipState.RESIGNED


def test_a_step_is_recorded_on_its_page(district, subdistrict_officer, client_for):
    client, member = client_for(subdistrict_officer), make.membership(district.firm_a)
    url = reverse("members:member-change", args=[member.pk, "retain"])
    page = client.get(url)
    data = {"state": "active", "day": "2026-03-09", "reason_code": "retirement"}
    form_id = "0192f0a0-0000-7000-8000-000000000001"

    empty = client.post(url, {"state": "active", "form_id": form_id})
    done = client.post(url, {**data, "form_id": form_id})
    twice = client.post(url, {**data, "form_id": form_id})
    stale = client.post(url, {**data, "form_id": form_id[:-1] + "2"})

    assert (page.status_code, empty.status_code) == (200, 400)
    assert done.url == twice.url == reverse("members:member-detail", args=[member.pk])
    assert stale.status_code == 409
    assert StatusChange.objects.count() == 1
    shown = client.get(done.url).content.decode()
    assert "Retirement" in shown
    assert "2026-03-09" in shown
    assert str(reverse("members:member-change", args=[member.pk, "reactivate"])) in shown


def test_a_step_that_is_not_possible_leads_back(district, subdistrict_officer, client_for):
    client, member = client_for(subdistrict_officer), make.membership(district.firm_a)
    url = reverse("members:member-change", args=[member.pk, "reactivate"])
    assert client.get(url).status_code == 302
    assert client.post(url, {"state": "active", "day": timezone.localdate(),
                             "form_id": "a"}).status_code == 409  # fmt: skip
    assert client.get(url.replace("reactivate", "promote")).status_code == 404
