"""Thousands of steps of a light portal with a bank that does its worst: nobody is paid twice.

No process, no database, a clock that is set: Hypothesis chooses what happens next. 20,000 steps
here, ten times as many in `script/deep` (security.md section 3.4, "Tiers").
"""

from __future__ import annotations

import os
import random

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from benefits.evidence import find
from benefits.models import Pot
from benefits.states.payouts import AT_THE_BANK, EntitlementState, LineState
from tests.faults.model import FEN, Portal, Result

E, L = EntitlementState, LineState
IS_DEEP = os.environ.get("DEEP") == "1"
STEPS = 50
RUNS = 4_000 if IS_DEEP else 400


class Steps:
    """How many there were, all examples together."""

    taken = 0


class PayoutWorld(RuleBasedStateMachine):
    """People become entitled, lists go out, workers die, the bank says what it likes."""

    @initialize(reaches=st.integers(1, 6))
    def begin(self, reaches):
        self.portal = Portal(reaches)
        self.bank = self.portal.bank
        self.seen: list[Result] = []

    @rule(people=st.integers(1, 3))
    def people_qualify(self, people):
        for _one in range(people):
            self.portal.entitle()

    @rule()
    def list_is_released(self):
        self.portal.release()

    @rule(dies=st.integers(0, 4))
    def worker_works(self, dies):
        self.portal.work(dies)

    @rule()
    def schedule_fires(self):
        self.portal.sweep()

    @rule()
    def broker_is_emptied(self):
        self.portal.queue.clear()

    @rule()
    def every_message_comes_twice(self):
        self.portal.queue.extend(list(self.portal.queue))

    @rule(habits=st.lists(st.integers(0, 5), max_size=4))
    def bank_takes_a_file(self, habits):
        self.bank.take(habits)

    @rule(refuse=st.booleans())
    def bank_speaks_late(self, refuse):
        self.bank.speak(refuse=refuse)

    @rule(place=st.integers(0, 7))
    def bank_contradicts_itself(self, place):
        told = [line.order_no for line in self.portal.lines if line.state == L.PAID]
        if told:
            self.bank.contradict(told[place % len(told)])

    @rule(place=st.integers(0, 7), cut=st.integers(0, 3))
    def a_result_arrives(self, place, cut):
        """Any of the waiting files: whole, half, or split in two of which one comes later."""
        if not self.bank.post:
            return
        result = self.bank.post.pop(place % len(self.bank.post))
        if cut == 1 and len(result.rows) > 1:
            half = len(result.rows) // 2
            self.bank.post.append(Result(result.rows[half:]))
            result = Result(result.rows[:half][::-1])
        if cut == 2:
            self.bank.post.append(result)
            result = Result(result.rows, is_whole=False)
        self.seen.append(result)
        self.portal.receive(result)

    @rule(place=st.integers(0, 7))
    def a_result_arrives_again(self, place):
        if self.seen:
            self.portal.receive(self.seen[place % len(self.seen)])

    @rule(minutes=st.sampled_from([1, 30, 480]))
    def time_passes(self, minutes):
        self.portal.minute += minutes
        self.portal.note_silence()

    @rule(habits=st.lists(st.integers(0, 5), min_size=1, max_size=4))
    def a_day_goes_by_as_it_should(self, habits):
        """So that what takes many steps in a row comes often enough."""
        self.portal.release()
        self.portal.sweep()
        while self.portal.queue:
            self.portal.work(0)
        while self.bank.folder:
            self.bank.take(habits)

    @rule()
    def two_people_decide(self):
        self.portal.decide()

    # ---- what must hold after every step -------------------------------------------------------

    @invariant()
    def a_step_is_counted(self):
        Steps.taken += 1

    @invariant()
    def nobody_is_paid_twice(self):
        if not hasattr(self, "portal"):
            return
        paid = [line.person for line in self.portal.lines
                for _time in range(self.bank.payments[line.order_no])]  # fmt: skip
        assert len(paid) == len(set(paid))

    @invariant()
    def money_is_kept(self):
        if not hasattr(self, "portal"):
            return
        pots, rights = self.portal.pots, list(self.portal.rights.values())
        assert sum(pots.values()) == self.portal.total
        assert min(pots[pot] for pot in (Pot.FREE, Pot.RESERVED, Pot.IN_FLIGHT, Pot.PAID)) >= 0
        assert pots[Pot.RESERVED] == FEN * rights.count(E.RESERVED)
        assert pots[Pot.IN_FLIGHT] == FEN * rights.count(E.IN_PAYMENT)
        assert pots[Pot.PAID] == FEN * rights.count(E.PAID)

    @invariant()
    def states_follow_from_evidence_in_any_order(self):
        if not hasattr(self, "portal"):
            return
        for line in self.portal.lines:
            said = list(line.said)
            found = find(said)
            random.Random(len(said)).shuffle(said)
            assert find(said * 2) == found
            if found.state is not None and not self.portal.is_repeated(line):
                assert line.state == found.state

    @invariant()
    def only_the_failed_are_tried_again(self):
        if not hasattr(self, "portal"):
            return
        for line in self.portal.lines:
            if self.portal.is_repeated(line):
                assert line.state in {L.FAILED, L.RETURNED}

    def teardown(self):
        """Let everything come to rest: whoever has budget is paid once, all books agree."""
        if not hasattr(self, "portal"):
            return
        portal, bank = self.portal, self.bank
        for _round in range(3):
            portal.release()
            portal.sweep()
            while portal.queue:
                portal.work(0)
            while bank.folder:
                bank.take([])
            bank.speak()
            while bank.post:
                portal.receive(bank.post.pop())
            portal.decide()
        assert not [line for line in portal.lines if line.state in AT_THE_BANK]
        assert set(portal.rights.values()) <= {E.PAID, E.WAITLISTED}
        said_paid = {line.order_no for line in portal.lines if line.state == L.PAID}
        assert said_paid == {order for order, times in bank.payments.items() if times}
        self.nobody_is_paid_twice()
        self.money_is_kept()


PayoutWorld.TestCase.settings = settings(
    max_examples=RUNS,
    stateful_step_count=STEPS,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestPayoutWorld = PayoutWorld.TestCase


def test_there_were_enough_steps():
    assert Steps.taken >= STEPS * RUNS * 0.8
