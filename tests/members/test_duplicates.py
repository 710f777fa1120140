"""Pairs found, listed, compared, decided: on the desk and in the API."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from django.urls import reverse

from members.merging.actions import dismiss, merge_people, unmerge_people
from members.merging.finding import find_pairs, look_soon
from members.merging.queries import open_pairs, pair_list
from members.models import Application, DuplicatePair, Membership, Person, PersonMerge
from tests.factories import members as make
from unionportal.core import jobs
from unionportal.core.actors import SYSTEM
from unionportal.core.models import Job

pytestmark = pytest.mark.django_db
JAN, MAR = date(2026, 1, 10), date(2026, 3, 10)


def person(unit: Any, **fields: Any) -> Person:
    return make.membership(unit, joined_on=fields.pop("joined", JAN), **fields).person


def pairs() -> dict[frozenset[Any], list[str]]:
    rows = DuplicatePair.objects.order_by("pk")
    return {frozenset((row.first_id, row.second_id)): sorted(row.evidence) for row in rows}


def both(one: Person, other: Person) -> frozenset[Any]:
    return frozenset((one.pk, other.pk))


# --- finding ------------------------------------------------------------------------------------


def test_one_number_under_two_kinds_of_document(district):
    number = make.id_number()
    card = person(district.firm_a, id_number=number)
    permit = person(district.firm_b, id_number=number, id_type="passport", name="李四")
    person(district.firm_b, id_number="E12345678", id_type="passport")
    found = find_pairs()
    assert (found.new, found.reopened) == (1, 0)
    assert pairs() == {both(card, permit): ["same_number"]}


def test_name_birth_date_and_phone_together(district):
    phone = make.phone_number()
    one = person(district.firm_a, name="买买提·艾力", phone=phone)
    same = person(district.firm_b, name="买买提艾力", phone=phone)
    person(district.firm_b, name="买买提·艾力")
    person(district.firm_b, name="王五", phone=phone)
    person(district.firm_b, name="买买提·艾力", phone=phone,
           id_number=make.id_number(born=date(1991, 1, 1)))  # fmt: skip
    find_pairs()
    assert pairs() == {both(one, same): ["name_birth_phone"]}


def test_an_application_once_sent_in_under_the_other_number(district):
    number = make.id_number()
    mistyped = person(district.firm_a, name="赵六", id_number=number)
    right = person(district.firm_b, name="钱七")
    sent = make.application(district.firm_b, id_number=make.id_number())
    Application.objects.filter(pk=sent.pk).update(
        person=right, id_index=make.index_of(number), state="rejected",
        closed_at="2026-02-01T00:00Z",
    )  # fmt: skip
    find_pairs()
    assert pairs() == {both(mistyped, right): ["earlier_number"]}


def test_one_employer_and_the_same_name_or_one_that_sounds_the_same(district):
    firm = make.employer(district.area_a, covered_by=district.firm_a)
    born = {"id_number": make.id_number(born=date(1985, 5, 5))}
    one = person(district.firm_a, name="张伟", employer=firm)
    same = person(district.firm_a, name="张伟", employer=firm, **born)
    sounds = person(district.firm_a, name="章伟", employer=firm)
    person(
        district.firm_a, name="章薇", employer=firm, id_number=make.id_number(born=date(1970, 1, 1))
    )
    person(district.firm_a, name="张伟")
    find_pairs()
    assert pairs() == {
        both(one, same): ["name_employer"], both(one, sounds): ["sound_employer"],
    }  # fmt: skip


def test_a_name_that_many_colleagues_share_says_nothing(district):
    firm = make.employer(district.area_a, covered_by=district.firm_a)
    for year in range(1970, 1981):
        number = make.id_number(born=date(year, 5, 5))
        person(district.firm_a, name="王伟", employer=firm, id_number=number)
    assert find_pairs().new == 0


def test_a_pair_is_stored_once_and_opens_again_on_stronger_evidence_alone(
    district, district_officer
):
    firm = make.employer(district.area_a, covered_by=district.firm_a)
    numbers = {"id_number": make.id_number(born=date(1990, 3, 7))}
    one = person(district.firm_a, name="张伟", employer=firm)
    other = person(district.firm_a, name="张伟", employer=firm, **numbers)
    assert [find_pairs().new for _each in range(2)] == [1, 0]
    pair = DuplicatePair.objects.get()
    dismiss(by=district_officer, pair=pair, reason="cousins")
    assert find_pairs().reopened == 0

    Person.objects.filter(pk=other.pk).update(phone_index=one.phone_index)
    assert (find_pairs().reopened, find_pairs().reopened) == (1, 0)
    pair.refresh_from_db()
    assert (pair.state, pair.strength, sorted(pair.evidence)) == (
        "open", 3, ["name_birth_phone", "name_employer"],
    )  # fmt: skip


def test_merged_people_are_found_no_more(district):
    phone = make.phone_number()
    one, _other = (
        person(district.firm_a, phone=phone),
        person(district.firm_a, phone=phone, joined=MAR),
    )
    find_pairs()
    pair = DuplicatePair.objects.get()
    merge = merge_people(by=SYSTEM, pair=pair, survivor=one, choices={}, reason="same")
    assert find_pairs().new == 0
    assert DuplicatePair.objects.standing().get().state == "merged"
    unmerge_people(by=SYSTEM, merge=merge, reason="two")
    assert find_pairs().new == 0
    assert DuplicatePair.objects.get().state == "open"


def test_the_search_is_one_job_at_a_time(district):
    person(district.firm_a, phone="13911110000")
    person(district.firm_b, phone="13911110000")
    job = look_soon()
    assert look_soon() == job
    jobs.run(job.pk)
    done = Job.objects.get()
    assert (done.state, done.counts) == ("done", {"new": 1, "reopened": 0})


# --- who sees which -----------------------------------------------------------------------------


@pytest.fixture
def across(district):
    """One pair within A, one between A and B."""
    inside = [person(district.firm_a, phone="13911110000", joined=day) for day in (JAN, MAR)]
    across = [person(unit, phone="13922220000") for unit in (district.firm_a, district.firm_b)]
    find_pairs()
    known = {frozenset((row.first_id, row.second_id)): row for row in DuplicatePair.objects.all()}
    return known[both(*inside)], known[both(*across)]


def test_a_pair_across_two_areas_is_for_the_officer_above_both(
    across, subdistrict_officer, neighbour_officer, district_officer, auditor
):
    inside, between = across
    assert list(pair_list(subdistrict_officer)) == [inside]
    assert list(pair_list(neighbour_officer)) == []
    assert set(pair_list(district_officer)) == {inside, between}
    assert (open_pairs(subdistrict_officer), open_pairs(auditor)) == (1, 0)


def test_a_merged_pair_stays_in_sight_of_who_merged_it(across, subdistrict_officer):
    inside, _between = across
    merge_people(
        by=subdistrict_officer, pair=inside, survivor=inside.first, choices={}, reason="same"
    )
    assert list(pair_list(subdistrict_officer, state="merged")) == [inside]


# --- the desk -----------------------------------------------------------------------------------


def test_the_list_and_its_filters(across, client_for, subdistrict_officer):
    client = client_for(subdistrict_officer)
    inside, between = across
    page = client.get(reverse("members:duplicate-list"))
    assert str(inside.pk) in page.text
    assert str(between.pk) not in page.text
    assert "Same name, birth date and phone" in page.text
    page = client.get(reverse("members:duplicate-list"), {"evidence": "same_number"})
    assert "No pairs here" in page.text
    assert client.get(reverse("members:duplicate-list"), {"state": "x"}).status_code == 400
    page = client.post(reverse("members:duplicate-search"))
    assert page.status_code == 302
    assert Job.objects.get().kind == "members.find_duplicates"


def test_comparing_merging_and_undoing_on_the_page(across, client_for, subdistrict_officer):
    client = client_for(subdistrict_officer)
    pair, _between = across
    address = reverse("members:duplicate-detail", args=[pair.pk])
    page = client.get(address)
    assert "lies within" in page.text
    assert pair.first.id_masked in page.text
    assert pair.first.id_number not in page.text
    assert client.get(address, {"keep": "second"}).context["case"].survivor == pair.second
    merging = reverse("members:duplicate-merge", args=[pair.pk])
    answer = client.post(merging, {"keep": "second", "form_id": "1"})
    assert answer.status_code == 400
    assert "Give a reason" in answer.text or "reason" in answer.text
    data = {"keep": "second", "take_document": "merged", "reason": "same face", "form_id": "2"}
    answer = client.post(merging, data, follow=True)
    assert "The two records are one now" in answer.text
    assert client.post(merging, data).status_code == 302
    merge = PersonMerge.objects.get()
    assert (merge.survivor, merge.choices) == (pair.second, {"document": "merged"})
    stale = client.post(merging, {**data, "form_id": "3"})
    assert stale.status_code == 409

    undoing = reverse("members:duplicate-undo", args=[pair.pk])
    assert client.post(undoing, {"form_id": "4"}).status_code == 400
    answer = client.post(undoing, {"undo-reason": "twins", "form_id": "5"}, follow=True)
    assert "everything as before" in answer.text
    assert Membership.objects.recorded().count() == 4


def test_a_merge_that_is_stopped_says_why_and_keeps_what_was_typed(
    across, client_for, subdistrict_officer
):
    client = client_for(subdistrict_officer)
    pair, _between = across
    Person.objects.filter(pk=pair.first_id).update(stopped_at="2026-03-01T00:00Z",
                                                   stopped_reason="withdrawn")  # fmt: skip
    page = client.get(reverse("members:duplicate-detail", args=[pair.pk]))
    assert "This stops the merge" in page.text
    answer = client.post(
        reverse("members:duplicate-merge", args=[pair.pk]),
        {"keep": "first", "reason": "my typed words", "form_id": "1"},
    )
    assert answer.status_code == 400
    assert "may only be stored" in answer.text
    assert "my typed words" in str(answer.context["form"]["reason"].value())


def test_dismissing_on_the_page(across, client_for, subdistrict_officer):
    client = client_for(subdistrict_officer)
    pair, _between = across
    address = reverse("members:duplicate-dismiss", args=[pair.pk])
    assert client.post(address, {}).status_code == 400
    answer = client.post(address, {"dismiss-reason": "twins"}, follow=True)
    assert "Kept as two people" in answer.text
    assert client.post(address, {"dismiss-reason": "twins"}).status_code == 409
    page = client.get(reverse("members:duplicate-detail", args=[pair.pk]))
    assert "twins" in page.text


def test_the_page_says_what_an_undoing_left_alone(across, client_for, subdistrict_officer):
    pair, _between = across
    first, second = (Membership.objects.get(person=one) for one in (pair.first, pair.second))
    later = max((first, second), key=lambda one: one.joined_on)
    merge = merge_people(by=SYSTEM, pair=pair, survivor=pair.first, choices={}, reason="same")
    other = later.person
    Membership.objects.filter(pk=later.pk).update(ended_on=later.joined_on)
    unmerge_people(by=SYSTEM, merge=merge, reason="two")
    assert other is not None
    page = client_for(subdistrict_officer).get(reverse("members:duplicate-detail", args=[pair.pk]))
    assert "Left as it is, because it changed after the merge" in page.text
    assert str(later.pk) in page.text


def test_the_members_page_names_the_pair(across, client_for, subdistrict_officer):
    pair, _between = across
    member = Membership.objects.get(person=pair.first)
    page = client_for(subdistrict_officer).get(reverse("members:member-detail", args=[member.pk]))
    assert "Perhaps on file twice" in page.text


# --- the API ------------------------------------------------------------------------------------


def test_the_api_lists_merges_and_dismisses(across, client_for, subdistrict_officer):
    client = client_for(subdistrict_officer)
    pair, _between = across
    rows = client.get("/api/v1/duplicates/", {"state": "open"}).json()["results"]
    assert [row["id"] for row in rows] == [str(pair.pk)]
    assert rows[0]["first"]["id_masked"] == pair.first.id_masked
    assert client.get("/api/v1/duplicates/", {"evidence": "same_number"}).json()["results"] == []
    address = f"/api/v1/duplicates/{pair.pk}"
    for body, field in (
        ({"survivor": "third", "reason": "x"}, "survivor"),
        ({"survivor": "first", "reason": "x", "choices": {"id": "merged"}}, "choices"),
        ({"survivor": "first", "reason": "x", "who": "me"}, "who"),
    ):
        answer = client.post(f"{address}/merge/", body, content_type="application/json",
                             headers={"idempotency-key": uuid4().hex})  # fmt: skip
        assert answer.status_code == 400, body
        assert field in answer.text
    body = {"survivor": "first", "choices": {"name": "merged"}, "reason": "same"}
    key = uuid4().hex
    answers = [
        client.post(f"{address}/merge/", body, content_type="application/json",
                    headers={"idempotency-key": key})
        for _twice in range(2)
    ]  # fmt: skip
    assert [one.status_code for one in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert PersonMerge.objects.get().survivor == pair.first
    stale = client.post(f"{address}/dismiss/", {"reason": "x"}, content_type="application/json")
    assert stale.status_code == 409
