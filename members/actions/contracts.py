"""Collective contracts: recorded with the firms they cover, filed with the labour office."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from members.actions.bodies import years_after
from members.actions.rights import require_units
from members.actions.structure import refuse_future
from members.models import (
    CollectiveContract,
    ContractEmployer,
    Employer,
    EmployerCoverage,
    UnionUnit,
)
from members.states import UnitStatus
from unionportal.core import audit
from unionportal.core.actors import ServiceActor
from unionportal.core.errors import Refused, Stale
from unionportal.core.models import User
from unionportal.core.roles import Permission

# Wage contracts hold for one to three years (domain.md 8); the others by the same measure.
LONGEST_YEARS = 3


@dataclass(frozen=True, kw_only=True)
class Signed:
    """What a collective contract says."""

    kind: str
    reach: str
    signed_on: date
    valid_to: date
    filed_on: date | None = None
    document_no: str = ""


@transaction.atomic
def record_contract(
    *, by: User | ServiceActor, unit: UnionUnit, signed: Signed
) -> CollectiveContract:
    """Record a contract with the firms the unit covered on the day of signing.

    A contract of an area or a trade also covers the firms of the units below. Raises `Refused`
    (`future`, `validity`, `filed_early`, `contract_known`, `no_employer`, `many_employers`),
    `Stale` for a dissolved unit. Source: labour law 34, domain.md section 8.
    """
    require_units(by, Permission.KEEP_UNIT_RECORDS, [unit.pk])
    _check_days(signed)
    locked = UnionUnit.objects.select_for_update(of=("self",)).get(pk=unit.pk)
    if locked.status == UnitStatus.DISSOLVED:
        raise Stale(_("This unit is dissolved. Look again before you act."), code="stale")
    same = CollectiveContract.objects.filter(
        unit=locked, kind=signed.kind, reach=signed.reach, signed_on=signed.signed_on
    )
    if same.exists():
        raise Refused(
            _("This contract is recorded already."), code="contract_known", field="signed_on"
        )
    firms = _covered(locked, signed)
    contract = CollectiveContract.objects.create(unit=locked, **vars(signed))
    ContractEmployer.objects.bulk_create(
        [ContractEmployer(contract=contract, employer_id=pk) for pk in firms], batch_size=1_000
    )
    audit.record(
        by=by, verb="unit.record_contract", target=locked,
        data={"kind": signed.kind, "employers": len(firms)},
    )  # fmt: skip
    return contract


@transaction.atomic
def file_contract(
    *, by: User | ServiceActor, contract: CollectiveContract, filed_on: date
) -> CollectiveContract:
    """Record that the labour office has got the contract. Raises `Refused` (`future`, `filed`)."""
    require_units(by, Permission.KEEP_UNIT_RECORDS, [contract.unit_id])
    refuse_future(filed_on, "filed_on")
    held = CollectiveContract.objects.select_for_update().get(pk=contract.pk)
    if held.filed_on is not None:
        raise Refused(_("The filing is recorded already."), code="filed", field="filed_on")
    _check_filing(held.signed_on, filed_on)
    held.filed_on = filed_on
    held.save(update_fields=["filed_on"])
    audit.record(by=by, verb="unit.file_contract", target=contract.unit, fields=["filed_on"])
    return held


def _check_days(signed: Signed) -> None:
    refuse_future(signed.signed_on, "signed_on")
    if not signed.signed_on < signed.valid_to <= years_after(signed.signed_on, LONGEST_YEARS):
        raise Refused(
            _("A collective contract holds for at most %(years)d years from the day it was signed.")
            % {"years": LONGEST_YEARS},
            code="validity",
            field="valid_to",
        )
    if signed.filed_on is not None:
        refuse_future(signed.filed_on, "filed_on")
        _check_filing(signed.signed_on, signed.filed_on)


def _check_filing(signed_on: date, filed_on: date) -> None:
    if filed_on < signed_on:
        raise Refused(
            _("It cannot be filed before it was signed."), code="filed_early", field="filed_on"
        )


def _covered(unit: UnionUnit, signed: Signed) -> list[UUID]:
    """Return the ids of the firms that the contract covers on its day."""
    one = signed.reach == CollectiveContract.Reach.EMPLOYER
    on_day = Q(started_on__lte=signed.signed_on) & (
        Q(ended_on__isnull=True) | Q(ended_on__gt=signed.signed_on)
    )
    here = Q(unit=unit) if one else Q(unit__path__startswith=unit.path)
    coverages = EmployerCoverage.objects.filter(on_day & here).order_by().values("employer")
    firms: QuerySet[Employer] = Employer.objects.filter(pk__in=coverages)
    found: list[UUID] = list(firms.order_by("pk").values_list("pk", flat=True))
    if not found:
        raise Refused(
            _("The union covered no employer on that day. Record the employer first."),
            code="no_employer",
        )
    if one and len(found) > 1:
        raise Refused(
            _("This union covers several employers: choose an area or a trade."),
            code="many_employers",
            field="reach",
        )
    return found
