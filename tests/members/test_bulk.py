"""Changing many members at once: chosen, looked at, made by a job, taken back."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from members.actions import classification, memberships
from members.bulk import actions, running
from members.bulk.actions import Plan
from members.bulk.selection import Selection
from members.models import (
    Affiliation,
    BulkChange,
    BulkRow,
    GroupMembership,
    Membership,
    StatusChange,
    WorkerGroup,
)
from tests.factories import members as make
from tests.members.bulk_steps import (
    DAY,
    confirmed,
    counted,
    everybody,
    hired,
    into,
    made,
    picked,
    plan,
    posted,
    staged,
    undone,
)
from tests.members.test_reorganisation import assert_everybody_is_somewhere_once
from unionportal.core import jobs
from unionportal.core.actors import SYSTEM
from unionportal.core.errors import NotAllowed, Refused, Stale
from unionportal.core.models import AuditEvent

pytestmark = pytest.mark.django_db


@pytest.fixture
def couriers(district):
    return hired(district)


def test_a_group_is_changed_from_its_day_and_taken_back(district_officer, couriers):
    before = counted(district_officer)
    change = made(district_officer, into("DOMESTIC_WORKER"), picked(*couriers))

    assert (change.state, change.found, change.counts["done"]) == ("done", {"fit": 3}, 3)
    assert set(Membership.objects.values_list("group_id", flat=True)) == {"DOMESTIC_WORKER"}
    first = GroupMembership.objects.filter(membership=couriers[0]).order_by("started_on", "pk")
    assert [(one.group_id, one.started_on, one.ended_on) for one in first] == [
        ("PARCEL_COURIER", date(2026, 1, 5), DAY), ("DOMESTIC_WORKER", DAY, None)
    ]  # fmt: skip
    assert_everybody_is_somewhere_once()

    change = undone(district_officer, change)
    assert (change.state, change.counts) == ("undone", {"done": 3, "put_back": 3, "kept": 0})
    assert set(Membership.objects.values_list("group_id", flat=True)) == {"PARCEL_COURIER"}
    assert GroupMembership.objects.filter(ended_on=None).count() == 3
    assert not GroupMembership.objects.filter(group="DOMESTIC_WORKER", ended_on=None).exists()
    assert counted(district_officer) == before
    assert_everybody_is_somewhere_once()


def test_who_does_not_fit_is_left_out_with_the_reason(district, district_officer, couriers):
    ended = make.membership(district.firm_a)
    memberships.close(membership=ended, verb="resign", by=SYSTEM, reason="离职")
    already = make.membership(district.firm_a)
    Membership.objects.filter(pk=already.pk).update(
        group=WorkerGroup.objects.get(pk="TRUCK_DRIVER")
    )
    late = make.membership(district.firm_a, joined_on=DAY + timedelta(days=1))
    with_plate = make.membership(district.firm_a)
    Membership.objects.filter(pk__in=[late.pk, with_plate.pk]).update(vehicle_plate="豫A12345")
    later = make.membership(district.firm_a)
    Membership.objects.filter(pk=later.pk).update(vehicle_plate="豫A12346")
    memberships.retain(membership=later, by=SYSTEM, reason_code="army")

    change = staged(district_officer, into("TRUCK_DRIVER"), everybody())
    assert change.found == {
        "fit": 1, "ended": 1, "already": 1, "not_joined": 1, "later": 1, "plate": 3
    }  # fmt: skip
    assert BulkRow.objects.get(change=change, finding="fit").membership_id == with_plate.pk
    assert not AuditEvent.objects.filter(verb="membership.reclassify").exists()
    assert confirmed(district_officer, change).counts["done"] == 1


def test_retaining_many_and_ending_it_again(district_officer, couriers):
    change = made(district_officer, plan("retain", reason_code="retirement"), everybody())
    assert set(Membership.objects.values_list("state", flat=True)) == {"retained"}
    steps = StatusChange.objects.values_list("verb", "day", "reason_code", "reason")
    assert set(steps) == {("retain", DAY, "retirement", "公司转型")}

    back = made(district_officer, plan("reactivate"), picked(*couriers[:2]))
    assert back.counts["done"] == 2
    back = undone(district_officer, back)
    assert back.counts == {"done": 2, "put_back": 2, "kept": 0}
    assert Membership.objects.filter(state="retained").count() == 3
    last = StatusChange.objects.filter(membership=couriers[0]).latest("pk")
    assert (last.verb, last.reason_code) == ("put_back", "retirement")

    # Two have been through another change since: only the third is put back by the first undo.
    change = undone(district_officer, change)
    assert change.counts == {"done": 3, "put_back": 1, "kept": 2, "kept_changed": 2}
    assert Membership.objects.get(state="active").pk == couriers[2].pk


def test_an_unknown_reason_of_retaining_is_not_made_up(district_officer, couriers):
    Membership.objects.filter(pk=couriers[0].pk).update(state="retained")
    change = made(district_officer, plan("reactivate"), everybody())
    assert (change.found, change.counts["done"]) == ({"fit": 1, "already": 2}, 1)
    assert undone(district_officer, change).counts["kept_unknown"] == 1


def test_moving_many_and_back(district, district_officer, couriers):
    firm = make.employer(district.area_a, covered_by=district.firm_a)
    Membership.objects.filter(pk=couriers[0].pk).update(employer=firm)
    Affiliation.objects.filter(membership=couriers[0]).update(employer=firm)
    before = counted(district_officer)
    target = plan("move", unit=str(district.firm_b.pk), employer="")
    change = made(district_officer, target, picked(*couriers))
    assert Membership.objects.filter(unit=district.firm_b).count() == 3
    assert_everybody_is_somewhere_once()

    change = undone(district_officer, change)
    assert change.counts == {"done": 3, "put_back": 3, "kept": 0}
    rows = Membership.objects.filter(unit=district.firm_a)
    assert (rows.count(), rows.get(pk=couriers[0].pk).employer_id) == (3, firm.pk)
    assert Affiliation.objects.filter(ended_on=None, unit=district.firm_a).count() == 3
    assert counted(district_officer) == before
    assert_everybody_is_somewhere_once()


def test_an_undo_keeps_what_was_changed_since(district, district_officer, couriers):
    change = made(district_officer, into("DOMESTIC_WORKER"), picked(*couriers))
    memberships.move_to_unit(membership=couriers[0], unit=district.firm_b, by=SYSTEM)
    gone = Membership.objects.get(pk=couriers[1].pk)
    memberships.close(membership=gone, verb="resign", by=SYSTEM, reason="离职")

    change = undone(district_officer, change)
    assert change.counts == {
        "done": 3, "put_back": 1, "kept": 2, "kept_changed": 1, "kept_ended": 1
    }  # fmt: skip
    kept = dict(change.rows.exclude(kept="").values_list("membership_id", "kept"))
    assert kept == {couriers[0].pk: "changed", couriers[1].pk: "ended"}
    assert_everybody_is_somewhere_once()


def test_who_changes_between_preview_and_confirmation_is_left_out(
    district, district_officer, couriers
):
    change = staged(district_officer, into("DOMESTIC_WORKER"), picked(*couriers))
    memberships.move_to_unit(membership=couriers[0], unit=district.firm_b, by=SYSTEM)
    group = WorkerGroup.objects.get(pk="DOMESTIC_WORKER")
    classification.reclassify(membership=couriers[1], group=group, by=SYSTEM, day=DAY)
    change = confirmed(district_officer, change)
    assert (change.found, change.counts["done"]) == ({"fit": 1, "since": 2}, 1)
    assert Membership.objects.get(pk=couriers[0].pk).group_id == "PARCEL_COURIER"


def test_rows_out_of_reach_never_enter(district, subdistrict_officer, neighbour_officer, couriers):
    foreign = make.membership(district.firm_b)
    change = staged(subdistrict_officer, into("DOMESTIC_WORKER"), picked(*couriers, foreign))
    assert (change.asked, change.found) == (4, {"fit": 3})
    change = staged(subdistrict_officer, into("DOMESTIC_WORKER"), everybody())
    assert change.found == {"fit": 3}
    with pytest.raises(Refused):
        staged(subdistrict_officer, into("DOMESTIC_WORKER"), picked(foreign))
    target = plan("move", unit=str(district.firm_b.pk))
    with pytest.raises(NotAllowed):
        staged(subdistrict_officer, target, picked(couriers[0]))
    assert not BulkChange.objects.visible_to(neighbour_officer).exists()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"reason": "  "}, "reason_needed"),
        ({"day": date(2999, 1, 1)}, "future"),
        ({"kind": "retain", "params": {"reason_code": "holiday"}}, "retain_reason"),
    ],
)
def test_a_wrong_plan_is_refused(changes, code, district_officer, couriers):
    values = {"kind": "group", "day": DAY, "reason": "x", "params": {"group": "TRUCK_DRIVER"}}
    with pytest.raises(Refused) as refusal:
        staged(district_officer, Plan(**values | changes), picked(*couriers))
    assert (refusal.value.code, BulkChange.objects.count()) == (code, 0)


def test_a_filter_the_list_does_not_take_is_refused(district_officer, couriers):
    with pytest.raises(Refused, match="no filter"):
        staged(district_officer, into("TRUCK_DRIVER"), everybody("everything=1"))


def test_filters_narrow_the_choice(district, district_officer, couriers):
    other = make.membership(district.firm_b)
    query = f"unit={district.unit_b.pk}&order=name&after=x"
    change = staged(district_officer, into("DOMESTIC_WORKER"), Selection(
        query="unit=" + str(district.unit_b.pk), is_whole=True))  # fmt: skip
    assert [row.membership_id for row in change.rows.all()] == [other.pk]
    assert "after" not in Selection.read(posted(query=query, whole="1")).query


def test_portion_after_portion_and_after_a_death(district_officer, couriers, monkeypatch):
    monkeypatch.setattr(running, "CHUNK", 1)
    change = staged(district_officer, into("DOMESTIC_WORKER"), picked(*couriers))
    job = actions.confirm(by=district_officer, change=change)
    calls = []

    def die(**_more):
        calls.append(1)
        if len(calls) == 2:
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        running.write(by=district_officer, change=change, report=die)
    assert Membership.objects.filter(group="DOMESTIC_WORKER").count() == 2
    jobs.run(job.pk)
    change.refresh_from_db()
    assert (change.state, change.counts["done"]) == ("done", 3)
    assert AuditEvent.objects.filter(verb="membership.reclassify").count() == 3
    assert_everybody_is_somewhere_once()


def test_the_number_of_statements_does_not_grow(district, district_officer, couriers):
    def statements(chosen) -> int:
        change = staged(district_officer, into("DOMESTIC_WORKER"), chosen)
        job = actions.confirm(by=district_officer, change=change)
        with CaptureQueriesContext(
            connection,
        ) as caught:
            jobs.run(job.pk)
        return len(caught)

    few = statements(picked(couriers[0]))
    many = [make.membership(district.firm_a, joined_on=date(2026, 1, 5)) for _one in range(6)]
    assert statements(picked(*many)) == few


def test_an_undo_has_its_time(district_officer, couriers):
    change = made(district_officer, into("DOMESTIC_WORKER"), picked(*couriers))
    over = timezone.now() - actions.UNDO_FOR
    BulkChange.objects.filter(pk=change.pk).update(confirmed_at=over)
    change.refresh_from_db()
    with pytest.raises(Refused, match="seven days"):
        actions.undo(by=district_officer, change=change, reason="x")


def test_twice_is_stale(district_officer, couriers):
    change = made(district_officer, into("DOMESTIC_WORKER"), picked(*couriers))
    with pytest.raises(Stale):
        actions.confirm(by=district_officer, change=change)
    with pytest.raises(Stale):
        actions.cancel(by=district_officer, change=change)
    with pytest.raises(Refused):
        actions.undo(by=district_officer, change=change, reason="")


def test_the_database_refuses_nonsense(district_officer, couriers):
    change = staged(district_officer, into("DOMESTIC_WORKER"), picked(*couriers))
    row = change.rows.first()
    for values in (
        {"made": uuid4(), "finding": "ended"},
        {"put_back": True},
        {"kept": "changed"},
        {"made": uuid4(), "kept": "changed", "put_back": True},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            BulkRow.objects.filter(pk=row.pk).update(**values)
    for values in ({"state": "done"}, {"reason": ""}, {"undone_at": timezone.now()}):
        with pytest.raises(IntegrityError), transaction.atomic():
            BulkChange.objects.filter(pk=change.pk).update(**values)


def test_a_query_is_never_cut_and_keeps_no_name(district_officer, couriers):
    with pytest.raises(Refused) as refusal:
        Selection.read(posted(query="q=" + "中" * 300, whole="1"))
    assert refusal.value.code == "long_query"
    long = "columns=" + "x" * 1_990 + "&state=retained"
    assert Selection.read(posted(query=long, whole="1")).query == "state=retained"
    change = staged(
        district_officer, into("DOMESTIC_WORKER"),
        everybody(f"state=active&q={couriers[0].person.name}"),
    )  # fmt: skip
    assert change.query == "state=active"


@pytest.mark.parametrize("picked_ids", [",", ",,", "nobody"])
def test_an_empty_choice_is_nobody_and_not_everybody(picked_ids, district_officer, couriers):
    with pytest.raises(Refused):
        everybody(f"picked={picked_ids}").rows(district_officer)
