"""Payout batches: exact answers, batch numbers seen twice, and every planned misbehaviour."""

from __future__ import annotations

import pytest

from simulators.bank.payouts import Payouts
from simulators.bank.plan import Rule
from simulators.bank.post import Habits, Post

from .conftest import PAYOUT, Bank, encoded, payout

FIVE = ("10.00", "20.00", "30.00", "40.00", "50.05")


def later(bank: Bank) -> Payouts:
    return Payouts(Post(bank.ledger, clock=lambda: bank.now))


def test_result_file_is_the_reference_profile(bank: Bank) -> None:
    bank.plan("fail", holder="努尔·卡力")
    bank.receive("PB20260701001.txt", PAYOUT)
    expected = (
        "R|PB20260701001|20260702|3|150.00|1|50.00|2|100.00\r\n"
        "D|000001|6217000000000006|张三|50.00|S|0000|交易成功|20260702103015|B0001|ORDER1\r\n"
        "D|000002|6230520000000000008|努尔·卡力|50.00|F|0014|户名不符|||ORDER2\r\n"
        "D|000003|6217000000000007|李四|50.00|F|0011|账号不存在|||ORDER3\r\n"
    )
    answer = (bank.folder / "in" / "R_PB20260701001_1.txt").read_bytes()
    assert answer == expected.encode("gbk")
    assert bank.answers == ["R_PB20260701001_1.txt"]


def test_payment_is_booked_with_every_field(bank: Bank) -> None:
    bank.receive("PB20260701001.txt", PAYOUT[:1] + PAYOUT[1:])
    assert bank.ledger.payments()[0] == {
        "order_no": "ORDER1",
        "batch": "PB20260701001",
        "seq": "000001",
        "account": "6217000000000006",
        "holder": "张三",
        "amount_fen": 5000,
        "paid_at": "20260702103015",
        "serial": "B0001",
    }
    assert bank.paid == ["ORDER1", "ORDER2"]


def test_handled_file_is_moved_and_hidden_names_are_left(bank: Bank) -> None:
    bank.send(".PB9.txt.part", payout("50.00", batch="PB9"))
    bank.receive("PB1.txt", payout("50.00"))
    assert [path.name for path in (bank.folder / "out").iterdir()] == [".PB9.txt.part"]
    assert [path.name for path in (bank.folder / "done").iterdir()] == ["000001_PB1.txt"]
    assert bank.answers == ["R_PB1_1.txt"]


def test_same_batch_twice_is_answered_again_and_paid_once(bank: Bank) -> None:
    bank.receive("PB1.txt", payout("50.00"))
    answer = bank.folder / "in" / "R_PB1_1.txt"
    first = answer.read_bytes()
    answer.unlink()
    bank.wait(60)
    assert bank.answers == []
    bank.receive("PB1.txt", payout("50.00"))
    assert bank.answers == ["R_PB1_1.txt"]
    assert answer.read_bytes() == first
    assert bank.paid == ["PB1N1"]


def test_same_number_with_other_content_is_refused(bank: Bank) -> None:
    bank.receive("PB1.txt", payout("50.00"))
    bank.receive("PB1.txt", payout("60.00"))
    assert bank.answers == ["R_PB1_1.txt", "X_PB1.txt"]
    assert bank.answer("X_PB1.txt") == ["X|PB1|0030|重复"]
    assert bank.ledger.summary()["amount_fen"] == 5000


def test_bank_without_batch_dedupe_pays_every_line_it_sees(bank: Bank) -> None:
    bank.use(Habits(dedupes=False))
    bank.receive("PB1.txt", payout("50.00", "50.00"))
    bank.receive("PB1.txt", payout("50.00", "50.00"))
    assert bank.answers == ["R_PB1_1.txt", "R_PB1_2.txt"]
    assert bank.ledger.summary() == {
        "payments": 4,
        "amount_fen": 20000,
        "orders": 2,
        "duplicated_orders": 2,
    }


def test_order_repeated_in_one_file_is_paid_twice(bank: Bank) -> None:
    lines = payout("50.00", "50.00")
    bank.receive("PB1.txt", [line.replace("PB1N2", "PB1N1") for line in lines])
    assert bank.paid == ["PB1N1", "PB1N1"]


def test_empty_ledger_sums_to_zero(bank: Bank) -> None:
    assert set(bank.ledger.summary().values()) == {0}


@pytest.mark.parametrize(
    ("field", "value"),
    [("holder", "工友2"), ("account", "880012"), ("order_no", "PB1N2"), ("seq", "2")],
)
def test_planned_failure_hits_the_matching_line_only(bank: Bank, field: str, value: str) -> None:
    bank.add_rule(Rule("fail", "0012", "已销户"), match={field: value})
    bank.receive("PB1.txt", payout("10.00", "20.00", "30.00"))
    assert bank.paid == ["PB1N1", "PB1N3"]
    assert bank.answer("R_PB1_1.txt")[2] == "D|000002|880012|工友2|20.00|F|0012|已销户|||PB1N2"


def test_count_limits_a_rule_to_the_next_lines(bank: Bank) -> None:
    bank.plan("fail", count=2)
    bank.receive("PB1.txt", payout("10.00", "20.00", "30.00"))
    assert bank.paid == ["PB1N3"]


def test_next_batch_rule_is_forgotten_after_one_batch(bank: Bank) -> None:
    bank.add_rule(Rule("fail", "0014", "户名不符"), match={"seq": "1"}, is_next_batch=True)
    bank.receive("PB1.txt", payout("10.00"))
    bank.receive("PB2.txt", payout("10.00", batch="PB2"))
    assert bank.paid == ["PB2N1"]


def test_unanswered_line_is_missing_from_lines_and_counts(bank: Bank) -> None:
    bank.plan("unanswered", seq="2")
    bank.receive("PB1.txt", payout("10.00", "20.00", "30.00"))
    head, *lines = bank.answer("R_PB1_1.txt")
    assert head == "R|PB1|20260702|2|40.00|2|40.00|0|0.00"
    assert [line.split("|")[1] for line in lines] == ["000001", "000003"]
    assert bank.paid == ["PB1N1", "PB1N3"]


def test_unanswered_lines_are_settled_by_a_second_file(bank: Bank) -> None:
    bank.plan("unanswered", seq="2")
    bank.receive("PB1.txt", payout("10.00", "20.00"))
    assert later(bank).answer_unanswered() == 1
    assert later(bank).answer_unanswered() == 0
    bank.wait(86_400)
    assert bank.answer("R_PB1_2.txt") == [
        "R|PB1|20260702|1|20.00|1|20.00|0|0.00",
        "D|000002|880012|工友2|20.00|S|0000|交易成功|20260702103015|B0002|PB1N2",
    ]
    assert bank.paid == ["PB1N1", "PB1N2"]


def test_unanswered_line_can_end_as_failed(bank: Bank) -> None:
    bank.plan("unanswered")
    bank.receive("PB1.txt", payout("10.00"))
    assert bank.answers == []
    later(bank).answer_unanswered(("0011", "账号不存在"))
    bank.wait(1)
    assert bank.answer("R_PB1_1.txt")[1] == "D|000001|880011|工友1|10.00|F|0011|账号不存在|||PB1N1"
    assert bank.paid == []


def test_unanswered_line_paid_in_silence_is_paid_once(bank: Bank) -> None:
    bank.add_rule(Rule("unanswered", is_paid=True))
    bank.receive("PB1.txt", payout("10.00"))
    assert (bank.answers, bank.paid) == ([], ["PB1N1"])
    later(bank).answer_unanswered(("0011", "账号不存在"))
    bank.wait(1)
    assert bank.answer("R_PB1_1.txt")[1].split("|")[5] == "S"
    assert bank.paid == ["PB1N1"]


def test_answer_delay_holds_every_answer_back(bank: Bank) -> None:
    bank.use(Habits(answer_delay=60))
    bank.receive("PB1.txt", payout("10.00"))
    bank.wait(59)
    assert (bank.answers, bank.paid) == ([], ["PB1N1"])
    bank.wait(1)
    assert bank.answers == ["R_PB1_1.txt"]


def test_late_answer_comes_after_its_seconds(bank: Bank) -> None:
    bank.plan("late")
    bank.receive("PB1.txt", payout("10.00"))
    bank.receive("PB2.txt", payout("10.00", batch="PB2"))
    assert bank.answers == ["R_PB2_1.txt"]
    bank.wait(5)
    assert bank.answers == ["R_PB1_1.txt", "R_PB2_1.txt"]


def test_split_answer_comes_in_two_files(bank: Bank) -> None:
    bank.plan("split")
    bank.receive("PB1.txt", payout(*FIVE))
    assert bank.answers == ["R_PB1_1.txt"]
    bank.wait(5)
    heads = [bank.answer(f"R_PB1_{k}.txt")[0] for k in (1, 2)]
    assert heads == [
        "R|PB1|20260702|3|90.05|3|90.05|0|0.00",
        "R|PB1|20260702|2|60.00|2|60.00|0|0.00",
    ]


def test_reordered_answer_has_the_same_lines(bank: Bank) -> None:
    bank.plan("reorder")
    bank.receive("PB1.txt", payout(*FIVE))
    lines = bank.answer("R_PB1_1.txt")[1:]
    assert [line.split("|")[1] for line in lines] == [f"{n:06d}" for n in (5, 4, 3, 2, 1)]


def test_duplicate_answer_has_the_same_bytes(bank: Bank) -> None:
    bank.plan("duplicate")
    bank.receive("PB1.txt", payout("10.00"))
    assert bank.answers == ["R_PB1_1.txt", "R_PB1_2.txt"]
    assert bank.answer("R_PB1_1.txt") == bank.answer("R_PB1_2.txt")
    assert bank.paid == ["PB1N1"]


def test_truncated_answer_is_cut_inside_its_lines(bank: Bank) -> None:
    bank.plan("truncate")
    bank.receive("PB1.txt", payout("10.00", "20.00"))
    cut = (bank.folder / "in" / "R_PB1_1.txt").read_bytes()
    later(bank).resend_spoiled()
    bank.wait(1)
    whole = (bank.folder / "in" / "R_PB1_2.txt").read_bytes()
    head = whole.index(b"\r\n") + 2
    assert cut == whole[: head + (len(whole) - head) // 2]


def test_wrong_total_is_one_fen_too_much(bank: Bank) -> None:
    bank.plan("wrong-total")
    bank.receive("PB1.txt", payout("10.00", "20.00"))
    assert bank.answer("R_PB1_1.txt")[0] == "R|PB1|20260702|2|30.01|2|30.00|0|0.00"


def test_unknown_line_is_paid_and_reported(bank: Bank) -> None:
    bank.plan("unknown-line")
    bank.receive("PB1.txt", payout("10.00"))
    head, _, stranger = bank.answer("R_PB1_1.txt")
    assert head == "R|PB1|20260702|2|60.00|2|60.00|0|0.00"
    assert stranger.endswith("|B0002|NOSUCHORDER")
    assert bank.paid == ["PB1N1", "NOSUCHORDER"]


@pytest.mark.parametrize("kind", ["truncate", "wrong-total", "unknown-line"])
def test_spoiled_answer_is_resent_whole_once(bank: Bank, kind: str) -> None:
    bank.plan(kind)
    bank.receive("PB1.txt", payout("10.00"))
    assert later(bank).resend_spoiled() == 1
    assert later(bank).resend_spoiled() == 0
    bank.wait(1)
    assert bank.answer("R_PB1_2.txt") == [
        "R|PB1|20260702|1|10.00|1|10.00|0|0.00",
        "D|000001|880011|工友1|10.00|S|0000|交易成功|20260702103015|B0001|PB1N1",
    ]
    assert bank.paid.count("PB1N1") == 1


def test_rejected_batch_stays_rejected_when_it_comes_again(bank: Bank) -> None:
    bank.add_rule(Rule("reject", "0020", "余额不足"), count=1)
    bank.use(Habits(dedupes=False))
    for _ in range(2):
        bank.receive("PB1.txt", payout("10.00"))
        (answer,) = bank.answers
        assert bank.answer(answer) == ["X|PB1|0020|余额不足"]
        (bank.folder / "in" / answer).unlink()
    assert bank.paid == []


def test_dice_of_one_seed_fall_the_same(
    bank: Bank, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = Bank(tmp_path_factory.mktemp("other"))
    for each in (bank, other):
        each.use(Habits(seed=7, misbehave=0.5))
        for number in range(12):
            batch = f"PB{number}"
            each.send(f"{batch}.txt", payout(*FIVE, batch=batch))
        each.desk.run_once()
        each.wait(10)
    assert bank.answers == other.answers
    assert [bank.answer(n) for n in bank.answers] == [other.answer(n) for n in other.answers]
    assert bank.paid == other.paid
    assert 0 < len(bank.paid) < 60
    other.ledger.close()


def test_misbehaving_bank_settles_every_line_in_the_end(bank: Bank) -> None:
    bank.use(Habits(seed=3, misbehave=0.4))
    for number in range(12):
        bank.send(f"PB{number}0.txt", payout(*FIVE, batch=f"PB{number}0"))
    bank.desk.run_once()
    later(bank).answer_unanswered()
    bank.wait(10)
    lines = {line for name in bank.answers for line in bank.answer(name)[1:]}
    assert len({line.rpartition("|")[2] for line in lines}) == len(lines) == 60
    reported = sorted(line.rpartition("|")[2] for line in lines if "|S|" in line)
    assert reported == sorted(bank.paid)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda lines: lines[:-1], "0032"),
        (lambda lines: lines[1:], "0032"),
        (lambda lines: [lines[0], lines[-1]], "0032"),
        (lambda lines: [*lines, lines[-1]], "0032"),
        (lambda lines: [lines[0].replace("150.00", "150.01"), *lines[1:]], "0031"),
        (lambda lines: [lines[0].replace("|3|", "|4|"), *lines[1:]], "0031"),
        (lambda lines: [*lines[:-1], "T|3|150"], "0032"),
        (lambda lines: [*lines[:-1], "T|2|150.00"], "0031"),
        (lambda lines: [lines[0], *lines[2:]], "0032"),
        (lambda lines: [lines[0], lines[1], lines[1], lines[3], lines[4]], "0032"),
        (lambda lines: [line.replace("50.00", "５0.00") for line in lines], "0032"),
        (lambda lines: [line.replace("|50.00", "|-50.00") for line in lines], "0032"),
        (lambda lines: [line.replace("50.00", "0.00") for line in lines], "0032"),
        (lambda lines: [line.replace("张三", "") for line in lines], "0032"),
        (lambda lines: [line.replace("ORDER1", "ORDER-1") for line in lines], "0032"),
        (lambda lines: [line.replace("张三", "张|三") for line in lines], "0032"),
        (lambda lines: [lines[0].replace("20260701|", "2026-07-01|", 1), *lines[1:]], "0032"),
    ],
)
def test_malformed_batch_is_refused_and_not_paid(bank: Bank, change, code: str) -> None:
    bank.receive("PB20260701001.txt", change(PAYOUT))
    (name,) = bank.answers
    _, batch, found, _ = bank.answer(name)[0].split("|")
    assert found == code
    assert name == f"X_{batch}.txt"
    assert bank.paid == []


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n",
        b"\xff\xfe\x00",
        b"\x00" * 100,
        "\r\n".join(PAYOUT).encode("gbk"),
        "\n".join([*PAYOUT, ""]).encode("gbk"),
        encoded(PAYOUT)[:150],
        encoded(PAYOUT).replace("张三".encode("gbk"), b"\x80\xff"),
        b"\xef\xbb\xbf" + encoded(PAYOUT),
    ],
)
def test_unreadable_bytes_are_refused_by_file_name(bank: Bank, data: bytes) -> None:
    bank.receive("PB20260701001.txt", data)
    assert bank.answers == ["X_PB20260701001.txt"]
    assert bank.answer("X_PB20260701001.txt") == ["X|PB20260701001|0032|格式错误"]
    assert bank.paid == []


def test_batch_number_cannot_leave_the_folder(bank: Bank) -> None:
    bank.receive("PB1.txt", payout("10.00", batch="../../PB1"))
    assert bank.answers == ["X_PB1.txt"]


def test_unknown_kind_of_file_is_refused_under_a_safe_name(bank: Bank) -> None:
    bank.send("说明 1.txt", b"hello")
    bank.receive("PB1.csv", payout("10.00"))
    assert bank.answers == ["X_PB1.txt", "X____1.txt"]
    assert bank.paid == []


def test_corrected_batch_may_use_the_number_of_a_malformed_one(bank: Bank) -> None:
    bank.receive("PB1.txt", payout("10.00")[:-1])
    bank.receive("PB1.txt", payout("10.00"))
    assert bank.answers == ["R_PB1_1.txt", "X_PB1.txt"]
    assert bank.paid == ["PB1N1"]
