"""Banks as the other side of each profile: they read requests and write answers by themselves."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from tests.factories.payouts import result_file

DAY, ISO_DAY = "20261122", "2026-11-22"


@dataclass(frozen=True)
class Sent:
    """A line of a request as the bank reads it."""

    seq: int
    account: str
    holder: str
    fen: int
    order_no: str


# What a bank may say about a line: paid, failed (wrong name), seen before, or words of its own.
Verdict = str
Said = Sequence[tuple[Sent, Verdict]]


class Bank(Protocol):
    profile: str
    refuses: str
    has_it_already: str

    def read(self, request: bytes) -> list[Sent]: ...
    def result(self, number: str, said: Said) -> bytes: ...
    def refusal(self, number: str, code: str) -> bytes: ...
    def cards(self, number: str, issued: Sequence[str]) -> bytes: ...
    def activations(self, number: str, issued: Sequence[str]) -> bytes: ...
    def statement(self, movements: Sequence[tuple[str, int]]) -> bytes: ...


class ReferenceBank:
    """GBK, CRLF, fields split by |, yuan, reasons by text."""

    profile, refuses, has_it_already = "reference", "0032", "0030"
    words = {
        "paid": ("S", "0000", "交易成功"), "failed": ("F", "0014", "户名不符"),
        "seen": ("F", "0030", "重复"), "strange": ("F", "9999", "别的原因"),
    }  # fmt: skip

    def read(self, request: bytes) -> list[Sent]:
        rows = [line.split("|") for line in request.decode("gbk").split("\r\n")[:-1]]
        assert [rows[0][0], rows[-1][0]] == ["H", "T"]
        return [
            Sent(int(seq), account, holder, _fen(amount), order_no)
            for _tag, seq, account, holder, amount, _summary, order_no in rows[1:-1]
        ]

    def result(self, number: str, said: Said) -> bytes:
        rows = []
        for one, verdict in said:
            status, code, text = self.words[verdict]
            is_paid = status == "S"
            rows.append(
                {"seq": one.seq, "account": one.account, "holder": one.holder, "fen": one.fen,
                 "order_no": one.order_no, "status": status, "code": code, "text": text,
                 "at": "20261122103015" if is_paid else "",
                 "serial": f"B{one.order_no[:12]}" if is_paid else ""}
            )  # fmt: skip
        return result_file(number, rows)

    def refusal(self, number: str, code: str) -> bytes:
        return f"X|{number}|{code}|文件退回\r\n".encode("gbk")

    def cards(self, number: str, issued: Sequence[str]) -> bytes:
        rows = [f"C|{number}|{seq:06d}|ISSUED|{card}|" for seq, card in enumerate(issued, 1)]
        return _lines([f"H|{number}|{DAY}|{len(rows)}", *rows, f"T|{len(rows)}"])

    def activations(self, number: str, issued: Sequence[str]) -> bytes:
        rows = [f"A|{DAY}|{seq:06d}|{card}|20261122103015" for seq, card in enumerate(issued, 1)]
        return _lines([f"H|A{DAY}-{number}|{DAY}|{len(rows)}", *rows, f"T|{len(rows)}"])

    def statement(self, movements: Sequence[tuple[str, int]]) -> bytes:
        out = sum(fen for _number, fen in movements)
        rows = [
            f"E|{seq:06d}|20261122103015|B{seq:04d}|D|{_yuan(fen)}|{number}|代发"
            for seq, (number, fen) in enumerate(movements, 1)
        ]
        head = f"H|S{DAY}|{DAY}|{_yuan(out)}|0.00|{len(rows)}"
        return _lines([head, *rows, f"T|{len(rows)}|{_yuan(out)}|0.00"])


class CommaBank:
    """UTF-8 with BOM, commas, fen, reasons by code, lines still worked on, sums at the end."""

    profile, refuses, has_it_already = "comma", "E2002", "E9001"
    words = {
        "paid": ("成功", ""), "failed": ("失败", "E1001"), "seen": ("失败", "E3002"),
        "strange": ("失败", "E9999"), "working": ("处理中", ""),
    }  # fmt: skip

    def read(self, request: bytes) -> list[Sent]:
        rows = list(csv.reader(io.StringIO(request.decode("utf-8-sig")), strict=True))
        assert (rows[0][0], rows[1]) == ("代发申请", ["序号", "订单号", "户名", "账号", "金额(分)"])
        assert rows[0][3:5] == [str(len(rows) - 2), str(sum(int(row[4]) for row in rows[2:]))]
        return [Sent(int(seq), account, holder, int(fen), number)
                for seq, number, holder, account, fen in rows[2:]]  # fmt: skip

    def result(self, number: str, said: Said) -> bytes:
        rows, paid = [], []
        for one, verdict in said:
            result, code = self.words[verdict]
            serial, at = (f"C{one.order_no[:12]}", f"{ISO_DAY} 10:30:15")
            if result != "成功":
                serial = at = ""
            else:
                paid.append(one.fen)
            rows.append([one.order_no, one.seq, one.account, one.holder, one.fen, result, code,
                         serial, at])  # fmt: skip
        columns = [
            "订单号",
            "序号",
            "账号",
            "户名",
            "金额(分)",
            "结果",
            "原因码",
            "流水号",
            "入账时间",
        ]
        sums = ["合计", len(rows), sum(one.fen for one, _verdict in said), len(paid), sum(paid)]
        return _cells([["代发回执", number, ISO_DAY], columns, *rows, sums])

    def refusal(self, number: str, code: str) -> bytes:
        return _cells([["退件通知", number, code, "文件退回"]])

    def cards(self, number: str, issued: Sequence[str]) -> bytes:
        rows = [[seq, "成功", card, ""] for seq, card in enumerate(issued, 1)]
        head = [["制卡回执", number, ISO_DAY], ["序号", "结果", "卡号", "原因码"]]
        return _cells([*head, *rows, ["合计", len(rows)]])

    def activations(self, number: str, issued: Sequence[str]) -> bytes:
        rows = [[seq, card, f"{ISO_DAY} 10:30:15"] for seq, card in enumerate(issued, 1)]
        head = [["激活清单", f"JH{number}-1", ISO_DAY], ["序号", "卡号", "激活时间"]]
        return _cells([*head, *rows, ["合计", len(rows)]])

    def statement(self, movements: Sequence[tuple[str, int]]) -> bytes:
        out = sum(fen for _number, fen in movements)
        rows = [[f"C{seq:04d}", f"{ISO_DAY} 10:30:15", "支出", fen, number, "代发"]
                for seq, (number, fen) in enumerate(movements, 1)]  # fmt: skip
        head = [["账户流水", f"LS{DAY}", ISO_DAY, out, 0],
                ["流水号", "时间", "收支", "金额(分)", "订单号", "摘要"]]  # fmt: skip
        return _cells([*head, *rows, ["合计", len(rows), out, 0]])


BANKS: dict[str, Bank] = {bank.profile: bank for bank in (ReferenceBank(), CommaBank())}


def _fen(amount: str) -> int:
    yuan, fen = amount.split(".")
    return int(yuan) * 100 + int(fen)


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"


def _lines(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\r\n" for line in lines).encode("gbk")


def _cells(rows: Iterable[Sequence[object]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode("utf-8-sig")
