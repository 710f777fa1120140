"""Code lists of the real-name record (domain.md 2.2): national standards and our own choices."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from members.models.organisation import CodeList


class Ethnicity(CodeList):
    """GB/T 3304-1991, with 97 and 98 as identity documents use them."""

    code = models.CharField(max_length=2, primary_key=True)
    letters = models.CharField(max_length=2, blank=True, default="")

    class Meta:
        ordering = ["code"]


class PoliticalAffiliation(CodeList):
    """GB/T 4762-1984."""

    code = models.CharField(max_length=2, primary_key=True)

    class Meta:
        ordering = ["code"]


class Education(CodeList):
    """GB/T 4658-2006. `is_level` marks the levels that forms offer; files may say more."""

    code = models.CharField(max_length=2, primary_key=True)
    is_level = models.BooleanField(default=False)

    class Meta:
        ordering = ["code"]


class HouseholdType(models.TextChoices):
    RURAL = "rural", _("Rural household")
    URBAN = "urban", _("Urban household")
    RESIDENT = "resident", _("Resident household (not divided)")


class EmploymentForm(models.TextChoices):
    REGULAR = "regular", _("Labour contract")
    DISPATCH = "dispatch", _("Sent by an agency")
    PART_TIME = "part_time", _("Part-time")
    FLEXIBLE = "flexible", _("Flexible work")
    PLATFORM = "platform", _("Platform work")
    OTHER = "other", pgettext_lazy("form of employment", "Other")


class EmploymentStatus(models.TextChoices):
    EMPLOYED = "employed", _("In work")
    LEAVE = "leave", _("On long leave")
    UNEMPLOYED = "unemployed", _("Out of work")
    RETIRED = "retired", _("Retired")
    ARMY = "army", _("In the army")


class SkillLevel(models.IntegerChoices):
    """The five national grades of skilled workers."""

    CHIEF_TECHNICIAN = 1, _("Grade 1: senior technician")
    TECHNICIAN = 2, _("Grade 2: technician")
    SENIOR = 3, _("Grade 3: senior worker")
    MIDDLE = 4, _("Grade 4: middle worker")
    JUNIOR = 5, _("Grade 5: junior worker")


class StopReason(models.TextChoices):
    """Why nothing may be done with a person's data but storing it (PIPL 47)."""

    WITHDRAWN = "withdrawn", _("Consent to membership withdrawn")


def code_field(target: type[models.Model], label: Any) -> Any:
    """Return an optional foreign key to a code list; codes are never deleted, so no index."""
    return models.ForeignKey(
        target, null=True, blank=True, on_delete=models.PROTECT, related_name="+",
        verbose_name=label, db_index=False,
    )  # fmt: skip


def choice_field(choices: type[models.TextChoices], label: Any) -> Any:
    """Return an optional choice, "" when not asked; a check constraint knows its codes."""
    return models.CharField(
        label, max_length=12, choices=choices, blank=True, default="", db_default=""
    )
