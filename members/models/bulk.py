"""One change of many memberships at once: chosen, looked at, made, taken back."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from members.models.organisation import UnionUnit
from members.models.people import Membership
from members.states import BULK_MACHINE, BulkState
from unionportal.core.ids import new_id
from unionportal.core.models import Job
from unionportal.core.roles import Permission
from unionportal.core.scope import Scope, ScopedQuerySet


class BulkKind(models.TextChoices):
    """What is done to all of them."""

    GROUP = "group", _("Change the group")
    RETAIN = "retain", _("Retain the membership")
    REACTIVATE = "reactivate", _("End the retention")
    MOVE = "move", _("Move to another union")


class Finding(models.TextChoices):
    """What a change finds of one member: fit for it, or why not."""

    FIT = "fit", _("Will be changed")
    ENDED = "ended", _("The membership has ended")
    STOPPED = "stopped", _("Consent was withdrawn or the storage term is over")
    FED = "fed", _("The unit's own system keeps this member")
    ALREADY = "already", _("It is so already")
    PLATE = "plate", _("This group needs a plate and none is recorded")
    NOT_JOINED = "not_joined", _("Joined after that day")
    LATER = "later", _("Something later is recorded already")
    SINCE = "since", _("Changed after the preview")


class Kept(models.TextChoices):
    """Why an undo left a member as the change made it."""

    ENDED = "ended", _("The membership has ended since")
    CHANGED = "changed", _("Changed again since")
    UNIT = "unit", _("The union they came from takes no members any more")
    REACH = "reach", _("Out of your reach now")
    STOPPED = "stopped", _("Nothing may be changed any more: consent was withdrawn")
    UNKNOWN = "unknown", _("Why it was retained is not on record")


class BulkQuerySet(ScopedQuerySet["BulkChange"]):
    view_permission = Permission.APPROVE_APPLICATION

    def scope_filter(self, scope: Scope) -> Q:
        return scope.in_units("unit") | scope.in_areas("unit__area")


class BulkChange(models.Model):
    """A change of many: who was chosen, what is to be done, how far it is.

    `unit` is where its maker's right to decide is held; `params` holds ids, codes and days.
    """

    machine = BULK_MACHINE

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=12, choices=BulkKind)
    state = models.CharField(max_length=10, choices=BulkState, default=BulkState.PREVIEWED)
    params = models.JSONField(default=dict)
    day = models.DateField()
    reason = models.CharField(max_length=200)
    # The filters of the list the members were chosen from, without its search.
    query = models.CharField(max_length=2_000, blank=True, default="")
    # How many were asked for, {finding: members}, {why kept: members}, {"done", "put_back"}.
    asked = models.PositiveIntegerField()
    found = models.JSONField(default=dict)
    counts = models.JSONField(default=dict)
    unit = models.ForeignKey(UnionUnit, on_delete=models.PROTECT, related_name="+")
    job = models.ForeignKey(Job, null=True, on_delete=models.PROTECT, related_name="+")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    confirmed_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    undone_at = models.DateTimeField(null=True)
    undo_reason = models.CharField(max_length=200, blank=True, default="", db_default="")
    # The last row that was made, and taken back: where a killed worker goes on.
    done_to = models.BigIntegerField(default=0)
    undone_to = models.BigIntegerField(default=0)

    objects = BulkQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["unit", "-created_at"], name="bulk_newest")]
        constraints = [
            models.CheckConstraint(name="bulk_says_why", condition=~Q(reason="")),
            models.CheckConstraint(
                name="bulk_confirmed_is_timed",
                condition=Q(confirmed_by__isnull=True, confirmed_at__isnull=True)
                | Q(confirmed_by__isnull=False, confirmed_at__isnull=False),
            ),
            models.CheckConstraint(
                name="bulk_undone_is_timed",
                condition=Q(undone_by__isnull=True, undone_at__isnull=True)
                | Q(undone_by__isnull=False, undone_at__isnull=False),
            ),
            models.CheckConstraint(
                name="bulk_made_was_confirmed",
                condition=Q(state__in=["previewed", "cancelled"]) | Q(confirmed_by__isnull=False),
            ),
            models.CheckConstraint(
                name="bulk_taken_back_by_somebody",
                condition=~Q(state__in=["undoing", "undone"]) | Q(undone_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    def get_absolute_url(self) -> str:
        return reverse("members:bulk-detail", args=[self.pk])


class BulkRow(models.Model):
    """One member of a change: how they stood when it was previewed, what came of it.

    `made` is the row of history the change wrote and `mark` the member's last movement then: an
    undo touches only those where both still are the newest.
    """

    id = models.BigAutoField(primary_key=True)
    change = models.ForeignKey(
        BulkChange, on_delete=models.CASCADE, related_name="rows", db_index=False
    )
    membership = models.ForeignKey(
        Membership, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    finding = models.CharField(max_length=12, choices=Finding)
    state_was = models.CharField(max_length=12)
    unit_was = models.UUIDField()
    employer_was = models.UUIDField(null=True)
    group_was = models.CharField(max_length=30)
    reason_was = models.CharField(max_length=20, default="", db_default="")
    # The row of history the change closed, and the one it wrote.
    closed = models.UUIDField(null=True)
    made = models.UUIDField(null=True)
    mark = models.BigIntegerField(null=True)
    held_from = models.DateField(null=True)
    put_back = models.BooleanField(default=False, db_default=False)
    kept = models.CharField(max_length=10, choices=Kept, blank=True, default="", db_default="")

    class Meta:
        indexes = [
            models.Index(fields=["change", "finding", "id"], name="bulk_row_by_finding"),
            models.Index(fields=["change", "id"], name="bulk_row_kept", condition=~Q(kept="")),
        ]
        constraints = [
            models.UniqueConstraint(name="bulk_member_once", fields=["change", "membership"]),
            models.CheckConstraint(
                name="bulk_only_fit_is_made", condition=Q(made__isnull=True) | Q(finding="fit")
            ),
            models.CheckConstraint(
                name="bulk_only_made_is_undone",
                condition=Q(put_back=False, kept="") | Q(made__isnull=False),
            ),
            models.CheckConstraint(
                name="bulk_put_back_or_kept", condition=Q(put_back=False) | Q(kept="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.change_id}:{self.membership_id}"
