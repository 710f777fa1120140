"""Cards: issued once per person, activated by the bank, reported by file."""

from __future__ import annotations

import pytest

from simulators.bank.payouts import is_card_number
from simulators.bank.plan import Rule
from simulators.bank.post import Habits

from .conftest import CARDS, Bank, encoded

ANSWER = "CI_CR20260701001.txt"


def issued(bank: Bank) -> list[str]:
    return [row["card_no"] for row in bank.ledger.rows("SELECT card_no FROM cards ORDER BY rowid")]


def test_card_answer_has_exact_bytes(bank: Bank) -> None:
    bank.add_rule(Rule("reject-card", "0017", "证件号不符"), match={"holder": "努尔·卡力"})
    bank.receive("CR20260701001.txt", CARDS)
    (card_no,) = issued(bank)
    assert (bank.folder / "in" / ANSWER).read_bytes() == (
        "H|CR20260701001|20260702|2\r\n"
        f"C|CR20260701001|000001|ISSUED|{card_no}|\r\n"
        "C|CR20260701001|000002|REJECTED||0017\r\n"
        "T|2\r\n"
    ).encode("gbk")


def test_card_numbers_are_unionpay_like_and_distinct(bank: Bank) -> None:
    people = [f"C|CR1|{n:06d}|工友{n}|ID|49010119900101{n:04d}|1390000" for n in range(1, 201)]
    bank.receive("CR1.txt", ["H|CR1|20260701|200", *people, "T|200"])
    numbers = issued(bank)
    assert len(set(numbers)) == 200
    assert all(len(n) == 19 and n.startswith("62") and is_card_number(n) for n in numbers)


def test_card_numbers_follow_from_the_seed(
    bank: Bank, tmp_path_factory: pytest.TempPathFactory
) -> None:
    bank.receive("CR20260701001.txt", CARDS)
    for seed, is_same in ((0, True), (1, False)):
        other = Bank(tmp_path_factory.mktemp("other"))
        other.use(Habits(seed=seed))
        other.receive("CR20260701001.txt", CARDS)
        assert (issued(other) == issued(bank)) is is_same
        other.ledger.close()


def test_person_asked_for_twice_has_one_card(bank: Bank) -> None:
    bank.receive("CR20260701001.txt", CARDS)
    again = [line.replace("CR20260701001", "CR2") for line in CARDS]
    bank.receive("CR2.txt", again)
    cards = [bank.answer(name)[1].split("|")[4] for name in (ANSWER, "CI_CR2.txt")]
    assert cards[0] == cards[1]
    assert len(issued(bank)) == 2


def test_known_person_under_another_name_is_rejected(bank: Bank) -> None:
    bank.receive("CR20260701001.txt", CARDS)
    renamed = [line.replace("CR20260701001", "CR2").replace("张三", "李四") for line in CARDS]
    bank.receive("CR2.txt", renamed)
    assert bank.answer("CI_CR2.txt")[1] == "C|CR2|000001|REJECTED||0017"


def test_card_request_twice_is_answered_again(bank: Bank) -> None:
    bank.receive("CR20260701001.txt", CARDS)
    first = bank.answer(ANSWER)
    (bank.folder / "in" / ANSWER).unlink()
    bank.receive("CR20260701001.txt", CARDS)
    assert bank.answer(ANSWER) == first


def test_card_request_with_other_content_is_refused(bank: Bank) -> None:
    bank.receive("CR20260701001.txt", CARDS)
    bank.receive("CR20260701001.txt", [line.replace("张三", "李四") for line in CARDS])
    assert bank.answer("X_CR20260701001.txt") == ["X|CR20260701001|0030|重复"]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("T|2", "T|3", "0031"),
        ("20260701|2", "20260701|3", "0031"),
        ("C|CR20260701001|000002", "C|CR20260701002|000002", "0032"),
        ("|000002|", "|000003|", "0032"),
        ("|张三|", "||", "0032"),
        ("|13900000001", "", "0032"),
    ],
)
def test_malformed_card_request_is_refused(bank: Bank, old: str, new: str, code: str) -> None:
    bank.receive("CR20260701001.txt", encoded(CARDS).replace(old.encode("gbk"), new.encode("gbk")))
    assert bank.answers == ["X_CR20260701001.txt"]
    assert bank.answer("X_CR20260701001.txt")[0].split("|")[2] == code
    assert issued(bank) == []


def test_activation_file_has_exact_bytes(bank: Bank) -> None:
    bank.receive("CR20260701001.txt", CARDS)
    first, second = bank.desk.cards.activate()
    bank.wait(0)
    assert (bank.folder / "in" / "A_20260702_1.txt").read_bytes() == (
        "H|A20260702-1|20260702|2\r\n"
        f"A|20260702|000001|{first}|20260702103015\r\n"
        f"A|20260702|000002|{second}|20260702103015\r\n"
        "T|2\r\n"
    ).encode("gbk")


def test_cards_are_activated_once_in_numbered_files(bank: Bank) -> None:
    bank.receive("CR20260701001.txt", CARDS)
    first, second = issued(bank)
    assert bank.desk.cards.activate(only=[second]) == [second]
    assert bank.desk.cards.activate(limit=5) == [first]
    assert bank.desk.cards.activate() == []
    bank.wait(0)
    assert bank.answers == ["A_20260702_1.txt", "A_20260702_2.txt", ANSWER]


def test_card_is_not_activated_before_its_answer_is_delivered(bank: Bank) -> None:
    bank.use(Habits(answer_delay=60))
    bank.receive("CR20260701001.txt", CARDS)
    assert bank.desk.cards.activate() == []
    bank.wait(60)
    assert len(bank.desk.cards.activate()) == 2


def test_auto_activation_waits_its_seconds(bank: Bank) -> None:
    bank.use(Habits(auto_activate=30))
    bank.receive("CR20260701001.txt", CARDS)
    bank.wait(29)
    assert bank.answers == [ANSWER]
    bank.wait(1)
    assert bank.answers == ["A_20260702_1.txt", ANSWER]


def test_cards_stay_inactive_unless_told(bank: Bank) -> None:
    bank.receive("CR20260701001.txt", CARDS)
    bank.wait(86_400)
    assert bank.answers == [ANSWER]


@pytest.mark.parametrize(
    ("is_active", "holder", "outcome"),
    [
        (True, "张三", "S|0000|交易成功"),
        (True, "李四", "F|0014|户名不符"),
        (False, "张三", "F|0013|未激活"),
    ],
)
def test_own_card_is_paid_when_active_and_named_right(
    bank: Bank, is_active: bool, holder: str, outcome: str
) -> None:
    bank.receive("CR20260701001.txt", CARDS)
    if is_active:
        bank.desk.cards.activate()
    line = f"D|000001|{issued(bank)[0]}|{holder}|50.00|补贴|ORDER1"
    head = "H|PB1|20260702|1001|某区总工会|1|50.00|补贴"
    bank.receive("PB1.txt", [head, line, "T|1|50.00"])
    assert "|".join(bank.answer("R_PB1_1.txt")[1].split("|")[5:8]) == outcome
