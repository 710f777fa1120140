"""The HTTP side: requests verified, answered with a signature, and spoiled when told to."""

from __future__ import annotations

import json
import re
import socket
import sqlite3
import struct
import sys
import threading
import time
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from simulators.wechatpay import plan, signing
from simulators.wechatpay.bills import QUERY_DAYS, Bills, Refusal, packed, text_of
from simulators.wechatpay.keys import Keys
from simulators.wechatpay.plan import OK, Rule

BASE = "/v3/fund-app/mch-transfer/transfer-bills"
BY_NUMBER = re.compile(BASE + r"/out-bill-no/(?P<number>[0-9A-Za-z]{1,32})(?P<cancel>/cancel)?")
BY_BILL = re.compile(BASE + r"/transfer-bill-no/(?P<number>[0-9]{1,64})")
NUMBER = re.compile(r"[0-9A-Za-z]{1,32}")
# Report items each scene asks for.
SCENES = {"1000": 2, "1002": 1}
LONGEST_BODY, LEAST_FEN, NAME_FROM_FEN = 65_536, 10, 200_000
HANG_SECONDS = 30.0


class Refuse(Exception):
    """End this connection without a proper answer."""


class Desk:
    """What the handler's threads share."""

    def __init__(self, keys: Keys, bills: Bills) -> None:
        self.keys, self.bills, self.ledger = keys, bills, bills.ledger
        self.lock = threading.Lock()
        self.recent: dict[str, deque[float]] = {}
        self.address = ""

    def is_too_fast(self, kind: str) -> bool:
        """Count a call; say whether more than the cap came within one second."""
        with self.lock:
            times = self.recent.setdefault(kind, deque())
            now = time.monotonic()
            while times and times[0] <= now - 1:
                times.popleft()
            if len(times) >= self.bills.habits.cap:
                return True
            times.append(now)
            return False

    def note(self, kind: str, number: str, mode: str, status: int) -> None:
        """Write the call into the log, before its answer leaves."""
        self.ledger.write(
            "INSERT INTO calls (at, kind, out_bill_no, mode, status) VALUES (?, ?, ?, ?, ?)",
            *(time.time(), kind, number, mode, status),
        )


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    desk: Desk

    def log_message(self, format: str, *args: Any) -> None:
        """The calls are in the ledger."""

    def do_GET(self) -> None:
        self._serve("GET", b"")

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self._serve("POST", self.rfile.read(min(length, LONGEST_BODY)))

    def _serve(self, method: str, body: bytes) -> None:
        try:
            self._answer(200, self._handle(method, body))
        except Refusal as refusal:
            words = {"code": refusal.code, "message": refusal.words}
            self._answer(refusal.status, json.dumps(words).encode())
        except Refuse:
            self.close_connection = True
        except (sqlite3.Error, OSError) as error:
            print(f"a request failed: {error}", file=sys.stderr, flush=True)
            self.close_connection = True

    def _handle(self, method: str, body: bytes) -> bytes:
        desk, path = self.desk, self.path
        try:
            stamp = signing.require_request(
                desk.keys, method, path, body, self.headers.get("Authorization", ""), time.time()
            )
            with desk.ledger.transaction():
                desk.ledger.write("INSERT INTO nonces VALUES (?, ?)", stamp.nonce, stamp.at)
        except signing.BadSignature as error:
            raise Refusal(401, "SIGN_ERROR", str(error)) from error
        except sqlite3.IntegrityError as error:
            raise Refusal(401, "SIGN_ERROR", "the nonce came before") from error
        parts = urlsplit(path)
        if method == "POST" and parts.path == BASE:
            return self._create(body)
        if found := BY_NUMBER.fullmatch(parts.path):
            is_cancel = bool(found["cancel"])
            if is_cancel == (method == "POST"):
                return (self._cancel if is_cancel else self._query)(found["number"])
        if method == "GET" and (found := BY_BILL.fullmatch(parts.path)):
            return self._query_by_bill(found["number"])
        if method == "GET" and parts.path in {"/v3/bill/fundflowbill", "/v3/billdownload/file"}:
            return self._bill(parts.path, parse_qs(parts.query))
        raise Refusal(404, "NOT_FOUND", "no such interface")

    # ---- creating ------------------------------------------------------------------------------

    def _create(self, body: bytes) -> bytes:
        content = self._read(body)
        number = content["out_bill_no"]
        if self.desk.is_too_fast("create"):
            self.desk.note("create", number, "too-fast", 429)
            raise Refusal(429, "FREQUENCY_LIMITED")
        rule = self._fault(content)
        answer = self._committed(content, rule)
        self._spoil(number, rule)
        self.desk.note("create", number, rule.kind, 200)
        self._wait_for_early_notices(number)
        if rule.kind == "drip":
            self._drip(answer)
            raise Refuse
        return answer

    def _fault(self, content: dict[str, Any]) -> Rule:
        habits, number = self.desk.bills.habits, content["out_bill_no"]
        facts = plan.facts_of(
            number, content["openid"], content["name"], content["transfer_amount"]
        )
        row = self.desk.ledger.row(
            "SELECT count(*) AS n FROM calls WHERE out_bill_no = ? AND kind = 'create'", number
        )
        key = f"{number}|{row['n'] if row else 0}"
        return (
            plan.take(self.desk.ledger, plan.SEND_KINDS, facts)
            or plan.throw(habits.seed, habits.misbehave, plan.DICE, key)
            or OK
        )

    def _committed(self, content: dict[str, Any], rule: Rule) -> bytes:
        """Take the transfer unless the fault comes before that; return the honest answer."""
        number = content["out_bill_no"]
        if rule.kind in {"refuse", "too-many"} or (
            rule.kind in {"reset", "unknown-code"} and not rule.is_committed
        ):
            return b""
        if rule.kind == "late-commit":
            self.desk.bills.take_late(content)
            return b""
        try:
            bill = self.desk.bills.take(content)
        except Refusal as refusal:
            self.desk.note("create", number, rule.kind, refusal.status)
            raise
        return json.dumps(created(bill, rule)).encode()

    def _spoil(self, number: str, rule: Rule) -> None:
        """Let the fault happen that comes instead of the answer."""
        kind, note = rule.kind, self.desk.note
        if kind in {"refuse", "late-commit", "error-after-commit"}:
            note("create", number, kind, 500)
            raise Refusal(500, "SYSTEM_ERROR")
        if kind == "too-many":
            note("create", number, kind, 429)
            raise Refusal(429, "FREQUENCY_LIMITED")
        if kind == "unknown-code":
            note("create", number, kind, 400)
            raise Refusal(400, rule.code or "NEW_AND_UNHEARD_OF")
        if kind == "reset":
            note("create", number, kind, 0)
            self._reset()
        if kind == "hang":
            note("create", number, kind, 0)
            time.sleep(rule.seconds or HANG_SECONDS)
            raise Refuse

    def _reset(self) -> None:
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.connection.close()
        raise Refuse

    def _drip(self, body: bytes) -> None:
        self._send_head(200, body)
        for byte in body:
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            time.sleep(0.2)

    def _wait_for_early_notices(self, number: str) -> None:
        """Hold the answer back while a notice that is to come before it is on its way."""
        waits = "SELECT 1 FROM notices WHERE out_bill_no = ? AND tries = 0 AND due_at <= ?"
        for _try in range(20):
            if not self.desk.ledger.rows(waits, number, self.desk.ledger.now()):
                return
            time.sleep(0.1)

    def _read(self, body: bytes) -> dict[str, Any]:
        """Return a transfer's checked content, the name in clear."""
        try:
            sent = json.loads(body)
            content = {
                "appid": sent["appid"], "out_bill_no": sent["out_bill_no"],
                "transfer_scene_id": sent["transfer_scene_id"], "openid": sent["openid"],
                "transfer_amount": sent["transfer_amount"],
                "transfer_remark": sent["transfer_remark"],
                "notify_url": sent.get("notify_url", ""),
                "reports": sent.get("transfer_scene_report_infos", []),
                "name": signing.open_name(self.desk.keys, sent["user_name"])
                if sent.get("user_name") else "",
            }  # fmt: skip
        except (ValueError, KeyError, TypeError) as error:
            raise Refusal(400, "PARAM_ERROR", "the content cannot be read") from error
        if problem := self._problem(content):
            raise Refusal(400, "PARAM_ERROR", problem)
        return content

    def _problem(self, content: dict[str, Any]) -> str:
        fen, scene = content["transfer_amount"], content["transfer_scene_id"]
        checks = {
            "appid": content["appid"] == self.desk.keys.appid,
            "out_bill_no": bool(NUMBER.fullmatch(str(content["out_bill_no"]))),
            "transfer_amount": type(fen) is int and fen >= LEAST_FEN,
            "transfer_remark": 0 < len(content["transfer_remark"]) <= 32,
            "transfer_scene_id": SCENES.get(scene) == len(content["reports"]),
            "openid": 0 < len(content["openid"]) <= 64,
            "notify_url": "?" not in content["notify_url"],
        }
        checks["user_name"] = bool(content["name"]) or fen < NAME_FROM_FEN
        return next((f"{name} is wrong" for name, is_right in checks.items() if not is_right), "")

    # ---- asking --------------------------------------------------------------------------------

    def _query_by_bill(self, bill_no: str) -> bytes:
        bill = self.desk.bills.find("transfer_bill_no", bill_no)
        if bill is None:
            raise Refusal(404, "NOT_FOUND")
        return self._query(bill["out_bill_no"])

    def _query(self, number: str) -> bytes:
        if self.desk.is_too_fast("query"):
            self.desk.note("query", number, "too-fast", 429)
            raise Refusal(429, "FREQUENCY_LIMITED")
        bill = self.desk.bills.find("out_bill_no", number)
        oldest = self.desk.ledger.now() - QUERY_DAYS * 86_400
        if bill is None or bill["created_at"] < oldest:
            self.desk.note("query", number, "ok", 404)
            self.desk.bills.said_not_found(number)
            raise Refusal(404, "NOT_FOUND")
        rule = plan.take(self.desk.ledger, plan.QUERY_KINDS, {"out_bill_no": number}) or OK
        self.desk.note("query", number, rule.kind, 500 if rule.kind == "query-error" else 200)
        if rule.kind == "query-error":
            raise Refusal(500, "SYSTEM_ERROR")
        extra = 1 if rule.kind == "query-wrong-amount" else 0
        facts = {
            "mch_id": self.desk.keys.mchid, "out_bill_no": number,
            "transfer_bill_no": bill["transfer_bill_no"], "appid": self.desk.keys.appid,
            "state": bill["state"], "transfer_amount": bill["amount_fen"] + extra,
            "transfer_remark": bill["remark"], "openid": bill["openid"],
            "create_time": text_of(bill["created_at"]), "update_time": text_of(bill["updated_at"]),
        }  # fmt: skip
        if bill["fail_reason"]:
            facts["fail_reason"] = bill["fail_reason"]
        return json.dumps(facts).encode()

    def _cancel(self, number: str) -> bytes:
        try:
            bill = self.desk.bills.cancel(number)
        except Refusal as refusal:
            self.desk.note("cancel", number, "ok", refusal.status)
            raise
        self.desk.note("cancel", number, "ok", 200)
        return json.dumps({
            "out_bill_no": number, "transfer_bill_no": bill["transfer_bill_no"],
            "state": bill["state"], "update_time": text_of(bill["updated_at"]),
        }).encode()  # fmt: skip

    def _bill(self, path: str, asked: dict[str, list[str]]) -> bytes:
        day, packing = asked.get("bill_date", [""])[0], asked.get("tar_type", [""])[0]
        try:
            content = self.desk.bills.fund_bill(day)
        except ValueError as error:
            raise Refusal(400, "PARAM_ERROR", "bill_date is wrong") from error
        file, digest = packed(content, packing)
        if path.startswith("/v3/billdownload"):
            return file
        address = f"{self.desk.address}/v3/billdownload/file?bill_date={day}&tar_type={packing}"
        facts = {"hash_type": "SHA1", "hash_value": digest, "download_url": address}
        return json.dumps(facts).encode()

    # ---- answering -----------------------------------------------------------------------------

    def _answer(self, status: int, body: bytes) -> None:
        try:
            self._send_head(status, body)
            self.wfile.write(body)
        except OSError:
            self.close_connection = True  # the caller has gone

    def _send_head(self, status: int, body: bytes) -> None:
        self.send_response(status)
        for name, value in signing.headers_for(self.desk.keys, body, time.time()).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()


def created(bill: sqlite3.Row, rule: Rule) -> dict[str, Any]:
    """The answer to a transfer; with the fault "wrong-number" another order's number."""
    number = bill["out_bill_no"]
    facts = {
        "out_bill_no": f"{number[:-4]}0000" if rule.kind == "wrong-number" else number,
        "transfer_bill_no": bill["transfer_bill_no"],
        "create_time": text_of(bill["created_at"]),
        "state": bill["state"],
    }
    if rule.kind == "wrong-amount":
        facts["transfer_amount"] = bill["amount_fen"] + 1
    if bill["state"] == "WAIT_USER_CONFIRM":
        facts["package_info"] = bill["package_info"]
    return facts


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


def make(desk: Desk, host: str, port: int) -> Server:
    """Return a server bound to an address; port 0 = a free one."""
    handler = type("BoundHandler", (Handler,), {"desk": desk})
    server = Server((host, port), handler)
    desk.address = f"http://{host}:{server.server_address[1]}"
    return server
