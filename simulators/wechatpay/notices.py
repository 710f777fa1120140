"""Notices to the merchant: signed, encrypted, sent again until answered with 200 or 204."""

from __future__ import annotations

import json
import secrets
import sqlite3
import time
import urllib.error
import urllib.request

from simulators.wechatpay import signing
from simulators.wechatpay.bills import text_of
from simulators.wechatpay.keys import Keys
from simulators.wechatpay.ledger import Ledger

KIND = "mch_payment"
# Seconds until the next try, as the notice document lists them; then it is given up.
PAUSES = (15, 15, 30, 180, 600, 1_200, 1_800, 1_800, 1_800, 3_600)
TIMEOUT = 5
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def request_of(keys: Keys, notice: sqlite3.Row, now: float) -> tuple[bytes, dict[str, str]]:
    """Return body and headers of a notice; a forged one is signed with nobody's key."""
    body = json.dumps({
        "id": notice["event_id"],
        "create_time": text_of(now),
        "resource_type": "encrypt-resource",
        "event_type": "MCHTRANSFER.BILL.FINISHED",
        "summary": "商家转账单据终态通知",
        "resource": signing.seal(
            keys, {"mch_id": keys.mchid, **json.loads(notice["body"])}, KIND
        ),
    }, ensure_ascii=False).encode()  # fmt: skip
    headers = signing.headers_for(keys, body, now)
    if notice["is_forged"]:
        headers["Wechatpay-Signature"] = headers["Wechatpay-Signature"][::-1]
    return body, {**headers, "Content-Type": "application/json", "Request-ID": secrets.token_hex(8)}


def deliver(ledger: Ledger, keys: Keys) -> int:
    """Send every notice that is due; return how many were tried."""
    due = "SELECT * FROM notices WHERE NOT is_done AND due_at <= ? ORDER BY due_at LIMIT 200"
    rows = ledger.rows(due, ledger.now())
    for notice in rows:
        status = _send(keys, notice)
        tries = notice["tries"] + 1
        is_done = status in {200, 204} or notice["is_forged"] or tries > len(PAUSES)
        pause = 0 if is_done else PAUSES[tries - 1]
        ledger.write(
            "UPDATE notices SET tries = ?, is_done = ?, status = ?, due_at = ? WHERE id = ?",
            *(tries, is_done, status, ledger.now() + pause, notice["id"]),
        )
    return len(rows)


def _send(keys: Keys, notice: sqlite3.Row) -> int:
    body, headers = request_of(keys, notice, time.time())
    try:
        request = urllib.request.Request(notice["url"], data=body, headers=headers)
        with _opener.open(request, timeout=TIMEOUT) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except (OSError, ValueError):
        return 0
