"""What was said about lines of a list: by the bank, by two people, by silence.

What the database itself refuses here is told in security.md section 3 (I6, I7).
"""

from __future__ import annotations

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from benefits.models.agreeing import keys_are_people
from benefits.models.bankfiles import BankFile
from benefits.models.payouts import PayoutLine, staff_key
from benefits.states.payouts import (
    SETTLEMENT_MACHINE,
    EvidenceSource,
    Outcome,
    Reason,
    SettlementState,
)
from unionportal.core.ids import new_id
from unionportal.core.models import Attachment
from unionportal.core.models.audit import append_only


class LineSettlement(models.Model):
    """Two people end an unknown line, with a document: one proposes, another confirms."""

    machine = SETTLEMENT_MACHINE

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    line = models.ForeignKey(PayoutLine, on_delete=models.PROTECT, related_name="settlements")
    state = models.CharField(
        max_length=10, choices=SettlementState, default=SettlementState.PROPOSED
    )
    outcome = models.CharField(max_length=10, choices=Outcome)
    note = models.CharField(max_length=200)
    document = models.ForeignKey(Attachment, on_delete=models.PROTECT, related_name="+")
    proposed_by = staff_key()
    proposed_key = models.UUIDField(editable=False)
    proposed_at = models.DateTimeField(db_default=Now(), editable=False)
    decided_by = staff_key()
    decided_key = models.UUIDField(null=True, editable=False)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="settlement_one_open",
                fields=["line"],
                condition=Q(state="proposed"),
                violation_error_message=_("A decision on this line waits for a second person."),
            ),
            models.CheckConstraint(
                name="settlement_two_persons",
                condition=Q(decided_key__isnull=True) | ~Q(decided_key=F("proposed_key")),
            ),
            models.CheckConstraint(
                name="settlement_confirmed_has_second",
                condition=~Q(state="confirmed")
                | Q(decided_key__isnull=False, decided_at__isnull=False),
            ),
            models.CheckConstraint(
                name="settlement_outcome_is_definite",
                condition=Q(outcome__in=["success", "failure", "returned"]),
            ),
        ]
        triggers = [
            keys_are_people("settlement_keys", "proposed", "decided"),
            pgtrigger.Protect(
                name="settlement_begins_open",
                operation=pgtrigger.Insert,
                condition=~pgtrigger.Q(new__state="proposed"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.outcome} {self.line_id}"


class LineEvidence(models.Model):
    """One thing somebody said about a line; append-only. The line's state follows from the set."""

    id = models.BigAutoField(primary_key=True)
    line = models.ForeignKey(PayoutLine, on_delete=models.PROTECT, related_name="evidence")
    source = models.CharField(max_length=12, choices=EvidenceSource)
    event_id = models.CharField(max_length=80)
    content_hash = models.CharField(max_length=64)
    outcome = models.CharField(max_length=10, choices=Outcome)
    reason = models.CharField(max_length=20, choices=Reason, blank=True, default="")
    bank_code = models.CharField(max_length=40, blank=True, default="")
    bank_text = models.CharField(max_length=60, blank=True, default="")
    bank_serial = models.CharField(max_length=64, blank=True, default="")
    file = models.ForeignKey(BankFile, null=True, on_delete=models.PROTECT, related_name="evidence")
    settlement = models.ForeignKey(
        LineSettlement, null=True, on_delete=models.PROTECT, related_name="evidence"
    )
    receipt = models.ForeignKey(
        "benefits.CashReceipt", null=True, on_delete=models.PROTECT, related_name="evidence"
    )
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="evidence_once", fields=["source", "event_id", "content_hash"]
            ),
            models.CheckConstraint(
                name="evidence_decision_has_two_persons",
                condition=~Q(source="decision") | Q(settlement__isnull=False),
            ),
            models.CheckConstraint(
                name="evidence_receipt_is_named",
                condition=~Q(source="receipt") | Q(receipt__isnull=False),
            ),
        ]
        triggers = [
            *append_only("evidence"),
            pgtrigger.Trigger(
                name="evidence_receipt_says_so",
                operation=pgtrigger.Insert,
                when=pgtrigger.Before,
                condition=pgtrigger.Q(new__source="receipt"),
                func="""
                    IF NOT EXISTS (
                        SELECT 1 FROM benefits_cashreceipt r
                        JOIN benefits_cashreceiptline l ON l.receipt_id = r.id
                        WHERE r.id = NEW.receipt_id AND r.state = 'confirmed'
                          AND l.line_id = NEW.line_id
                          AND NEW.outcome = CASE WHEN l.is_paid THEN 'success' ELSE 'failure' END
                    ) THEN
                        RAISE EXCEPTION 'no confirmed receipt says this about the line'
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.outcome} {self.line_id}"
