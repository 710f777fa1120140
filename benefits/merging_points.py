"""Points of two records that are one person: the survivor gets them, by rows that say so."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from benefits.models import PointsBalance, PointsMove, PointsMovement
from members.merging.log import CHANGED, Data, Log, Undoing, undoes
from members.merging.registry import Case, How, Item, Kind, Link, Told, register, register_part

if TYPE_CHECKING:
    from members.models import Person
    from unionportal.core.actors import ServiceActor
    from unionportal.core.models import User


def points_of(person_id: UUID) -> int:
    """Return a person's points."""
    row = PointsBalance.objects.filter(person=person_id).first()
    return row.balance if row else 0


class PointsPart:
    """One balance for a person."""

    def tell(self, person: Person) -> Iterable[Told]:
        if points := points_of(person.pk):
            yield Told(_("Points"), str(points))

    def look(self, case: Case) -> Iterable[Item]:
        if points := points_of(case.merged.pk):
            yield Item(Kind.MOVES, _("Points"), count=points)

    def apply(self, case: Case, log: Log, by: User | ServiceActor) -> None:
        if points := points_of(case.merged.pk):
            _carry(case.merged.pk, case.survivor.pk, points, by)
            balance = PointsBalance(pk=case.merged.pk)
            log.add("benefits.points", balance, to=str(case.survivor.pk), points=points)


def _carry(source: UUID, target: UUID, points: int, by: User | ServiceActor) -> None:
    for person, delta in ((source, -points), (target, points)):
        PointsMovement.objects.create(
            person_id=person, delta=delta, kind=PointsMove.MERGED, moved_by_id=by.pk
        )


@undoes("benefits.points")
def _carry_back(entry: Data, undoing: Undoing) -> str:
    """Give the points back, unless they were spent meanwhile."""
    if points_of(entry["to"]) < entry["points"]:
        return CHANGED
    _carry(entry["to"], entry["id"], entry["points"], undoing.by)
    return ""


def register_links() -> None:
    """Say what becomes of points and goods of the record that goes."""
    register_part(_part)
    register(
        Link(column="benefits.PointsBalance.person", how=How.PART, why="one balance"),
        Link(column="benefits.PointsMovement.person", how=How.STAYS, why="it tells what was"),
        Link(
            column="benefits.HandOut.person",
            how=How.MOVES,
            name=gettext_lazy("Exchanged for goods"),
        ),
    )


_part = PointsPart()
