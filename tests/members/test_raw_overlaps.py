"""What the database itself refuses, whoever writes: the same thing twice on a day, by raw SQL."""

from __future__ import annotations

import json
from datetime import date

import pytest
from django.db import IntegrityError, connection, transaction

from members.actions import memberships
from members.models import EmployerCoverage, Membership, UnitPlacement
from tests.factories import members as make
from unionportal.core.actors import SYSTEM
from unionportal.core.ids import new_id

pytestmark = pytest.mark.django_db
DAY = date(2026, 3, 9)


@pytest.fixture
def _rows(district):
    """One row of everything that is dated or stands open."""
    make.membership(district.firm_a, vehicle_plate="豫A12345", group=make.group("TRUCK_DRIVER"))
    make.application(district.firm_a)
    make.employer(district.area_a, covered_by=district.firm_a)
    if not UnitPlacement.objects.exists():
        UnitPlacement.objects.create(
            unit=district.firm_a, parent=district.unit_a, started_on=date(2020, 1, 1)
        )


def write_again(table: str, **values: object) -> None:
    """Insert the table's first row once more, with another id and what `values` change."""
    changed = json.dumps({"id": str(new_id()), **values}, default=str)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} SELECT (jsonb_populate_record(one, %s)).* FROM {table} one "
            f"WHERE one.id = (SELECT id FROM {table} ORDER BY id LIMIT 1)",
            [changed],
        )


@pytest.mark.usefixtures("_rows")
@pytest.mark.parametrize(
    ("table", "values", "constraint"),
    [
        ("members_membership", {"member_no": "GH1"}, "membership_one_open_per_person"),
        ("members_affiliation", {"started_on": DAY}, "affiliation_one_a_day"),
        ("members_groupmembership", {"started_on": DAY}, "one_group_a_day"),
        ("members_membervehicle", {"started_on": DAY}, "vehicle_once_a_day"),
        ("members_unitplacement", {"started_on": DAY}, "placement_one_parent_a_day"),
        ("members_employercoverage", {"started_on": DAY}, "coverage"),
        ("members_application", {}, "application_one_open_per_person"),
        ("members_consent", {}, "consent_one_open"),
    ],
)
def test_raw_sql_writes_nothing_twice(table, values, constraint):
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        write_again(table, **values)


@pytest.mark.usefixtures("_rows")
def test_raw_sql_writes_no_second_membership_on_a_day_that_was():
    made = Membership.objects.get()
    memberships.close(membership=made, verb="move_away", by=SYSTEM, ended_on=DAY)
    values = {"member_no": "GH1", "joined_on": date(2026, 3, 8), "ended_on": date(2026, 4, 1)}
    with pytest.raises(IntegrityError, match="membership_one_a_day"), transaction.atomic():
        write_again("members_membership", **values)
    write_again("members_membership", **{**values, "joined_on": DAY})
    assert Membership.objects.count() == 2


@pytest.mark.usefixtures("_rows")
def test_a_row_that_follows_another_is_taken():
    EmployerCoverage.objects.update(ended_on=DAY)
    write_again("members_employercoverage", started_on=DAY, ended_on=None)
    assert EmployerCoverage.objects.count() == 2
