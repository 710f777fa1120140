"""Who settles lines locks their list first, like who applies a result: no two wait in a ring."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from benefits.actions import results, settlement
from benefits.states.payouts import Outcome
from tests.factories import members, payouts

LOCKING = ("FOR UPDATE", 'INSERT INTO "benefits_lineevidence"', 'UPDATE "benefits_payoutline"')
TABLES = ("benefits_payoutbatch", "benefits_payoutline", "benefits_lineevidence")


def first_locked(act) -> str:
    """Return the first table of lists, lines and evidence on which `act` waits for others."""
    with CaptureQueriesContext(connection) as seen:
        act()
    locking = [query["sql"] for query in seen if any(word in query["sql"] for word in LOCKING)]
    # The table read or written, not those joined to it.
    found = [re.search(r'(?:FROM|INTO|UPDATE) "(\w+)"', sql) for sql in locking]
    return next(match[1] for match in found if match and match[1] in TABLES)


@pytest.fixture
def silent(paid_three):
    type(paid_three.programme).objects.update(answer_minutes=0)
    return paid_three


def test_silence_locks_the_list_before_its_lines(silent) -> None:
    assert first_locked(results.note_silence) == "benefits_payoutbatch"
    assert payouts.states(silent.batch) == ["unknown"] * 3


def test_two_people_lock_the_list_before_its_line(silent) -> None:
    results.note_silence()
    line = silent.batch.lines.get(seq=1)
    said = settlement.propose(
        by=silent.maker, line=line, outcome=Outcome.SUCCESS, note="statement",
        document=members.scan(silent.maker),
    )  # fmt: skip
    confirm = lambda: settlement.confirm(by=silent.checker, settlement=said)  # noqa: E731
    assert first_locked(confirm) == "benefits_payoutbatch"
    line.refresh_from_db()
    assert line.state == "paid"
