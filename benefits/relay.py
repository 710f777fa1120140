"""The relay: carries due orders to their channel, at the channel's pace, and writes what it hears.

One pass claims at most 1,000 orders, so the number of tasks follows from the number of lines. The
calls run in threads and outside every transaction; what they bring is written a hundred at a time.
A pass that dies leaves leases that end by themselves: the next relay asks before it sends.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from django.db import connection

from benefits import channels, pace
from benefits.actions import orders
from benefits.actions.orders import Claimed
from benefits.channels.orders import NOTHING, Answer, OrderChannel
from benefits.states.orders import OrderStep

logger = logging.getLogger(__name__)

THREADS = 24
# Moments taken at once; one that has passed by this much is not used any more.
MOMENTS, STALE_SECONDS = 10, 0.02
# Of what the channel takes in a second: the rest is room for calls that arrive late.
SHARE = 0.98
WRITTEN_AT_ONCE = 100
PASS_SECONDS = 100.0  # well inside the lease
RELAY_LOCK = 0x52454C59
Heard = tuple[Claimed, Answer]


def run() -> int:
    """Do one pass unless another relay is at it; return how many orders were acted on."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [RELAY_LOCK])
        row = cursor.fetchone()
    if not row or not row[0]:
        return 0
    try:
        return run_pass()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [RELAY_LOCK])


def run_pass(limit: int = orders.MOST_CLAIMED) -> int:
    """Claim once, carry, write; return how many orders were acted on."""
    claimed = orders.claim(limit)
    if not claimed:
        return 0
    carrier = Carrier(claimed)
    done = 0
    try:
        carrier.begin()
        while heard := carrier.next_heard():
            orders.record(heard)
            done += len(heard)
    finally:
        carrier.end()
        orders.release_unused(carrier.left)
    return done


class Carrier:
    """The threads of one pass: one hands out the moments, the others call."""

    def __init__(self, claimed: Sequence[Claimed]) -> None:
        self.left: list[Claimed] = list(claimed)
        self.heard: queue.SimpleQueue[Heard | None] = queue.SimpleQueue()
        self.free = threading.Semaphore(THREADS)
        self.is_ending = threading.Event()
        self.until = time.monotonic() + PASS_SECONDS
        self.pool = ThreadPoolExecutor(THREADS)
        self.leader = threading.Thread(target=self._lead, daemon=True)
        # Kind of call → its window and pace, of the kinds this pass has.
        self.kinds: dict[str, tuple[pace.Window, float]] = {}

    def begin(self) -> None:
        self.leader.start()

    def end(self) -> None:
        self.is_ending.set()
        self.leader.join()
        self.pool.shutdown()

    def next_heard(self) -> list[Heard]:
        """Wait for something heard; return up to a hundred of them, [] when all is done."""
        found: list[Heard] = []
        first = self.heard.get()
        while first is not None:
            found.append(first)
            if len(found) >= WRITTEN_AT_ONCE or (self.heard.empty() and len(found) >= 1):
                return found
            first = self.heard.get()
        self.heard.put(None)  # the end is still to be seen by the next call
        return found

    def _lead(self) -> None:
        """Give each order its moment and a free thread, until all left or time is up."""
        try:
            for step in OrderStep:
                self._lead_kind([item for item in self.left if item.step == step])
        except Exception:
            logger.exception("the relay stopped handing out; what is left is taken up again")
        finally:
            self.pool.shutdown()  # waits for the calls under way
            self._make_up()
            connection.close()
            self.heard.put(None)

    def _make_up(self) -> None:
        """Leave as many moments unused as calls came late: the next relay may be elsewhere."""
        for name, (window, rate) in self.kinds.items():
            if late := window.late():
                pace.take(name, late, rate)

    def _lead_kind(self, items: Sequence[Claimed]) -> None:
        moments: list[float] = []
        for item in items:
            self.free.acquire()
            if self.is_ending.is_set() or time.monotonic() > self.until:
                return
            channel = channels.get(item.channel)
            if not isinstance(channel, OrderChannel):
                raise TypeError(f"{item.channel} takes no orders")
            name, most = f"{item.channel}:{item.step}", channel.calls_per_second
            window, rate = self.kinds.setdefault(name, (pace.window(name, most), most * SHARE))
            while not moments or moments[0] < time.monotonic() - STALE_SECONDS:
                if moments:
                    moments.pop(0)
                    continue
                now = time.monotonic()
                moments = [now + wait for wait in pace.take(name, MOMENTS, rate)]
            time.sleep(max(0.0, moments.pop(0) - time.monotonic()))
            window.enter()
            self.left.remove(item)
            self.pool.submit(self._call, channel, item, window)

    def _call(self, channel: OrderChannel, item: Claimed, window: pace.Window) -> None:
        answer = NOTHING
        try:
            does = channel.send if item.step == OrderStep.SEND else channel.query
            answer = does(item.order)
        except Exception:
            logger.exception("a call about an order failed; it is asked again")
        finally:
            window.leave()
            self.free.release()
            self.heard.put((item, answer))
