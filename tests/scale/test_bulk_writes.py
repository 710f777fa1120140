"""Writing many rows costs a stated number of statements, not one a row."""

from __future__ import annotations

from collections import Counter

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from members.actions import applications
from members.imports import actions
from members.models import Application, ImportBatch, Membership
from members.states import Confirmation, ImportState, Source
from tests.factories import members as make
from tests.members.roster_files import worker, xlsx
from tests.members.test_roster_verdicts import preview
from unionportal.core import jobs
from unionportal.core.actors import SYSTEM

pytestmark = pytest.mark.django_db

# One decision about any number of applications, with people, memberships, history, certificates,
# card requests, rights to subsidies and audit rows.
APPROVAL = 45
# A roster: once, and for every 500 rows.
ROSTER, ROSTER_PORTION = 20, 25


def submitted(unit, count: int) -> list[Application]:
    candidates = [
        make.candidate(unit, source=Source.ROSTER, confirmation=Confirmation.SIGNED_LIST)
        for _person in range(count)
    ]
    return applications.submit_many(by=SYSTEM, candidates=candidates)


def approve(rows, by) -> CaptureQueriesContext:
    scan = make.scan(by)
    with CaptureQueriesContext(connection) as statements:
        applications.approve(
            by=by, applications=rows, decided_on=timezone.localdate(), signer="Chair", scan=scan
        )
    return statements


def told(statements: CaptureQueriesContext) -> str:
    """Return the statements by their beginning, for the message of a failed test."""
    kinds = Counter(query["sql"][:90] for query in statements.captured_queries)
    return "\n".join(f"{count} x {sql}" for sql, count in kinds.most_common())


def test_approving_500_costs_what_approving_50_costs(district, district_officer):
    approve(submitted(district.firm_a, 1), district_officer)  # what a process reads once
    few = approve(submitted(district.firm_a, 50), district_officer)
    many = approve(submitted(district.firm_a, 500), district_officer)
    assert Membership.objects.recorded().count() == 551
    assert len(many) == len(few), told(many)
    assert len(many) <= APPROVAL, told(many)


def test_writing_a_roster_of_1000_rows(district, field_officer):
    content = xlsx([worker(serial) for serial in range(1_000)])
    scan = make.scan(field_officer, kind="signed_list")
    batch = preview(field_officer, district.firm_a, content)
    ImportBatch.objects.filter(pk=batch.pk).update(signed_list=scan)
    job = actions.confirm(by=field_officer, batch=ImportBatch.objects.get(pk=batch.pk))
    with CaptureQueriesContext(connection) as statements:
        jobs.run(job.pk)
    batch.refresh_from_db()
    assert (batch.state, batch.counts["written"]) == (ImportState.DONE, 1_000)
    assert len(statements) <= ROSTER + 2 * ROSTER_PORTION, told(statements)


def test_reading_a_roster_of_4000_rows_costs_one_portion_more_than_2000(district, field_officer):
    def read(first: int, rows: int) -> int:
        content = xlsx([worker(serial) for serial in range(first, first + rows)])
        with CaptureQueriesContext(connection) as statements:
            batch = preview(field_officer, district.firm_a, content)
        assert batch.counts["new"] == rows
        return len(statements)

    two, four = read(10_000, 2_000), read(20_000, 4_000)
    assert four - two <= 10
