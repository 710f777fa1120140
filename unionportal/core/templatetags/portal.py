"""The components of the portal as template tags; loaded as builtins, so no {% load %} is needed.

Markup lives in templates/_components/, one file a component, each opening with its options.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any, cast

from django import template
from django.forms import BaseForm, BoundField
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils import timezone, translation
from django.utils.dates import MONTHS, MONTHS_3
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from unionportal.core import masking
from unionportal.core.ids import new_id
from unionportal.core.money import FEN_PER_YUAN

if TYPE_CHECKING:
    from collections.abc import Iterable

    from unionportal.core.forms import PortalBoundField

register = template.Library()

MISSING = "—"
STATE_ICONS = {
    "ok": "circle-check",
    "move": "clock",
    "wait": "alert-circle",
    "bad": "circle-x",
    "rest": "circle-minus",
    "unknown": "help-circle",
}
Text = str | Promise


@register.simple_tag
def icon(name: str, css_class: str = "") -> SafeString:
    """Draw an icon of the sprite (frontend/icons.txt); decoration only, so hidden from readers."""
    return format_html(
        '<svg class="{}" aria-hidden="true"><use href="{}#{}"/></svg>',
        f"i {css_class}".strip(),
        static("icons.svg"),
        name,
    )


@register.simple_tag
def seal() -> SafeString:
    """Draw the seal of the union."""
    return render_to_string("_components/seal.html")


@register.simple_tag
def state(kind: str, label: Text, icon: str = "") -> SafeString:
    """Show a state as icon and word: ok, move, wait, bad, rest or unknown."""
    css_class = "wait" if kind == "unknown" else kind
    drawn = _icon(icon or STATE_ICONS[kind])
    return format_html('<span class="up-state {}">{}{}</span>', css_class, drawn, label)


_icon = icon


@register.simple_tag
def stars(count: int, of: int = 5) -> SafeString:
    """Show a rating as gold stars with spoken text."""
    lit, unlit = icon("f-star"), icon("star", "off")
    return format_html(
        '<span class="up-stars" role="img" aria-label="{}">{}{}</span>',
        _("%(count)d of %(of)d stars") % {"count": count, "of": of},
        mark_safe(lit * count),  # noqa: S308 - both come from icon()
        mark_safe(unlit * (of - count)),  # noqa: S308
    )


@register.inclusion_tag("_components/figure.html")
def figure(
    label: Text,
    value: Any,
    *,
    unit: Text = "",
    base: Text = "",
    asof: date | Text | None = None,
    url: str = "",
    kind: str = "",
) -> dict[str, Any]:
    """Show a number with its base and date; `url` opens its definition, `kind` makes a state."""
    shown = number(value) if isinstance(value, int | Decimal | float) else value
    is_date = isinstance(asof, date)
    return {
        "label": label,
        "value": MISSING if value is None else shown,
        "unit": unit,
        "base": base,
        "asof": "" if is_date else asof,
        "asof_day": asof if is_date and not isinstance(asof, datetime) else None,
        "asof_moment": asof if isinstance(asof, datetime) else None,
        "url": url,
        "kind": kind,
    }


@register.inclusion_tag("_components/bar.html")
def bar(
    value: float, *, plan: float | None = None, late: bool = False, label: Text = ""
) -> dict[str, Any]:
    """Draw a bar of `value` percent with a mark where the plan is. Print the percent beside it."""
    return {
        "value": f"{_within(value):.1f}",
        "plan": None if plan is None else f"{_within(plan):.1f}",
        "late": late,
        "label": label or f"{_within(value):.1f}%",
    }


def _within(percent: float) -> float:
    return min(max(float(percent or 0), 0.0), 100.0)


@register.inclusion_tag("_components/steps.html")
def steps(items: list[dict[str, Any]]) -> dict[str, Any]:
    """Show the steps of a process: name, detail, at, state (done, now or next)."""
    return {"items": items}


@register.inclusion_tag("_components/timeline.html")
def timeline(entries: list[dict[str, Any]]) -> dict[str, Any]:
    """Show what happened, newest first: at, text, note, url, by."""
    return {"entries": entries}


@register.inclusion_tag("_components/progress.html")
def progress(step: int, total: int) -> dict[str, Any]:
    """Say and draw which page of a worker's form this is."""
    width = 100 / total
    parts = [{"x": f"{n * width:.2f}", "on": n < step} for n in range(total)]
    return {"step": step, "total": total, "parts": parts, "width": f"{width - 1:.2f}"}


@register.inclusion_tag("_components/crumbs.html")
def crumbs(*parts: Text) -> dict[str, Any]:
    """Show the way here: address and label in turn, and the page's own name at the end."""
    pairs = zip(parts[0:-1:2], parts[1:-1:2], strict=True) if len(parts) > 1 else ()
    return {"pairs": [{"url": url, "label": label} for url, label in pairs], "here": parts[-1]}


@register.inclusion_tag("_components/tabs.html")
def tabs(items: list[dict[str, Any]], label: Text = "") -> dict[str, Any]:
    """Show tabs: label, url, count, current."""
    return {"items": items, "label": label}


@register.inclusion_tag("_components/token.html")
def token(label: Text, url: str) -> dict[str, Any]:
    """Show one filter in force; its cross opens `url`, the list without it."""
    return {"label": label, "url": url}


@register.inclusion_tag("_components/empty_state.html")
def empty_state(title: Text, text: Text = "", url: str = "", action: Text = "") -> dict[str, Any]:
    """Say what is not here, why it matters, and start it."""
    return {"title": title, "text": text, "url": url, "action": action}


@register.inclusion_tag("_components/job.html")
def job(
    *, title: Text, done: int = 0, total: int = 0, unit: Text = "", note: Text = ""
) -> dict[str, Any]:
    """Show long work: what, done of total, percent, what the reader may do meanwhile."""
    share = done * 100 // total if total else 0
    return {
        "title": title,
        "done": done,
        "total": total,
        "unit": unit,
        "note": note,
        "share": share,
    }


@register.inclusion_tag("_components/pager.html", takes_context=True)
def pager(context: template.Context, page: Any, text: Text = "") -> dict[str, Any]:
    """Lead through a keyset page: how many rows here, their order in words, back and on."""
    query = context["request"].GET
    return {
        "page": page,
        "text": text,
        "shown": len(page.rows),
        "next": _query(query, before=None, after=page.next) if page.next else "",
        "previous": _query(query, after=None, before=page.previous) if page.previous else "",
    }


@register.simple_tag(takes_context=True)
def qs(context: template.Context, **changes: Any) -> str:
    """Return the present query string with changes; None removes a parameter."""
    return _query(context["request"].GET, **changes)


def _query(current: Any, **changes: Any) -> str:
    query = current.copy()
    for name, value in changes.items():
        if value is None:
            query.pop(name, None)
        else:
            query[name] = value
    return f"?{query.urlencode()}"


@register.simple_tag
def field(bound: BoundField) -> SafeString:
    """Draw one field with label, hint, error and control."""
    return bound.render()


@register.simple_tag(takes_context=True)
def form_id(context: template.Context) -> SafeString:
    """Give a form its own id (kept when it is shown again), so that it is done once."""
    request = context.get("request")
    kept = request.POST.get("form_id", "") if request else ""
    return format_html('<input type="hidden" name="form_id" value="{}">', kept or new_id())


@register.inclusion_tag("_components/error_summary.html")
def error_summary(*forms: BaseForm | list[BaseForm]) -> dict[str, Any]:
    """List what must be corrected in these forms, with links to the fields; nothing when fine."""
    flat: list[BaseForm] = []
    for one in forms:
        flat.extend([one] if isinstance(one, BaseForm) else one)
    errors = [entry for form in flat for entry in _errors_of(form)]
    return {"errors": errors, "count": len(errors)}


def _errors_of(form: BaseForm) -> list[dict[str, str]]:
    if not form.is_bound:
        return []
    found = [{"anchor": "", "text": str(text)} for text in form.non_field_errors()]
    for bound in cast("Iterable[PortalBoundField]", form):
        found.extend({"anchor": bound.anchor, "text": _named(bound, t)} for t in bound.problems)
    return found


def _named(bound: BoundField, text: str) -> str:
    """Say which field an error is about, unless its words already do."""
    if str(bound.label) in text:
        return text
    return _("%(label)s: %(problem)s") % {"label": bound.label, "problem": text}


# ---- numbers, money, dates --------------------------------------------------------------------


@register.filter
def number(value: Any) -> str:
    """Write a number with commas: 118296 → 118,296; nothing → —."""
    return MISSING if value in (None, "") else f"{value:,}"


@register.filter
def percent(ratio: Any) -> str:
    """Write a ratio as percent with one decimal: 0.735 → 73.5%; nothing → —."""
    if ratio in (None, ""):
        return MISSING
    tenths = (Decimal(str(ratio)) * 100).quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)
    return f"{tenths}%"


@register.filter
def yuan(fen: Any, with_unit: str = "") -> str:
    """Write integer fen as yuan: 8630000 → 86,300.00, with "unit" also 元 or yuan."""
    if fen in (None, ""):
        return MISSING
    whole, rest = divmod(abs(fen), FEN_PER_YUAN)
    text = f"{'-' if fen < 0 else ''}{whole:,}.{rest:02d}"
    return pgettext("amount of money", "%s yuan") % text if with_unit else text


@register.simple_tag
def day(value: date | None, iso: bool = False) -> SafeString:
    """Write a day in the reader's language, or ISO for tables."""
    if value is None:
        return mark_safe(MISSING)  # noqa: S308 - a constant
    local = _local(value)
    plain = f"{local:%Y-%m-%d}"
    if iso:
        shown = plain
    elif _is_english():
        shown = f"{local.day} {MONTHS[local.month]} {local.year}"
    else:
        shown = f"{local.year}年{local.month}月{local.day}日"
    return format_html('<time datetime="{}">{}</time>', plain, shown)


@register.simple_tag
def moment(value: datetime | None, iso: bool = False) -> SafeString:
    """Write a day and clock time in the reader's language, or ISO for tables."""
    if value is None:
        return mark_safe(MISSING)  # noqa: S308 - a constant
    local = _local(value)
    # The year is said only when it is not this one.
    year = "" if local.year == timezone.localdate().year else str(local.year)
    if iso:
        shown = f"{local:%Y-%m-%d %H:%M}"
    elif _is_english():
        shown = f"{local.day} {str(MONTHS_3[local.month]).title()} {year} {local:%H:%M}".replace(
            "  ", " "
        )
    else:
        shown = f"{year}{'年' if year else ''}{local.month}月{local.day}日 {local:%H:%M}"
    return format_html('<time datetime="{}">{}</time>', local.isoformat(), shown)


def _local(value: Any) -> Any:
    return timezone.localtime(value) if isinstance(value, datetime) else value


def _is_english() -> bool:
    return (translation.get_language() or "").startswith("en")


# ---- masked values ----------------------------------------------------------------------------


def _masked(shown: str) -> SafeString:
    """Wrap a masked value; the hidden run is set apart so that it can be drawn lighter."""
    first, last = shown.find(masking.STAR), shown.rfind(masking.STAR)
    if first < 0:
        return format_html('<span class="up-mask">{}</span>', shown)
    return format_html(
        '<span class="up-mask">{}<span class="dots">{}</span>{}</span>',
        shown[:first],
        shown[first : last + 1],
        shown[last + 1 :],
    )


@register.filter
def mask_name(value: str | None) -> SafeString:
    return _masked(masking.mask_name(value) if value else MISSING)


@register.filter
def mask_id(value: str | None) -> SafeString:
    return _masked(masking.mask_id(value) if value else MISSING)


@register.filter
def mask_phone(value: str | None) -> SafeString:
    return _masked(masking.mask_phone(value) if value else MISSING)


@register.filter
def mask_card(value: str | None) -> SafeString:
    return _masked(f"**** {masking.mask_card(value)}" if value else MISSING)


@register.filter
def mask_plate(value: str | None) -> SafeString:
    return _masked(masking.mask_plate(value) if value else MISSING)


@register.filter
def has_page(nav: Any, url: str) -> bool:
    """Say whether the reader's navigation holds the page at `url`."""
    return any(link.url == url for section in nav for link in section.links)
