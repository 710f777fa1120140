"""Which database this is, and whether money may leave from it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from benefits.models.agreeing import keys_are_people
from unionportal.core.ids import new_id
from unionportal.core.roles import Permission
from unionportal.core.scope import ScopedQuerySet


class SendingLockQuerySet(ScopedQuerySet["SendingLock"]):
    """The lock is the district's: narrower grants see none."""

    view_permission = Permission.VIEW_MONEY


class SendingLock(models.Model):
    """Reconcile-only mode: from `locked_at` until two people lift it, no payment leaves.

    `mark` names the database the row was written in; another mark means that it was restored.
    `since` is the last day this database knows of: from it on the bank may know more.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    mark = models.CharField(max_length=60)
    since = models.DateField(_("since"))
    reason = models.CharField(_("reason"), max_length=200)
    locked_at = models.DateTimeField(db_default=Now(), editable=False)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    asked_key = models.UUIDField(null=True, editable=False)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    lifted_key = models.UUIDField(null=True, editable=False)
    lifted_at = models.DateTimeField(null=True)

    objects = SendingLockQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="sending_one_open_lock",
                fields=["mark"],
                condition=Q(lifted_at__isnull=True),
            ),
            models.CheckConstraint(
                name="sending_lifted_by_two",
                condition=Q(lifted_at__isnull=True)
                | Q(reason="")  # the first row of a database: nothing was locked
                | Q(asked_key__isnull=False, lifted_key__isnull=False)
                & ~Q(asked_key=F("lifted_key")),
            ),
        ]
        triggers = [keys_are_people("sending_keys", "asked", "lifted")]

    def __str__(self) -> str:
        return f"{self.since:%Y-%m-%d} {self.reason}"
