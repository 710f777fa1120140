"""The bad-input corpus of security.md section 4, rows: class → (what is wrong, cells, outcome).

The outcome is the code of the reason, or ACCEPTED. Cells are given by Chinese title.
"""

from __future__ import annotations

from tests.members.roster_files import id_number, phone
from unionportal.core.identifiers.citizen_id import check_character

ACCEPTED = ""
Case = tuple[str, dict[str, object], str]


def numbered(start: str) -> str:
    """Return 17 digits with the check character that belongs to them."""
    return start + check_character(start + "0")


def ending_x() -> str:
    return next(number for n in range(100) if (number := id_number(n)).endswith("X"))


def wrong_digit(number: str) -> str:
    return number[:-1] + ("1" if number[-1] != "1" else "2")


def _id(*cases: tuple[str, object, str]) -> list[Case]:
    return [(words, {"证件号码": value}, outcome) for words, value, outcome in cases]


def _phone(*cases: tuple[str, object, str]) -> list[Case]:
    return [(words, {"手机号": value}, outcome) for words, value, outcome in cases]


def _name(*cases: tuple[str, object, str]) -> list[Case]:
    return [(words, {"姓名": value}, outcome) for words, value, outcome in cases]


GOOD = id_number(700)
WIDE = str.maketrans("0123456789X", "０１２３４５６７８９Ｘ")
ROWS: dict[int, list[Case]] = {
    1: _id(
        ("last digit", wrong_digit(GOOD), "check_digit"),
        ("a digit inside", "590103" + id_number(701)[6:], "check_digit"),
        ("of a permit", "810000199003070016", "check_digit"),
    ),
    2: _id(
        ("15 digits", "490103900307001", "old_id"),
        ("15 digits, full width", "490103900307001".translate(WIDE), "old_id"),
    ),
    3: _id(
        ("17 digits", id_number(702)[:17], "length"),
        ("19 digits", id_number(702) + "1", "length"),
        ("1 digit", "4", "length"),
    ),
    4: _id(("small x at the end", ending_x().lower(), ACCEPTED)),
    5: _id(
        ("X inside", "4901031990X3070012", "letters"),
        ("Cyrillic Х", ending_x()[:-1] + "\u0425", "letters"),
        ("times sign", ending_x()[:-1] + "\u00d7", "letters"),
        ("full-width X", ending_x()[:-1] + "Ｘ", ACCEPTED),
    ),
    6: _id(
        ("full-width digits", id_number(703).translate(WIDE), ACCEPTED),
        ("half of them", id_number(704)[:9] + id_number(704)[9:].translate(WIDE), ACCEPTED),
    ),
    7: _id(
        ("Arabic-Indic", "٤" + id_number(705)[1:], "foreign_digits"),
        ("superscript", id_number(705)[:17] + "²", "foreign_digits"),
        ("circled", "④" + id_number(705)[1:], "foreign_digits"),
    ),
    8: [
        *_id(
            ("spaces around", f"  {id_number(706)} ", ACCEPTED),
            ("no-break space", f"\u00a0{id_number(707)}", ACCEPTED),
            ("ideographic space", f"{id_number(708)}\u3000", ACCEPTED),
            ("zero width", f"\u200b{id_number(709)}", ACCEPTED),
            ("byte-order mark", f"\ufeff{id_number(710)}", ACCEPTED),
            ("space inside", f"{id_number(711)[:6]} {id_number(711)[6:]}", "inner_space"),
        ),
        *_name(("spaces in a name", " 测 试员 ", ACCEPTED)),
    ],
    9: _id(
        ("30 February", numbered("49010320230230001"), "impossible_date"),
        ("month 13", numbered("49010319901301001"), "impossible_date"),
        ("in the future", numbered("49010320991231001"), "future_date"),
        ("under 16", numbered("49010320200101001"), "under_age"),
    ),
    10: _id(
        ("province 39", numbered("39010319900307001"), ACCEPTED),
        ("abolished code", numbered("51020219700307001"), ACCEPTED),
    ),
    11: _id(
        ("Hong Kong", "810000199003070015", ACCEPTED),
        ("Macao", numbered("82000019900307001"), ACCEPTED),
        ("Taiwan", "830000198512310020", ACCEPTED),
        ("foreigner", "911840199003070014", ACCEPTED),
    ),
    12: _id(
        ("number of 18 digits", int(numbered("49010319900307100")[:17] + "0"), "number_cell"),
        ("exponent", "4.90103E+17", "number_cell"),
        ("small number", 4901, "number_cell"),
    ),
    13: _id(("apostrophe", f"'{id_number(712)}", ACCEPTED),
            ("curly apostrophe", f"\u2018{id_number(713)}", ACCEPTED)),
    14: _phone(
        ("number cell", 19900000801, ACCEPTED),
        ("float cell", 19900000802.0, ACCEPTED),
        ("with point zero", "19900000803.0", ACCEPTED),
        ("exponent text", "1.99E+10", "letters"),
        ("fraction", 1.5, "number_cell"),
    ),
    15: _phone(
        ("+86", "+8619900000811", ACCEPTED),
        ("+86 and space", "+86 19900000812", ACCEPTED),
        ("0086", "008619900000813", ACCEPTED),
        ("86-", "86-19900000814", ACCEPTED),
        ("hyphens", "199-0000-0815", ACCEPTED),
    ),
    16: _phone(
        ("land line", "037166668888", "landline"),
        ("400 number", "4001234567", "landline"),
        ("10 digits", "1990000000", "missing_digits"),
        ("12 digits", "199000000001", "extra_digits"),
        ("starts with 12", "12900000001", "prefix"),
    ),
    20: [(f"person {n}", {"手机号": phone(820)}, ACCEPTED) for n in range(4)],
    39: _name(
        ("emoji", "测试😀", "emoji"),
        ("heart", "测试❤", "emoji"),
        ("bell", "测\x07试", "control"),
        ("direction mark", "测\u202e试", "direction_mark"),
    ),
    40: _name(
        ("middle dot", "买买提·艾力", ACCEPTED),
        ("bullet", "买买提•艾力", ACCEPTED),
        ("katakana dot", "买买提・艾力", ACCEPTED),
        ("full stop", "买买提.艾力", ACCEPTED),
        ("wide full stop", "买买提．艾力", ACCEPTED),
        ("black circle", "买买提●艾力", ACCEPTED),
    ),
    41: _name(
        ("rare", "王㛃", ACCEPTED),
        ("outside the basic plane", "张𬭎", ACCEPTED),
        ("extension B", "李𠮷", ACCEPTED),
        ("one character", "阚", ACCEPTED),
        ("20 characters", "测" * 20, ACCEPTED),
    ),
}  # fmt: skip

# A register's own column; in a roster it is one more column that is not read.
DAYS: dict[int, list[Case]] = {
    number: [(str(value), {"入会日期": value}, outcome) for value, outcome in cases]
    for number, cases in {
        34: [
            ("2020-03-01", ACCEPTED), ("2020/3/1", ACCEPTED), ("2020年3月1日", ACCEPTED),
            ("20200301", ACCEPTED), ("二〇二〇年三月一日", ACCEPTED), ("2026/2/30", "impossible"),
            ("26-3-1", "ambiguous"), ("03/04/2020", "ambiguous"), ("去年", "form"),
        ],
        35: [
            ("9999-12-31", "range"), ("0001-01-01", "range"), ("2020-01-01 24:00", "form"),
            ("2020-01-01T00:00+14:00", "form"), (43831, "form"),
        ],
    }.items()
}  # fmt: skip
