"""Wake-ups of the benefits app; each is safe to run twice and to lose."""

from __future__ import annotations

from celery import shared_task

from benefits import relay, statement_files  # noqa: F401 - the second registers its job
from benefits.actions import (
    bankfiles,
    batch_jobs,
    bills,
    books,
    entitlements,
    imports,
    matching,
    notices,
    orders,
    results,
)
from benefits.receivers.imports import FOLLOW
from members.models import ImportBatch
from unionportal.core import jobs
from unionportal.core.jobs import Progress
from unionportal.core.models import User
from unionportal.core.schedules import every
from unionportal.core.wake import wake


@shared_task(name="benefits.send_batches")
def send_batches() -> None:
    """Carry every file that is ready to the bank's folder."""
    bankfiles.send_waiting()


@shared_task(name="benefits.collect_bank_files")
def collect_bank_files() -> None:
    bankfiles.collect()
    bankfiles.process_received()


@shared_task(name="benefits.relay_orders")
def relay_orders() -> None:
    """Carry up to 1,000 due orders to their channel; the next task takes the next."""
    if relay.run() >= orders.MOST_CLAIMED:
        wake("benefits.relay_orders")


@shared_task(name="benefits.sweep_entitlements")
def sweep_entitlements() -> None:
    entitlements.sweep()


@shared_task(name="benefits.sweep_payouts")
def sweep_payouts() -> None:
    notices.close_due()
    batch_jobs.resume()
    results.sweep()
    orders.stop_asking()


@shared_task(name="benefits.sweep_matches")
def sweep_matches() -> None:
    matching.sweep()


@shared_task(name="benefits.fetch_bills")
def fetch_bills() -> None:
    """Fetch the channels' bills of past days."""
    bills.fetch_due()


@shared_task(name="benefits.check_books")
def check_books() -> None:
    """Compare the books every hour; a difference raises an alert."""
    books.check()


every(5, "benefits.send_batches")
every(5, "benefits.relay_orders")
every(5, "benefits.collect_bank_files")
every(120, "benefits.sweep_entitlements")
every(15, "benefits.sweep_payouts")
every(60, "benefits.sweep_matches")
every(1_800, "benefits.fetch_bills")
every(3_600, "benefits.check_books")


@jobs.handler(FOLLOW)
def follow_import(progress: Progress) -> None:
    """Do for the members of a loaded register what is done for those who apply."""
    batch = ImportBatch.objects.get(pk=str(progress.job.subject_id))
    owner = User.objects.get(jobs=progress.job)
    imports.follow(by=owner, batch=batch, report=progress.report)
