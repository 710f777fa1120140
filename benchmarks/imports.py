"""A register of members into a large district: every check, verdict, table and log row on.

The limit reads the same file with calamine and copies the finished rows into every table the load
writes, with the indexes, constraints and triggers that stand there. It checks nothing, judges
nothing, encrypts nothing, and its rows are in the best order and portions: those we wrote them in.
"""

from __future__ import annotations

import io
import json
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import partial
from itertools import islice, zip_longest
from typing import Any

import python_calamine
from django.db import connection
from stdnum.cn.ric import calc_check_digit

from benchmarks.importexport import NUMBERS, Lines, import_members, import_people
from benchmarks.rounds import Goal, Pair
from members.forms import groups_in_use
from members.imports import actions, judging, loading, preview
from members.models import ImportBatch, Membership, UnionUnit
from members.states import ImportKind
from tests.members.registry_files import HEADER
from tests.members.roster_files import phone, xlsx
from unionportal.core.crypto import blind_index
from unionportal.core.models import User
from unionportal.synthetic.names import full_name

ROWS = {"smoke": 5_000, "district": 100_000, "city": 100_000}
FOR_PACKAGE = 20_000
UNITS = 200
STRANGERS = "490203"  # a place that no synthetic district draws from
FIRST_BIRTH, FIRST_DAY, DAYS = date(1970, 1, 1), date(2010, 1, 1), 5_000
WIDE = 25
MOST_MEMORY = 300  # MiB above the idle worker, at the columns of HEADER
# Table → what finds the rows of the load, given the ids of its memberships.
ROWS_TABLE = "members_importrow"
MINE = {
    ROWS_TABLE: "batch_id = %(batch)s",
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
_MADE = f"""
CREATE TEMP TABLE made AS SELECT id, person_id FROM members_membership
WHERE id IN (SELECT membership_id FROM members_importrow
             WHERE batch_id = %(batch)s AND verdict = 'new')
UNION SELECT id, person_id FROM members_membership WHERE member_no LIKE '{NUMBERS}%%'
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
        self.members = Membership.objects.count()
        self.dice = random.Random(3)
        self.groups = list(groups_in_use().values_list("name_zh", flat=True))
        self.file = self._file(ROWS[size])
        self.small = self._file(min(FOR_PACKAGE, ROWS[size]))
        self.current = self.file
        self.batch: ImportBatch | None = None
        self.seconds: dict[str, list[float]] = {"read": [], "judge": [], "write": []}
        # (table, COPY text) in the order and the portions they were written in.
        self.finished: list[tuple[str, bytes]] = []
        self.captured = b""
        self.wrong = ""
        self.details: dict[str, Any] = {}

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
            details=lambda: self.details,
            rounds=3 if self.file.rows > FOR_PACKAGE else 0,
        )
        self.details = self._details()
        self.current = self.small
        yield self._beside_package(
            "import_export", "each row checked, all tables of a membership",
            partial(import_members, is_checked=True), Goal(at_least=25),
        )  # fmt: skip
        yield self._beside_package(
            "import_export_unchecked", "no row checked, all tables", import_members, Goal()
        )
        yield self._beside_package(
            "import_export_people", "no row checked, people only", import_people, Goal()
        )

    def _beside_package(
        self, key: str, tables: str, run: Callable[[Lines], None], goal: Goal
    ) -> Pair:
        return Pair(
            key=key,
            job=f"the same, {self.small.rows:,} rows",
            candidate="read, check, judge, write",
            anchor=f"django-import-export, bulk mode, {tables}",
            run=self._load,
            run_anchor=lambda: run(self.small.lines),
            between=self._restore,
            goal=replace(goal, is_speed=True),
            check=lambda: self.wrong,
            rounds=1,
        )

    def _file(self, rows: int) -> File:
        """Make a file: 10 % recorded so, 10 % twice, 1 % with a wrong check digit, the rest new.

        Names, days and kinds of work are spread as in the district; no number is one of it.
        """
        file = File(rows)
        units = self._units()
        known = list(self._known(rows // 10, units))
        twice, bad = rows // 10, rows // 100
        fresh = rows - len(known) - twice - bad
        new = [self._stranger(serial, units) for serial in range(fresh + bad)]
        broken = new[fresh:]
        for line in broken:
            good = str(line[1])
            line[1] = good[:-1] + ("1" if good[-1] != "1" else "2")
        file.lines = [*known, *new[:fresh], *new[:twice], *broken]
        file.truth = {
            "new": fresh, "unchanged": len(known), "duplicate": twice, "rejected": bad,
            "update": 0, "held": 0, "elsewhere": 0, "known": 0,
        }  # fmt: skip
        file.content = xlsx(file.lines, HEADER)
        return file

    def _stranger(self, serial: int, units: list[str]) -> list[object]:
        day = FIRST_DAY + timedelta(days=self.dice.randrange(DAYS))
        born = FIRST_BIRTH + timedelta(days=serial // 1_000)
        stem = f"{STRANGERS}{born:%Y%m%d}{serial % 1_000:03d}"
        return [
            full_name(self.dice), stem + calc_check_digit(f"{stem}0"), day.isoformat(),
            phone(serial), self.dice.choice(self.groups), "", self.dice.choice(units), "",
        ]  # fmt: skip

    def _units(self) -> list[str]:
        units = UnionUnit.objects.taking_members().filter(is_external=False).order_by("pk")
        names = Counter(units.values_list("name", flat=True))
        return [name for name, count in names.items() if count == 1][:UNITS]

    def _known(self, count: int, units: list[str]) -> Iterator[list[object]]:
        rows = Membership.objects.recorded().filter(person__id_type="citizen", unit__name__in=units)
        for one in islice(rows.select_related("person", "unit", "group").iterator(), count):
            yield [
                one.person.name, one.person.id_number, one.joined_on.isoformat(),
                one.person.phone, one.group.name_zh, "", one.unit.name, "",
            ]  # fmt: skip

    def _capture(self) -> None:
        """Load once and keep the finished rows as COPY text, as they were written."""
        self._upload()
        self._load()
        assert self.batch is not None
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS made")
            cursor.execute(_MADE, {"batch": self.batch.pk})
            tables = {table: self._text_of(cursor, table) for table in MINE}
        self.finished = [(ROWS_TABLE, b"".join(tables.pop(ROWS_TABLE)))]
        for portion in zip_longest(*tables.values(), fillvalue=b""):
            self.finished += [pair for pair in zip(tables, portion, strict=True) if pair[1]]
        self.captured = str(self.batch.pk).encode()
        self.seconds = {name: [] for name in self.seconds}

    def _text_of(self, cursor: Any, table: str) -> list[bytes]:
        """Return the rows of the load, a text for each portion."""
        assert self.batch is not None
        text = io.BytesIO()
        condition = MINE[table] % {"batch": f"'{self.batch.pk}'"}
        with cursor.copy(
            f"COPY (SELECT * FROM {table} WHERE {condition} ORDER BY ctid) TO STDOUT"
        ) as copy:
            for block in copy:
                text.write(block)
        lines = text.getvalue().splitlines(keepends=True)
        starts = range(0, len(lines), judging.PORTION)
        return [b"".join(lines[start : start + judging.PORTION]) for start in starts]

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
        began = time.perf_counter()
        judged = self._preview()
        read = time.perf_counter()
        actions.confirm(by=self.checker, batch=self._fresh())
        loading.load(by=self.checker, batch=self._fresh(), report=_silent)
        ended = time.perf_counter()
        phases = {"read": read - began - judged, "judge": judged, "write": ended - read}
        for name, seconds in phases.items():
            self.seconds[name].append(seconds)
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
            for table, text in self.finished:
                if table == ROWS_TABLE:
                    assert self.batch is not None
                    text = text.replace(self.captured, str(self.batch.pk).encode())
                with cursor.copy(f"COPY {table} FROM STDIN") as copy:
                    copy.write(text)
            cursor.execute("COMMIT")

    def _read_wide(self) -> dict[str, Any]:
        """Read and judge the same rows with 25 columns; the other 17 are kept as typed."""
        more = [f"备注{number}" for number in range(WIDE - len(HEADER))]
        lines = [[*line, *(f"{title}甲乙丙" for title in more)] for line in self.file.lines]
        content = xlsx(lines, [*HEADER, *more])
        self.current = replace(self.file, content=content, lines=[])
        self._restore()
        found = self._measure(None)
        return {"columns": WIDE, "seconds_to_judge": found["seconds"],
                "peak_mib_above_idle": found["peak_mib"]}  # fmt: skip

    def _measure(self, checker: User | None) -> dict[str, Any]:
        """Run the current file's jobs in a worker of its own."""
        assert self.batch is not None
        words = [
            self.batch.pk,
            connection.settings_dict["NAME"],
            *([checker.pk] if checker else []),
        ]
        command = [sys.executable, "-m", "benchmarks.memory", *map(str, words)]
        answer = subprocess.run(command, check=True, capture_output=True, text=True)
        found: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
        return found

    def _details(self) -> dict[str, Any]:
        medians = {
            name: round(sorted(all_)[len(all_) // 2], 2) for name, all_ in self.seconds.items()
        }
        self._restore()
        peak = self._measure(self.checker)["peak_mib"]
        self._check()
        found: dict[str, Any] = {
            "seconds": medians,
            "verdicts": self.file.truth,
            "members_before": self.members,
            "columns": len(HEADER),
            "peak_mib_above_idle": peak,
        }
        if peak > MOST_MEMORY:
            found["misses"] = [f"more than {MOST_MEMORY} MiB above the idle worker"]
        return {**found, "wide": self._read_wide()}


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


def _silent(*, done: int, total: int | None = None) -> None:
    """Take a report of progress and say nothing."""
