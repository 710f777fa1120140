"""What happens between preview, confirmation and undo of a change of many."""

from __future__ import annotations

from datetime import date

import pytest
from django.utils import timezone

from members.actions import employer_merge
from members.bulk import actions, running
from members.bulk import queries as queries_of_bulk
from members.models import (
    BulkChange,
    Membership,
    StatusChange,
    UnionUnit,
)
from tests.factories import members as make
from tests.members.bulk_steps import (
    hired,
    into,
    made,
    picked,
    plan,
    staged,
    undone,
)
from tests.members.test_reorganisation import assert_everybody_is_somewhere_once
from unionportal.core.errors import Refused
from unionportal.core.models import Job

pytestmark = pytest.mark.django_db


@pytest.fixture
def couriers(district):
    return hired(district)


def test_a_target_that_closes_meanwhile_ends_the_work_and_leaves_the_undo(
    district, district_officer, couriers, monkeypatch
):
    monkeypatch.setattr(running, "CHUNK", 1)
    target = make.employer_union(district.unit_b, name="丙配送有限公司工会")
    change = staged(district_officer, plan("move", unit=str(target.pk)), picked(*couriers))
    job = actions.confirm(by=district_officer, change=change)

    def turn_outside(**_more):
        UnionUnit.objects.filter(pk=target.pk).update(is_external=True)

    running.write(by=district_officer, change=change, report=turn_outside)
    change.refresh_from_db()
    assert (change.state, change.counts["done"]) == ("done", 1)
    assert change.found == {"fit": 1, "since": 2}
    Job.objects.filter(pk=job.pk).update(state="done", finished_at=timezone.now())
    UnionUnit.objects.filter(pk=target.pk).update(is_external=False)
    assert undone(district_officer, change).counts["put_back"] == 1
    assert not Membership.objects.filter(unit=target).exists()
    assert_everybody_is_somewhere_once()


def test_an_employer_merged_meanwhile_is_not_given_back(district, district_officer):
    first = make.employer(district.area_a, covered_by=district.firm_a)
    other = make.employer(district.area_a, covered_by=district.firm_a)
    member = make.membership(district.firm_a, joined_on=date(2026, 1, 5), employer=first)
    target = plan("move", unit=str(district.firm_b.pk), employer=str(other.pk))
    change = made(district_officer, target, picked(member))
    assert change.counts["done"] == 1
    employer_merge.merge(by=district_officer, keep=other, double=first, reason="同一家")
    undone(district_officer, change)
    member.refresh_from_db()
    assert (member.unit_id, member.employer_id) == (district.firm_a.pk, other.pk)
    gone = plan("move", unit=str(district.firm_b.pk), employer=str(first.pk))
    with pytest.raises(Refused) as refusal:
        staged(district_officer, gone, picked(member))
    assert refusal.value.code == "employer_merged"


def test_the_reason_of_the_undo_is_told_to_the_member(district_officer, couriers):
    change = made(district_officer, plan("retain", reason_code="army"), picked(couriers[0]))
    undone(district_officer, change)
    last = StatusChange.objects.filter(membership=couriers[0]).latest("pk")
    assert (last.verb, last.reason) == ("put_back", "选错了")


def test_a_reader_sees_the_rows_in_the_own_reach_only(
    district, district_officer, subdistrict_officer, couriers, client_for
):
    foreign = make.membership(district.firm_b, joined_on=date(2026, 1, 5))
    change = staged(district_officer, into("DOMESTIC_WORKER"), picked(couriers[0], foreign))
    BulkChange.objects.filter(pk=change.pk).update(unit=district.unit_a)
    assert queries_of_bulk.rows_of(district_officer, change).count() == 2
    own = queries_of_bulk.rows_of(subdistrict_officer, change)
    assert [row.membership_id for row in own] == [couriers[0].pk]
    rows = client_for(subdistrict_officer).get(f"/api/v1/bulk-rows/?change={change.pk}").json()
    assert [row["membership"] for row in rows["results"]] == [str(couriers[0].pk)]
