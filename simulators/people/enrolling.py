"""Steps a to d: look around, open a drive, enrol three ways, approve."""

from __future__ import annotations

import datetime as dt
import random
import re
from dataclasses import dataclass, field
from urllib.parse import urlencode

from simulators.people import workbook
from simulators.people.browser import Browser, Page, Upload, options_of
from simulators.people.portal import Portal, expect, is_fine, option_named, wait_for

SCAN = Upload("signed.pdf", b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n", "application/pdf")
TRUCKS = "TRUCK_DRIVER"
POOL = "周转库"  # whoever waits in a holding pool earns no subsidy yet


@dataclass
class World:
    """What the walk has made so far."""

    portal: Portal
    seed: int
    file: bytes | None = None
    file_name: str = "roster.xlsx"
    ids: dict[str, str] = field(default_factory=dict)
    workers: list[workbook.Worker] = field(default_factory=list)
    joiner: workbook.Worker | None = None
    form_worker: workbook.Worker | None = None
    applications: list[str] = field(default_factory=list)
    members: list[str] = field(default_factory=list)
    before: dict[str, int] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """The sub-district union of the demo's sub-district officer."""
        return self.portal.account("subdistrict_officer")["unit"]


def browse(world: World) -> str:
    """a) Units, areas and employers as trees and lists."""
    desk = world.portal.desk("district_officer")
    units = is_fine(desk.get("/desk/units/"), "units")
    areas = is_fine(desk.get("/desk/areas/"), "areas")
    employers = is_fine(desk.get("/desk/employers/"), "employers")
    unit = _first_link(units, r"/desk/units/([0-9a-f-]{36})/")
    employer = _first_link(employers, r"/desk/employers/([0-9a-f-]{36})/")
    is_fine(desk.get(f"/desk/units/{unit}/"), "unit page")
    is_fine(desk.get(f"/desk/employers/{employer}/"), "employer page")
    count = len(areas.root.all("tr")) - 1
    expect(count >= 22, f"only {count} areas in the tree")
    world.before["members"] = coverage_members(desk)
    return f"unit {unit}, employer {employer}, {count} areas, {world.before['members']} members"


def _first_link(page: Page, pattern: str) -> str:
    for link in page.root.all("a"):
        found = re.search(pattern, link.attrs.get("href", ""))
        if found:
            return found[1]
    raise AssertionError(f"{page.path} has no link like {pattern}")


def coverage_members(desk: Browser) -> int:
    """Recorded members of the district this month, by the REST API."""
    rows = desk.get("/api/v1/coverage/?by=month").json()["results"]
    return int(rows[0]["members"]) if rows else 0


def open_drive(world: World) -> str:
    """b) A drive with targets, officers, and a code for a poster."""
    desk = world.portal.desk("district_officer")
    page = desk.get("/desk/drives/new/")
    form = page.form()
    today = dt.date.today()  # noqa: DTZ011 - what a person would type
    place = world.place.replace("总工会", "")
    area = option_named(options_of(form, "areas"), place)
    page = desk.submit(
        page,
        {
            "name": f"走查入会行动{world.seed % 100_000}", "started_on": today.isoformat(),
            "last_on": (today + dt.timedelta(days=60)).isoformat(), "groups": [TRUCKS],
            "areas": [area],
        },
    )  # fmt: skip
    is_fine(page, "new drive")
    page = is_fine(desk.submit(page, {f"t-{area}-{TRUCKS}": "60"}), "targets")
    drive = page.object_id("drive")
    page = is_fine(desk.get(f"/desk/drives/{drive}/patches/"), "patches")
    choices = options_of(page.form(), "officer")
    chosen = next((v for v, name in choices.items() if v), "")
    expect(chosen, "no officer can be assigned")
    is_fine(desk.submit(page, {"officer": chosen, "areas": [area]}), "assign the officer")
    page = desk.get(f"/desk/drives/{drive}/")
    page = is_fine(desk.submit(page, {}, action=f"/desk/drives/{drive}/open/"), "open the drive")
    world.ids.update(drive=drive, area=area)
    code = _add_code(desk, world, place)
    return f"drive {drive}, target 60, {len(choices)} officers to choose from, join code {code}"


def _add_code(desk: Browser, world: World, place: str) -> str:
    page = desk.get(f"/desk/drives/{world.ids['drive']}/codes/")
    typed = {"area": world.ids["area"], "place": "物流园2号门", **_unit_for(desk, "code", place)}
    page = is_fine(desk.submit(page, typed), "join code")
    found = re.search(r"/desk/codes/[0-9a-f-]{36}/poster/", f"{page.path} {page.body.decode()}")
    expect(found, f"no poster at {page.path}")
    poster = is_fine(desk.get(found[0]), "poster") if found else page
    code = poster.root.first(data_code=None)
    expect(code, "the poster shows no code")
    world.ids["code"] = code.attrs["data-code"] if code else ""
    return world.ids["code"]


def enrol(world: World) -> str:
    """c) One by form, a firm's roster, one by the poster's code."""
    by_form = _by_form(world)
    counts = _by_roster(world)
    by_code = _by_code(world)
    return f"form {by_form}; roster {counts}; self-join {by_code}"


def _unit_for(desk: Browser, purpose: str = "enrol", words: str = "公司") -> dict[str, str]:
    """Choose by typing a union of the officer's place that takes members and is no pool."""
    asked = urlencode({"for": purpose, "unit_text": words})
    page = is_fine(desk.get(f"/desk/units/pick/?{asked}"), "unions to choose from")
    offers = [o.attrs for o in page.root.all("li", role="option")]
    named = [o for o in offers if POOL not in o["data-name"]]
    expect(named, "no union takes members here")
    return {"unit": named[0]["data-value"], "unit_text": named[0]["data-name"]}


def _by_form(world: World) -> str:
    desk = world.portal.desk("field_officer")
    page = desk.get("/desk/enrol/")
    person = workbook.worker(random.Random(world.seed + 1))
    world.form_worker = person
    page = desk.submit(
        page,
        {
            "name": person.name, "id_number": person.id_number, "phone": person.phone,
            "group": TRUCKS, **_unit_for(desk), "vehicle_plate": person.plate,
            "confirmation": "ask",
        },
    )  # fmt: skip
    is_fine(page, "enrol by form")
    link = world.portal.phone_message(person.phone, r"/confirm/([\w-]+)/")
    phone = Browser(world.portal.url)
    page = is_fine(phone.get(f"/confirm/{link}/"), "confirmation link")
    page = is_fine(phone.submit(page, {}), "confirm the wish to join")
    world.applications.append(page.object_id("application"))
    return world.applications[-1]


def _by_roster(world: World) -> str:
    desk = world.portal.desk("field_officer")
    is_fine(desk.get("/desk/imports/template.xlsx"), "template")
    made, good = workbook.write(world.seed)
    content = world.file or made
    world.workers = [] if world.file else good
    page = desk.get("/desk/imports/new/")
    page = desk.submit(
        page,
        {
            **_unit_for(desk), "default_group": TRUCKS,
            "file": Upload(world.file_name, content), "signed_list": SCAN,
        },
    )  # fmt: skip
    is_fine(page, "upload the roster")
    roster = page.path.split("/")[3]
    world.ids["import"] = roster
    page = wait_for("the preview", lambda: _in_state(desk, roster, "previewed"))
    preview = _counts(page)
    page = is_fine(desk.submit(page, {}, action="/confirm/"), "confirm the roster")
    page = wait_for("the written roster", lambda: _in_state(desk, roster, "done"))
    rejected = desk.submit(page, {}, action="rejected.xlsx")
    expect(rejected.body[:2] == b"PK", f"no workbook of rejected rows: HTTP {rejected.status}")
    if not world.file:
        expect(preview.get("new") == workbook.GOOD, f"preview counted {preview}")
    written = _counts(page)
    return (
        f"{roster}: preview {preview}, written {written}, rejected rows {len(rejected.body)} bytes"
    )


def _in_state(desk: Browser, roster: str, state: str) -> Page | None:
    page = desk.get(f"/desk/imports/{roster}/")
    main = page.root.first(data_object_kind="import")
    return page if main is not None and main.attrs.get("data-object-state") == state else None


def _counts(page: Page) -> dict[str, int]:
    return {
        e.attrs["data-count"]: int(e.attrs.get("data-value", e.text).replace(",", "") or 0)
        for e in page.root.all(data_count=None)
    }


def _by_code(world: World) -> str:
    person = workbook.worker(random.Random(world.seed + 2))
    world.joiner = person
    phone = Browser(world.portal.url)
    page = phone.get(f"/join/{world.ids['code']}/")
    page = phone.submit(
        page, {"name": person.name, "id_number": person.id_number, "phone": person.phone}
    )
    page = is_fine(phone.submit(page, {"group": TRUCKS}), "what work")
    if page.path.endswith("/vehicle/"):
        page = is_fine(phone.submit(page, {"plate": person.plate}), "vehicle")
    page = is_fine(phone.submit(page, {"wish": "on", "consent": "on"}), "check answers")
    code = world.portal.phone_message(person.phone, r"(\d{6})")
    page = is_fine(phone.submit(page, {"code": code}), "the code of the message")
    expect(page.path.endswith("/done/"), f"self-join ended at {page.path}")
    return world.ids["code"]


def approve(world: World) -> str:
    """d) The sub-district officer approves what waits; certificates can be verified by anybody."""
    desk = world.portal.desk("subdistrict_officer")
    approved = 0
    for _round in range(6):
        page = desk.get("/desk/applications/?state=submitted&size=100")
        picked = [box.attrs["value"] for box in page.root.all("input", name="ids")]
        if not picked:
            break
        page = desk.submit(
            page,
            {"ids": picked, "decided_on": dt.date.today().isoformat(),  # noqa: DTZ011
             "signer": "走查主席", "scan": SCAN},
            action="/desk/applications/approve/",
        )  # fmt: skip
        is_fine(page, "approve")
        approved += len(picked)
    expect(approved >= 2, f"only {approved} applications to approve")
    page = desk.get(f"/desk/applications/{world.applications[0]}/")
    member = re.search(r"/desk/members/([0-9a-f-]{36})/", page.body.decode())
    expect(member, "the approved application shows no member")
    world.members.append(member[1] if member else "")
    token = _certificate(world, desk)
    return f"{approved} approved, member {world.members[0]}, certificate {token} verified"


def _certificate(world: World, desk: Browser) -> str:
    page = is_fine(desk.get(f"/desk/members/{world.members[0]}/certificate/"), "certificate")
    token = re.search(r"/verify/([\w-]+)/", page.body.decode())
    expect(token, "the certificate shows no verify address")
    found = token[1] if token else ""
    page = is_fine(Browser(world.portal.url).get(f"/verify/{found}/"), "verify")
    expect(page.root.first(data_certificate="valid"), "the certificate is not valid")
    return found
