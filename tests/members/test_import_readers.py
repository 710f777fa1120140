"""A long file is read by several children at once: together they say what one says."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from functools import partial
from uuid import uuid4

import pytest

from members.imports import staging
from members.imports.preview import Read, _in_turns
from members.imports.reading import Frame
from members.models import WorkerGroup
from members.states import ImportKind
from tests.members.roster_files import HEADER, TRUCK, worker, xlsx
from unionportal.core.spreadsheets import SpreadsheetError, read_apart

ROWS = 2 * staging.BLOCK_ROWS + 7


@pytest.fixture
def source(db):
    group = WorkerGroup.objects.get(name_zh=TRUCK)
    lines = [worker(serial) for serial in range(ROWS)]
    for line in lines[::500]:
        line[HEADER.index("手机号")] += "　"  # noted as changed, wherever it stands
    return staging.Source(
        batch_id=uuid4(),
        content=xlsx(lines, HEADER),
        filename="roster.xlsx",
        frame=Frame(kind=ImportKind.ROSTER, today=date(2026, 3, 1), groups=[group]),
    )


def told(source: staging.Source, parts: int) -> tuple[list[int], Read]:
    shares = [replace(source, part=part, parts=parts) for part in range(parts)]
    numbers, read = [], Read()
    for letter, content in _in_turns([read_apart(partial(staging.stage, one)) for one in shares]):
        if letter == staging.HEADER:
            read.header = json.loads(content)
        elif letter == staging.ENDING:
            read.end(json.loads(content))
        else:
            numbers += [int(line.split("\t")[0]) for line in content.decode().splitlines()]
    return numbers, read


@pytest.mark.parametrize("parts", [2, 3, 4])
def test_several_readers_tell_what_one_tells(source, parts):
    numbers, read = told(source, 1)

    assert numbers == list(range(2, ROWS + 2))
    assert sum(read.cells.values()) == 5
    assert told(source, parts) == (numbers, read)


def test_one_reader_that_refuses_ends_the_others(source):
    with pytest.raises(SpreadsheetError) as caught:
        told(replace(source, content=b"no workbook"), 2)

    assert caught.value.code == "renamed"
