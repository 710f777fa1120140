"""Give files to the bank and take files from it, whatever they are about."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from benefits import inbound, outbound, profiles
from benefits.actions.sending import is_locked
from benefits.inbound import Problem, Quarantine
from benefits.models import BankFile
from benefits.states.cards import Direction, FileKind, FileState, Transport
from benefits.transports import folder
from unionportal.core import alerts, audit, files
from unionportal.core.actors import BANK, SYSTEM, ServiceActor
from unionportal.core.errors import NotAllowed, Refused
from unionportal.core.ids import new_id
from unionportal.core.transitions import move, move_all

if TYPE_CHECKING:
    from unionportal.core.models import User

logger = logging.getLogger(__name__)

RECLAIM_AFTER = timedelta(seconds=30)
KEEP_FOR = timedelta(days=90)  # security.md 3.2, "Files at rest"
MOST_PROBLEMS = 500
SET_APART = "bank_file_set_apart"
RECEIVE_LOCK, APPLY_LOCK = 0x42414E4B, 0x4150504C


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a file from the bank; `is_repeat` when the same content came before."""

    file: BankFile
    is_repeat: bool


def receive(
    *,
    content: bytes,
    name: str,
    by: User | ServiceActor,
    transport: Transport = Transport.MANUAL,
    brought_key: UUID | None = None,
) -> Receipt:
    """Take in a file from the bank once by its content, and apply it whole or set it apart.

    With `brought_key`, the person who brought it by hand, a file that fits waits for `confirm` by
    another. The same content again changes nothing (security.md section 3, I7).
    """
    receipt = _keep(content, name, by, transport, brought_key)
    if receipt.file.state == FileState.RECEIVED:
        process(receipt.file.pk)
        receipt.file.refresh_from_db()
    return receipt


@transaction.atomic
def _keep(
    content: bytes,
    name: str,
    by: User | ServiceActor,
    transport: Transport,
    brought_key: UUID | None = None,
) -> Receipt:
    with connection.cursor() as cursor:  # one at a time, so that a repeat finds its first
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [RECEIVE_LOCK])
    profile, kind = profiles.recognise(content)
    sha256 = outbound.digest(content)
    first = BankFile.objects.filter(direction=Direction.IN, kind=kind, sha256=sha256).first()
    if first is not None:
        BankFile.objects.filter(pk=first.pk).update(repeats=F("repeats") + 1)
        if first.state == FileState.HELD and brought_key is None:
            # The bank itself says the same: nobody has to confirm the copy brought by hand.
            move(first, "confirm", by=by, brought_key=None)
        audit.record(by=by, verb="bank_file.repeat", target=first)
        return Receipt(first, is_repeat=True)
    file = BankFile(
        direction=Direction.IN,
        kind=kind,
        profile=profile.name,
        name=name[:120],
        sha256=sha256,
        state=FileState.RECEIVED if content else FileState.QUARANTINED,
        transport=transport,
        created_by_id=by.pk,
        brought_key=brought_key,
        problems=[] if content else [asdict(Problem("empty"))],
    )
    if content:
        file.attachment = files.store(
            content, by=by, kind="bank_file", name=name, keep_for=KEEP_FOR,
            content_type=f"text/plain; charset={profile.charset}",
        )  # fmt: skip
    file.save(force_insert=True)
    audit.record(by=by, verb="bank_file.receive", target=file, to_state=file.state)
    if file.state == FileState.QUARANTINED:
        alerts.alert_once(SET_APART, by=BANK, target=file, data={"codes": ["empty"]})
    return Receipt(file, is_repeat=False)


def process(file_id: UUID) -> None:
    """Apply a received file whole, or set it apart with its problems; then retry what waited."""
    waiting = [file_id]
    while waiting:
        waiting += _apply(waiting.pop(0))


@transaction.atomic
def _apply(file_id: UUID) -> list[UUID]:
    """Return the files to read again now that this one changed something; [] when it did not.

    One file at a time: a file that lacks another is set apart before that other is applied, or
    after it and found at once, never in between.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [APPLY_LOCK])
    file = BankFile.objects.select_for_update(of=("self",)).get(pk=file_id)
    if file.state != FileState.RECEIVED or file.attachment is None:
        return []
    must_wait = file.brought_key is not None and file.confirmed_key is None
    try:
        with transaction.atomic():
            counts = _handle(file, files.open_content(file.attachment))
            if must_wait:  # it fits: undo what it did until another person has looked
                transaction.set_rollback(True)
    except Quarantine as verdict:
        _set_apart(file, verdict.problems)
        return []
    if must_wait:
        values = {name: getattr(file, name) for name in ("number", "line_count", "answers")}
        move(file, "hold", by=BANK, counts=counts, problems=[], **values)
        return []
    values = {name: getattr(file, name) for name in ("number", "line_count", "answers")}
    move(file, "apply", by=BANK, counts=counts, problems=[], applied_at=timezone.now(), **values)
    return _wake_waiting()


def _handle(file: BankFile, content: bytes) -> dict[str, int]:
    handler = inbound.handlers.get(FileKind(file.kind))
    if handler is None:
        raise Quarantine([Problem("unrecognised", 1)])
    return handler(file, content)


def _set_apart(file: BankFile, problems: list[Problem]) -> None:
    kept = [asdict(problem) for problem in problems[:MOST_PROBLEMS]]
    counts = {"problems": len(problems)}
    values = {name: getattr(file, name) for name in ("number", "line_count", "answers")}
    move(file, "quarantine", by=BANK, problems=kept, counts=counts, **values)
    codes = sorted({problem.code for problem in problems})
    alerts.alert_once(SET_APART, by=BANK, target=file, data={"codes": codes, **counts})


def _wake_waiting() -> list[UUID]:
    """Mark the files that only lacked what a file applied now may have brought; return their ids.

    Marked in that file's transaction, they are found by the next sweep should we die here.
    """
    apart = BankFile.objects.filter(state=FileState.QUARANTINED).only("problems")
    codes = {file.pk: {problem["code"] for problem in file.problems} for file in apart}
    passing = [pk for pk, found in codes.items() if found and found <= inbound.passing_problems]
    return move_all(BankFile.objects.filter(pk__in=passing), "read_again", by=SYSTEM)


def confirm(*, by: User, key: UUID, file: BankFile) -> BankFile:
    """Let a file that somebody else brought be applied; `key` is the person who confirms.

    Raises `NotAllowed` for the person who brought it, `Stale` when it was decided meanwhile.
    """
    if key == file.brought_key:
        raise NotAllowed(_("You brought this file. Another person must confirm it."), code="own")
    move(file, "confirm", by=by, confirmed_by=by, confirmed_key=key, confirmed_at=timezone.now())
    process(file.pk)
    file.refresh_from_db()
    return file


def read_again(*, by: User, file: BankFile) -> BankFile:
    """Try a file that was set apart once more, after its cause is gone.

    Raises `Stale`, and `Refused` when the file is empty or was deleted after its term.
    """
    if file.attachment is None:
        raise Refused(_("This file is empty. Ask the bank to send it again."), code="empty_file")
    files.open_content(file.attachment)  # refuses when its term has ended, before anything moves
    move(file, "read_again", by=by)
    process(file.pk)
    file.refresh_from_db()
    return file


def ignore(*, by: User, file: BankFile, reason: str) -> BankFile:
    """Put a file that was set apart aside for good, with a reason; raise `Stale`, `Refused`."""
    return move(file, "ignore", by=by, reason=reason)


@transaction.atomic
def mark_handed_over(*, by: User | ServiceActor, file: BankFile) -> BankFile:
    """Record that the bank has the file and do what follows; a second time does nothing."""
    locked = BankFile.objects.select_for_update().get(pk=file.pk)
    if locked.state != FileState.READY:
        return locked
    move(locked, "hand_over", by=by, handed_over_at=timezone.now(), handed_over_by_id=by.pk)
    outbound.kinds[locked.kind].handed_over(locked, by)
    return locked


def waiting_to_go_out() -> list[UUID]:
    """Return the ids of files for the folder that nobody is writing at this moment."""
    free = Q(claimed_at__isnull=True) | Q(claimed_at__lt=Now() - RECLAIM_AFTER)
    ready = BankFile.objects.filter(state=FileState.READY, transport=Transport.FOLDER)
    if is_locked():
        ready = ready.exclude(kind=FileKind.PAYOUT_REQUEST)
    return list(ready.filter(free).order_by("id").values_list("pk", flat=True)[:100])


def send(file_id: UUID) -> bool:
    """Claim one ready file, write it to the folder and record the hand-over; False if not free.

    Nothing is written inside a transaction. The file is staged, the staging is recorded, and only
    that staged file is ever published, by a rename that uses it up: after a kill at any point the
    next worker goes on, and the bank sees the file once even if it would pay twice what comes twice
    (security.md section 3.2).
    """
    with transaction.atomic():
        free = Q(claimed_at__isnull=True) | Q(claimed_at__lt=Now() - RECLAIM_AFTER)
        ready = BankFile.objects.filter(
            free, pk=file_id, state=FileState.READY, transport=Transport.FOLDER
        )
        file = ready.select_for_update(skip_locked=True).first()
        if file is None:
            return False
        outbound.kinds[file.kind].check(file)
        BankFile.objects.filter(pk=file_id).update(claimed_at=Now())
    token = file.stage_token or _stage(file)
    if token is None:
        return False
    folder.publish(file.name, token)
    mark_handed_over(by=SYSTEM, file=file)
    return True


def _stage(file: BankFile) -> UUID | None:
    """Write the file under a new token and record it; None when another worker was faster."""
    token = new_id()
    folder.stage(file.name, outbound.content_of(file), token)
    mine = BankFile.objects.filter(pk=file.pk, state=FileState.READY, stage_token__isnull=True)
    if mine.update(stage_token=token):
        return token
    folder.drop_staged(file.name, token)
    return None


def send_waiting() -> int:
    """Send every free ready file, each by itself, so that one kept back holds up no other."""
    sent = 0
    for file_id in waiting_to_go_out():
        try:
            sent += send(file_id)
        except Exception:
            logger.exception("bank file %s could not go out; it is tried again", file_id)
    return sent


def collect() -> int:
    """Take in every file the bank left in the folder; return how many there were.

    A file is removed from the folder once its row is committed, so a kill in between only makes it
    a repeat.
    """
    arrivals = folder.arrivals()
    for arrival in arrivals:
        _keep(arrival.content, arrival.name, BANK, Transport.FOLDER)
        folder.remove(arrival)
    return len(arrivals)


def process_received() -> int:
    """Apply every file that waits for it, each by itself; return how many were tried."""
    waiting = BankFile.objects.filter(direction=Direction.IN, state=FileState.RECEIVED)
    ids = list(waiting.order_by("id").values_list("pk", flat=True)[:100])
    for file_id in ids:
        try:
            process(file_id)
        except Exception:
            logger.exception("bank file %s could not be applied; it stays", file_id)
    return len(ids)
