"""The deadlines of transfers: escalate or expire what nobody answered, carry out what is due."""

from __future__ import annotations

import logging

from celery import shared_task
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from members.models import Transfer
from members.transfers import actions, bulk
from members.transfers.states import WAITING_TRANSFER, TransferState
from unionportal.core import jobs
from unionportal.core.actors import SYSTEM
from unionportal.core.errors import Refused
from unionportal.core.models import User
from unionportal.core.schedules import every

logger = logging.getLogger(__name__)
AT_ONCE = 200


def sweep() -> int:
    """Do what is due, each case in a transaction of its own; return how many were touched."""
    today = timezone.localdate()
    due = Q(state__in=WAITING_TRANSFER, due_on__lt=today) | Q(
        state=TransferState.ACCEPTED, moves_on__lte=today
    )
    ids = list(Transfer.objects.filter(due).order_by("due_on", "pk").values_list("pk", flat=True))
    return sum(_advance(pk) for pk in ids[:AT_ONCE])


@transaction.atomic
def _advance(pk: object) -> bool:
    rows = Transfer.objects.select_for_update(of=("self",), skip_locked=True)
    sides = rows.select_related("membership__person", "from_unit", "to_unit", "employer")
    found = sides.filter(pk=pk, closed_at=None).first()
    if found is None:
        return False
    if found.state == TransferState.ACCEPTED:
        _carry_out(found)
    elif found.state == TransferState.CONSENTED and actions.unit_above(found):
        actions.escalate(by=SYSTEM, transfer=found)
    else:
        actions.expire(by=SYSTEM, transfer=found)
    return True


def _carry_out(transfer: Transfer) -> None:
    try:
        with transaction.atomic():
            actions.finish(transfer=transfer)
    except Refused as refusal:  # the unit was closed, or the member moved or left, meanwhile
        logger.warning("transfer %s could not be carried out: %s", transfer.pk, refusal.code)
        transfer.refresh_from_db()
        actions.withdraw(by=SYSTEM, transfer=transfer, reason=str(refusal.message))


@shared_task(name="members.sweep_transfers")
def sweep_transfers() -> None:
    sweep()


every(300, "members.sweep_transfers")


@jobs.handler(bulk.MOVE)
def move_members(progress: jobs.Progress) -> None:
    owner = User.objects.get(jobs=progress.job)
    bulk.move_all(
        by=owner,
        move=bulk.BulkMove.read(progress.job.params),
        total=progress.job.total,
        report=progress.report,
    )
