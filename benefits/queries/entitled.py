"""Give rights to everyone who meets a programme's conditions: one statement, however many."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from benefits.eligibility import Terms
from benefits.models import Cycle, Entitlement, Programme, ProgrammeVersion
from benefits.queries.facts import facts_sql, judged, parameters, rules_of, terms_of
from benefits.states.payouts import Beneficiary
from members.states import MembershipState
from unionportal.core import audit
from unionportal.core.ids import numbered_id_sql

if TYPE_CHECKING:
    from unionportal.core.actors import ServiceActor
    from unionportal.core.models import User

# Who ever had a right in the cycle, void ones included, does not get another by itself.
GIVE = """
WITH f AS MATERIALIZED ({facts} WHERE {likely} AND NOT EXISTS (
    SELECT 1 FROM benefits_entitlement had WHERE had.cycle_id = %(cycle)s AND {same})),
met AS (SELECT f.*, {results} AS results, {since} AS since FROM f WHERE {is_met}),
judged AS (SELECT *, row_number() OVER (ORDER BY since, membership_id, employer_id) AS n FROM met),
made AS (
    INSERT INTO benefits_entitlement (
        id, programme_id, cycle_id, version_id, person_id, membership_id, employer_id, state,
        amount_fen, results, qualified_on, reason, review)
    SELECT {new_id}, %(programme)s, %(cycle)s, %(version)s, person_id, membership_id,
        employer_id, 'waitlisted', %(amount)s, results, since, '', ''
    FROM judged
    ON CONFLICT DO NOTHING RETURNING id)
"""


def give_rights(
    programme: Programme,
    cycle: Cycle,
    *,
    by: User | ServiceActor,
    person_ids: Collection[UUID] | None = None,
) -> int:
    """Write a right for each beneficiary who qualifies, audited; return how many are new.

    One statement and a constant number of others: memory and queries do not grow with the rows.
    """
    version = programme.terms
    terms = terms_of(version, cycle)
    results, since, is_met = judged(rules_of(programme), terms)
    is_employer = programme.beneficiary == Beneficiary.EMPLOYER
    statement = GIVE.format(
        facts=facts_sql(programme, terms), likely=_likely(terms, is_employer, person_ids),
        same="had.employer_id = e.id" if is_employer else "had.person_id = m.person_id",
        results=results, since=since, is_met=is_met, new_id=numbered_id_sql("n"),
    )  # fmt: skip
    values = {**parameters(version, terms), **_own(programme, cycle, version, person_ids)}
    log, log_values = audit.set_sql(
        by=by, verb="entitlement.give", model=Entitlement,
        rows="SELECT id, '' AS from_state, 'waitlisted' AS to_state FROM made",
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(statement + log, {**values, **log_values})
        return int(cursor.rowcount)


def _own(
    programme: Programme,
    cycle: Cycle,
    version: ProgrammeVersion,
    person_ids: Collection[UUID] | None,
) -> dict[str, Any]:
    return {
        "programme": programme.pk, "cycle": cycle.pk, "version": version.pk,
        "amount": version.amount_fen, "people": list(person_ids or []),
    }  # fmt: skip


def _likely(terms: Terms, is_employer: bool, person_ids: Collection[UUID] | None) -> str:
    """Return what narrows the rows before the rules decide."""
    if is_employer:
        return "e.is_operating AND e.merged_into_id IS NULL"
    parts = ["m.state = ANY(%(standings)s)", "m.confirmation <> 'none'"]
    if terms.groups:
        parts.append("m.group_id = ANY(%(groups)s)")
    if terms.needs_card:
        parts.append("""EXISTS (SELECT 1 FROM benefits_membercard one
            WHERE one.person_id = m.person_id AND one.state = 'activated')""")
    if person_ids is not None:
        parts.append("m.person_id = ANY(%(people)s)")
    return " AND ".join(parts)


def annulled_rights(person_ids: Collection[UUID] | None = None) -> QuerySet[Entitlement]:
    """Return rights whose membership was annulled and which say so nowhere yet."""
    rows = Entitlement.objects.filter(
        membership__state=MembershipState.ANNULLED, review=""
    ).exclude(state="void")
    return rows if person_ids is None else rows.filter(person_id__in=person_ids)
