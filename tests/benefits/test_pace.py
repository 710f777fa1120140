"""One pace for all relays: moments a fixed step apart, never saved up."""

from __future__ import annotations

import threading
import time

import pytest

from benefits import pace
from benefits.models import ChannelPace

pytestmark = pytest.mark.django_db


def test_moments_are_a_step_apart_whoever_asks():
    first, second = pace.take("x", 5, 10), pace.take("x", 5, 10)
    assert [round(later - one, 6) for one, later in zip(first, first[1:], strict=False)] == [
        0.1
    ] * 4
    # The second relay's begin where the first's end, less what passed between the two questions.
    assert 0.4 < second[0] <= 0.5
    assert ChannelPace.objects.filter(name="x").count() == 1


def test_kinds_do_not_wait_for_each_other():
    pace.take("x", 100, 10)
    assert pace.take("y", 1, 10) == [pytest.approx(0, abs=0.01)]


def test_what_was_not_used_is_not_saved_up():
    pace.take("x", 1, 10)
    ChannelPace.objects.update(next_at="2026-01-01T00:00:00+00:00")
    assert pace.take("x", 3, 10) == [pytest.approx(index / 10, abs=0.01) for index in range(3)]


def test_a_call_counts_until_a_second_after_its_end():
    window = pace.Window(3)
    for _call in range(3):
        window.enter()
    began = threading.Event()
    waiting = threading.Thread(target=lambda: (window.enter(), began.set()))
    waiting.start()
    assert not began.wait(0.2)  # all three are under way: no moment is safe

    ended = time.monotonic()
    window.leave()

    assert began.wait(5)
    assert time.monotonic() - ended >= 1
    waiting.join()


def test_late_calls_are_those_that_began_before_the_second():
    window = pace.Window(5)
    for _call in range(4):
        window.enter()
        window.begun[-1] -= 2
        window.leave()
    window.enter()
    window.leave()

    assert window.late() == 4
