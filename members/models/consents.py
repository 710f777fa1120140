"""Notices and consents: who agreed to which text, since when, until when."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from members.models.people import Person
from unionportal.core.ids import new_id
from unionportal.core.models import Attachment
from unionportal.core.models.audit import append_only


class Purpose(models.TextChoices):
    """What personal data is used for; a sensitive purpose has a tick of its own (PIPL 29)."""

    MEMBERSHIP = "membership", _("Membership")
    CARD = "card", _("Member card made by the bank")
    PAYOUT = "payout", _("Bank account for payouts")


class ConsentNotice(models.Model):
    """One version of what people are told before they agree (PIPL 17, 30); never changed.

    `recipient_*` names who else gets the data (PIPL 23), "" when nobody does.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    purpose = models.CharField(max_length=12, choices=Purpose)
    version = models.CharField(max_length=10)
    is_sensitive = models.BooleanField(default=False)
    text_zh = models.TextField()
    text_en = models.TextField()
    recipient_zh = models.CharField(max_length=120, blank=True, default="")
    recipient_en = models.CharField(max_length=120, blank=True, default="")
    valid_from = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="notice_version_once", fields=["purpose", "version"]),
            models.UniqueConstraint(name="notice_one_a_day", fields=["purpose", "valid_from"]),
        ]
        triggers = append_only("notice")

    def __str__(self) -> str:
        return f"{self.purpose} {self.version}"

    @property
    def text(self) -> str:
        """The notice in the reader's language."""
        return self.text_en if _is_english() else self.text_zh

    @property
    def recipient(self) -> str:
        """Who else gets the data, in the reader's language."""
        return self.recipient_en if _is_english() else self.recipient_zh


def _is_english() -> bool:
    return (get_language() or "").startswith("en")


class Consent(models.Model):
    """A person agreed to a notice; withdrawn by date, never deleted (PIPL 13 to 15, 29).

    The database holds (purpose, version) to a notice by a foreign key of its own.
    """

    Purpose = Purpose

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="consents")
    purpose = models.CharField(max_length=12, choices=Purpose)
    version = models.CharField(max_length=10)
    given_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    evidence = models.ForeignKey(Attachment, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        indexes = [
            # Few: whoever took a consent back is looked up before anything goes to a bank.
            models.Index(
                fields=["purpose", "person"],
                name="consent_withdrawn",
                condition=Q(withdrawn_at__isnull=False),
            )
        ]
        constraints = [
            models.UniqueConstraint(
                name="consent_one_open",
                fields=["person", "purpose"],
                condition=Q(withdrawn_at__isnull=True),
            ),
            models.CheckConstraint(
                name="consent_ends_after_begin",
                condition=Q(withdrawn_at__isnull=True) | Q(withdrawn_at__gte=F("given_at")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.version}"
