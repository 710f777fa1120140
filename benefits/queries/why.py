"""Why somebody is, or is not, entitled: each condition, whether and since when it is met."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from benefits.eligibility import RULE_BY_CODE, Facts, decide
from benefits.models import Cycle, Entitlement, Programme
from benefits.queries.facts import database_day, facts_of_one, rules_of, terms_of
from benefits.states.payouts import Beneficiary, EntitlementState, ProgrammeState
from members.models import Employer, Person


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition in words; `since` is None while it is not met."""

    code: str
    words: str | Promise
    is_met: bool
    since: date | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a programme's cycle gives somebody, or why it gives nothing."""

    programme: Programme
    cycle: Cycle
    right: Entitlement | None
    is_entitled: bool
    reason: str | Promise
    conditions: tuple[Condition, ...]

    @property
    def version(self) -> int:
        """The terms' number the answer is from."""
        return self.right.version.number if self.right else self.programme.terms.number


def why(beneficiary: Person | Employer) -> list[Answer]:
    """Return an answer for each running cycle of each open programme of this kind, and for each
    right held; newest first. Four queries a programme at most."""
    is_person = isinstance(beneficiary, Person)
    kind = Beneficiary.PERSON if is_person else Beneficiary.EMPLOYER
    mine = Entitlement.objects.filter(**{kind: beneficiary}).select_related("version")
    rights = sorted(mine, key=lambda right: right.state != EntitlementState.VOID)
    held = {right.cycle_id: right for right in rights}
    programmes = Programme.objects.filter(beneficiary=kind).with_terms()
    found = []
    for programme in programmes.exclude(state=ProgrammeState.DRAFT).order_by("-opened_at", "pk"):
        cycles = sorted(programme.cycles.all(), key=lambda one: one.window_from, reverse=True)
        found += [
            _answer(programme, cycle, held.get(cycle.pk), beneficiary.pk)
            for cycle in cycles
            if cycle.pk in held or (programme.state == "open" and cycle.closed_at is None)
        ]
    return found


def _answer(programme: Programme, cycle: Cycle, right: Entitlement | None, pk: UUID) -> Answer:
    if right is not None:
        is_void = right.state == EntitlementState.VOID
        ended = _("The right was ended; it is not given again") if is_void else ""
        return Answer(programme, cycle, right, not is_void, ended, tuple(_frozen(right)))
    version = programme.terms
    terms = terms_of(version, cycle)
    column = "e.id" if programme.beneficiary == Beneficiary.EMPLOYER else "m.person_id"
    facts = facts_of_one(programme, version, terms, where=column, pk=pk) or Facts()
    verdict = decide(rules_of(programme), facts, terms, database_day())
    conditions = tuple(
        Condition(rule.code, rule.words if day else rule.unmet, day is not None, day)
        for rule, day in verdict.results
    )
    reason = verdict.reason or _("All conditions are met; the right appears in a moment")
    return Answer(programme, cycle, None, False, reason, conditions)


def _frozen(right: Entitlement) -> Iterable[Condition]:
    """Return what was found on the day the right was given."""
    for code, day in right.results.items():
        yield Condition(code, RULE_BY_CODE[code].words, True, date.fromisoformat(day))
