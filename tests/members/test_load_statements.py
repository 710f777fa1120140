"""How many statements a load takes: as many for 2,000 rows as for 200."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest
from django.db import connection

from members.imports import judging
from tests.factories import members as make
from tests.members.registry_files import HEADER, load_preview, member, write
from tests.members.roster_files import id_number, phone, xlsx

pytestmark = pytest.mark.django_db


@contextmanager
def counted() -> Iterator[list[str]]:
    seen: list[str] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        seen.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield seen


@pytest.fixture
def load(district, district_officer, make_user):
    """Load a register of so many rows from `first` on; return the statements of both jobs."""
    second = make_user("second_officer", "district_officer")

    firm = make.employer(district.firm_a.area)

    def load_rows(first: int, rows: int) -> int:
        for number in range(first, first + rows // 50):
            make.membership(
                district.firm_a, name="旧名字", id_number=id_number(number), phone=phone(number),
                joined_on=date(2021, 3, 1),
            )  # fmt: skip
        lines = [[*member(number), firm.name] for number in range(first, first + rows)]
        with counted() as seen:
            content = xlsx(lines, [*HEADER, "工作单位"])
            batch = write(load_preview(district_officer, district.firm_a, content), second)
        assert (batch.counts["update"], batch.counts["written"]) == (rows // 50, rows)
        return len(seen)

    return load_rows


def test_ten_times_the_rows_take_no_statement_more(load):
    load(5_000, 50)  # the first one also fills the caches of the process
    assert load(10_000, 200) == load(20_000, 2_000)


@pytest.mark.deep
def test_a_large_load_takes_a_constant_more_a_portion(load):
    few, many = load(10_000, 2_000), load(20_000, 20_000)
    assert many <= few * (20_000 / judging.PORTION)
