"""Moving many members of a unit at once: choice, preview, one transaction or a job."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest
from django.utils import timezone

from members.models import Affiliation, Membership, Movement, Transfer
from members.transfers import actions, bulk
from tests.factories import members as make
from unionportal.core import jobs
from unionportal.core.actors import SYSTEM
from unionportal.core.errors import Stale
from unionportal.core.models import Job

pytestmark = pytest.mark.django_db


def asked(target, **changes) -> dict:
    return {
        "destination": target.name, "moved_on": str(timezone.localdate()), "reason": "企业关闭",
        **changes,
    }  # fmt: skip


def url_of(unit) -> str:
    return f"/desk/units/{unit.pk}/move-members/"


def plan(source, target) -> bulk.BulkMove:
    return bulk.BulkMove(
        source=source.pk, target=target.pk, moved_on=timezone.localdate(), reason="企业关闭"
    )


def test_members_are_chosen_looked_at_and_moved(district, district_officer, client_for):
    client = client_for(district_officer)
    firm = make.employer(district.area_a, covered_by=district.firm_a)
    going = [make.membership(district.firm_a, employer=firm) for _one in range(3)]
    other = make.employer(district.area_a)
    staying = make.membership(district.firm_a, employer=other)

    form = asked(district.firm_b, of_employer=firm.name)
    page = client.post(url_of(district.firm_a), form).content.decode()
    assert "3 members move" in page
    assert (going[0].member_no_grouped in page, staying.member_no_grouped in page) == (True, False)

    form |= {"expected": "3", "form_id": str(uuid4())}
    for _click in range(2):
        answer = client.post(url_of(district.firm_a), form)
        assert answer.url == f"/desk/units/{district.firm_b.pk}/"
    moved = Membership.objects.filter(unit=district.firm_b)
    assert {(one.pk, one.employer_id) for one in moved} == {(one.pk, firm.pk) for one in going}
    assert Membership.objects.get(pk=staying.pk).unit_id == district.firm_a.pk
    assert Movement.objects.filter(kind="transfer_in").count() == 3
    assert Affiliation.objects.filter(unit=district.firm_b, ended_on=None).count() == 3


def test_a_list_that_changed_since_the_preview_moves_nobody(district, district_officer, client_for):
    make.membership(district.firm_a)
    form = asked(district.firm_b, expected="2", form_id=str(uuid4()))
    answer = client_for(district_officer).post(url_of(district.firm_a), form)
    assert (answer.status_code, "They are 1 members now" in answer.content.decode()) == (409, True)
    with pytest.raises(Stale):
        bulk.run(by=district_officer, move=plan(district.firm_a, district.firm_b), expected=0)
    assert not Movement.objects.filter(kind="transfer_in").exists()


@pytest.mark.parametrize("expected", ["", "x", "-1", "9" * 40])
def test_a_made_up_count_moves_nobody(expected, district, district_officer, client_for):
    make.membership(district.firm_a)
    form = asked(district.firm_b, expected=expected, form_id=str(uuid4()))
    assert client_for(district_officer).post(url_of(district.firm_a), form).status_code == 409


def test_a_union_out_of_reach_cannot_be_the_target(district, subdistrict_officer, client_for):
    make.membership(district.firm_a)
    form = asked(district.firm_b, expected="1", form_id=str(uuid4()))
    answer = client_for(subdistrict_officer).post(url_of(district.firm_a), form)
    assert (answer.status_code, Membership.objects.get().unit_id) == (403, district.firm_a.pk)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"destination": "没有这个工会"}, "No union that takes members has this name"),
        ({"of_employer": "没有这家公司"}, "No employer has this name"),
        ({"reason": ""}, "Reason"),
        ({"moved_on": "2026-13-01"}, "They move on"),
    ],
)
def test_a_wrong_choice_is_said(changes, words, district, district_officer, client_for):
    form = asked(district.firm_b, **changes)
    answer = client_for(district_officer).post(url_of(district.firm_a), form)
    assert answer.status_code == 400
    assert words in re.sub(r"\s+", " ", answer.content.decode())


def test_many_are_moved_by_a_job_that_may_be_run_again(district, district_officer, monkeypatch):
    monkeypatch.setattr(bulk, "AT_ONCE", 2)
    monkeypatch.setattr(bulk, "CHUNK", 2)
    for _one in range(5):
        make.membership(district.firm_a)
    started = bulk.run(by=district_officer, move=plan(district.firm_a, district.firm_b), expected=5)
    assert isinstance(started, Job)
    assert jobs.run(started.pk)
    started.refresh_from_db()
    assert (started.state, started.done, started.total) == ("done", 5, 5)
    assert Membership.objects.filter(unit=district.firm_b).count() == 5
    bulk.move_all(
        by=district_officer, move=bulk.BulkMove.read(started.params), total=5,
        report=lambda **_counts: None,
    )  # fmt: skip
    assert Movement.objects.filter(kind="transfer_in").count() == 5


def test_an_open_transfer_follows_those_who_are_moved(district, neighbour_officer):
    member = make.membership(district.firm_a)
    person = member.person
    made = actions.pull(
        by=neighbour_officer, unit=district.firm_b, name=person.name, id_type="citizen",
        id_number=person.id_number,
    )  # fmt: skip
    bulk.transfer_members(by=SYSTEM, memberships=[member], unit=district.pool_a)
    made.refresh_from_db()
    assert (made.state, made.from_unit_id) == ("requested", district.pool_a.pk)
    bulk.transfer_members(by=SYSTEM, memberships=[member], unit=district.firm_b)
    assert Transfer.objects.get().state == "withdrawn"
