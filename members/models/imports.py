"""Roster imports: a file, its rows with a verdict each, nothing written before confirmation."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse

from members.models.applications import Application
from members.models.organisation import Employer, UnionUnit, WorkerGroup
from members.states import IMPORT_MACHINE, ImportState, Verdict
from unionportal.core.fields import EncryptedTextField
from unionportal.core.ids import new_id
from unionportal.core.models import Attachment, Job
from unionportal.core.roles import Permission
from unionportal.core.scope import Scope, ScopedQuerySet


class ImportQuerySet(ScopedQuerySet["RosterImport"]):
    view_permission = Permission.VIEW_MEMBERS

    def scope_filter(self, scope: Scope) -> Q:
        return scope.in_units("unit") | scope.in_areas("unit__area")


class RosterImport(models.Model):
    """One uploaded roster of one firm, for one union unit."""

    machine = IMPORT_MACHINE

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    state = models.CharField(max_length=10, choices=ImportState, default=ImportState.UPLOADED)
    unit = models.ForeignKey(UnionUnit, on_delete=models.PROTECT, related_name="imports")
    employer = models.ForeignKey(
        Employer, null=True, blank=True, on_delete=models.PROTECT, related_name="imports"
    )
    default_group = models.ForeignKey(
        WorkerGroup, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    file = models.ForeignKey(Attachment, on_delete=models.PROTECT, related_name="+")
    file_sha256 = models.CharField(max_length=64)
    # The scan of the list the workers signed; without it each worker confirms by a link.
    signed_list = models.ForeignKey(
        Attachment, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    # {"titles": [...], "columns": {field: index}}: the file's own header, to give rows back under.
    layout = models.JSONField(default=dict)
    # Rows by verdict, and "rows", "shared_phones"; "written" once that is done.
    counts = models.JSONField(default=dict)
    # [{"code": "hidden_rows", "params": {}}]; texts are made on display.
    notes = models.JSONField(default=list)
    error = models.CharField(max_length=500, blank=True, default="")
    job = models.ForeignKey(Job, null=True, on_delete=models.PROTECT, related_name="+")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = ImportQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="import_file_once_per_unit",
                fields=["unit", "file_sha256"],
                condition=~Q(state__in=["failed", "cancelled"]),
            )
        ]

    def __str__(self) -> str:
        return str(self.pk)

    def get_absolute_url(self) -> str:
        return reverse("members:import-detail", args=[self.pk])


class RosterRow(models.Model):
    """One row of a roster: what was read (encrypted), the verdict and why."""

    id = models.BigAutoField(primary_key=True)
    batch = models.ForeignKey(RosterImport, on_delete=models.CASCADE, related_name="rows")
    number = models.PositiveIntegerField()
    verdict = models.CharField(max_length=10, choices=Verdict)
    # [{"field": "id_number", "code": "check_digit", "params": {}}]; texts are made on display.
    problems = models.JSONField(default=list)
    # The cells as typed, JSON, for giving the row back; the cleaned values, JSON, for writing.
    typed = EncryptedTextField()
    cleaned = EncryptedTextField(blank=True, default="")
    id_index = models.UUIDField(null=True)
    name_masked = models.CharField(max_length=50, blank=True, default="")
    id_masked = models.CharField(max_length=20, blank=True, default="")
    application = models.OneToOneField(
        Application, null=True, on_delete=models.PROTECT, related_name="roster_row"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(name="roster_row_once", fields=["batch", "number"]),
        ]

    def __str__(self) -> str:
        return f"{self.batch_id}:{self.number}"
