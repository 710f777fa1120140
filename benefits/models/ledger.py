"""Double entry: every movement of money is a transfer whose postings sum to nothing."""

from __future__ import annotations

import pgtrigger
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from benefits.models.programmes import Budget, Entitlement
from unionportal.core.fields import FenField
from unionportal.core.ids import new_id
from unionportal.core.models.audit import append_only
from unionportal.core.roles import Permission
from unionportal.core.scope import ScopedQuerySet


class Pot(models.TextChoices):
    """Where a budget's money is. `FUNDS` is the outside it came from."""

    FUNDS = "funds", _("Union funds")
    FREE = "free", _("Free")
    RESERVED = "reserved", _("Reserved")
    IN_FLIGHT = "in_flight", _("With the bank")
    PAID = "paid", _("Paid")


class TransferKind(models.TextChoices):
    GRANT = "grant", _("Budget set")
    RESERVE = "reserve", _("Reserved for a person")
    FREE = "free", _("Reservation ended")
    SEND = "send", _("Sent to the bank")
    PAY = "pay", _("Paid by the bank")
    FAIL = "fail", _("Not paid by the bank")
    RETURN = "return", _("Came back after payment")
    DOUBT = "doubt", _("Payment in doubt again")


class Account(models.Model):
    """One pot of one budget; its balance is the sum of its postings."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    code = models.CharField(max_length=60, unique=True)
    budget = models.ForeignKey(Budget, on_delete=models.PROTECT, related_name="accounts")
    pot = models.CharField(max_length=10, choices=Pot)

    class Meta:
        constraints = [models.UniqueConstraint(name="account_one_a_pot", fields=["budget", "pot"])]

    def __str__(self) -> str:
        return self.code


class PostingQuerySet(ScopedQuerySet["Posting"]):
    view_permission = Permission.VIEW_MONEY


class Posting(models.Model):
    """One leg of a transfer: plus = into the account, minus = out of it. Append-only."""

    id = models.BigAutoField(primary_key=True)
    transfer = models.UUIDField(db_index=True)
    kind = models.CharField(max_length=8, choices=TransferKind)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="postings")
    amount_fen = FenField(_("amount"), signed=True)
    entitlement = models.ForeignKey(
        Entitlement, null=True, on_delete=models.PROTECT, related_name="postings"
    )
    line = models.ForeignKey(
        "benefits.PayoutLine", null=True, on_delete=models.PROTECT, related_name="postings"
    )
    posted_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = PostingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(name="posting_moves_something", condition=~Q(amount_fen=0))
        ]
        triggers = [
            *append_only("posting"),
            pgtrigger.Trigger(
                name="transfer_sums_to_nothing",
                operation=pgtrigger.Insert,
                when=pgtrigger.After,
                timing=pgtrigger.Deferred,
                func="""
                    IF (SELECT sum(amount_fen) FROM benefits_posting
                        WHERE transfer = NEW.transfer) <> 0 THEN
                        RAISE EXCEPTION 'transfer % does not sum to nothing', NEW.transfer
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NULL;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount_fen:+d}"
