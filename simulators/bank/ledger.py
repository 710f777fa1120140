"""The bank's books: one SQLite file, written durably, never shared with the portal."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS arrivals (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, handled_at TEXT, note TEXT);
CREATE TABLE IF NOT EXISTS batches (
    number TEXT PRIMARY KEY, digest TEXT NOT NULL, is_rejected INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS lines (
    id INTEGER PRIMARY KEY, batch TEXT NOT NULL, seq TEXT NOT NULL, account TEXT NOT NULL,
    holder TEXT NOT NULL, amount_fen INTEGER NOT NULL, order_no TEXT NOT NULL,
    code TEXT, text TEXT, paid_at TEXT NOT NULL DEFAULT '', serial TEXT NOT NULL DEFAULT '',
    file INTEGER);
CREATE TABLE IF NOT EXISTS payments (
    id INTEGER PRIMARY KEY AUTOINCREMENT, order_no TEXT NOT NULL, batch TEXT NOT NULL,
    seq TEXT NOT NULL, account TEXT NOT NULL, holder TEXT NOT NULL,
    amount_fen INTEGER NOT NULL CHECK (amount_fen > 0), paid_at TEXT NOT NULL,
    serial TEXT UNIQUE);
CREATE INDEX IF NOT EXISTS lines_batch ON lines (batch, file);
CREATE TABLE IF NOT EXISTS cards (
    card_no TEXT PRIMARY KEY, id_type TEXT NOT NULL, id_no TEXT NOT NULL, holder TEXT NOT NULL,
    phone TEXT NOT NULL, batch TEXT NOT NULL, issued_at REAL NOT NULL, activated_at TEXT,
    UNIQUE (id_type, id_no));
CREATE TABLE IF NOT EXISTS returns (
    id INTEGER PRIMARY KEY, payment INTEGER NOT NULL UNIQUE, order_no TEXT NOT NULL,
    amount_fen INTEGER NOT NULL, returned_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS outgoing (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, body BLOB NOT NULL, batch TEXT NOT NULL,
    number INTEGER, is_spoiled INTEGER NOT NULL, due_at REAL NOT NULL, written_at TEXT);
CREATE TABLE IF NOT EXISTS plan (
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL, match TEXT NOT NULL, code TEXT NOT NULL,
    text TEXT NOT NULL, seconds REAL NOT NULL, is_paid INTEGER NOT NULL, remaining INTEGER,
    is_next_batch INTEGER NOT NULL);
"""


class Ledger:
    """An open ledger; every write happens inside `transaction()`."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.connection = sqlite3.connect(path, timeout=30, isolation_level=None)
        self.connection.row_factory = sqlite3.Row
        self.connection.execute("PRAGMA synchronous = FULL")
        self.connection.executescript(SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.connection.execute("COMMIT")
        finally:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")

    def rows(self, query: str, *values: Any) -> list[sqlite3.Row]:
        return self.connection.execute(query, values).fetchall()

    def row(self, query: str, *values: Any) -> sqlite3.Row | None:
        found: sqlite3.Row | None = self.connection.execute(query, values).fetchone()
        return found

    def write(self, query: str, *values: Any) -> int:
        """Run one statement; returns the new row's id (0 for an update)."""
        return self.connection.execute(query, values).lastrowid or 0

    def close(self) -> None:
        self.connection.close()

    def payments(self) -> list[dict[str, Any]]:
        columns = "order_no, batch, seq, account, holder, amount_fen, paid_at, serial"
        return [dict(row) for row in self.rows(f"SELECT {columns} FROM payments ORDER BY id")]

    def summary(self) -> dict[str, int]:
        """Counts of what was truly paid; `duplicated_orders` = orders paid more than once."""
        row = self.row(
            "SELECT coalesce(sum(n), 0) AS payments, coalesce(sum(total), 0) AS amount_fen,"
            " count(*) AS orders, coalesce(sum(n > 1), 0) AS duplicated_orders"
            " FROM (SELECT count(*) AS n, sum(amount_fen) AS total FROM payments GROUP BY order_no)"
        )
        return dict(row) if row else {}
