"""The retention schedule and anonymising: what goes, what stays, and unchanged counts."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from benefits.models import MemberCard
from members.actions import (
    anonymising,
    applications,
    consents,
    memberships,
    records,
    requests,
)
from members.models import Application, Membership, MemberVehicle, MonthlyFlow, Movement, Person
from members.queries import find_person, members_as_of
from tests.factories import members as make
from unionportal.core import retention
from unionportal.core.actors import SYSTEM, WORKER_SELF
from unionportal.core.errors import NotAllowed, Refused
from unionportal.core.ids import new_id
from unionportal.core.models import Attachment, AuditEvent, RetentionTerm, VerificationCode

pytestmark = pytest.mark.django_db
DAY = date(2026, 3, 9)


def former(unit, **fields):
    member = make.membership(unit, **fields)
    memberships.close(membership=member, verb="resign", by=SYSTEM, reason="x", ended_on=DAY)
    return Person.objects.get(pk=member.person_id)


def test_anonymising_takes_the_identity_and_leaves_the_counts(district, district_officer):
    person = former(district.firm_a, vehicle_plate="豫A12345", phone_is_verified=True)
    number, index = person.id_number, person.id_index
    flows = list(MonthlyFlow.objects.order_by("month").values_list("month", "came", "went"))

    anonymising.anonymise_person(person=person, by=district_officer, reason="asked for")

    gone = Person.objects.get()
    assert (gone.name, gone.id_number, gone.phone, gone.id_masked) == ("", "", "", "")
    assert (gone.birth_date, gone.phone_index, gone.phone_state) == (None, None, "none")
    assert gone.id_index != index
    assert gone.anonymised_at is not None
    assert find_person("citizen", number) is None
    assert Membership.objects.get().vehicle_plate == ""
    assert not MemberVehicle.objects.exists()
    assert Movement.objects.count() == 2
    assert list(MonthlyFlow.objects.order_by("month").values_list("month", "came", "went")) == flows
    assert members_as_of(district_officer, DAY - timedelta(days=1)) == 1
    assert AuditEvent.objects.get(verb="person.anonymise").data == {}


def test_anonymising_again_changes_nothing(district):
    person = former(district.firm_a)
    anonymising.anonymise_person(person=person, by=SYSTEM)
    first = Person.objects.get().anonymised_at
    anonymising.anonymise_person(person=person, by=SYSTEM)
    assert Person.objects.get().anonymised_at == first


def test_members_and_applicants_are_not_anonymised(district):
    member = make.membership(district.firm_a)
    with pytest.raises(Refused) as refusal:
        anonymising.anonymise_person(person=member.person, by=SYSTEM)
    assert refusal.value.code == "still_member"

    person = former(district.firm_a)
    make.application(district.pool_a, id_number=person.id_number, name=person.name)
    with pytest.raises(Refused) as refusal:
        anonymising.anonymise_person(person=person, by=SYSTEM)
    assert refusal.value.code == "open_application"


def test_the_papers_of_a_person_are_destroyed(district, subdistrict_officer):
    made = make.application(district.firm_a, evidence=make.scan(kind="signed_form"))
    applications.approve(
        by=subdistrict_officer, applications=[made], decided_on=DAY, signer="李主席", scan=None
    )
    member = Membership.objects.get()
    memberships.close(
        membership=member, verb="expel", by=SYSTEM, reason="x", evidence=make.scan(), ended_on=DAY
    )
    anonymising.anonymise_person(person=member.person, by=SYSTEM)

    assert Attachment.objects.filter(dropped_at=None).count() == 0
    gone = Application.objects.get()
    assert (gone.name, gone.id_number, gone.phone, gone.state) == ("", "", "", "approved")


def test_asking_for_deletion_deletes_once_the_membership_ended(district, subdistrict_officer):
    member = make.membership(district.firm_a)
    asked = requests.file(person=member.person, kind="delete", by=WORKER_SELF)
    with pytest.raises(Refused) as refusal:
        requests.fulfil(request=asked, by=subdistrict_officer)
    assert refusal.value.code == "still_member"
    asked.refresh_from_db()
    assert asked.state == "open"

    memberships.close(membership=member, verb="resign", by=SYSTEM, reason="x")
    requests.fulfil(request=asked, by=subdistrict_officer, answer="Done.")
    assert Person.objects.get().anonymised_at is not None


def test_the_nightly_run_drops_what_is_due_and_nothing_else(district, subdistrict_officer):
    old, new = make.application(district.firm_a), make.application(district.firm_a)
    with time_machine.travel("2026-01-10 09:00+08:00", tick=False):
        applications.reject(by=subdistrict_officer, application=old, reason="not here")
    with time_machine.travel("2026-06-01 09:00+08:00", tick=False):
        applications.reject(by=subdistrict_officer, application=new, reason="not here")
    with time_machine.travel("2026-07-20 02:00+08:00", tick=False):
        due = {line.topic.code: line.due for line in retention.schedule()}
        assert due["applications"] == 1
        assert Application.objects.exclude(name="").count() == 2
        assert retention.run()["applications"] == 1
        assert retention.run()["applications"] == 0

    assert Application.objects.get(name="").pk == old.pk
    event = AuditEvent.objects.get(verb="retention.drop", target_id="applications")
    assert event.data == {"count": 1, "days": 180}


def test_former_members_go_after_their_term_and_members_never(district):
    stays, goes = make.membership(district.firm_a), former(district.firm_a)
    back = former(district.firm_a)
    opening = memberships.Opening(
        person=back, unit=district.pool_a, group=make.group(), joined_on=date(2026, 5, 1)
    )
    memberships.open_membership(by=SYSTEM, opening=opening)

    with time_machine.travel("2031-03-09 02:00+08:00", tick=False):
        assert retention.run()["former_members"] == 0
    with time_machine.travel("2031-03-11 02:00+08:00", tick=False):
        assert retention.run()["former_members"] == 1
    anonymised = Person.objects.filter(anonymised_at__isnull=False)
    assert list(anonymised.values_list("pk", flat=True)) == [goes.pk]
    assert Person.objects.get(pk=stays.person_id).name


def test_a_term_holds_from_its_day_and_not_below_the_laws_least(district_officer, auditor):
    today = timezone.localdate()

    def put(code, days, day=today, by=district_officer):
        return retention.set_term(by=by, code=code, days=days, started_on=day, reason="review")

    put("applications", 90, today + timedelta(days=1))
    topics = {topic.code: topic for topic in retention.topics()}
    assert retention.term_of(topics["applications"]) == (180, None)
    tomorrow = today + timedelta(days=1)
    assert retention.term_of(topics["applications"], tomorrow) == (90, tomorrow)
    for code, days, day, why in [
        ("messages", 179, today, "too_short"),
        ("messages", 40_000, today, "too_long"),
        ("messages", 200, today - timedelta(days=1), "past_day"),
        ("applications", 60, tomorrow, "term_set"),
        ("nothing", 60, today, "unknown_topic"),
    ]:
        with pytest.raises(Refused) as refusal:
            put(code, days, day)
        assert refusal.value.code == why
    with pytest.raises(NotAllowed):
        put("codes", 2, by=auditor)
    assert RetentionTerm.objects.count() == 1


def test_the_page_counts_and_drops_nothing(district, district_officer, client_for):
    VerificationCode.objects.create(
        purpose="status", subject_key=new_id(), session_key="y", digest=new_id(),
        expires_at=timezone.now() - timedelta(days=9),
    )  # fmt: skip
    client, url = client_for(district_officer), reverse("core:retention")
    page = client.get(url)
    lines = {line.topic.code: line for line in page.context["lines"]}
    assert (lines["codes"].days, lines["codes"].due) == (1, 1)
    assert VerificationCode.objects.count() == 1

    form = {"topic": "messages", "days": "20", "started_on": timezone.localdate(),
            "reason": "review", "form_id": "0192f0a0-0000-7000-8000-000000000001"}  # fmt: skip
    refused = client.post(url, form)
    assert (refused.status_code, "at least 180 days" in refused.content.decode()) == (400, True)
    done = client.post(url, {**form, "days": "400", "form_id": form["form_id"][:-1] + "2"})
    assert (done.status_code, RetentionTerm.objects.get().days) == (302, 400)


def test_withdrawn_consents_are_heard_by_cards(district):
    member = make.membership(district.firm_a)
    assert MemberCard.objects.get().state == "requested"
    consents.give(person=member.person, purpose="card", by=WORKER_SELF)
    consents.withdraw(person=member.person, purpose="card", by=WORKER_SELF)
    assert MemberCard.objects.get().state == "closed"
    consents.give(person=member.person, purpose="card", by=WORKER_SELF)
    assert sorted(MemberCard.objects.values_list("state", flat=True)) == ["closed", "requested"]


def test_the_record_of_an_anonymised_person_is_empty(district):
    member = make.membership(district.firm_a)
    records.edit(membership=member, by=SYSTEM, values={"education": "20", "occupation": "x"})
    memberships.close(membership=member, verb="annul", by=SYSTEM, reason="typed twice")
    anonymising.anonymise_person(person=member.person, by=SYSTEM)
    assert Person.objects.get().education_id is None
    assert Membership.objects.get().occupation == ""
