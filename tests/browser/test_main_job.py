"""The portal's main job in a real browser: narrow and wide, in Chinese and in English."""

from __future__ import annotations

import datetime as dt
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import xlsxwriter
from django.urls import resolve
from playwright.sync_api import Locator, Page, expect

from simulators.people import workbook
from tests.browser.audit import audit
from tests.browser.people import People, wait_for
from tests.browser.sitemap import WALKED_JOB

TRUCKS = "TRUCK_DRIVER"
SIX_DIGITS = r"(?<!\d)(\d{6})(?!\d)"
VARIANTS = [(390, "zh-hans"), (390, "en"), (1280, "zh-hans"), (1280, "en")]
SCAN = {"name": "signed.pdf", "mimeType": "application/pdf",
        "buffer": b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"}  # fmt: skip
TODAY = dt.datetime.now(dt.timezone(dt.timedelta(hours=8))).date()
WORDS = {
    "zh-hans": {"place": "云河街道", "state": "您是工会会员", "open": "开门", "subsidy": "50.00元"},
    "en": {
        "place": "Yunhe Sub-district",
        "state": "You are a union member",
        "open": "Open",
        "subsidy": "50.00 yuan",
    },
}


@dataclass
class Story:
    """One run of the main job: who is in it and what was made."""

    number: int
    people: People = field(init=False)
    folder: Path = field(init=False)
    seen: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)
    code: str = ""
    drive: str = ""

    def __post_init__(self) -> None:
        rng = random.Random(f"{self.number} {dt.datetime.now(dt.UTC)}")
        made = [workbook.worker(rng) for _n in range(4)]
        # Nobody else has a name like these: rows and the bank's rules are found by them.
        names = [f"{surname}览{chr(rng.randint(0x4E00, 0x9FA5))}" for surname in "赵钱孙李"]
        self.roster = [replace(one, name=n) for one, n in zip(made, names, strict=True)][:3]
        self.joiner = replace(made[3], name=names[3])

    def look(self, page: Page) -> None:
        """Hold the page where the story is to the rules of every page."""
        self.seen.add(resolve(urlsplit(page.url).path).view_name)
        self.wrong += audit(page, [(self.people.width, "light")], trim=False)


def send(page: Page, action: str = "") -> None:
    """Press the button of the form that posts to an address ending so; agree when asked."""
    ends = f"[action$='{action}']" if action else ""
    agree = page.locator("dialog.up-ask .btn-risk")
    with page.expect_navigation():
        page.locator(f"main form[method=post]{ends} .btn-primary:visible").first.click()
        if agree.count():
            agree.click()


def follow(link: Locator) -> None:
    """Open what a link leads to; the page has arrived when this returns."""
    with link.page.expect_navigation():
        link.click()


def object_id(page: Page, kind: str) -> str:
    return page.locator(f"[data-object-kind={kind}]").first.get_attribute("data-object-id") or ""


def in_state(page: Page, attribute: str, value: str) -> None:
    """Open the page again until its object is in a state."""

    def look() -> bool:
        page.reload()
        return page.locator(f"[{attribute}='{value}']").count() > 0

    wait_for(f"{value} at {page.url}", look, 60)


def tick(page: Page, name: str, value: str) -> None:
    """Tick a box or a segment the way a finger does, on its label."""
    box = page.locator(f"input[name={name}][value='{value}']")
    box.evaluate("box => (box.labels[0] || box).scrollIntoView({block: 'center'})")
    box.check(force=True)


@pytest.fixture(scope="module")
def stories() -> dict[str, Story]:
    """The story of each variant, from one chapter to the next."""
    return {}


@pytest.fixture(params=VARIANTS, ids=lambda variant: f"{variant[0]}-{variant[1]}")
def story(
    request: pytest.FixtureRequest, people: People, stories: dict[str, Story], tmp_path: Path
) -> Iterator[Story]:
    """One variant of the job; at the end of a chapter no page it looked at may be wrong."""
    people.width, people.language = request.param
    one = stories.setdefault(request.param, Story(VARIANTS.index(request.param)))
    one.people, one.folder, one.wrong = people, tmp_path, []
    yield one
    assert not one.wrong, "\n".join(one.wrong)


# The chapters stand one after the other for all variants: a phone gets one message a minute.
def test_drive_roster_approval_cards_and_payout(story: Story):
    desk = story.people.officer("district_officer")
    before = members_of_coverage(desk)
    open_drive(story, desk)
    upload_roster(story, story.people.officer("field_officer"))
    join_by_poster(story)
    approve(story, story.people.officer("subdistrict_officer"))
    assert members_of_coverage(desk) == before + 4
    cards(story, desk)
    pay(story)


def test_service_point_is_published(story: Story):
    publish_point(story)


def test_worker_sees_membership_card_and_money(story: Story):
    ask_status(story)


def members_of_coverage(page: Page) -> int:
    """Read the district's members from the coverage page."""
    page.goto("/desk/coverage/")
    recorded = page.locator(".up-fig b").first.inner_text()
    return int("".join(re.findall(r"\d", recorded)))


def open_drive(story: Story, page: Page) -> None:
    place = WORDS[story.people.language]["place"]
    page.goto("/desk/drives/new/")
    page.locator("[name=name]").fill(f"浏览器行动{story.number}")
    page.locator("[name=started_on]").fill(TODAY.isoformat())
    page.locator("[name=last_on]").fill((TODAY + dt.timedelta(days=30)).isoformat())
    tick(page, "groups", TRUCKS)
    page.get_by_label(place, exact=True).check(force=True)
    area = page.get_by_label(place, exact=True).get_attribute("value")
    send(page)
    page.locator(f"[name='t-{area}-{TRUCKS}']").fill("60")
    send(page)
    story.drive = object_id(page, "drive")
    story.look(page)
    send(page, "/open/")
    page.goto(f"/desk/drives/{story.drive}/codes/")
    choose_union(page, "行业工会联合会")
    page.locator("[name=area]").select_option(area)
    page.locator("[name=place]").fill("物流园2号门")
    send(page)
    page.wait_for_url("**/poster/")
    story.code = page.locator("[data-code]").get_attribute("data-code") or ""


def roster_file(story: Story) -> Path:
    """Write three good rows and one with a wrong check digit."""
    path = story.folder / "roster.xlsx"
    first = story.roster[0]
    last = "1" if first.id_number[-1] != "1" else "2"
    broken = replace(first, name="周浏览错", id_number=first.id_number[:-1] + last)
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("名册")
        for number, row in enumerate([workbook.TITLES, *(w.row for w in [*story.roster, broken])]):
            for column, text in enumerate(row):
                sheet.write_string(number, column, str(text))
    return path


def upload_roster(story: Story, page: Page) -> None:
    page.goto("/desk/imports/new/")
    choose_union(page)
    page.locator("[name=default_group]").select_option(TRUCKS)
    page.locator("[name=file]").set_input_files(roster_file(story))
    page.locator("[name=signed_list]").set_input_files(SCAN)  # type: ignore[arg-type]
    send(page)
    expect(page.locator("[data-object-state=previewed]")).to_be_visible(timeout=40_000)
    expect(page.locator("[data-count=new]").first).to_have_text("3")
    expect(page.locator("[data-count=rejected]").first).to_have_text("1")
    story.look(page)
    send(page, "/confirm/")
    expect(page.locator("[data-object-state=done]")).to_be_visible(timeout=40_000)
    expect(page.locator("[data-count=written]")).to_have_text("3")
    page.goto("/desk/jobs/")
    follow(page.locator("main tbody a").first)
    story.look(page)


def join_by_poster(story: Story) -> None:
    person = story.joiner
    page = story.people.worker(f"/join/{story.code}/")
    for name in ("name", "id_number", "phone"):
        page.locator(f"[name={name}]").fill(getattr(person, name))
    story.look(page)
    send(page)
    tick(page, "group", TRUCKS)
    story.look(page)
    send(page)
    page.locator("[name=plate]").fill(person.plate)
    story.look(page)
    send(page)
    for name in ("wish", "consent"):
        page.locator(f"[name={name}]").check(force=True)
    story.look(page)
    send(page)
    story.look(page)
    page.locator("[name=code]").fill(story.people.message(person.phone, SIX_DIGITS))
    send(page)
    expect(page.locator("[data-done]")).to_be_visible()
    story.look(page)


def approve(story: Story, page: Page) -> None:
    page.goto("/desk/applications/?state=submitted&size=100")
    for person in [*story.roster, story.joiner]:
        page.locator("tr", has_text=person.name).locator("input[name=ids]").check()
    page.locator("[name=decided_on]").fill(TODAY.isoformat())
    page.locator("[name=signer]").fill("样主席")
    page.locator("[name=scan]").set_input_files(SCAN)  # type: ignore[arg-type]
    send(page, "/approve/")
    expect(page.locator(".up-toast")).to_contain_text("4")


def cards(story: Story, page: Page) -> None:
    page.goto("/desk/cards/")
    send(page, "/card-files/request/")
    in_state(page, "data-state", "handed_over")
    bank = story.people.portal

    def activated() -> bool:
        bank.bank("activate", "--folder", str(bank.data / "bank"), "--all")
        page.goto(f"/desk/cards/?state=activated&q={story.joiner.name}")
        return page.locator("main tbody tr").count() == 1

    wait_for("the joiner's card activated", activated, 60)


def pay(story: Story) -> None:
    """Maker makes and submits the list; another person approves and releases; the bank answers."""
    bank, (failing, unclear) = story.people.portal.bank, story.roster[:2]
    bank("plan", "fail", "--match", f"holder={failing.name}", "--code", "0014")
    bank("plan", "fail", "--match", f"holder={unclear.name}", "--code", "0099", "--text", "待查")
    page = story.people.officer("finance_maker")
    rights = page.locator("tr[data-object-kind=entitlement][data-state=reserved]")

    def entitled() -> bool:
        page.goto("/desk/entitlements/?state=reserved")
        names = " ".join(rights.all_inner_texts())
        return all(one.name in names for one in [*story.roster, story.joiner])

    wait_for("four people to be paid", entitled)
    page.goto("/desk/programmes/")
    follow(page.locator("main table a[href^='/desk/programmes/']").last)
    send(page, "/batches/new/")
    send(page, "/submit/")
    batch = object_id(page, "batch")
    page = story.people.officer("finance_checker")
    page.goto(f"/desk/batches/{batch}/")
    send(page, "/approve/")
    send(page, "/release/")
    for state, person in (("failed", failing), ("unknown", unclear), ("paid", story.joiner)):
        row = page.locator(f"tr[data-object-kind=line][data-state={state}]", has_text=person.name)
        wait_for(f"{state} line of {person.name}", lambda row=row: _reloaded(page, row), 60)
    story.look(page)
    page = story.people.officer("finance_maker")
    page.goto(f"/desk/batches/{batch}/upload/")
    story.look(page)
    page.goto(f"/desk/batches/{batch}/")
    follow(page.locator("a[href$='/settle/']").first)
    story.look(page)


def _reloaded(page: Page, row: Locator) -> bool:
    page.goto(f"{urlsplit(page.url).path}?lines=all&size=100")
    return row.count() > 0


def ask_status(story: Story) -> None:
    person, words = story.joiner, WORDS[story.people.language]
    page = story.people.worker("/status/")

    def asked() -> str:
        page.goto("/status/")
        page.locator("[name=name]").fill(person.name)
        page.locator("[name=id_number]").fill(person.id_number)
        send(page)
        return story.people.message(person.phone, SIX_DIGITS, seconds=10)

    code = wait_for("a code for the status", asked, 90)
    story.look(page)
    page.locator("[name=code]").fill(code)
    send(page)
    expect(page.locator("[data-status=active]")).to_contain_text(words["state"])
    expect(page.locator("[data-card-state]")).to_have_attribute("data-card-state", "activated")
    expect(page.locator("[data-benefit]").first).to_contain_text(words["subsidy"])
    story.look(page)
    for path in ("/status/data/", "/status/move/", "/status/benefits/"):
        page.goto(path)
        story.look(page)
    desk = story.people.officer("district_officer")
    desk.goto(f"/desk/drives/{story.drive}/known/")
    story.look(desk)
    assert story.seen >= WALKED_JOB


def publish_point(story: Story) -> None:
    page = story.people.officer("field_officer")
    page.goto("/desk/points/new/")
    name = f"{story.joiner.name}{story.number}司机之家"
    tick(page, "kind", "DRIVER_HOME")
    typed = {"name": name, "address": "示例路1号", "lon": "113.731482", "lat": "34.719352",
             "host_name": "示例物流有限公司"}  # fmt: skip
    for field_name, value in typed.items():
        page.locator(f"[name={field_name}]").fill(value)
    page.locator("[name=area]").select_option(index=1)
    for field_name, value in {
        "datum": "GCJ02",
        "build_mode": "SHARED",
        "entry_way": "OPEN",
    }.items():
        choose(page, field_name, value)
    choose(page, "holiday_rule", "SUNDAY")
    page.locator("[name=is_24h]").check(force=True)
    tick(page, "facilities", "WATER")
    send(page)
    point = object_id(page, "point")
    send(page, "/apply/")
    desk = story.people.officer("district_officer")
    for verb in ("accept", "publish"):
        desk.goto(f"/desk/points/{point}/")
        send(desk, f"/{verb}/")
    worker = story.people.worker("/stations/")
    card = worker.locator("article.st", has_text=name)
    expect(card.locator(".o")).to_contain_text(re.compile(WORDS[story.people.language]["open"]))
    worker.goto(f"/stations/{point}/")
    expect(worker.locator("h1")).to_have_text(name)


def choose(page: Page, name: str, value: str) -> None:
    """Choose a value of a select or of radios."""
    select = page.locator(f"select[name={name}]")
    if select.count():
        select.select_option(value)
    else:
        tick(page, name, value)


def choose_union(page: Page, words: str = "公司") -> None:
    """Choose the first union with these words in its name, by typing and with the keyboard."""
    box = page.locator("[name=unit_text]")
    box.press_sequentially(words)
    expect(page.locator("[role=option]").first).to_be_visible()
    box.press("ArrowDown")
    box.press("Enter")
    expect(page.locator("[name=unit]")).not_to_have_value("")
