"""An account's statement as a workbook or CSV: short ones at once, long ones by a job."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from benefits.models import Account, Pot, TransferKind
from benefits.queries.books import account_name
from benefits.queries.statements import Entry, Span, span, written
from unionportal.core import audit, files, jobs
from unionportal.core.errors import Refused
from unionportal.core.models import User
from unionportal.core.money import yuan_text
from unionportal.core.spreadsheets.writing import Column, Sheet, write_csv, write_workbook

if TYPE_CHECKING:
    from unionportal.core.jobs import Progress
    from unionportal.core.models import Job

JOB = "benefits.write_statement"
AT_ONCE = 5_000
REPORT_EVERY = 5_000
KEPT_FOR = timedelta(days=7)
TYPES = {"xlsx": files.XLSX, "csv": "text/csv; charset=utf-8"}


def ask(
    *, by: User, account: Account, day_from: date | None, day_to: date | None, kind: str
) -> tuple[str, bytes] | Job:
    """Return (name, content) of a statement of up to 5,000 movements, else the job that writes it.

    Holds no personal data: amounts, lists, line and order numbers. Raises `Refused` when nothing
    was posted in these days. The asking is logged.
    """
    piece = span(account, day_from, day_to)
    count = piece.rows.count() if piece else 0
    if piece is None or not count:
        raise Refused(_("Nothing was posted in these days."), code="no_rows", field="day_from")
    days = [day.isoformat() if day else "" for day in (day_from, day_to)]
    audit.record(by=by, verb="account.export", target=account,
                 data={"rows": count, "days": days, "kind": kind})  # fmt: skip
    if count > AT_ONCE:
        return jobs.start(
            kind=JOB, by=by, total=count,
            params={"account": str(account.pk), "first": piece.first, "last": piece.last,
                    "kind": kind, "language": translation.get_language() or "zh-hans"},
        )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "statement"
        write(path, piece, kind)
        return file_name(account, kind), path.read_bytes()


def file_name(account: Account, kind: str) -> str:
    """Return the name of a statement's file."""
    return f"{account.budget.code} {account_name(account)} {timezone.localdate():%Y-%m-%d}.{kind}"


def write(
    path: Path, piece: Span, kind: str, report: Callable[[int], None] = lambda _done: None
) -> int:
    """Write a statement, oldest first, with what was brought forward; return its movements."""
    rows = _reported(_rows(piece, kind), report)
    if kind == "csv":
        return write_csv(path, [column.title for column in _columns()], rows)
    return write_workbook(path, [Sheet(_("Statement"), _columns(), rows)])


def _columns() -> list[Column]:
    return [
        Column(_("Posted"), 20), Column(_("Movement"), 18), Column(_("Other side"), 14),
        Column(_("Batch"), 18), Column(_("Line"), 8, "number"), Column(_("Order number"), 36),
        Column(_("In (yuan)"), 14, "money"), Column(_("Out (yuan)"), 14, "money"),
        Column(_("Balance (yuan)"), 16, "money"), Column(_("Transfer"), 38),
    ]  # fmt: skip


def _rows(piece: Span, kind: str) -> Iterator[list[Any]]:
    money = yuan_text if kind == "csv" else int
    for entry in written(piece):
        yield _row(entry, money)


def _row(entry: Entry, money: Callable[[int], Any]) -> list[Any]:
    one: Any = entry.posting
    moment = timezone.localtime(one.posted_at).replace(tzinfo=None, microsecond=0)
    return [
        moment.isoformat(" "),
        str(TransferKind(one.kind).label),
        str(Pot(one.other_pot).label) if one.other_pot else "",
        one.batch_number,
        one.seq,
        one.order_no,
        money(one.amount_fen) if one.amount_fen > 0 else None,
        money(-one.amount_fen) if one.amount_fen < 0 else None,
        money(entry.balance_fen),
        str(one.transfer),
    ]


def _reported(rows: Iterable[list[Any]], report: Callable[[int], None]) -> Iterator[list[Any]]:
    source, done = iter(rows), 0
    while portion := list(islice(source, REPORT_EVERY)):
        yield from portion
        done += len(portion)
        report(done)


@jobs.handler(JOB)
def run(progress: Progress) -> None:
    """Write a long statement; a repeat after a kill writes it anew."""
    asked = progress.job.params
    account = Account.objects.select_related("budget").get(pk=asked["account"])
    piece = Span(account, asked["first"], asked["last"])
    owner = User.objects.get(jobs=progress.job)
    with tempfile.TemporaryDirectory() as folder, translation.override(asked["language"]):
        path = Path(folder) / "statement"
        write(path, piece, asked["kind"], lambda done: progress.report(
            done=done, total=max(done, progress.job.total)))  # fmt: skip
        with transaction.atomic():
            made = files.store_path(
                path, by=owner, kind="export", name=file_name(account, asked["kind"]),
                content_type=TYPES[asked["kind"]], keep_for=KEPT_FOR,
            )  # fmt: skip
            jobs.finish(progress.job, result=made)
