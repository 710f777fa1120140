"""The memberships of two records that are one person: every day counts once.

In the order of their first days: a membership inside an earlier one is annulled as a duplicate,
its movements reversed on their own days; one that outlasts an earlier one cuts that one short. The
days on which the person is counted stay the same, each of them once (the ADR says why).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from members.actions import history, movements
from members.actions.memberships import end_history
from members.actions.movements import Cell
from members.merging.log import CHANGED, Data, Log, Undoing, changed, typed, undoes
from members.merging.registry import Case, Item, Kind, Told
from members.models import Membership, StatusChange
from members.states import Confirmation, MembershipState, UnitStatus
from unionportal.core import audit
from unionportal.core.transitions import move, put_back

if TYPE_CHECKING:
    from members.models import Affiliation, GroupMembership, Person
    from unionportal.core.actors import ServiceActor
    from unionportal.core.models import User

REASON = "merged"
COLUMNS = ("state", "ended_on")
# What is dated and hangs on a membership (`end_history` ends it).
DATED = ("affiliations", "group_history", "vehicles")


@dataclass(frozen=True)
class Change:
    """What becomes of one membership: annulled inside `keeper`, or cut short on `day` for it."""

    membership: Membership
    keeper: Membership
    day: date | None = None


def changes(case: Case) -> list[Change]:
    """Return what must change so that every day counts once."""
    ids = (case.survivor.pk, case.merged.pk)
    rows = Membership.objects.filter(person_id__in=ids).exclude(state=MembershipState.ANNULLED)
    rows = rows.select_related("unit", "group", "person")
    return decide([row for row in rows if row.ended_on != row.joined_on], case.survivor.pk)


def decide(rows: Sequence[Membership], survivor_id: UUID) -> list[Change]:
    """Return the changes for memberships of which none is empty; the survivor's win a tie."""
    found: list[Change] = []
    keeper: Membership | None = None
    for row in sorted(rows, key=lambda one: _place(one, survivor_id)):
        if keeper is None or _end(keeper) <= row.joined_on:
            keeper = row
        elif _end(row) <= _end(keeper):
            found.append(Change(row, keeper))
        else:
            found.append(Change(keeper, row, row.joined_on))
            keeper = row
    return found


def _end(membership: Membership) -> date:
    return membership.ended_on or date.max


def _place(membership: Membership, survivor_id: UUID) -> tuple[Any, ...]:
    """The earlier first, of those the longer, of those the survivor's."""
    length = _end(membership).toordinal()
    is_other = membership.person_id != survivor_id
    return (membership.joined_on, -length, is_other, membership.pk)


class MembershipPart:
    """At most one membership on a day, the others annulled or cut short."""

    def tell(self, person: Person) -> Iterable[Told]:
        rows = Membership.objects.filter(person=person).select_related("unit", "group")
        for row in rows.order_by("joined_on", "pk"):
            until = row.ended_on.isoformat() if row.ended_on else _("today")
            text = ", ".join(
                (row.member_no, row.unit.name, str(row.group), str(row.get_state_display()),
                 f"{row.joined_on.isoformat()} – {until}")
            )  # fmt: skip
            yield Told(_("Membership"), text, reverse("members:member-detail", args=[row.pk]))

    def look(self, case: Case) -> Iterable[Item]:
        for change in changes(case):
            row, keeper = change.membership, change.keeper
            if change.day is None:
                text = _("%(number)s lies within %(keeper)s: annulled as a duplicate")
            else:
                text = _("%(number)s ends on %(day)s, when %(keeper)s begins")
            values = {"number": row.member_no, "keeper": keeper.member_no,
                      "day": change.day and change.day.isoformat()}  # fmt: skip
            yield Item(Kind.ENDS, _("Membership"), text % values)

    def apply(self, case: Case, log: Log, by: User | ServiceActor) -> None:
        for change in changes(case):
            if change.day is None:
                _annul(change, log, by)
            else:
                _cut(change.membership, change.day, log, by)


def _annul(change: Change, log: Log, by: User | ServiceActor) -> None:
    row, keeper = change.membership, change.keeper
    day = max(row.ended_on or timezone.localdate(), row.joined_on)
    before = _snapshot(row)
    step = history.Step(row, "annul", by=by, reason=REASON)
    move(row, "annul", by=by, reason=REASON, ended_on=day)
    movements.uncount(row.pk)
    end_history(row, day)
    step.write(row, day)
    log.add("membership", row, before=before, after=_snapshot(row), keeper=str(keeper.pk))
    if keeper.confirmation == Confirmation.NONE and row.confirmation != Confirmation.NONE:
        log.set(Membership.objects.filter(pk=keeper.pk), confirmation=row.confirmation,
                confirmed_at=row.confirmed_at)  # fmt: skip


def _cut(row: Membership, day: date, log: Log, by: User | ServiceActor) -> None:
    before = _snapshot(row)
    Membership.objects.filter(pk=row.pk).update(ended_on=day)
    row.ended_on = day
    movements.leave(row.pk, day)
    end_history(row, day)
    audit.record(by=by, verb="membership.cut", target=row, reason=REASON, fields=["ended_on"])
    log.add("membership", row, before=before, after=_snapshot(row))


def _snapshot(row: Membership) -> Data:
    """Return what an annulment or a cut changes of a membership."""
    return {
        "state": str(row.state),
        "ended_on": row.ended_on,
        "net": [[*cell, delta] for cell, delta in movements.net_of(row.pk).items()],
        **{name: _ends(getattr(row, name)) for name in DATED},
    }


def _ends(rows: Any) -> dict[str, date | None]:
    return {str(pk): end for pk, end in rows.values_list("pk", "ended_on")}


@undoes("membership")
def _restore(entry: Data, undoing: Undoing) -> str:
    before, after = entry["before"], entry["after"]
    mark = {name: after[name] for name in COLUMNS}
    if why := changed(Membership, entry["id"], mark):
        return why
    row = Membership.objects.select_related("unit").get(pk=entry["id"])
    # A unit that closed meanwhile moved its members on; this one was not among them.
    if before["ended_on"] is None and row.unit.status == UnitStatus.DISSOLVED:
        return CHANGED
    values = typed(Membership, {"ended_on": before["ended_on"]})
    put_back(row, before["state"], found=after["state"], by=undoing.by, reason=undoing.reason,
             **values)  # fmt: skip
    for name in DATED:
        _put_ends_back(getattr(row, name), before[name], after[name])
    wanted = {_cell(cell): delta for *cell, delta in before["net"]}
    if after["state"] == MembershipState.ANNULLED:
        movements.recount(row.pk, wanted)
        _tell_step(row, undoing)
    else:
        movements.bring_to(row.pk, wanted)
    return ""


def _tell_step(row: Membership, undoing: Undoing) -> None:
    """Write the step back into the membership's history, with what that state must say."""
    said = row.status_changes.filter(to_state=row.state).order_by("-recorded_at").first()
    if said is not None or row.state == MembershipState.ACTIVE:
        StatusChange.objects.create(
            membership=row, verb="put_back", from_state=MembershipState.ANNULLED,
            to_state=row.state, day=timezone.localdate(), reason=undoing.reason[:200],
            reason_code=said.reason_code if said else "",
            evidence_id=said.evidence_id if said else None, recorded_by_id=undoing.by.pk,
        )  # fmt: skip


def _put_ends_back(rows: Any, before: Data, after: Data) -> None:
    model: type[Affiliation | GroupMembership] = rows.model
    for pk, end in before.items():
        if end != after[pk]:
            rows.filter(pk=pk).update(**typed(model, {"ended_on": end}))


def _cell(values: Sequence[Any]) -> Cell:
    unit, area, group, day = values
    return UUID(unit), area and UUID(area), group, date.fromisoformat(day)
