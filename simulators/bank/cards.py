"""Member cards: issue them on request, activate them, report both by file."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence

from simulators.bank import files, plan
from simulators.bank.files import CardLine
from simulators.bank.post import Post


class Cards:
    def __init__(self, post: Post) -> None:
        self.post, self.ledger = post, post.ledger

    def carry_out(self, batch: str, lines: Sequence[CardLine]) -> str:
        rows = [self._answer_row(batch, line) for line in lines]
        body = files.framed(batch, self.post.today(), rows)
        self.post.queue(f"CI_{batch}.txt", body, batch, number=1)
        plan.expire(self.ledger, plan.CARD_KINDS)
        issued = sum(row[3] == "ISSUED" for row in rows)
        return f"{issued} of {len(rows)} cards issued"

    def _answer_row(self, batch: str, line: CardLine) -> tuple[str, ...]:
        facts = {"batch": batch, "seq": line.seq, "holder": line.holder, "id_no": line.id_no}
        rule = plan.take(self.ledger, plan.CARD_KINDS, facts)
        card_no = "" if rule else self._issue(batch, line)
        if card_no:
            return ("C", batch, line.seq, "ISSUED", card_no, "")
        return ("C", batch, line.seq, "REJECTED", "", rule.code if rule else "0017")

    def _issue(self, batch: str, line: CardLine) -> str:
        """One person, one card: the same again when asked twice, none under another name."""
        held = self.ledger.row(
            "SELECT * FROM cards WHERE id_type = ? AND id_no = ?", line.id_type, line.id_no
        )
        if held:
            return str(held["card_no"]) if held["holder"] == line.holder else ""
        card_no = self._free_card_no(f"{self.post.habits.seed}|{line.id_type}|{line.id_no}")
        self.ledger.write(
            "INSERT INTO cards VALUES (?, ?, ?, ?, ?, ?, ?, NULL)",
            *(card_no, line.id_type, line.id_no, line.holder, line.phone, batch, self.post.now()),
        )
        return card_no

    def _free_card_no(self, key: str) -> str:
        """A UnionPay-like number (62, 19 digits, Luhn) that follows from the key."""
        attempt = 0
        while True:
            digest = hashlib.sha256(f"{key}|{attempt}".encode()).digest()
            payload = f"62{int.from_bytes(digest) % 10**16:016d}"
            card_no = payload + files.luhn_digit(payload)
            if not self.ledger.row("SELECT 1 FROM cards WHERE card_no = ?", card_no):
                return card_no
            attempt += 1

    def waiting(self, issued_before: float | None = None) -> list[str]:
        """Cards the holder may activate: issued, and the portal has been told so."""
        rows = self.ledger.rows(
            "SELECT card_no FROM cards WHERE activated_at IS NULL AND issued_at <= ?"
            " AND EXISTS (SELECT 1 FROM outgoing WHERE outgoing.batch = cards.batch"
            " AND written_at IS NOT NULL) ORDER BY issued_at, rowid",
            self.post.now() if issued_before is None else issued_before,
        )
        return [row["card_no"] for row in rows]

    def activate(
        self,
        *,
        only: Collection[str] | None = None,
        limit: int | None = None,
        issued_before: float | None = None,
    ) -> list[str]:
        """Activate waiting cards and queue the activation file; returns their numbers."""
        with self.ledger.transaction():
            waiting = self.waiting(issued_before)
            chosen = [no for no in waiting if only is None or no in only][:limit]
            if chosen:
                self._queue_activation(chosen)
        return chosen

    def _queue_activation(self, card_nos: Sequence[str]) -> None:
        now, date = self.post.stamp(), self.post.today()
        number = self.post.next_number(f"A{date}")
        for card_no in card_nos:
            self.ledger.write("UPDATE cards SET activated_at = ? WHERE card_no = ?", now, card_no)
        rows = [("A", date, f"{seq:06d}", no, now) for seq, no in enumerate(card_nos, start=1)]
        body = files.framed(f"A{date}-{number}", date, rows)
        self.post.queue(f"A_{date}_{number}.txt", body, f"A{date}", number)
