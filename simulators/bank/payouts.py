"""Payout batches: decide each line, move the money, answer with result files."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping, Sequence

from simulators.bank import files, plan
from simulators.bank.files import CODES, SUCCESS, Answer, PayLine
from simulators.bank.plan import Rule
from simulators.bank.post import Post

UNKNOWN_LINE = PayLine("999999", "6217000000000006", "无名", 5000, "NOSUCHORDER")
RULE_KINDS = (*plan.LINE_KINDS, *plan.FILE_KINDS)


class Payouts:
    def __init__(self, post: Post) -> None:
        self.post, self.ledger, self.habits = post, post.ledger, post.habits

    def carry_out(self, batch: str, lines: Sequence[PayLine]) -> str:
        decided = [self._decide(batch, line) for line in lines]
        answered = [line_id for line_id in decided if line_id]
        self._answer(batch, answered, self._file_rules(batch))
        plan.expire(self.ledger, RULE_KINDS)
        return f"{len(answered)} of {len(lines)} lines answered"

    def _file_rules(self, batch: str) -> dict[str, Rule]:
        rules = [plan.take(self.ledger, (kind,), {"batch": batch}) for kind in plan.FILE_KINDS]
        harmless = tuple(kind for kind in plan.FILE_KINDS if kind not in plan.GRAVE_KINDS)
        rules.append(plan.throw(self.habits.seed, self.habits.misbehave, harmless, batch))
        return {rule.kind: rule for rule in rules if rule}

    def _line_rule(self, batch: str, line: PayLine) -> Rule:
        facts = {"batch": batch, "seq": line.seq, "account": line.account}
        facts |= {"holder": line.holder, "order_no": line.order_no}
        told = plan.take(self.ledger, plan.LINE_KINDS, facts)
        key = "|".join(facts.values())
        thrown = plan.throw(self.habits.seed, self.habits.misbehave, plan.LINE_KINDS, key)
        return told or thrown or Rule("")

    def _decide(self, batch: str, line: PayLine) -> int | None:
        """Book one line; returns its id, or None when it is left unanswered."""
        rule = self._line_rule(batch, line)
        line_id = self.ledger.write(
            "INSERT INTO lines (batch, seq, account, holder, amount_fen, order_no)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            *(batch, line.seq, line.account, line.holder, line.amount_fen, line.order_no),
        )
        if rule.kind == "fail":
            self._settle(line_id, batch, line, rule.code, rule.text)
        elif rule.kind != "unanswered" or rule.is_paid:
            code = self._verdict(line)
            self._settle(line_id, batch, line, code, CODES[code])
        return None if rule.kind == "unanswered" else line_id

    def _verdict(self, line: PayLine) -> str:
        """What the honest bank says: the account exists, the holder's name fits, it is active."""
        if line.account.startswith("62") and not is_card_number(line.account):
            return "0011"
        card = self.ledger.row("SELECT * FROM cards WHERE card_no = ?", line.account)
        if card and card["holder"] != line.holder:
            return "0014"
        return "0013" if card and card["activated_at"] is None else SUCCESS

    def _settle(self, line_id: int, batch: str, line: PayLine, code: str, text: str) -> None:
        paid_at, serial = self._pay(batch, line) if code == SUCCESS else ("", "")
        self.ledger.write(
            "UPDATE lines SET code = ?, text = ?, paid_at = ?, serial = ? WHERE id = ?",
            *(code, text, paid_at, serial, line_id),
        )

    def _pay(self, batch: str, line: PayLine) -> tuple[str, str]:
        """Move the money: the row in `payments` is the truth that fault tests count."""
        paid_at = self.post.stamp()
        payment = self.ledger.write(
            "INSERT INTO payments (order_no, batch, seq, account, holder, amount_fen, paid_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            *(line.order_no, batch, line.seq, line.account, line.holder, line.amount_fen, paid_at),
        )
        serial = f"B{payment:04d}"
        self.ledger.write("UPDATE payments SET serial = ? WHERE id = ?", serial, payment)
        return paid_at, serial

    def _answer(self, batch: str, line_ids: Sequence[int], rules: Mapping[str, Rule]) -> None:
        """Queue the result file for these lines, or two when the answer is split."""
        late = rules["late"].seconds if "late" in rules else 0
        if "split" not in rules:
            self._queue_result(batch, line_ids, rules, late)
            return
        self._queue_result(batch, line_ids[0::2], rules, late)
        self._queue_result(batch, line_ids[1::2], rules, late + rules["split"].seconds)

    def _queue_result(
        self, batch: str, line_ids: Sequence[int], rules: Mapping[str, Rule], delay: float
    ) -> None:
        if not line_ids:
            return
        number = self.post.next_number(batch)
        for line_id in line_ids:
            self.ledger.write("UPDATE lines SET file = ? WHERE id = ?", number, line_id)
        body = self._result_body(batch, number, rules)
        is_spoiled = not rules.keys().isdisjoint(plan.SPOILING_KINDS)
        self.post.queue(f"R_{batch}_{number}.txt", body, batch, number, delay, is_spoiled)
        if "duplicate" in rules:
            self.post.queue(f"R_{batch}_{number + 1}.txt", body, batch, number + 1, delay)
        if "contradict" in rules:
            self._contradict(batch, number, delay + rules["contradict"].seconds)

    def _contradict(self, batch: str, number: int, delay: float) -> None:
        """Say of the first line of a result that it was not paid, whatever was said before."""
        row = self.ledger.row(
            "SELECT * FROM lines WHERE batch = ? AND file = ? ORDER BY id", batch, number
        )
        if row:
            denied = Answer(pay_line_of(row), "0015", CODES["0015"])
            body = files.encode(files.result_rows(batch, self.post.today(), [denied]))
            last = self.post.next_number(batch)
            self.post.queue(f"R_{batch}_{last}.txt", body, batch, last, delay)

    def _result_body(self, batch: str, number: int, rules: Mapping[str, Rule]) -> bytes:
        rows = self.ledger.rows(
            "SELECT * FROM lines WHERE batch = ? AND file = ? ORDER BY id", batch, number
        )
        answers = [answer_of(row) for row in rows]
        if "reorder" in rules:
            answers.reverse()
        if "unknown-line" in rules:
            paid = self._pay(batch, UNKNOWN_LINE)
            answers.append(Answer(UNKNOWN_LINE, SUCCESS, CODES[SUCCESS], *paid))
        header, *lines = files.result_rows(batch, self.post.today(), answers)
        if "wrong-total" in rules:
            header = (*header[:4], files.yuan(files.fen(header[4]) + 1), *header[5:])
        top, rest = files.encode([header]), files.encode(lines)
        return top + (rest[: len(rest) // 2] if "truncate" in rules else rest)

    def answer_unanswered(self, failure: tuple[str, str] | None = None) -> int:
        """Settle every line left unanswered, with `failure` if given; returns how many."""
        with self.ledger.transaction():
            rows = self.ledger.rows("SELECT * FROM lines WHERE file IS NULL ORDER BY id")
            for row in rows:
                if row["code"] is None:
                    line = pay_line_of(row)
                    code = self._verdict(line)
                    self._settle(row["id"], row["batch"], line, *(failure or (code, CODES[code])))
            for batch in dict.fromkeys(row["batch"] for row in rows):
                self._answer(batch, [row["id"] for row in rows if row["batch"] == batch], {})
        return len(rows)

    def resend_spoiled(self) -> int:
        """Queue every spoiled result file again, correct and under a new number."""
        with self.ledger.transaction():
            spoiled = self.ledger.rows("SELECT * FROM outgoing WHERE is_spoiled ORDER BY id")
            for row in spoiled:
                lines = self.ledger.rows(
                    "SELECT id FROM lines WHERE batch = ? AND file = ? ORDER BY id",
                    *(row["batch"], row["number"]),
                )
                self._answer(row["batch"], [line["id"] for line in lines], {})
            self.ledger.write("UPDATE outgoing SET is_spoiled = 0")
        return len(spoiled)


def is_card_number(account: str) -> bool:
    return bool(
        re.fullmatch(r"[0-9]{16,19}", account) and files.luhn_digit(account[:-1]) == account[-1]
    )


def pay_line_of(row: sqlite3.Row) -> PayLine:
    return PayLine(row["seq"], row["account"], row["holder"], row["amount_fen"], row["order_no"])


def answer_of(row: sqlite3.Row) -> Answer:
    return Answer(pay_line_of(row), row["code"], row["text"], row["paid_at"], row["serial"])
