"""Jobs: claimed once, resumed after a death, closed with one sentence."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from unionportal.core import jobs
from unionportal.core.actors import SYSTEM
from unionportal.core.errors import Refused
from unionportal.core.models import AuditEvent, Job


@pytest.fixture
def kind(monkeypatch):
    """Register a job kind for one test and collect what its handler was given."""
    seen = []

    def work(progress):
        seen.append(progress.job.pk)
        progress.report(done=3, total=3, written=3)

    monkeypatch.setitem(jobs._handlers, "test.kind", work)
    return seen


def test_job_runs_once_and_ends_done(district_officer, kind):
    job = jobs.start(kind="test.kind", by=district_officer)
    assert (jobs.run(job.pk), jobs.run(job.pk)) == (True, False)
    job.refresh_from_db()
    assert (job.state, job.done, job.counts, len(kind)) == ("done", 3, {"written": 3}, 1)
    assert AuditEvent.objects.filter(verb="job.finish", target_id=str(job.pk)).count() == 1


def test_second_start_for_one_subject_returns_the_open_job(district_officer, kind):
    subject = uuid4()
    first = jobs.start(kind="test.kind", by=district_officer, subject_id=subject)
    assert jobs.start(kind="test.kind", by=district_officer, subject_id=subject) == first
    with pytest.raises(IntegrityError, match="job_one_open_per_subject"), transaction.atomic():
        Job.objects.create(kind="test.kind", subject_id=subject)


def test_unknown_kind_is_refused(district_officer):
    with pytest.raises(LookupError, match="no handler"):
        jobs.start(kind="nothing.such", by=district_officer)


def test_refusal_ends_failed_with_its_sentence(db, monkeypatch):
    def refuse(progress):
        raise Refused("The file has no rows.")

    monkeypatch.setitem(jobs._handlers, "test.refuses", refuse)
    job = jobs.start(kind="test.refuses", by=SYSTEM)
    assert jobs.run(job.pk) is True
    job.refresh_from_db()
    assert (job.state, job.error) == ("failed", "The file has no rows.")


def test_breakdown_ends_failed_and_is_raised(db, monkeypatch):
    def break_down(progress):
        raise ZeroDivisionError

    monkeypatch.setitem(jobs._handlers, "test.breaks", break_down)
    job = jobs.start(kind="test.breaks", by=SYSTEM)
    with pytest.raises(ZeroDivisionError):
        jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.error) == ("failed", "internal")


def test_job_of_a_dead_worker_is_queued_again_and_at_last_given_up(db, kind):
    job = jobs.start(kind="test.kind", by=SYSTEM)
    dead = timezone.now() - jobs.STALE_AFTER - timedelta(seconds=1)
    Job.objects.filter(pk=job.pk).update(state="running", beat_at=dead, attempts=1)
    assert jobs.requeue_stale() == 1
    job.refresh_from_db()
    assert job.state == "queued"
    Job.objects.filter(pk=job.pk).update(state="running", beat_at=dead, attempts=5)
    assert jobs.requeue_stale() == 0
    job.refresh_from_db()
    assert (job.state, job.error) == ("failed", "internal")


def test_living_job_is_left_alone(db, kind):
    job = jobs.start(kind="test.kind", by=SYSTEM)
    Job.objects.filter(pk=job.pk).update(state="running", beat_at=timezone.now())
    jobs.requeue_stale()
    job.refresh_from_db()
    assert job.state == "running"


def test_job_page_shows_own_jobs_only(field_officer, neighbour_officer, client_for, kind):
    job = jobs.start(kind="test.kind", by=field_officer)
    assert client_for(field_officer).get(f"/desk/jobs/{job.pk}/").status_code == 200
    assert client_for(neighbour_officer).get(f"/desk/jobs/{job.pk}/").status_code == 404
