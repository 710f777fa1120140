"""Split, merge and close units: members and employers go along, the past stays as it was.

Nobody dissolves or merges a union at will: the upper union's paper is recorded with it, and the
members keep their membership (TUL 12, 13).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from members.actions import history
from members.actions.employers import derive_union_states
from members.actions.reorganisation import transfer_members
from members.actions.rights import require_units
from members.actions.structure import (
    NewUnit,
    check_parent,
    create_unit,
    fresh,
    lock_tree,
    place,
    refuse_future,
    require_reason,
)
from members.actions.unit_locks import hold_alone
from members.models import (
    Application,
    Committee,
    CommitteeSeat,
    IndustrialPlacement,
    LegalPersonCertificate,
    Membership,
    UnionUnit,
    UnitChange,
)
from members.models.standing import RetainReason
from members.queries.structure import standing_below
from members.states import (
    OPEN_APPLICATION,
    OPEN_MEMBERSHIP,
    MembershipState,
    UnitStatus,
)
from unionportal.core import audit
from unionportal.core.actors import ServiceActor
from unionportal.core.errors import Refused, Stale
from unionportal.core.ids import NEW_ID_SQL
from unionportal.core.models import User
from unionportal.core.roles import Permission
from unionportal.core.transitions import move, move_all

# An employer the target covers already, or covered until a later day, begins there after that.
_COVER = f"""
INSERT INTO members_employercoverage (id, unit_id, employer_id, method, started_on)
SELECT {NEW_ID_SQL}, %(target)s, covered.employer_id, covered.method,
       GREATEST(%(day)s::date, covered.started_on, (
         SELECT max(earlier.ended_on) FROM members_employercoverage earlier
         WHERE earlier.unit_id = %(target)s AND earlier.employer_id = covered.employer_id))
FROM members_employercoverage covered
WHERE covered.unit_id = %(unit)s AND covered.ended_on IS NULL
  AND (%(all)s OR covered.employer_id = ANY(%(employers)s))
  AND NOT EXISTS (
    SELECT 1 FROM members_employercoverage held
    WHERE held.unit_id = %(target)s AND held.employer_id = covered.employer_id
      AND held.ended_on IS NULL)
"""  # noqa: S608 - the two parts are constants
_UNCOVER = """
UPDATE members_employercoverage SET ended_on = GREATEST(%(day)s::date, started_on + 1)
WHERE unit_id = %(unit)s AND ended_on IS NULL AND (%(all)s OR employer_id = ANY(%(employers)s))
RETURNING employer_id
"""


@dataclass(frozen=True, kw_only=True)
class Paper:
    """Why and when, by which document of the upper union; one for a whole change."""

    reason: str
    day: date | None = None
    document_no: str = ""

    @property
    def on(self) -> date:
        return self.day or timezone.localdate()


@dataclass(frozen=True, kw_only=True)
class Part:
    """What leaves a unit in a split: employers with their members, groups, units below it."""

    employers: Collection[UUID] = ()
    groups: Collection[str] = ()
    units: Collection[UUID] = ()

    @property
    def condition(self) -> Q:
        """Match the members who leave: of these employers, or of these groups without any."""
        return Q(employer_id__in=self.employers) | Q(group_id__in=self.groups, employer=None)

    def __bool__(self) -> bool:
        return bool(self.employers or self.groups or self.units)


@transaction.atomic
def split_unit(
    *,
    by: User | ServiceActor,
    unit: UnionUnit,
    into: UnionUnit | NewUnit,
    part: Part,
    paper: Paper,
) -> UnitChange:
    """Let `part` of `unit` go to another unit, or to a new one established that day.

    Members of the employers go with them and keep them. Raises `Refused` (`empty_part`,
    `unit_takes_none`, `reason_needed`, `future`), `Stale` when the unit is dissolved.
    """
    require_units(by, Permission.MANAGE_ORGANISATION, [unit.pk])
    day = _begin(paper)
    if not part:
        raise Refused(
            _("Choose at least one employer, group or unit that leaves."), code="empty_part"
        )
    hold_alone([unit.pk] if isinstance(into, NewUnit) else [unit.pk, into.pk])
    source = _standing(unit)
    target = create_unit(by=by, new=into) if isinstance(into, NewUnit) else _target(into, [source])
    require_units(by, Permission.MANAGE_ORGANISATION, [target.pk])
    leaving = Membership.objects.filter(part.condition, unit=source)
    moved = transfer_members(
        by=by, memberships=leaving, unit=target, keeps_employer=True, moved_on=day,
        reason=paper.reason, takes_stopped=True,
    )  # fmt: skip
    employers = _hand_over(source, target, day, employers=part.employers)
    chosen = {str(pk) for pk in part.units}
    below = [one for one in standing_below(source) if str(one.pk) in chosen]
    _rehang(by, below, source, target, day, paper.reason)
    return _record(
        by, source, target, UnitChange.Kind.SPLIT, paper, len(moved), employers, len(below)
    )


@transaction.atomic
def merge_units(
    *, by: User | ServiceActor, units: Sequence[UnionUnit], into: UnionUnit, paper: Paper
) -> list[UnitChange]:
    """Merge `units` into another: members, employers, waiting applications and the units below go
    there, then each of `units` is dissolved. One change a unit is returned.

    Raises `Refused` (`no_units`, `into_itself`, `unit_takes_none`, `rung`, `reason_needed`,
    `future`), `Stale` when one is dissolved already.
    """
    require_units(by, Permission.MANAGE_ORGANISATION, {into.pk, *(unit.pk for unit in units)})
    day = _begin(paper)
    if not units:
        raise Refused(_("Choose at least one unit that is merged."), code="no_units")
    hold_alone({into.pk, *(unit.pk for unit in units)})
    sources = [_standing(unit) for unit in sorted(units, key=lambda unit: unit.pk)]
    target = _target(into, sources)
    return [_merge_one(by, source, target, day, paper) for source in sources]


def _merge_one(
    by: User | ServiceActor, source: UnionUnit, target: UnionUnit, day: date, paper: Paper
) -> UnitChange:
    moved = transfer_members(
        by=by, memberships=_members_of([source]), unit=target, keeps_employer=True, moved_on=day,
        reason=paper.reason, takes_stopped=True,
    )  # fmt: skip
    employers = _hand_over(source, target, day)
    # Read again: an earlier source's branch may have hung this one elsewhere.
    source = fresh(source)
    below = list(UnionUnit.objects.get_children(source).exclude(status=UnitStatus.DISSOLVED))
    _rehang(by, below, source, target, day, paper.reason)
    _forward_applications([source], target)
    _dissolve(by, source, day, paper.reason)
    return _record(
        by, source, target, UnitChange.Kind.MERGE, paper, len(moved), employers, len(below)
    )


@transaction.atomic
def close_unit(
    *,
    by: User | ServiceActor,
    unit: UnionUnit,
    paper: Paper,
    to: UnionUnit | None = None,
    retains: bool = False,
) -> UnitChange:
    """Dissolve `unit` and every unit below it; their members go `to` a unit or holding pool.

    With `retains` the firm has ended: members lose their employer and their membership is
    retained (TUL 13). `to` may be left out only when nobody is left in the branch. Raises
    `Refused` (`target_needed`, `into_itself`, `unit_takes_none`, `reason_needed`, `future`),
    `Stale` when it is dissolved already.
    """
    require_units(by, Permission.MANAGE_ORGANISATION, [unit.pk])
    day = _begin(paper)
    inside = UnionUnit.objects.filter(path__startswith=fresh(unit).path)
    hold_alone({*inside.order_by().values_list("pk", flat=True), *([to.pk] if to else [])})
    source = _standing(unit)
    branch = standing_below(source)
    _refuse_fed(branch)
    moved = _empty(by, branch, to, day, paper.reason, retains=retains)
    employers = sum(_uncover(one, day) for one in branch)
    # From the bottom up, so that no dissolved unit has a standing one below it.
    for one in sorted(branch, key=lambda one: -one.depth):
        _dissolve(by, one, day, paper.reason)
    return _record(by, source, to, UnitChange.Kind.CLOSE, paper, moved, employers, len(branch) - 1)


def _empty(
    by: User | ServiceActor,
    branch: list[UnionUnit],
    to: UnionUnit | None,
    day: date,
    reason: str,
    *,
    retains: bool,
) -> int:
    members = _members_of(branch)
    waiting = Application.objects.filter(unit__in=branch, state__in=OPEN_APPLICATION)
    if to is None:
        if members.exists() or waiting.exists():
            raise Refused(
                _("Choose where the members and the waiting applications go."),
                code="target_needed",
                field="to",
            )
        return 0
    target = _target(to, branch)
    require_units(by, Permission.MANAGE_ORGANISATION, [target.pk])
    moved = transfer_members(
        by=by, memberships=members, unit=target, keeps_employer=not retains, moved_on=day,
        reason=reason, takes_stopped=True,
    )  # fmt: skip
    if retains:
        _retain(by, moved.ids, day, reason)
    _forward_applications(branch, target)
    return len(moved)


def _retain(by: User | ServiceActor, ids: list[UUID], day: date, reason: str) -> None:
    """Keep the memberships of people whose firm has ended, each with its line of history."""
    turned = move_all(Membership.objects.filter(pk__in=ids), "retain", by=by, reason=reason)
    history.write_many(
        turned, "retain", MembershipState.ACTIVE, MembershipState.RETAINED, by=by, day=day,
        reason=reason, reason_code=RetainReason.EMPLOYER_CLOSED,
    )  # fmt: skip


def _begin(paper: Paper) -> date:
    require_reason(paper.reason)
    refuse_future(paper.on, "day")
    lock_tree()
    return paper.on


def _standing(unit: UnionUnit) -> UnionUnit:
    """Return the unit as it is now; it was locked against new members before."""
    found = fresh(unit)
    if found.status == UnitStatus.DISSOLVED:
        raise Stale(_("This unit is dissolved. Look again before you act."), code="stale")
    _refuse_fed([found])
    return found


def _refuse_fed(units: list[UnionUnit]) -> None:
    for unit in units:
        if unit.is_external:
            raise Refused(
                _("The members of “%(unit)s” are kept by its own system. Ask it to move them.")
                % {"unit": unit.name},
                code="unit_is_fed",
            )


def _target(unit: UnionUnit, sources: list[UnionUnit]) -> UnionUnit:
    target = fresh(unit)
    for source in sources:
        if target.path.startswith(source.path):
            raise Refused(
                _("“%(target)s” is or hangs below “%(unit)s”. Choose another unit.")
                % {"target": target.name, "unit": source.name},
                code="into_itself",
                field="into",
            )
    return target


def _members_of(units: list[UnionUnit]) -> QuerySet[Membership]:
    return Membership.objects.filter(unit__in=units, state__in=OPEN_MEMBERSHIP)


def _hand_over(
    source: UnionUnit, target: UnionUnit, day: date, *, employers: Collection[UUID] | None = None
) -> int:
    """Let `target` cover what `source` covered from `day`; return how many employers."""
    params = {
        "target": target.pk, "unit": source.pk, "day": day, "all": employers is None,
        "employers": list(employers or ()),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_COVER, params)
    return _uncover(source, day, employers=employers)


def _uncover(unit: UnionUnit, day: date, *, employers: Collection[UUID] | None = None) -> int:
    params = {
        "unit": unit.pk, "day": day, "all": employers is None, "employers": list(employers or ()),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_UNCOVER, params)
        ended = {row[0] for row in cursor.fetchall()}
    derive_union_states(ended)
    return len(ended)


def _rehang(
    by: User | ServiceActor,
    units: list[UnionUnit],
    source: UnionUnit,
    target: UnionUnit,
    day: date,
    reason: str,
) -> None:
    for one in units:
        moving, parent = fresh(one), fresh(target)
        check_parent(parent, moving.kind)
        place(moving, parent, day, reason)
        audit.record(
            by=by, verb="unit.move", target=moving, reason=reason, fields=["parent"],
            data={"parent": str(parent.pk), "from": str(source.pk)},
        )  # fmt: skip


def _forward_applications(units: list[UnionUnit], target: UnionUnit) -> None:
    """Let applications that wait for a decision wait in `target`."""
    waiting = Application.objects.filter(unit__in=units, state__in=OPEN_APPLICATION)
    waiting.update(unit=target)


def _dissolve(by: User | ServiceActor, unit: UnionUnit, day: date, reason: str) -> None:
    move(unit, "dissolve", by=by, reason=reason, dissolved_on=max(day, unit.established_on or day))
    Committee.objects.filter(unit=unit, ended_on=None, started_on__lt=day).update(ended_on=day)
    seats = CommitteeSeat.objects.filter(committee__unit=unit, ended_on=None)
    seats.filter(started_on__lte=day).update(ended_on=day)
    held = LegalPersonCertificate.objects.filter(unit=unit, ended_on=None)
    held.filter(issued_on__lte=day).update(ended_on=day)
    industrial = IndustrialPlacement.objects.filter(unit=unit, ended_on=None)
    industrial.filter(started_on__lt=day).update(ended_on=day)


def _record(
    by: User | ServiceActor,
    unit: UnionUnit,
    target: UnionUnit | None,
    kind: str,
    paper: Paper,
    members: int,
    employers: int,
    units: int,
) -> UnitChange:
    change = UnitChange.objects.create(
        unit=unit, target=target, kind=kind, happened_on=paper.on, reason=paper.reason[:200],
        document_no=paper.document_no, members=members, employers=employers, units=units,
    )  # fmt: skip
    audit.record(
        by=by, verb=f"unit.{kind}", target=unit, reason=paper.reason,
        data={
            "target": str(target.pk) if target else None,
            "members": members, "employers": employers, "units": units,
        },
    )  # fmt: skip
    return change
