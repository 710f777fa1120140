"""Merge, take apart, dismiss: every row accounted for, every day counted once."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, models, transaction
from django.test.utils import isolate_apps

from members.actions import memberships
from members.merging import registry
from members.merging.actions import dismiss, merge_people, unmerge_people
from members.merging.people import choosable, differences
from members.merging.plan import plan_of
from members.models import (
    Application,
    Consent,
    DuplicatePair,
    Membership,
    MonthlyFlow,
    Movement,
    Person,
    PersonMerge,
)
from members.queries import find_person, members_as_of, status_of
from members.states import PairState, PhoneState
from tests.factories import members as make
from unionportal.core.actions.accounts import staff_key
from unionportal.core.actors import SYSTEM
from unionportal.core.errors import NotAllowed, Refused, Stale
from unionportal.core.models import AuditEvent, User

pytestmark = pytest.mark.django_db
JAN, FEB, MAR, APR = (date(2026, month, 10) for month in (1, 2, 3, 4))
MAY, JUNE = date(2026, 5, 10), date(2026, 6, 10)


def pair_of(one: Person, other: Person) -> DuplicatePair:
    first, second = sorted((one, other), key=lambda person: person.pk)
    return DuplicatePair.objects.create(
        first=first, second=second, evidence=["name_birth_phone"], strength=3
    )


def merge(survivor: Person, merged: Person, by: Any = SYSTEM, **choices: str) -> PersonMerge:
    return merge_people(
        by=by, pair=pair_of(survivor, merged), survivor=survivor, choices=choices, reason="same"
    )


def member(unit: Any, joined: date, left: date | None = None, **fields: Any) -> Membership:
    made = make.membership(unit, joined_on=joined, **fields)
    if left:
        memberships.close(membership=made, verb="resign", by=SYSTEM, reason="x", ended_on=left)
    return Membership.objects.select_related("person").get(pk=made.pk)


def counted(user: Any) -> dict[date, int]:
    return {day: members_as_of(user, day) for day in (JAN, FEB, MAR, APR, MAY, JUNE)}


TABLES = (
    "members_membership", "members_affiliation", "members_groupmembership",
    "members_consent", "members_application", "members_monthlyflow",
)  # fmt: skip


def everything() -> dict[str, list[Any]]:
    """Return the rows of every table a merge touches; movements by what they come to."""
    people = Person.everyone.order_by("pk").values()
    found: dict[str, list[Any]] = {"people": [str(sorted(person.items())) for person in people]}
    with connection.cursor() as cursor:
        for table in TABLES:
            columns = "area_id, group_id, month, came - went, joined" if "flow" in table else "*"
            cursor.execute(f"SELECT {columns} FROM {table}")
            found[table] = sorted(map(str, cursor.fetchall()))
        cursor.execute(
            "SELECT membership_id, unit_id, area_id, group_id, day, sum(delta) FROM "
            "members_movement GROUP BY 1, 2, 3, 4, 5 HAVING sum(delta) <> 0"
        )
        found["movements"] = sorted(map(str, cursor.fetchall()))
    return found


# --- who refers to a person ---------------------------------------------------------------------


def test_every_reference_to_a_person_is_handled_by_merge():
    assert registry.unhandled(apps.get_models(include_auto_created=True)) == []


def test_no_link_is_registered_for_a_column_that_is_not_there():
    known = set(registry.references(apps.get_models(include_auto_created=True)))
    assert {link.column for link in registry.links(*registry.How)} - known == set()


@isolate_apps("members")
def test_a_planted_reference_is_named():
    class Planted(models.Model):
        person = models.ForeignKey(Person, models.PROTECT, related_name="+")
        membership = models.OneToOneField(Membership, models.PROTECT, related_name="+")
        person_key = models.UUIDField()
        other = models.ForeignKey(Application, models.PROTECT, related_name="+")

        class Meta:
            app_label = "members"

    assert registry.unhandled([Planted]) == [
        "members.Planted.membership", "members.Planted.person", "members.Planted.person_key",
    ]  # fmt: skip


def test_every_field_of_a_person_is_chosen_or_of_the_record():
    chosen = [column for columns in choosable().values() for column in columns]
    names = {column.name for column in Person._meta.concrete_fields}
    assert len(chosen) == len(set(chosen))
    assert names - set(chosen) == {
        "id", "district", "merged_into", "created_at", "stopped_at", "stopped_reason",
        "anonymised_at",
    }  # fmt: skip


# --- merge --------------------------------------------------------------------------------------


def test_merging_leaves_one_person_with_one_membership(district, district_officer):
    ours, theirs = member(district.firm_a, JAN), member(district.firm_b, MAR)
    before = counted(district_officer)

    made = merge(ours.person, theirs.person, district_officer)

    assert before == {JAN: 1, FEB: 1, MAR: 2, APR: 2, MAY: 2, JUNE: 2}
    assert counted(district_officer) == dict.fromkeys(before, 1)
    states = Membership.objects.order_by("joined_on").values_list("person", "state")
    assert list(states) == [(ours.person.pk, "active"), (ours.person.pk, "annulled")]
    assert list(Person.objects.all()) == [ours.person]
    assert Person.everyone.get(pk=theirs.person.pk).merged_into == ours.person
    assert (made.survivor, made.merged, made.pair.state) == (ours.person, theirs.person, "merged")
    flows = MonthlyFlow.objects.filter(area=district.area_b).values_list("came", "went", "joined")
    assert list(flows) == [(1, 1, 0)]
    verbs = AuditEvent.objects.filter(verb="person.merge").values_list("target_id", flat=True)
    assert set(verbs) == {str(ours.person.pk), str(theirs.person.pk)}


def test_the_earlier_membership_stays_whoever_survives(district):
    ours, theirs = member(district.firm_b, MAR), member(district.firm_a, JAN)
    merge(ours.person, theirs.person)
    open_one = Membership.objects.get(state="active")
    assert (open_one.pk, open_one.person) == (theirs.pk, ours.person)


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        # (joined, left) of each; then what counts, by state and days
        ((JAN, MAR), (FEB, None), [("resigned", JAN, FEB), ("active", FEB, None)]),
        ((JAN, APR), (FEB, MAR), [("annulled", FEB, MAR), ("resigned", JAN, APR)]),
        ((JAN, MAR), (MAR, None), [("active", MAR, None), ("resigned", JAN, MAR)]),
        ((JAN, MAR), (JAN, APR), [("annulled", JAN, MAR), ("resigned", JAN, APR)]),
        ((FEB, APR), (JAN, MAR), [("resigned", FEB, APR), ("resigned", JAN, FEB)]),
    ],
)
def test_every_day_counts_once(ours, theirs, expected, district, district_officer):
    one, other = member(district.firm_a, *ours), member(district.firm_b, *theirs)
    before = counted(district_officer)

    made = merge(one.person, other.person)

    assert counted(district_officer) == {day: min(count, 1) for day, count in before.items()}
    found = Membership.objects.values_list("state", "joined_on", "ended_on")
    assert sorted(found, key=str) == sorted(expected, key=str)
    unmerge_people(by=SYSTEM, merge=made, reason="two people")
    assert counted(district_officer) == before


def test_three_memberships_of_two_records_in_one_sweep(district, district_officer):
    one = member(district.firm_a, JAN, FEB)
    again = memberships.Opening(
        person=one.person, unit=district.firm_a, group=one.group, joined_on=APR
    )
    memberships.open_membership(by=SYSTEM, opening=again)
    other = member(district.firm_b, date(2026, 1, 20), MAY)
    merge(one.person, other.person)
    assert counted(district_officer) == dict.fromkeys(counted(district_officer), 1)
    found = Membership.objects.order_by("joined_on").values_list("state", "joined_on", "ended_on")
    assert list(found) == [
        ("resigned", JAN, date(2026, 1, 20)), ("resigned", date(2026, 1, 20), APR),
        ("active", APR, None),
    ]  # fmt: skip


def test_the_old_number_leads_to_the_survivor(district, district_officer):
    old = make.id_number()
    ours, theirs = member(district.firm_a, JAN), member(district.firm_a, MAR, id_number=old)
    merge(ours.person, theirs.person)

    assert find_person("citizen", old) == ours.person
    assert status_of(find_person("citizen", old)).membership == ours
    with pytest.raises(Refused) as refusal:
        make.application(district.firm_a, by=district_officer, id_number=old)
    assert refusal.value.code == "already_member"


def test_an_application_sent_in_by_the_old_number_belongs_to_the_survivor(district):
    old = make.id_number()
    ours, theirs = member(district.firm_a, JAN, FEB), member(district.firm_a, MAR, APR,
                                                             id_number=old)  # fmt: skip
    waiting = make.application(district.firm_a, id_number=old)
    merge(ours.person, theirs.person)
    assert status_of(ours.person).application == waiting


def test_the_merged_record_is_seen_by_nobody(district, subdistrict_officer):
    ours, theirs = member(district.firm_a, JAN), member(district.firm_a, MAR)
    merge(ours.person, theirs.person)
    assert list(Person.objects.visible_to(subdistrict_officer)) == [ours.person]
    rows = Membership.objects.visible_to(subdistrict_officer).recorded()
    assert list(rows) == [ours]


def test_values_are_taken_field_by_field(district):
    old, new = make.id_number(), make.id_number(born=date(1991, 4, 8))
    ours = member(district.firm_a, JAN, id_number=old, name="王丽", phone="13911110000").person
    theirs = member(
        district.firm_a, MAR, id_number=new, name="王莉", phone="13922220000",
        phone_is_verified=True,
    ).person  # fmt: skip
    proposed = {one.choice: one.proposed for one in differences(ours, theirs)}
    assert proposed == {"name": "survivor", "document": "survivor", "phone": "merged"}

    made = merge(ours, theirs, name="merged", document="merged", phone="merged")

    ours.refresh_from_db()
    assert (ours.name, ours.name_pinyin, ours.id_number) == ("王莉", "wang li", new)
    assert (ours.phone, ours.phone_state) == ("13922220000", PhoneState.VERIFIED)
    assert ours.birth_date == date(1991, 4, 8)
    assert {find_person("citizen", number) for number in (old, new)} == {ours}
    unmerge_people(by=SYSTEM, merge=made, reason="two people")
    found = Person.objects.order_by("created_at")
    assert [(one.name, one.id_number, one.phone) for one in found] == [
        ("王丽", old, "13911110000"), ("王莉", new, "13922220000"),
    ]  # fmt: skip


def test_consents_move_unless_the_survivor_gave_the_same(district):
    ours, theirs = member(district.firm_a, JAN).person, member(district.firm_a, MAR).person
    account = Consent.objects.create(
        person=theirs, purpose="payout", version="1", given_at="2026-04-01T00:00Z"
    )
    plan = plan_of(registry.Case(ours, theirs))
    told = [(item.kind, str(item.what), item.count) for item in plan.items]
    assert ("moves", "Consents", 1) in told
    assert ("stays", "Consents", 1) in told
    merge(ours, theirs)
    assert set(Consent.objects.filter(person=ours).values_list("purpose", flat=True)) == {
        "membership", "payout",
    }  # fmt: skip
    account.refresh_from_db()
    assert account.person == ours


def test_the_own_wish_of_a_duplicate_counts_for_the_one_that_stays(district):
    ours = member(district.firm_a, JAN, confirmation="none")
    theirs = member(district.firm_a, MAR)
    merge(ours.person, theirs.person)
    ours.refresh_from_db()
    assert ours.confirmation == "paper_form"


# --- what stops it ------------------------------------------------------------------------------


def test_two_staff_accounts_stop_a_merge(district):
    numbers = [make.id_number(), make.id_number()]
    ours, theirs = (member(district.firm_a, JAN, id_number=number).person for number in numbers)
    for number in numbers:
        User.objects.create_user(
            username=number, password="correct horse battery", person_key=staff_key(number)
        )
    with pytest.raises(Refused, match="staff account") as refusal, transaction.atomic():
        merge(ours, theirs)
    assert refusal.value.code == "merge_stopped"
    User.objects.filter(username=numbers[0]).update(is_active=False)
    merge(ours, theirs)


def test_out_of_reach_without_reason_or_twice_is_refused(
    district, subdistrict_officer, district_officer
):
    ours, theirs = member(district.firm_a, JAN).person, member(district.firm_b, MAR).person
    with pytest.raises(NotAllowed), transaction.atomic():
        merge(ours, theirs, subdistrict_officer)
    pair = pair_of(ours, theirs)
    values: dict[str, Any] = {"by": district_officer, "pair": pair, "survivor": ours}
    with pytest.raises(Refused, match="Give a reason"):
        merge_people(**values, choices={}, reason=" ")
    with pytest.raises(Refused, match="one of the two values"):
        merge_people(**values, choices={"name": "both"}, reason="same")
    with pytest.raises(Refused, match="one of the two values"):
        merge_people(**values, choices={"merged_into": "merged"}, reason="same")
    merge_people(**values, choices={}, reason="same")
    with pytest.raises(Stale):
        merge_people(**values, choices={}, reason="same")
    with pytest.raises(Stale):
        dismiss(by=district_officer, pair=pair, reason="two")


def test_dismissing_needs_a_reason_and_keeps_it(district, district_officer):
    ours, theirs = member(district.firm_a, JAN).person, member(district.firm_b, MAR).person
    pair = pair_of(ours, theirs)
    with pytest.raises(Refused, match="Give a reason"):
        dismiss(by=district_officer, pair=pair, reason="")
    dismiss(by=district_officer, pair=pair, reason="twins")
    pair.refresh_from_db()
    assert (pair.state, pair.note, pair.dismissed_strength) == (PairState.DISMISSED, "twins", 3)


# --- taking apart -------------------------------------------------------------------------------


def test_unmerge_restores_every_row(district):
    ours = member(district.firm_a, JAN, confirmation="none", phone="13911110000")
    theirs = member(district.firm_b, FEB, phone="13922220000", phone_is_verified=True)
    memberships.move_to_unit(
        membership=theirs, unit=district.firm_a, by=SYSTEM, moved_on=APR, reason="new job"
    )
    before = everything()
    made = merge(ours.person, theirs.person, document="merged", phone="merged", name="merged")
    assert everything() != before

    unmerge_people(by=SYSTEM, merge=made, reason="two people")

    assert everything() == before
    made.refresh_from_db()
    assert (made.kept, made.undo_reason, made.pair.state) == ([], "two people", "open")


def test_unmerge_lists_what_changed_since(district):
    ours, theirs = member(district.firm_a, JAN), member(district.firm_b, FEB)
    made = merge(ours.person, theirs.person, name="merged", phone="merged")
    Person.objects.filter(pk=ours.person.pk).update(phone_tail="0000")
    unmerge_people(by=SYSTEM, merge=made, reason="two people")
    assert PersonMerge.objects.get().kept == [
        {"what": "members.Person", "id": str(ours.person.pk), "why": "changed"}
    ]


def test_an_annulled_duplicate_counts_again_and_can_be_annulled_again(district, district_officer):
    ours, theirs = member(district.firm_a, JAN), member(district.firm_b, FEB)
    made = merge(ours.person, theirs.person)
    unmerge_people(by=SYSTEM, merge=made, reason="two people")
    assert Membership.objects.get(pk=theirs.pk).state == "active"
    assert members_as_of(district_officer, MAR) == 2
    flow = MonthlyFlow.objects.get(area=district.area_b)
    assert (flow.came - flow.went, flow.joined) == (1, 1)

    memberships.close(membership=theirs, verb="annul", by=SYSTEM, reason="fake")
    flow.refresh_from_db()
    assert (flow.came - flow.went, flow.joined) == (0, 0)
    assert members_as_of(district_officer, MAR) == 1


def test_merges_come_apart_in_the_other_order(district):
    one, two, three = (member(district.firm_a, day) for day in (JAN, FEB, MAR))
    before = everything()
    first = merge(two.person, three.person)
    second = merge(one.person, two.person)
    assert {find_person("citizen", one.person.id_number)} == {one.person}
    assert Person.everyone.filter(merged_into=one.person).count() == 2
    with pytest.raises(Refused, match="Undo the newer merge first"):
        unmerge_people(by=SYSTEM, merge=first, reason="x")
    unmerge_people(by=SYSTEM, merge=second, reason="x")
    unmerge_people(by=SYSTEM, merge=first, reason="x")
    assert everything() == before
    with pytest.raises(Stale):
        unmerge_people(by=SYSTEM, merge=first, reason="x")


def test_the_record_of_a_merge_is_encrypted(district):
    ours, theirs = member(district.firm_a, JAN), member(district.firm_b, FEB, phone="13922220000")
    made = merge(ours.person, theirs.person, phone="merged")
    assert "13922220000" in json.dumps(json.loads(made.undo_log))
    with connection.cursor() as cursor:
        cursor.execute("SELECT undo_log, choices FROM members_personmerge")
        row = cursor.fetchone()
    assert b"13922220000" not in bytes(row[0])


def test_the_database_refuses_a_pair_twice_or_out_of_order(district):
    ours, theirs = member(district.firm_a, JAN).person, member(district.firm_b, FEB).person
    pair = pair_of(ours, theirs)
    values = {"evidence": [], "strength": 1}
    for first, second, name in (
        (pair.first, pair.second, "pair_once"),
        (pair.second, pair.first, "pair_in_order"),
    ):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            DuplicatePair.objects.create(first=first, second=second, **values)


def test_movements_of_a_merge_are_only_added(district):
    ours, theirs = member(district.firm_a, JAN), member(district.firm_b, FEB)
    known = list(Movement.objects.order_by("pk").values())
    merge(ours.person, theirs.person)
    assert list(Movement.objects.order_by("pk").values())[: len(known)] == known
