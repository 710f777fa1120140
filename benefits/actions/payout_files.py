"""The bank's request file of a batch: checked, rendered again at will, handed over once.

The file's row is written with the release; `bankfiles.send` carries it to the folder. Nothing here
talks to the bank inside a transaction (security.md section 3.3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from benefits import outbound, profiles
from benefits.actions import bankfiles
from benefits.actions.lines import close_if_settled
from benefits.actions.rights import person_of, require
from benefits.actions.sending import require_open
from benefits.models import BankFile, PayoutBatch, PayoutLine
from benefits.profiles.rows import PayoutRequest, PayoutRow
from benefits.queries.payouts import lines_digest, lines_of
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
    require_two_persons(batch)
    require_same_lines(batch)


def require_two_persons(batch: PayoutBatch) -> None:
    """Raise `Refused` unless the persons a list needs have approved it."""
    if batch.approved_key is None or batch.approved_key == batch.submitted_key:
        raise Refused(_("This list was not approved by a second person."), code="one_person")
    if batch.needs_second and batch.second_key is None:
        raise Refused(_("This list needs a second checker."), code="one_checker")


def require_same_lines(batch: PayoutBatch) -> None:
    """Raise `Refused` when the lines are not those that were approved."""
    if lines_digest(batch) != batch.lines_digest:
        raise Refused(
            _("The list is not the one that was approved. It cannot be sent."),
            code="digest_differs",
        )


def request_of(file: BankFile) -> PayoutRequest:
    """Return what goes to the bank with a file, the same at every call."""
    batch = file.payout_batch
    if batch is None or batch.released_at is None:
        raise Refused(_("This list is not released."), code="not_released")
    rows = lines_of(file).values_list(
        "file_seq", "payee_account__number", "holder_name", "amount_fen", "order_no"
    )
    return _request(
        batch, file.number, [PayoutRow(seq or 0, *terms) for seq, *terms in list[Any](rows)]
    )


def _request(batch: PayoutBatch, number: str, rows: list[PayoutRow]) -> PayoutRequest:
    assert batch.released_at is not None
    return PayoutRequest(
        number=number, on=timezone.localtime(batch.released_at).date(),
        payer_account=batch.payer_account, payer_name=batch.payer_name, summary=batch.summary,
        rows=rows,
    )  # fmt: skip


def queue(batch: PayoutBatch, lines: QuerySet[PayoutLine], *, by: User | ServiceActor) -> BankFile:
    """Write the row of a file that is to go out with these lines; only its digest is stored.

    A list that fits into one file gives it its own number; of several, each has a part's.
    """
    profile = profiles.current()
    number = _number_of_next(batch, profile.most_lines)
    columns = ("pk", "payee_account__number", "holder_name", "amount_fen", "order_no")
    found = list(lines.values_list(*columns))
    rows = [PayoutRow(seq, *terms) for seq, (_pk, *terms) in enumerate(found, start=1)]
    content = profile.render_payout_request(_request(batch, number, rows))
    file = BankFile.objects.create(
        direction=Direction.OUT, kind=FileKind.PAYOUT_REQUEST, number=number, profile=profile.name,
        name=profile.file_name(FileKind.PAYOUT_REQUEST, number), sha256=outbound.digest(content),
        line_count=len(rows), state=FileState.READY, transport=batch.transport,
        payout_batch=batch, created_by_id=by.pk,
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(NUMBER_LINES, [file.pk, [pk for pk, *_terms in found]])
    return file


NUMBER_LINES = """
UPDATE benefits_payoutline l SET file_id = %s, file_seq = i.seq
FROM unnest(%s::uuid[]) WITH ORDINALITY AS i (id, seq) WHERE l.id = i.id"""


def _number_of_next(batch: PayoutBatch, most_lines: int) -> str:
    if batch.line_count <= most_lines:
        return batch.number
    return f"{batch.number}-{batch.files.count() + 1:03d}"


def _render(file: BankFile) -> bytes:
    return profiles.named(file.profile).render_payout_request(request_of(file))


def _held(file: BankFile) -> PayoutBatch:
    return PayoutBatch.objects.select_for_update(of=("self",)).get(files=file)


def _check(file: BankFile) -> None:
    """Look once more, in the claiming transaction, that this may go (I3).

    The digest of the lines covers the whole list. One of many files is held to its own digest
    instead, which was taken in the transaction that found the list to be the approved one.
    """
    require_open()
    batch = _held(file)
    if batch.state != BatchState.RELEASED:
        raise Refused(_("This list is not released."), code="not_released")
    require_two_persons(batch)
    if file.number == batch.number:
        require_same_lines(batch)


def _handed_over(file: BankFile, by: User | ServiceActor) -> None:
    """Mark the file's lines as with the bank, except those it has answered already."""
    batch = _held(file)
    move_all(file.lines.filter(state=LineState.SENDING), "mark_sent", by=by, sent_at=Now())
    finish_release(batch, by)


@transaction.atomic
def finish_release(batch: PayoutBatch, by: User | ServiceActor) -> None:
    """Wait for answers once every line has left, or was left out, and every file is handed over."""
    held = PayoutBatch.objects.select_for_update(of=("self",)).get(pk=batch.pk)
    if held.state != BatchState.RELEASED:
        return
    is_going = held.lines.filter(state__in=[LineState.APPROVED, LineState.SENDING]).exists()
    if is_going or held.files.filter(state=FileState.READY).exists():
        return
    move(held, "hand_over", by=by, handed_over_at=timezone.now())
    close_if_settled(held, by=by)


outbound.register(FileKind.PAYOUT_REQUEST, outbound.Outgoing(_render, _handed_over, _check))


def _require_out(batch: PayoutBatch, by: User) -> None:
    require(by, _payout_right(by))
    if batch.state not in SENT_BATCH:
        raise Refused(_("This list is not released."), code="not_released")


@transaction.atomic
def download(*, by: User, batch: PayoutBatch, number: str = "") -> tuple[str, bytes]:
    """Return name and bytes of the bank's file and log that `by` took them (a reveal).

    `number` says which when the list has several; else the first. Raises `NotAllowed` without a
    payout right, `Refused` before release, for an unknown number, or when the bytes would not be
    those of the stored digest.
    """
    _require_out(batch, by)
    files = batch.files.filter(number=number) if number else batch.files.order_by("number")
    file = files.first()
    if file is None:
        raise Refused(_("This list has no such file."), code="no_such_file")
    reveal.log(
        batch, by=by, fields=["account_number", "holder_name"], reason="bank file",
        row_count=file.line_count,
    )  # fmt: skip
    return file.name, outbound.content_of(file)


@transaction.atomic
def hand_over(*, by: User, batch: PayoutBatch) -> PayoutBatch:
    """Record that a person gave the files to the bank; a second time changes nothing.

    Raises `Refused` when the folder carries this batch's files by itself.
    """
    _require_out(batch, by)
    if batch.transport != Transport.MANUAL:
        raise Refused(_("This file goes to the bank by itself."), code="not_manual")
    person_of(by, _payout_right(by))
    for file in batch.files.order_by("number"):
        bankfiles.mark_handed_over(by=by, file=file)
    batch.refresh_from_db()
    return batch


def _payout_right(by: User) -> Permission:
    is_maker = has_permission(by, Permission.MAKE_PAYOUT)
    return Permission.MAKE_PAYOUT if is_maker else Permission.CHECK_PAYOUT
