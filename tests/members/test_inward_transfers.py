"""Members who come from unions outside the district, and the letter of those who go there."""

from __future__ import annotations

from datetime import date
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction

from members.actions import memberships
from members.models import ApprovalDecision, Membership, Movement, Transfer
from members.queries import members_as_of
from members.states import Confirmation
from members.transfers import actions
from members.transfers.inward import Arrival, take_in
from members.transfers.states import TransferState
from tests.factories import members as make
from unionportal.core.actors import SYSTEM
from unionportal.core.errors import NotAllowed, Refused
from unionportal.core.models import AuditEvent

pytestmark = pytest.mark.django_db
CAME = date(2026, 5, 4)


def arrival(**changes) -> Arrival:
    values = {
        "outside_name": "示例市邮政工会", "joined_elsewhere_on": date(2015, 3, 1),
        "arrived_on": CAME, "signer": "王主席", "letter": make.scan(), **changes,
    }  # fmt: skip
    return Arrival(**values)


def newcomer(unit, **changes):
    return make.candidate(unit, confirmation=Confirmation.PAPER_FORM, **changes)


def test_a_member_from_outside_is_taken_in_with_the_letter(district, subdistrict_officer):
    made = take_in(by=subdistrict_officer, candidate=newcomer(district.firm_a), arrival=arrival())
    made.refresh_from_db()
    assert (made.kind, made.state, made.from_unit, made.to_unit) == (
        "inward", TransferState.DONE, None, district.firm_a,
    )  # fmt: skip
    assert (made.outside_name, made.joined_elsewhere_on, made.moves_on) == (
        "示例市邮政工会", date(2015, 3, 1), CAME,
    )  # fmt: skip
    member = Membership.objects.get()
    assert (member.state, member.joined_on, member.unit) == ("active", CAME, district.firm_a)
    assert made.membership == member
    assert made.paper == ApprovalDecision.objects.get().scan
    assert members_as_of(subdistrict_officer, CAME) == 1
    assert Movement.objects.count() == 1
    verbs = AuditEvent.objects.filter(target_type="members.transfer").order_by("id")
    assert [event.to_state for event in verbs] == ["requested", "consented", "accepted", "done"]


def test_who_moved_away_comes_back_with_a_new_number(district, subdistrict_officer):
    old = make.membership(district.firm_a)
    memberships.close(membership=old, verb="move_away", by=SYSTEM, ended_on=date(2026, 2, 1))
    person = old.person
    again = newcomer(
        district.firm_a, name=person.name, id_number=person.id_number, phone=person.phone
    )
    made = take_in(by=subdistrict_officer, candidate=again, arrival=arrival())
    assert made.membership.person == person
    assert Membership.objects.count() == 2
    assert made.membership.member_no != old.member_no


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"outside_name": " "}, "no_outside_name"),
        ({"joined_elsewhere_on": date(2026, 5, 5)}, "joined_elsewhere"),
        ({"arrived_on": date(2999, 1, 1)}, "decision_date"),
        ({"signer": ""}, "no_signer"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_stays(district, subdistrict_officer, change, code):
    with pytest.raises(Refused) as refusal:
        take_in(
            by=subdistrict_officer, candidate=newcomer(district.firm_a), arrival=arrival(**change)
        )
    assert refusal.value.code == code
    assert not Membership.objects.exists()
    assert not Transfer.objects.exists()


def test_a_member_of_the_district_does_not_come_from_outside(
    district, subdistrict_officer, neighbour_officer
):
    person = make.membership(district.firm_a).person
    twice = newcomer(
        district.firm_b, name=person.name, id_number=person.id_number, phone=person.phone
    )
    with pytest.raises(Refused) as refusal:
        take_in(by=neighbour_officer, candidate=twice, arrival=arrival())
    assert refusal.value.code == "already_member"
    with pytest.raises(NotAllowed):
        take_in(by=subdistrict_officer, candidate=newcomer(district.firm_b), arrival=arrival())


def test_raw_sql_writes_no_inward_case_without_the_other_union(district):
    member = make.membership(district.firm_a)
    with pytest.raises(IntegrityError, match="transfer_sides_fit_kind"), transaction.atomic():
        Transfer.objects.create(
            kind="inward", membership=member, to_unit=district.firm_a, due_on=CAME
        )


def form(unit, **changes) -> dict:
    return {
        "outside_name": "示例市邮政工会", "joined_elsewhere_on": "2015-03-01", "name": "王小明",
        "id_type": "citizen", "id_number": make.id_number(), "phone": make.phone_number(),
        "group": "PARCEL_COURIER", "unit": str(unit.pk), "arrived_on": "2026-05-04",
        "signer": "王主席", "form_id": str(uuid4()),
        "evidence": SimpleUploadedFile("letter.pdf", make.PDF), **changes,
    }  # fmt: skip


def test_the_page_takes_in_once_and_keeps_what_was_typed(district, subdistrict_officer, client_for):
    client, url = client_for(subdistrict_officer), "/desk/transfers/from-outside/"
    assert url in client.get("/desk/transfers/").content.decode()
    page = client.post(url, form(district.firm_a, signer=""))
    assert page.status_code == 400
    assert "王小明" in page.content.decode()
    data = form(district.firm_a)
    for _click in range(2):
        data["evidence"].seek(0)
        answer = client.post(url, data)
        assert answer.status_code == 302
    [made] = Transfer.objects.all()
    shown = client.get(answer.url).content.decode()
    assert answer.url == made.get_absolute_url()
    assert "示例市邮政工会" in shown
    assert "2015-03-01" in shown or "1 March 2015" in shown


def test_the_letter_of_an_outward_case_names_the_member_and_masks_the_number(
    district, subdistrict_officer, client_for
):
    member = make.membership(district.firm_a)
    case = actions.send_away(
        by=subdistrict_officer, membership=member, outside_name="示例市邮政工会", paper=make.scan()
    )
    client = client_for(subdistrict_officer)
    url = f"/desk/transfers/{case.pk}/letter/"
    assert url in client.get(case.get_absolute_url()).content.decode()
    letter = client.get(url).content.decode()
    for text in (member.person.name, "示例市邮政工会", member.member_no_grouped):
        assert text in letter
    assert member.person.id_number not in letter


def test_there_is_no_letter_before_the_members_yes(district, subdistrict_officer, client_for):
    case = actions.send_away(
        by=subdistrict_officer, membership=make.membership(district.firm_a),
        outside_name="示例市邮政工会",
    )  # fmt: skip
    client = client_for(subdistrict_officer)
    assert client.get(f"/desk/transfers/{case.pk}/letter/").status_code == 404
