"""A firm's roster as firms send it: 40 good rows and 12 broken ones, each in its own way."""

from __future__ import annotations

import random
import tempfile
from dataclasses import dataclass
from pathlib import Path

import xlsxwriter

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECKS = "10X98765432"
TITLES = ("姓名", "证件号码", "手机号", "工作类别", "车牌号", "平台名称")
SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨"
GIVEN = ("试一", "试二", "试三", "例甲", "例乙", "例丙", "样东", "样南", "样西", "样北")
GOOD = 40


@dataclass(frozen=True)
class Worker:
    """One made-up worker (ID prefix 49 is allocated to nobody)."""

    name: str
    id_number: str
    phone: str
    plate: str = ""
    group: str = "货车司机"

    @property
    def row(self) -> tuple[object, ...]:
        return (self.name, self.id_number, self.phone, self.group, self.plate, "")


def check_digit(first17: str) -> str:
    total = sum(int(digit) * weight for digit, weight in zip(first17, WEIGHTS, strict=True))
    return CHECKS[total % 11]


def worker(rng: random.Random) -> Worker:
    """Make up one truck driver."""
    year, month, day = rng.randint(1965, 2004), rng.randint(1, 12), rng.randint(1, 28)
    place, order = rng.randint(490100, 499900), rng.randint(1, 999)
    first17 = f"{place:06d}{year}{month:02d}{day:02d}{order:03d}"
    return Worker(
        name=rng.choice(SURNAMES) + rng.choice(GIVEN),
        id_number=first17 + check_digit(first17),
        phone=f"190{rng.randint(0, 99_999_999):08d}",
        plate=f"豫A{rng.randint(10_000, 99_999)}",
    )


def broken_rows(rng: random.Random, good: list[Worker]) -> list[tuple[str, tuple[object, ...]]]:
    """Twelve rows, each wrong in another way: (what is wrong, cells)."""
    some = [worker(rng) for _n in range(12)]
    last = some[0].id_number
    wrong_digit = last[:-1] + ("1" if last[-1] != "1" else "2")
    return [
        ("check digit", (some[0].name, wrong_digit, *some[0].row[2:])),
        ("15-digit ID", (some[1].name, "490103800229105", *some[1].row[2:])),
        ("ID stored as a number", (some[2].name, 490103199003070000, *some[2].row[2:])),
        ("impossible date", (some[3].name, "490103202302301051", *some[3].row[2:])),
        ("17 digits", (some[4].name, some[4].id_number[:17], *some[4].row[2:])),
        ("formula", ("=A2", *some[5].row[1:])),
        ("land line", (*some[6].row[:2], "037112345678", *some[6].row[3:])),
        ("ten digits", (*some[7].row[:2], some[7].phone[:10], *some[7].row[3:])),
        ("no name", ("", *some[8].row[1:])),
        ("unknown group", (*some[9].row[:3], "宇航员", *some[9].row[4:])),
        ("emoji in the name", (some[10].name + "😀", *some[10].row[1:])),
        ("same person twice", good[0].row),
    ]


def write(seed: int) -> tuple[bytes, list[Worker]]:
    """Return the workbook's bytes and its good workers, in row order."""
    rng = random.Random(seed)
    good = [worker(rng) for _n in range(GOOD)]
    rows = [one.row for one in good] + [cells for _what, cells in broken_rows(rng, good)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "roster.xlsx"
        with xlsxwriter.Workbook(str(path), {"strings_to_formulas": False}) as book:
            _fill(book.add_worksheet("名册"), rows)
        return path.read_bytes(), good


def _fill(sheet: xlsxwriter.worksheet.Worksheet, rows: list[tuple[object, ...]]) -> None:
    for column, title in enumerate(TITLES):
        sheet.write_string(0, column, title)
    for number, cells in enumerate(rows, start=1):
        for column, value in enumerate(cells):
            if isinstance(value, int):
                sheet.write_number(number, column, value)
            elif str(value).startswith("="):
                sheet.write_formula(number, column, str(value))
            else:
                sheet.write_string(number, column, str(value))
