"""What the bank and the channels wrote down of each day, and where the portal says otherwise."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from benefits.models.agreeing import keys_are_people
from benefits.models.bankfiles import BankFile
from benefits.models.payouts import PayoutLine
from benefits.states.matching import (
    DIFFERENCE_MACHINE,
    DifferenceKind,
    DifferenceState,
    RecordSource,
)
from benefits.states.payouts import Channel
from unionportal.core.fields import FenField
from unionportal.core.ids import new_id
from unionportal.core.models import Attachment
from unionportal.core.models.audit import append_only
from unionportal.core.roles import Permission
from unionportal.core.scope import ScopedQuerySet


class DayRecordQuerySet(ScopedQuerySet["DayRecord"]):
    """Statements are the district's: narrower grants see none."""

    view_permission = Permission.VIEW_MONEY


class DayRecord(models.Model):
    """One day of an account or a channel, as its keeper wrote it down. Money in fen."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    source = models.CharField(_("source"), max_length=9, choices=RecordSource)
    channel = models.CharField(_("way of paying"), max_length=10, choices=Channel)
    day = models.DateField(_("day"))
    file = models.OneToOneField(
        BankFile, null=True, on_delete=models.PROTECT, related_name="day_record"
    )
    out_count = models.PositiveIntegerField()
    out_fen = FenField()
    back_count = models.PositiveIntegerField()
    back_fen = FenField()
    received_at = models.DateTimeField(db_default=Now(), editable=False)
    matched_at = models.DateTimeField(null=True)

    objects = DayRecordQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["-day", "-id"], name="record_newest")]
        constraints = [
            models.UniqueConstraint(name="record_once", fields=["source", "channel", "day"])
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.channel} {self.day:%Y-%m-%d}"


class RecordLine(models.Model):
    """One movement of a day's record; append-only. `is_return`: it came back to us."""

    id = models.BigAutoField(primary_key=True)
    record = models.ForeignKey(
        DayRecord, on_delete=models.PROTECT, related_name="lines", db_index=False
    )
    seq = models.PositiveIntegerField()
    serial = models.CharField(_("serial number"), max_length=64)
    order_no = models.CharField(_("order number"), max_length=32, blank=True)
    is_return = models.BooleanField()
    amount_fen = FenField(_("amount"))
    at = models.DateTimeField(_("time"))
    text = models.CharField(max_length=60, blank=True)

    class Meta:
        indexes = [models.Index(fields=["order_no"], name="record_by_order")]
        constraints = [
            models.UniqueConstraint(name="record_line_once", fields=["record", "seq"]),
            models.CheckConstraint(name="record_line_moves", condition=Q(amount_fen__gt=0)),
        ]
        triggers = append_only("record_line")

    def __str__(self) -> str:
        return f"{self.record_id} {self.seq:06d}"


class DifferenceQuerySet(ScopedQuerySet["Difference"]):
    """Differences are the district's: narrower grants see none."""

    view_permission = Permission.VIEW_MONEY

    def waiting(self) -> DifferenceQuerySet:
        """Those nobody has resolved yet."""
        return self.filter(state__in=[DifferenceState.OPEN, DifferenceState.PROPOSED])


class Difference(models.Model):
    """One thing on which the portal and a day's record disagree, until two people resolve it.

    `key` names it within the record: a serial number there, or an order number of ours.
    """

    machine = DIFFERENCE_MACHINE

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    record = models.ForeignKey(DayRecord, on_delete=models.PROTECT, related_name="differences")
    kind = models.CharField(_("kind"), max_length=17, choices=DifferenceKind)
    key = models.CharField(max_length=64)
    state = models.CharField(
        _("state"), max_length=8, choices=DifferenceState, default=DifferenceState.OPEN
    )
    order_no = models.CharField(_("order number"), max_length=32, blank=True)
    line = models.ForeignKey(
        PayoutLine, null=True, on_delete=models.PROTECT, related_name="differences"
    )
    record_line = models.ForeignKey(
        RecordLine, null=True, on_delete=models.PROTECT, related_name="differences"
    )
    here_fen = FenField(_("here"), null=True)
    there_fen = FenField(_("there"), null=True)
    found_at = models.DateTimeField(_("found"), db_default=Now(), editable=False)
    # The run of the match that saw it last.
    seen_in = models.UUIDField(editable=False)
    note = models.CharField(max_length=200, blank=True, default="")
    document = models.ForeignKey(Attachment, null=True, on_delete=models.PROTECT, related_name="+")
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    proposed_key = models.UUIDField(null=True, editable=False)
    proposed_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_key = models.UUIDField(null=True, editable=False)
    decided_at = models.DateTimeField(null=True)

    objects = DifferenceQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["-found_at", "-id"], name="difference_newest"),
            models.Index(
                fields=["record"],
                name="difference_waiting",
                condition=Q(state__in=["open", "proposed"]),
            ),
        ]
        constraints = [
            models.UniqueConstraint(name="difference_once", fields=["record", "kind", "key"]),
            models.CheckConstraint(
                name="difference_resolved_by_two",
                condition=~Q(state="resolved")
                | Q(proposed_key__isnull=False, decided_key__isnull=False)
                & ~Q(proposed_key=F("decided_key")),
            ),
            models.CheckConstraint(
                name="difference_has_its_evidence",
                condition=~Q(state="resolved")
                | Q(kind__in=["missing_here", "return_unrecorded"])
                | Q(document__isnull=False),
            ),
        ]
        triggers = [keys_are_people("difference_keys", "proposed", "decided")]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"
