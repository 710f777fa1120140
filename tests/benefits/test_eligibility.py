"""The rules: which day decides, in words, and the same in SQL for everybody at once."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import date, timedelta

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benefits.eligibility import EMPLOYER_RULES, MEMBER_RULES, Facts, Terms, asked, decide
from benefits.queries.facts import judged, rule_values

TODAY = date(2026, 7, 15)
FACTS = Facts(
    standing="active", joined_on=date(2026, 3, 1), is_confirmed=True,
    confirmed_on=date(2026, 3, 2), has_card=True, card_since=date(2026, 4, 5),
    group_code="TRUCK_DRIVER",
)  # fmt: skip
TERMS = Terms(date(2026, 4, 1), date(2026, 6, 30), groups=frozenset({"TRUCK_DRIVER"}))


@pytest.mark.parametrize(
    ("change", "met"),
    [
        ({}, True),
        ({"standing": "retained"}, False),
        ({"standing": "annulled"}, False),
        ({"is_in_pool": True}, False),
        ({"is_confirmed": False, "confirmed_on": None}, False),
        ({"has_card": False}, False),
        ({"group_code": "PARCEL_COURIER"}, False),
        # The window holds the last condition; earlier ones may be older.
        ({"card_since": date(2026, 3, 31)}, False),
        ({"card_since": date(2026, 4, 1)}, True),
        ({"card_since": date(2026, 6, 30)}, True),
        ({"card_since": date(2026, 7, 1)}, False),
        ({"card_since": date(2025, 1, 1), "confirmed_on": date(2026, 5, 1)}, True),
        ({"card_since": date(2025, 1, 1), "left_pool_on": date(2026, 5, 1)}, True),
        ({"card_since": date(2025, 1, 1), "joined_group_on": date(2026, 5, 1)}, True),
        ({"card_since": date(2026, 5, 1), "confirmed_on": date(2026, 7, 1)}, False),
    ],
)
def test_last_condition_decides(change, met) -> None:
    verdict = decide(MEMBER_RULES, replace(FACTS, **change), TERMS, TODAY)
    assert verdict.is_met is met
    assert bool(verdict.reason) is not met


@pytest.mark.parametrize(
    ("terms", "facts", "met", "since"),
    [
        # Who was a member before the window is entitled from its first day.
        ({"is_met_inside": False}, {"card_since": date(2025, 1, 1)}, True, date(2026, 4, 1)),
        ({"is_met_inside": False}, {"card_since": date(2026, 7, 1)}, False, date(2026, 7, 1)),
        ({"joined_to": date(2026, 2, 28)}, {}, False, None),
        ({"joined_from": date(2026, 3, 1)}, {}, True, date(2026, 4, 5)),
        ({"needs_dues": True}, {}, False, None),
        ({"needs_dues": True}, {"pays_dues": True}, True, date(2026, 4, 5)),
        ({"has_places": True}, {"is_in_place": False}, False, None),
        ({"has_places": True}, {"joined_place_on": date(2026, 5, 9)}, True, date(2026, 5, 9)),
        ({"standings": frozenset({"active", "retained"})}, {"standing": "retained"}, True,
         date(2026, 4, 5)),
        ({"needs_card": False}, {"has_card": False}, False, date(2026, 3, 2)),
    ],
)  # fmt: skip
def test_each_condition_counts_only_when_asked(terms, facts, met, since) -> None:
    verdict = decide(MEMBER_RULES, replace(FACTS, **facts), replace(TERMS, **terms), TODAY)
    assert (verdict.is_met, verdict.since) == (met, since)


def test_days_that_have_not_begun_give_nothing_yet() -> None:
    terms = replace(TERMS, is_met_inside=False)
    verdict = decide(MEMBER_RULES, replace(FACTS, card_since=date(2025, 1, 1)), terms,
                     date(2026, 3, 31))  # fmt: skip
    assert (verdict.is_met, str(verdict.reason)) == (False, "The programme's days have not begun")


def test_the_card_is_named_where_it_missed_the_window() -> None:
    late = decide(MEMBER_RULES, replace(FACTS, card_since=date(2026, 7, 1)), TERMS, TODAY)
    assert str(late.reason) == "The card was activated after the programme's last day"
    other = replace(FACTS, card_since=date(2026, 5, 1), confirmed_on=date(2026, 7, 1))
    late = decide(MEMBER_RULES, other, TERMS, TODAY)
    assert str(late.reason) == "The last condition was met after the programme's last day"


DAYS = st.dates(date(2026, 1, 1), date(2026, 1, 12))
MAYBE = st.none() | DAYS
GROUPS = ("TRUCK_DRIVER", "FOOD_RIDER")
SOME_FACTS = st.builds(
    Facts,
    standing=st.sampled_from(["active", "retained", "resigned"]), joined_on=DAYS,
    is_in_pool=st.booleans(), left_pool_on=MAYBE, is_confirmed=st.booleans(), confirmed_on=DAYS,
    has_card=st.booleans(), card_since=DAYS, group_code=st.sampled_from(GROUPS),
    joined_group_on=MAYBE, is_in_place=st.booleans(), joined_place_on=MAYBE,
    pays_dues=st.booleans(), station_since=MAYBE,
)  # fmt: skip
SOME_TERMS = st.builds(
    lambda first, length, **rest: Terms(first, first + timedelta(days=length), **rest),
    first=DAYS, length=st.integers(0, 12), groups=st.frozensets(st.sampled_from(GROUPS)),
    has_places=st.booleans(),
    standings=st.sampled_from([frozenset({"active"}), frozenset({"active", "retained"})]),
    joined_from=MAYBE, joined_to=MAYBE, needs_card=st.booleans(), needs_dues=st.booleans(),
    is_met_inside=st.booleans(),
)  # fmt: skip
TYPES = {"standing": "text", "group_code": "text", "is_in_pool": "bool", "is_confirmed": "bool",
         "has_card": "bool", "is_in_place": "bool", "pays_dues": "bool"}  # fmt: skip


@pytest.mark.django_db
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    some=st.lists(SOME_FACTS, min_size=1, max_size=8), terms=SOME_TERMS, today=DAYS,
    rules=st.sampled_from([MEMBER_RULES, EMPLOYER_RULES]),
)  # fmt: skip
def test_sql_says_what_the_rules_say(db, some, terms, today, rules) -> None:
    results, since, is_met = judged(rules, terms)
    names = list(asdict(some[0]))
    values = {**rule_values(terms), "today": today}
    rows = []
    for number, facts in enumerate(some):
        values |= {f"{name}_{number}": value for name, value in asdict(facts).items()}
        cells = [f"%({name}_{number})s::{TYPES.get(name, 'date')}" for name in names]
        rows.append(f"({number}, {', '.join(cells)})")
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT coalesce({is_met}, false), {since}, {results}::text"
            f" FROM (VALUES {', '.join(rows)}) f (number, {', '.join(names)}) ORDER BY number",
            values,
        )
        found = cursor.fetchall()
    for facts, (met, day, days) in zip(some, found, strict=True):
        verdict = decide(rules, facts, terms, today)
        assert met == verdict.is_met
        if met:
            assert day == verdict.since
            expected = {rule.code: on.isoformat() for rule, on in verdict.results}
            assert json.loads(days) == expected


def test_every_rule_asked_for_is_told() -> None:
    everything = replace(TERMS, has_places=True, needs_dues=True, joined_to=date(2026, 12, 31))
    told = decide(MEMBER_RULES, FACTS, everything, TODAY).results
    assert [rule.code for rule, _day in told] == [rule.code for rule in MEMBER_RULES]
    assert [rule.code for rule in asked(MEMBER_RULES, replace(TERMS, groups=frozenset()))] == [
        "standing", "placed", "confirmed", "card"
    ]  # fmt: skip
