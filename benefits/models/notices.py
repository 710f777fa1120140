"""Objections to the public notice of a list: the list is not released before each is answered.

The database holds to it: an objection opens only while its list is on notice, and a notice does not
end, nor a list leave, while one is open (`objection_while_on_notice`, `batch_notice_hangs`).
"""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from benefits.models.payouts import PayoutBatch, PayoutLine
from benefits.states.notices import OBJECTION_MACHINE, ObjectionState
from benefits.states.payouts import moves_of
from unionportal.core.fields import EncryptedTextField
from unionportal.core.ids import new_id
from unionportal.core.roles import Permission
from unionportal.core.scope import ScopedQuerySet


class ObjectionQuerySet(ScopedQuerySet["Objection"]):
    """Lists are the district's: narrower grants see none."""

    view_permission = Permission.VIEW_MONEY

    def raised(self) -> ObjectionQuerySet:
        """Those whose phone was proven, the oldest first."""
        return self.exclude(state=ObjectionState.UNCONFIRMED).order_by("raised_at", "pk")

    def waiting(self) -> ObjectionQuerySet:
        """Those that keep their list from being released."""
        return self.filter(state=ObjectionState.OPEN)


class Objection(models.Model):
    """What somebody says against a list on public notice, and what was answered.

    `line` is the payment it is about; empty when it is about the whole list.
    """

    machine = OBJECTION_MACHINE

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    batch = models.ForeignKey(PayoutBatch, on_delete=models.PROTECT, related_name="objections")
    line = models.ForeignKey(
        PayoutLine, null=True, on_delete=models.PROTECT, related_name="objections"
    )
    text = EncryptedTextField()
    phone = EncryptedTextField()
    phone_masked = models.CharField(max_length=20)
    state = models.CharField(
        _("state"), max_length=11, choices=ObjectionState, default=ObjectionState.UNCONFIRMED
    )
    raised_at = models.DateTimeField(_("raised"), db_default=Now(), editable=False)
    answer = EncryptedTextField(blank=True, default="")
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)

    objects = ObjectionQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["batch"], name="objection_waiting", condition=Q(state="open")),
            models.Index(
                fields=["raised_at"], name="objection_unproven", condition=Q(state="unconfirmed")
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="objection_decided_is_signed",
                condition=Q(
                    state__in=["unconfirmed", "open"],
                    decided_by__isnull=True, decided_at__isnull=True,
                )
                | Q(
                    state__in=["upheld", "dismissed"],
                    decided_by__isnull=False, decided_at__isnull=False,
                ),
            ),
        ]  # fmt: skip
        triggers = [
            pgtrigger.FSM(
                name="objection_moves", field="state", transitions=moves_of(OBJECTION_MACHINE)
            ),
            pgtrigger.Protect(
                name="objection_is_kept",
                operation=pgtrigger.Delete,
                condition=~pgtrigger.Q(old__state="unconfirmed"),
            ),
            pgtrigger.Protect(
                name="objection_begins_unproven",
                operation=pgtrigger.Insert,
                condition=~pgtrigger.Q(new__state="unconfirmed"),
            ),
            pgtrigger.Trigger(
                name="objection_while_on_notice",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                condition=pgtrigger.Q(old__state="unconfirmed", new__state="open"),
                func="""
                    -- Held against whoever closes the notice at this moment.
                    PERFORM 1 FROM benefits_payoutbatch
                    WHERE id = NEW.batch_id AND state = 'notice_open' FOR SHARE;
                    IF NOT FOUND OR (NEW.line_id IS NOT NULL AND NOT EXISTS (
                        SELECT 1 FROM benefits_payoutline
                        WHERE id = NEW.line_id AND batch_id = NEW.batch_id)) THEN
                        RAISE EXCEPTION 'an objection is raised while its list is on notice'
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.state} {self.batch_id}"
