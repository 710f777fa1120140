"""A hundred thousand rows as a file: the whole job with masks, words, sealing and storing."""

from __future__ import annotations

import resource
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import xlsxwriter
from django.db import connection
from django.utils import timezone

from benchmarks.rounds import Goal, Pair
from unionportal.core.exports import actions, registry, writing
from unionportal.core.exports.actions import Wish
from unionportal.core.jobs import Progress
from unionportal.core.models import ExportRequest, Job, User

ROWS = 100_000
COLUMNS = ["name", "id_number", "phone", "group", "unit", "employer", "joined_on", "member_no"]
# The same columns as they lie in the tables, without masks of our own, words or order.
PLAIN = """
COPY (SELECT p.name, p.id_masked, p.phone_masked, g.name_zh, u.name, e.name, m.joined_on,
  m.member_no
FROM members_membership m
JOIN members_person p ON p.id = m.person_id
JOIN members_workergroup g ON g.code = m.group_id
JOIN members_unionunit u ON u.id = m.unit_id
LEFT JOIN members_employer e ON e.id = m.employer_id
WHERE m.joined_on >= %s) TO STDOUT WITH (FORMAT csv)
"""


class Exports:
    """The newest hundred thousand members, as the district officer."""

    def __init__(self) -> None:
        self.officer = User.objects.get(username="district")
        self.source = registry.get("members")
        rows = self.source.rows(self.officer, "").order_by("-joined_on")
        days = list(rows.values_list("joined_on", flat=True)[:ROWS])
        self.since = days[-1]
        self.query = f"joined_from={self.since.isoformat()}"
        self.count = self.source.rows(self.officer, self.query).count()
        self.folder = Path(tempfile.mkdtemp())
        self.written = 0
        self.memory: dict[str, int] = {}

    def pairs(self) -> Iterator[Pair]:
        """CSV first: nothing large is in memory yet, so that growth is the export's own."""
        self._memory_of("csv")
        self._memory_of("xlsx")
        yield Pair(
            key="export_csv", job=f"export {self.count:,} rows", candidate="csv, masked, sealed",
            anchor="COPY TO of the raw columns", run=lambda: self._export("csv"),
            run_anchor=self._copy, goal=Goal(at_least=0.5, is_speed=True), check=self._check,
            details=lambda: {"export_mib_above_idle": self.memory, "rows": self.count},
        )  # fmt: skip
        cells = writing.values(
            self.source.rows(self.officer, self.query),
            [self.source.column(name) for name in COLUMNS],
            "en",
            is_unmasked=False,
        )
        ready = list(cells)
        yield Pair(
            key="export_xlsx", job=f"export {self.count:,} rows", candidate="xlsx, sealed",
            anchor="plain xlsxwriter, rows ready in memory", run=lambda: self._export("xlsx"),
            run_anchor=lambda: self._plain_xlsx(ready), check=self._check, rounds=3,
            goal=Goal(at_least=0.9, is_speed=True),
        )  # fmt: skip

    def _memory_of(self, kind: str) -> None:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        self._export(kind)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        self.memory[kind] = grown // 1024

    def _export(self, kind: str) -> None:
        wish = Wish(list_name="members", columns=COLUMNS, query=self.query, format=kind)
        made = ExportRequest.objects.create(
            list_name=wish.list_name, columns=COLUMNS, query=wish.query, format=kind,
            language="en", row_count=self.count, unit_id=actions._unit_of(self.officer),
            requested_by=self.officer,
        )  # fmt: skip
        job = Job.objects.create(kind=actions.JOB, subject_id=made.pk, owner=self.officer,
                                 state="done", finished_at=timezone.now())  # fmt: skip
        actions.write(made, Progress(job))
        made.refresh_from_db()
        self.written = made.written or 0

    def _copy(self) -> None:
        path = self.folder / "plain.csv"
        with (
            path.open("wb") as file,
            connection.cursor() as cursor,
            cursor.copy(PLAIN, [self.since]) as copy,
        ):
            for line in copy:
                file.write(line)

    def _plain_xlsx(self, rows: list[Any]) -> None:
        with xlsxwriter.Workbook(
            str(self.folder / "plain.xlsx"), {"constant_memory": True}
        ) as book:
            sheet = book.add_worksheet()
            for number, row in enumerate(rows):
                for place, value in enumerate(row):
                    sheet.write_string(number, place, value or "")

    def _check(self) -> str:
        return "" if self.written == self.count else f"{self.written} of {self.count} rows"
