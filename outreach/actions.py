"""Everything that changes a drive."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from members.models import Application, Area, UnionUnit, WorkerGroup
from outreach.models import (
    Drive,
    DriveEnrolment,
    JoinCode,
    KnownJoin,
    PatchAssignment,
    Target,
)
from outreach.queries import RunningDrive, read_drive, running_drives
from outreach.rules import new_code
from outreach.states import DriveState, KnownAs
from unionportal.core import audit
from unionportal.core.actors import SYSTEM, WORKER_SELF, ServiceActor
from unionportal.core.errors import Refused, Stale
from unionportal.core.models import User
from unionportal.core.transitions import move

LARGEST_TARGET = 1_000_000
LONGEST_DRIVE = dt.timedelta(days=366 * 3)


@transaction.atomic
def create_drive(
    *,
    by: User | ServiceActor,
    name: str,
    started_on: dt.date,
    ended_on: dt.date,
    owner: UnionUnit,
    groups: Sequence[WorkerGroup],
    areas: Sequence[Area],
) -> Drive:
    """Write a drive being prepared; `ended_on` is the day after the last.

    Raises `Refused` naming the field for an empty name, an impossible period, no group or area.
    """
    _check_drive(name, started_on, ended_on, groups, areas)
    drive = Drive.objects.create(
        name=name.strip(), started_on=started_on, ended_on=ended_on, owner=owner,
        created_by_id=by.pk,
    )  # fmt: skip
    drive.groups.set(groups)
    drive.areas.set(areas)
    audit.record(
        by=by, verb="drive.create", target=drive, to_state=drive.state,
        data={"groups": len(groups), "areas": len(areas)},
    )  # fmt: skip
    return drive


def _check_drive(
    name: str,
    started_on: dt.date,
    ended_on: dt.date,
    groups: Sequence[WorkerGroup],
    areas: Sequence[Area],
) -> None:
    if not name.strip():
        raise Refused(_("Give the drive a name."), code="no_name", field="name")
    if ended_on <= started_on:
        raise Refused(
            _("The last day is before the first. Choose a later one."),
            code="period", field="last_on",
        )  # fmt: skip
    if ended_on - started_on > LONGEST_DRIVE:
        raise Refused(
            _("A drive lasts three years at most. Choose an earlier last day."),
            code="period", field="last_on",
        )  # fmt: skip
    if not groups:
        raise Refused(_("Choose a group at least."), code="no_group", field="groups")
    if not areas:
        raise Refused(_("Choose an area at least."), code="no_area", field="areas")


@transaction.atomic
def set_targets(
    *,
    by: User | ServiceActor,
    drive: Drive,
    counts: Mapping[tuple[UUID, str], int],
    version: int,
) -> Drive:
    """Replace the targets of `drive` by `counts` {(area id, group code): people}; 0 = no target.

    Raises `Stale` when somebody saved the grid since `version`, `Refused` for a closed drive, a
    cell outside the drive or a count out of range.
    """
    locked = Drive.objects.select_for_update(of=("self",)).get(pk=drive.pk)
    if locked.version != version:
        raise Stale(
            _("Somebody saved the targets in the meantime. Compare with the drive's board first."),
            code="stale",
        )
    if locked.state == DriveState.CLOSED:
        raise Refused(_("The drive has ended; its targets stay as they are."), code="closed")
    _check_cells(locked, counts)
    changed = _write_targets(locked, counts)
    drive.version = locked.version + 1
    Drive.objects.filter(pk=drive.pk).update(version=drive.version)
    audit.record(
        by=by, verb="drive.set_targets", target=drive, fields=["targets"],
        data={"cells": sum(1 for n in counts.values() if n), "changed": changed,
              "people": sum(counts.values())},
    )  # fmt: skip
    return drive


def _check_cells(drive: Drive, counts: Mapping[tuple[UUID, str], int]) -> None:
    areas = set(drive.areas.values_list("pk", flat=True))
    groups = set(drive.groups.values_list("pk", flat=True))
    for (area, group), count in counts.items():
        if area not in areas or group not in groups:
            raise Refused(_("This area or group is not in the drive."), code="outside")
        if not 0 <= count <= LARGEST_TARGET:
            raise Refused(_("A target is a whole number from 0 to 1,000,000."), code="target_range")


def _write_targets(drive: Drive, counts: Mapping[tuple[UUID, str], int]) -> int:
    wanted = {cell: count for cell, count in counts.items() if count}
    present = {(t.area_id, t.group_id): t for t in drive.targets.all()}
    gone = [target.pk for cell, target in present.items() if cell not in wanted]
    Target.objects.filter(pk__in=gone).delete()
    rows = [
        Target(drive=drive, area_id=cell[0], group_id=cell[1], count=count)
        for cell, count in wanted.items()
        if cell not in present or present[cell].count != count
    ]
    Target.objects.bulk_create(
        rows, update_conflicts=True, update_fields=["count"],
        unique_fields=["drive", "area", "group"],
    )  # fmt: skip
    return len(gone) + len(rows)


@transaction.atomic
def open_drive(*, by: User | ServiceActor, drive: Drive) -> Drive:
    """Open a drive being prepared. Raises `Refused` without a target or after its last day."""
    if drive.ended_on <= timezone.localdate():
        raise Refused(
            _("The last day of this drive has passed, so it cannot be opened."), code="over"
        )
    if not drive.targets.exists():
        raise Refused(_("Set a target first, then open the drive."), code="no_target")
    return move(drive, "open", by=by, opened_at=timezone.now())


@transaction.atomic
def close_drive(*, by: User | ServiceActor, drive: Drive) -> Drive:
    """End an open drive: its codes stop working and its patches end at once."""
    return move(drive, "close", by=by, closed_at=timezone.now())


@transaction.atomic
def assign_patches(
    *,
    by: User | ServiceActor,
    officer: User,
    areas: Sequence[Area],
    started_on: dt.date,
    ended_on: dt.date | None,
    drive: Drive | None = None,
) -> list[PatchAssignment]:
    """Let `officer` answer for `areas` (half-open dates); with `drive` only while it runs.

    Raises `Refused` for an impossible period, no area, an area outside the drive, or a patch the
    officer has already in these days.
    """
    _check_patch(areas, started_on, ended_on, drive)
    patches = [
        PatchAssignment(
            drive=drive, officer=officer, area=area, started_on=started_on, ended_on=ended_on
        )
        for area in areas
    ]
    try:
        with transaction.atomic():
            PatchAssignment.objects.bulk_create(patches)
    except IntegrityError as error:
        if "patch_once_per_officer_and_area" not in str(error):
            raise
        raise Refused(
            _("%(officer)s answers for one of these areas in these days already.")
            % {"officer": officer.display_name},
            code="patch_twice", field="areas",
        ) from None  # fmt: skip
    for patch in patches:
        audit.record(
            by=by, verb="patch.assign", target=patch,
            data={"officer": str(officer.pk), "area": str(patch.area_id)},
        )  # fmt: skip
    return patches


def _check_patch(
    areas: Sequence[Area], started_on: dt.date, ended_on: dt.date | None, drive: Drive | None
) -> None:
    if not areas:
        raise Refused(_("Choose an area at least."), code="no_area", field="areas")
    if ended_on is not None and ended_on <= started_on:
        raise Refused(
            _("The last day is before the first. Choose a later one."),
            code="period", field="last_on",
        )  # fmt: skip
    if drive is None:
        return
    if drive.state == DriveState.CLOSED:
        raise Refused(_("The drive has ended; nobody can be assigned to it."), code="closed")
    inside = drive.areas.filter(pk__in=[area.pk for area in areas]).count()
    if inside != len(areas):
        raise Refused(_("This area is not in the drive."), code="outside", field="areas")


@transaction.atomic
def end_patch(*, by: User | ServiceActor, patch: PatchAssignment) -> PatchAssignment:
    """End a patch today: from now on the officer no longer reaches the area through it."""
    locked = PatchAssignment.objects.select_for_update(of=("self",)).get(pk=patch.pk)
    today = timezone.localdate()
    if locked.ended_on is not None and locked.ended_on <= today:
        raise Stale(_("This patch has ended already."), code="stale")
    locked.ended_on = max(today, locked.started_on)
    locked.save(update_fields=["ended_on"])
    audit.record(by=by, verb="patch.end", target=locked, fields=["ended_on"])
    return locked


@transaction.atomic
def add_code(
    *,
    by: User | ServiceActor,
    drive: Drive,
    unit: UnionUnit,
    area: Area,
    place: str,
    expires_on: dt.date,
) -> JoinCode:
    """Make a join code for a poster at `place`; it works through `expires_on`.

    Raises `Refused` for a closed drive, a unit that takes no members, no place, a day out of range.
    """
    _check_code(drive, unit, place, expires_on)
    code = JoinCode.objects.create(
        drive=drive, unit=unit, area=area, place=place.strip(), expires_on=expires_on,
        code=new_code(),
    )  # fmt: skip
    audit.record(
        by=by, verb="joincode.add", target=code,
        data={"drive": str(drive.pk), "unit": str(unit.pk)},
    )  # fmt: skip
    return code


def _check_code(drive: Drive, unit: UnionUnit, place: str, expires_on: dt.date) -> None:
    if drive.state == DriveState.CLOSED:
        raise Refused(_("The drive has ended; it takes no more codes."), code="closed")
    if not unit.takes_members or unit.is_external:
        raise Refused(
            _("This union takes no members itself. Choose one that does."),
            code="unit_takes_none", field="unit",
        )  # fmt: skip
    if not place.strip():
        raise Refused(_("Write where the poster hangs."), code="no_place", field="place")
    if expires_on < timezone.localdate():
        raise Refused(
            _("This day has passed. Choose today or later."), code="expired", field="expires_on"
        )
    if expires_on > drive.last_on:
        raise Refused(
            _("The drive ends before this day. Choose its last day or earlier."),
            code="after_drive", field="expires_on",
        )  # fmt: skip


@transaction.atomic
def stop_code(*, by: User | ServiceActor, code: JoinCode) -> JoinCode:
    """Stop a join code: whoever scans it is told what to do instead."""
    if not JoinCode.objects.filter(pk=code.pk, is_active=True).update(is_active=False):
        raise Stale(_("This code was stopped already."), code="stale")
    code.is_active = False
    audit.record(by=by, verb="joincode.stop", target=code, fields=["is_active"])
    return code


@transaction.atomic
def link_applications(
    *, applications: Sequence[Application], join_code_id: UUID | None = None
) -> list[DriveEnrolment]:
    """Count applications for a drive: the code's, else the latest opened one that fits.

    A drive fits when it runs today, names the group, and has an area that is the application's
    or lies above it. Applications that fit none, or are linked already, stay as they are. The
    number of queries does not grow with the number of applications.
    """
    code = _code_of(join_code_id)
    drives = [read_drive(code.drive)] if code else running_drives(timezone.localdate())
    if not drives:
        return []
    paths = _paths_of(applications)
    rows = [_enrolment(one, paths[one.area_id], drives, code) for one in applications]
    return _write_enrolments([row for row in rows if row is not None])


def _enrolment(
    application: Application, path: str, drives: list[RunningDrive], code: JoinCode | None
) -> DriveEnrolment | None:
    """Return the row that counts `application` for the first drive that fits; None without one."""
    for running in drives:
        area_id = running.area_for(path)
        if code is not None:
            # A poster counts whoever scans it, also somebody of another group or area.
            area_id = area_id or running.area_for(code.area.path) or application.area_id
        elif application.group_id not in running.groups:
            continue
        if area_id is not None:
            return DriveEnrolment(
                application=application, drive=running.drive, join_code=code,
                area_id=area_id, group_id=application.group_id,
            )  # fmt: skip
    return None


def _code_of(join_code_id: UUID | None) -> JoinCode | None:
    if join_code_id is None:
        return None
    codes = JoinCode.objects.select_related("drive", "area")
    code = codes.prefetch_related("drive__areas", "drive__groups").get(pk=join_code_id)
    return code if code.drive.is_running else None


def _paths_of(applications: Sequence[Application]) -> dict[UUID, str]:
    ids = {application.area_id for application in applications}
    return dict(Area.objects.filter(pk__in=ids).order_by().values_list("pk", "path"))


def _write_enrolments(rows: list[DriveEnrolment]) -> list[DriveEnrolment]:
    linked = set(
        DriveEnrolment.objects.filter(
            application_id__in=[row.application_id for row in rows]
        ).values_list("application_id", flat=True)
    )
    new = [row for row in rows if row.application_id not in linked]
    DriveEnrolment.objects.bulk_create(new, batch_size=2_000)
    audit.record_many(
        by=SYSTEM, verb="drive.count", model=DriveEnrolment,
        moves=[(row.pk, "", "counted") for row in new],
    )  # fmt: skip
    return new


@transaction.atomic
def note_known(*, code: JoinCode, client_ref: UUID, known_as: KnownAs, id_index: UUID) -> KnownJoin:
    """Keep for the officers that somebody known scanned `code`; the phone is told nothing."""
    applications = Application.objects.filter(id_index=id_index)
    application = applications.order_by("-submitted_at", "-pk").defer("id_number", "phone").first()
    note, made = KnownJoin.objects.get_or_create(
        client_ref=client_ref,
        defaults={
            "join_code": code,
            "known_as": known_as,
            "application": application,
            "person_id": application.person_id if application else None,
        },
    )
    if made:
        audit.record(
            by=WORKER_SELF, verb="joincode.known", target=note, data={"code": str(code.pk)}
        )
    return note
