"""Long work is a row: claimed once, resumable, with progress one can leave and come back to."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from unionportal.core.ids import new_id
from unionportal.core.models.files import Attachment
from unionportal.core.transitions import Machine, Step


class JobState(models.TextChoices):
    QUEUED = "queued", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")


class Job(models.Model):
    """A unit of long work. `subject_id` is the id of what it works on; no personal data here."""

    machine = Machine(
        name="job",
        steps=(
            Step("claim", (JobState.QUEUED,), JobState.RUNNING),
            Step("requeue", (JobState.RUNNING,), JobState.QUEUED),
            Step("finish", (JobState.RUNNING,), JobState.DONE),
            Step("fail", (JobState.RUNNING, JobState.QUEUED), JobState.FAILED),
        ),
    )

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=60)
    subject_id = models.UUIDField(null=True, db_index=True)
    params = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=JobState, default=JobState.QUEUED)
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    counts = models.JSONField(default=dict)
    error = models.CharField(max_length=500, blank=True)
    result = models.ForeignKey(Attachment, null=True, on_delete=models.PROTECT, related_name="+")
    result_url = models.CharField(max_length=200, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="jobs"
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    claimed_at = models.DateTimeField(null=True)
    beat_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["state", "beat_at"],
                name="job_open",
                condition=Q(state__in=["queued", "running"]),
            ),
            models.Index(fields=["owner", "-created_at"], name="job_by_owner"),
        ]
        constraints = [
            models.CheckConstraint(
                name="job_done_within_total", condition=Q(total=0) | Q(done__lte=F("total"))
            ),
            models.CheckConstraint(
                name="job_finished_has_time",
                condition=Q(state__in=["queued", "running"]) | Q(finished_at__isnull=False),
            ),
            models.UniqueConstraint(
                name="job_one_open_per_subject",
                fields=["kind", "subject_id"],
                condition=Q(state__in=["queued", "running"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"

    @property
    def percent(self) -> int:
        """Whole percent done, 0 while the total is unknown."""
        return self.done * 100 // self.total if self.total else 0

    @property
    def is_open(self) -> bool:
        return self.state in {JobState.QUEUED, JobState.RUNNING}
