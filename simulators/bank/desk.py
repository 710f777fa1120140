"""The front desk: one pass over the folder, each request file in one transaction."""

from __future__ import annotations

import hashlib
from pathlib import Path

from simulators.bank import files, plan
from simulators.bank.cards import Cards
from simulators.bank.files import CODES, RefusedError
from simulators.bank.payouts import Payouts
from simulators.bank.post import Post, crash_point, safe_name


class Desk:
    def __init__(self, post: Post) -> None:
        self.post, self.ledger, self.habits = post, post.ledger, post.habits
        self.payouts, self.cards = Payouts(post), Cards(post)

    def run_once(self) -> None:
        """Take new files, handle them, activate what is due, deliver answers."""
        self.post.take()
        for arrival, name, data in self.post.unhandled():
            self.handle(arrival, name, data)
        if self.habits.auto_activate is not None:
            self.cards.activate(issued_before=self.post.now() - self.habits.auto_activate)
        crash_point("before-deliver")
        self.post.deliver()

    def handle(self, arrival: int, name: str, data: bytes) -> None:
        """Carry out one request file and queue its answer, together or not at all."""
        with self.ledger.transaction():
            if self.ledger.row(
                "SELECT 1 FROM arrivals WHERE id = ? AND handled_at IS NOT NULL", arrival
            ):
                return
            note = self._carry_out_or_refuse(name, data)
            self.ledger.write(
                "UPDATE arrivals SET handled_at = ?, note = ? WHERE id = ?",
                *(self.post.stamp(), note, arrival),
            )
            crash_point("before-commit")
        print(f"{name}: {note}", flush=True)

    def _carry_out_or_refuse(self, name: str, data: bytes) -> str:
        try:
            return self._carry_out(name, data)
        except RefusedError as error:
            batch = error.batch or safe_name(Path(name).stem)
            self.post.queue_refusal(batch, error.code, CODES[error.code])
            return f"refused with {error.code}: {error}"

    def _carry_out(self, name: str, data: bytes) -> str:
        digest = hashlib.sha256(data).hexdigest()
        if name.startswith("PB") and name.endswith(".txt"):
            batch, lines = files.read_payout(data)
            done = self._accept(batch, digest, self.habits.dedupes)
            return done or self.payouts.carry_out(batch, lines)
        if name.startswith("CR") and name.endswith(".txt"):
            batch, cards = files.read_cards(data)
            return self._accept(batch, digest, dedupes=True) or self.cards.carry_out(batch, cards)
        raise RefusedError(files.BAD_FORMAT, "not a PB….txt or CR….txt file")

    def _accept(self, batch: str, digest: str, dedupes: bool) -> str:
        """Register the batch; a text when there is nothing more to do with it."""
        known = self.ledger.row("SELECT * FROM batches WHERE number = ?", batch)
        if known and (dedupes or known["is_rejected"]):
            if known["digest"] != digest:
                raise RefusedError(files.DUPLICATE, "this number came with other content", batch)
            self.post.queue_again(batch)
            return "answered again"
        rejection = plan.take(self.ledger, ("reject",), {"batch": batch})
        self.ledger.write(
            "INSERT OR REPLACE INTO batches VALUES (?, ?, ?)", batch, digest, rejection is not None
        )
        if rejection is None:
            return ""
        self.post.queue_refusal(batch, rejection.code, rejection.text, answers=batch)
        return f"rejected with {rejection.code}"
