"""What the rules ask for, as SQL over members and employers: one row a beneficiary.

Only what a version's terms ask for is looked up; the rest is a constant.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import fields
from datetime import date
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection

from benefits.eligibility import EMPLOYER_RULES, MEMBER_RULES, Facts, Rule, Terms, asked
from benefits.models import Cycle, Programme, ProgrammeVersion, Timing
from benefits.states.payouts import Beneficiary
from members.models import Area, UnionUnit

# Units that lie in one of the terms' units, or serve one of their areas.
PLACES = """
    SELECT u.id FROM members_unionunit u LEFT JOIN members_area a ON a.id = u.area_id
    WHERE u.path LIKE ANY(%(unit_paths)s) OR a.path LIKE ANY(%(area_paths)s)"""
CARD = """
        EXISTS (SELECT 1 FROM benefits_membercard c
            WHERE c.person_id = m.person_id AND c.state = 'activated') AS has_card,
        (SELECT (min(c.activated_at) AT TIME ZONE %(zone)s)::date FROM benefits_membercard c
            WHERE c.person_id = m.person_id) AS card_since,"""
GROUP = """
        (SELECT max(g.ended_on) FROM members_groupmembership g
            WHERE g.membership_id = m.id AND g.group_id <> ALL(%(groups)s)) AS joined_group_on,"""
PLACE = f"""
        m.unit_id IN ({PLACES}) AS is_in_place,
        (SELECT max(b.ended_on) FROM members_affiliation b
            WHERE b.membership_id = m.id AND b.unit_id NOT IN ({PLACES})) AS joined_place_on,"""
MEMBERS = """
    SELECT m.person_id, m.id AS membership_id, NULL::uuid AS employer_id,
        m.state AS standing, m.joined_on, u.kind = 'holding_pool' AS is_in_pool,
        (SELECT max(b.ended_on) FROM members_affiliation b
            JOIN members_unionunit p ON p.id = b.unit_id AND p.kind = 'holding_pool'
            WHERE b.membership_id = m.id) AS left_pool_on,
        m.confirmation <> 'none' AS is_confirmed,
        (m.confirmed_at AT TIME ZONE %(zone)s)::date AS confirmed_on,
        m.group_id AS group_code, {columns}
        coalesce(e.pays_dues, false) AS pays_dues, NULL::date AS station_since
    FROM members_membership m
    JOIN members_unionunit u ON u.id = m.unit_id
    LEFT JOIN members_employer e ON e.id = m.employer_id"""
EMPLOYERS = """
    SELECT NULL::uuid AS person_id, NULL::uuid AS membership_id, e.id AS employer_id,
        '' AS standing, NULL::date AS joined_on, false AS is_in_pool, NULL::date AS left_pool_on,
        false AS is_confirmed, NULL::date AS confirmed_on, '' AS group_code,
        false AS has_card, NULL::date AS card_since, NULL::date AS joined_group_on,
        {place} AS is_in_place, NULL::date AS joined_place_on, e.pays_dues,
        (SELECT min(p.published_on) FROM stations_servicepoint p
            WHERE p.host_id = e.id AND p.state = 'published') AS station_since
    FROM members_employer e JOIN members_area a ON a.id = e.area_id"""


def rules_of(programme: Programme) -> tuple[Rule, ...]:
    """Return the rules for whom a programme is for."""
    return EMPLOYER_RULES if programme.beneficiary == Beneficiary.EMPLOYER else MEMBER_RULES


def terms_of(version: ProgrammeVersion, cycle: Cycle) -> Terms:
    """Return what a version asks for in a cycle."""
    return Terms(
        window_from=cycle.window_from, window_to=cycle.window_to,
        groups=frozenset(version.groups), has_places=bool(version.units or version.areas),
        standings=frozenset(version.standings), joined_from=version.joined_from,
        joined_to=version.joined_to, needs_card=version.needs_card, needs_dues=version.needs_dues,
        is_met_inside=version.timing == Timing.MET_INSIDE,
    )  # fmt: skip


def parameters(version: ProgrammeVersion, terms: Terms) -> dict[str, Any]:
    """Return the values the statements of this module and the rules name; two queries."""
    return {
        "zone": settings.TIME_ZONE, "today": database_day(),
        "unit_paths": _below(UnionUnit, version.units), "area_paths": _below(Area, version.areas),
        **rule_values(terms),
    }  # fmt: skip


def rule_values(terms: Terms) -> dict[str, Any]:
    """Return the values the rules' SQL names."""
    return {
        "groups": sorted(terms.groups), "standings": sorted(terms.standings),
        "joined_from": terms.joined_from, "joined_to": terms.joined_to,
        "window_from": terms.window_from, "window_to": terms.window_to,
    }  # fmt: skip


def _below(model: Any, ids: Collection[UUID]) -> list[str]:
    paths = model.objects.filter(pk__in=ids).values_list("path", flat=True) if ids else []
    return [f"{path}%" for path in paths]


def database_day() -> date:
    """Return today in the portal's zone by the database's clock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT (clock_timestamp() AT TIME ZONE %s)::date", [settings.TIME_ZONE])
        day: date = cursor.fetchone()[0]
    return day


def facts_sql(programme: Programme, terms: Terms) -> str:
    """Return the SELECT of the facts; the caller adds WHERE (m = membership, e = employer)."""
    if programme.beneficiary == Beneficiary.EMPLOYER:
        place = "a.path LIKE ANY(%(area_paths)s)" if terms.has_places else "true"
        return EMPLOYERS.format(place=place)
    card = CARD if terms.needs_card else "false AS has_card, NULL::date AS card_since,"
    group = GROUP if terms.groups else "NULL::date AS joined_group_on,"
    place = PLACE if terms.has_places else "true AS is_in_place, NULL::date AS joined_place_on,"
    return MEMBERS.format(columns=card + group + place)


def judged(rules: Collection[Rule], terms: Terms) -> tuple[str, str, str]:
    """Return SQL over facts `f`: the results as jsonb, the day that counts, and whether met."""
    asking = asked(rules, terms)
    days = [f"({rule.sql})" for rule in asking]
    last = f"greatest({', '.join(days)})"
    pairs = ", ".join(f"'{rule.code}', {rule.sql}" for rule in asking)
    all_met = " AND ".join(f"{day} IS NOT NULL" for day in days)
    since = last if terms.is_met_inside else f"greatest({last}, %(window_from)s::date)"
    inside = (
        f"{last} BETWEEN %(window_from)s AND %(window_to)s"
        if terms.is_met_inside
        else f"%(window_from)s <= %(today)s::date AND {last} <= %(window_to)s"
    )
    return f"jsonb_build_object({pairs})", since, f"({all_met} AND {inside})"


def facts_of_one(
    programme: Programme, version: ProgrammeVersion, terms: Terms, *, where: str, pk: UUID
) -> Facts | None:
    """Return the facts of one beneficiary: `where` is the column its id stands in."""
    names = [field.name for field in fields(Facts)]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join(names)} FROM ({facts_sql(programme, terms)}"
            f" WHERE {where} = %(pk)s) f"
            " ORDER BY standing IN ('active', 'retained') DESC, joined_on DESC LIMIT 1",
            {**parameters(version, terms), "pk": pk},
        )
        row = cursor.fetchone()
    return Facts(**dict(zip(names, row, strict=True))) if row else None
