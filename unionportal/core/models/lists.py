"""Lists people work with: filters they save and share, columns they like, files they take out."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from unionportal.core.ids import new_id
from unionportal.core.models.files import Attachment
from unionportal.core.models.jobs import Job
from unionportal.core.roles import ROLE_CHOICES, Permission
from unionportal.core.scope import AnyUser, ScopedQuerySet
from unionportal.core.transitions import Machine, Step


class SavedFilterQuerySet(models.QuerySet["SavedFilter"]):
    def usable_by(self, user: AnyUser) -> SavedFilterQuerySet:
        """Keep the reader's own, and those shared with a role or above a unit the reader has."""
        grants = user.grants_today() if user.is_authenticated else []
        shared = Q(role__in={grant.role for grant in grants})
        for grant in grants:
            above = [grant.unit.path[:end] for end in range(4, len(grant.unit.path) + 1, 4)]
            shared |= Q(unit__path__in=above)
        return self.filter(Q(owner=user.pk) | shared)


class SavedFilter(models.Model):
    """A named query string of a list; shared with a role, or with a unit and those below it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    list_name = models.CharField(max_length=30)
    name = models.CharField(_("name"), max_length=40)
    query = models.CharField(max_length=2_000)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="saved_filters"
    )
    role = models.CharField(max_length=30, choices=ROLE_CHOICES, blank=True, default="")
    unit = models.ForeignKey(
        settings.SCOPE_UNIT_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = SavedFilterQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["list_name", "role"], name="filter_by_list")]
        constraints = [
            models.UniqueConstraint(name="filter_name_once", fields=["owner", "list_name", "name"]),
            models.CheckConstraint(
                name="filter_shared_one_way", condition=Q(role="") | Q(unit__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ListPreference(models.Model):
    """The columns somebody last chose for a list."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="list_preferences"
    )
    list_name = models.CharField(max_length=30)
    columns = ArrayField(models.CharField(max_length=40))

    class Meta:
        constraints = [
            models.UniqueConstraint(name="preference_once", fields=["user", "list_name"])
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.list_name}"


class ExportState(models.TextChoices):
    WAITING = "waiting", _("Waits for a second person")
    QUEUED = "queued", _("Being written")
    READY = "ready", _("Ready")
    REFUSED = "refused", _("Refused")


EXPORT_MACHINE = Machine(
    name="export",
    steps=(
        Step("approve", (ExportState.WAITING,), ExportState.QUEUED, Permission.EXPORT),
        Step(
            "refuse", (ExportState.WAITING,), ExportState.REFUSED, Permission.EXPORT,
            needs_reason=True,
        ),
        Step("finish", (ExportState.QUEUED,), ExportState.READY),
    ),
)  # fmt: skip


class ExportQuerySet(ScopedQuerySet["ExportRequest"]):
    view_permission = Permission.EXPORT
    unit_lookup = "unit"


class ExportRequest(models.Model):
    """Rows of a list taken out as a file: who asked, why, who agreed, until when it is there.

    `unit` is where the requester's right to export is held: a second person needs that reach.
    """

    machine = EXPORT_MACHINE

    class Format(models.TextChoices):
        XLSX = "xlsx", _("Workbook (.xlsx)")
        CSV = "csv", _("Text table (.csv)")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    list_name = models.CharField(max_length=30)
    query = models.CharField(max_length=4_000, blank=True, default="")
    columns = ArrayField(models.CharField(max_length=40))
    format = models.CharField(max_length=4, choices=Format)
    language = models.CharField(max_length=10)
    is_unmasked = models.BooleanField(default=False)
    reason = models.CharField(max_length=200, blank=True, default="")
    # How many rows the list had when it was asked for, and how many the file has.
    row_count = models.PositiveIntegerField()
    written = models.PositiveIntegerField(null=True)
    state = models.CharField(max_length=10, choices=ExportState, default=ExportState.QUEUED)
    unit = models.ForeignKey(settings.SCOPE_UNIT_MODEL, on_delete=models.PROTECT, related_name="+")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="exports"
    )
    requested_at = models.DateTimeField(db_default=Now(), editable=False)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=200, blank=True, default="")
    job = models.ForeignKey(Job, null=True, on_delete=models.PROTECT, related_name="+")
    file = models.ForeignKey(Attachment, null=True, on_delete=models.PROTECT, related_name="+")

    objects = ExportQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["requested_by", "-requested_at"], name="export_by_owner")]
        constraints = [
            models.CheckConstraint(
                name="export_second_person", condition=~Q(decided_by=F("requested_by"))
            ),
            models.CheckConstraint(
                name="export_unmasked_was_agreed",
                condition=Q(is_unmasked=False)
                | Q(state="waiting")
                | Q(decided_by__isnull=False, decided_at__isnull=False),
            ),
            models.CheckConstraint(
                name="export_unmasked_says_why", condition=Q(is_unmasked=False) | ~Q(reason="")
            ),
            models.CheckConstraint(
                name="export_ready_has_file", condition=~Q(state="ready") | Q(file__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.list_name} {self.format} {self.pk}"
