"""A register of members into a large district: every check, verdict, table and log row on.

The limit reads the same file with calamine and copies the finished rows into every table the load
writes, with the indexes, constraints and triggers that stand there. It checks nothing, judges
nothing, encrypts nothing, and its rows are in the best order: the one we wrote them in.
"""

from __future__ import annotations

import io
import resource
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import python_calamine
from django.db import connection

from benchmarks.importexport import import_people
from benchmarks.rounds import Goal, Pair
from members.imports import actions, judging, loading, preview
from members.models import ImportBatch, Membership, UnionUnit
from members.states import ImportKind
from tests.members.registry_files import HEADER, member
from tests.members.roster_files import xlsx
from unionportal.core.crypto import blind_index
from unionportal.core.models import User

ROWS = {"smoke": 5_000, "district": 100_000, "city": 100_000}
FOR_PACKAGE = 20_000
UNITS = 200
# Table → what finds the rows of the load, given the ids of its memberships.
MINE = {
    "members_importrow": "batch_id = %(batch)s",
    "members_person": "id IN (SELECT person_id FROM made)",
    "members_membership": "id IN (SELECT id FROM made)",
    "members_affiliation": "membership_id IN (SELECT id FROM made)",
    "members_groupmembership": "membership_id IN (SELECT id FROM made)",
    "members_movement": "membership_id IN (SELECT id FROM made)",
    "members_membercertificate": "membership_id IN (SELECT id FROM made)",
    "members_membervehicle": "membership_id IN (SELECT id FROM made)",
    "core_auditevent": "verb = 'membership.open' AND target_id IN (SELECT id::text FROM made)",
}
KEYS = "members_memberkey"  # filled by a trigger on either side
_MADE = """
CREATE TEMP TABLE made AS SELECT id, person_id FROM members_membership
WHERE id IN (SELECT membership_id FROM members_importrow
             WHERE batch_id = %(batch)s AND verdict = 'new')
"""


@dataclass
class File:
    """One register with its known truth."""

    rows: int
    content: bytes = b""
    lines: list[list[object]] = field(default_factory=list)
    truth: dict[str, int] = field(default_factory=dict)


class Imports:
    """Loads files of known truth, takes them out again without a trace, and copies them in."""

    def __init__(self, size: str) -> None:
        self.maker = User.objects.get(username="district")
        self.checker = _second_person(self.maker)
        self.top = UnionUnit.objects.get(depth=1, is_external=False)
        self.file = self._file(ROWS[size])
        self.small = self._file(min(FOR_PACKAGE, ROWS[size]))
        self.current = self.file
        self.batch: ImportBatch | None = None
        self.seconds: dict[str, list[float]] = {"read": [], "judge": [], "write": []}
        self.finished: dict[str, bytes] = {}
        self.captured = b""
        self.wrong = ""
        self.peak = 0

    def pairs(self) -> Iterator[Pair]:
        self._capture()
        yield Pair(
            key="limit",
            job=f"register of {self.file.rows:,} rows",
            candidate="read, check, judge, write",
            anchor="calamine + COPY of the finished rows into every table",
            run=self._load,
            run_anchor=self._copy,
            between=self._restore,
            goal=Goal(at_most=1.5),
            check=lambda: self.wrong,
            details=self._details,
            rounds=3 if self.file.rows > FOR_PACKAGE else 0,
        )
        self.current = self.small
        yield Pair(
            key="import_export",
            job=f"the same, {self.small.rows:,} rows",
            candidate="read, check, judge, write",
            anchor="django-import-export, bulk mode, people only",
            run=self._load,
            run_anchor=lambda: import_people(self.small.lines),
            between=self._restore,
            goal=Goal(at_least=25, is_speed=True),
            check=lambda: self.wrong,
            rounds=1,
        )

    def _file(self, rows: int) -> File:
        """Make a file: 10 % recorded so, 10 % twice, 1 % with a wrong check digit, the rest new."""
        file = File(rows)
        known = list(self._known(rows // 10))
        units = cycle(self._units())
        twice, bad = rows // 10, rows // 100
        fresh = rows - len(known) - twice - bad
        base = 30_000
        new = [member(base + n, 所属工会=next(units)) for n in range(fresh)]
        broken = [member(base + fresh + n, 所属工会=next(units)) for n in range(bad)]
        for line in broken:
            good = str(line[1])
            line[1] = good[:-1] + ("1" if good[-1] != "1" else "2")
        file.lines = [*known, *new, *new[:twice], *broken]
        file.truth = {
            "new": fresh, "unchanged": len(known), "duplicate": twice, "rejected": bad,
            "update": 0, "held": 0, "elsewhere": 0, "known": 0,
        }  # fmt: skip
        file.content = xlsx(file.lines, HEADER)
        return file

    def _units(self) -> list[str]:
        units = UnionUnit.objects.taking_members().filter(is_external=False).order_by("pk")
        names = list(units.values_list("name", flat=True))
        return [name for name in names if names.count(name) == 1][:UNITS]

    def _known(self, count: int) -> Iterator[list[object]]:
        rows = Membership.objects.recorded().filter(
            person__id_type="citizen", unit__name__in=self._units()
        )
        for one in islice(rows.select_related("person", "unit", "group").iterator(), count):
            yield [
                one.person.name, one.person.id_number, one.joined_on.isoformat(),
                one.person.phone, one.group.name_zh, "", one.unit.name, "",
            ]  # fmt: skip

    def _capture(self) -> None:
        """Load once and keep the finished rows as COPY text, in the order they were written."""
        self._upload()
        self._load()
        assert self.batch is not None
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS made")
            cursor.execute(_MADE, {"batch": self.batch.pk})
            for table, mine in MINE.items():
                text = io.BytesIO()
                condition = mine % {"batch": f"'{self.batch.pk}'"}
                query = f"COPY (SELECT * FROM {table} WHERE {condition} ORDER BY ctid) TO STDOUT"
                with cursor.copy(query) as copy:
                    for block in copy:
                        text.write(block)
                self.finished[table] = text.getvalue()
        self.captured = str(self.batch.pk).encode()
        self.seconds = {name: [] for name in self.seconds}

    def _upload(self) -> None:
        file = self.current
        upload = actions.Upload(
            content=file.content, filename="r.xlsx", kind="xlsx", rows=file.rows
        )
        self.batch, _is_new = actions.upload(
            by=self.maker, unit=self.top, roster=upload, kind=ImportKind.REGISTRY
        )

    def _load(self) -> None:
        """Do what the two jobs do: read and judge, then write."""
        assert self.batch is not None
        own = Path("/proc/self")
        (own / "clear_refs").write_text("5")
        idle = _resident(own, "VmRSS")
        began = time.perf_counter()
        judged = self._preview()
        read = time.perf_counter()
        actions.confirm(by=self.checker, batch=self._fresh())
        loading.load(by=self.checker, batch=self._fresh(), report=_silent)
        ended = time.perf_counter()
        phases = {"read": read - began - judged, "judge": judged, "write": ended - read}
        for name, seconds in phases.items():
            self.seconds[name].append(seconds)
        child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        above = _resident(own, "VmHWM") - idle + max(0, child - idle)
        self.peak = max(self.peak, above // 1024)
        self._check()

    def _preview(self) -> float:
        """Read and judge; return the seconds of judging."""
        spent = 0.0
        judge = judging.judge

        def timed(batch: ImportBatch) -> dict[str, int]:
            nonlocal spent
            began = time.perf_counter()
            counts = judge(batch)
            spent = time.perf_counter() - began
            return counts

        judging.judge = timed
        try:
            preview.make_preview(batch=self._fresh(), report=_silent)
        finally:
            judging.judge = judge
        return spent

    def _fresh(self) -> ImportBatch:
        assert self.batch is not None
        parts = ImportBatch.objects.select_related("unit__area", "file", "created_by", "job")
        return parts.get(pk=self.batch.pk)

    def _check(self) -> None:
        """Hold verdicts and written rows against what the file was made of."""
        truth, counts = self.current.truth, self._fresh().counts
        found = {name: counts[name] for name in truth}
        if found != truth:
            self.wrong = f"verdicts {found}, true {truth}"
        if counts["written"] != truth["new"]:
            self.wrong = f"{counts['written']} written, true {truth['new']}"

    def _restore(self) -> None:
        """Take the last load out, by whichever way it came in, then upload the file again."""
        if self.batch is not None:
            with connection.cursor() as cursor:
                self._take_out(cursor, self.batch)
        self._upload()

    def _take_out(self, cursor: Any, batch: ImportBatch) -> None:
        values = {"batch": batch.pk}
        cursor.execute("SET session_replication_role = replica")  # no triggers, no look-ups
        cursor.execute("DROP TABLE IF EXISTS made")
        cursor.execute(_MADE, values)
        cursor.execute("ANALYZE made")
        months = """UPDATE members_monthlyflow f SET came = came - n, joined = joined - n
            FROM (SELECT area_id, group_id, date_trunc('month', day)::date AS month, count(*) AS n
                  FROM members_movement WHERE membership_id IN (SELECT id FROM made)
                  GROUP BY 1, 2, 3) gone
            WHERE f.area_id = gone.area_id AND f.group_id = gone.group_id AND f.month = gone.month
              AND f.joined >= n"""
        cursor.execute(months)
        cursor.execute(f"DELETE FROM {KEYS} WHERE membership_id IN (SELECT id FROM made)")
        for table, mine in reversed(MINE.items()):
            cursor.execute(f"DELETE FROM {table} WHERE {mine}", values)
        cursor.execute("DELETE FROM members_person p USING people_of_package o WHERE o.id = p.id")
        cursor.execute("TRUNCATE people_of_package")
        cursor.execute("DELETE FROM members_importbatch WHERE id = %(batch)s", values)
        cursor.execute("DELETE FROM core_job WHERE subject_id = %(batch)s", values)
        cursor.execute("SET session_replication_role = DEFAULT")
        for table in [*MINE, KEYS]:
            cursor.execute(f"VACUUM {table}")
        cursor.execute("CHECKPOINT")

    def _copy(self) -> None:
        """Read the cells, then copy what we would have written."""
        sheet = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(self.file.content))
        sheet.get_sheet_by_index(0).to_python()
        with connection.cursor() as cursor:
            cursor.execute("BEGIN")
            for table, text in self.finished.items():
                if table == "members_importrow":
                    assert self.batch is not None
                    text = text.replace(self.captured, str(self.batch.pk).encode())
                with cursor.copy(f"COPY {table} FROM STDIN") as copy:
                    copy.write(text)
            cursor.execute("COMMIT")

    def _details(self) -> dict[str, Any]:
        medians = {
            name: round(sorted(all_)[len(all_) // 2], 2) for name, all_ in self.seconds.items()
        }
        return {
            "seconds": medians,
            "verdicts": self.file.truth,
            "members_before": Membership.objects.count(),
            "peak_mib_above_idle": self.peak,
            "columns": len(HEADER),
        }


def _second_person(maker: User) -> User:
    checker = User.objects.create_user(
        username="bench.checker",
        password=None,
        display_name="Bench",
        person_key=blind_index("bench.checker", "staff"),
    )
    grant = maker.grants.get()
    grant.pk, grant.user = None, checker
    grant._state.adding = True
    grant.save(force_insert=True)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE people_of_package (id uuid)")
    return checker


def _resident(process: Path, name: str) -> int:
    """Return a size of a process in KiB."""
    for line in (process / "status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1])
    return 0


def _silent(*, done: int, total: int | None = None) -> None:
    """Take a report of progress and say nothing."""
