"""The reference format: exact bytes out, strict reading in."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from benefits import profiles
from benefits.inbound import Problem, Quarantine
from benefits.profiles import UnrenderableError
from benefits.profiles.reading import MOST_BYTES
from benefits.profiles.rows import CardRequest, CardRow, PayoutRequest, PayoutRow
from benefits.states.cards import FileKind
from tests.factories.benefits import encoded

PROFILE = profiles.current()
ON = date(2026, 7, 1)
NUMBER = "CR20260701001"
CARD, OTHER = "6222000000000000017", "6222000000000000025"

ANSWER = [f"H|{NUMBER}|20260702|2", f"C|{NUMBER}|000001|ISSUED|{CARD}|",
          f"C|{NUMBER}|000002|REJECTED||0017", "T|2"]  # fmt: skip
ACTIVATION = ["H|A20260703-1|20260703|2", f"A|20260703|000001|{CARD}|20260703103015",
              f"A|20260703|000002|{OTHER}|20260703235959", "T|2"]  # fmt: skip
RESULT = [
    "R|PB20260701001|20260702|2|100.00|1|50.00|1|50.00",
    "D|000001|6217000000000006|张三|50.00|S|0000|交易成功|20260702103015|B0001|ORDER1",
    "D|000002|6230520000000000008|努尔·卡力|50.00|F|0014|户名不符|||ORDER2",
]


def problems_of(parse, lines: list[str] | bytes) -> list[tuple[str, int | None, str]]:
    content = lines if isinstance(lines, bytes) else encoded(lines)
    with pytest.raises(Quarantine) as caught:
        parse(content)
    return [(p.code, p.line, p.found) for p in caught.value.problems]


def with_line(lines: list[str], number: int, text: str) -> list[str]:
    return [*lines[: number - 1], text, *lines[number:]]


def test_card_request_is_rendered_to_the_byte() -> None:
    rows = [
        CardRow(1, "张三", "citizen", "490101199001010012", "13900000001"),
        CardRow(2, "努尔·卡力", "passport", "E12345678", "13900000002"),
    ]
    expected = (
        "H|CR20260701001|20260701|2\r\n"
        "C|CR20260701001|000001|张三|citizen|490101199001010012|13900000001\r\n"
        "C|CR20260701001|000002|努尔·卡力|passport|E12345678|13900000002\r\n"
        "T|2\r\n"
    )
    assert PROFILE.render_card_request(CardRequest(NUMBER, ON, rows)) == expected.encode("gbk")


def test_payout_request_is_rendered_to_the_byte() -> None:
    request = PayoutRequest(
        number="PB20260701001", on=ON, payer_account="1001", payer_name="示例区总工会",
        summary="绿色出行补贴",
        rows=[PayoutRow(1, CARD, "张三", 5000, "ORDER1"),
              PayoutRow(2, OTHER, "李四", 123456, "ORDER2")],
    )  # fmt: skip
    expected = (
        "H|PB20260701001|20260701|1001|示例区总工会|2|1284.56|绿色出行补贴\r\n"
        f"D|000001|{CARD}|张三|50.00|绿色出行补贴|ORDER1\r\n"
        f"D|000002|{OTHER}|李四|1234.56|绿色出行补贴|ORDER2\r\n"
        "T|2|1284.56\r\n"
    )
    assert PROFILE.render_payout_request(request) == expected.encode("gbk")


@pytest.mark.parametrize("name", ["䶮雨", "张|三", "张\n三", "张\x00三", "😀", "张\u200b三"])
def test_name_the_file_cannot_carry_is_never_written(name) -> None:
    assert not PROFILE.can_carry(name)
    row = CardRow(1, name, "citizen", "490101199001010012", "13900000001")
    with pytest.raises(UnrenderableError) as caught:
        PROFILE.render_card_request(CardRequest(NUMBER, ON, [row]))
    assert caught.value.seq == 1
    assert name not in str(caught.value)


@pytest.mark.parametrize("name", ["张三", "努尔·卡力", "欧阳娜娜", "Anna Schmidt", "镕"])
def test_names_of_gbk_are_carried(name) -> None:
    assert PROFILE.can_carry(name)


@pytest.mark.parametrize(
    ("begin", "kind"),
    [
        ("R|PB20260701001|", FileKind.PAYOUT_RESULT),
        ("X|CR20260701001|0032|", FileKind.REJECT),
        ("H|A20260703-1|", FileKind.CARD_ACTIVATION),
        ("H|CR20260701001|", FileKind.CARD_ANSWER),
        ("H|PB20260701001|", FileKind.UNKNOWN),
        ("", FileKind.UNKNOWN),
        ("RABBIT", FileKind.UNKNOWN),
        ("\ufeffH|CR1|", FileKind.UNKNOWN),
    ],
)
def test_kind_follows_from_how_the_file_begins(begin, kind) -> None:
    assert PROFILE.identify(begin.encode()) == kind


def test_outgoing_file_is_named_after_its_number() -> None:
    assert PROFILE.file_name(FileKind.CARD_REQUEST, NUMBER) == "CR20260701001.txt"


def test_card_answers_are_read() -> None:
    found = PROFILE.parse_card_answers(encoded(ANSWER))
    assert (found.number, found.on) == (NUMBER, date(2026, 7, 2))
    assert [(a.line, a.seq, a.is_issued, a.card_no, a.code) for a in found.rows] == [
        (2, 1, True, CARD, ""), (3, 2, False, "", "0017"),
    ]  # fmt: skip


def test_activations_are_read_as_local_times() -> None:
    found = PROFILE.parse_activations(encoded(ACTIVATION))
    assert found.number == "A20260703-1"
    first = datetime(2026, 7, 3, 10, 30, 15, tzinfo=timezone.get_current_timezone())
    assert [(a.line, a.seq, a.card_no) for a in found.rows] == [(2, 1, CARD), (3, 2, OTHER)]
    assert found.rows[0].at == first


def test_payout_result_is_read() -> None:
    found = PROFILE.parse_payout_result(encoded(RESULT))
    assert [(a.seq, a.amount_fen, a.is_paid, a.code, a.serial) for a in found.rows] == [
        (1, 5000, True, "0000", "B0001"), (2, 5000, False, "0014", ""),
    ]  # fmt: skip
    assert found.rows[1].at is None


def test_refusal_is_read() -> None:
    found = PROFILE.parse_refusal(encoded([f"X|{NUMBER}|0032|格式错误"]))
    assert (found.number, found.code, found.text) == (NUMBER, "0032", "格式错误")


@pytest.mark.parametrize(
    ("number", "text", "problem"),
    [
        (1, f"H|{NUMBER}|20260230|2", ("date", 1, "20260230")),
        (1, f"H|{NUMBER}|20260702|3", ("count", 1, "3 / 2")),
        (1, f"H|{NUMBER}|20260702|02", ("count", None, "")),
        (1, f"H|{NUMBER}|20260702", ("header", 1, "")),
        (2, f"C|{NUMBER}|000001|ISSUED|{CARD}", ("fields", 2, "5 / 6")),
        (2, f"C|{NUMBER}|1|ISSUED|{CARD}|", ("seq", 2, "")),
        (2, f"C|{NUMBER}|000002|ISSUED|{CARD}|", ("twice", 3, "2")),
        (2, f"C|{NUMBER}|000001|MADE|{CARD}|", ("status", 2, "")),
        (2, f"C|{NUMBER}|000001|ISSUED|62220000|", ("card_number", 2, "")),
        (2, f"C|{NUMBER}|000001|ISSUED|{'６' * 16}|", ("card_number", 2, "")),
        (2, f"C|CR20260701002|000001|ISSUED|{CARD}|", ("other_batch", 2, "")),
        (2, f"D|{NUMBER}|000001|ISSUED|{CARD}|", ("tag", 2, "")),
        (3, f"C|{NUMBER}|000002|REJECTED||", ("code", 3, "")),
        (3, f"C|{NUMBER}|000002|REJECTED|{OTHER}|0017", ("refused_with_card", 3, "")),
        (3, f"C|{NUMBER}|000002|ISSUED|{CARD}|", ("card_twice", 3, "")),
        (4, "T|1", ("count", 4, "1 / 2")),
        (4, "T|2|2", ("cut", 4, "")),
    ],
)
def test_answer_that_is_not_well_formed_says_where(number, text, problem) -> None:
    found = problems_of(PROFILE.parse_card_answers, with_line(ANSWER, number, text))
    if problem[0] == "count" and problem[1] is None:  # the header's 0 also differs from the lines
        assert problem in found
    else:
        assert found == [problem]


@pytest.mark.parametrize(
    ("number", "text", "problem"),
    [
        (2, f"A|20260704|000001|{CARD}|20260703103015", ("other_batch", 2, "")),
        (2, f"A|20260703|000001|{CARD}|20260703246060", ("time", 2, "20260703246060")),
        (2, f"A|20260703|000001|{CARD}|19990703103015", ("time", 2, "19990703103015")),
        (2, f"A|20260703|000001|{OTHER}|20260703103015", ("card_twice", 3, "")),
        (3, f"A|20260703|000001|{OTHER}|20260703103015", ("twice", 3, "1")),
        (3, f"A|20260703|000002|{OTHER}", ("fields", 3, "4 / 5")),
    ],
)
def test_activation_file_that_is_not_well_formed_says_where(number, text, problem) -> None:
    assert problems_of(PROFILE.parse_activations, with_line(ACTIVATION, number, text)) == [problem]


@pytest.mark.parametrize(
    ("number", "text", "codes"),
    [
        (1, "R|PB20260701001|20260702|3|100.00|1|50.00|1|50.00", ["count"]),
        (1, "R|PB20260701001|20260702|2|100.00|2|50.00|1|50.00", ["count"]),
        (1, "R|PB20260701001|20260702|2|100.01|1|50.00|1|50.00", ["total"]),
        (2, RESULT[1].replace("|50.00|S", "|50|S"), ["amount"]),
        (2, RESULT[1].replace("|50.00|S", "|-50.00|S"), ["amount"]),
        (2, RESULT[1].replace("|S|", "|P|"), ["status"]),
        (3, RESULT[2].replace("|||", "|20260702103015||"), ["failed_with_time"]),
        (3, RESULT[2].replace("000002", "000001"), ["twice"]),
    ],
)
def test_result_that_is_not_well_formed_says_why(number, text, codes) -> None:
    found = problems_of(PROFILE.parse_payout_result, with_line(RESULT, number, text))
    assert sorted({code for code, _line, _found in found} & set(codes)) == codes
    assert {code for code, _line, _found in found} <= {*codes, "failed_with_time", "total"}


def test_refusal_of_two_lines_is_none() -> None:
    line = f"X|{NUMBER}|0032|格式错误"
    assert problems_of(PROFILE.parse_refusal, [line, line]) == [("refusal_lines", 2, "")]


def test_every_problem_of_a_file_is_told_at_once() -> None:
    lines = with_line(with_line(ANSWER, 2, "C|X|1|MADE||"), 4, "T|9")
    assert {code for code, _l, _f in problems_of(PROFILE.parse_card_answers, lines)} == {
        "other_batch", "seq", "status", "count",
    }  # fmt: skip


WHOLE = encoded(ANSWER)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", ("empty", None, "")),
        (WHOLE[:-2], ("cut", 4, "")),
        (WHOLE[:-5], ("cut", 3, "")),
        (WHOLE.replace(b"\r\n", b"\n"), ("cut", 1, "")),
        (WHOLE.replace(b"|2\r\nC", b"|2\nC"), ("line_end", 1, "")),
        (WHOLE.replace(b"ISSUED", b"ISS\x00ED"), ("control", 2, "")),
        (WHOLE.replace(b"ISSUED", b"ISS\xff\xffED"), ("not_gbk", 2, "")),
        (b"H" * (MOST_BYTES + 1), ("too_big", None, "")),
    ],
)
def test_file_that_is_not_whole_is_not_read(content, problem) -> None:
    assert problems_of(PROFILE.parse_card_answers, content) == [problem]


@given(st.integers(min_value=0, max_value=len(WHOLE) - 1))
def test_no_beginning_of_a_file_passes_for_the_whole(length) -> None:
    with pytest.raises(Quarantine):
        PROFILE.parse_card_answers(WHOLE[:length])


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_set_apart(content) -> None:
    for parse in (
        PROFILE.parse_card_answers,
        PROFILE.parse_activations,
        PROFILE.parse_payout_result,
        PROFILE.parse_refusal,
    ):
        with pytest.raises(Quarantine):
            parse(b"H|CR1|" + content)


def test_problems_hold_no_names_and_no_numbers() -> None:
    lines = with_line(RESULT, 2, RESULT[1].replace("|50.00|S", "|五十|S"))
    told = problems_of(PROFILE.parse_payout_result, lines)
    assert "张三" not in str(told)
    assert "6217000000000006" not in str(told)


def test_quarantine_names_its_codes() -> None:
    assert str(Quarantine([Problem("twice", 3), Problem("cut")])) == "cut, twice"
