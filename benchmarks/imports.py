"""Reading a roster: every check and verdict on, beside reading the cells and copying the rows."""

from __future__ import annotations

import io
from collections.abc import Iterator

import python_calamine
from django.db import connection

from benchmarks.rounds import Goal, Pair
from members.imports import actions
from members.imports.preview import make_preview
from members.models import ImportBatch, ImportRow, Membership, UnionUnit
from members.states import ImportState
from tests.members.roster_files import worker, xlsx
from unionportal.core.models import User

ROWS = {"smoke": 2_000, "district": 20_000, "city": 50_000}


class Imports:
    """One file of `rows` rows: some members already, some twice, some with a wrong check digit."""

    def __init__(self, size: str) -> None:
        rows = ROWS[size]
        self.rows = rows
        self.officer = User.objects.get(username="district")
        self.unit = UnionUnit.objects.taking_members().filter(is_external=False).first()
        self.truth = {"known": rows // 10, "duplicate": rows // 10, "rejected": rows // 100}
        self.content = xlsx(list(self._lines(rows)))
        self.batch = self._upload(rows)
        self.finished = self._finished_rows()

    def pairs(self) -> Iterator[Pair]:
        yield Pair(
            key="limit",
            job=f"roster of {self.rows:,} rows",
            candidate="read, check, judge, keep",
            anchor="calamine + COPY of the finished rows",
            run=self._preview,
            run_anchor=self._copy,
            between=self._empty,
            goal=Goal(at_most=1.5),
            check=self._check,
        )

    def _lines(self, rows: int) -> Iterator[list[object]]:
        known = Membership.objects.recorded().filter(person__id_type="citizen")
        people = list(known.select_related("person").order_by("pk")[: self.truth["known"]])
        self.truth["known"] = len(people)
        for membership in people:
            yield worker(0, 姓名=membership.person.name, 证件号码=membership.person.id_number)
        fresh = rows - sum(self.truth.values())
        self.truth["new"] = fresh
        for serial in range(fresh):
            yield worker(20_000 + serial)
        for serial in range(self.truth["duplicate"]):
            yield worker(20_000 + serial)
        for serial in range(self.truth["rejected"]):
            good = str(worker(60_000 + serial)[1])
            yield worker(60_000 + serial, 证件号码=good[:-1] + ("1" if good[-1] != "1" else "2"))

    def _upload(self, rows: int) -> ImportBatch:
        upload = actions.Upload(content=self.content, filename="r.xlsx", kind="xlsx", rows=rows)
        batch, _is_new = actions.upload(by=self.officer, unit=self.unit, roster=upload)
        return batch

    def _finished_rows(self) -> bytes:
        """Return the rows a preview leaves, as COPY text."""
        self._preview()
        text = io.BytesIO()
        with (
            connection.cursor() as cursor,
            cursor.copy(
                f"COPY (SELECT {self._columns()} FROM {ImportRow._meta.db_table}) TO STDOUT"
            ) as copy,
        ):
            for block in copy:
                text.write(block)
        return text.getvalue()

    def _columns(self) -> str:
        fields = [field.column for field in ImportRow._meta.concrete_fields]
        return ", ".join(f'"{name}"' for name in fields)

    def _empty(self) -> None:
        self.counts = ImportBatch.objects.values_list("counts", flat=True).get(pk=self.batch.pk)
        ImportRow.objects.all().delete()
        ImportBatch.objects.filter(pk=self.batch.pk).update(state=ImportState.UPLOADED)
        with connection.cursor() as cursor:
            cursor.execute(f"VACUUM {ImportRow._meta.db_table}")

    def _preview(self) -> None:
        batch = ImportBatch.objects.select_related("file", "unit__area").get(pk=self.batch.pk)
        make_preview(batch=batch, report=_silent)

    def _copy(self) -> None:
        sheet = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(self.content))
        sheet.get_sheet_by_index(0).to_python()
        with (
            connection.cursor() as cursor,
            cursor.copy(f"COPY {ImportRow._meta.db_table} ({self._columns()}) FROM STDIN") as copy,
        ):
            copy.write(self.finished)

    def _check(self) -> str:
        found = {name: self.counts[name] for name in self.truth}
        return "" if found == self.truth else f"verdicts {found}, true {self.truth}"


def _silent(*, done: int, total: int | None = None) -> None:
    """Take a report of progress and say nothing."""
