"""Collective contracts a union signed, and the employers each one covers (domain.md 8)."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from members.models.bodies import UnitRows
from members.models.organisation import Employer, UnionUnit
from unionportal.core.ids import new_id
from unionportal.core.scope import ScopedQuerySet


class CollectiveContractQuerySet(UnitRows, ScopedQuerySet["CollectiveContract"]):
    pass


class CollectiveContract(models.Model):
    """What talks with employers ended in; one of an area or a trade covers many firms."""

    class Kind(models.TextChoices):
        COLLECTIVE = "collective", _("Collective contract")
        WAGE = "wage", _("Wage contract")
        WOMEN = "women", _("Women's rights contract")
        SAFETY = "safety", _("Safety contract")

    class Reach(models.TextChoices):
        EMPLOYER = "employer", _("One employer")
        AREA = "area", _("Area")
        SECTOR = "sector", _("Trade")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    unit = models.ForeignKey(UnionUnit, on_delete=models.PROTECT, related_name="contracts")
    kind = models.CharField(max_length=10, choices=Kind)
    reach = models.CharField(max_length=8, choices=Reach)
    signed_on = models.DateField()
    valid_to = models.DateField()
    filed_on = models.DateField(null=True, blank=True)
    document_no = models.CharField(max_length=40, blank=True, default="")

    objects = CollectiveContractQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="contract_dates_ordered",
                condition=Q(valid_to__gt=F("signed_on"))
                & (Q(filed_on__isnull=True) | Q(filed_on__gte=F("signed_on"))),
            ),
            models.UniqueConstraint(
                name="contract_once", fields=["unit", "kind", "reach", "signed_on"]
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} contract of {self.unit_id}, {self.signed_on}"


class ContractEmployer(models.Model):
    """An employer that a contract covers, as it was on the day of signing."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    contract = models.ForeignKey(
        CollectiveContract, on_delete=models.PROTECT, related_name="covered"
    )
    employer = models.ForeignKey(Employer, on_delete=models.PROTECT, related_name="contracts")

    class Meta:
        constraints = [
            models.UniqueConstraint(name="contract_covers_once", fields=["contract", "employer"])
        ]

    def __str__(self) -> str:
        return f"{self.contract_id} covers {self.employer_id}"
