"""Take the bank's answers about payouts: whole files or nothing, each thing said once.

Checks of domain.md 6.2: counts and sums of this file (the profile's), order number of this batch,
account, name and amount as sent, no line twice. Anything else sets the whole file apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import DurationField, ExpressionWrapper, F, QuerySet, Value
from django.db.models.functions import Now

from benefits import profiles
from benefits.actions.lines import NewEvidence, add_evidence, close_if_settled, settle
from benefits.inbound import Problem, Quarantine, handler, refusal_handler
from benefits.models import BankFile, PayoutBatch, PayoutLine
from benefits.profiles.rows import PayoutAnswer
from benefits.queries.payouts import lines_of
from benefits.states.cards import Direction, FileKind
from benefits.states.payouts import (
    SENT_BATCH,
    BatchState,
    Channel,
    EvidenceSource,
    LineState,
    Outcome,
    Reason,
)
from unionportal.core.actors import BANK, SYSTEM

MINUTE = timedelta(minutes=1)
SENT = ("order_no", "pk", "file_seq", "payee_account__number", "holder_name", "amount_fen")


class Sent(NamedTuple):
    """A line as it went to the bank."""

    pk: UUID
    file_seq: int
    account: str
    holder_name: str
    amount_fen: int


def is_about_payouts(content: bytes) -> bool:
    """Say whether a file of the bank decides payments: only makers and checkers may bring those.

    A refusal counts by the batch it names; one that cannot be read decides nothing.
    """
    profile, kind = profiles.recognise(content)
    if kind != FileKind.REJECT:
        return kind == FileKind.PAYOUT_RESULT
    try:
        number = profile.parse_refusal(content).number
    except Quarantine:
        return False
    return _requests(number, profile.name).exists()


def _requests(number: str, profile: str) -> QuerySet[BankFile]:
    """The file of payouts that went out under this number to the bank of this profile."""
    return BankFile.objects.filter(
        direction=Direction.OUT, kind=FileKind.PAYOUT_REQUEST, number=number, profile=profile
    )


@handler(FileKind.PAYOUT_RESULT)
def apply_result(file: BankFile, content: bytes) -> dict[str, int]:
    """Apply a result file; return how many lines came to each state.

    Raises `Quarantine` with every line that does not fit what was sent; then nothing is posted.
    """
    result = profiles.named(file.profile).parse_payout_result(content)
    file.number, file.line_count = result.number, len(result.rows)
    file.answers = request = _request_called(result.number, file.profile)
    sent = {row[0]: Sent(*row[1:]) for row in lines_of(request).values_list(*SENT)}
    problems = list(_problems(result.rows, sent))
    if problems:
        raise Quarantine(problems)
    rows = [_evidence(answer, sent[answer.order_no], file) for answer in result.rows]
    new = add_evidence(rows)
    counts = settle([row.line_id for row in rows], by=BANK)
    return {"answers": len(rows), "new": new, **counts}


def _request_called(number: str, profile: str) -> BankFile:
    """Return the file of this number that went out; its list is held."""
    held = PayoutBatch.objects.select_for_update(of=("self",)).filter(
        files__in=_requests(number, profile), state__in=SENT_BATCH
    )
    request = _requests(number, profile).first() if held.exists() else None
    if request is None:
        raise Quarantine([Problem("unknown_batch", 1, number)])
    return request


def _problems(
    answers: Sequence[PayoutAnswer],
    sent: dict[str, Sent],
) -> Iterator[Problem]:
    seen: set[str] = set()
    for answer in answers:
        found = f"{answer.seq:06d}"
        if answer.order_no not in sent:
            yield Problem("unknown_order", answer.line, found)
            continue
        if answer.order_no in seen:
            yield Problem("twice", answer.line, found)
        seen.add(answer.order_no)
        for code in _differences(answer, sent[answer.order_no]):
            yield Problem(code, answer.line, found)


def _differences(answer: PayoutAnswer, line: Sent) -> Iterator[str]:
    if answer.seq != line.file_seq:
        yield "other_seq"
    if answer.account != line.account:
        yield "other_account"
    if answer.holder != line.holder_name:
        yield "other_name"
    if answer.amount_fen != line.amount_fen:
        yield "other_amount"


def _evidence(answer: PayoutAnswer, line: Sent, file: BankFile) -> NewEvidence:
    outcome, reason = profiles.named(file.profile).meaning(answer)
    status = "P" if answer.is_open else "S" if answer.is_paid else "F"
    return NewEvidence(
        line_id=line.pk,
        source=EvidenceSource.BANK_FILE,
        event_id=answer.order_no,
        told=(status, answer.code, answer.text, str(answer.at), answer.serial),
        outcome=outcome,
        reason=reason,
        bank_code=answer.code,
        bank_text=answer.text[:60],
        bank_serial=answer.serial[:40],
        file_id=file.pk,
    )


@refusal_handler(FileKind.PAYOUT_REQUEST)
def refuse(out_file: BankFile, refusal: BankFile, code: str) -> dict[str, int]:
    """Apply the bank's refusal of a whole payout file.

    "Seen before" says that the first file stands: nothing fails. Any other refusal says that
    no line was paid; lines it paid all the same become contested.
    """
    if code == profiles.named(out_file.profile).repeat_code:
        return {"kept": out_file.line_count}
    PayoutBatch.objects.select_for_update(of=("self",)).get(files=out_file)
    rows = [
        NewEvidence(
            line_id=line.pk, source=EvidenceSource.BANK_REFUSAL, event_id=line.order_no,
            told=("X", code), outcome=Outcome.FAILURE, reason=Reason.BATCH_REJECTED,
            bank_code=code, file_id=refusal.pk,
        )
        for line in lines_of(out_file)
    ]  # fmt: skip
    new = add_evidence(rows)
    return {"new": new, **settle([row.line_id for row in rows], by=BANK)}


def note_silence() -> int:
    """Write down of which lines nobody told in time; they become unknown, not failed.

    The database's clock decides (security.md section 3, I12). Return how many.
    """
    term = ExpressionWrapper(
        F("batch__programme__answer_minutes") * Value(MINUTE), output_field=DurationField()
    )
    overdue = PayoutLine.objects.filter(
        state=LineState.SENT,
        batch__channel__in=[Channel.BANK_FILE, Channel.CASH],
        sent_at__lt=Now() - term,
    )
    ids = list(overdue.order_by("pk").values_list("pk", "order_no")[:2_000])
    if ids:
        _be_silent(ids)
    return len(ids)


@transaction.atomic
def _be_silent(lines: list[tuple[UUID, str]]) -> None:
    add_evidence(
        [
            NewEvidence(
                line_id=pk, source=EvidenceSource.SILENCE, event_id=order_no,
                told=("silence",), outcome=Outcome.UNCLEAR, reason=Reason.NO_ANSWER,
            )
            for pk, order_no in lines
        ]
    )  # fmt: skip
    settle([pk for pk, _order_no in lines], by=SYSTEM)


def sweep() -> int:
    """Note silences, and close batches that ended while nobody looked; return how many lines."""
    count = note_silence()
    for pk in PayoutBatch.objects.filter(state=BatchState.RECONCILING).values_list("pk", flat=True):
        with transaction.atomic():
            batch = PayoutBatch.objects.select_for_update(of=("self",)).get(pk=pk)
            close_if_settled(batch, by=SYSTEM)
    return count
