"""Batches and their lines; what is said about a line is in `evidence`.

What the database itself refuses here is told in security.md section 3 (I1, I3, I6, I7): a batch
approved by its maker's person, a line changed or added after the draft, a state no table knows, a
paid line without evidence.
"""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Any

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from benefits.models.agreeing import notice_hangs
from benefits.models.bankfiles import BankFile
from benefits.models.cards import PayeeAccount
from benefits.models.programmes import Cycle, Entitlement, Programme
from benefits.states.cards import Transport
from benefits.states.payouts import (
    BATCH_MACHINE,
    BOUND_BATCH,
    LINE_MACHINE,
    LIVE_LINE,
    SENT_BATCH,
    BatchState,
    Channel,
    LineState,
    Reason,
    moves_of,
)
from unionportal.core.fields import FenField
from unionportal.core.ids import new_id
from unionportal.core.roles import Permission
from unionportal.core.scope import ScopedQuerySet


def staff_key() -> Any:
    """Return a field for the account that did a step."""
    return models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )


def changed(*columns: str) -> Any:
    """Return the trigger condition that any of these columns gets another value."""
    conditions = [
        pgtrigger.Q(**{f"old__{name}__df": pgtrigger.F(f"new__{name}")}) for name in columns
    ]
    return reduce(or_, conditions)


class PayoutBatchQuerySet(ScopedQuerySet["PayoutBatch"]):
    """Batches are the district's: narrower grants see none."""

    view_permission = Permission.VIEW_MONEY


class PayoutBatch(models.Model):
    """One list of payments: made by one person, approved and released by another.

    `*_key` is the person behind the account. `lines_digest` binds the lines at approval.
    """

    machine = BATCH_MACHINE

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    number = models.CharField(_("batch number"), max_length=20, unique=True)
    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="batches")
    cycle = models.ForeignKey(Cycle, on_delete=models.PROTECT, related_name="batches")
    state = models.CharField(
        _("state"), max_length=14, choices=BatchState, default=BatchState.BUILDING
    )
    channel = models.CharField(
        _("way of paying"), max_length=10, choices=Channel, default=Channel.BANK_FILE
    )
    # Of the bank file channel only.
    transport = models.CharField(max_length=8, choices=Transport)
    line_count = models.PositiveIntegerField(_("people"), default=0)
    total_fen = FenField(_("amount"), default=0)
    needs_second = models.BooleanField(default=False)
    made_by = staff_key()
    made_at = models.DateTimeField(_("made on"), db_default=Now(), editable=False)
    submitted_by = staff_key()
    submitted_key = models.UUIDField(null=True, editable=False)
    submitted_at = models.DateTimeField(null=True)
    approved_by = staff_key()
    approved_key = models.UUIDField(null=True, editable=False)
    approved_at = models.DateTimeField(null=True)
    second_by = staff_key()
    second_key = models.UUIDField(null=True, editable=False)
    second_at = models.DateTimeField(null=True)
    lines_digest = models.CharField(max_length=64, blank=True, default="")
    # The days of the public notice, both included; set once.
    notice_from = models.DateField(null=True)
    notice_until = models.DateField(null=True)
    released_by = staff_key()
    released_at = models.DateTimeField(null=True)
    # What the file's header says, kept so that it is rendered again byte for byte.
    payer_account = models.CharField(max_length=32)
    payer_name = models.CharField(max_length=60)
    summary = models.CharField(max_length=20)
    handed_over_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    stop_reason = models.CharField(max_length=200, blank=True, default="")

    objects = PayoutBatchQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["-made_at", "-id"], name="batch_newest"),
            models.Index(
                fields=["id"],
                name="batch_moving",
                condition=Q(state__in=["notice_open", "released", "reconciling"]),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="batch_maker_is_not_checker",
                condition=Q(approved_key__isnull=True)
                | (Q(submitted_key__isnull=False) & ~Q(submitted_key=F("approved_key"))),
                violation_error_message=_("The maker of a batch never approves it."),
            ),
            models.CheckConstraint(
                name="batch_second_is_a_third_person",
                condition=Q(second_key__isnull=True)
                | (~Q(second_key=F("submitted_key")) & ~Q(second_key=F("approved_key"))),
            ),
            models.CheckConstraint(
                name="batch_bound_is_approved",
                condition=~Q(state__in=BOUND_BATCH)
                | Q(
                    approved_key__isnull=False,
                    approved_at__isnull=False,
                    submitted_key__isnull=False,
                    lines_digest__regex="^[0-9a-f]{64}$",
                )
                & (Q(needs_second=False) | Q(second_key__isnull=False)),
            ),
            models.CheckConstraint(
                name="batch_sent_is_released",
                condition=~Q(state__in=SENT_BATCH)
                | Q(released_by__isnull=False, released_at__isnull=False),
            ),
            models.CheckConstraint(
                name="batch_has_lines",
                condition=Q(line_count__gt=0, total_fen__gt=0)
                | Q(state__in=["building", "cancelled"]),
            ),
        ]
        triggers = [
            pgtrigger.FSM(name="batch_moves", field="state", transitions=moves_of(BATCH_MACHINE)),
            pgtrigger.Protect(
                name="batch_bound_is_fixed",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__state__in=[str(state) for state in BOUND_BATCH])
                & changed(
                    "number", "programme_id", "cycle_id", "line_count", "total_fen",
                    "channel", "payer_account", "payer_name", "summary",
                    "needs_second", "submitted_by_id", "submitted_key", "approved_by_id",
                    "approved_key", "second_by_id", "second_key", "lines_digest",
                ),
            ),
            pgtrigger.Protect(
                name="batch_notice_is_fixed",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__notice_until__isnull=False)
                & changed("notice_from", "notice_until"),
            ),
            notice_hangs(),
            pgtrigger.Protect(name="batch_is_kept", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="batch_begins_unchecked",
                operation=pgtrigger.Insert,
                condition=~pgtrigger.Q(
                    new__state="building", new__submitted_by__isnull=True,
                    new__approved_by__isnull=True, new__second_by__isnull=True,
                    new__released_by__isnull=True,
                ),
            ),
            # `needs_second` is what the pages read; this is what holds.
            pgtrigger.Trigger(
                name="batch_large_has_second",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                condition=pgtrigger.Q(old__state="submitted", new__state="approved")
                & pgtrigger.Q(new__second_key__isnull=True),
                func="""
                    IF EXISTS (SELECT 1 FROM benefits_programme WHERE id = NEW.programme_id
                        AND second_approval_fen <= NEW.total_fen) THEN
                        RAISE EXCEPTION 'a large list needs a second checker'
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="batch_two_persons",
                operation=pgtrigger.Insert | pgtrigger.Update,
                when=pgtrigger.Before,
                declare=[("maker", "uuid"), ("person", "uuid")],
                func="""
                    SELECT person_key INTO maker FROM core_user WHERE id = NEW.submitted_by_id;
                    IF NEW.submitted_key IS DISTINCT FROM maker THEN
                        RAISE EXCEPTION 'submitted_key is not the person behind submitted_by'
                            USING ERRCODE = 'check_violation';
                    END IF;
                    SELECT person_key INTO person FROM core_user WHERE id = NEW.approved_by_id;
                    IF NEW.approved_key IS DISTINCT FROM person
                        OR (NEW.approved_by_id IS NOT NULL AND person IS NULL)
                        OR person = maker THEN
                        RAISE EXCEPTION 'a batch is approved by a person who did not make it'
                            USING ERRCODE = 'check_violation';
                    END IF;
                    SELECT person_key INTO person FROM core_user WHERE id = NEW.second_by_id;
                    IF NEW.second_key IS DISTINCT FROM person
                        OR (NEW.second_by_id IS NOT NULL AND person IS NULL)
                        OR person = maker OR person = NEW.approved_key THEN
                        RAISE EXCEPTION 'the second checker is a third person'
                            USING ERRCODE = 'check_violation';
                    END IF;
                    SELECT person_key INTO person FROM core_user WHERE id = NEW.released_by_id;
                    IF (NEW.released_by_id IS NOT NULL AND person IS NULL) OR person = maker THEN
                        RAISE EXCEPTION 'the maker of a batch never releases it'
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.number

    @property
    def file(self) -> BankFile | None:
        """The batch's file to the bank, the first when it has several; a query."""
        return self.files.order_by("number").first()


class PayoutLineQuerySet(ScopedQuerySet["PayoutLine"]):
    view_permission = Permission.VIEW_MONEY


class PayoutLine(models.Model):
    """One payment to one account. Only its state and what the bank said ever change."""

    machine = LINE_MACHINE

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    batch = models.ForeignKey(PayoutBatch, on_delete=models.PROTECT, related_name="lines")
    entitlement = models.ForeignKey(Entitlement, on_delete=models.PROTECT, related_name="lines")
    seq = models.PositiveIntegerField(_("line"))
    attempt = models.PositiveSmallIntegerField()
    order_no = models.CharField(_("order number"), max_length=32)
    amount_fen = FenField(_("amount"))
    payee_account = models.ForeignKey(PayeeAccount, on_delete=models.PROTECT, related_name="lines")
    number_index = models.UUIDField()
    holder_name = models.CharField(_("name"), max_length=50)
    # The bank's file that carries it and its number in there, from the release on.
    file = models.ForeignKey(
        BankFile, null=True, on_delete=models.PROTECT, related_name="lines", db_index=False
    )
    file_seq = models.PositiveIntegerField(null=True)
    state = models.CharField(
        _("state"), max_length=14, choices=LineState, default=LineState.PLANNED
    )
    reason = models.CharField(max_length=20, choices=Reason, blank=True, default="")
    bank_code = models.CharField(max_length=40, blank=True, default="")
    bank_text = models.CharField(max_length=60, blank=True, default="")
    bank_serial = models.CharField(max_length=64, blank=True, default="")
    sending_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    # Why a person must look at it; empty when nobody must.
    review = models.CharField(max_length=100, blank=True, default="")

    objects = PayoutLineQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["batch", "state", "seq"], name="line_by_state"),
            models.Index(fields=["batch"], name="line_unknown", condition=Q(state="unknown")),
        ]
        constraints = [
            models.UniqueConstraint(
                name="line_one_live_per_entitlement",
                fields=["entitlement"],
                condition=Q(state__in=LIVE_LINE),
                violation_error_message=_("This person is on another list already."),
            ),
            models.UniqueConstraint(
                name="line_order_no_once", fields=["order_no"], condition=~Q(state="dropped")
            ),
            models.UniqueConstraint(name="line_seq_once", fields=["batch", "seq"]),
            models.UniqueConstraint(name="line_file_seq_once", fields=["file", "file_seq"]),
            models.CheckConstraint(
                name="line_in_file_has_number",
                condition=Q(file__isnull=True, file_seq__isnull=True)
                | Q(file__isnull=False, file_seq__gte=1),
            ),
            models.CheckConstraint(name="line_amount_positive", condition=Q(amount_fen__gt=0)),
            models.CheckConstraint(
                name="line_order_no_fits", condition=Q(order_no__regex="^[A-Z0-9]{32}$")
            ),
            models.CheckConstraint(
                name="line_settled_is_timed",
                condition=~Q(state__in=["paid", "failed", "returned"])
                | Q(settled_at__isnull=False),
            ),
            models.CheckConstraint(
                name="line_at_bank_is_timed",
                condition=Q(state__in=["planned", "approved", "dropped"])
                | Q(sending_at__isnull=False),
            ),
        ]
        triggers = [
            pgtrigger.FSM(name="line_moves", field="state", transitions=moves_of(LINE_MACHINE)),
            pgtrigger.Protect(
                name="line_terms_fixed",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(
                    "batch", "entitlement", "seq", "attempt", "order_no", "amount_fen",
                    "payee_account", "number_index", "holder_name",
                ),
            ),
            pgtrigger.Protect(name="line_is_kept", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="line_file_fixed",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__file__isnull=False) & changed("file_id", "file_seq"),
            ),
            # Once for all rows of a statement: a list may have hundreds of thousands.
            pgtrigger.Trigger(
                name="line_added_to_draft_only",
                operation=pgtrigger.Insert,
                when=pgtrigger.After,
                level=pgtrigger.Statement,
                referencing=pgtrigger.Referencing(new="fresh"),  # type: ignore[no-untyped-call]
                func="""
                    PERFORM 1 FROM benefits_payoutbatch
                    WHERE id IN (SELECT batch_id FROM fresh) FOR SHARE;
                    IF EXISTS (
                        SELECT 1 FROM fresh f JOIN benefits_payoutbatch b ON b.id = f.batch_id
                        WHERE f.state <> 'planned' OR b.state <> 'building'
                    ) THEN
                        RAISE EXCEPTION 'lines are added to a draft only, while it is made'
                            USING ERRCODE = 'check_violation';
                    END IF;
                    IF EXISTS (
                        SELECT 1 FROM fresh f
                        JOIN benefits_entitlement mine ON mine.id = f.entitlement_id
                        WHERE f.attempt <> 1 + (
                            SELECT count(*) FROM benefits_payoutline l
                            JOIN benefits_entitlement e ON e.id = l.entitlement_id
                            WHERE e.cycle_id = mine.cycle_id AND (e.person_id = mine.person_id
                                OR e.employer_id = mine.employer_id)
                              AND l.state IN ('failed', 'returned'))
                    ) THEN
                        RAISE EXCEPTION 'an attempt does not follow the failed ones'
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NULL;
                """,
            ),
            pgtrigger.Trigger(
                name="line_leaves_by_release_only",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                condition=pgtrigger.Q(old__state="approved", new__state="sending"),
                func="""
                    IF (SELECT state FROM benefits_payoutbatch WHERE id = NEW.batch_id)
                        <> 'released' THEN
                        RAISE EXCEPTION 'a line leaves only with a released batch'
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="line_ends_by_evidence_only",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                condition=pgtrigger.Q(new__state__in=["paid", "failed", "returned"])
                & pgtrigger.Q(old__state__df=pgtrigger.F("new__state")),
                func="""
                    IF NOT EXISTS (
                        SELECT 1 FROM benefits_lineevidence WHERE line_id = NEW.id
                        AND outcome = CASE NEW.state WHEN 'paid' THEN 'success'
                            WHEN 'failed' THEN 'failure' ELSE 'returned' END
                    ) THEN
                        RAISE EXCEPTION 'a line ends by evidence only'
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.batch_id} {self.seq:06d}"
