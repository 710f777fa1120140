"""The verdict on each row, set-based: staged rows in, rows with verdict and reasons out.

Order: what cannot be read is rejected; the same person twice in the file is a duplicate when the
rows agree and held when they do not; then the portal is asked. One statement for a whole file:
narrow keys go through the windows, the wide columns are joined at the end.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import connection
from django.db.backends.utils import CursorWrapper

from members.imports import optional
from members.models import ImportBatch, UnionUnit
from members.states import Verdict
from unionportal.core.models import User
from unionportal.core.roles import Permission

PHONE_SHARED_BY = 3
PORTION = 5_000
TABLE = "import_judged"  # the job's own; see members.imports.staged
# What the portal answers about a person; what lies outside one's reach is never disclosed.
MEMBER_HERE, APPLIED_HERE, NOT_HERE = "member_here", "applied_here", "not_here"

# The rows of one person in the file: each compared with the first of them.
_TOGETHER = f"""
WITH keyed AS (
    SELECT number, id_index, member_no,
        first_value(number) OVER same AS first,
        CASE WHEN name_key <> first_value(name_key) OVER same THEN 'name'
             WHEN phone_index IS DISTINCT FROM first_value(phone_index) OVER same THEN 'phone'
             WHEN group_code <> first_value(group_code) OVER same THEN 'group'
             WHEN unit_id IS DISTINCT FROM first_value(unit_id) OVER same THEN 'unit'
             WHEN joined_on IS DISTINCT FROM first_value(joined_on) OVER same THEN 'joined_on'
             WHEN member_no <> first_value(member_no) OVER same THEN 'member_no'
             WHEN state <> first_value(state) OVER same THEN 'state'
             WHEN employer_id IS DISTINCT FROM first_value(employer_id) OVER same THEN 'employer'
             WHEN vehicle_plate <> first_value(vehicle_plate) OVER same THEN 'vehicle_plate'
             WHEN said <> first_value(said) OVER same THEN 'record' END AS differs
    FROM {TABLE}
    WHERE is_readable AND past IS NULL
    WINDOW same AS (PARTITION BY id_index ORDER BY number)
), together AS (
    SELECT keyed.*,
        min(number) FILTER (WHERE differs IS NOT NULL) OVER person AS other,
        first_value(differs) OVER (PARTITION BY id_index ORDER BY differs IS NULL, number) AS doubt,
        number <> first AS is_later,
        member_no <> '' AND count(*) FILTER (WHERE number = first) OVER (PARTITION BY member_no) > 1
            AS is_number_twice
    FROM keyed WINDOW person AS (PARTITION BY id_index)
), """

# What comes of it: `verdict`, and `reason` as (field, code, params).
_FILE_VERDICT = """
        CASE WHEN is_later AND differs IS NULL THEN 'duplicate'
             WHEN differs IS NOT NULL OR (NOT is_later AND other IS NOT NULL) THEN 'held'
        END AS file_verdict,
        CASE WHEN is_later AND differs IS NULL THEN
                 jsonb_build_object('field', 'id_number', 'code', 'same_row',
                     'params', jsonb_build_object('row', first))
             WHEN differs IS NOT NULL THEN
                 jsonb_build_object('field', differs, 'code', 'other_' || differs,
                     'params', jsonb_build_object('row', first))
             WHEN other IS NOT NULL THEN
                 jsonb_build_object('field', doubt, 'code', 'other_' || doubt,
                     'params', jsonb_build_object('row', other))
        END AS file_reason"""

_ROSTER = f"""
asked AS (
    SELECT together.number, together.id_index, {_FILE_VERDICT},
        CASE WHEN NOT is_later THEN
            CASE WHEN m.unit_id = ANY(%(units)s) THEN '{MEMBER_HERE}'
                 WHEN a.unit_id = ANY(%(units)s) THEN '{APPLIED_HERE}'
                 WHEN m.id IS NOT NULL OR a.id IS NOT NULL THEN '{NOT_HERE}' END
        END AS known
    FROM together
    LEFT JOIN members_person p ON p.id_index = together.id_index
    LEFT JOIN members_membership m ON m.person_id = coalesce(p.merged_into_id, p.id)
        AND m.state IN ('active', 'retained')
    LEFT JOIN members_application a
        ON a.id_index = together.id_index AND a.state IN ('submitted', 'returned')
), judged AS (
    SELECT number,
        coalesce(file_verdict,
            CASE WHEN known = '{NOT_HERE}' THEN 'elsewhere' WHEN known IS NOT NULL THEN 'known' END,
            'new') AS verdict,
        CASE WHEN known IS NULL THEN '[]'::jsonb ELSE jsonb_build_array(jsonb_build_object(
            'field', 'id_number', 'code', known, 'params', jsonb_build_object())) END AS reasons,
        file_reason, NULL::uuid AS membership_id, NULL::int AS portion
    FROM asked
)
"""
# A register: a person's record beside the row. What would rewrite history is held for a person.
_REGISTRY = f"""
asked AS (
    SELECT together.number, together.id_index, {_FILE_VERDICT},
        m.id AS recorded, s.membership_id AS given,
        CASE WHEN is_later THEN NULL
             WHEN is_number_twice THEN 'number_twice'
             WHEN m.id IS NOT NULL AND m.unit_id <> s.unit_id THEN 'other_union'
             WHEN p.stopped_at IS NOT NULL OR p.anonymised_at IS NOT NULL THEN 'stopped'
             WHEN m.id IS NULL AND s.state NOT IN ('', 'active') THEN 'not_active'
             WHEN m.id IS NULL AND s.line IS NULL THEN 'other_document'
             WHEN m.id IS NULL AND a.id IS NOT NULL THEN 'decide_first'
             WHEN m.id IS NULL AND taken.id IS NOT NULL THEN 'number_taken'
             WHEN m.id IS NULL AND EXISTS (
                 SELECT 1 FROM members_membership earlier
                 WHERE earlier.person_id = p.id AND earlier.state <> 'annulled'
                   AND earlier.ended_on > s.joined_on) THEN 'member_then'
             WHEN m.id IS NULL THEN NULL
             WHEN s.member_no NOT IN ('', m.member_no) THEN 'recorded_number'
             WHEN m.joined_on <> s.joined_on THEN 'recorded_day'
             WHEN m.group_id <> s.group_code THEN 'recorded_group'
             WHEN s.state NOT IN ('', m.state) THEN 'recorded_state'
             WHEN s.said ->> 'sex' NOT IN ('0', '9', p.sex::text) THEN 'recorded_sex'
             WHEN s.said ->> 'birth_date' <> p.birth_date::text THEN 'recorded_birth'
        END AS obstacle,
        CASE WHEN s.phone_index <> p.phone_index AND p.phone_state = 'verified' AND NOT is_later
            THEN '[{{"field": "phone", "code": "verified_stays", "params": {{}}}}]'::jsonb
            ELSE '[]'::jsonb END AS left_alone,
        CASE WHEN m.id IS NULL OR is_later THEN '[]'::jsonb ELSE
            CASE WHEN p.name = s.name THEN '[]'::jsonb ELSE
                '[{{"field": "name", "code": "changes", "params": {{}}}}]'::jsonb END
            || CASE WHEN s.phone_index IS NULL OR s.phone_index = p.phone_index
                      OR p.phone_state = 'verified' THEN '[]'::jsonb ELSE
                jsonb_build_array(jsonb_build_object('field', 'phone', 'code', 'changes_to',
                    'params', jsonb_build_object('was', coalesce(nullif(p.phone_masked, ''), '—'),
                                                 'now', s.phone_masked))) END
            || CASE WHEN s.vehicle_plate IN ('', m.vehicle_plate) THEN '[]'::jsonb ELSE
                '[{{"field": "vehicle_plate", "code": "changes", "params": {{}}}}]'::jsonb END
            || CASE WHEN s.platform_name IN ('', m.platform_name) THEN '[]'::jsonb ELSE
                '[{{"field": "platform_name", "code": "changes", "params": {{}}}}]'::jsonb END
            || CASE WHEN s.employer_id IS NULL OR s.employer_id = m.employer_id
                THEN '[]'::jsonb ELSE
                '[{{"field": "employer", "code": "changes", "params": {{}}}}]'::jsonb END
            || CASE WHEN s.said = '{{}}' THEN '[]'::jsonb ELSE coalesce((
                SELECT jsonb_agg(jsonb_build_object(
                    'field', told.key, 'code', 'changes', 'params', jsonb_build_object()))
                FROM jsonb_each_text(s.said) told
                WHERE told.key NOT IN ('sex', 'birth_date')
                  AND told.value IS DISTINCT FROM {optional.RECORDED} ->> told.key
                ), '[]'::jsonb) END
        END AS changes
    FROM together
    JOIN {TABLE} s ON s.number = together.number
    LEFT JOIN members_person found ON found.id_index = together.id_index
    LEFT JOIN members_person p ON p.id = coalesce(found.merged_into_id, found.id)
    LEFT JOIN members_membership m ON m.person_id = p.id
        AND m.state IN ('active', 'retained')
    LEFT JOIN members_application a
        ON a.id_index = together.id_index AND a.state IN ('submitted', 'returned')
    LEFT JOIN members_membership taken ON s.member_no <> ''
        AND taken.member_no = s.member_no AND taken.state <> 'annulled'
), ruled AS (
    SELECT asked.*,
        coalesce(file_verdict,
            CASE WHEN obstacle = 'stopped' AND recorded IS NOT NULL AND changes = '[]'::jsonb
                     THEN 'unchanged'
                 WHEN obstacle = 'other_union' THEN 'elsewhere'
                 WHEN obstacle IS NOT NULL THEN 'held'
                 WHEN recorded IS NULL THEN 'new'
                 WHEN changes <> '[]'::jsonb THEN 'update' ELSE 'unchanged' END) AS verdict
    FROM asked
), judged AS (
    SELECT ruled.number, verdict, file_reason,
        CASE WHEN obstacle IS NOT NULL AND verdict <> 'unchanged'
                 THEN jsonb_build_array(jsonb_build_object(
                 'field', CASE WHEN obstacle LIKE '%%number%%' THEN 'member_no'
                               WHEN obstacle IN ('not_active', 'recorded_state') THEN 'state'
                               WHEN obstacle = 'recorded_sex' THEN 'sex'
                               WHEN obstacle = 'recorded_birth' THEN 'birth_date'
                               WHEN obstacle = 'other_document' THEN 'id_type'
                               WHEN obstacle = 'recorded_day' THEN 'joined_on'
                               WHEN obstacle = 'recorded_group' THEN 'group'
                               WHEN obstacle = 'other_union' THEN 'unit' ELSE 'id_number' END,
                 'code', obstacle, 'params', jsonb_build_object()))
             WHEN verdict IN ('update', 'unchanged') THEN changes || left_alone
             ELSE '[]'::jsonb END AS reasons,
        coalesce(recorded, CASE WHEN verdict = 'new' THEN given END) AS membership_id,
        CASE WHEN verdict IN ('new', 'update') THEN 1 + (row_number() OVER (
            PARTITION BY verdict IN ('new', 'update') ORDER BY ruled.id_index) - 1) / %(size)s
        END AS portion
    FROM ruled
)
"""

_KEEP = f"""
INSERT INTO members_importrow (batch_id, number, verdict, problems, typed, cleaned, line, id_index,
    name_masked, id_masked, membership_id, portion, kept_because)
SELECT %(batch)s, s.number, coalesce(judged.verdict, s.past, 'rejected'),
    CASE WHEN s.past = 'held' THEN
        '[{{"field": "member_no", "code": "has_ended", "params": {{}}}}]'::jsonb
        ELSE '[]'::jsonb END ||
    CASE WHEN judged.file_reason IS NULL THEN '[]'::jsonb
         ELSE jsonb_build_array(judged.file_reason) END
        || coalesce(judged.reasons, '[]'::jsonb) || s.problems,
    s.typed, s.cleaned, CASE WHEN judged.verdict = 'new' THEN s.line END,
    s.id_index, s.name_masked, s.id_masked, judged.membership_id, judged.portion, ''
FROM {TABLE} s LEFT JOIN judged ON judged.number = s.number
"""

# A row without an ID number is found by its member number, when what it shows fits the record.
_RECOGNISE = f"""
UPDATE {TABLE} s SET id_index = p.id_index
FROM members_membership m
JOIN members_unionunit u ON u.id = m.unit_id
JOIN members_person p ON p.id = m.person_id
WHERE s.is_readable AND s.id_index IS NULL AND m.member_no = s.member_no
  AND (m.state <> 'annulled' OR s.state = 'annulled') AND starts_with(u.path, %(path)s)
  AND CASE WHEN s.id_masked = '' THEN s.name = p.name ELSE s.id_masked = p.id_masked END
"""
_REFUSE = f"""
UPDATE {TABLE} SET is_readable = FALSE, problems =
    '[{{"field": "id_number", "code": "not_recognised", "params": {{}}}}]'::jsonb || problems
WHERE is_readable AND id_index IS NULL
"""
# A row that is a membership which has ended: not that of today, if there is one.
_SET_ASIDE = f"""
UPDATE {TABLE} s SET past = CASE WHEN s.state = m.state THEN 'unchanged' ELSE 'held' END
FROM members_membership m, members_person found
WHERE s.is_readable AND s.member_no <> '' AND m.member_no = s.member_no
  AND found.id_index = s.id_index AND m.person_id = coalesce(found.merged_into_id, found.id)
  AND m.state NOT IN ('active', 'retained') AND m.joined_on = s.joined_on
  AND (s.state = m.state OR (s.state = '' AND m.state <> 'annulled'))
"""
_SHARED_PHONES = f"""
SELECT array_agg(number ORDER BY number) FROM (
    SELECT DISTINCT ON (id_index) number, phone_index
    FROM {TABLE}
    WHERE is_readable AND phone_index IS NOT NULL
    ORDER BY id_index, number
) AS firsts
GROUP BY phone_index HAVING count(*) > {PHONE_SHARED_BY}
"""


def reachable_units(user: User) -> list[UUID]:
    """Return the units `user` enrols for; somebody outside them is not told about."""
    reached = UnionUnit.objects.visible_to(user, Permission.ENROL).order_by()
    return list(reached.values_list("pk", flat=True))


def judge(batch: ImportBatch) -> dict[str, int]:
    """Write the rows of `batch` with their verdicts; return how many of each."""
    values: dict[str, Any] = {"batch": batch.pk, "size": PORTION}
    if batch.is_registry:
        statement = _TOGETHER + _REGISTRY + _KEEP
    else:
        statement = _TOGETHER + _ROSTER + _KEEP
        values["units"] = reachable_units(batch.created_by)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL work_mem = '64MB'")
        cursor.execute("SET LOCAL jit = off")  # compiling took five times the work
        cursor.execute(f"ANALYZE {TABLE}")
        if batch.is_registry:
            _recognise(cursor, batch)
        cursor.execute(statement, values)
        cursor.execute(
            "SELECT verdict, count(*) FROM members_importrow WHERE batch_id = %s GROUP BY 1",
            [batch.pk],
        )
        found = dict(cursor.fetchall())
    return {verdict.value: found.get(verdict.value, 0) for verdict in Verdict}


def _recognise(cursor: CursorWrapper, batch: ImportBatch) -> None:
    """Find whom rows mean that hold no full ID number, and what is recorded just so."""
    cursor.execute(_RECOGNISE, {"path": batch.unit.path})
    cursor.execute(_REFUSE)
    cursor.execute(_SET_ASIDE)
    optional.leave_known_addresses(TABLE)


def shared_phones() -> list[list[int]]:
    """Return the row numbers of each phone that stands for more than three people."""
    with connection.cursor() as cursor:
        cursor.execute(_SHARED_PHONES)
        return sorted(row[0] for row in cursor.fetchall())
