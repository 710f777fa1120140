"""The kinds of change: another group, retained or not, another union."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, Value, When
from django.utils.translation import gettext as _

from members import signals
from members.actions import history, movements
from members.actions.candidates import check_group
from members.actions.reorganisation import transfer_members
from members.actions.rights import require_units
from members.bulk import kinds
from members.bulk.kinds import Kind, Portion, close_and_open, reopen
from members.lists.picker import units_for
from members.models import (
    Affiliation,
    BulkChange,
    Employer,
    GroupMembership,
    Membership,
    StatusChange,
    UnionUnit,
    WorkerGroup,
)
from members.models.bulk import BulkKind, Finding, Kept
from members.models.standing import RetainReason
from members.states import MembershipState
from unionportal.core import audit
from unionportal.core.errors import Refused
from unionportal.core.ids import NEW_ID_SQL
from unionportal.core.models import User
from unionportal.core.roles import Permission
from unionportal.core.transitions import move_all, put_back_all

GROUPS, AFFILIATIONS = "members_groupmembership", "members_affiliation"
_RECOUNT_GROUP = """
SELECT one.id, one.unit_id, home.area_id, one.group_id, %(day)s::date, -1,
  'reclassify_out'
FROM members_membership one JOIN members_unionunit home ON home.id = one.unit_id
WHERE one.id = ANY(%(ids)s)
UNION ALL
SELECT one.id, one.unit_id, home.area_id, %(group)s, %(day)s::date, 1,
  'reclassify_in'
FROM members_membership one JOIN members_unionunit home ON home.id = one.unit_id
WHERE one.id = ANY(%(ids)s)
"""
_END_GROUP = """
UPDATE members_groupmembership SET ended_on = %(day)s
WHERE membership_id = ANY(%(ids)s) AND ended_on IS NULL
"""
_OPEN_GROUP = f"""
INSERT INTO members_groupmembership (id, membership_id, group_id, started_on)
SELECT {NEW_ID_SQL}, one.id, %(group)s, %(day)s FROM unnest(%(ids)s) AS one (id)
"""  # noqa: S608 - a constant
# Each counts again on the day of the change where and as it did before.
_COUNT_BACK = """
SELECT one.id, one.unit_id, home.area_id, one.group_id, row.held_from, -1,
  'correction'
FROM members_bulkrow row JOIN members_membership one ON one.id = row.membership_id
JOIN members_unionunit home ON home.id = one.unit_id
WHERE row.change_id = %(change)s AND row.membership_id = ANY(%(ids)s)
UNION ALL
SELECT row.membership_id, home.id, home.area_id, row.group_was, row.held_from, 1,
  'correction'
FROM members_bulkrow row JOIN members_unionunit home ON home.id = row.unit_was
WHERE row.change_id = %(change)s AND row.membership_id = ANY(%(ids)s)
"""
_GROUP_BACK = """
UPDATE members_membership one SET group_id = row.group_was
FROM members_bulkrow row
WHERE row.change_id = %(change)s AND row.membership_id = one.id AND one.id = ANY(%(ids)s)
"""
_UNIT_BACK = """
UPDATE members_membership one
SET unit_id = row.unit_was, employer_id = COALESCE(firm.merged_into_id, firm.id)
FROM members_bulkrow row LEFT JOIN members_employer firm ON firm.id = row.employer_was
WHERE row.change_id = %(change)s AND row.membership_id = one.id AND one.id = ANY(%(ids)s)
"""
_STEP_MADE = """
UPDATE members_bulkrow row SET made = step.id, held_from = step.day
FROM members_statuschange step
WHERE row.change_id = %(change)s AND row.membership_id = ANY(%(ids)s)
  AND step.membership_id = row.membership_id
  AND step.id = (SELECT last.id FROM members_statuschange last
                 WHERE last.membership_id = row.membership_id ORDER BY last.id DESC LIMIT 1)
"""


def _count_back(portion: Portion) -> None:
    values = {"change": portion.change.pk, "ids": portion.ids}
    movements.write_query(_COUNT_BACK, values)


def _tell(portion: Portion) -> None:
    people = list(portion.rows.order_by().values_list("person_id", flat=True))
    signals.memberships_moved.send(Membership, person_ids=people, by=portion.by)


def _log(portion: Portion, verb: str, fields: list[str]) -> None:
    audit.record_many(
        by=portion.by, verb=verb, model=Membership, moves=[(pk, "", "") for pk in portion.ids],
        reason=portion.reason, fields=fields,
    )  # fmt: skip


class IntoGroup(Kind):
    """Another worker group from a day on; earlier days keep theirs."""

    name = BulkKind.GROUP

    def refusals(self, params: dict[str, Any]) -> Iterable[When]:
        yield When(group_id=params["group"], then=Value(Finding.ALREADY))
        if WorkerGroup.objects.get(pk=params["group"]).needs_plate:
            yield When(vehicle_plate="", then=Value(Finding.PLATE))

    def check(self, by: User, params: dict[str, Any]) -> None:
        check_group(WorkerGroup.objects.get(pk=params["group"]))

    def write(self, portion: Portion) -> None:
        before, after = close_and_open(portion, GROUPS)
        group = portion.params["group"]
        values = {"ids": portion.ids, "day": portion.change.day, "group": group}
        movements.write_query(_RECOUNT_GROUP, values)
        portion.execute(before, _END_GROUP, _OPEN_GROUP, group=group)
        portion.rows.update(group=group)
        portion.execute(after)
        _log(portion, "membership.reclassify", ["group"])
        _tell(portion)

    def take_back(self, portion: Portion) -> None:
        _count_back(portion)
        reopen(portion, GROUPS)
        portion.execute(_GROUP_BACK)
        _log(portion, "membership.put_back", ["group"])
        _tell(portion)

    def touched(self) -> list[When]:
        gone = ~Exists(GroupMembership.objects.filter(pk=OuterRef("made"), ended_on=None))
        return [
            kinds.differs("unit_id", "unit_was"), kinds.newer_movement(),
            When(gone, then=Value(Kept.CHANGED)),
        ]  # fmt: skip


class Standing(Kind):
    """A step between active and retained; the member stays counted."""

    source: MembershipState
    target: MembershipState

    def refusals(self, params: dict[str, Any]) -> Iterable[When]:
        yield When(state=self.target, then=Value(Finding.ALREADY))

    def write(self, portion: Portion) -> None:
        code = portion.params.get("reason_code", "")
        move_all(portion.rows, self.name, by=portion.by, reason=portion.reason)
        self._step(portion, portion.ids, self.name, self.target, code)
        portion.execute(_STEP_MADE)
        _tell(portion)

    def take_back(self, portion: Portion) -> None:
        put_back_all(
            portion.rows, self.source, found=self.target, by=portion.by, reason=portion.reason
        )
        codes: dict[str, list[UUID]] = {}
        rows = portion.change.rows.filter(membership__in=portion.ids).order_by("pk")
        for pk, code in rows.values_list("membership_id", "reason_was"):
            codes.setdefault(code, []).append(pk)
        for code, ids in codes.items():
            self._step(portion, ids, "put_back", self.source, code)
        _tell(portion)

    def _step(
        self, portion: Portion, ids: list[UUID], verb: str, target: MembershipState, code: str
    ) -> None:
        source = self.source if target == self.target else self.target
        history.write_many(
            ids, verb, source, target, by=portion.by, day=portion.change.day,
            reason=portion.reason, reason_code=code,
        )  # fmt: skip

    def touched(self) -> list[When]:
        newer = StatusChange.objects.filter(
            membership=OuterRef("membership_id"), pk__gt=OuterRef("made")
        )
        return [
            When(~Q(membership__state=self.target), then=Value(Kept.CHANGED)),
            When(Exists(newer), then=Value(Kept.CHANGED)),
        ]


class Retain(Standing):
    name = BulkKind.RETAIN
    source, target = MembershipState.ACTIVE, MembershipState.RETAINED

    def check(self, by: User, params: dict[str, Any]) -> None:
        if params["reason_code"] not in RetainReason.values:
            raise Refused(
                _("Say why the membership is retained."), code="retain_reason", field="reason_code"
            )


class Reactivate(Standing):
    name = BulkKind.REACTIVATE
    source, target = MembershipState.RETAINED, MembershipState.ACTIVE

    def touched(self) -> list[When]:
        return [*super().touched(), When(reason_was="", then=Value(Kept.UNKNOWN))]


class IntoUnit(Kind):
    """Another union from a day on; number and seniority stay."""

    name = BulkKind.MOVE

    def refusals(self, params: dict[str, Any]) -> Iterable[When]:
        yield When(unit_id=params["unit"], then=Value(Finding.ALREADY))

    def check(self, by: User, params: dict[str, Any]) -> None:
        require_units(by, Permission.APPROVE_APPLICATION, [UUID(params["unit"])])
        if not units_for(by, "move").filter(pk=params["unit"]).exists():
            raise Refused(
                _("This union does not take members itself. Choose a union below it."),
                code="unit_takes_none", field="unit",
            )  # fmt: skip
        employer = params.get("employer")
        if employer and not Employer.objects.filter(pk=employer, merged_into=None).exists():
            raise Refused(
                _("This employer was merged with its double. Choose the one that was kept."),
                code="employer_merged", field="employer",
            )  # fmt: skip

    def units(self, change: BulkChange) -> set[UUID]:
        origins = change.rows.filter(finding=Finding.FIT).order_by().values_list("unit_was")
        return {UUID(change.params["unit"]), *(one for (one,) in origins.distinct())}

    def write(self, portion: Portion) -> None:
        before, after = close_and_open(portion, AFFILIATIONS)
        portion.execute(before)
        employer = portion.params.get("employer") or None
        transfer_members(
            by=portion.by, memberships=portion.rows,
            unit=UnionUnit.objects.get(pk=portion.params["unit"]),
            employer=Employer.objects.filter(pk=employer).first() if employer else None,
            keeps_employer=employer is None, moved_on=portion.change.day, reason=portion.reason,
        )  # fmt: skip
        portion.execute(after)

    def take_back(self, portion: Portion) -> None:
        _count_back(portion)
        reopen(portion, AFFILIATIONS)
        portion.execute(_UNIT_BACK)
        _log(portion, "membership.put_back", ["unit", "employer"])
        _tell(portion)

    def touched(self) -> list[When]:
        held = Affiliation.objects.filter(pk=OuterRef("made"), ended_on=None)
        same = Q(employer=F("membership__employer")) | Q(employer=None, membership__employer=None)
        gone = ~Exists(held.filter(same))
        taking = UnionUnit.objects.taking_members().filter(is_external=False).order_by()
        return [
            kinds.differs("group_id", "group_was"), kinds.newer_movement(),
            When(gone, then=Value(Kept.CHANGED)),
            When(~Q(unit_was__in=taking.values("pk")), then=Value(Kept.UNIT)),
        ]  # fmt: skip


def register_kinds() -> None:
    """Declare the kinds, in the order they are offered."""
    for kind in (IntoGroup(), Retain(), Reactivate(), IntoUnit()):
        kinds.register(kind)
