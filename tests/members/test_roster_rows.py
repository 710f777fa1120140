"""One row each: what a cell holds, what becomes of it, and in which words."""

from __future__ import annotations

import pytest
from django.utils import timezone, translation

from members.forms import groups_in_use
from members.imports.columns import GroupWords, find_group
from members.imports.reading import Frame, RowReader, open_file
from members.imports.texts import reason
from members.models import WorkerGroup
from tests.members.roster_files import delimited, id_number, phone, worker, xlsx

pytestmark = pytest.mark.django_db


def reader(default=None):
    code = default.code if default else ""
    today = timezone.localdate()
    return RowReader(
        Frame(kind="roster", today=today, groups=list(groups_in_use()), default_group=code)
    )


def read(*rows, **options):
    table = open_file(xlsx(rows, **options), "roster.xlsx", "roster")
    return list(reader().read(table.rows))


def codes(row):
    return [(problem["field"], problem["code"]) for problem in row.problems]


def notes(row):
    return [(note["field"], note["code"]) for note in row.notes]


def test_good_row_is_clean():
    [row] = read(worker(1, 车牌号="豫A12345", 平台名称="示例平台"))
    assert row.number == 2
    assert row.cleaned == {
        "name": "测试员乙",
        "id_number": id_number(1),
        "phone": phone(1),
        "group": "TRUCK_DRIVER",
        "vehicle_plate": "豫A12345",
        "platform_name": "示例平台",
    }
    assert (row.problems, row.notes) == ([], [])


@pytest.mark.parametrize(
    ("title", "value", "expected"),
    [
        ("证件号码", "490103199003070010", ("id_number", "check_digit")),
        ("证件号码", "490103900307001", ("id_number", "old_id")),
        ("证件号码", 490103199003070000, ("id_number", "number_cell")),
        ("证件号码", "4.90103E+17", ("id_number", "number_cell")),
        ("证件号码", "49010319900307001", ("id_number", "length")),
        ("证件号码", "4901031990030700111", ("id_number", "length")),
        ("证件号码", "490103199002300015", ("id_number", "impossible_date")),
        ("证件号码", "", ("id_number", "empty")),
        ("证件号码", None, ("id_number", "empty")),
        ("证件号码", "490103 19900307001X", ("id_number", "inner_space")),
        ("证件号码", "49010319900307001Х", ("id_number", "letters")),
        ("证件号码", "٤90103199003070010", ("id_number", "foreign_digits")),
        ("证件号码", "\u202e490103199003070010", ("id_number", "direction_mark")),
        ("手机号", "1990000000", ("phone", "missing_digits")),
        ("手机号", "199000000011", ("phone", "extra_digits")),
        ("手机号", "0371-66001234", ("phone", "landline")),
        ("手机号", "12900000001", ("phone", "prefix")),
        ("手机号", 1.38e10 + 0.5, ("phone", "number_cell")),
        ("手机号", True, ("phone", "number_cell")),
        ("手机号", "", ("phone", "empty")),
        ("姓名", "", ("name", "empty")),
        ("姓名", 12, ("name", "number_cell")),
        ("姓名", "测试😀", ("name", "emoji")),
        ("姓名", "张<b>", ("name", "characters")),
        ("姓名", "甲" * 51, ("name", "length")),
        ("工作类别", "", ("group", "empty")),
        ("工作类别", "货运", ("group", "unknown_but")),
        ("工作类别", "宇航员", ("group", "unknown")),
        ("车牌号", "A1", ("vehicle_plate", "length")),
        ("车牌号", "豫O12345", ("vehicle_plate", "letters")),
        ("平台名称", "平" * 41, ("platform_name", "length")),
    ],
)
def test_bad_cell_is_named(title, value, expected):
    [row] = read(worker(1, **{title: value}))
    assert codes(row) == [expected]
    for language in ("en", "zh-hans"):
        with translation.override(language):
            sentence = reason(row.problems[0])
        assert sentence
        assert "%(" not in sentence


@pytest.mark.parametrize(
    ("born", "code"),
    [("20990101", "future_date"), (f"{timezone.localdate().year - 15}0101", "under_age")],
)
def test_birth_date_must_allow_joining(born, code):
    [row] = read(worker(1, 证件号码=id_number(1, born)))
    assert codes(row) == [("id_number", code)]


@pytest.mark.parametrize(
    ("title", "value", "field", "clean", "note"),
    [
        ("证件号码", f" {id_number(1)}\u3000", "id_number", id_number(1), "note:SPACES"),
        ("证件号码", f"'{id_number(1)}", "id_number", id_number(1), "note:APOSTROPHE"),
        ("手机号", "+86 199-0000-0001", "phone", phone(1), "note:COUNTRY_CODE"),
        ("手机号", 19900000001, "phone", phone(1), "note:NUMBER_CELL"),
        ("姓名", "买买提•艾力", "name", "买买提·艾力", "note:MIDDLE_DOT"),
        ("工作类别", "外卖小哥", "group", "FOOD_RIDER", "note:other_word"),
        ("车牌号", "豫a·12345", "vehicle_plate", "豫A12345", "note:UPPER_CASE"),
    ],
)
def test_normalised_cell_says_so(title, value, field, clean, note):
    [row] = read(worker(1, **{title: value}))
    assert row.problems == []
    assert row.cleaned[field] == clean
    assert (field, note) in notes(row)


def test_full_width_digits_are_narrowed():
    wide = id_number(1).translate({ord("0") + n: 0xFF10 + n for n in range(10)})
    [row] = read(worker(1, 证件号码=wide))
    assert row.cleaned["id_number"] == id_number(1)
    assert notes(row) == [("id_number", "note:FULL_WIDTH")]


@pytest.mark.parametrize("number", ["810000199003070015", "911840199003070014"])
def test_permits_are_accepted(number):
    [row] = read(worker(1, 证件号码=number))
    assert row.problems == []


def test_formula_is_not_trusted():
    def edit(_book, sheet):
        sheet.write_formula("C2", '=HYPERLINK("http://x","19900000001")', None, "19900000001")

    [row] = read(worker(1), edit=edit)
    assert codes(row) == [("phone", "formula")]
    assert reason(row.problems[0]) == (
        "Mobile number: The cell holds a formula. Type the value itself."
    )


def test_every_fault_of_a_row_is_said():
    [row] = read(worker(1, 姓名="", 证件号码="490103900307001", 手机号="1990000000"))
    assert codes(row) == [("name", "empty"), ("id_number", "old_id"), ("phone", "missing_digits")]
    assert [reason(problem) for problem in row.problems] == [
        "No name is filled in.",
        "This is an old ID number of 15 digits. Enter the 18 digits.",
        "One digit is missing; 11 are needed.",
    ]


def test_right_check_digit_is_not_suggested():
    [row] = read(worker(1, 证件号码="490103199003070010"))
    assert row.problems[0]["params"] == {}


def test_english_titles_in_any_order_are_understood():
    header = ["Mobile number", "Name", "Kind of work", "ID number"]
    line = [phone(1), "Jane Doe", "Truck driver", id_number(1)]
    [row] = read(line, header=header)
    assert row.problems == []
    assert row.cleaned["group"] == "TRUCK_DRIVER"


def test_gbk_text_is_read():
    table = open_file(delimited([worker(1)], "gbk"), "roster.csv", "roster")
    [row] = reader().read(table.rows)
    assert row.cleaned["name"] == "测试员乙"
    assert [(note.code, note.params) for note in table.notes] == [
        ("encoding", {"encoding": "GB18030"})
    ]


def test_default_group_fills_blank_cells_only():
    guard = WorkerGroup.objects.get(code="SECURITY_GUARD")
    table = open_file(xlsx([worker(1, 工作类别=""), worker(2)]), "roster.xlsx", "roster")
    reading = reader(guard)
    assert [row.cleaned["group"] for row in reading.read(table.rows)] == [
        "SECURITY_GUARD",
        "TRUCK_DRIVER",
    ]
    assert reading.defaulted == 1


def test_nul_in_a_cell_never_reaches_the_database():
    table = open_file(xlsx([worker(1, 工作类别="货_x0000_车")]), "roster.xlsx", "roster")
    [row] = reader().read(table.rows)
    assert row.problems
    assert "\0" not in "".join(row.seen.values()) + str(row.problems)


def test_group_names_codes_and_other_words():
    words = GroupWords.of(list(groups_in_use()))
    assert find_group(words, "货车司机") == ("TRUCK_DRIVER", True)
    assert find_group(words, "truck_driver") == ("TRUCK_DRIVER", True)
    assert find_group(words, "货运司机") == ("TRUCK_DRIVER", False)
    assert find_group(words, "宇航员") == ("", False)
    assert [words.closest(text) for text in ("货运", "快递送货员", "保安人员", "宇航员")] == [
        "货车司机", "快递员", "保安员", "",
    ]  # fmt: skip


@pytest.mark.parametrize("number", ["19900000860", "13800861234", "15000860086"])
def test_0086_inside_a_mobile_number_is_no_country_code(number):
    [row] = read(worker(1, 手机号=number))
    assert (row.cleaned["phone"], row.notes) == (number, [])
