"""Write the new rows of a register as people and active memberships, a portion a transaction.

Set-based: each table takes one INSERT … SELECT from the staged rows, in the order of the person's
key, so that two loads never lock crosswise. The batch row remembers the last portion that is in
for good: a worker that was killed goes on with the next one, and nobody is written twice.
"""

from __future__ import annotations

from typing import Any

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import Count

from members import signals
from members.actions import movements
from members.imports import optional, staged, updating
from members.imports.inserting import TABLE, insert
from members.imports.preview import Report
from members.models import (
    Affiliation,
    GroupMembership,
    ImportBatch,
    MemberCertificate,
    Membership,
    MemberVehicle,
    Person,
)
from members.states import Confirmation, ImportState, MembershipState, MovementKind, Source, Verdict
from unionportal.core.actors import label_of
from unionportal.core.models import AuditEvent, User
from unionportal.core.transitions import move

LOCK = "SELECT pg_advisory_xact_lock(hashtext('members.registry'))"
# The memberships this portion wrote: what another door wrote meanwhile is not among them. Looked
# up once for all tables.
_LOADED = f"""
CREATE TEMPORARY TABLE import_loaded ON COMMIT DROP AS
SELECT m.id, m.person_id, m.unit_id, u.area_id, m.employer_id, m.group_id, m.joined_on,
    m.vehicle_plate, m.confirmed_at, s.token
FROM {TABLE} s
JOIN members_membership m ON m.id = s.membership_id
JOIN members_unionunit u ON u.id = m.unit_id
ORDER BY m.id
"""
NEW, MADE = f"FROM {TABLE} s", "FROM import_loaded m"
PERSON = "JOIN members_person p ON p.id_index = s.id_index"

# The units of the portion stay as they are until it is in; one that was dissolved, or
# hung elsewhere since the preview, takes nobody of this import.
_HOLD = f"""
SELECT 1 FROM members_unionunit WHERE id IN (SELECT unit_id FROM {TABLE}) ORDER BY id FOR SHARE
"""
_CLOSED = f"""
WITH closed AS (
    DELETE FROM {TABLE} s USING members_unionunit u
    WHERE u.id = s.unit_id AND (u.status = 'dissolved'
        OR NOT starts_with(u.path, %(path)s)) RETURNING s.number, u.status
)
UPDATE members_importrow r SET verdict = 'held', membership_id = NULL,
    problems = jsonb_build_array(jsonb_build_object('field', 'unit', 'params', jsonb_build_object(),
        'code', CASE closed.status WHEN 'dissolved' THEN 'unit_closed' ELSE 'other_union' END
    )) || r.problems
FROM closed WHERE r.batch_id = %(batch)s AND r.number = closed.number
"""
_CAME_FIRST = """
UPDATE members_importrow r SET verdict = 'known', membership_id = NULL,
    problems = '[{"field": "id_number", "code": "came_first", "params": {}}]'::jsonb || problems
WHERE r.batch_id = %(batch)s AND r.portion = %(portion)s AND r.verdict = 'new'
  AND NOT EXISTS (SELECT 1 FROM members_membership m WHERE m.id = r.membership_id)
"""
_COUNT = f"""
SELECT m.id, m.unit_id, m.area_id, m.group_id, m.joined_on, 1, '{MovementKind.JOIN}' {MADE}
"""
_CONSENT = f"""
INSERT INTO members_consent (id, person_id, purpose, version, given_at, evidence_id)
SELECT m.id, m.person_id, 'membership', %(consent)s, m.confirmed_at, %(evidence)s {MADE}
ON CONFLICT DO NOTHING
"""


def load(*, by: User, batch: ImportBatch, report: Report) -> None:
    """Write every portion of `batch` that is not in yet, then close the import."""
    if batch.state != ImportState.WRITING:
        return
    portions = batch.rows.filter(portion__isnull=False).order_by("portion").values("portion")
    done = 0
    for portion, rows in portions.annotate(rows=Count("pk")).values_list("portion", "rows"):
        done += rows
        if portion > batch.written_to:
            with staged.table(TABLE, staged.WRITTEN):
                _write(by, batch, portion)
            report(done=done)
    _finish(by, batch)


@transaction.atomic
def _write(by: User, batch: ImportBatch, portion: int) -> None:
    """Write one portion and say so, unless another worker has."""
    claimed = ImportBatch.objects.filter(
        pk=batch.pk, state=ImportState.WRITING, written_to=portion - 1
    ).update(written_to=portion)
    if not claimed:
        return
    values = _values(by, batch, portion)
    new = batch.rows.filter(portion=portion, verdict=Verdict.NEW).order_by("number")
    lines = [(line or "").encode() for line in new.values_list("line", flat=True)]
    staged.copy(TABLE, staged.WRITTEN, lines)
    with connection.cursor() as cursor:
        cursor.execute(LOCK)
        cursor.execute("SET LOCAL jit = off")
        if portion == 1:
            cursor.execute("SELECT core_analyze('members_importrow')")
        cursor.execute(f"ANALYZE {TABLE}")
        cursor.execute(_HOLD)
        cursor.execute(_CLOSED, values)
        _write_people(cursor, values)
        written = _write_memberships(cursor, values)
        cursor.execute(_CAME_FIRST, values)
        cursor.execute("DROP TABLE IF EXISTS pg_temp.import_loaded")  # in one long transaction
        cursor.execute(_LOADED)
        _write_history(cursor, values)
        _write_audit(cursor, values, written)
    updating.write(by=by, batch=batch, portion=portion)


def _values(by: User, batch: ImportBatch, portion: int) -> dict[str, Any]:
    has_list = batch.signed_list_id is not None
    return {
        "batch": batch.pk,
        "portion": portion,
        "path": batch.unit.path,
        # Mastered where the unit's own system is: read-only here (`rights.require_units`).
        "source": Source.FEED if batch.unit.is_external else Source.REGISTRY,
        "confirmation": Confirmation.SIGNED_LIST if has_list else Confirmation.NONE,
        "confirmed_at": batch.created_at if has_list else None,
        "evidence": batch.signed_list_id,
        "has_list": has_list,
        "consent": "1",
        "actor": by.pk,
        "label": label_of(by),
    }


def _write_people(cursor: CursorWrapper, values: dict[str, Any]) -> None:
    columns = {
        "id": "s.person_id", "name": "s.name", "name_pinyin": "s.name_pinyin",
        "name_initials": "s.name_initials", "name_grams": "s.name_grams", "id_type": "'citizen'",
        "id_number": "s.id_number_sealed", "id_index": "s.id_index", "id_masked": "s.id_masked",
        "sex": "s.sex", "birth_date": "s.birth_date", "phone": "s.phone_sealed",
        "phone_index": "s.phone_index", "phone_masked": "s.phone_masked",
        "phone_tail": "s.phone_tail",
        "phone_state": "CASE WHEN s.phone_index IS NULL THEN 'none' ELSE 'claimed' END",
        **optional.PERSON_COLUMNS,
    }  # fmt: skip
    insert(cursor, Person, columns, f"{NEW} ORDER BY s.id_index ON CONFLICT DO NOTHING", values)


def _write_memberships(cursor: CursorWrapper, values: dict[str, Any]) -> int:
    columns = {
        "id": "s.membership_id", "person_id": "coalesce(p.merged_into_id, p.id)",
        "state": f"'{MembershipState.ACTIVE}'",
        "member_no": "CASE WHEN s.member_no <> '' THEN s.member_no ELSE 'GH'"
        " || to_char(s.joined_on, 'YYYY')"
        " || lpad(nextval('members_member_number')::text, 8, '0') END",
        "joined_on": "s.joined_on", "unit_id": "s.unit_id", "group_id": "s.group_code",
        "employer_id": "s.employer_id", "vehicle_plate": "s.vehicle_plate",
        "platform_name": "s.platform_name", "source": "%(source)s",
        "confirmation": "%(confirmation)s", "confirmed_at": "%(confirmed_at)s",
        **optional.MEMBERSHIP_COLUMNS,
    }  # fmt: skip
    rest = f"{NEW} {PERSON} ORDER BY s.id_index ON CONFLICT DO NOTHING"
    return insert(cursor, Membership, columns, rest, values)


def _write_history(cursor: CursorWrapper, values: dict[str, Any]) -> None:
    """Write where and what the members are, and count them. One id serves one row a table."""
    stay = {"id": "m.id", "membership_id": "m.id", "started_on": "m.joined_on"}
    place = {"unit_id": "m.unit_id", "employer_id": "m.employer_id", "reason": "'loaded'"}
    insert(cursor, Affiliation, stay | place, MADE, values)
    insert(cursor, GroupMembership, stay | {"group_id": "m.group_id"}, MADE, values)
    movements.write_query(_COUNT, values)
    issued = {"id": "m.id", "membership_id": "m.id", "token": "m.token", "issued_on": "m.joined_on"}
    insert(cursor, MemberCertificate, issued, MADE, values)
    driven = {"id": "m.id", "membership_id": "m.id", "plate": "m.vehicle_plate",
              "started_on": "m.joined_on"}  # fmt: skip
    insert(cursor, MemberVehicle, driven, f"{MADE} WHERE m.vehicle_plate <> ''", values)
    if values["has_list"]:
        cursor.execute(_CONSENT, values)


def _write_audit(cursor: CursorWrapper, values: dict[str, Any], written: int) -> None:
    """Log each membership, and hold the log's count against what was written."""
    event = {
        "actor_id": "%(actor)s", "actor_label": "%(label)s", "verb": "'membership.open'",
        "target_type": "'members.membership'", "target_id": "m.id::text",
        "to_state": f"'{MembershipState.ACTIVE}'",
        "data": "jsonb_build_object('import', %(batch)s::text)",
    }  # fmt: skip
    logged = insert(cursor, AuditEvent, event, MADE, values)
    if logged != written:
        raise RuntimeError(f"{written} memberships written and {logged} found: nothing is kept")


@transaction.atomic
def _finish(by: User, batch: ImportBatch) -> None:
    found = dict(batch.rows.order_by().values_list("verdict").annotate(Count("pk")))
    counts = {verdict.value: found.get(verdict, 0) for verdict in Verdict}
    written = counts[Verdict.NEW] + counts[Verdict.UPDATE]
    batch.refresh_from_db()
    move(batch, "finish", by=by, counts={**batch.counts, **counts, "written": written})
    signals.memberships_loaded.send(ImportBatch, batch=batch, by=by)
