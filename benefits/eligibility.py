"""Who may get a programme's money: one pure function a rule, each with its verdict and reason.

"When" of domain.md 6.2: membership active and out of the holding pool, the own will evidenced, the
card activated, the group among the programme's, and the last of these inside the window.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from members.states import Confirmation, MembershipState, UnitKind


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one person on one day. Days are None while a thing has not happened."""

    membership_state: str
    joined_on: date
    unit_kind: str
    left_pool_on: date | None
    confirmation: str
    confirmed_on: date | None
    card_activated_on: date | None
    group: str
    # When the person came from a group the programme is not for; None = always in one it is for.
    joined_group_on: date | None


@dataclass(frozen=True, slots=True)
class Terms:
    """What a programme asks for; both days of the window are included."""

    groups: frozenset[str]
    window_from: date
    window_to: date


@dataclass(frozen=True, slots=True)
class Verdict:
    """`since` is the day a met condition was met; `reason` says why it is not."""

    is_met: bool
    since: date | None = None
    reason: str | Promise = ""


Rule = Callable[[Facts, Terms], Verdict]


def is_active_member(facts: Facts, terms: Terms) -> Verdict:
    if facts.membership_state != MembershipState.ACTIVE:
        return Verdict(False, reason=_("The membership is not active"))
    return Verdict(True, facts.joined_on)


def is_placed_in_a_union(facts: Facts, terms: Terms) -> Verdict:
    if facts.unit_kind == UnitKind.HOLDING_POOL:
        return Verdict(False, reason=_("Still in the holding pool"))
    return Verdict(True, facts.left_pool_on or facts.joined_on)


def has_own_will_on_record(facts: Facts, terms: Terms) -> Verdict:
    if facts.confirmation == Confirmation.NONE or facts.confirmed_on is None:
        return Verdict(False, reason=_("Has not confirmed the membership"))
    return Verdict(True, facts.confirmed_on)


def has_activated_card(facts: Facts, terms: Terms) -> Verdict:
    if facts.card_activated_on is None:
        return Verdict(False, reason=_("The card is not activated"))
    return Verdict(True, facts.card_activated_on)


def is_in_a_group_of_it(facts: Facts, terms: Terms) -> Verdict:
    if facts.group not in terms.groups:
        return Verdict(False, reason=_("The programme is not for this group"))
    return Verdict(True, facts.joined_group_on or facts.joined_on)


RULES: tuple[Rule, ...] = (
    is_active_member,
    is_placed_in_a_union,
    has_own_will_on_record,
    has_activated_card,
    is_in_a_group_of_it,
)


def decide(facts: Facts, terms: Terms) -> Verdict:
    """Return the first condition not met, or that the last one met fell outside the window."""
    days = []
    for rule in RULES:
        verdict = rule(facts, terms)
        if not verdict.is_met or verdict.since is None:
            return verdict
        days.append(verdict.since)
    last = max(days)
    if not terms.window_from <= last <= terms.window_to:
        return Verdict(False, last, _("The last condition was met outside the programme's window"))
    return Verdict(True, last)
