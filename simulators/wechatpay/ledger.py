"""The server's books: one SQLite file, written durably, never shared with the portal."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS bills (
    out_bill_no TEXT PRIMARY KEY, transfer_bill_no TEXT NOT NULL UNIQUE, content TEXT NOT NULL,
    openid TEXT NOT NULL, name TEXT NOT NULL, amount_fen INTEGER NOT NULL CHECK (amount_fen > 0),
    remark TEXT NOT NULL, notify_url TEXT NOT NULL, state TEXT NOT NULL, fail_reason TEXT NOT NULL,
    package_info TEXT NOT NULL, created_at REAL NOT NULL, updated_at REAL NOT NULL);
CREATE INDEX IF NOT EXISTS bills_open ON bills (state, updated_at);
CREATE TABLE IF NOT EXISTS payments (
    id INTEGER PRIMARY KEY AUTOINCREMENT, out_bill_no TEXT NOT NULL,
    transfer_bill_no TEXT NOT NULL UNIQUE, openid TEXT NOT NULL,
    amount_fen INTEGER NOT NULL CHECK (amount_fen > 0), paid_at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS late (
    out_bill_no TEXT PRIMARY KEY, content TEXT NOT NULL, due_at REAL);
CREATE TABLE IF NOT EXISTS calls (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, kind TEXT NOT NULL,
    out_bill_no TEXT NOT NULL, mode TEXT NOT NULL, status INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS calls_number ON calls (out_bill_no);
CREATE TABLE IF NOT EXISTS nonces (nonce TEXT PRIMARY KEY, at REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS notices (
    id INTEGER PRIMARY KEY AUTOINCREMENT, event_id TEXT NOT NULL, out_bill_no TEXT NOT NULL,
    url TEXT NOT NULL, body TEXT NOT NULL, is_forged INTEGER NOT NULL, due_at REAL NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0, is_done INTEGER NOT NULL DEFAULT 0, status INTEGER);
CREATE INDEX IF NOT EXISTS notices_due ON notices (due_at) WHERE NOT is_done;
CREATE TABLE IF NOT EXISTS plan (
    id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, match TEXT NOT NULL,
    seconds REAL NOT NULL, code TEXT NOT NULL, is_committed INTEGER NOT NULL, remaining INTEGER);
CREATE TABLE IF NOT EXISTS clock (id INTEGER PRIMARY KEY CHECK (id = 1), ahead REAL NOT NULL);
INSERT OR IGNORE INTO clock VALUES (1, 0);
"""


class Ledger:
    """The books, shared by the server's threads; every write happens inside `transaction()`."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.connection = sqlite3.connect(
            path, timeout=30, isolation_level=None, check_same_thread=False
        )
        self.connection.row_factory = sqlite3.Row
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute("PRAGMA synchronous = FULL")
        self.connection.executescript(SCHEMA)
        self.lock = threading.RLock()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self.lock:
            if self.connection.in_transaction:
                yield
                return
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self.connection.execute("COMMIT")
            finally:
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")

    def rows(self, query: str, *values: Any) -> list[sqlite3.Row]:
        with self.lock:
            return self.connection.execute(query, values).fetchall()

    def row(self, query: str, *values: Any) -> sqlite3.Row | None:
        with self.lock:
            found: sqlite3.Row | None = self.connection.execute(query, values).fetchone()
            return found

    def write(self, query: str, *values: Any) -> int:
        """Run one statement; return how many rows it changed."""
        with self.lock:
            return self.connection.execute(query, values).rowcount

    def now(self) -> float:
        """The server's time: the machine's, and what `clock` put it ahead."""
        row = self.row("SELECT ahead FROM clock")
        return time.time() + float(row["ahead"] if row else 0)

    def close(self) -> None:
        self.connection.close()

    def payments(self) -> list[dict[str, Any]]:
        """The truth: money that left, in order."""
        return [dict(row) for row in self.rows("SELECT * FROM payments ORDER BY id")]

    def summary(self) -> dict[str, int]:
        """Counts of what was truly paid; `busiest_second` = most calls of a kind in any second."""
        row = self.row(
            "SELECT count(*) AS payments, coalesce(sum(amount_fen), 0) AS amount_fen,"
            " count(DISTINCT out_bill_no) AS orders FROM payments"
        )
        found = dict(row) if row else {}
        refused = self.row("SELECT count(*) AS n FROM calls WHERE mode = 'too-fast'")
        found["duplicated_orders"] = found["payments"] - found["orders"]
        found["bills"] = len(self.rows("SELECT 1 FROM bills"))
        found["refused_as_too_fast"] = int(refused["n"]) if refused else 0
        found["busiest_second"] = self.busiest()
        return found

    def busiest(self, kind: str = "create") -> int:
        """Most calls of a kind within any one second."""
        times = [
            row["at"] for row in self.rows("SELECT at FROM calls WHERE kind = ? ORDER BY at", kind)
        ]
        most = start = 0
        for end, at in enumerate(times):
            while times[start] <= at - 1:
                start += 1
            most = max(most, end - start + 1)
        return most
