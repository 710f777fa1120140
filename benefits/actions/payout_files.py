"""The bank's request file of a batch: checked, rendered again at will, handed over once.

The file's row is written with the release; `bankfiles.send` carries it to the folder. Nothing here
talks to the bank inside a transaction (security.md section 3.3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from benefits import outbound, profiles
from benefits.actions import bankfiles
from benefits.actions.rights import person_of, require
from benefits.models import BankFile, PayeeAccount, PayoutBatch
from benefits.profiles.rows import PayoutRequest, PayoutRow
from benefits.queries.payouts import lines_digest, lines_in_file, numbered
from benefits.states.cards import Direction, FileKind, FileState, Transport
from benefits.states.payouts import SENT_BATCH, BatchState, LineState
from unionportal.core import reveal
from unionportal.core.errors import Refused
from unionportal.core.roles import Permission, has_permission
from unionportal.core.transitions import move, move_all

if TYPE_CHECKING:
    from unionportal.core.actors import ServiceActor
    from unionportal.core.models import User


def require_bound(batch: PayoutBatch) -> None:
    """Raise `Refused` unless two persons stand behind exactly these lines (I3)."""
    if batch.approved_key is None or batch.approved_key == batch.submitted_key:
        raise Refused(_("This list was not approved by a second person."), code="one_person")
    if batch.needs_second and batch.second_key is None:
        raise Refused(_("This list needs a second checker."), code="one_checker")
    if lines_digest(batch) != batch.lines_digest:
        raise Refused(
            _("The list is not the one that was approved. It cannot be sent."),
            code="digest_differs",
        )


def request_of(batch: PayoutBatch) -> PayoutRequest:
    """Return what goes to the bank, the same at every call."""
    lines = list(lines_in_file(batch))
    numbers = PayeeAccount.objects.in_bulk({line.payee_account_id for line in lines})
    if batch.released_at is None:
        raise Refused(_("This list is not released."), code="not_released")
    return PayoutRequest(
        number=batch.number,
        on=timezone.localtime(batch.released_at).date(),
        payer_account=batch.payer_account,
        payer_name=batch.payer_name,
        summary=batch.summary,
        rows=[
            PayoutRow(
                seq, numbers[line.payee_account_id].number, line.holder_name, line.amount_fen,
                line.order_no,
            )
            for seq, line in numbered(lines)
        ],
    )  # fmt: skip


def queue(batch: PayoutBatch, *, by: User | ServiceActor) -> BankFile:
    """Write the row of the file that is to go out; only its digest is stored."""
    profile = profiles.current()
    request = request_of(batch)
    file = BankFile.objects.create(
        direction=Direction.OUT,
        kind=FileKind.PAYOUT_REQUEST,
        number=batch.number,
        name=profile.file_name(FileKind.PAYOUT_REQUEST, batch.number),
        sha256=outbound.digest(profile.render_payout_request(request)),
        line_count=len(request.rows),
        state=FileState.READY,
        transport=batch.transport,
        created_by_id=by.pk,
    )
    PayoutBatch.objects.filter(pk=batch.pk).update(file=file)
    batch.file = file
    return file


def _render(file: BankFile) -> bytes:
    batch = PayoutBatch.objects.get(file=file)
    return profiles.current().render_payout_request(request_of(batch))


def _check(file: BankFile) -> None:
    """Look once more, in the claiming transaction, that this may go (I3)."""
    batch = PayoutBatch.objects.select_for_update(of=("self",)).get(file=file)
    if batch.state != BatchState.RELEASED:
        raise Refused(_("This list is not released."), code="not_released")
    require_bound(batch)


def _handed_over(file: BankFile, by: User | ServiceActor) -> None:
    """Mark the lines as with the bank, except those it has answered already."""
    batch = PayoutBatch.objects.select_for_update(of=("self",)).get(file=file)
    now = timezone.now()
    move_all(batch.lines.filter(state=LineState.SENDING), "mark_sent", by=by, sent_at=now)
    move(batch, "hand_over", by=by, handed_over_at=now)


outbound.register(FileKind.PAYOUT_REQUEST, outbound.Outgoing(_render, _handed_over, _check))


def _file_of(batch: PayoutBatch, by: User) -> BankFile:
    require(by, _payout_right(by))
    if batch.file is None or batch.state not in SENT_BATCH:
        raise Refused(_("This list is not released."), code="not_released")
    return batch.file


@transaction.atomic
def download(*, by: User, batch: PayoutBatch) -> tuple[str, bytes]:
    """Return name and bytes of the bank's file and log that `by` took them (a reveal).

    Raises `NotAllowed` without a payout right, `Refused` before release or when the bytes would
    not be those of the stored digest.
    """
    file = _file_of(batch, by)
    reveal.log(
        batch, by=by, fields=["account_number", "holder_name"], reason="bank file",
        row_count=file.line_count,
    )  # fmt: skip
    return file.name, outbound.content_of(file)


@transaction.atomic
def hand_over(*, by: User, batch: PayoutBatch) -> PayoutBatch:
    """Record that a person gave the file to the bank; a second time changes nothing.

    Raises `Refused` when the folder carries this batch's files by itself.
    """
    file = _file_of(batch, by)
    if file.transport != Transport.MANUAL:
        raise Refused(_("This file goes to the bank by itself."), code="not_manual")
    person_of(by, _payout_right(by))
    bankfiles.mark_handed_over(by=by, file=file)
    batch.refresh_from_db()
    return batch


def _payout_right(by: User) -> Permission:
    is_maker = has_permission(by, Permission.MAKE_PAYOUT)
    return Permission.MAKE_PAYOUT if is_maker else Permission.CHECK_PAYOUT
