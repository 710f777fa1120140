"""Cash: what the signed pay list of a batch shows, recorded by one person, confirmed by another."""

from __future__ import annotations

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from benefits.models.payouts import PayoutBatch, PayoutLine, staff_key
from benefits.states.payouts import SETTLEMENT_MACHINE, SettlementState
from unionportal.core.ids import new_id
from unionportal.core.models import Attachment


class CashReceipt(models.Model):
    """A signed page of a pay list, or several: which lines signed and which did not come."""

    machine = SETTLEMENT_MACHINE

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    batch = models.ForeignKey(PayoutBatch, on_delete=models.PROTECT, related_name="receipts")
    state = models.CharField(
        max_length=10, choices=SettlementState, default=SettlementState.PROPOSED
    )
    paid_on = models.DateField(_("day of payment"))
    scan = models.ForeignKey(Attachment, on_delete=models.PROTECT, related_name="+")
    recorded_by = staff_key()
    recorded_key = models.UUIDField(editable=False)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)
    decided_by = staff_key()
    decided_key = models.UUIDField(null=True, editable=False)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="receipt_two_persons",
                condition=Q(decided_key__isnull=True) | ~Q(decided_key=F("recorded_key")),
                violation_error_message=_("Another person must confirm it."),
            ),
            models.CheckConstraint(
                name="receipt_decided_has_second",
                condition=Q(state="proposed")
                | Q(decided_by__isnull=False, decided_key__isnull=False, decided_at__isnull=False),
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="receipt_is_kept", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="receipt_fixed",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(
                    "batch", "paid_on", "scan", "recorded_by", "recorded_key"
                ),
            ),
            pgtrigger.Protect(
                name="receipt_decided_once",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__state__in=["confirmed", "declined"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.paid_on} {self.batch_id}"


class CashReceiptLine(models.Model):
    """One line a receipt tells of; `is_open` while nobody has decided about the receipt."""

    id = models.BigAutoField(primary_key=True)
    receipt = models.ForeignKey(CashReceipt, on_delete=models.PROTECT, related_name="lines")
    line = models.ForeignKey(PayoutLine, on_delete=models.PROTECT, related_name="receipts")
    is_paid = models.BooleanField()
    is_open = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="receipt_line_one_open", fields=["line"], condition=Q(is_open=True),
                violation_error_message=_("A receipt with this line waits for a second person."),
            ),
            models.UniqueConstraint(name="receipt_line_once", fields=["receipt", "line"]),
        ]  # fmt: skip
        triggers = [
            pgtrigger.Protect(name="receipt_line_is_kept", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="receipt_line_fixed",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange("receipt", "line", "is_paid"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.receipt_id} {self.line_id}"
