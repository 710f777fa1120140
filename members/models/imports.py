"""Imports: a file, its rows with a verdict each, nothing written before confirmation."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from members.models.applications import Application
from members.models.organisation import Employer, UnionUnit, WorkerGroup
from members.states import IMPORT_MACHINE, ImportKind, ImportState, Verdict
from unionportal.core.fields import EncryptedTextField
from unionportal.core.ids import new_id
from unionportal.core.models import Attachment, Job
from unionportal.core.roles import Permission
from unionportal.core.scope import Scope, ScopedQuerySet


class ImportQuerySet(ScopedQuerySet["ImportBatch"]):
    view_permission = Permission.VIEW_MEMBERS

    def scope_filter(self, scope: Scope) -> Q:
        return scope.in_units("unit") | scope.in_areas("unit__area")


class ImportBatch(models.Model):
    """One uploaded file for one union unit: a firm's roster, or a register to be loaded."""

    machine = IMPORT_MACHINE

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=10, choices=ImportKind, default=ImportKind.ROSTER)
    state = models.CharField(max_length=10, choices=ImportState, default=ImportState.UPLOADED)
    # A roster's workers join this unit; rows of a register may name one at or below it.
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
    # What the firm or the old register says it has, when that is not the rows of the file.
    reported = models.PositiveIntegerField(_("people reported"), null=True, blank=True)
    # The import whose failed rows come again in this one.
    continues = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="continued_by"
    )
    # {"titles": [...], "columns": {field: index}}: the file's own header, to give rows back under.
    layout = models.JSONField(default=dict)
    # Rows by verdict, and "rows", "shared_phones"; "written", "kept", "put_back" once that is done.
    counts = models.JSONField(default=dict)
    # [{"code": "hidden_rows", "params": {}}]; texts are made on display.
    notes = models.JSONField(default=list)
    error = models.CharField(max_length=500, blank=True, default="")
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
    # Portions of rows that are written, and undone, for good: where a killed worker goes on.
    written_to = models.PositiveIntegerField(default=0)
    undone_to = models.PositiveIntegerField(default=0)

    objects = ImportQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="import_file_once_per_unit",
                fields=["kind", "unit", "file_sha256"],
                condition=~Q(state__in=["failed", "cancelled", "undone"]),
            ),
            models.CheckConstraint(
                name="import_confirmed_is_timed",
                condition=Q(confirmed_by__isnull=True, confirmed_at__isnull=True)
                | Q(confirmed_by__isnull=False, confirmed_at__isnull=False),
            ),
            models.CheckConstraint(
                name="import_undone_is_timed",
                condition=Q(undone_by__isnull=True, undone_at__isnull=True)
                | Q(undone_by__isnull=False, undone_at__isnull=False),
            ),
            models.CheckConstraint(
                name="import_register_is_confirmed",
                condition=~Q(kind="registry")
                | ~Q(state__in=["writing", "done", "undoing", "undone"])
                | Q(confirmed_by__isnull=False),
            ),
            models.CheckConstraint(
                name="import_register_by_two",
                condition=~Q(kind="registry")
                | Q(confirmed_by__isnull=True)
                | ~Q(confirmed_by=F("created_by")),
            ),
        ]
        triggers = [
            # Two accounts of one person are one person.
            pgtrigger.Trigger(
                name="import_two_persons",
                operation=pgtrigger.Insert | pgtrigger.Update,
                when=pgtrigger.Before,
                condition=pgtrigger.Q(new__kind="registry", new__confirmed_by__isnull=False),
                declare=[("maker", "uuid"), ("person", "uuid")],
                func="""
                    SELECT person_key INTO maker FROM core_user WHERE id = NEW.created_by_id;
                    SELECT person_key INTO person FROM core_user WHERE id = NEW.confirmed_by_id;
                    IF maker IS NULL OR person IS NULL OR maker = person THEN
                        RAISE EXCEPTION 'a register is confirmed by a person who did not upload it'
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            )
        ]

    def __str__(self) -> str:
        return str(self.pk)

    def get_absolute_url(self) -> str:
        return reverse("members:import-detail", args=[self.pk])

    @property
    def is_registry(self) -> bool:
        """Whether its rows become memberships, not applications."""
        return self.kind != ImportKind.ROSTER


class ImportRow(models.Model):
    """One row of a file: what was read (encrypted), the verdict and why."""

    id = models.BigAutoField(primary_key=True)
    batch = models.ForeignKey(ImportBatch, on_delete=models.CASCADE, related_name="rows")
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
        Application, null=True, on_delete=models.PROTECT, related_name="import_row"
    )
    # The membership the row makes or changes: named before it is written, so no foreign key.
    membership_id = models.UUIDField(null=True, editable=False)
    # Rows are written and undone portion by portion, a transaction each.
    portion = models.PositiveIntegerField(null=True, editable=False)
    # What a new person and membership are written from: a line for COPY (members.imports.staged).
    line = EncryptedTextField(null=True, editable=False)
    # What an update replaced, JSON, for putting it back.
    before = EncryptedTextField(null=True, editable=False)
    # Why an undo left the row's work standing: a code of members.imports.texts.
    kept_because = models.CharField(max_length=20, blank=True, default="")

    class Meta:
        indexes = [
            models.Index(
                fields=["batch", "portion"],
                name="import_row_by_portion",
                condition=Q(portion__isnull=False),
            ),
            models.Index(
                fields=["batch", "number"],
                name="import_row_kept",
                condition=~Q(kept_because=""),
            ),
        ]
        constraints = [
            models.UniqueConstraint(name="import_row_once", fields=["batch", "number"]),
        ]

    def __str__(self) -> str:
        return f"{self.batch_id}:{self.number}"


class AliasQuerySet(ScopedQuerySet["HeaderAlias"]):
    view_permission = Permission.ENROL

    def scope_filter(self, scope: Scope) -> Q:
        return scope.in_units("unit") | scope.in_areas("unit__area")


class HeaderAlias(models.Model):
    """A column title that a unit's files use, named once by an officer, known from then on."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    unit = models.ForeignKey(UnionUnit, on_delete=models.CASCADE, related_name="header_aliases")
    title = models.CharField(max_length=120)
    field = models.CharField(max_length=30)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = AliasQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(name="alias_once", fields=["unit", "title"])]

    def __str__(self) -> str:
        return f"{self.title} = {self.field}"
