"""Walks beside the main job: log-in, keyboard, large text on a small phone, scripts off."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from simulators.people import workbook
from tests.browser.audit import audit, looks
from tests.browser.people import HEIGHTS, People, open_menu, wait_for

LANGUAGES = ("zh-hans", "en")
SMALL = (320, 390)
# Every element that takes a keystroke and can be seen, in the order of the page. A group of
# radios takes one stop; the browser's own parts of a date field are the field's.
STOPS = """() => {
  const wanted = "a[href], button, input:not([type=hidden]), select, textarea, summary,"
    + "[tabindex='0']";
  const groups = new Set();
  return [...document.querySelectorAll(wanted)].filter(one => {
    if (one.disabled || !one.checkVisibility({visibilityProperty: true})) return false;
    if (one.closest("details:not([open])") && !one.matches("summary")) return false;
    if (one.type !== "radio") return true;
    if (groups.has(one.name)) return false;
    return groups.add(one.name);
  }).map((one, number) => {
    const group = one.type === "radio" ? document.getElementsByName(one.name) : [one];
    group.forEach(member => member.dataset.stop = number);
    return one.outerHTML.slice(0, 120);
  });
}"""
FOCUSED = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const shown = [one, one.closest("label"), one.nextElementSibling].filter(Boolean).some(part => {
    const style = getComputedStyle(part);
    return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1
      || style.boxShadow !== "none";
  });
  return {stop: one.dataset.stop, shown, html: one.outerHTML.slice(0, 120)};
}"""


@pytest.mark.parametrize("language", LANGUAGES)
def test_log_in_and_log_out_pages(language: str, people: People):
    people.language = language
    page = people.browser()
    page.goto("/desk/")
    people.speak(page)
    wrong = audit(page, looks(language, (390, 1280)))
    account = people.portal.account("auditor")
    page.locator("[name=login]").fill(account["username"])
    page.locator("[name=password]").fill("not the password")
    page.locator("main .btn-primary").click()
    expect(page.locator("[role=alert]").first).to_be_visible()
    wrong += audit(page, looks(language, (390, 1280)))
    page.locator("[name=login]").fill(account["username"])
    page.locator("[name=password]").fill(account["password"])
    page.locator("main .btn-primary").click()
    page.wait_for_url("**/2fa/authenticate/*")
    wrong += audit(page, looks(language, (390, 1280)))
    desk = people.officer("auditor")
    desk.goto("/accounts/logout/")
    wrong += audit(desk, looks(language, (390, 1280)))
    assert not wrong, "\n".join(wrong)


def test_appearance_is_kept(people: People):
    page = people.officer("auditor")
    open_menu(page)
    page.locator("button[name=theme][value=dark]:visible").click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    dark = page.locator("body").evaluate("body => getComputedStyle(body).backgroundColor")
    page.goto("/desk/figures/")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    open_menu(page)
    page.locator("button[name=theme][value=light]:visible").click()
    light = page.locator("body").evaluate("body => getComputedStyle(body).backgroundColor")
    assert dark != light


@pytest.mark.parametrize("language", LANGUAGES)
def test_worker_pages_in_large_text(language: str, people: People):
    people.width, people.language = 320, language
    page = people.worker()
    small = page.locator("body").evaluate("body => getComputedStyle(body).fontSize")
    page.locator("button[name=care][value=on]").click()
    expect(page.locator("html")).to_have_attribute("data-care", "on")
    large = page.locator("body").evaluate("body => getComputedStyle(body).fontSize")
    assert float(large.removesuffix("px")) > float(small.removesuffix("px"))
    wrong = []
    for path in ("/", "/help/", "/ways-to-join/", "/status/", "/join/", "/stations/"):
        page.goto(path)
        wrong += audit(page, looks(language, SMALL), trim=path != "/stations/")
    page.locator("article.st h3 a").first.click()
    wrong += audit(page, looks(language, SMALL))
    assert not wrong, "\n".join(wrong)


def test_status_and_enrolment_without_scripts(people: People):
    """Reading and posting need no script: a worker asks, an officer enrols, the worker agrees."""
    people.width = 390
    worker = people.worker("/status/", java_script_enabled=False)
    worker.locator("[name=name]").fill("赵无名")
    worker.locator("main .btn-primary").click()
    expect(worker.locator("[name=name]")).to_have_value("赵无名")
    expect(worker.locator("[role=alert] li")).to_have_count(1)
    worker.locator("[name=id_number]").fill(workbook.worker(random.Random("none")).id_number)
    worker.locator("main .btn-primary").click()
    expect(worker.locator("[name=code]")).to_be_visible()
    desk = people.officer("field_officer")
    page = people.browser(storage_state=desk.context.storage_state(), java_script_enabled=False)
    person = _enrol(page)
    link = people.message(person.phone, r"(/confirm/[\w-]+/)")
    assert link
    worker.goto(link)
    worker.locator("main .btn-primary").click()
    expect(worker.locator("[data-object-kind=application]")).to_be_visible()


def _enrol(page: Page) -> workbook.Worker:
    """Fill in the enrolment form, first with a wrong number; return who was enrolled."""
    person = replace(workbook.worker(random.Random()), name="吴览新")
    page.goto("/desk/enrol/")
    page.locator("[name=name]").fill(person.name)
    page.locator("[name=id_number]").fill("123")
    # Without scripts the typed words are sent; several unions fit and come back to choose from.
    page.locator("[name=unit_text]").fill("公司")
    page.locator("[name=phone]").fill(person.phone)
    page.locator("main form .btn-primary").click()
    expect(page.locator("[name=name]")).to_have_value(person.name)
    page.locator("[name=id_number]").fill(person.id_number)
    _choose(page, "group", "TRUCK_DRIVER")
    page.locator("[name=unit_pick]").first.check(force=True)
    page.locator("[name=vehicle_plate]").fill(person.plate)
    _choose(page, "confirmation", "ask")
    page.locator("main form .btn-primary").click()
    expect(page.locator("[data-object-kind=application]")).to_be_visible()
    return person


def _choose(page: Page, name: str, value: str) -> None:
    if page.locator(f"select[name={name}]").count():
        page.locator(f"select[name={name}]").select_option(value)
    else:
        page.locator(f"input[name={name}][value='{value}']").check(force=True)


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_of_links_that_come_by_message(language: str, people: People):
    people.language = language
    page = people.worker("/confirm/not-a-link/")
    wrong = audit(page, looks(language, SMALL))
    desk = people.officer("district_officer")
    desk.goto("/desk/members/")
    desk.locator("main tbody a").first.click()
    desk.locator("a[href$='/certificate/']").first.click()
    desk.wait_for_url("**/certificate/")
    link = wait_for("the certificate's address", lambda: _verify_link(desk))
    page.goto(link)
    expect(page.locator("[data-certificate]")).to_be_visible()
    wrong += audit(page, looks(language, SMALL))
    assert not wrong, "\n".join(wrong)


def _verify_link(page: Page) -> str:
    found: str = page.evaluate(
        "() => (document.body.innerHTML.match(/\\/verify\\/[\\w-]+\\//) || [''])[0]"
    )
    return found


@pytest.mark.parametrize("width", [390, 1280])
def test_keyboard_reaches_everything(width: int, people: People):
    people.width = width
    worker, desk = people.worker("/status/"), people.officer("field_officer")
    maker = people.officer("finance_maker")
    login = people.browser()
    desk.goto("/desk/imports/")
    roster = desk.locator("main tbody a[href^='/desk/imports/']")
    maker.goto("/desk/batches/")
    batch = maker.locator("main tbody a[href^='/desk/batches/']")
    visits = [(login, "/accounts/login/"), (worker, "/status/"), (desk, "/desk/enrol/")]
    for page, link in ((desk, roster), (maker, batch)):
        if link.count():
            visits.append((page, link.first.get_attribute("href") or ""))
    wrong = []
    for page, path in visits:
        page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
        page.goto(path)
        wrong += [f"{path}: {one}" for one in _unreached(page)]
    assert not wrong, "\n".join(wrong)


def _unreached(page: Page) -> list[str]:
    """Press Tab through the page; return what was not reached or did not show the focus."""
    waiting = dict(enumerate(page.evaluate(STOPS)))
    wrong = []
    for _press in range(len(waiting) * 4 + 10):
        page.keyboard.press("Tab")
        focus = page.evaluate(FOCUSED)
        if focus is None:
            continue
        if waiting.pop(int(focus["stop"] or -1), None) and not focus["shown"]:
            wrong.append(f"no visible focus: {focus['html']}")
        if not waiting:
            break
    return wrong + [f"not reached: {html}" for html in waiting.values()]
