"""Confirm and write: once each, whatever happens on the way."""

from __future__ import annotations

import pytest

from members import signals
from members.imports import actions, texts, writing
from members.models import Application, ImportBatch
from members.states import ImportState
from tests.factories import members as make
from tests.members.roster_files import id_number, phone, worker, xlsx
from tests.members.test_roster_verdicts import counts, preview
from unionportal.core import jobs
from unionportal.core.errors import NotAllowed, Refused, Stale
from unionportal.core.models import Attachment, AuditEvent, OutboxMessage

pytestmark = pytest.mark.django_db


class Killed(BaseException):
    """Stands for a worker that is gone at that very moment."""


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr(writing, "CHUNK", 5)


@pytest.fixture
def ready(district, field_officer):
    """A previewed roster: rows 2 to 13 new, row 14 rejected."""
    rows = [*(worker(serial) for serial in range(12)), worker(50, 手机号="1")]
    return preview(field_officer, district.firm_a, xlsx(rows))


def confirm(batch, by):
    job = actions.confirm(by=by, batch=batch)
    jobs.run(job.pk)
    return ImportBatch.objects.select_related("job").get(pk=batch.pk)


def write(batch, by, report=lambda **progress: None):
    parts = ImportBatch.objects.select_related("unit__area", "employer", "signed_list")
    writing.write(by=by, batch=parts.get(pk=batch.pk), report=report)


def test_new_rows_become_applications(ready, district, field_officer):
    batch = confirm(ready, field_officer)
    assert batch.state == ImportState.DONE
    assert (*counts(batch), batch.counts["written"]) == (12, 0, 0, 0, 1, 13, 12)
    first = Application.objects.get(id_number__isnull=False, import_row__number=2)
    assert (first.name, first.id_number, first.phone) == ("测试员甲", id_number(0), phone(0))
    assert (first.source, first.state, first.unit, first.area, first.group_id) == (
        "roster", "submitted", district.firm_a, district.area_a, "TRUCK_DRIVER",
    )  # fmt: skip
    assert first.submitted_by == field_officer
    assert batch.rows.get(number=14).application is None
    assert (batch.job.state, batch.job.done, batch.job.total) == ("done", 12, 12)


def test_without_signed_list_each_worker_is_asked(ready, field_officer):
    confirm(ready, field_officer)
    rows = list(Application.objects.all())
    assert {row.confirmation for row in rows} == {"none"}
    assert len({row.confirm_token for row in rows}) == 12
    texts_sent = list(OutboxMessage.objects.filter(purpose="confirm"))
    assert {message.phone for message in texts_sent} == {phone(serial) for serial in range(12)}
    assert f"/confirm/{rows[0].confirm_token}/" in "".join(m.body for m in texts_sent)


def test_signed_list_is_the_evidence(district, field_officer):
    scan = make.scan(field_officer, kind="signed_list")
    batch = preview(field_officer, district.firm_a, xlsx([worker(1)]))
    ImportBatch.objects.filter(pk=batch.pk).update(signed_list=scan)
    confirm(ImportBatch.objects.get(pk=batch.pk), field_officer)
    row = Application.objects.get()
    assert (row.confirmation, row.evidence, row.confirm_token) == ("signed_list", scan, None)
    assert row.confirmed_at is not None
    assert OutboxMessage.objects.count() == 0


@pytest.mark.usefixtures("small_chunks")
def test_killed_between_chunks_goes_on_without_writing_twice(ready, field_officer):
    actions.confirm(by=field_officer, batch=ready)

    def die_after_ten(*, done: int) -> None:
        if done == 10:
            raise Killed

    with pytest.raises(Killed):
        write(ready, field_officer, die_after_ten)
    assert Application.objects.count() == 10
    assert ImportBatch.objects.get().state == ImportState.WRITING
    seen = []
    write(ready, field_officer, lambda *, done: seen.append(done))
    assert seen == [12]
    assert Application.objects.count() == 12
    assert Application.objects.values("id_index").distinct().count() == 12
    assert ImportBatch.objects.get().counts["written"] == 12


@pytest.mark.usefixtures("small_chunks")
def test_killed_inside_a_chunk_leaves_none_of_it(ready, field_officer):
    actions.confirm(by=field_officer, batch=ready)
    heard = []

    def die_in_the_second_chunk(applications: list[Application], **signal: object) -> None:
        heard.extend(applications)
        if len(heard) == 10:
            raise Killed

    signals.application_submitted.connect(die_in_the_second_chunk)
    try:
        with pytest.raises(Killed):
            write(ready, field_officer)
    finally:
        signals.application_submitted.disconnect(die_in_the_second_chunk)
    assert Application.objects.count() == 5
    assert OutboxMessage.objects.count() == 5
    assert ImportBatch.objects.get().rows.filter(application__isnull=False).count() == 5
    write(ready, field_officer)
    assert Application.objects.count() == 12
    assert OutboxMessage.objects.count() == 12


def test_writing_again_does_nothing(ready, field_officer):
    confirm(ready, field_officer)
    write(ready, field_officer)
    assert Application.objects.count() == 12


def test_stale_job_is_taken_up_again(ready, field_officer):
    job = actions.confirm(by=field_officer, batch=ready)
    type(job).objects.filter(pk=job.pk).update(
        state="running", beat_at="2020-01-01T00:00:00Z", claimed_at="2020-01-01T00:00:00Z"
    )
    jobs.requeue_stale()
    assert jobs.run(job.pk) is True
    assert ImportBatch.objects.get().state == ImportState.DONE


def test_somebody_enrolled_meanwhile_is_not_written(ready, district, field_officer):
    make.application(district.pool_a, id_number=id_number(3))
    batch = confirm(ready, field_officer)
    assert (*counts(batch), batch.counts["written"]) == (11, 1, 0, 0, 1, 13, 11)
    row = batch.rows.get(number=5)
    assert (row.verdict, row.application) == ("known", None)
    assert texts.reason(row.problems[0]) == "Became known after the check. Not written again."


def test_confirm_twice_is_stale(ready, field_officer):
    actions.confirm(by=field_officer, batch=ready)
    with pytest.raises(Stale, match="Being written"):
        actions.confirm(by=field_officer, batch=ImportBatch.objects.get())


def test_confirm_goes_on_after_a_broken_job(ready, field_officer):
    job = actions.confirm(by=field_officer, batch=ready)
    jobs.fail(job, error="internal")
    batch = confirm(ImportBatch.objects.select_related("job").get(), field_officer)
    assert batch.state == ImportState.DONE
    assert Application.objects.count() == 12


def test_nothing_new_cannot_be_confirmed(district, field_officer):
    batch = preview(field_officer, district.firm_a, xlsx([worker(1, 手机号="1")]))
    with pytest.raises(Refused, match="nothing to write"):
        actions.confirm(by=field_officer, batch=batch)


def test_out_of_reach_is_not_confirmed(ready, neighbour_officer):
    with pytest.raises(NotAllowed):
        actions.confirm(by=neighbour_officer, batch=ready)
    with pytest.raises(NotAllowed):
        actions.cancel(by=neighbour_officer, batch=ready)
    assert ImportBatch.objects.get().state == ImportState.PREVIEWED


def test_officer_who_lost_the_unit_writes_nothing(ready, field_officer):
    job = actions.confirm(by=field_officer, batch=ready)
    field_officer.grants.update(ended_on="2020-01-02")
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, Application.objects.count()) == ("failed", 0)
    assert "You cannot act for this union unit" in job.error


def test_cancel_drops_rows_and_files(ready, field_officer):
    actions.cancel(by=field_officer, batch=ready)
    batch = ImportBatch.objects.get()
    assert batch.state == ImportState.CANCELLED
    assert batch.rows.count() == 0
    assert Attachment.objects.get(pk=batch.file_id).expires_at is not None
    with pytest.raises(Stale):
        actions.confirm(by=field_officer, batch=batch)


def test_every_step_is_in_the_audit_log(ready, field_officer):
    confirm(ready, field_officer)
    verbs = AuditEvent.objects.filter(target_type="members.importbatch").order_by("id")
    assert list(verbs.values_list("verb", "actor_label")) == [
        ("import.upload", "field_officer"),
        ("import.preview", "service:system"),
        ("import.confirm", "field_officer"),
        ("import.finish", "field_officer"),
    ]


def test_statements_are_bounded_per_chunk(district, field_officer, django_assert_max_num_queries):
    few = preview(field_officer, district.firm_a, xlsx([worker(serial) for serial in range(400)]))
    ImportBatch.objects.filter(pk=few.pk).update(signed_list=make.scan(field_officer))
    job = actions.confirm(by=field_officer, batch=ImportBatch.objects.get())
    with django_assert_max_num_queries(60):
        jobs.run(job.pk)
    assert Application.objects.count() == 400
