"""Who may get what a programme gives: one row a rule, told twice, for one person and for all.

"When" of domain.md 6.2. `since` decides for one beneficiary in Python and tells the page why;
`sql` says the same for 400,000 over `queries.facts`; a property test holds the two together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one beneficiary on one day; days are None while a thing has not happened.

    `left_…` and `joined_…` days are None for who always was where the terms want them.
    Of an employer only `joined_on` (None), place, dues and `station_since` are known.
    """

    standing: str = ""
    joined_on: date | None = None
    is_in_pool: bool = False
    left_pool_on: date | None = None
    is_confirmed: bool = False
    confirmed_on: date | None = None
    has_card: bool = False
    # The first activation ever: a replaced card gives no benefit again.
    card_since: date | None = None
    group_code: str = ""
    joined_group_on: date | None = None
    is_in_place: bool = True
    joined_place_on: date | None = None
    pays_dues: bool = False
    station_since: date | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """What a version and a cycle ask for; both days of the window are included."""

    window_from: date
    window_to: date
    groups: frozenset[str] = frozenset()
    has_places: bool = False
    standings: frozenset[str] = frozenset({"active"})
    joined_from: date | None = None
    joined_to: date | None = None
    needs_card: bool = True
    needs_dues: bool = False
    # False: the conditions only have to hold at some time within the window.
    is_met_inside: bool = True


@dataclass(frozen=True, slots=True)
class Rule:
    """One condition. `since` and `sql` return the day it was met, None/NULL while it is not."""

    code: str
    asked: Callable[[Terms], bool]
    since: Callable[[Facts, Terms], date | None]
    sql: str
    words: str | Promise
    unmet: str | Promise


def always(terms: Terms) -> bool:
    return True


def standing_since(facts: Facts, terms: Terms) -> date | None:
    return facts.joined_on if facts.standing in terms.standings else None


def joined_in_time(facts: Facts, terms: Terms) -> date | None:
    first, last = terms.joined_from or date.min, terms.joined_to or date.max
    return facts.joined_on if facts.joined_on and first <= facts.joined_on <= last else None


def placed_since(facts: Facts, terms: Terms) -> date | None:
    return None if facts.is_in_pool else facts.left_pool_on or facts.joined_on


def confirmed_since(facts: Facts, terms: Terms) -> date | None:
    return facts.confirmed_on if facts.is_confirmed else None


def card_since(facts: Facts, terms: Terms) -> date | None:
    return facts.card_since if facts.has_card else None


def group_since(facts: Facts, terms: Terms) -> date | None:
    is_in = facts.group_code in terms.groups
    return (facts.joined_group_on or facts.joined_on) if is_in else None


def place_since(facts: Facts, terms: Terms) -> date | None:
    return (facts.joined_place_on or facts.joined_on) if facts.is_in_place else None


def dues_since(facts: Facts, terms: Terms) -> date | None:
    """The register keeps no day for the flag: it counts from the joining on."""
    return facts.joined_on if facts.pays_dues else None


def station_since(facts: Facts, terms: Terms) -> date | None:
    return facts.station_since


MEMBER_RULES = (
    Rule("standing", always, standing_since,
         "CASE WHEN f.standing = ANY(%(standings)s) THEN f.joined_on END",
         _("Member of the union"), _("The membership is not active")),
    Rule("joined", lambda terms: bool(terms.joined_from or terms.joined_to), joined_in_time,
         "CASE WHEN f.joined_on BETWEEN coalesce(%(joined_from)s::date, '-infinity')"
         " AND coalesce(%(joined_to)s::date, 'infinity') THEN f.joined_on END",
         _("Joined in the days asked for"), _("Joined before or after the days asked for")),
    Rule("placed", always, placed_since,
         "CASE WHEN NOT f.is_in_pool THEN coalesce(f.left_pool_on, f.joined_on) END",
         _("Belongs to a union"), _("Still in the holding pool")),
    Rule("confirmed", always, confirmed_since,
         "CASE WHEN f.is_confirmed THEN f.confirmed_on END",
         _("Confirmed the membership"), _("Has not confirmed the membership")),
    Rule("card", lambda terms: terms.needs_card, card_since,
         "CASE WHEN f.has_card THEN f.card_since END",
         _("Member card activated"), _("The card is not activated")),
    Rule("group", lambda terms: bool(terms.groups), group_since,
         "CASE WHEN f.group_code = ANY(%(groups)s)"
         " THEN coalesce(f.joined_group_on, f.joined_on) END",
         _("In a group the programme is for"), _("The programme is not for this group")),
    Rule("place", lambda terms: terms.has_places, place_since,
         "CASE WHEN f.is_in_place THEN coalesce(f.joined_place_on, f.joined_on) END",
         _("In a union or area the programme is for"),
         _("The programme is not for this union or area")),
    Rule("dues", lambda terms: terms.needs_dues, dues_since,
         "CASE WHEN f.pays_dues THEN f.joined_on END",
         _("The employer pays union dues"), _("The employer pays no union dues")),
)  # fmt: skip
EMPLOYER_RULES = (
    Rule("station", always, station_since, "f.station_since",
         _("Hosts a station that is open to workers"), _("Hosts no station that is published")),
    Rule("place", lambda terms: terms.has_places,
         lambda facts, terms: facts.station_since if facts.is_in_place else None,
         "CASE WHEN f.is_in_place THEN f.station_since END",
         _("In an area the programme is for"), _("The programme is not for this area")),
    Rule("dues", lambda terms: terms.needs_dues,
         lambda facts, terms: facts.station_since if facts.pays_dues else None,
         "CASE WHEN f.pays_dues THEN f.station_since END",
         _("The employer pays union dues"), _("The employer pays no union dues")),
)  # fmt: skip
RULE_BY_CODE = {rule.code: rule for rule in (*EMPLOYER_RULES, *MEMBER_RULES)}


@dataclass(frozen=True, slots=True)
class Verdict:
    """`results`: each rule asked for and the day it was met; `since`: the day that counts."""

    is_met: bool
    since: date | None
    results: tuple[tuple[Rule, date | None], ...]
    reason: str | Promise = ""


def asked(rules: Iterable[Rule], terms: Terms) -> list[Rule]:
    """Return the rules these terms ask for, in order."""
    return [rule for rule in rules if rule.asked(terms)]


def decide(rules: Iterable[Rule], facts: Facts, terms: Terms, today: date) -> Verdict:
    """Return each rule's result and the first reason that stands against, if any."""
    results = tuple((rule, rule.since(facts, terms)) for rule in asked(rules, terms))
    for rule, day in results:
        if day is None:
            return Verdict(False, None, results, rule.unmet)
    last = max(day for _rule, day in results if day)
    if terms.is_met_inside:
        is_inside, since = terms.window_from <= last <= terms.window_to, last
    else:
        since = max(last, terms.window_from)
        is_inside = terms.window_from <= today and last <= terms.window_to
    return Verdict(is_inside, since, results, "" if is_inside else _outside(last, terms, results))


def _outside(
    last: date, terms: Terms, results: tuple[tuple[Rule, date | None], ...]
) -> str | Promise:
    """Say which way the window was missed, naming the card where it was the card."""
    if not terms.is_met_inside and last <= terms.window_to:
        return _("The programme's days have not begun")
    is_card = any(rule.code == "card" and day == last for rule, day in results)
    if last > terms.window_to:
        return (
            _("The card was activated after the programme's last day")
            if is_card
            else _("The last condition was met after the programme's last day")
        )
    return (
        _("The card was activated before the programme's first day")
        if is_card
        else _("All conditions were met before the programme's first day")
    )
