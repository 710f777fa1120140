"""The record, corrections, consents and requests: exact outcomes, and what is refused."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from members.actions import consents, corrections, memberships, records, requests
from members.models import Consent, DataRequest, Membership, Person
from members.queries.consents import consent_lines, refusers
from tests.factories import members as make
from unionportal.core.actors import SYSTEM, WORKER_SELF
from unionportal.core.errors import NotAllowed, Refused, Stale
from unionportal.core.files import open_content
from unionportal.core.models import Attachment, AuditEvent, OutboxMessage

pytestmark = pytest.mark.django_db
FORM_ID = "0192f0a0-0000-7000-8000-00000000000{}"


def fix(member, subject, value, by):
    return corrections.correct(
        membership=member, subject=subject, value=value, reason="typed wrong",
        evidence=make.scan(by), by=by,
    )  # fmt: skip


def test_editing_writes_what_changed_and_names_it(district, field_officer):
    member = make.membership(district.firm_a)
    seen = records.version(Membership.objects.get())

    changed = records.edit(
        membership=member, by=field_officer, seen=seen,
        values={"education": "20", "occupation": "分拣员", "residence_text": "示例路1号",
                "household_type": "", "name": "not editable"},
    )  # fmt: skip

    member = Membership.objects.get()
    assert changed == ["education", "occupation", "residence_text"]
    assert (member.person.education_id, member.occupation) == ("20", "分拣员")
    assert member.person.residence_text == "示例路1号"
    assert member.person.name == "张小明"
    event = AuditEvent.objects.get(verb="membership.edit")
    assert (event.fields, event.data) == (changed, {})
    with pytest.raises(Stale):
        records.edit(membership=member, by=field_officer, seen=seen, values={"education": "30"})


def test_a_stale_edit_answers_409_with_everything_typed(district, subdistrict_officer, client_for):
    client, member = client_for(subdistrict_officer), make.membership(district.firm_a)
    url = reverse("members:member-edit", args=[member.pk])
    seen = client.get(url).context["form"]["version"].value()
    records.edit(membership=member, by=SYSTEM, values={"education": "10"})

    typed = {"version": seen, "occupation": "装卸工", "education": "30", "ethnicity": "03"}
    stale = client.post(url, {**typed, "form_id": FORM_ID.format(1)})
    text = stale.content.decode()
    again = {**typed, "version": stale.context["form"]["version"].value()}
    saved = client.post(url, {**again, "form_id": FORM_ID.format(2)})

    assert stale.status_code == 409
    assert 'value="装卸工"' in text
    assert "Postgraduate" in text
    assert saved.status_code == 302
    person = Person.objects.get()
    assert (person.education_id, person.ethnicity_id) == ("30", "03")


def test_guarded_fields_are_neither_shown_nor_wiped_by_a_field_officer(
    district, field_officer, client_for
):
    client, member = client_for(field_officer), make.membership(district.firm_a)
    records.edit(membership=member, by=SYSTEM, values={"ethnicity": "03", "occupation": "x"})
    url = reverse("members:member-edit", args=[member.pk])
    form = client.get(url).context["form"]
    page = client.get(reverse("members:member-detail", args=[member.pk])).content.decode()

    saved = client.post(url, {"version": form["version"].value(), "form_id": FORM_ID.format(3)})

    assert "ethnicity" not in form.fields
    assert "Hui" not in page
    assert saved.status_code == 302
    assert Person.objects.get().ethnicity_id == "03"
    assert Membership.objects.get().occupation == ""


def test_a_wrong_value_is_said_at_its_field(district, subdistrict_officer, client_for):
    client, member = client_for(subdistrict_officer), make.membership(district.firm_a)
    url = reverse("members:member-edit", args=[member.pk])
    seen = client.get(url).context["form"]["version"].value()
    data = {"version": seen, "residence_division": "41", "form_id": FORM_ID.format(4)}
    answer = client.post(url, data)
    assert answer.status_code == 400
    assert answer.context["form"].errors["residence_division"] == [
        "A division code has 6, 9 or 12 digits."
    ]


def test_a_corrected_number_brings_sex_and_birth_date_along(district, subdistrict_officer):
    member = make.membership(district.firm_a)
    number = make.id_number(is_male=False)
    person = fix(member, "id_number", number, subdistrict_officer)
    person.refresh_from_db()
    assert (person.id_number, person.sex) == (number, 2)
    event = AuditEvent.objects.get(verb="person.correct")
    assert event.data["to"] == person.id_masked
    assert number not in str(event.data)
    assert open_content(Attachment.objects.get(pk=event.data["evidence"]))


def test_a_corrected_name_is_found_by_its_letters(district, subdistrict_officer):
    member = make.membership(district.firm_a)
    person = fix(member, "name", "单小芳", subdistrict_officer)
    person.refresh_from_db()
    assert (person.name, person.name_initials) == ("单小芳", "sxf")


def test_a_corrected_phone_is_not_verified_and_the_old_one_hears(district, subdistrict_officer):
    member = make.membership(district.firm_a, phone_is_verified=True)
    old = member.person.phone
    person = fix(member, "phone", "13955556666", subdistrict_officer)
    assert (person.phone_state, person.phone_tail) == ("claimed", "6666")
    assert OutboxMessage.objects.get(purpose="phone_changed").phone == old


@pytest.mark.parametrize(
    ("subject", "code"),
    [("name", "same_value"), ("phone", "same_value"), ("id_number", "same_value")],
)
def test_the_same_again_is_no_correction(subject, code, district, subdistrict_officer):
    member = make.membership(district.firm_a)
    with pytest.raises(Refused) as refusal:
        fix(member, subject, getattr(member.person, subject), subdistrict_officer)
    assert refusal.value.code == code


def test_somebody_elses_number_is_refused_with_a_way_on(district, subdistrict_officer, client_for):
    member, other = make.membership(district.firm_a), make.membership(district.firm_b)
    with pytest.raises(Refused) as refusal:
        fix(member, "id_number", other.person.id_number, subdistrict_officer)
    assert refusal.value.code == "belongs_to_other"
    assert "duplicates" in str(refusal.value)
    assert Person.objects.get(pk=member.person_id).id_number == member.person.id_number


def test_a_correction_is_written_on_its_page(district, subdistrict_officer, client_for):
    client, member = client_for(subdistrict_officer), make.membership(district.firm_a)
    url = reverse("members:member-correct", args=[member.pk, "name"])
    scan = SimpleUploadedFile("id.pdf", make.PDF)
    data = {"value": "李 雷", "reason": "as on the card", "form_id": FORM_ID.format(5)}

    missing = client.post(url, data)
    done = client.post(url, {**data, "form_id": FORM_ID.format(6), "evidence": scan})

    assert (client.get(url).status_code, missing.status_code) == (200, 400)
    assert done.status_code == 302
    assert Person.objects.get().name == "李雷"
    assert client.get(url.replace("name", "education")).status_code == 404


def test_consent_is_given_and_withdrawn_by_purpose(district):
    person = make.person(district.firm_a)
    consents.give(person=person, purpose="payout", by=SYSTEM, version="1")
    with pytest.raises(Stale):
        consents.give(person=person, purpose="payout", by=SYSTEM)
    assert list(refusers("payout")) == []

    consents.withdraw(person=person, purpose="payout", by=WORKER_SELF)
    with pytest.raises(Stale):
        consents.withdraw(person=person, purpose="payout", by=WORKER_SELF)

    lines = {line.notice.purpose: line for line in consent_lines(person)}
    assert list(lines) == ["membership", "card", "payout"]
    assert lines["membership"].is_current
    assert (lines["payout"].held, len(lines["payout"].past)) == (None, 1)
    assert list(refusers("payout")) == [person]
    assert list(refusers("card")) == []
    assert Person.objects.get().stopped_at is None


def test_without_consent_to_membership_the_record_rests(district, subdistrict_officer, client_for):
    client, member = client_for(subdistrict_officer), make.membership(district.firm_a)
    consents.withdraw(person=member.person, purpose="membership", by=WORKER_SELF)

    page = client.get(reverse("members:member-detail", args=[member.pk])).content.decode()
    look = client.post(
        reverse("members:member-reveal", args=[member.pk]),
        {"field": "phone", "reason": "call back"},
    )
    assert "Consent to membership withdrawn" in page
    assert reverse("members:member-edit", args=[member.pk]) not in page
    assert reverse("members:member-change", args=[member.pk, "resign"]) in page
    assert (look.status_code, member.person.phone in look.content.decode()) == (400, False)
    with pytest.raises(Refused) as refusal:
        records.edit(membership=member, by=SYSTEM, values={"education": "10"})
    assert refusal.value.code == "stopped"

    consents.give(person=Person.objects.get(), purpose="membership", by=subdistrict_officer)
    assert records.edit(membership=member, by=SYSTEM, values={"education": "10"}) == ["education"]


def test_an_old_notice_cannot_be_agreed_to(district):
    person = make.person(district.firm_a)
    with pytest.raises(Refused) as refusal:
        consents.give(person=person, purpose="payout", by=SYSTEM, version="0")
    assert refusal.value.code == "notice_changed"
    assert not Consent.objects.filter(purpose="payout").exists()


def test_consents_are_recorded_on_paper_and_withdrawn_on_their_pages(
    district, subdistrict_officer, client_for
):
    client, member = client_for(subdistrict_officer), make.membership(district.firm_a)
    give = reverse("members:consent-give", args=[member.pk, "payout"])
    version = client.get(give).context["form"]["version"].value()
    scan = SimpleUploadedFile("consent.pdf", make.PDF)
    given = client.post(give, {"version": version, "evidence": scan, "form_id": FORM_ID.format(7)})
    page = client.get(given.url).content.decode()
    back = client.post(
        give.replace("give", "withdraw"),
        {"reason": "asked by phone", "form_id": FORM_ID.format(8)},
    )
    assert (given.status_code, back.status_code) == (302, 302)
    assert "Sensitive data" in page
    consent = Consent.objects.get(purpose="payout")
    assert consent.evidence is not None
    assert consent.withdrawn_at is not None


def test_a_request_has_thirty_days_and_one_of_a_kind(district, subdistrict_officer):
    person = make.person(district.firm_a)
    asked = requests.file(
        person=person, kind="correct", subject="name", text="芳 not 方", by=WORKER_SELF
    )
    assert asked.due_on == timezone.localdate() + timedelta(days=30)
    with pytest.raises(Refused) as refusal:
        requests.file(person=person, kind="correct", subject="name", by=WORKER_SELF)
    assert refusal.value.code == "open_request"
    requests.file(person=person, kind="correct", subject="phone", by=WORKER_SELF)

    requests.fulfil(request=asked, by=subdistrict_officer, answer="Corrected.")
    with pytest.raises(Stale):
        requests.refuse(request=asked, by=subdistrict_officer, answer="No.")
    asked.refresh_from_db()
    assert (asked.state, asked.answer, asked.closed_by) == (
        "done", "Corrected.", subdistrict_officer,
    )  # fmt: skip


def test_a_neighbour_answers_nothing_and_a_refusal_says_why(
    district, subdistrict_officer, neighbour_officer
):
    asked = requests.file(person=make.person(district.firm_a), kind="delete", by=WORKER_SELF)
    with pytest.raises(NotAllowed):
        requests.fulfil(request=asked, by=neighbour_officer)
    with pytest.raises(Refused, match="reason"):
        requests.refuse(request=asked, by=subdistrict_officer, answer=" ")
    requests.take_back(request=asked, by=WORKER_SELF)
    assert DataRequest.objects.get().state == "withdrawn"


def test_requests_are_listed_by_deadline_and_answered(
    district, subdistrict_officer, neighbour_officer, client_for
):
    client = client_for(subdistrict_officer)
    asked = requests.file(
        person=make.person(district.firm_a), kind="correct", subject="name", text="芳 not 方",
        by=WORKER_SELF,
    )  # fmt: skip
    listed = client.get(reverse("members:request-list"))
    detail = client.get(reverse("members:request-detail", args=[asked.pk])).content.decode()
    answer = client.post(
        reverse("members:request-answer", args=[asked.pk, "refuse"]),
        {"answer": "The card says 方.", "form_id": FORM_ID.format(9)},
    )

    assert [row.pk for row in listed.context["page"].rows] == [asked.pk]
    assert "芳 not 方" in detail
    assert answer.status_code == 302
    assert DataRequest.objects.get().state == "refused"
    assert client.get(reverse("members:request-list")).context["page"].rows == []
    foreign = client_for(neighbour_officer)
    assert foreign.get(reverse("members:request-detail", args=[asked.pk])).status_code == 404
    assert foreign.get(reverse("members:request-list") + "?state=all").context["page"].rows == []


def test_memberships_close_still_works_for_a_stopped_person(district):
    member = make.membership(district.firm_a)
    consents.withdraw(person=member.person, purpose="membership", by=WORKER_SELF)
    memberships.close(membership=member, verb="annul", by=SYSTEM, reason="import undone")
    assert Membership.objects.get().state == "annulled"
