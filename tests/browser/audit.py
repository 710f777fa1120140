"""What every page must hold to: axe's rules, no sideways scrolling."""

from __future__ import annotations

import os
from collections.abc import Iterable

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

from tests.browser.people import HEIGHTS

# (width, colour scheme)
Look = tuple[int, str]
SCHEMES = ("light", "dark")

RUN_AXE = """async () => {
  const found = await axe.run({resultTypes: ["violations"], preload: false});
  return found.violations.flatMap(rule => rule.nodes.map(
    node => `${rule.id}: ${node.target.join(" ")} ${node.html.slice(0, 160)}`));
}"""
TOO_WIDE = """() => {
  const wide = document.documentElement.scrollWidth;
  if (wide <= innerWidth) return [];
  const outside = [...document.querySelectorAll("body *")].filter(
    one => one.getBoundingClientRect().right > innerWidth + 1);
  const names = outside.slice(0, 3).map(one => one.tagName + "." + one.className);
  return [`${wide} px wide: ${names.join(", ")}`];
}"""
# What scripts do after a change of size, they do with the next picture.
DRAWN = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
# Rows of a table and leaves of a tree repeat one template: a few of them tell everything.
TRIM = """() => document.querySelectorAll("tbody, ul, ol").forEach(
  list => [...list.children].slice(6).forEach(one => one.remove()))"""


def looks(language: str, widths: Iterable[int]) -> list[Look]:
    """Choose what to look at: all pairs of language, width and scheme; everything with DEEP=1."""
    if os.environ.get("DEEP") == "1":
        return [(width, scheme) for width in widths for scheme in SCHEMES]
    turned = language == "en"
    return [(width, SCHEMES[(place + turned) % 2]) for place, width in enumerate(widths)]


def audit(page: Page, chosen: Iterable[Look], *, trim: bool = True) -> list[str]:
    """Check the open page in some looks; return what is wrong with it.

    Lists are shortened for it, unless the page is needed whole afterwards.
    """
    found = []
    chosen = list(chosen)
    for width in sorted({width for width, _scheme in chosen}):
        page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
        found += [f"{page.url} {width}: {wrong}" for wrong in page.evaluate(TOO_WIDE)]
    if trim:
        page.evaluate(TRIM)
    page.evaluate(AXE_SCRIPT)
    for width, scheme in chosen:
        page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.evaluate(DRAWN)
        found += [f"{page.url} {width} {scheme}: {wrong}" for wrong in page.evaluate(RUN_AXE)]
    return found
