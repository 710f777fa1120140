"""Moving many members at once: nobody lost, nobody counted twice, the past as it was."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import connection
from django.db.models import Sum
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from members import queries
from members.actions import memberships, reorganisation
from members.models import Affiliation, Membership, MonthlyFlow, Movement, UnionUnit
from members.states import OPEN_MEMBERSHIP
from tests.factories import members as make
from unionportal.core.actors import SYSTEM
from unionportal.core.errors import NotAllowed, Refused
from unionportal.core.models import AuditEvent

pytestmark = pytest.mark.django_db
DAY = date(2026, 3, 9)


def assert_everybody_is_somewhere_once() -> None:
    """Memberships, affiliations, movements and monthly flows tell the same story."""
    open_rows = Membership.objects.filter(state__in=OPEN_MEMBERSHIP)
    here = dict(open_rows.values_list("pk", "unit_id"))
    affiliated = Affiliation.objects.filter(ended_on=None).values_list("membership_id", "unit_id")
    assert dict(affiliated) == here
    assert len(affiliated) == len(here)
    for unit in UnionUnit.objects.all():
        stock = Movement.objects.filter(unit=unit).aggregate(n=Sum("delta", default=0))["n"]
        assert stock == list(here.values()).count(unit.pk), unit.name
    folded = MonthlyFlow.objects.aggregate(
        came=Sum("came", default=0), went=Sum("went", default=0), joined=Sum("joined", default=0)
    )
    moves = Movement.objects
    assert folded == {
        "came": moves.filter(delta=1).count(),
        "went": moves.filter(delta=-1).count(),
        "joined": moves.filter(kind="join").count(),
    }


def test_members_move_with_number_group_and_past(district, district_officer):
    firm = make.employer(district.area_a, covered_by=district.firm_a)
    first = make.membership(district.firm_a, employer=firm)
    second = make.membership(district.firm_a, joined_on=date(2026, 2, 1))
    memberships.retain(membership=second, by=SYSTEM, reason_code="unemployment")
    gone = make.membership(district.firm_a)
    memberships.close(membership=gone, verb="move_away", by=SYSTEM, ended_on=DAY)
    before = {
        day: queries.members_as_of(district_officer, day)
        for day in (date(2026, 1, 20), date(2026, 2, 2), DAY - timedelta(days=1))
    }

    moved = reorganisation.transfer_members(
        by=district_officer,
        memberships=Membership.objects.filter(unit=district.firm_a),
        unit=district.firm_b,
        moved_on=DAY,
        reason="the firm closed",
    )

    assert moved.ids == sorted([first.pk, second.pk])
    rows = Affiliation.objects.filter(membership=first).order_by("started_on")
    assert list(rows.values_list("unit", "employer", "started_on", "ended_on", "reason")) == [
        (district.firm_a.pk, firm.pk, date(2026, 1, 15), DAY, "joined"),
        (district.firm_b.pk, None, DAY, None, "the firm closed"),
    ]
    again = Membership.objects.get(pk=second.pk)
    assert (again.unit, again.state, again.member_no) == (
        district.firm_b, "retained", second.member_no
    )  # fmt: skip
    assert {day: queries.members_as_of(district_officer, day) for day in before} == before
    assert AuditEvent.objects.filter(verb="membership.move_unit").count() == 2
    flows = MonthlyFlow.objects.filter(month=date(2026, 3, 1)).order_by("area__code")
    assert list(flows.values_list("area__code", "came", "went", "joined")) == [
        ("490100001", 0, 3, 0), ("490100002", 2, 0, 0)
    ]  # fmt: skip
    assert_everybody_is_somewhere_once()


def test_members_may_keep_their_employer(district, district_officer):
    firm = make.employer(district.area_a, covered_by=district.firm_a)
    member = make.membership(district.firm_a, employer=firm)
    reorganisation.transfer_members(
        by=district_officer, memberships=[member], unit=district.pool_a, keeps_employer=True
    )
    member.refresh_from_db()
    assert (member.unit, member.employer) == (district.pool_a, firm)
    assert member.affiliations.get(ended_on=None).employer == firm


def test_nobody_leaves_before_they_came(district, district_officer):
    late = make.membership(district.firm_a, joined_on=date(2026, 4, 1))
    reorganisation.transfer_members(
        by=district_officer, memberships=[late], unit=district.pool_a, moved_on=DAY
    )
    rows = late.affiliations.order_by("ended_on").values_list("unit", "started_on", "ended_on")
    assert list(rows) == [
        (district.firm_a.pk, date(2026, 4, 1), date(2026, 4, 1)),
        (district.pool_a.pk, date(2026, 4, 1), None),
    ]
    assert_everybody_is_somewhere_once()


def test_moving_again_in_one_transaction_and_moving_nobody(district, district_officer):
    member = make.membership(district.firm_a)
    for unit in (district.pool_a, district.firm_b, district.firm_b):
        moved = reorganisation.transfer_members(
            by=district_officer, memberships=Membership.objects.all(), unit=unit
        )
    assert len(moved) == 0
    member.refresh_from_db()
    assert member.unit == district.firm_b
    assert Movement.objects.count() == 5
    assert_everybody_is_somewhere_once()


@pytest.mark.parametrize(
    ("target", "fields", "code"),
    [
        ("unit_a", {}, "unit_takes_none"),
        ("pool_a", {"moved_on": "tomorrow"}, "future"),
    ],
)
def test_moving_many_nowhere_is_refused(target, fields, code, district, district_officer):
    make.membership(district.firm_a)
    days = {"tomorrow": timezone.localdate() + timedelta(days=1)}
    with pytest.raises(Refused) as refusal:
        reorganisation.transfer_members(
            by=district_officer,
            memberships=Membership.objects.all(),
            unit=getattr(district, target),
            **{name: days[value] for name, value in fields.items()},
        )
    assert refusal.value.code == code
    assert Movement.objects.count() == 1


def test_members_kept_by_their_own_system_are_not_moved_here(district, district_officer):
    make.membership(district.firm_a)
    UnionUnit.objects.filter(pk=district.firm_a.pk).update(is_external=True)
    with pytest.raises(Refused, match="kept by its own system"):
        reorganisation.transfer_members(
            by=district_officer, memberships=Membership.objects.all(), unit=district.pool_a
        )


def test_an_officer_moves_within_the_own_units_only(district, subdistrict_officer):
    make.membership(district.firm_b)
    with pytest.raises(NotAllowed):
        reorganisation.transfer_members(
            by=subdistrict_officer, memberships=Membership.objects.all(), unit=district.pool_a
        )


def test_moving_40_costs_the_statements_of_moving_2(district, district_officer):
    def cost() -> int:
        here = Membership.objects.exclude(unit=district.pool_a)
        with CaptureQueriesContext(connection) as queries_made:
            reorganisation.transfer_members(
                by=district_officer, memberships=here, unit=district.pool_a
            )
        return len(queries_made)

    for _n in range(2):
        make.membership(district.firm_a)
    few = cost()
    for _n in range(40):
        make.membership(district.firm_a)
    assert cost() <= few
