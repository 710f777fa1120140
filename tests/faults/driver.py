"""The people of the fault tests: run as a program of its own against the world's database.

`python -m tests.faults.driver setup N` makes N people who can be paid and an approved list of them,
`release ID` releases it, `orders ID` prints the list's own record, `check` prints the books'
differences. Each prints one JSON line.
"""

from __future__ import annotations

import itertools
import json
import sys
from typing import Any

import django

django.setup()

from benefits import ledger  # noqa: E402 - models need the set-up above
from benefits.actions import batches, entitlements  # noqa: E402
from benefits.models import LineEvidence, PayoutBatch  # noqa: E402
from members.models import Person, UnionUnit  # noqa: E402
from tests.factories import members, payouts  # noqa: E402
from unionportal.core.crypto import blind_index  # noqa: E402
from unionportal.core.models import Grant, User  # noqa: E402


def finance(role: str, district: UnionUnit) -> User:
    """Return the one account with this role."""
    found = User.objects.filter(username=role).first()
    if found is None:
        key = blind_index(role, "staff")
        found = User.objects.create_user(username=role, password=role * 2, person_key=key)
        Grant.objects.create(user=found, role=role, unit=district, started_on=members.SINCE)
    return found


def go_on_counting() -> None:
    """Let the factories' numbers begin after those of earlier runs of this program."""
    used = 1 + 3 * Person.objects.count() + 10 * PayoutBatch.objects.count()
    members._serial = payouts._serial = itertools.count(used)


def setup(count: str) -> dict[str, Any]:
    go_on_counting()
    district = UnionUnit.objects.filter(kind="district").first() or members.district_unit()
    union = members.employer_union(members.subdistrict_unit(district))
    for _number in range(int(count)):
        payouts.entitled_member(union)
    programme = payouts.programme(people=int(count))
    entitlements.evaluate(programme)
    batch = batches.build(by=finance("finance_maker", district), programme=programme)
    batches.submit(by=batch.made_by, batch=batch)
    batches.approve(by=finance("finance_checker", district), batch=batch)
    orders = {line.order_no: line.amount_fen for line in batch.lines.all()}
    return {"batch": str(batch.pk), "number": batch.number, "orders": orders}


def release(batch_id: str) -> dict[str, Any]:
    batch = PayoutBatch.objects.get(pk=batch_id)
    batches.release(by=batch.approved_by, batch=batch)
    return {"state": batch.state}


def orders(batch_id: str) -> dict[str, Any]:
    batch = PayoutBatch.objects.get(pk=batch_id)
    programme = batch.programme
    return {
        "state": batch.state,
        "lines": dict(batch.lines.values_list("order_no", "state")),
        "evidence": LineEvidence.objects.filter(line__batch=batch).count(),
        "reserved_fen": programme.budget.reserved_fen,
        "paid_fen": programme.budget.paid_fen,
        "rights": sorted(set(batch.lines.values_list("entitlement__state", flat=True))),
    }


def check() -> list[Any]:
    return [[found.code, found.subject, found.found] for found in ledger.check()]


if __name__ == "__main__":
    verb, *arguments = sys.argv[1:]
    answer = {"setup": setup, "release": release, "orders": orders, "check": check}[verb](
        *arguments
    )
    sys.stdout.write(json.dumps(answer) + "\n")
