"""Record employers, count their people, say which unit covers them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import date
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from members.actions.rights import require_units
from members.models import (
    Area,
    Employer,
    EmployerCoverage,
    EmployerHeadcount,
    EmployerPastArea,
    Industry,
    UnionUnit,
)
from members.queries.employers import version_of
from members.states import MEMBER_KINDS, UnitStatus
from unionportal.core import audit
from unionportal.core.actors import ServiceActor
from unionportal.core.errors import NotAllowed, Refused, Stale
from unionportal.core.models import User
from unionportal.core.roles import Permission

# A union that stands counts for most; then one being founded, here or by the firm's own word.
_DERIVE = """
UPDATE members_employer one SET union_state = CASE
  WHEN held.stands THEN 'unionised'
  WHEN held.is_preparing OR one.is_preparing_union THEN 'preparing'
  WHEN one.union_elsewhere <> '' THEN 'unionised_elsewhere'
  ELSE 'not_unionised' END
FROM (
  SELECT firm.id, bool_or(unit.status = 'established') AS stands,
         bool_or(unit.status = 'preparing') AS is_preparing
  FROM members_employer firm
  LEFT JOIN members_employercoverage cover ON cover.employer_id = firm.id AND cover.ended_on IS NULL
  LEFT JOIN members_unionunit unit ON unit.id = cover.unit_id
  WHERE firm.id = ANY(%s) GROUP BY firm.id
) held
WHERE held.id = one.id
"""


@dataclass(frozen=True, kw_only=True)
class EmployerFacts:
    """What is recorded of an employer; `credit_code` is checked already."""

    name: str
    area: Area
    credit_code: str | None = None
    address: str = ""
    industry: Industry | None = None
    ownership: str = Employer.Ownership.PRIVATE
    is_platform_company: bool = False
    pays_dues: bool = False
    is_operating: bool = True
    is_preparing_union: bool = False
    union_elsewhere: str = ""


@dataclass(frozen=True, kw_only=True)
class Count:
    """How many worked there on a day, by whose count."""

    counted_on: date
    employees: int
    source: str
    women: int | None = None
    migrants: int | None = None
    note: str = ""


def derive_union_states(employer_ids: Iterable[UUID]) -> None:
    """Set the union state of employers from the units that cover them today; one statement."""
    with connection.cursor() as cursor:
        cursor.execute(_DERIVE, [list(employer_ids)])


@transaction.atomic
def record_employer(
    *, by: User | ServiceActor, facts: EmployerFacts, count: Count | None = None
) -> Employer:
    """Record an employer, with a first headcount when there is one.

    Raises `Refused` (`code_known`) when the credit code is taken, `NotAllowed` outside `by`'s
    areas.
    """
    _require_area(by, facts.area)
    _refuse_known_code(facts.credit_code)
    employer = Employer.objects.create(**_values(facts))
    derive_union_states([employer.pk])
    audit.record(by=by, verb="employer.record", target=employer)
    if count is not None:
        count_people(by=by, employer=employer, count=count)
    employer.refresh_from_db()
    return employer


@transaction.atomic
def change_employer(
    *, by: User | ServiceActor, employer: Employer, facts: EmployerFacts, version: str = ""
) -> Employer:
    """Change what is recorded; the area it lay in before stays known for past days.

    Raises `Stale` when it was changed after `version` was shown, `Refused` (`code_known`).
    """
    locked = lock(employer, by)
    _require_area(by, facts.area)
    if version and version != version_of(locked):
        raise Stale(
            _("Somebody changed this employer meanwhile. Look at it again, then change it."),
            code="stale",
        )
    _refuse_known_code(facts.credit_code, but=locked)
    values = _values(facts)
    changed = [name for name, value in values.items() if getattr(locked, name) != value]
    if not changed:
        return locked
    if "area" in changed:
        leave_area([locked.pk], timezone.localdate())
    for name in changed:
        setattr(locked, name, values[name])
    locked.save(update_fields=changed)
    derive_union_states([locked.pk])
    audit.record(by=by, verb="employer.change", target=locked, fields=changed)
    locked.refresh_from_db()
    return locked


def leave_area(employer_ids: Iterable[UUID], day: date) -> None:
    """Remember the present areas of employers as those until `day`; the caller sets new ones."""
    rows = Employer.objects.filter(pk__in=list(employer_ids))
    before = dict(
        EmployerPastArea.objects.filter(employer__in=rows)
        .order_by("ended_on")
        .values_list("employer_id", "ended_on")
    )
    # Twice on one day: the first of the two areas was never in force for a whole day.
    EmployerPastArea.objects.bulk_create(
        EmployerPastArea(
            employer_id=pk, area_id=area, started_on=before.get(pk), ended_on=day
        )
        for pk, area in rows.values_list("pk", "area_id")
        if before.get(pk) is None or before[pk] < day
    )  # fmt: skip


@transaction.atomic
def count_people(*, by: User | ServiceActor, employer: Employer, count: Count) -> EmployerHeadcount:
    """Record a headcount; it is in force until the next one. A second of one day replaces it.

    Raises `Refused`: `future`, `parts` (women or migrant workers above the whole).
    """
    locked = lock(employer, by)
    _check_count(count)
    rows = EmployerHeadcount.objects.filter(employer=locked)
    later = rows.filter(started_on__gt=count.counted_on).order_by("started_on").first()
    values = {
        "employees": count.employees,
        "women": count.women,
        "migrants": count.migrants,
        "source": count.source,
        "note": count.note,
    }
    same = rows.filter(started_on=count.counted_on).first()
    if same is None:
        before = rows.filter(started_on__lt=count.counted_on).order_by("-started_on").first()
        if before is not None:
            before.ended_on = count.counted_on
            before.save(update_fields=["ended_on"])
        made = EmployerHeadcount.objects.create(
            employer=locked,
            started_on=count.counted_on,
            ended_on=later.started_on if later else None,
            **values,
        )
    else:
        rows.filter(pk=same.pk).update(**values)
        made = rows.get(pk=same.pk)
    keep_latest_count(locked)
    data = {"employees": count.employees, "before": same.employees if same else None}
    audit.record(by=by, verb="employer.count", target=locked, data=data)
    return made


def keep_latest_count(employer: Employer) -> None:
    """Copy the latest headcount to the employer's own row, where lists read it."""
    latest = EmployerHeadcount.objects.filter(employer=employer, ended_on=None).first()
    Employer.objects.filter(pk=employer.pk).update(
        headcount=latest.employees if latest else None,
        headcount_on=latest.started_on if latest else None,
        headcount_source=latest.source if latest else "",
    )


def _check_count(count: Count) -> None:
    if count.counted_on > timezone.localdate():
        raise Refused(_("The day cannot be in the future."), code="future", field="counted_on")
    for name, part in (("women", count.women), ("migrants", count.migrants)):
        if part is not None and part > count.employees:
            raise Refused(
                _("More than all employees together. Correct one of the two numbers."),
                code="parts",
                field=name,
            )


@transaction.atomic
def cover(
    *,
    by: User | ServiceActor,
    unit: UnionUnit,
    employer: Employer,
    method: str,
    started_on: date,
) -> EmployerCoverage:
    """Say that `unit` covers `employer` from `started_on`, formed by `method`.

    Raises `Refused`: `future`, `unit_covers_none` (not a unit with members, or dissolved),
    `covered` (it does on some of those days already), `double`.
    """
    require_units(by, Permission.MANAGE_ORGANISATION, [unit.pk])
    locked = _locked(employer)
    if started_on > timezone.localdate():
        raise Refused(_("The day cannot be in the future."), code="future", field="started_on")
    if unit.kind not in MEMBER_KINDS or unit.status == UnitStatus.DISSOLVED:
        raise Refused(
            _("“%(unit)s” covers no employers itself. Choose a union below it.")
            % {"unit": unit.name},
            code="unit_covers_none",
            field="unit",
        )
    known = EmployerCoverage.objects.filter(unit=unit, employer=locked)
    if known.exclude(ended_on__lte=started_on).exists():
        raise Refused(
            _("This union covers the employer already from that day on, or did later."),
            code="covered",
            field="started_on",
        )
    made = EmployerCoverage.objects.create(
        unit=unit, employer=locked, method=method, started_on=started_on
    )
    derive_union_states([locked.pk])
    audit.record(by=by, verb="employer.cover", target=locked, data={"unit": str(unit.pk)})
    return made


@transaction.atomic
def end_coverage(
    *, by: User | ServiceActor, coverage: EmployerCoverage, ended_on: date, reason: str
) -> EmployerCoverage:
    """End a coverage on `ended_on`, the first day it no longer holds.

    Members stay where they are. Raises `Stale` when it has ended, `Refused` (`future`, `order`).
    """
    require_units(by, Permission.MANAGE_ORGANISATION, [coverage.unit_id])
    locked = EmployerCoverage.objects.select_for_update().get(pk=coverage.pk)
    if locked.ended_on is not None:
        raise Stale(_("This coverage has ended already."), code="stale")
    if ended_on > timezone.localdate():
        raise Refused(_("The day cannot be in the future."), code="future", field="ended_on")
    if ended_on <= locked.started_on:
        raise Refused(
            _("It began on %(day)s: the end must be a later day.") % {"day": locked.started_on},
            code="order",
            field="ended_on",
        )
    locked.ended_on = ended_on
    locked.save(update_fields=["ended_on"])
    derive_union_states([locked.employer_id])
    audit.record(
        by=by, verb="employer.uncover", target=locked.employer, reason=reason,
        data={"unit": str(locked.unit_id)},
    )  # fmt: skip
    return locked


def lock(employer: Employer, by: User | ServiceActor) -> Employer:
    """Return the employer's row, locked; `NotAllowed` outside the areas `by` records for."""
    locked = _locked(employer)
    _require_area(by, locked.area)
    return locked


def _locked(employer: Employer) -> Employer:
    locked = Employer.objects.select_for_update(of=("self",)).select_related("area")
    found = locked.get(pk=employer.pk)
    if found.merged_into_id is not None:
        raise Stale(_("This employer was merged into another one. Look there."), code="double")
    return found


def _require_area(by: User | ServiceActor, area: Area) -> None:
    if isinstance(by, ServiceActor):
        return
    if not Area.objects.visible_to(by, Permission.ENROL).filter(pk=area.pk).exists():
        raise NotAllowed(
            _("You cannot record employers in this area. Ask the office it belongs to."),
            code="area_out_of_reach",
        )


def _refuse_known_code(code: str | None, but: Employer | None = None) -> None:
    if not code:
        return
    rows = Employer.objects.filter(credit_code=code)
    if but is not None:
        rows = rows.exclude(pk=but.pk)
    if rows.exists():
        raise Refused(
            _("An employer with this credit code is recorded already."),
            code="code_known",
            field="credit_code",
        )


def _values(facts: EmployerFacts) -> dict[str, Any]:
    values = {field.name: getattr(facts, field.name) for field in fields(facts)}
    return {**values, "credit_code": facts.credit_code or None}
