"""What the people of the restore drill do; imported once the database is there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from django.utils import timezone

from benefits import ledger
from benefits.actions import bankfiles, batches, entitlements, matching, sending
from benefits.models import DayRecord, PayoutBatch, PayoutLine, Programme, SendingLock
from benefits.states.matching import DifferenceKind
from faults.feeding import staff
from tests.factories import members, payouts
from unionportal.core.errors import Refused

Bank = Callable[..., str]


class Drill:
    """One district, its maker and checker, one programme; every step as the portal does it."""

    def __init__(self, bank: Bank, people: int) -> None:
        self.bank, self.people = bank, people

    def found(self) -> None:
        district = members.district_unit()
        staff("finance_maker", 0, district)
        staff("finance_checker", 0, district)
        self.union_pk = members.employer_union(members.subdistrict_unit(district)).pk
        sending.look()  # as the sender's first look at a new database
        payouts.programme(people=self.people * 4)
        self.join()

    def join(self) -> None:
        """Let more people become entitled."""
        union = members.UnionUnit.objects.get(pk=self.union_pk)
        for _one in range(self.people):
            payouts.entitled_member(union)

    def pay(self, *, is_answered: bool = True) -> None:
        """Pay everybody who can be paid, up to the bank's ledger, and take its answers in."""
        programme = Programme.objects.get()
        maker, checker = _person("finance_maker-0"), _person("finance_checker-0")
        entitlements.evaluate(programme)
        batch = batches.build(by=maker, programme=programme)
        batches.submit(by=maker, batch=batch)
        batches.approve(by=checker, batch=batch)
        batches.release(by=checker, batch=PayoutBatch.objects.get(pk=batch.pk))
        bankfiles.send_waiting()
        self.bank("once")
        if is_answered:
            self.listen()

    def listen(self) -> None:
        bankfiles.collect()
        bankfiles.process_received()

    def is_refused(self) -> bool:
        """Say whether a release is refused now as it must be; the list is put back."""
        code = ""
        try:
            self.pay()
        except Refused as refusal:
            code = refusal.code
        batch = PayoutBatch.objects.latest("made_at")
        batches.cancel(by=_person("finance_maker-0"), batch=batch, reason="drill")
        return code == "reconcile_only"

    def reconcile(self) -> int:
        """Ask the bank about everything since the restore; return what it knew and we did not."""
        self.listen()
        self.bank("statement", "--day", f"{timezone.localdate():%Y%m%d}")
        self.listen()
        record = DayRecord.objects.get()
        matching.match(record)
        found = record.differences.waiting().count()
        for one in record.differences.waiting().filter(kind=DifferenceKind.MISSING_HERE):
            # The bank's answer was taken in after the backup, and lost with it.
            matching.propose(by=_person("finance_maker-0"), difference=one, note="statement")
            matching.confirm(by=_person("finance_checker-0"), difference=one)
        return found

    def unlock(self) -> None:
        held = SendingLock.objects.get(lifted_at=None)
        assert sending.obstacles(held) == [], sending.obstacles(held)
        sending.ask(by=_person("finance_maker-0"), held=held)
        sending.lift(by=_person("finance_checker-0"), held=held)

    def is_locked(self) -> bool:
        return sending.is_locked()

    def paid_here(self) -> set[str]:
        return set(PayoutLine.objects.filter(state="paid").values_list("order_no", flat=True))

    def differences(self) -> list[str]:
        """Return what is still open between portal, statement and books."""
        record = DayRecord.objects.get()
        matching.match(record)
        left = record.differences.waiting().values_list("kind", "key")
        return [f"{kind} {key}" for kind, key in left] + [str(one) for one in ledger.check()]


def _person(name: str) -> members.User:
    return members.User.objects.get(username=name)


def drill(folder: Path, bank: Bank, people: int) -> Drill:
    """Return a drill whose bank works in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    return Drill(bank, people)
