"""Pages as people see them: in Chinese without English left over, and by the design's rules."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from django.urls import reverse

from tests.architecture.cast import Cast
from tests.architecture.matrix import OWN, PUBLIC, STAFF, TABLE, Row, routes

pytestmark = pytest.mark.django_db

SHOWN_BY = {
    route.name
    for route in routes()
    if route.name in TABLE and "GET" in TABLE[route.name].who and not route.is_api
}
NO_HTML = {"health-live", "health-ready", "reports:coverage-xlsx", "members:import-template",
           "mfa_download_recovery_codes", "set_language", "members:unit-children"}  # fmt: skip
PAGES = sorted(SHOWN_BY - NO_HTML)

# Words that stay as they are in a Chinese text, and data of the cast.
ALLOWED = re.compile(
    r"\b(QR|Wi-?Fi|SMS|Excel|xlsx|xls|ods|csv|API|ID|REST|OpenAPI|English|GBK|GB18030|UTF|WGS|GCJ|BD|"
    r"CSV|PDF|JPG|JPEG|PNG|MB|kB|TOTP|UnionPortal|TD|"
    r"Autumn|drive|Gate|nobody|test|scan|pdf|"
    r"(?:field|subdistrict|district|finance|system|security)_\w+|auditor|[\w.]+@[ab]|"
    r"core\.\w+|\w+\.\w+)\b"
)
ENGLISH = re.compile(r"[A-Za-z][a-z'’]+(?:[ ,]+[A-Za-z][a-z'’]+)+")
SPOKEN = {"aria-label", "title", "placeholder", "alt", "data-union-confirm"}
SILENT = {"script", "style", "svg", "code", "time"}
EMPTY = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "use", "path"}


class Reader(HTMLParser):
    """Collects what a page says to eyes and ears, and what the design counts."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self.silent: list[str] = []
        self.primary = self.h1 = self.main = 0
        self.ids: list[str] = []
        self.unlabelled: list[str] = []
        self.labels: set[str] = set()
        self.controls: list[dict[str, str]] = []
        self.language = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.said += [text for name, text in given.items() if name in SPOKEN]
        self._count(tag, given)
        if (tag in SILENT or given.get("lang") == "en") and tag not in EMPTY:
            self.silent.append(tag)

    def _count(self, tag: str, given: dict[str, str]) -> None:
        classes = given.get("class", "").split()
        self.primary += "btn-primary" in classes
        self.h1 += tag == "h1"
        self.main += tag == "main"
        if tag == "html":
            self.language = given.get("lang", "")
        if "id" in given:
            self.ids.append(given["id"])
        if tag == "label" and "for" in given:
            self.labels.add(given["for"])
        if tag in {"input", "select", "textarea"} and given.get("type") not in {
            "hidden", "submit", "checkbox", "radio",
        }:  # fmt: skip
            self.controls.append(given)

    def handle_endtag(self, tag: str) -> None:
        if self.silent and self.silent[-1] == tag:
            self.silent.pop()

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.said.append(data)

    def english(self) -> list[str]:
        """Return the runs of English words that are said."""
        found = []
        for text in self.said:
            found += ENGLISH.findall(ALLOWED.sub("·", " ".join(text.split())))
        return found


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    return reader


def _page(cast: Cast, name: str, language: str) -> Reader:
    who, row = _seer(TABLE[name]), TABLE[name]
    address = cast.address_of(row.thing)
    kwargs = {"pk": address[who]} if row.scope == OWN else address
    answer = cast.call(who, "GET", reverse(name, kwargs=kwargs), language)
    if answer.status_code == 302 or not answer.headers["Content-Type"].startswith("text/html"):
        return Reader()
    return read(answer.content.decode())


def _seer(row: Row) -> str:
    """Return who sees most of it: the district's officer if he may, else the first who may."""
    who = row.who["GET"]
    if who == PUBLIC:
        return "anonymous"
    if who == STAFF or "district_officer" in who:
        return "district_officer"
    return min(who)


@pytest.mark.parametrize("name", PAGES)
def test_chinese_page_holds_no_english(name, cast):
    page = _page(cast, name, "zh-hans")
    assert page.language in {"zh-hans", "zh-Hans", ""}
    assert page.english() == []


@pytest.mark.parametrize("name", PAGES)
def test_page_keeps_the_design(name, cast):
    page = _page(cast, name, "en")
    assert page.primary <= 1
    assert sorted(set(page.ids)) == sorted(page.ids)
    if page.language:
        assert (page.h1, page.main, page.language) == (1, 1, "en")
    unlabelled = [
        control
        for control in page.controls
        if control.get("id") not in page.labels
        and not {"aria-label", "aria-labelledby"} & control.keys()
    ]
    assert unlabelled == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("<p>Save the member</p>", ["Save the member"]),
        ('<a title="Go back">返回</a>', ["Go back"]),
        ('<input placeholder="Type here">', ["Type here"]),
        ("<p>保存</p><script>let some text</script>", []),
        ("<p>上传 Excel xlsx 或 csv 文件</p>", []),
        ("<code>Some code words</code><p>员工</p>", []),
        ('<span lang="en">In English please</span>', []),
    ],
)
def test_planted_english_is_found(text, found):
    assert read(text).english() == found
