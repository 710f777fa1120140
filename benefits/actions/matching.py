"""Take in what bank and channels wrote down of a day, compare it with the portal, end differences.

The comparison is a few statements for a day of any size, and safe to repeat: what it finds again is
no new row, what a later file explains closes by itself (security.md section 3, I14).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from benefits import profiles
from benefits.actions.lines import NewEvidence, add_evidence, settle
from benefits.actions.rights import finance_person
from benefits.inbound import Problem, Quarantine, handler
from benefits.models import BankFile, DayRecord, Difference
from benefits.profiles.statements import Movement
from benefits.states.cards import FileKind
from benefits.states.matching import (
    TAKEN_AS_EVIDENCE,
    DifferenceKind,
    DifferenceState,
    RecordSource,
)
from benefits.states.payouts import Channel, EvidenceSource, Outcome
from unionportal.core import audit, jobs
from unionportal.core.actors import SYSTEM
from unionportal.core.copying import copying
from unionportal.core.errors import NotAllowed, Refused
from unionportal.core.ids import NEW_ID_SQL, new_id
from unionportal.core.transitions import move, move_all

if TYPE_CHECKING:
    from unionportal.core.actors import ServiceActor
    from unionportal.core.jobs import Progress
    from unionportal.core.models import Attachment, Job, User

JOB = "benefits.match"
COPY = """
COPY benefits_recordline (record_id, seq, serial, order_no, is_return, amount_fen, at, text)
FROM STDIN"""
EVIDENCE_OF = {RecordSource.STATEMENT: EvidenceSource.STATEMENT,
               RecordSource.BILL: EvidenceSource.BILL}  # fmt: skip


def is_statement(content: bytes) -> bool:
    """Say whether a bank's file is a statement of the account payouts leave from."""
    return profiles.recognise(content)[1] == FileKind.STATEMENT


@handler(FileKind.STATEMENT)
def apply_statement(file: BankFile, content: bytes) -> dict[str, int]:
    """Keep a bank statement and have it compared; return how many lines it has.

    One of the same day that goes on where an earlier one ended adds its rest. Raises `Quarantine`
    for a file that is not whole, and for another one of a day that is known.
    """
    statement = profiles.named(file.profile).parse_statement(content)
    file.number, file.line_count = statement.number, len(statement.rows)
    earlier = (
        DayRecord.objects.select_for_update(of=("self",))
        .filter(source=RecordSource.STATEMENT, channel=Channel.BANK_FILE, day=statement.day)
        .first()
    )
    if earlier is None:
        keep(
            source=RecordSource.STATEMENT, channel=Channel.BANK_FILE, day=statement.day,
            rows=statement.rows, file=file,
        )  # fmt: skip
    elif _continues(earlier, statement.rows):
        _write(earlier, statement.rows[earlier.lines.count() :])
        start(earlier)
    else:
        raise Quarantine([Problem("day_known", 1, f"{statement.day:%Y-%m-%d}")])
    return {"lines": len(statement.rows)}


@transaction.atomic
def keep(
    *,
    source: RecordSource,
    channel: Channel,
    day: date,
    rows: Iterable[Movement],
    file: BankFile | None = None,
) -> DayRecord:
    """Write a day's record by COPY and queue its match; a channel's bill comes in here too."""
    record = DayRecord.objects.create(
        source=source, channel=channel, day=day, file=file, out_count=0, out_fen=0, back_count=0,
        back_fen=0,
    )  # fmt: skip
    _write(record, list(rows))
    start(record)
    return record


def _write(record: DayRecord, rows: Sequence[Movement]) -> None:
    with copying(COPY) as copy:
        for row in rows:
            copy.write_row((record.pk, row.seq, row.serial, row.order_no, row.is_return,
                            row.amount_fen, row.at, row.text))  # fmt: skip
    out = [row.amount_fen for row in rows if not row.is_return]
    back = [row.amount_fen for row in rows if row.is_return]
    DayRecord.objects.filter(pk=record.pk).update(
        out_count=F("out_count") + len(out), out_fen=F("out_fen") + sum(out),
        back_count=F("back_count") + len(back), back_fen=F("back_fen") + sum(back),
        matched_at=None,
    )  # fmt: skip


def _continues(record: DayRecord, rows: Sequence[Movement]) -> bool:
    """Say whether a statement begins with all that the day's record has already."""
    known = record.lines.order_by("seq").values_list(
        "seq", "serial", "order_no", "is_return", "amount_fen"
    )
    found = [(one.seq, one.serial, one.order_no, one.is_return, one.amount_fen) for one in rows]
    return found[: len(known)] == list(known)


def start(record: DayRecord, *, by: User | ServiceActor = SYSTEM) -> Job:
    """Queue the match of a day's record; one that waits already is returned."""
    url = reverse("benefits:match-detail", args=[record.pk])
    return jobs.start(kind=JOB, by=by, subject_id=record.pk, result_url=url)


@jobs.handler(JOB)
def run(progress: Progress) -> None:
    """Match one day's record, then those days again that wait for an explanation."""
    record = DayRecord.objects.get(pk=progress.job.subject_id or UUID(int=0))
    others = DayRecord.objects.filter(
        differences__state__in=[DifferenceState.OPEN, DifferenceState.PROPOSED]
    )
    found = match(record)
    for other in others.exclude(pk=record.pk).distinct():
        match(other)
    progress.report(done=found, total=found)


def sweep() -> int:
    """Queue the matches that a lost message left out; return how many."""
    waiting = DayRecord.objects.filter(matched_at__isnull=True)
    return sum(bool(start(record)) for record in waiting)


@transaction.atomic
def match(record: DayRecord) -> int:
    """Compare a day's record with the portal in both directions; return what is open of it."""
    locked = DayRecord.objects.select_for_update(of=("self",)).get(pk=record.pk)
    values: dict[str, Any] = {
        "record": locked.pk, "source": locked.source, "channel": locked.channel,
        "day": locked.day, "zone": timezone.get_current_timezone_name(), "run": new_id(),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(FIND.format(new_id=NEW_ID_SQL), values)
    mine = Difference.objects.filter(record=locked)
    move_all(mine.exclude(seen_in=values["run"]), "explain", by=SYSTEM)
    move_all(mine.filter(seen_in=values["run"]), "reappear", by=SYSTEM)
    DayRecord.objects.filter(pk=locked.pk).update(matched_at=Now())
    open_now = mine.waiting().count()
    audit.record(by=SYSTEM, verb="day_record.match", target=locked, data={"differences": open_now})
    return open_now


# Both directions in one statement; `net` is what an order took out and did not bring back.
FIND = """
WITH net AS (
    SELECT x.order_no, count(*) FILTER (WHERE NOT x.is_return) AS outs,
        count(*) FILTER (WHERE NOT x.is_return) - count(*) FILTER (WHERE x.is_return) AS left_out,
        min(x.id) FILTER (WHERE NOT x.is_return) AS first_out
    FROM benefits_recordline x JOIN benefits_dayrecord d ON d.id = x.record_id
    WHERE d.source = %(source)s AND d.channel = %(channel)s AND x.order_no <> ''
      AND x.order_no IN (SELECT order_no FROM benefits_recordline WHERE record_id = %(record)s)
    GROUP BY x.order_no),
there AS (
    SELECT r.id, r.serial, r.order_no, r.is_return, r.amount_fen, net.outs, net.left_out,
        net.first_out, l.id AS line_id, l.state, l.amount_fen AS here_fen
    FROM benefits_recordline r
    LEFT JOIN net ON net.order_no = r.order_no
    LEFT JOIN (benefits_payoutline l JOIN benefits_payoutbatch b ON b.id = l.batch_id
               AND b.channel = %(channel)s)
        ON l.order_no = r.order_no AND l.state <> 'dropped'
    WHERE r.record_id = %(record)s),
both_ways (kind, key, order_no, line_id, record_line_id, here_fen, there_fen) AS (
    SELECT CASE
            WHEN t.line_id IS NULL THEN 'unattributed'
            WHEN t.amount_fen <> t.here_fen THEN 'other_amount'
            WHEN NOT t.is_return AND t.outs > 1 AND t.id <> t.first_out AND t.left_out > 1
                THEN 'twice'
            WHEN NOT t.is_return AND t.state NOT IN ('paid', 'returned') AND t.left_out > 0
                THEN 'missing_here'
            WHEN t.is_return AND t.state <> 'returned' AND t.left_out < 1
                THEN 'return_unrecorded'
        END, t.serial, t.order_no, t.line_id, t.id, t.here_fen, t.amount_fen
    FROM there t
    UNION ALL
    SELECT 'missing_at_bank', l.order_no, l.order_no, l.id, NULL, l.amount_fen, NULL
    FROM benefits_payoutline l JOIN benefits_payoutbatch b ON b.id = l.batch_id
    WHERE b.channel = %(channel)s AND l.state = 'paid'
      AND (l.settled_at AT TIME ZONE %(zone)s)::date = %(day)s
      AND NOT EXISTS (
        SELECT 1 FROM benefits_recordline x JOIN benefits_dayrecord d ON d.id = x.record_id
        WHERE x.order_no = l.order_no AND NOT x.is_return
          AND d.source = %(source)s AND d.channel = %(channel)s))
INSERT INTO benefits_difference (id, record_id, kind, key, state, order_no, line_id,
    record_line_id, here_fen, there_fen, note, seen_in)
SELECT {new_id}, %(record)s, kind, key, 'open', order_no, line_id, record_line_id, here_fen,
    there_fen, '', %(run)s
FROM both_ways WHERE kind IS NOT NULL
ON CONFLICT (record_id, kind, key) DO UPDATE SET seen_in = excluded.seen_in"""


@transaction.atomic
def propose(
    *, by: User, difference: Difference, note: str, document: Attachment | None = None
) -> Difference:
    """Say how a difference ends, for a second person to confirm.

    What the record shows paid or come back is taken as evidence; anything else needs a document.
    Raises `NotAllowed`, `Refused` without words or document, `Stale`.
    """
    key = finance_person(by)
    if len(note.strip()) < 4:
        raise Refused(_("Write what you found out."), code="note_needed", field="note")
    if document is None and difference.kind not in TAKEN_AS_EVIDENCE:
        raise Refused(_("Add the document that shows it."), code="no_document", field="document")
    return move(
        difference, "propose", by=by, reason=note[:200], note=note.strip()[:200],
        document=document, proposed_by=by, proposed_key=key, proposed_at=timezone.now(),
    )  # fmt: skip


@transaction.atomic
def confirm(*, by: User, difference: Difference) -> Difference:
    """Confirm what another person proposed; the line and the money follow the record.

    Raises `NotAllowed` for the same person, `Stale`.
    """
    key = finance_person(by)
    if key == difference.proposed_key:
        raise NotAllowed(_("You proposed this. Another person must confirm it."), code="own")
    move(difference, "confirm", by=by, decided_by=by, decided_key=key, decided_at=timezone.now())
    if difference.kind in TAKEN_AS_EVIDENCE:
        _take(difference, by)
    return difference


def _take(difference: Difference, by: User) -> None:
    """Make the record's line evidence about the payout line (I6, I8)."""
    shown, line_id = difference.record_line, difference.line_id
    if shown is None or line_id is None:
        return
    is_return = difference.kind == DifferenceKind.RETURN_UNRECORDED
    outcome = Outcome.RETURNED if is_return else Outcome.SUCCESS
    said = NewEvidence(
        line_id=line_id, source=EVIDENCE_OF[RecordSource(difference.record.source)],
        event_id=f"{shown.order_no} {shown.serial}"[:80], outcome=outcome,
        told=(outcome, shown.serial, str(shown.amount_fen)), bank_text=shown.text,
        bank_serial="" if is_return else shown.serial, file_id=difference.record.file_id,
    )  # fmt: skip
    add_evidence([said])
    settle([line_id], by=by)


@transaction.atomic
def decline(*, by: User, difference: Difference, reason: str) -> Difference:
    """Refuse what was proposed, with a reason; the difference is open again."""
    finance_person(by)
    empty: dict[str, Any] = {"note": "", "document": None, "proposed_by": None,
                             "proposed_key": None, "proposed_at": None}  # fmt: skip
    return move(difference, "decline", by=by, reason=reason, **empty)
