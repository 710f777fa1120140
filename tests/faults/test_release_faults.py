"""Kill the worker and empty Valkey while money goes out: every line is settled once, by itself.

Real worker, scheduler, bank, database and Valkey (security.md section 3.4). A fault counts only if
it bit: each test sees the worker stand exactly where it wants it dead, and sees it die. At the end
three records are compared that share nothing: the driver's list, the portal, the bank's own books.
The bank pays every file it sees, so a file that goes out twice is money paid twice.
Every run kills once and empties Valkey twice; `script/deep` tries every moment.
"""

from __future__ import annotations

import os
import random
import signal
import time

import pytest
from django.conf import settings

from tests.faults.world import World, until

pytestmark = [pytest.mark.faults]
COUNT = 1_000 if os.environ.get("DEEP") == "1" else 40
AFTER_ANSWER = 60.0


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """One running portal for all tests of this module."""
    made = World(tmp_path_factory.mktemp("w"), settings.DATABASES["default"])
    try:
        made.begin()
        yield made
    finally:
        made.end()


@pytest.fixture
def batch(world) -> dict:
    """An approved list of people who can be paid, as the driver recorded it."""
    return world.driver("setup", str(COUNT))


def answered(world, batch) -> bool:
    """Say whether the bank has written its answer about this batch."""
    name = f"R_{batch['number']}_1.txt"
    done = world.one("SELECT count(*) FROM benefits_bankfile WHERE name = %s", name)
    return bool(done) or (world.bank_folder / "in" / name).exists()


def settle(world, batch) -> float:
    """Wait for the answer, then for the end; return the seconds between."""
    until(lambda: answered(world, batch), 120)
    began = time.monotonic()
    until(lambda: world.batch_state(batch["batch"]) == "closed", AFTER_ANSWER, 0.2)
    return time.monotonic() - began


def assert_settled_once(world, batch) -> None:
    """Compare the driver's list, the portal and the bank's books; all must be the same."""
    portal = world.driver("orders", batch["batch"])
    paid = [row for row in world.bank("ledger") if row["batch"] == batch["number"]]
    at_bank = [row["order_no"] for row in paid]
    lost = set(batch["orders"]) - set(at_bank)
    duplicated = {order for order in at_bank if at_bank.count(order) > 1}
    said_paid = {order for order, state in portal["lines"].items() if state == "paid"}
    assert (lost, duplicated) == (set(), set())
    assert (said_paid - set(at_bank), set(at_bank) - said_paid) == (set(), set())
    assert {row["order_no"]: row["amount_fen"] for row in paid} == batch["orders"]
    assert portal["rights"] == ["paid"]
    assert (portal["reserved_fen"], portal["paid_fen"]) == (0, sum(batch["orders"].values()))
    assert portal["evidence"] == len(batch["orders"])
    assert world.driver("check") == []


BATCH = "SELECT id FROM benefits_payoutbatch WHERE id = %s FOR UPDATE"
LINES = "SELECT id FROM benefits_payoutline WHERE batch_id = %s FOR UPDATE"
BUDGET = (
    "SELECT b.id FROM benefits_budget b JOIN benefits_programme p ON p.budget_id = b.id"
    " JOIN benefits_payoutbatch x ON x.programme_id = p.id WHERE x.id = %s FOR UPDATE OF b"
)


def is_published(world, batch) -> bool:
    """Say whether the bank's folder, or the bank, has the file."""
    name = f"{batch['number']}.txt"
    taken = (world.bank_folder / "done").glob(f"*_{name}")
    return (world.bank_folder / "out" / name).exists() or any(taken)


def release_up_to(world, batch, query: str):
    """Release, and let the worker run until it hangs at the rows of `query`, which are held."""
    world.signal("worker", signal.SIGSTOP)
    world.driver("release", batch["batch"])
    return world.locked(query, batch["batch"])


def test_nothing_goes_wrong_when_nothing_is_done(world, batch) -> None:
    world.driver("release", batch["batch"])
    assert settle(world, batch) < AFTER_ANSWER
    assert_settled_once(world, batch)


@pytest.mark.deep
def test_worker_killed_while_it_claims_the_batch(world, batch) -> None:
    with release_up_to(world, batch, BATCH):
        world.signal("worker", signal.SIGCONT)
        until(world.someone_waits, 30)
        assert not is_published(world, batch)
        world.restart_worker()
    settle(world, batch)
    assert_settled_once(world, batch)


def test_worker_killed_after_the_file_is_published(world, batch) -> None:
    """The bank has the file and the portal does not know it yet: the worst moment of all."""
    with release_up_to(world, batch, LINES):
        world.signal("worker", signal.SIGCONT)
        until(world.someone_waits, 30)
        assert is_published(world, batch)
        assert world.batch_state(batch["batch"]) == "released"
        world.restart_worker()
    settle(world, batch)
    assert_settled_once(world, batch)


@pytest.mark.deep
def test_task_process_killed_after_the_file_is_published(world, batch) -> None:
    with release_up_to(world, batch, LINES):
        world.signal("worker", signal.SIGCONT)
        until(world.someone_waits, 30)
        assert is_published(world, batch)
        killed = world.kill_children("worker")
    assert killed
    settle(world, batch)
    assert_settled_once(world, batch)


@pytest.mark.deep
def test_worker_killed_while_it_books_the_answer(world, batch) -> None:
    with release_up_to(world, batch, BUDGET):
        world.signal("worker", signal.SIGCONT)
        until(lambda: answered(world, batch), 60)
        until(world.someone_waits, 30)
        assert world.batch_state(batch["batch"]) == "reconciling"
        world.restart_worker()
    settle(world, batch)
    assert_settled_once(world, batch)


@pytest.mark.deep
def test_worker_killed_again_and_again(world, batch) -> None:
    """Nobody chooses the moment: the worker dies every second or so while everything goes on."""
    dice = random.Random(20261122)
    world.driver("release", batch["batch"])
    for _death in range(5):
        time.sleep(dice.uniform(0.3, 2.5))
        world.restart_worker()
    settle(world, batch)
    assert_settled_once(world, batch)


def test_valkey_emptied_while_the_wake_up_waits_in_it(world, batch) -> None:
    world.signal("worker", signal.SIGSTOP)
    world.driver("release", batch["batch"])
    with world.valkey() as valkey:
        assert valkey.llen("celery") > 0
        valkey.flushall()
        assert valkey.llen("celery") == 0
    world.signal("worker", signal.SIGCONT)
    settle(world, batch)
    assert_settled_once(world, batch)


def test_valkey_emptied_while_the_file_goes_out(world, batch) -> None:
    with release_up_to(world, batch, LINES):
        world.signal("worker", signal.SIGCONT)
        until(world.someone_waits, 30)
        with world.valkey() as valkey:
            assert valkey.hlen("unacked") > 0
            valkey.flushall()
    settle(world, batch)
    assert_settled_once(world, batch)


@pytest.mark.deep
def test_valkey_emptied_over_and_over(world, batch) -> None:
    world.driver("release", batch["batch"])
    bitten = 0
    with world.valkey() as valkey:
        for _time in range(40):
            bitten += valkey.dbsize() > 0
            valkey.flushall()
            time.sleep(0.1)
    assert bitten > 0
    settle(world, batch)
    assert_settled_once(world, batch)


def test_wake_ups_and_schedule_still_arrive_after_an_emptied_valkey(world) -> None:
    """The scheduler keeps its connection; what it sends must not go where nobody listens."""
    with world.valkey() as valkey:
        valkey.flushall()
    heard = "SELECT max(at) FROM core_heartbeat WHERE name = 'worker'"
    before = world.one(heard)
    assert until(lambda: world.one(heard) > before, 30) < 20
