"""When an area ends, what is aimed at it goes on in the areas it became."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from uuid import UUID

from django.db.models import F, Q
from django.utils import timezone

from members.models import Area, AreaSuccession
from outreach.models import Drive, DriveEnrolment, JoinCode, PatchAssignment, Target
from outreach.states import DriveState
from unionportal.core import audit
from unionportal.core.actors import ServiceActor
from unionportal.core.models import User

By = User | ServiceActor


def follow_areas(*, by: By, heirs: Mapping[UUID, Area]) -> None:
    """Let drives that are not closed, their codes, and patches go on in what the areas became.

    Targets and those who came in count for the first successor: a drive is one effort, and its
    board shows it in one piece. Whoever answered for the area answers for all its successors from
    the day on. Closed drives and patches that were over stay as they were.
    """
    became = _successors(heirs)
    touched = Drive.areas.through.objects.filter(area_id__in=list(heirs)).values("drive_id")
    drives = Drive.objects.exclude(state=DriveState.CLOSED).filter(pk__in=touched)
    for drive in drives.order_by("pk").select_for_update(of=("self",)):
        _follow_drive(by, drive, heirs, became)
    ended = Area.objects.in_bulk(list(heirs))
    for patch in _patches(heirs):
        _follow_patch(by, patch, ended[patch.area_id].valid_to, became[patch.area_id])


def _successors(heirs: Mapping[UUID, Area]) -> dict[UUID, list[UUID]]:
    found = {old: [heir.pk] for old, heir in heirs.items()}
    rows = AreaSuccession.objects.filter(predecessor__in=list(heirs)).order_by("pk")
    for old, new in rows.values_list("predecessor_id", "successor_id"):
        if new not in found[old]:
            found[old].append(new)
    return found


def _follow_drive(
    by: By, drive: Drive, heirs: Mapping[UUID, Area], became: Mapping[UUID, list[UUID]]
) -> None:
    gone = set(drive.areas.filter(pk__in=list(heirs)).values_list("pk", flat=True))
    drive.areas.add(*(new for old in gone for new in became[old]))
    for old in sorted(gone):
        _move_targets(drive, old, heirs[old].pk)
        for model in (DriveEnrolment, JoinCode):
            model.objects.filter(drive=drive, area_id=old).update(area=heirs[old])
    drive.areas.remove(*gone)
    Drive.objects.filter(pk=drive.pk).update(version=F("version") + 1)
    audit.record(
        by=by, verb="drive.follow_areas", target=drive, fields=["areas", "targets"],
        data={"areas": len(gone)},
    )  # fmt: skip


def _move_targets(drive: Drive, old: UUID, new: UUID) -> None:
    for target in drive.targets.filter(area_id=old):
        grown = drive.targets.filter(area_id=new, group_id=target.group_id)
        if grown.update(count=F("count") + target.count):
            target.delete()
        else:
            Target.objects.filter(pk=target.pk).update(area_id=new)


def _patches(heirs: Mapping[UUID, Area]) -> Iterable[PatchAssignment]:
    today = timezone.localdate()
    rows = PatchAssignment.objects.select_for_update(of=("self",)).filter(area__in=list(heirs))
    lasting = rows.filter(Q(ended_on=None) | Q(ended_on__gt=today))
    return lasting.exclude(drive__state=DriveState.CLOSED).order_by("pk")


def _follow_patch(
    by: By, patch: PatchAssignment, ended_on: dt.date | None, areas: Iterable[UUID]
) -> None:
    day, until = max(ended_on or patch.started_on, patch.started_on), patch.ended_on
    patch.ended_on = day
    patch.save(update_fields=["ended_on"])
    for area in areas:
        for start, end in _gaps(patch, area, day):
            last = min([one for one in (end, until) if one], default=None)
            if last is not None and start >= last:
                continue
            made = PatchAssignment.objects.create(
                drive=patch.drive, officer=patch.officer, area_id=area, started_on=start,
                ended_on=last,
            )  # fmt: skip
            audit.record(
                by=by, verb="patch.follow_area", target=made,
                data={"officer": str(patch.officer_id), "from": str(patch.pk)},
            )  # fmt: skip


def _gaps(
    patch: PatchAssignment, area: UUID, day: dt.date
) -> Iterator[tuple[dt.date, dt.date | None]]:
    """Yield the times from `day` on in which the officer has no patch there."""
    held = PatchAssignment.objects.filter(
        drive=patch.drive, officer=patch.officer, area_id=area
    ).filter(Q(ended_on=None) | Q(ended_on__gt=day))
    for begun, ended in held.order_by("started_on").values_list("started_on", "ended_on"):
        if begun > day:
            yield day, begun
        if ended is None:
            return
        day = max(day, ended)
    yield day, None
