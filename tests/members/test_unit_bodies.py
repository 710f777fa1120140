"""Committees, their terms and seats, certificates, plaques and replies; what is reminded of."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from members.actions import bodies, unit_papers
from members.actions.bodies import Election, Seat
from members.actions.unit_papers import Registration
from members.models import (
    CertificateFiling,
    Committee,
    CommitteeSeat,
    LegalPersonCertificate,
    TermExtension,
    UnitPlaque,
    UnitReply,
)
from members.queries.bodies import REMINDERS, health_of, reminder_counts, warnings_of
from tests.factories import members as make
from unionportal.core.errors import NotAllowed, Refused, Stale

pytestmark = pytest.mark.django_db
DAY = date(2026, 3, 9)
TODAY = date(2026, 11, 22)
CODE = "81490100MA00000010"


def election(**fields) -> Election:
    values = {
        "kind": "union", "started_on": DAY, "term_years": 3,
        "seats": [Seat(office="chair", name="张主席"), Seat(office="member", name="李委员")],
        "document_no": "示总工〔2026〕1号",
    }  # fmt: skip
    return Election(**{**values, **fields})


def test_an_election_gives_a_term_and_its_end(district, subdistrict_officer):
    member = make.person(district.firm_a)
    seats = [Seat(office="chair", person=member), Seat(office="deputy", name="李副主席")]
    made = bodies.elect(
        by=subdistrict_officer, unit=district.firm_a, election=election(seats=seats)
    )
    assert (made.due_on, made.ended_on) == (date(2029, 3, 9), None)
    rows = made.seats.order_by("office").values_list("office", "person", "name", "started_on")
    assert list(rows) == [
        ("chair", member.pk, "", DAY), ("deputy", None, "李副主席", DAY)
    ]  # fmt: skip


def test_a_re_election_ends_the_committee_before(district, subdistrict_officer):
    first = bodies.elect(
        by=subdistrict_officer, unit=district.firm_a,
        election=election(started_on=date(2023, 3, 1)),
    )  # fmt: skip
    second = bodies.elect(by=subdistrict_officer, unit=district.firm_a, election=election())
    first.refresh_from_db()
    assert (first.ended_on, second.ended_on) == (DAY, None)
    assert set(first.seats.values_list("ended_on", flat=True)) == {DAY}
    with pytest.raises(Refused) as refusal:
        bodies.elect(by=subdistrict_officer, unit=district.firm_a, election=election())
    assert refusal.value.code == "before_previous"


@pytest.mark.parametrize(
    ("unit", "fields", "code"),
    [
        ("firm_a", {"term_years": 4}, "term"),
        ("unit", {"term_years": 3}, "term_five"),
        ("pool_a", {}, "unit_has_none"),
        ("firm_a", {"seats": [Seat(office="member", name="李委员")]}, "seats"),
        ("firm_a", {"seats": [Seat(office="chair")]}, "seats"),
        ("firm_a", {"is_single": True}, "seats"),
        ("firm_a", {"started_on": date(2999, 1, 1)}, "future"),
    ],
)
def test_an_election_that_cannot_be_is_refused(unit, fields, code, district, district_officer):
    with pytest.raises(Refused) as refusal:
        bodies.elect(by=district_officer, unit=getattr(district, unit), election=election(**fields))
    assert refusal.value.code == code


def test_few_members_elect_one_organiser_and_one_commissioner(district, subdistrict_officer):
    for kind, office in (("union", "organiser"), ("women", "commissioner")):
        made = bodies.elect(
            by=subdistrict_officer, unit=district.firm_a,
            election=election(kind=kind, is_single=True, seats=[Seat(office=office, name="王一")]),
        )  # fmt: skip
        assert made.is_single


def test_the_database_refuses_two_committees_two_chairs_and_short_local_terms(
    district, district_officer
):
    made = bodies.elect(by=district_officer, unit=district.firm_a, election=election())
    values = {"started_on": DAY, "term_years": 3, "due_on": TODAY + timedelta(days=99)}
    with pytest.raises(IntegrityError, match="committee_one_a_day"), transaction.atomic():
        Committee.objects.create(unit=district.firm_a, kind="union", **values)
    with pytest.raises(IntegrityError, match="seat_one_chair_a_day"), transaction.atomic():
        CommitteeSeat.objects.create(committee=made, office="chair", name="赵", started_on=DAY)
    with pytest.raises(IntegrityError, match="seat_person_or_name"), transaction.atomic():
        CommitteeSeat.objects.create(committee=made, office="member", started_on=DAY)
    with pytest.raises(IntegrityError, match="serves five years"), transaction.atomic():
        Committee.objects.create(unit=district.unit, kind="union", **values)


def test_an_extension_needs_a_paper_and_moves_the_day(district, subdistrict_officer):
    made = bodies.elect(by=subdistrict_officer, unit=district.firm_a, election=election())
    later = date(2029, 9, 9)
    with pytest.raises(Refused) as refusal:
        bodies.extend_term(by=subdistrict_officer, committee=made, to_day=later, document_no=" ")
    assert refusal.value.code == "paper_needed"
    bodies.extend_term(
        by=subdistrict_officer, committee=made, to_day=later, document_no="示总工〔2026〕2号"
    )
    made.refresh_from_db()
    row = TermExtension.objects.get()
    assert (made.due_on, row.from_day, row.to_day) == (later, date(2029, 3, 9), later)
    with pytest.raises(Refused) as refusal:
        bodies.extend_term(by=subdistrict_officer, committee=made, to_day=later, document_no="x")
    assert refusal.value.code == "not_later"


def test_a_chair_leaves_and_another_is_elected(district, subdistrict_officer):
    made = bodies.elect(by=subdistrict_officer, unit=district.firm_a, election=election())
    chair = made.seats.get(office="chair")
    new = Seat(office="chair", name="赵主席")
    with pytest.raises(Refused) as refusal:
        bodies.fill_seat(by=subdistrict_officer, committee=made, seat=new)
    assert refusal.value.code == "chair_taken"
    with pytest.raises(Refused) as refusal:
        bodies.vacate_seat(by=subdistrict_officer, seat=chair, reason=" ")
    assert refusal.value.code == "reason_needed"
    bodies.vacate_seat(by=subdistrict_officer, seat=chair, reason="moved", ended_on=DAY)
    with pytest.raises(Stale):
        bodies.vacate_seat(by=subdistrict_officer, seat=chair, reason="moved")
    assert [row.pk for row in REMINDERS["chair"].rows(subdistrict_officer, TODAY)] == [made.pk]
    bodies.fill_seat(by=subdistrict_officer, committee=made, seat=new, started_on=DAY)
    assert unit_papers.chair_of(district.firm_a) == "赵主席"
    assert reminder_counts(subdistrict_officer, TODAY)["chair"] == 0


def test_a_neighbour_keeps_no_records_here(district, neighbour_officer, field_officer):
    for officer in (neighbour_officer, field_officer):
        with pytest.raises(NotAllowed):
            bodies.elect(by=officer, unit=district.firm_a, election=election())


def registration(**fields) -> Registration:
    values = {"credit_code": CODE, "issued_on": DAY, "valid_to": date(2029, 3, 9)}
    return Registration(**{**values, **fields})


def test_the_chair_represents_the_legal_person_and_a_new_one_is_filed(
    district, subdistrict_officer
):
    with pytest.raises(Refused) as refusal:
        unit_papers.record_certificate(
            by=subdistrict_officer, unit=district.firm_a, registration=registration()
        )
    assert refusal.value.code == "representative_needed"
    made = bodies.elect(by=subdistrict_officer, unit=district.firm_a, election=election())
    paper = unit_papers.record_certificate(
        by=subdistrict_officer, unit=district.firm_a, registration=registration()
    )
    district.firm_a.refresh_from_db()
    assert (paper.representative, district.firm_a.credit_code) == ("张主席", CODE)

    bodies.vacate_seat(
        by=subdistrict_officer, seat=made.seats.get(office="chair"), reason="moved",
        ended_on=date(2026, 4, 1),
    )  # fmt: skip
    bodies.fill_seat(
        by=subdistrict_officer, committee=made, seat=Seat(office="chair", name="赵主席"),
        started_on=date(2026, 4, 2),
    )  # fmt: skip
    filing = CertificateFiling.objects.get()
    assert (filing.what, filing.due_on) == ("representative", date(2026, 5, 2))
    assert reminder_counts(subdistrict_officer, TODAY)["filing"] == 1
    unit_papers.file_change(by=subdistrict_officer, filing=filing, filed_on=date(2026, 4, 20))
    paper.refresh_from_db()
    assert paper.representative == "赵主席"
    assert reminder_counts(subdistrict_officer, TODAY)["filing"] == 0
    with pytest.raises(Stale):
        unit_papers.file_change(by=subdistrict_officer, filing=filing)


def test_a_renewal_ends_the_certificate_before(district, subdistrict_officer):
    first, second = (
        unit_papers.record_certificate(
            by=subdistrict_officer, unit=district.firm_a,
            registration=registration(
                issued_on=date(year, 3, 9), valid_to=date(year + 3, 3, 9), representative="张主席"
            ),
        )
        for year in (2023, 2026)
    )  # fmt: skip
    first.refresh_from_db()
    assert (first.ended_on, second.ended_on) == (DAY, None)
    assert second.is_renewable(date(2029, 2, 7))
    assert not second.is_renewable(date(2029, 2, 6))
    assert LegalPersonCertificate.objects.filter(ended_on=None).count() == 1


@pytest.mark.parametrize(
    ("unit", "fields", "code"),
    [
        ("firm_a", {"credit_code": "123"}, "credit_code"),
        ("firm_a", {"valid_to": date(2031, 3, 10)}, "validity"),
        ("firm_a", {"valid_to": DAY}, "validity"),
        ("pool_a", {}, "no_legal_person"),
    ],
)
def test_a_certificate_that_cannot_be_is_refused(unit, fields, code, district, district_officer):
    with pytest.raises(Refused) as refusal:
        unit_papers.record_certificate(
            by=district_officer, unit=getattr(district, unit),
            registration=registration(representative="张主席", **fields),
        )  # fmt: skip
    assert refusal.value.code == code


def test_the_employers_code_is_not_the_unions(district, district_officer):
    make.employer(district.area_a, credit_code=CODE)
    values = {"by": district_officer, "unit": district.firm_a}
    with pytest.raises(Refused) as refusal:
        unit_papers.record_certificate(**values, registration=registration(representative="张"))
    assert refusal.value.code == "employer_code"


def test_replies_and_plaques_are_kept(district, subdistrict_officer):
    reply = {"matter": "set_up", "document_no": "示总工〔2026〕9号", "replied_on": DAY}
    unit_papers.record_reply(by=subdistrict_officer, unit=district.firm_a, **reply)
    with pytest.raises(Refused) as refusal:
        unit_papers.record_reply(by=subdistrict_officer, unit=district.firm_a, **reply)
    assert refusal.value.code == "reply_known"
    assert UnitReply.objects.count() == 1
    plaque = unit_papers.grant_plaque(
        by=subdistrict_officer, unit=district.firm_a, title="模范职工之家", granted_on=DAY
    )
    unit_papers.take_down_plaque(by=subdistrict_officer, plaque=plaque, taken_down_on=TODAY)
    assert UnitPlaque.objects.get().taken_down_on == TODAY
    with pytest.raises(Stale):
        unit_papers.take_down_plaque(by=subdistrict_officer, plaque=plaque)


def test_terms_and_certificates_are_reminded_of_in_time(district, subdistrict_officer,
                                                        neighbour_officer):  # fmt: skip
    bodies.elect(by=subdistrict_officer, unit=district.firm_a, election=election())
    unit_papers.record_certificate(
        by=subdistrict_officer, unit=district.firm_a, registration=registration()
    )
    quiet = dict.fromkeys(REMINDERS, 0)
    end = date(2029, 3, 9)
    assert reminder_counts(subdistrict_officer, end - timedelta(days=91)) == quiet
    assert reminder_counts(subdistrict_officer, end - timedelta(days=90)) == {**quiet, "soon": 1}
    assert reminder_counts(subdistrict_officer, end - timedelta(days=30)) == {
        **quiet, "soon": 1, "certificate": 1
    }  # fmt: skip
    assert reminder_counts(subdistrict_officer, end + timedelta(days=1)) == {
        **quiet, "overdue": 1, "certificate": 1
    }  # fmt: skip
    assert reminder_counts(neighbour_officer, end + timedelta(days=1)) == quiet


def test_the_law_warns_and_does_not_block(district, subdistrict_officer, settings):
    settings.WOMEN_COMMITTEE_FROM = 2
    for _n in range(2):
        make.membership(district.firm_a, id_number=make.id_number(is_male=False))
    health = health_of(district.firm_a, timezone.localdate())
    assert (health.members, health.women, health.elected_on) == (2, 2, None)
    assert health.warnings == [
        "Neither a committee nor an organiser is on record.",
        "2 women members: from 2 on they have a committee or a commissioner.",
    ]
    assert warnings_of(district.firm_a, 25, 0) == [
        "25 members: from 25 on a union elects a committee."
    ]
    bodies.elect(by=subdistrict_officer, unit=district.firm_a, election=election())
    assert warnings_of(district.firm_a, 25, 0) == [
        "A union with a committee elects a funds audit committee too."
    ]


def test_a_union_of_25_without_a_committee_is_listed(district, subdistrict_officer):
    for _n in range(25):
        make.membership(district.firm_a)
    assert reminder_counts(subdistrict_officer, TODAY)["committee"] == 1
    bodies.elect(by=subdistrict_officer, unit=district.firm_a, election=election())
    assert reminder_counts(subdistrict_officer, TODAY)["committee"] == 0
