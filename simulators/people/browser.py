"""A small browser: cookies, redirects, forms with their hidden fields, file uploads."""

from __future__ import annotations

import json
import secrets
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookiejar import CookieJar
from typing import Any

VOID = {"input", "br", "img", "hr", "meta", "link", "use", "path", "rect", "circle", "line"}
TIMEOUT = 60


@dataclass
class Element:
    """An element of a page: tag, attributes, text, children."""

    tag: str
    attrs: dict[str, str]
    parent: Element | None = None
    children: list[Element] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All text inside, spaces folded."""
        return " ".join(" ".join(self._strings()).split())

    def _strings(self) -> list[str]:
        found = list(self.texts)
        for child in self.children:
            found.extend(child._strings())
        return found

    def all(self, tag: str | None = None, **attrs: str | None) -> list[Element]:
        """Elements below with this tag and attributes (None = any value; _ stands for -)."""
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attrs.items()}
        found = []
        for child in self.children:
            if (tag is None or child.tag == tag) and all(
                name in child.attrs and value in (None, child.attrs[name])
                for name, value in wanted.items()
            ):
                found.append(child)
            found.extend(child.all(tag, **attrs))
        return found

    def first(self, tag: str | None = None, **attrs: str | None) -> Element | None:
        found = self.all(tag, **attrs)
        return found[0] if found else None


class _Tree(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = self.here = Element("document", {})

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs}, self.here)
        self.here.children.append(element)
        if tag not in VOID:
            self.here = element

    def handle_endtag(self, tag: str) -> None:
        place: Element | None = self.here
        while place is not None and place.tag != tag:
            place = place.parent
        if place is not None and place.parent is not None:
            self.here = place.parent

    def handle_data(self, data: str) -> None:
        if self.here.tag not in {"script", "style"}:
            self.here.texts.append(data)


@dataclass
class Page:
    """An answer: status, address after redirects, body, and the parsed page when it is HTML."""

    status: int
    url: str
    body: bytes
    content_type: str
    root: Element

    @property
    def text(self) -> str:
        return self.root.text

    @property
    def path(self) -> str:
        return urllib.parse.urlsplit(self.url).path

    def json(self) -> Any:
        return json.loads(self.body)

    def object_id(self, kind: str) -> str:
        """The id of the thing this page is about (data-object-id)."""
        found = self.root.first(data_object_kind=kind)
        if found is None:
            raise AssertionError(f"{self.path} shows no {kind}")
        return found.attrs["data-object-id"]

    def form(self, action: str = "") -> Element:
        """The form that posts to an address ending in `action` ('' = to the page itself)."""
        for form in self.root.all("form"):
            target = form.attrs.get("action", "")
            if form.attrs.get("method", "get").lower() != "post":
                continue
            if (action and target.rstrip("/").endswith(action.rstrip("/"))) or (
                not action and target in ("", self.path)
            ):
                return form
        raise AssertionError(
            f"{self.path} (HTTP {self.status}) has no form to {action or 'itself'}"
        )


def fields_of(form: Element) -> list[tuple[str, str]]:
    """What a browser would send for `form` untouched."""
    values: list[tuple[str, str]] = []
    for element in form.all():
        name = element.attrs.get("name", "")
        if not name or "disabled" in element.attrs:
            continue
        kind = element.attrs.get("type", "text")
        if element.tag == "input" and kind in {"checkbox", "radio"}:
            if "checked" in element.attrs:
                values.append((name, element.attrs.get("value", "on")))
        elif element.tag == "input" and kind not in {"submit", "button", "file", "image"}:
            values.append((name, element.attrs.get("value", "")))
        elif element.tag == "textarea":
            values.append((name, element.text))
        elif element.tag == "select":
            values.extend((name, option) for option in _chosen(element))
    return values


def _chosen(select: Element) -> list[str]:
    options = select.all("option")
    chosen = [o for o in options if "selected" in o.attrs]
    if not chosen and options and "multiple" not in select.attrs:
        chosen = options[:1]
    return [option.attrs.get("value", option.text) for option in chosen]


def options_of(form: Element, name: str) -> dict[str, str]:
    """The choices of a select or of radios and checkboxes called `name`: value → words."""
    select = form.first("select", name=name)
    if select is not None:
        return {o.attrs.get("value", ""): o.text for o in select.all("option")}
    labels = {label.attrs.get("for", ""): label.text for label in form.all("label")}
    return {
        box.attrs.get("value", "on"): labels.get(box.attrs.get("id", ""), _around(box))
        for box in form.all("input", name=name)
    }


def _around(box: Element) -> str:
    return box.parent.text if box.parent is not None else ""


@dataclass(frozen=True)
class Upload:
    """A file somebody chooses in a form."""

    name: str
    content: bytes
    content_type: str = "application/octet-stream"


class Browser:
    """One person's browser: own cookies, own language."""

    def __init__(self, base: str, language: str = "zh-hans") -> None:
        self.base = base.rstrip("/")
        self.language = language
        self.jar = CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))

    def get(self, path: str) -> Page:
        return self._open(urllib.request.Request(self._url(path)))

    def submit(self, page: Page, changes: dict[str, Any], *, action: str = "") -> Page:
        """Fill in the page's form and send it; a value may be text, a list or an Upload."""
        form = page.form(action)
        names = {name.rstrip() for name in changes}
        values: list[tuple[str, Any]] = [
            (name, value) for name, value in fields_of(form) if name not in names
        ]
        for name, value in changes.items():
            many = value if isinstance(value, list) else [value]
            values.extend((name, one) for one in many if one is not None)
        target = urllib.parse.urljoin(page.url, form.attrs.get("action") or page.url)
        return self._post(target, values, referer=page.url)

    def post(self, page: Page, path: str, values: dict[str, str]) -> Page:
        """Post to an address the page offers no form for, with the page's own CSRF token."""
        token = page.root.first("input", name="csrfmiddlewaretoken")
        found = token.attrs["value"] if token else ""
        pairs = [("csrfmiddlewaretoken", found), *values.items()]
        return self._post(self._url(path), pairs, referer=page.url)

    def _post(self, url: str, values: list[tuple[str, Any]], referer: str) -> Page:
        headers = {"Referer": referer, "Origin": self.base}
        if any(isinstance(value, Upload) for _name, value in values):
            body, kind = _multipart(values)
        else:
            body = urllib.parse.urlencode([(n, str(v)) for n, v in values]).encode()
            kind = "application/x-www-form-urlencoded"
        request = urllib.request.Request(url, data=body, headers={**headers, "Content-Type": kind})
        return self._open(request)

    def _url(self, path: str) -> str:
        return path if path.startswith("http") else f"{self.base}{path}"

    def _open(self, request: urllib.request.Request) -> Page:
        request.add_header("Accept-Language", self.language)
        try:
            with self.opener.open(request, timeout=TIMEOUT) as answer:
                return _page(answer.status, answer.url, answer.read(), answer.headers)
        except urllib.error.HTTPError as error:
            return _page(error.code, error.url, error.read(), error.headers)


def _page(status: int, url: str, body: bytes, headers: Any) -> Page:
    content_type = headers.get("Content-Type", "")
    tree = _Tree()
    if "html" in content_type:
        tree.feed(body.decode("utf-8", "replace"))
    return Page(status, url, body, content_type, tree.root)


def _multipart(values: list[tuple[str, Any]]) -> tuple[bytes, str]:
    mark = secrets.token_hex(16)
    parts = []
    for name, value in values:
        head = f'--{mark}\r\nContent-Disposition: form-data; name="{name}"'
        if isinstance(value, Upload):
            head += f'; filename="{value.name}"\r\nContent-Type: {value.content_type}'
            content = value.content
        else:
            content = str(value).encode()
        parts.append(head.encode() + b"\r\n\r\n" + content + b"\r\n")
    return b"".join(parts) + f"--{mark}--\r\n".encode(), f"multipart/form-data; boundary={mark}"
