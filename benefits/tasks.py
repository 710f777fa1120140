"""Wake-ups of the benefits app; each is safe to run twice and to lose."""

from __future__ import annotations

from celery import shared_task

from benefits.actions import bankfiles, batches, entitlements, results
from unionportal.core.schedules import every


@shared_task(name="benefits.send_batches")
def send_batches() -> None:
    """Carry every file that is ready to the bank's folder."""
    bankfiles.send_waiting()


@shared_task(name="benefits.collect_bank_files")
def collect_bank_files() -> None:
    bankfiles.collect()
    bankfiles.process_received()


@shared_task(name="benefits.sweep_entitlements")
def sweep_entitlements() -> None:
    entitlements.sweep()


@shared_task(name="benefits.sweep_payouts")
def sweep_payouts() -> None:
    batches.close_due_notices()
    results.sweep()


every(5, "benefits.send_batches")
every(5, "benefits.collect_bank_files")
every(30, "benefits.sweep_entitlements")
every(15, "benefits.sweep_payouts")
