"""Templates: used, small, and without anything the content security policy would refuse."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import get_template

ROOT = Path(settings.BASE_DIR)
FOLDER = ROOT / "templates"
TEMPLATES = sorted(path for path in FOLDER.rglob("*") if path.suffix in {".html", ".txt"})
PAGES = [path for path in TEMPLATES if path.suffix == ".html"]
SOURCES = ("unionportal", "members", "stations", "outreach", "benefits")
LONGEST = 200

# Looked for by name by the libraries themselves.
BY_LIBRARIES = ("account/", "mfa/", "usersessions/", "allauth/", "django/")
BY_DJANGO = {"500.html"}


def name_of(path: Path) -> str:
    return path.relative_to(FOLDER).as_posix()


def ids(paths: list[Path]) -> list[str]:
    return [name_of(path) for path in paths]


def text_of(path: Path) -> str:
    """Return a template without its comments."""
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"\{% comment.*?endcomment %\}", "", text, flags=re.DOTALL)
    return re.sub(r"\{#.*?#\}", "", text)


@cache
def _mentioned() -> set[str]:
    """Return every template name that stands in the code or in another template."""
    code = [path for name in SOURCES for path in (ROOT / name).rglob("*.py")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in (*code, *TEMPLATES))
    return set(re.findall(r"""["']([\w/.-]+\.(?:html|txt))["']""", text))


def test_every_template_is_used():
    unused = [
        name
        for name in map(name_of, TEMPLATES)
        if name not in _mentioned() | BY_DJANGO and not name.startswith(BY_LIBRARIES)
    ]
    assert unused == []


def test_every_template_that_is_named_exists():
    missing = []
    for name in sorted(_mentioned()):
        try:
            get_template(name)
        except Exception as error:
            missing.append(f"{name}: {error!r}")
    assert missing == []


FORBIDDEN = {
    "an inline style": r"<[^>]*\sstyle\s*=",
    "a style element": r"<style\b",
    "an inline script": r"<script(?![^>]*(?:\bsrc=|type=.application/json))",
    "an event handler": r"<[^>]*\son[a-z]+\s*=",
    "unescaped text": r"\|\s*safe\b|\{% autoescape off",
    "an address of another host": r"""(?:src|action)=["']https?://""",
    "a javascript: address": r"javascript:",
    "a link that keeps its opener": r"""target=["']_blank["'](?![^>]*noopener)""",
}


@pytest.mark.parametrize("path", PAGES, ids=ids(PAGES))
def test_template_has_nothing_forbidden(path):
    text = text_of(path)
    found = [what for what, pattern in FORBIDDEN.items() if re.search(pattern, text)]
    assert found == []
    assert len(text.splitlines()) <= LONGEST


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('<p style="color:red">', "an inline style"),
        ("<style>p{}</style>", "a style element"),
        ("<script>alert(1)</script>", "an inline script"),
        ('<a href="#" onclick="go()">', "an event handler"),
        ("{{ name|safe }}", "unescaped text"),
        ('<img src="https://example.org/x.png">', "an address of another host"),
        ('<a href="javascript:go()">', "a javascript: address"),
        ('<a target="_blank" href="/">', "a link that keeps its opener"),
    ],
)
def test_planted_forbidden_things_are_found(text, what):
    assert [name for name, pattern in FORBIDDEN.items() if re.search(pattern, text)] == [what]


def test_allowed_scripts_pass():
    allowed = '<script type="module" src="/static/js/desk.js"></script>'
    data = '<script type="application/json" id="points">[]</script>'
    assert not re.search(FORBIDDEN["an inline script"], allowed + data)


def test_python_marks_text_safe_only_where_listed():
    """`mark_safe` is how escaping is lost; each file that needs it stands here."""
    users = {
        path.relative_to(ROOT).as_posix()
        for name in SOURCES
        for path in (ROOT / name).rglob("*.py")
        if "mark_safe(" in path.read_text(encoding="utf-8")
    }
    assert users == {"unionportal/core/templatetags/portal.py"}


COMPONENTS = sorted((FOLDER / "_components").glob("*.html"))


@pytest.mark.parametrize("path", COMPONENTS, ids=ids(COMPONENTS))
def test_component_opens_with_its_options(path):
    assert path.read_text(encoding="utf-8").startswith(("{#", "{% comment"))


def test_icons_of_templates_and_code_are_in_the_sprite():
    sprite = (ROOT / "static/icons.svg").read_text(encoding="utf-8")
    drawn = set(re.findall(r'<symbol id="([\w-]+)"', sprite))
    used = set()
    for path in PAGES:
        text = text_of(path)
        used |= set(re.findall(r'\{% icon "([\w-]+)"', text))
        used |= set(re.findall(r'\bicon="([\w-]+)"', text))
        used |= set(re.findall(r'icons\.svg[^#]*#([\w-]+)"', text))
    for name in SOURCES:
        for path in (ROOT / name).rglob("*.py"):
            used |= set(re.findall(r'\bicon(?:=|\()"([\w-]+)"', path.read_text(encoding="utf-8")))
    assert used - drawn == set()


def test_behaviours_of_templates_are_bound_by_a_script():
    """A `data-union-…` attribute that no built script knows does nothing."""
    scripts = (ROOT / "static/js").glob("*.js")
    known = "\n".join(path.read_text(encoding="utf-8") for path in scripts)
    used = {
        found for path in PAGES for found in re.findall(r"\b(data-union-[a-z-]+)", text_of(path))
    }
    unknown = {name for name in used if name not in known and _camel(name) not in known}
    assert unknown == set()


def _camel(name: str) -> str:
    first, *rest = name.removeprefix("data-").split("-")
    return first + "".join(part.title() for part in rest)
