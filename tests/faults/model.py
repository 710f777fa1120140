"""A light portal, a bank, a queue and a clock without any process: steps cost microseconds.

What decides is the product's own: `evidence.find`, the transition tables, the pots of the ledger,
the order numbers. Only the storage is played: what a transaction would commit changes at once or
not at all, and a crash between two of them is a rule of the test.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field

from benefits.actions.lines import KIND_OF, POT_OF, VERB_OF
from benefits.evidence import Said, find
from benefits.models import Pot
from benefits.states.payouts import (
    ENTITLEMENT_MACHINE,
    LINE_MACHINE,
    LIVE_LINE,
    EntitlementState,
    EvidenceSource,
    LineState,
    Outcome,
    Reason,
)
from unionportal.core.crypto import order_hmac
from unionportal.core.transitions import Machine

E, L = EntitlementState, LineState
FEN = 5_000
ANSWER_MINUTES = 60
RIGHTS_VERB = {L.PAID: "pay", L.FAILED: "fail", L.RETURNED: "fail", L.UNKNOWN: "doubt"}


def step(machine: Machine, verb: str, source: str) -> str:
    """Return where the verb leads; fail where the product's table does not know it."""
    row = machine.step(verb, source)
    assert source in row.sources, f"{machine.name}: {verb} from {source}"
    return row.target


@dataclass
class Line:
    person: int
    attempt: int
    order_no: str
    state: str = L.PLANNED
    sent_at: int = 0
    said: set[Said] = field(default_factory=set)


@dataclass
class File:
    """A list's file: `token` names the staged copy that alone may be published."""

    lines: list[Line]
    token: int = 0
    is_handed_over: bool = False
    claimed_at: int = -1_000


@dataclass
class Result:
    """A result file: what the bank says about some orders."""

    rows: list[tuple[str, Said]]
    is_whole: bool = True


@dataclass
class Bank:
    """Pays every line it sees; forgets to answer, answers late, twice, reversed, in parts."""

    folder: list[list[str]] = field(default_factory=list)
    payments: Counter[str] = field(default_factory=Counter)
    silent: list[tuple[str, bool]] = field(default_factory=list)
    post: list[Result] = field(default_factory=list)
    denied: set[str] = field(default_factory=set)

    def pay(self, order: str) -> Said:
        self.payments[order] += 1
        return Said(EvidenceSource.BANK_FILE, Outcome.SUCCESS, "", "0000", "交易成功",
                    f"{order[:8]}-{self.payments[order]}")  # fmt: skip

    def deny(self, order: str) -> Said:
        self.denied.add(order)
        return Said(EvidenceSource.BANK_FILE, Outcome.FAILURE, Reason.ACCOUNT_BLOCKED, "0015",
                    "冻结")  # fmt: skip

    def take(self, habits: list[int]) -> None:
        """Carry out the oldest file, each line by one of the bank's habits."""
        if not self.folder:
            return
        rows = []
        for place, order in enumerate(self.folder.pop(0)):
            habit = habits[place % len(habits)] if habits else 0
            if habit == 1:
                rows.append((order, self.deny(order)))
            elif habit == 2:  # pays and does not say so
                self.pay(order)
                self.silent.append((order, True))
            elif habit == 3:  # does nothing yet
                self.silent.append((order, False))
            else:
                rows.append((order, self.pay(order)))
        if rows:
            self.post.append(Result(rows))

    def speak(self, *, refuse: bool = False) -> None:
        """Settle what was left unanswered, late."""
        rows = []
        for order, is_paid in self.silent:
            if is_paid:
                serial = f"{order[:8]}-{self.payments[order]}"
                rows.append((order, Said(EvidenceSource.BANK_FILE, Outcome.SUCCESS, "", "0000",
                                         "交易成功", serial)))  # fmt: skip
            else:
                rows.append((order, self.deny(order) if refuse else self.pay(order)))
        self.silent.clear()
        if rows:
            self.post.append(Result(rows))

    def contradict(self, order: str) -> None:
        """Say of a payment that was made that it was not."""
        said = Said(EvidenceSource.BANK_FILE, Outcome.FAILURE, Reason.ACCOUNT_BLOCKED, "0015")
        self.post.append(Result([(order, said)]))


class Portal:
    """The portal's tables, as its transactions leave them."""

    def __init__(self, reaches: int) -> None:
        self.bank = Bank()
        self.minute = 0
        self.total = reaches * FEN
        self.pots: Counter[str] = Counter({Pot.FREE: self.total})
        self.rights: dict[int, str] = {}
        self.review: dict[int, str] = {}
        self.lines: list[Line] = []
        self.files: list[File] = []
        self.queue: deque[int] = deque()
        self.staged: dict[int, list[str]] = {}
        self.tokens = 0

    def shift(self, source: str, target: str) -> None:
        if source != target:
            self.pots[source] -= FEN
            self.pots[target] += FEN

    # ---- giving and listing --------------------------------------------------------------------

    def entitle(self) -> None:
        person = len(self.rights)
        self.rights[person] = E.WAITLISTED
        self.promote()

    def promote(self) -> None:
        for person, state in self.rights.items():
            if state == E.WAITLISTED and self.pots[Pot.FREE] >= FEN:
                self.rights[person] = step(ENTITLEMENT_MACHINE, "promote", state)
                self.shift(Pot.FREE, Pot.RESERVED)

    def release(self) -> None:
        """Put everybody who can be paid on a list and release it; commit before any byte."""
        lines = [self.new_line(person) for person, state in self.rights.items()
                 if state == E.RESERVED and not self.review.get(person)]  # fmt: skip
        for line in lines:
            for verb in ("approve", "send"):
                line.state = step(LINE_MACHINE, verb, line.state)
            self.rights[line.person] = step(
                ENTITLEMENT_MACHINE, "release", self.rights[line.person]
            )
            self.shift(Pot.RESERVED, Pot.IN_FLIGHT)
        if lines:
            self.files.append(File(lines))
            self.queue.append(len(self.files) - 1)

    def new_line(self, person: int) -> Line:
        mine = [line for line in self.lines if line.person == person]
        assert not [line for line in mine if line.state in LIVE_LINE]
        attempt = 1 + sum(line.state in {L.FAILED, L.RETURNED} for line in mine)
        line = Line(person, attempt, order_hmac("programme", "1", f"person-{person}", attempt))
        assert line.order_no not in {other.order_no for other in self.lines}
        self.lines.append(line)
        return line

    # ---- sending -------------------------------------------------------------------------------

    def sweep(self) -> None:
        """What the schedule finds without any message: rows are the queue."""
        for number, file in enumerate(self.files):
            if not file.is_handed_over:
                self.queue.append(number)

    def work(self, dies: int) -> None:
        """Take one message and send its file; the worker dies before its `dies`th commit."""
        if not self.queue:
            return
        file = self.files[self.queue.popleft()]
        if file.is_handed_over or dies == 1:
            return
        file.claimed_at = self.minute
        if not file.token:
            self.tokens += 1
            self.staged[self.tokens] = [line.order_no for line in file.lines]
            if dies == 2:
                return
            file.token = self.tokens
        if dies == 3:
            return
        published = self.staged.pop(file.token, None)  # a rename: it happens once
        if published is not None:
            self.bank.folder.append(published)
        if dies == 4:
            return
        file.is_handed_over = True
        for line in file.lines:
            if line.state == L.SENDING:
                line.state, line.sent_at = step(LINE_MACHINE, "mark_sent", line.state), self.minute

    # ---- answers -------------------------------------------------------------------------------

    def receive(self, result: Result) -> None:
        """Apply a whole file or nothing."""
        if not result.is_whole:
            return
        known = {line.order_no: line for line in self.lines}
        for order, said in result.rows:
            known[order].said.add(said)
        for order, _said in result.rows:
            self.settle(known[order])

    def note_silence(self) -> None:
        for line in self.lines:
            if line.state == L.SENT and self.minute - line.sent_at > ANSWER_MINUTES:
                line.said.add(Said(EvidenceSource.SILENCE, Outcome.UNCLEAR, Reason.NO_ANSWER))
                self.settle(line)

    def decide(self) -> None:
        """Two people end what the bank contradicted itself on, by its statement."""
        for line in self.lines:
            if line.state == L.UNKNOWN and find(line.said).is_contested:
                paid = self.bank.payments[line.order_no]
                outcome = Outcome.SUCCESS if paid else Outcome.FAILURE
                line.said.add(Said(EvidenceSource.DECISION, outcome, Reason.SETTLED_BY_HAND))
                self.settle(line)

    def is_repeated(self, line: Line) -> bool:
        return any(
            other.person == line.person and other.attempt > line.attempt for other in self.lines
        )

    def settle(self, line: Line) -> None:
        """What `benefits.actions.lines.settle` does with rows."""
        found = find(line.said).state
        if found is None or found == line.state:
            return
        if self.is_repeated(line):
            self.review[line.person] = "said_after_repeat"
            return
        before = line.state
        line.state = step(LINE_MACHINE, VERB_OF[found], before)
        right = self.rights[line.person]
        if not (found == L.UNKNOWN and right == E.IN_PAYMENT):
            self.rights[line.person] = step(ENTITLEMENT_MACHINE, RIGHTS_VERB[found], right)
        source, target = POT_OF[L(before)], POT_OF[found]
        if source != target:
            assert (source, target) in KIND_OF
            self.shift(source, target)
