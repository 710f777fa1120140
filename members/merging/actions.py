"""Merge two records of one person, take a merge apart, or settle that they are two people."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from members import signals
from members.actions.rights import require_units
from members.actions.unit_locks import hold_units
from members.merging.log import Log, Undoing, take_back
from members.merging.people import MERGED, SURVIVOR, choosable, take_values
from members.merging.plan import live_merges, movable_rows, plan_of
from members.merging.registry import Case, How, links, parts
from members.models import DuplicatePair, Membership, Person, PersonMerge
from members.states import OPEN_MEMBERSHIP, MembershipState, PairState
from unionportal.core import audit
from unionportal.core.errors import Refused, Stale
from unionportal.core.roles import Permission
from unionportal.core.transitions import move

if TYPE_CHECKING:
    from unionportal.core.actors import ServiceActor
    from unionportal.core.models import User


@transaction.atomic
def merge_people(
    *,
    by: User | ServiceActor,
    pair: DuplicatePair,
    survivor: Person,
    choices: dict[str, str],
    reason: str,
) -> PersonMerge:
    """Make the other record of `pair` part of `survivor`, with everything that refers to it.

    `choices`: field → "survivor" or "merged", whose value is taken; what is not named stays the
    survivor's. Raises `Refused` (`reason_needed`, `bad_choice`, `merge_stopped` with the first
    thing that forbids it), `NotAllowed` unless `by` may act for every unit of both, `Stale` when
    the pair was decided meanwhile. Rule: the ADR on merging people, domain.md 6.2 "Accidents".
    """
    _check(choices, reason)
    case = _locked_case(pair, survivor, choices)
    _require_reach(by, case)
    if pair_state(pair) != PairState.OPEN:
        raise Stale(_("This pair was decided meanwhile. Look again."), code="stale")
    if stops := plan_of(case).stops:
        raise Refused(str(stops[0].text), code="merge_stopped")
    log = Log()
    _apply(case, log, by)
    merge = PersonMerge.objects.create(
        pair=pair, survivor=case.survivor, merged=case.merged, choices=choices,
        reason=reason.strip(), undo_log=log.dump(), merged_by_id=by.pk,
    )  # fmt: skip
    move(pair, "merge", by=by, reason=reason, decided_at=timezone.now())
    for person in (case.survivor, case.merged):
        audit.record(by=by, verb="person.merge", target=person, reason=reason,
                     data={"merge": str(merge.pk)})  # fmt: skip
    _tell(log, case.survivor, by)
    return merge


def _check(choices: dict[str, str], reason: str) -> None:
    if not reason.strip():
        raise Refused(_("Give a reason."), code="reason_needed", field="reason")
    known = choosable()
    for choice, taken in choices.items():
        if choice not in known or taken not in (SURVIVOR, MERGED):
            raise Refused(_("Choose one of the two values."), code="bad_choice", field=choice)


def _locked_case(pair: DuplicatePair, survivor: Person, choices: dict[str, str]) -> Case:
    ids = (pair.first_id, pair.second_id)
    if survivor.pk not in ids:
        raise Refused(_("The survivor must be one of the two."), code="bad_survivor")
    rows = Person.everyone.select_for_update().filter(pk__in=ids).order_by("pk")
    people = {person.pk: person for person in rows}
    [other] = [person for pk, person in people.items() if pk != survivor.pk]
    return Case(people[survivor.pk], other, choices)


def _require_reach(by: User | ServiceActor, case: Case) -> None:
    rows = Membership.objects.filter(person__in=(case.survivor, case.merged))
    units = rows.exclude(state=MembershipState.ANNULLED).order_by().values_list("unit", flat=True)
    require_units(by, Permission.APPROVE_APPLICATION, set(units))


def pair_state(pair: DuplicatePair) -> str:
    """Return the pair's state as the database has it now."""
    return str(DuplicatePair.objects.values_list("state", flat=True).get(pk=pair.pk))


def _apply(case: Case, log: Log, by: User | ServiceActor) -> None:
    Person.everyone.filter(pk=case.merged.pk).update(merged_into=case.survivor)
    case.merged.merged_into = case.survivor
    parts_first, *others = parts()
    parts_first.apply(case, log, by)
    for link in links(How.MOVES, How.MOVES_IF_FREE):
        column = link.column.rsplit(".", 1)[1]
        log.set(movable_rows(link, case), **{column: case.survivor.pk})
    for part in others:
        part.apply(case, log, by)
    take_values(case, log)


def _tell(log: Log, survivor: Person, by: User | ServiceActor) -> None:
    """Let upper apps hear of what ended, then of what the survivor has now."""
    ended = [entry["id"] for entry in log.entries if entry["kind"] == "membership"]
    for row in Membership.objects.filter(pk__in=ended).order_by("pk"):
        signals.membership_closed.send(Membership, membership=row, by=by)
    _tell_open([survivor.pk], by)


def _tell_open(person_ids: list[UUID], by: User | ServiceActor) -> None:
    rows = Membership.objects.filter(person__in=person_ids, state__in=OPEN_MEMBERSHIP)
    for row in rows.order_by("pk"):
        signals.membership_changed.send(Membership, membership=row, by=by)


@transaction.atomic
def unmerge_people(*, by: User | ServiceActor, merge: PersonMerge, reason: str) -> PersonMerge:
    """Take the merged record out of the survivor again; `kept` lists what had changed since.

    Raises `Refused` (`reason_needed`; `merged_on` when a newer merge must be undone first),
    `NotAllowed`, `Stale` when it was undone before.
    """
    _check({}, reason)
    locked = PersonMerge.objects.select_for_update(of=("self",)).get(pk=merge.pk)
    if locked.undone_at is not None:
        raise Stale(_("This merge was undone before."), code="stale")
    ids = [locked.survivor_id, locked.merged_id]
    homes = Membership.objects.filter(person__in=ids).order_by().values_list("unit", flat=True)
    hold_units(set(homes))
    people = Person.everyone.select_for_update().filter(pk__in=ids).in_bulk()
    survivor, merged = people[locked.survivor_id], people[locked.merged_id]
    _require_reach(by, Case(survivor, merged))
    if survivor.merged_into_id or live_merges(survivor)[0] != locked:
        raise Refused(
            _("This person was merged once more since. Undo the newer merge first."),
            code="merged_on",
        )
    kept = take_back(Log.load(locked.undo_log), Undoing(by, reason))
    Person.everyone.filter(pk=merged.pk).update(merged_into=None)
    locked.undone_by_id, locked.undone_at = by.pk, timezone.now()
    locked.undo_reason, locked.kept = reason.strip()[:200], kept
    locked.save(update_fields=["undone_by", "undone_at", "undo_reason", "kept"])
    move(locked.pair, "unmerge", by=by, reason=reason, decided_at=None)
    for person in (survivor, merged):
        audit.record(by=by, verb="person.unmerge", target=person, reason=reason,
                     data={"merge": str(locked.pk), "kept": len(kept)})  # fmt: skip
    _tell_open(ids, by)
    return locked


@transaction.atomic
def dismiss(*, by: User | ServiceActor, pair: DuplicatePair, reason: str) -> DuplicatePair:
    """Settle that the two are two people; only stronger evidence opens the pair again.

    Raises `Refused` without a reason, `NotAllowed`, `Stale` when it was decided meanwhile.
    """
    case = _locked_case(pair, pair.first, {})
    _require_reach(by, case)
    pair.refresh_from_db(fields=["strength"])
    return move(pair, "dismiss", by=by, reason=reason, decided_at=timezone.now(),
                dismissed_strength=pair.strength, note=reason.strip()[:200])  # fmt: skip
