"""Take a whole import back: what it wrote is reversed, what was touched since is kept and named.

Rows go in their order, 500 a transaction; the batch row remembers the last one, so a worker that
was killed goes on behind it.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from members import signals
from members.actions import movements
from members.imports import updating
from members.imports.preview import Report
from members.models import (
    Affiliation,
    Application,
    GroupMembership,
    ImportBatch,
    ImportRow,
    Membership,
    MemberVehicle,
    StatusChange,
)
from members.states import (
    OPEN_APPLICATION,
    ApplicationState,
    ImportState,
    MembershipState,
    MovementKind,
    Verdict,
)
from unionportal.core.models import AuditEvent, User
from unionportal.core.transitions import move, move_all

CHUNK = 500
REASON = "import undone"
# Verbs of the import itself: anything else on a membership or its person is a change since.
OWN_VERB = "membership.open"
# Each is counted in its own day again, the other way; the months' joins come along.
_UNCOUNT = f"""
SELECT membership_id, unit_id, area_id, group_id, day, -delta, '{MovementKind.ANNUL}'
FROM members_movement WHERE membership_id = ANY(%(memberships)s) ORDER BY id
"""
_UNJOIN = f"""
UPDATE members_monthlyflow AS flow SET joined = flow.joined - gone.count
FROM (
    SELECT area_id, group_id, date_trunc('month', day)::date AS month, count(*)
    FROM members_movement
    WHERE membership_id = ANY(%(memberships)s) AND kind = '{MovementKind.JOIN}'
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
) AS gone
WHERE flow.area_id IS NOT DISTINCT FROM gone.area_id AND flow.group_id = gone.group_id
  AND flow.month = gone.month
"""
WRITTEN = Q(application__isnull=False) | Q(
    membership_id__isnull=False, verdict__in=[Verdict.NEW, Verdict.UPDATE]
)


def undo(*, by: User, batch: ImportBatch, report: Report) -> None:
    """Reverse every row of `batch` that is not reversed yet, then close the undo."""
    if batch.state != ImportState.UNDOING:
        return
    written = batch.rows.filter(WRITTEN)
    while (last := _undo_rows(by, batch)) is not None:
        report(done=written.filter(number__lte=last).count())
    _finish(by, batch)


@transaction.atomic
def _undo_rows(by: User, batch: ImportBatch) -> int | None:
    """Reverse the next rows; return the number of the last, None when there is none left."""
    locked = ImportBatch.objects.select_for_update(no_key=True, of=("self",)).get(pk=batch.pk)
    if locked.state != ImportState.UNDOING:
        return None
    waiting = batch.rows.filter(WRITTEN, number__gt=locked.undone_to).order_by("number")
    rows = list(waiting.defer("typed", "line")[:CHUNK])
    if not rows:
        return None
    _withdraw(by, [row for row in rows if row.application_id])
    _annul(by, batch, [row for row in rows if row.verdict == Verdict.NEW and row.membership_id])
    _put_back(by, batch, [row for row in rows if row.verdict == Verdict.UPDATE])
    ImportRow.objects.bulk_update([row for row in rows if row.kept_because], ["kept_because"])
    ImportBatch.objects.filter(pk=batch.pk).update(undone_to=rows[-1].number)
    return rows[-1].number


def _withdraw(by: User, rows: list[ImportRow]) -> None:
    """Withdraw the applications that nobody has decided."""
    found = Application.objects.select_for_update(of=("self",)).filter(import_row__in=rows)
    states = dict(found.order_by("pk").values_list("import_row__pk", "state"))
    for row in rows:
        state = ApplicationState(states[row.pk])
        if state not in OPEN_APPLICATION:
            is_approved = state == ApplicationState.APPROVED
            row.kept_because = "approved_since" if is_approved else "decided_since"
    free = Application.objects.filter(import_row__in=[row for row in rows if not row.kept_because])
    move_all(free, "withdraw", by=by, closed_at=timezone.now())
    for application in free.select_related("unit", "group").defer("id_number", "phone"):
        signals.application_closed.send(Application, application=application)


def _annul(by: User, batch: ImportBatch, rows: list[ImportRow]) -> None:
    """Annul the memberships that stand as they were loaded: they were never counted."""
    ids = [row.membership_id for row in rows if row.membership_id]
    found = Membership.objects.select_for_update(of=("self",)).filter(pk__in=ids).order_by("pk")
    standing = {row.pk: row for row in found.only("state", "unit", "group", "person")}
    objections = _objections(batch, list(standing.values()))
    for row in rows:
        membership = standing[row.membership_id]  # type: ignore[index]
        if membership.state != MembershipState.ACTIVE:
            row.kept_because = "ended_since"
        else:
            row.kept_because = objections.get(membership.pk, "")
    free = [row.membership_id for row in rows if row.membership_id and not row.kept_because]
    today = timezone.localdate()
    move_all(Membership.objects.filter(pk__in=free), "annul", by=by, reason=REASON, ended_on=today)
    movements.write_query(_UNCOUNT, {"memberships": free})
    with connection.cursor() as cursor:
        cursor.execute(_UNJOIN, {"memberships": free})
    for model in (Affiliation, GroupMembership, MemberVehicle):
        model.objects.filter(membership_id__in=free, ended_on=None).update(ended_on=today)
    StatusChange.objects.bulk_create(
        StatusChange(
            membership_id=pk,
            verb="annul",
            from_state=MembershipState.ACTIVE,
            to_state=MembershipState.ANNULLED,
            day=today,
            reason=REASON,
            recorded_by=by,
        )
        for pk in free
    )


def _objections(batch: ImportBatch, memberships: list[Membership]) -> dict[UUID, str]:
    """Return why memberships are not to be annulled: touched since, or something hangs on them."""
    found = dict.fromkeys(_touched(batch, memberships), "changed_since")
    for _receiver, answer in signals.annulment_asked.send(ImportBatch, memberships=memberships):
        found |= answer or {}
    return found


def _touched(batch: ImportBatch, memberships: Iterable[Membership]) -> set[UUID]:
    """Return the memberships on which, or on whose people, somebody acted after the import."""
    owners = {str(one.pk): one.pk for one in memberships}
    people = defaultdict(list)  # after a merge several are one person's
    for one in memberships:
        people[str(one.person_id)].append(one.pk)
    since = AuditEvent.objects.filter(at__gte=batch.confirmed_at).exclude(verb=OWN_VERB)
    on_members = since.filter(target_type="members.membership", target_id__in=owners)
    on_people = since.filter(target_type="members.person", target_id__in=people)
    return {
        *(owners[pk] for pk in on_members.values_list("target_id", flat=True)),
        *(pk for key in on_people.values_list("target_id", flat=True) for pk in people[key]),
    }


def _put_back(by: User, batch: ImportBatch, rows: list[ImportRow]) -> None:
    """Put the replaced values back where nobody changed them since."""
    found = Membership.objects.select_for_update(of=("self", "person")).filter(
        pk__in=[row.membership_id for row in rows]
    )
    memberships = {one.pk: one for one in found.select_related("person", "unit").order_by("pk")}
    changed, opened = [], []
    for row in rows:
        membership = memberships[row.membership_id]  # type: ignore[index]
        if not row.cleaned:
            row.kept_because = "emptied_since"
            continue
        before, after = json.loads(row.before or "{}"), json.loads(row.cleaned)
        is_ours = not updating.why_not(batch, membership)
        if is_ours and updating.put_back(membership, before, after):
            changed.append(membership)
            opened.append(updating.vehicle_id(row))
        else:
            row.kept_because = "changed_since"
    opened_here = MemberVehicle.objects.filter(pk__in=opened, ended_on=None)
    opened_here.update(ended_on=timezone.localdate())
    if changed:
        updating.save(changed, by=by, verb="membership.put_back")


@transaction.atomic
def _finish(by: User, batch: ImportBatch) -> None:
    batch.refresh_from_db()
    if batch.state != ImportState.UNDOING:
        return
    written = batch.rows.filter(WRITTEN)
    kept = written.exclude(kept_because="").count()
    counts = {**batch.counts, "kept": kept, "put_back": written.count() - kept}
    move(batch, "finish_undo", by=by, counts=counts)
    if batch.is_registry:
        signals.memberships_unloaded.send(ImportBatch, batch=batch, by=by)
