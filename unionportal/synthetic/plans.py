"""Plan five years of joining, moving, changing trades and leaving, before any row is made."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate

from members.models import Employer
from members.states import MembershipState as State
from unionportal.synthetic.lots import Lot
from unionportal.synthetic.world import Slot, World

# More people join after the spring festival and in autumn, when drives are held.
SEASON = (0.5, 0.4, 1.3, 1.5, 1.6, 1.1, 0.8, 0.7, 1.3, 1.4, 1.0, 0.6)
GROWTH_A_YEAR = 1.12
# Those whom the union knew already were loaded in the first week.
LOADED_SHARE = 0.12
LOAD_DAYS = 5
CLOSED_SHARE = 0.21
MOVED_SHARE, RECLASSIFIED_SHARE, RETAINED_SHARE = 0.09, 0.02, 0.03
RETURNED_SHARE = 0.05
ENDS = Lot(
    (State.RESIGNED, 78), (State.MOVED_AWAY, 14), (State.DECEASED, 2), (State.EXPELLED, 1),
    (State.ANNULLED, 5),
)  # fmt: skip
SETTLE_DAYS = 20


@dataclass(slots=True, eq=False)
class Person:
    """Who a membership belongs to, as far as later rows need it."""

    key: uuid.UUID
    name: str
    id_number: str
    phone: str
    has_consented: bool = False


@dataclass(slots=True, eq=False)
class Plan:
    """One membership from its first to its last day. `slot` and `group` are the latest ones."""

    slot: Slot
    group: str
    joined_on: dt.date
    state: str = State.ACTIVE.value
    ended_on: dt.date | None = None
    employer: Employer | None = None
    is_loaded: bool = False
    first_slot: Slot | None = None
    moved_on: dt.date | None = None
    first_group: str = ""
    reclassified_on: dt.date | None = None
    earlier: Plan | None = None
    person: Person | None = None
    is_kept: bool = False

    @property
    def is_open(self) -> bool:
        return self.ended_on is None

    @property
    def is_annulled(self) -> bool:
        return self.state == State.ANNULLED.value

    @property
    def entry(self) -> Slot:
        """Where the member joined."""
        return self.first_slot or self.slot


def plan_memberships(world: World) -> list[Plan]:
    """Return all memberships in the order of their joining; the open ones are exact."""
    days = _days(world)
    slots = _shares(world.slots, world.size.members)
    plans = [
        _open_plan(world, slot, day) for slot, day in zip(slots, days(len(slots)), strict=True)
    ]
    count = round(world.size.members * CLOSED_SHARE)
    weights = [slot.weight for slot in world.slots]
    former = world.dice.choices(world.slots, weights, k=count)
    closed = [_closed_plan(world, slot, day) for slot, day in zip(former, days(count), strict=True)]
    _let_some_return(world, plans, closed)
    return sorted([*plans, *closed], key=lambda plan: plan.joined_on)


def _shares(slots: list[Slot], total: int) -> list[Slot]:
    """Return each slot as often as it gets members: by weight, `total` in all."""
    whole = sum(slot.weight for slot in slots)
    shares = [(total * slot.weight / whole, slot) for slot in slots]
    counts = [int(share) for share, _slot in shares]
    order = sorted(range(len(slots)), key=lambda place: counts[place] - shares[place][0])
    for place in order[: total - sum(counts)]:
        counts[place] += 1
    return [slot for slot, count in zip(slots, counts, strict=True) for _member in range(count)]


def _days(world: World) -> Callable[[int], list[dt.date]]:
    """Return a function that draws days on which people joined."""
    span = [world.start + dt.timedelta(days=n) for n in range((world.today - world.start).days + 1)]
    weights = [
        SEASON[day.month - 1] * GROWTH_A_YEAR ** ((day - world.start).days / 365) for day in span
    ]
    loaded = sum(weights) * LOADED_SHARE / (1 - LOADED_SHARE) / LOAD_DAYS
    for place in range(min(LOAD_DAYS, len(weights))):
        weights[place] += loaded
    cumulated = list(accumulate(weights))
    return lambda count: world.dice.choices(span, cum_weights=cumulated, k=count)


def _open_plan(world: World, slot: Slot, day: dt.date) -> Plan:
    plan = _plan(world, slot, day)
    slot.members += 1
    if plan.employer is not None:
        world.members_by_employer[plan.employer.pk] += 1
    dice = world.dice.random()
    if dice < MOVED_SHARE:
        _move(world, plan)
    elif dice < MOVED_SHARE + RECLASSIFIED_SHARE:
        _reclassify(world, plan)
    if world.dice.random() < RETAINED_SHARE:
        plan.state = State.RETAINED.value
    return plan


def _plan(world: World, slot: Slot, day: dt.date) -> Plan:
    is_loaded = (day - world.start).days < LOAD_DAYS and slot.since <= day
    joined = day if day >= slot.since else world.day(slot.since, world.today)
    employer = world.dice.choice(slot.employers) if slot.employers else None
    if slot.employers and slot.unit.kind == "community_union" and world.dice.random() < 0.6:
        employer = None
    group = world.dice.choice(slot.groups)
    return Plan(slot, group, joined, employer=employer, is_loaded=is_loaded)


def _move(world: World, plan: Plan) -> None:
    """Let the member have joined elsewhere: mostly in the holding pool of the same area."""
    if world.dice.random() < 0.7:
        first = next((p.pool for p in world.places if p.pool.branch == plan.slot.branch), None)
    else:
        first = world.dice.choice(world.slots)
    if first is None or first is plan.slot:
        return
    joined = max(plan.joined_on, first.since)
    earliest = max(joined + dt.timedelta(days=SETTLE_DAYS), plan.slot.since)
    if earliest < world.today:
        plan.joined_on, plan.first_slot = joined, first
        plan.moved_on = world.day(earliest, world.today)


def _reclassify(world: World, plan: Plan) -> None:
    """Let the member have done another work before, in the same unit."""
    earliest = plan.joined_on + dt.timedelta(days=SETTLE_DAYS)
    before = world.dice.choice(world.dice.choice(world.slots).groups)
    if earliest < world.today and before != plan.group:
        plan.first_group = before
        plan.reclassified_on = world.day(earliest, world.today)


def _closed_plan(world: World, slot: Slot, day: dt.date) -> Plan:
    plan = _plan(world, slot, day)
    plan.state = ENDS.draw(world.dice).value
    plan.ended_on = world.day(
        min(plan.joined_on + dt.timedelta(days=SETTLE_DAYS), world.today), world.today
    )
    return plan


def _let_some_return(world: World, plans: list[Plan], closed: list[Plan]) -> None:
    """Make some former members and present ones the same people."""
    for former in closed[: round(len(closed) * RETURNED_SHARE)]:
        if former.is_annulled:
            continue
        again = world.dice.choice(plans)
        if again.earlier is None and former.ended_on and again.joined_on > former.ended_on:
            again.earlier, former.is_kept = former, True
