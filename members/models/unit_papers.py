"""A unit's papers: legal-person certificate and its filings, replies from above, plaques."""

from __future__ import annotations

from datetime import date, timedelta

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from members.models.bodies import UnitRows
from members.models.organisation import UnionUnit
from unionportal.core.ids import new_id
from unionportal.core.ranges import day_range
from unionportal.core.scope import ScopedQuerySet

# A change of name, address or chair is filed, and a certificate renewed, within this many days.
FILING_DAYS = 30


class LegalPersonCertificateQuerySet(UnitRows, ScopedQuerySet["LegalPersonCertificate"]):
    pass


class LegalPersonCertificate(models.Model):
    """Proof that a union is a legal person of its own; its chair represents it (TUL 15)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    unit = models.ForeignKey(UnionUnit, on_delete=models.PROTECT, related_name="certificates")
    credit_code = models.CharField(max_length=18)
    number = models.CharField(max_length=40, blank=True, default="")
    representative = models.CharField(max_length=50)
    issued_by = models.CharField(max_length=80, blank=True, default="")
    issued_on = models.DateField()
    valid_to = models.DateField()
    ended_on = models.DateField(null=True, blank=True)

    objects = LegalPersonCertificateQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["valid_to"], name="legal_certificate_by_end")]
        constraints = [
            models.CheckConstraint(
                name="legal_certificate_dates_ordered",
                condition=Q(valid_to__gt=F("issued_on"))
                & (Q(ended_on__isnull=True) | Q(ended_on__gte=F("issued_on"))),
            ),
            models.UniqueConstraint(
                name="legal_certificate_one_holder",
                fields=["credit_code"],
                condition=Q(ended_on__isnull=True),
            ),
            ExclusionConstraint(
                name="legal_certificate_one_a_day",
                expressions=[
                    ("unit", RangeOperators.EQUAL),
                    (day_range("issued_on"), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"certificate of {self.unit_id} to {self.valid_to}"

    def is_renewable(self, day: date) -> bool:
        """Whether `day` is in the time before expiry in which it is renewed, or later."""
        return self.ended_on is None and day >= self.valid_to - timedelta(days=FILING_DAYS)


class CertificateFiling(models.Model):
    """A change that the registration body must be told of within 30 days."""

    class What(models.TextChoices):
        NAME = "name", _("Name")
        ADDRESS = "address", _("Address")
        REPRESENTATIVE = "representative", _("Chair")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    certificate = models.ForeignKey(
        LegalPersonCertificate, on_delete=models.PROTECT, related_name="filings"
    )
    what = models.CharField(max_length=16, choices=What)
    happened_on = models.DateField()
    filed_on = models.DateField(null=True, blank=True)
    document_no = models.CharField(max_length=40, blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="filing_after_change",
                condition=Q(filed_on__isnull=True) | Q(filed_on__gte=F("happened_on")),
            )
        ]

    def __str__(self) -> str:
        return f"{self.what} of {self.certificate_id}"

    @property
    def due_on(self) -> date:
        return self.happened_on + timedelta(days=FILING_DAYS)


class UnitReplyQuerySet(UnitRows, ScopedQuerySet["UnitReply"]):
    pass


class UnitReply(models.Model):
    """The upper union's formal answer on a step of the unit, with its document number."""

    class Matter(models.TextChoices):
        SET_UP = "set_up", _("Setting up")
        CONGRESS = "congress", _("Holding the congress")
        RESULT = "result", _("Election result")
        SPLIT = "split", _("Split")
        MERGE = "merge", _("Merger")
        MOVE = "move", _("Move in the tree")
        DISSOLVE = "dissolve", _("Dissolution")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    unit = models.ForeignKey(UnionUnit, on_delete=models.PROTECT, related_name="replies")
    matter = models.CharField(max_length=10, choices=Matter)
    document_no = models.CharField(max_length=40)
    replied_on = models.DateField()
    replied_by = models.CharField(max_length=80, blank=True, default="")

    objects = UnitReplyQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="reply_once", fields=["unit", "matter", "document_no"]),
            models.CheckConstraint(name="reply_has_number", condition=~Q(document_no="")),
        ]

    def __str__(self) -> str:
        return f"{self.matter} {self.document_no}"


class UnitPlaque(models.Model):
    """A sign the unit may put up, such as the model workers' home."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    unit = models.ForeignKey(UnionUnit, on_delete=models.PROTECT, related_name="plaques")
    title = models.CharField(max_length=80)
    number = models.CharField(max_length=40, blank=True, default="")
    granted_by = models.CharField(max_length=80, blank=True, default="")
    granted_on = models.DateField()
    taken_down_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="plaque_dates_ordered",
                condition=Q(taken_down_on__isnull=True) | Q(taken_down_on__gte=F("granted_on")),
            )
        ]

    def __str__(self) -> str:
        return self.title
