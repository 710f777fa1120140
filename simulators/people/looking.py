"""Steps g to j: the worker's phone, coverage, service points, the REST API."""

from __future__ import annotations

import json
import random
from typing import Any

from simulators.people.browser import Browser, options_of
from simulators.people.enrolling import World, coverage_members
from simulators.people.portal import expect, is_fine, option_named
from simulators.people.workbook import Worker, worker

LISTS = (
    "units", "areas", "employers", "members", "drives", "applications", "cards", "programmes",
    "batches", "service-points",
)  # fmt: skip


def ask_status(world: World, person: Worker) -> tuple[Browser, Any]:
    """Ask as this worker would: name, number, the code from the message."""
    phone = Browser(world.portal.url)
    page = phone.get("/status/")
    page = phone.submit(page, {"name": person.name, "id_number": person.id_number})
    is_fine(page, "status form")
    code = world.portal.phone_message(person.phone, r"(?<!\d)(\d{6})(?!\d)")
    page = phone.submit(page, {"code": code})
    return phone, is_fine(page, "status code")


def worker_status(world: World) -> str:
    """g) Who joined on the own phone sees everything; a stranger learns nothing."""
    person = world.joiner
    assert person is not None
    _phone, page = ask_status(world, person)
    answer = page.root.first(data_status=None)
    expect(answer and answer.attrs["data-status"] == "active", "the worker is no member")
    expect(answer and "data-short" not in answer.attrs, "the worker's own phone shows too little")
    card = page.root.first(data_card_state=None)
    expect(card and card.attrs["data-card-state"] != "none", "no card is shown")
    gives = {
        e.attrs["data-benefit"]: e.attrs["data-benefit-state"]
        for e in page.root.all(data_benefit=None)
    }
    expect(gives, "no subsidy is shown")
    short = _claimed(world)
    _stranger(world)
    state = card.attrs["data-card-state"] if card else ""
    return f"member active, card {state}, subsidies {json.dumps(gives)}, {short}"


def _claimed(world: World) -> str:
    if not world.workers:
        return "own workbook: claimed phone not asked"
    person = world.workers[-1]
    _phone, page = ask_status(world, person)
    answer = page.root.first(data_status="active")
    expect(answer and "data-short" in answer.attrs, "a claimed phone shows more than membership")
    return "a claimed phone sees membership only"


def _stranger(world: World) -> None:
    phone = Browser(world.portal.url)
    unknown = worker(random.Random(world.seed + 9))
    page = phone.submit(
        phone.get("/status/"), {"name": unknown.name, "id_number": unknown.id_number}
    )
    expect(page.path == "/status/code/", "an unknown person is told so")


def coverage(world: World) -> str:
    """h) The report has moved; page, API and workbook agree."""
    desk = world.portal.desk("district_officer")
    now = coverage_members(desk)
    before = world.before["members"]
    expect(now > before, f"coverage did not move: {before} → {now}")
    page = is_fine(desk.get("/desk/coverage/"), "coverage page")
    expect(f"{now:,}" in page.text, f"the page does not show {now:,}")
    book = desk.get("/desk/coverage.xlsx")
    expect(book.body[:2] == b"PK", f"no workbook: HTTP {book.status}")
    rates = desk.get("/api/v1/coverage/rates/").json()["total"]
    parts = ("covered", "employers", "unionisation_percent", "members", "employees",
             "membership_percent")  # fmt: skip
    board = desk.get(f"/api/v1/drives/{world.ids['drive']}/board/").json()
    return (
        f"members {before} → {now}; " + ", ".join(f"{name} {rates[name]}" for name in parts)
        + f"; drive board cells {len(board.get('cells', board.get('results', [])))}"
    )  # fmt: skip


def service_point(world: World) -> str:
    """i) A drivers' home is recorded, applied for, accepted, published; workers find it."""
    officer = world.portal.desk("field_officer")
    page = officer.get("/desk/points/new/")
    place = world.place.replace("总工会", "")
    name = f"走查司机之家{world.seed % 100_000}"
    week = {f"d{day}_{part}1": clock for day in range(7)
            for part, clock in (("opens", "08:00"), ("closes", "20:00"))}  # fmt: skip
    page = officer.submit(
        page,
        {
            "kind": "DRIVER_HOME", "name": name,
            "area": option_named(options_of(page.form(), "area"), place),
            "address": "示例路1号", "lon": "113.731482", "lat": "34.719352", "datum": "GCJ02",
            "build_mode": "SHARED", "host_name": "示例物流有限公司", "holiday_rule": "SUNDAY",
            "entry_way": "OPEN", "facilities": ["WATER", "SHOWER", "PARKING"], **week,
        },
    )  # fmt: skip
    is_fine(page, "record a service point")
    point = page.object_id("point")
    is_fine(officer.submit(page, {}, action="/apply/"), "apply")
    listed = Browser(world.portal.url).get("/stations/").text
    expect(name not in listed, "an application is shown as if it were built")
    desk = world.portal.desk("district_officer")
    for verb in ("accept", "publish"):
        page = is_fine(desk.get(f"/desk/points/{point}/"), verb)
        page = is_fine(desk.submit(page, {}, action=f"/{verb}/"), verb)
    listed = is_fine(Browser(world.portal.url).get("/stations/"), "station list").text
    expect(name in listed, "the published point is not in the workers' list")
    page = is_fine(Browser(world.portal.url).get(f"/stations/{point}/"), "station page")
    expect("20:00" in page.text, "the worker does not see the hours")
    return f"point {point}, applied, accepted, published, found by a worker"


def rest_api(world: World) -> str:
    """j) Every list of the REST API answers, refuses what it does not know, and stays in scope."""
    desk = world.portal.desk("district_officer")
    seen = []
    for name in LISTS:
        page = desk.get(f"/api/v1/{name}/?page_size=5")
        expect(page.status == 200, f"/api/v1/{name}/: HTTP {page.status}")
        seen.append(f"{name} {len(page.json()['results'])}")
        wrong = desk.get(f"/api/v1/{name}/?distrct=3")
        expect(wrong.status == 400, f"/api/v1/{name}/ took an unknown parameter")
    anonymous = Browser(world.portal.url).get("/api/v1/members/")
    expect(anonymous.status == 401, f"anonymous got HTTP {anonymous.status}")
    figures = desk.get("/api/v1/figures/").json()["results"]
    expect(figures, "no figures for the landing page")
    return ", ".join(seen) + f", figures {len(figures)}"
