"""Transfer bills: taken once by number, confirmed by the user, ended, told and listed."""

from __future__ import annotations

import gzip
import hashlib
import json
import secrets
import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from simulators.wechatpay import plan
from simulators.wechatpay.ledger import Ledger

CHINA = timezone(timedelta(hours=8))
OPEN = ("ACCEPTED", "WAIT_USER_CONFIRM", "TRANSFERING", "CANCELING")
QUERY_DAYS = 30
COLUMNS = (
    "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额（元）,"
    "账户结余（元）,资金变更提交申请人,备注,业务凭证号"
)
SUMS = "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额"


class Refusal(Exception):
    """An answer other than 200: HTTP status and WeChat's code."""

    def __init__(self, status: int, code: str, words: str = "") -> None:
        super().__init__(code)
        self.status, self.code, self.words = status, code, words or code


@dataclass(frozen=True)
class Habits:
    """What users and the server do left alone; seconds on the server's clock.

    `confirm_after` None = users wait for the `confirm` command. Lapses after `close_after`.
    """

    seed: int = 0
    confirm_after: float | None = None
    close_after: float = 86_400
    misbehave: float = 0
    misbehave_notices: float = 0
    cap: int = 100


def text_of(at: float) -> str:
    return datetime.fromtimestamp(at, CHINA).isoformat(timespec="milliseconds")


class Bills:
    """All bills of the one merchant."""

    def __init__(self, ledger: Ledger, habits: Habits) -> None:
        self.ledger, self.habits = ledger, habits

    def find(self, column: str, value: str) -> sqlite3.Row | None:
        return self.ledger.row(f"SELECT * FROM bills WHERE {column} = ?", value)

    def take(self, content: dict[str, Any]) -> sqlite3.Row:
        """Keep a transfer once by its number; other content under a number is refused."""
        number, text = content["out_bill_no"], json.dumps(content, sort_keys=True)
        with self.ledger.transaction():
            known = self.find("out_bill_no", number)
            if known is None:
                self._insert(content, text)
            elif known["content"] != text:
                raise Refusal(400, "INVALID_REQUEST", "the number is known with other data")
        found = self.find("out_bill_no", number)
        if found is None:
            raise Refusal(500, "SYSTEM_ERROR")
        return found

    def take_late(self, content: dict[str, Any]) -> None:
        """Keep a transfer aside until a query has said that it is not there."""
        self.ledger.write(
            "INSERT OR IGNORE INTO late (out_bill_no, content) VALUES (?, ?)",
            content["out_bill_no"], json.dumps(content, sort_keys=True),
        )  # fmt: skip

    def said_not_found(self, number: str, seconds: float = 0.5) -> None:
        """A query was told "not found": a transfer kept aside is committed soon after."""
        due = self.ledger.now() + seconds
        self.ledger.write(
            "UPDATE late SET due_at = ? WHERE out_bill_no = ? AND due_at IS NULL", due, number
        )

    def _insert(self, content: dict[str, Any], text: str) -> None:
        number, now = content["out_bill_no"], self.ledger.now()
        facts = plan.facts_of(
            number, content["openid"], content["name"], content["transfer_amount"]
        )
        end = plan.take(self.ledger, ("fail",), facts)
        bill_no = f"13300{secrets.randbelow(10**15):015d}{secrets.randbelow(10**15):015d}"
        self.ledger.write(
            "INSERT INTO bills VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            *(number, bill_no, text, content["openid"], content["name"]),
            *(content["transfer_amount"], content["transfer_remark"], content["notify_url"]),
            *("ACCEPTED" if end else "WAIT_USER_CONFIRM", ""),
            *(secrets.token_urlsafe(48), now, now),
        )
        if end:
            self.finish(number, "FAIL", end.code or "NAME_NOT_CORRECT")
        elif self.habits.confirm_after == 0:
            self.finish(number, "SUCCESS")

    def finish(self, number: str, state: str, reason: str = "") -> bool:
        """End an open bill; success pays. Return whether it was open."""
        marks = ", ".join("?" * len(OPEN))
        now = self.ledger.now()
        with self.ledger.transaction():
            changed = self.ledger.write(
                "UPDATE bills SET state = ?, fail_reason = ?, updated_at = ?"
                f" WHERE out_bill_no = ? AND state IN ({marks})",
                *(state, reason, now, number, *OPEN),
            )
            bill = self.find("out_bill_no", number)
            if not changed or bill is None:
                return False
            if state == "SUCCESS":
                self.ledger.write(
                    "INSERT INTO payments (out_bill_no, transfer_bill_no, openid, amount_fen,"
                    " paid_at) VALUES (?, ?, ?, ?, ?)",
                    *(number, bill["transfer_bill_no"], bill["openid"], bill["amount_fen"], now),
                )
            self._queue_notices(bill)
        return True

    def _queue_notices(self, bill: sqlite3.Row) -> None:
        number = bill["out_bill_no"]
        facts = plan.facts_of(number, bill["openid"], bill["name"], bill["amount_fen"])
        rule = plan.take(self.ledger, plan.NOTICE_KINDS, facts) or plan.throw(
            self.habits.seed, self.habits.misbehave_notices, plan.NOTICE_KINDS, f"notice|{number}"
        )
        kind = rule.kind if rule else ""
        if kind == "notice-never" or not bill["notify_url"]:
            return
        delay = {"notice-early": 0.0, "notice-late": plan.DAYS_LATE}.get(kind, 0.3)
        event, facts_said = secrets.token_hex(16), json.dumps(notice_facts(bill))
        for _copy in range(5 if kind == "notice-five-times" else 1):
            self._queue(event, bill, facts_said, delay, is_forged=False)
        if kind == "notice-forged":
            self._queue(secrets.token_hex(16), bill, facts_said, 0, is_forged=True)

    def _queue(
        self, event: str, bill: sqlite3.Row, facts: str, delay: float, *, is_forged: bool
    ) -> None:
        self.ledger.write(
            "INSERT INTO notices (event_id, out_bill_no, url, body, is_forged, due_at)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            *(event, bill["out_bill_no"], bill["notify_url"], facts, is_forged),
            self.ledger.now() + delay,
        )

    def cancel(self, number: str) -> sqlite3.Row:
        """Begin to take a bill back that no user has confirmed."""
        with self.ledger.transaction():
            bill = self.find("out_bill_no", number)
            if bill is None:
                raise Refusal(404, "NOT_FOUND")
            if bill["state"] not in {"ACCEPTED", "WAIT_USER_CONFIRM", "CANCELING", "CANCELLED"}:
                raise Refusal(400, "INVALID_REQUEST", "the transfer cannot be taken back")
            self.ledger.write(
                "UPDATE bills SET state = 'CANCELING', updated_at = ? WHERE out_bill_no = ?"
                " AND state IN ('ACCEPTED', 'WAIT_USER_CONFIRM')",
                *(self.ledger.now(), number),
            )
        return self.find("out_bill_no", number) or bill

    def confirm(self, numbers: list[str]) -> list[str]:
        """The users take their money; return the bills that were waiting."""
        return [number for number in numbers if self._waits(number) and self._pay(number)]

    def _waits(self, number: str) -> bool:
        bill = self.find("out_bill_no", number)
        return bill is not None and bill["state"] == "WAIT_USER_CONFIRM"

    def _pay(self, number: str) -> bool:
        return self.finish(number, "SUCCESS")

    def waiting(self) -> list[str]:
        rows = self.ledger.rows("SELECT out_bill_no FROM bills WHERE state = 'WAIT_USER_CONFIRM'")
        return [row["out_bill_no"] for row in rows]

    def pass_time(self) -> None:
        """Do what is due: late commits, cancellations, confirmations, lapses."""
        now = self.ledger.now()
        for row in self.ledger.rows("SELECT * FROM late WHERE due_at <= ?", now):
            with self.ledger.transaction():
                if self.find("out_bill_no", row["out_bill_no"]) is None:
                    self._insert(json.loads(row["content"]), row["content"])
                number = row["out_bill_no"]
                self.ledger.write("DELETE FROM late WHERE out_bill_no = ?", number)
        due = "SELECT * FROM bills WHERE state = ? AND updated_at <= ? LIMIT 500"
        for bill in self.ledger.rows(due, "CANCELING", now - 0.2):
            self.finish(bill["out_bill_no"], "CANCELLED")
        for bill in self.ledger.rows(due, "WAIT_USER_CONFIRM", now - self.habits.close_after):
            self.finish(bill["out_bill_no"], "FAIL", "OVERDUE_CLOSE")
        if self.habits.confirm_after is not None:
            for bill in self.ledger.rows(due, "WAIT_USER_CONFIRM", now - self.habits.confirm_after):
                self._end_as_planned(bill)

    def _end_as_planned(self, bill: sqlite3.Row) -> None:
        number = bill["out_bill_no"]
        facts = plan.facts_of(number, bill["openid"], bill["name"], bill["amount_fen"])
        rule = plan.take(self.ledger, ("unclaimed", "late-yes"), facts)
        if rule and rule.kind == "late-yes":
            put_off = "UPDATE bills SET updated_at = ? WHERE out_bill_no = ?"
            self.ledger.write(put_off, self.ledger.now() + rule.seconds, number)
        elif rule:
            self.finish(bill["out_bill_no"], "FAIL", "OVERDUE_CLOSE")
        else:
            self.finish(bill["out_bill_no"], "SUCCESS")

    def fund_bill(self, day: str) -> bytes:
        """Return the fund bill of a day (China time): one row a payment, then the sums."""
        begin = datetime.fromisoformat(day).replace(tzinfo=CHINA).timestamp()
        rows = self.ledger.rows(
            "SELECT * FROM payments WHERE paid_at >= ? AND paid_at < ? ORDER BY id",
            *(begin, begin + 86_400),
        )
        if not rows:
            raise Refusal(400, "NO_STATEMENT_EXIST")
        lines = [COLUMNS]
        for row in rows:
            at = datetime.fromtimestamp(row["paid_at"], CHINA)
            lines.append(
                f"`{at:%Y-%m-%d %H:%M:%S},`{row['transfer_bill_no']},`FL{row['id']:012d},"
                f"`商家转账,`商家转账,`支出,`{yuan(row['amount_fen'])},`0.00,`API,`,"
                f"`{row['out_bill_no']}"
            )
        total = sum(row["amount_fen"] for row in rows)
        lines += [SUMS, f"`{len(rows)},`0,`0.00,`{len(rows)},`{yuan(total)}"]
        return ("\ufeff" + "\r\n".join(lines) + "\r\n").encode()


def yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"


def notice_facts(bill: sqlite3.Row) -> dict[str, Any]:
    """What a notice says of an ended bill."""
    facts = {
        "out_bill_no": bill["out_bill_no"],
        "transfer_bill_no": bill["transfer_bill_no"],
        "state": bill["state"],
        "transfer_amount": bill["amount_fen"],
        "openid": bill["openid"],
        "create_time": text_of(bill["created_at"]),
        "update_time": text_of(bill["updated_at"]),
    }
    return {**facts, "fail_reason": bill["fail_reason"]} if bill["fail_reason"] else facts


def packed(content: bytes, packing: str) -> tuple[bytes, str]:
    """Return the bytes to download and the SHA-1 of what is in them, as APIv3 gives it."""
    digest = hashlib.sha1(content).hexdigest()  # what APIv3 prescribes
    return (gzip.compress(content, mtime=0) if packing == "GZIP" else content), digest
