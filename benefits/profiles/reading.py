"""Strict reading of banks' files of lines: every problem is found, none is guessed away.

Line numbers in problems count from 1, the header. Personal data never gets into a problem.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.utils import timezone

from benefits.inbound import Problem, Quarantine
from unionportal.core.money import yuan_text

NUMBER = re.compile(r"[A-Za-z0-9-]{3,40}")
SEQ = re.compile(r"[0-9]{6}")
AMOUNT = re.compile(r"(0|[1-9][0-9]{0,9})\.([0-9]{2})")
COUNT = re.compile(r"0|[1-9][0-9]{0,8}")
CARD = re.compile(r"[0-9]{16,19}")
CODE = re.compile(r"[0-9A-Za-z_-]{1,10}")
MOMENT = re.compile(r"[0-9]{14}")
DAY = re.compile(r"[0-9]{8}")
ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
ISO_MOMENT = re.compile(ISO_DAY.pattern + r" [0-9]{2}:[0-9]{2}:[0-9]{2}")
CONTROL = re.compile(r"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f]")
SEPARATOR, LINE_END = "|", "\r\n"
MOST_BYTES = 25 * 1024 * 1024


def split(content: bytes) -> list[list[str]]:
    """Return the rows of a GBK file split by `|`; raise Quarantine as `lines_of` does."""
    return [line.split(SEPARATOR) for line in lines_of(content, "gbk", "not_gbk", LINE_END)]


def lines_of(content: bytes, charset: str, not_text: str, line_end: str) -> list[str]:
    """Return the lines of a whole file, at least one.

    Raises Quarantine: empty, too_big, `not_text` (of another charset), cut, line_end, control.
    """
    if not content:
        raise Quarantine([Problem("empty")])
    if len(content) > MOST_BYTES:
        raise Quarantine([Problem("too_big")])
    try:
        text = content.decode(charset)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(line_end.encode()) + 1
        raise Quarantine([Problem(not_text, line)]) from error
    lines = text.split(line_end)
    if lines.pop() != "":
        raise Quarantine([Problem("cut", len(lines) + 1)])
    if not lines:  # nothing behind the mark of its charset
        raise Quarantine([Problem("empty")])
    _refuse_stray_characters(lines)
    return lines


def _refuse_stray_characters(lines: Sequence[str]) -> None:
    problems = []
    for number, line in enumerate(lines, start=1):
        if "\n" in line or "\r" in line:
            problems.append(Problem("line_end", number))
        elif CONTROL.search(line):
            problems.append(Problem("control", number))
    if problems:
        raise Quarantine(problems)


@dataclass
class Reader:
    """Collects problems while the fields of one line after another are read."""

    problems: list[Problem] = field(default_factory=list)
    line: int = 0

    def complain(self, code: str, found: str = "") -> None:
        self.problems.append(Problem(code, self.line or None, found[:40]))

    def read(self, pattern: re.Pattern[str], text: str, code: str) -> str:
        """Return `text` if it has the form, else "" and a problem."""
        if pattern.fullmatch(text):
            return text
        self.complain(code)
        return ""

    def fen(self, text: str) -> int:
        match = AMOUNT.fullmatch(text)
        if match is None:
            self.complain("amount")
            return 0
        return int(match[1]) * 100 + int(match[2])

    def whole(self, text: str, code: str = "count") -> int:
        return int(self.read(COUNT, text, code) or 0)

    def seq(self, text: str) -> int:
        return int(self.read(SEQ, text, "seq") or 0)

    def day(self, text: str) -> date:
        return self._date(text, DAY, "%Y%m%d", "date").date()

    def moment(self, text: str) -> datetime:
        return self._date(text, MOMENT, "%Y%m%d%H%M%S", "time")

    def iso_day(self, text: str) -> date:
        return self._date(text, ISO_DAY, "%Y-%m-%d", "date").date()

    def iso_moment(self, text: str) -> datetime:
        return self._date(text, ISO_MOMENT, "%Y-%m-%d %H:%M:%S", "time")

    def _date(self, text: str, form: re.Pattern[str], layout: str, code: str) -> datetime:
        now = timezone.localtime()
        if form.fullmatch(text):
            try:
                found = datetime.strptime(text, layout).replace(tzinfo=now.tzinfo)
            except ValueError:
                found = None
            if found is not None and found.year >= 2000:
                return found
        self.complain(code, text)
        return now

    def rows(
        self, rows: Sequence[list[str]], tag: str, width: int, read: Callable[[list[str]], Any]
    ) -> list[Any]:
        """Return `read(fields)` of the rows from line 2 on that have the tag and the width."""
        found = []
        for self.line, fields in enumerate(rows, start=2):
            if fields[0] != tag:
                self.complain("tag")
            elif len(fields) != width:
                self.complain("fields", f"{len(fields)} / {width}")
            else:
                found.append(read(fields))
        self.line = 0
        return found

    def once(self, values: Sequence[tuple[int, object]], code: str = "twice") -> None:
        """Complain about every (line, value) whose value came before; 0 and "" are no values."""
        seen: set[object] = set()
        for self.line, value in values:
            if value and value in seen:
                self.complain(code, str(value) if isinstance(value, int) else "")
            seen.add(value)
        self.line = 0

    def same_count(self, *, stated: int, found: int, line: int = 1) -> None:
        if stated != found:
            self.problems.append(Problem("count", line, f"{stated} / {found}"))

    def same_sum(self, *, stated: int, found: int) -> None:
        if stated != found:
            self.problems.append(Problem("total", 1, f"{yuan_text(stated)} / {yuan_text(found)}"))

    def finish(self) -> None:
        """Raise Quarantine when anything was wrong."""
        if self.problems:
            raise Quarantine(sorted(self.problems, key=lambda p: (p.line or 0, p.code)))


def header(rows: list[list[str]], tag: str, width: int) -> list[str]:
    """Return the header's fields; raise Quarantine when the file does not begin with one."""
    if rows[0][0] != tag or len(rows[0]) != width:
        raise Quarantine([Problem("header", 1)])
    return rows[0]


def framed(rows: list[list[str]]) -> tuple[list[str], list[list[str]], list[str]]:
    """Return header, lines and trailer of `H…, lines, T…`; raise Quarantine: header, cut."""
    head = header(rows, "H", 4)
    if len(rows) < 2 or rows[-1][0] != "T" or len(rows[-1]) != 2:
        raise Quarantine([Problem("cut", len(rows))])
    return head, rows[1:-1], rows[-1]
