"""Long lists as workbooks of text, written row by row."""

from __future__ import annotations

import pytest
from python_calamine import CalamineWorkbook

from unionportal.core.spreadsheets import streaming
from unionportal.core.spreadsheets.streaming import Title, text_workbook


def written(path, rows, titles=("a", "b", "c")):
    with text_workbook(path, [Title(one) for one in titles]) as book:
        for row in rows:
            book.append(row)
    read = CalamineWorkbook.from_path(str(path))
    return [read.get_sheet_by_index(place).to_python() for place in range(len(read.sheet_names))]


def test_texts_come_back_as_they_were(tmp_path):
    rows = [
        ["=1+1 & <i>", " 空格 ", "110101199003070011"],
        ["a\x07b", "_x0041_", "第一行\n第二行"],
        ["", None, '"引号"'],
    ]
    expected = [["a<b", "名称", "c"], *rows[:2], ["", "", '"引号"']]
    assert written(tmp_path / "a.xlsx", rows, ("a<b", "名称", "c")) == [expected]


def test_rows_go_on_to_the_next_sheet(tmp_path, monkeypatch):
    monkeypatch.setattr(streaming, "MOST_ROWS", 2)
    rows = [[str(one), "x", "y"] for one in range(5)]
    sheets = written(tmp_path / "a.xlsx", rows)
    assert [[line[0] for line in sheet] for sheet in sheets] == [
        ["a", "0", "1"], ["a", "2", "3"], ["a", "4"]
    ]  # fmt: skip


def test_a_list_without_rows_has_its_titles(tmp_path):
    assert written(tmp_path / "a.xlsx", []) == [[["a", "b", "c"]]]


def test_columns_have_letters_past_z():
    assert [streaming._letters(place) for place in (0, 25, 26, 51, 52)] == [
        "A", "Z", "AA", "AZ", "BA"
    ]  # fmt: skip


def test_what_goes_wrong_on_the_way_is_what_is_told(tmp_path):
    def rows():
        yield ["1"]
        raise LookupError("gone")

    with pytest.raises(LookupError, match="gone"):
        written(tmp_path / "a.xlsx", rows(), ["a"])
