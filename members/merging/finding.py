"""Find pairs of records that may be one person: a few statements over all people.

What is looked at, the strongest first: the same number typed under another kind of document, an
application once sent in under the other's number, name + birth date + phone, and within one
employer the same name or one that sounds the same with another thing in common.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F

from members.actions.candidates import person_index
from members.models import DuplicatePair, Person
from members.models.duplicates import STRENGTH, Evidence
from members.models.people import IdType
from members.states import PairState
from unionportal.core.actors import SYSTEM
from unionportal.core.ids import NEW_ID_SQL
from unionportal.core.jobs import start
from unionportal.core.models import Job
from unionportal.core.transitions import move_all

FIND = "members.find_duplicates"
# One search at a time, whoever asks.
SUBJECT = UUID("01900000-0000-7000-8000-6475706c6963")
# A name that more colleagues share says nothing about any two of them.
COMMON_NAME = 10

# Names are kept with one kind of dot and no spaces (core.identifiers.names); dots are optional.
_KEY = "lower(replace(replace({0}.name, '·', ''), ' ', ''))"
_FOUND = f"""
WITH here AS (
  SELECT id, birth_date, phone_index, name_pinyin, {_KEY.format("one")} AS name
  FROM members_person one WHERE merged_into_id IS NULL AND anonymised_at IS NULL
), working AS (
  SELECT DISTINCT m.employer_id, h.*, count(*) OVER (PARTITION BY m.employer_id, h.name) AS alike
  FROM members_membership m JOIN here h ON h.id = m.person_id
  WHERE m.employer_id IS NOT NULL AND m.state IN ('active', 'retained')
), said AS (
  SELECT a.id AS one, b.id AS other, '{Evidence.NAME_BIRTH_PHONE}' AS code
  FROM here a JOIN here b ON b.phone_index = a.phone_index AND b.birth_date = a.birth_date
   AND b.name = a.name AND a.id < b.id
  UNION ALL
  SELECT p.id, q.id, '{Evidence.EARLIER_NUMBER}'
  FROM members_application ap JOIN here p ON p.id = ap.person_id
  JOIN members_person sent ON sent.id_index = ap.id_index JOIN here q ON q.id = sent.id
  WHERE p.id <> q.id
  UNION ALL
  SELECT a.id, b.id, '{Evidence.NAME_EMPLOYER}'
  FROM working a JOIN working b ON b.employer_id = a.employer_id AND b.name = a.name
   AND a.id < b.id
  WHERE a.alike <= {COMMON_NAME}
  UNION ALL
  SELECT a.id, b.id, '{Evidence.SOUND_EMPLOYER}'
  FROM working a JOIN working b ON b.employer_id = a.employer_id
   AND b.name_pinyin = a.name_pinyin AND a.id < b.id
  WHERE a.name_pinyin <> '' AND b.name <> a.name
    AND (b.birth_date = a.birth_date OR b.phone_index = a.phone_index)
  UNION ALL
  SELECT * FROM unnest(%(ones)s::uuid[], %(others)s::uuid[], %(codes)s::text[])
), pair AS (
  SELECT LEAST(one, other) AS first_id, GREATEST(one, other) AS second_id,
         array_agg(DISTINCT code) AS evidence, max(CASE code {{cases}} END) AS strength
  FROM said GROUP BY 1, 2
)
INSERT INTO members_duplicatepair AS known
       (id, first_id, second_id, evidence, strength, state, note)
SELECT {NEW_ID_SQL}, first_id, second_id, evidence, strength, '{PairState.OPEN}', '' FROM pair
ON CONFLICT (first_id, second_id) DO UPDATE
SET evidence = EXCLUDED.evidence, strength = EXCLUDED.strength
WHERE known.evidence <> EXCLUDED.evidence
RETURNING known.id, xmax = 0
"""  # noqa: S608 - constants of ours, no value from outside


@dataclass(frozen=True)
class Found:
    """How many pairs are new, and how many dismissed ones are open again."""

    new: int
    reopened: int


@transaction.atomic
def find_pairs() -> Found:
    """Look at everybody and write the pairs found; each is stored once, decided ones stay so."""
    same = list(_same_numbers())
    params = {
        "ones": [one for one, _other in same],
        "others": [other for _one, other in same],
        "codes": [str(Evidence.SAME_NUMBER)] * len(same),
    }
    cases = " ".join(f"WHEN '{code}' THEN {strength}" for code, strength in STRENGTH.items())
    with connection.cursor() as cursor:
        cursor.execute(_FOUND.replace("{cases}", cases), params)
        new = sum(is_new for _pk, is_new in cursor.fetchall())
    return Found(new, len(_reopen()))


def _reopen() -> list[Any]:
    rows = DuplicatePair.objects.filter(
        state=PairState.DISMISSED, strength__gt=F("dismissed_strength"),
        first__merged_into=None, second__merged_into=None,
    )  # fmt: skip
    return move_all(rows, "reopen", by=SYSTEM, reason="stronger evidence", decided_at=None)


def _same_numbers() -> Any:
    """Yield pairs of people with one number under two kinds of document.

    The blind index covers the kind, so the number is looked up under the other kinds; whoever is
    not on file by an ID card is few.
    """
    others = Person.objects.exclude(id_type=IdType.CITIZEN).exclude(anonymised_at__isnull=False)
    for person in others.only("id", "id_type", "id_number").iterator(1_000):
        kinds = [kind for kind in IdType.values if kind != person.id_type]
        indexes = [person_index(kind, person.id_number) for kind in kinds]
        for twin in Person.objects.filter(id_index__in=indexes).values_list("pk", flat=True):
            yield person.pk, twin


def look_soon(by: Any = SYSTEM) -> Job:
    """Queue a search; one that waits or runs already is returned."""
    return start(kind=FIND, by=by, subject_id=SUBJECT, result_url="/desk/duplicates/")
