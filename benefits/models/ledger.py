"""Double entry: every movement of money is a transfer whose postings sum to nothing.

The database keeps it so for everybody, the owner of the tables too: postings are never changed or
removed, a statement's transfers balance, balances follow the postings in the same statement, and at
commit a budget's counters are those of its accounts (security.md section 3, I2 and I9).
"""

from __future__ import annotations

import pgtrigger
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from benefits.models.agreeing import budget_agrees
from benefits.models.budgets import Budget
from benefits.models.programmes import Entitlement, Programme
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


# The pots of the whole budget; the others are a programme's, the last two also a channel's.
BUDGET_POTS = (Pot.FUNDS, Pot.FREE)
CHANNEL_POTS = (Pot.IN_FLIGHT, Pot.PAID)


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
    """One pot of a budget, of a programme in it, of a channel that pays it out.

    `balance_fen` is kept by the postings' own trigger and by nothing else.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    budget = models.ForeignKey(Budget, on_delete=models.PROTECT, related_name="accounts")
    programme = models.ForeignKey(
        Programme, null=True, on_delete=models.PROTECT, related_name="accounts"
    )
    channel = models.CharField(max_length=12, blank=True, default="")
    pot = models.CharField(max_length=10, choices=Pot)
    balance_fen = FenField(_("balance"), signed=True, default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="account_once",
                fields=["budget", "programme", "channel", "pot"],
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="account_of_what_its_pot_says",
                condition=Q(pot__in=BUDGET_POTS, programme__isnull=True, channel="")
                | Q(pot=Pot.RESERVED, programme__isnull=False, channel="")
                | Q(pot__in=CHANNEL_POTS, programme__isnull=False) & ~Q(channel=""),
            ),
            models.CheckConstraint(
                name="account_not_overdrawn",
                condition=Q(balance_fen__gte=0) | Q(pot=Pot.FUNDS, balance_fen__lte=0),
                violation_error_message=_("There is not that much money in this account."),
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="account_follows_postings",
                operation=pgtrigger.Insert | pgtrigger.Update,
                when=pgtrigger.Before,
                func="""
                    IF TG_OP = 'INSERT' AND NEW.balance_fen = 0 THEN RETURN NEW; END IF;
                    IF TG_OP = 'UPDATE' AND pg_trigger_depth() > 1 THEN RETURN NEW; END IF;
                    RAISE EXCEPTION 'an account changes by its postings only';
                """,
            ),
            budget_agrees("account_agrees_with_budget", "budget_id"),
        ]

    def __str__(self) -> str:
        return f"{self.budget_id} {self.pot} {self.channel}".strip()


class PostingQuerySet(ScopedQuerySet["Posting"]):
    view_permission = Permission.VIEW_MONEY


class Posting(models.Model):
    """One leg of a transfer: plus = into the account, minus = out of it. Append-only."""

    id = models.BigAutoField(primary_key=True)
    transfer = models.UUIDField(db_index=True)
    kind = models.CharField(max_length=8, choices=TransferKind)
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="postings", db_index=False
    )
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
        indexes = [
            # A statement's pages and what was brought forward, without a look at the rows.
            models.Index(
                fields=["account", "id"], include=["amount_fen"], name="posting_by_account"
            )
        ]
        constraints = [
            models.CheckConstraint(name="posting_moves_something", condition=~Q(amount_fen=0))
        ]
        triggers = [
            *append_only("posting"),
            # One update an account a statement. The budget's row is held first, always, so that two
            # transactions never wait for each other's accounts.
            pgtrigger.Trigger(
                name="posting_moves_balances",
                operation=pgtrigger.Insert,
                when=pgtrigger.After,
                level=pgtrigger.Statement,
                referencing=pgtrigger.Referencing(new="fresh"),  # type: ignore[no-untyped-call]
                func="""
                    IF EXISTS (
                        SELECT 1 FROM fresh GROUP BY transfer HAVING sum(amount_fen) <> 0
                    ) THEN
                        RAISE EXCEPTION 'a transfer does not sum to nothing'
                            USING ERRCODE = 'check_violation';
                    END IF;
                    PERFORM 1 FROM benefits_budget WHERE id IN (
                        SELECT budget_id FROM benefits_account
                        WHERE id IN (SELECT DISTINCT account_id FROM fresh)
                    ) ORDER BY id FOR NO KEY UPDATE;
                    UPDATE benefits_account a SET balance_fen = a.balance_fen + moved.fen
                    FROM (SELECT account_id, sum(amount_fen) AS fen FROM fresh GROUP BY account_id)
                        moved
                    WHERE a.id = moved.account_id;
                    RETURN NULL;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount_fen:+d}"
