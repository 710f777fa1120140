"""Steps e and f: member cards through the bank's files, 50 yuan on activation, exactly once."""

from __future__ import annotations

import json
from typing import Any

from simulators.people.browser import Browser, Page
from simulators.people.enrolling import World
from simulators.people.portal import bank, expect, is_fine, ledger, wait_for


def cards(world: World) -> str:
    """e) The request file goes out, cards come back, one is activated by the bank's event."""
    desk = world.portal.desk("district_officer")
    page = is_fine(desk.get("/desk/cards/"), "cards")
    page = is_fine(desk.submit(page, {}, action="/desk/card-files/request/"), "request cards")
    file = page.object_id("bank_file")
    world.ids["card_file"] = file
    wait_for(
        "the request with the bank",
        lambda: _file_state(desk.get(f"/desk/card-files/{file}/")) == "handed_over",
    )
    card = wait_for("the member's card", lambda: _card_of(desk, world.members[0]))
    issued = wait_for(
        "the bank's cards", lambda: _card(desk, card)["state"] in ("issued", "activated")
    )
    bank("activate", "--db", ledger(), "--folder", _folder(), "--all")
    wait_for("the activation", lambda: _card(desk, card)["state"] == "activated")
    tail = _card(desk, card)["card_tail"]
    return f"file {file}, card {card} ending {tail}, issued {bool(issued)}, activated"


def _folder() -> str:
    return ledger().rsplit("/", 1)[0]


def _file_state(page: Page) -> str:
    main = page.root.first(data_object_kind="bank_file")
    return main.attrs.get("data-state", "") if main else ""


def _card_of(desk: Browser, member: str) -> str:
    rows = desk.get(f"/api/v1/cards/?member={member}").json()["results"]
    return str(rows[0]["id"]) if rows else ""


def _card(desk: Browser, card: str) -> dict[str, Any]:
    found: dict[str, Any] = desk.get(f"/api/v1/cards/{card}/").json()
    return found


def payout(world: World) -> str:
    """f) Maker builds and submits, another person approves and releases, the bank answers.

    The bank fails the first line and leaves the second unanswered: one line failed with a reason,
    one unknown, the others paid; the unknown one is settled by the bank's later word.
    """
    maker, checker = world.portal.desk("finance_maker"), world.portal.desk("finance_checker")
    batch, page = _build(world, maker)
    page = is_fine(maker.submit(page, {}, action=f"/batches/{batch}/submit/"), "submit the batch")
    _maker_cannot_approve(maker, page, batch)
    bank("plan", "--db", ledger(), "fail", "--match", "seq=1", "--code", "0014", "--next-batch")
    bank("plan", "--db", ledger(), "unanswered", "--match", "seq=2", "--next-batch")
    page = checker.get(f"/desk/batches/{batch}/")
    page = is_fine(checker.submit(page, {}, action=f"/batches/{batch}/approve/"), "approve")
    page = is_fine(checker.submit(page, {}, action=f"/batches/{batch}/release/"), "release")
    size = int(_figures(checker, batch)["total-fen"]) // 5_000
    first = wait_for(
        "the bank's answer and the silence after it",
        lambda: _settled(checker, batch, {"failed": 1, "unknown": 1, "paid": size - 2}),
        seconds=180,
    )
    bank("plan", "--db", ledger(), "answer-unanswered")
    last = wait_for(
        "the bank's late answer",
        lambda: _settled(checker, batch, {"failed": 1, "unknown": 0, "paid": size - 1}),
        seconds=90,
    )
    paid = int(last["paid-fen"])
    expect(paid == (size - 1) * 5_000, f"paid {paid} fen for {size - 1} people")
    _bank_agrees(world)
    return (
        f"batch {batch}, {size} lines: paid {first['paid']}, failed {first['failed']}, unknown "
        f"{first['unknown']}; after the late answer {paid} fen paid to {last['paid']} people"
    )


def _build(world: World, maker: Browser) -> tuple[str, Page]:
    programmes = maker.get("/api/v1/programmes/?state=open").json()["results"]
    expect(programmes, "no programme is open")
    programme = programmes[-1]["id"]
    world.ids["programme"] = programme
    page = is_fine(maker.get(f"/desk/programmes/{programme}/"), "programme")
    page = is_fine(maker.submit(page, {}, action="/batches/new/"), "build the batch")
    return page.object_id("batch"), page


def _maker_cannot_approve(maker: Browser, page: Page, batch: str) -> None:
    answer = maker.post(page, f"/desk/batches/{batch}/approve/", {})
    expect(answer.status == 403, f"the maker approved the own batch: HTTP {answer.status}")


def _figures(desk: Browser, batch: str) -> dict[str, str]:
    page = is_fine(desk.get(f"/desk/batches/{batch}/"), "batch page")
    strip = page.root.first(data_total_fen=None)
    expect(strip, "the batch page shows no sums")
    found = strip.attrs if strip else {}
    return {name.removeprefix("data-"): value for name, value in found.items()}


def _settled(desk: Browser, batch: str, wanted: dict[str, int]) -> dict[str, str] | None:
    figures = _figures(desk, batch)
    return figures if all(int(figures[name]) == n for name, n in wanted.items()) else None


def _bank_agrees(world: World) -> None:
    summary: dict[str, Any] = json.loads(bank("ledger", "--db", ledger(), "--summary"))
    expect(summary["duplicated_orders"] == 0, f"the bank paid an order twice: {summary}")
