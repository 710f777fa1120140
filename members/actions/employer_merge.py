"""Merge two records of one employer: everything goes to the one that is kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from members.actions.areas import require_area
from members.actions.employers import Count, count_people, derive_union_states, lock
from members.models import (
    ContractEmployer,
    Employer,
    EmployerCoverage,
    EmployerHeadcount,
    EmployerLink,
    EmployerPastArea,
)
from members.models.organisation import Area
from members.signals import employers_merging
from unionportal.core import audit
from unionportal.core.actors import ServiceActor
from unionportal.core.errors import Refused
from unionportal.core.models import User

# Rows with rules of their own; every other table just names the kept employer from now on.
OWN_RULES = (EmployerCoverage, EmployerHeadcount, EmployerLink, EmployerPastArea)


@transaction.atomic
def merge(*, by: User | ServiceActor, keep: Employer, double: Employer, reason: str) -> Employer:
    """Give everything of `double` to `keep` and close `double`; both must be in `by`'s reach.

    The kept one's headcount wins on a day both have one; coverages by one unit are joined. A code
    that only the double has goes over. Raises `Refused` (`same`, `two_codes`), `Stale` when one of
    them was merged before.
    """
    if keep.pk == double.pk:
        raise Refused(_("Choose another employer, not the same."), code="same", field="keep")
    for area in Area.objects.filter(pk__in=[keep.area_id, double.area_id]):
        require_area(by, area)
    first, second = sorted([keep, double], key=lambda one: str(one.pk))
    locked = {one.pk: lock(one, by) for one in (first, second)}
    keep, double = locked[keep.pk], locked[double.pk]
    _refuse_two_codes(keep, double)
    _drop_shared_contracts(keep, double)
    employers_merging.send(Employer, keep=keep, double=double, by=by)
    moved = dict(_repoint(keep, double))
    _join_coverages(keep, double)
    _move_links(keep, double)
    _move_counts(by, keep, double)
    EmployerPastArea.objects.filter(employer=double).delete()
    _close(keep, double)
    for one, other in ((keep, double), (double, keep)):
        data = {"other": str(other.pk), **moved}
        audit.record(by=by, verb="employer.merge", target=one, reason=reason, data=data)
    derive_union_states([keep.pk, double.pk])
    keep.refresh_from_db()
    return keep


def _refuse_two_codes(keep: Employer, double: Employer) -> None:
    if keep.credit_code and double.credit_code:
        raise Refused(
            _("Both have a credit code of their own: two codes are two legal persons."),
            code="two_codes",
            field="keep",
        )


def references() -> Iterator[tuple[Any, str]]:
    """Yield (model, field name) of every foreign key to an employer, hidden ones too."""
    for relation in Employer._meta.get_fields(include_hidden=True):
        if relation.auto_created and not relation.concrete and relation.is_relation:
            yield relation.related_model, relation.field.name  # type: ignore[union-attr]


def _repoint(keep: Employer, double: Employer) -> Iterator[tuple[str, int]]:
    for model, name in references():
        if model not in OWN_RULES:
            rows = model._base_manager.filter(**{name: double}).exclude(pk=keep.pk)
            yield f"{model._meta.model_name}.{name}", rows.update(**{name: keep})


def _drop_shared_contracts(keep: Employer, double: Employer) -> None:
    """Let a contract that names both name the kept one only."""
    shared = ContractEmployer.objects.filter(employer=keep).values("contract")
    ContractEmployer.objects.filter(employer=double, contract__in=shared).delete()


def _join_coverages(keep: Employer, double: Employer) -> None:
    for row in EmployerCoverage.objects.filter(employer=double):
        touching = Q(ended_on=None) | Q(ended_on__gte=row.started_on)
        own = EmployerCoverage.objects.filter(touching, employer=keep, unit=row.unit_id)
        if row.ended_on is not None:
            own = own.filter(started_on__lte=row.ended_on)
        joined = [*own, row]
        if len(joined) == 1:
            EmployerCoverage.objects.filter(pk=row.pk).update(employer=keep)
            continue
        row.delete()
        kept = joined[0]
        own.exclude(pk=kept.pk).delete()
        ends = [one.ended_on for one in joined]
        kept.started_on = min(one.started_on for one in joined)
        kept.ended_on = None if None in ends else max(end for end in ends if end is not None)
        kept.save(update_fields=["started_on", "ended_on"])


def _move_links(keep: Employer, double: Employer) -> None:
    """Give the links over; one that would name the kept one twice, or exists there, goes."""
    for row in EmployerLink.objects.filter(Q(host=double) | Q(affiliate=double)):
        row.host = keep if row.host_id == double.pk else row.host
        row.affiliate = keep if row.affiliate_id == double.pk else row.affiliate
        try:
            with transaction.atomic():
                row.save(update_fields=["host", "affiliate"])
        except IntegrityError:
            EmployerLink.objects.filter(pk=row.pk).delete()


def _move_counts(by: User | ServiceActor, keep: Employer, double: Employer) -> None:
    own = set(EmployerHeadcount.objects.filter(employer=keep).values_list("started_on", flat=True))
    rows = list(EmployerHeadcount.objects.filter(employer=double).order_by("started_on"))
    EmployerHeadcount.objects.filter(employer=double).delete()
    for row in rows:
        if row.started_on not in own:
            count = Count(
                counted_on=row.started_on, employees=row.employees, source=row.source,
                women=row.women, migrants=row.migrants, note=row.note,
            )  # fmt: skip
            count_people(by=by, employer=keep, count=count)


def _close(keep: Employer, double: Employer) -> None:
    code, double.credit_code = double.credit_code, None
    double.is_operating, double.merged_into = False, keep
    double.headcount = double.headcount_on = None
    double.headcount_source = ""
    double.save()
    Employer.objects.filter(pk=keep.pk).update(
        credit_code=keep.credit_code or code,
        is_platform_company=keep.is_platform_company or double.is_platform_company,
        pays_dues=keep.pays_dues or double.pays_dues,
        union_elsewhere=keep.union_elsewhere or double.union_elsewhere,
    )
