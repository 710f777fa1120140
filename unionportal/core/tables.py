"""The base of every HTML table: design.md section 4 as column classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import django_tables2 as tables
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from unionportal.core.templatetags import portal

NUMERIC = {"th": {"class": "num"}, "td": {"class": "num"}}
MISSING = "—"


@dataclass(frozen=True)
class Empty:
    """What a list says when nothing is in it, and the page that starts something."""

    title: str | Promise
    text: str | Promise = ""
    url: str = ""
    action: str | Promise = ""


class PortalTable(tables.Table):  # type: ignore[misc]
    """A table in the portal's look; rows come from a keyset page, so it does not sort or page."""

    FIRST = {"a": {"class": "strong nowrap"}}

    class Meta:
        """For `class Meta(PortalTable.Meta)`; a table without a Meta looks the same."""

    def __init__(self, *args: Any, empty: Empty | None = None, **kwargs: Any) -> None:
        look = {
            "template_name": "_components/table.html",
            "orderable": False,
            "default": MISSING,
            "attrs": self._meta.attrs or {"class": "up-table stack"},
        }
        # Given a request, the library would page and sort the rows once more, by its own rules.
        request = kwargs.pop("request", None)
        super().__init__(*args, **{**look, **kwargs})
        self.request = request
        self.empty = empty or Empty(_("Nothing here yet"))


class NumberColumn(tables.Column):  # type: ignore[misc]
    """A whole number with commas, right-aligned."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"attrs": NUMERIC, **kwargs})

    def render(self, value: Any) -> str:
        return portal.number(value)


class MoneyColumn(NumberColumn):
    """Integer fen shown as yuan with two decimals; write the unit in the head."""

    def render(self, value: Any) -> str:
        return portal.yuan(value)


class PercentColumn(NumberColumn):
    """A ratio (0.735) shown as 73.5%."""

    def render(self, value: Any) -> str:
        return portal.percent(value)


class DayColumn(tables.Column):  # type: ignore[misc]
    """A day, ISO in tables."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"attrs": {"td": {"class": "nowrap num-left"}}, **kwargs})

    def render(self, value: Any) -> SafeString:
        return portal.day(value, iso=True)


class MomentColumn(DayColumn):
    """A day and a clock time, ISO in tables."""

    def render(self, value: Any) -> SafeString:
        return portal.moment(value, iso=True)


class StateColumn(tables.Column):  # type: ignore[misc]
    """A state as icon and word. `kinds` maps the value to ok, move, wait, bad, rest or unknown."""

    def __init__(self, *args: Any, kinds: dict[Any, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kinds = kinds

    def render(self, value: Any, record: Any, bound_column: Any) -> SafeString:
        label = getattr(record, f"get_{bound_column.accessor}_display", None)
        raw = getattr(record, str(bound_column.accessor), value)
        return portal.state(self.kinds.get(raw, "unknown"), label() if label else value)


class MaskColumn(tables.Column):  # type: ignore[misc]
    """A personal value, masked: `kind` is name, id, phone, card or plate."""

    def __init__(self, *args: Any, kind: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.mask = getattr(portal, f"mask_{kind}")

    def render(self, value: Any) -> SafeString:
        return cast("SafeString", self.mask(value))


class PickColumn(tables.Column):  # type: ignore[misc]
    """A checkbox a row, belonging to the bulk form with id `form`; posts the row's pk as `name`."""

    empty_values = ()

    def __init__(self, *args: Any, form: str = "bulk", name: str = "pick", **kwargs: Any) -> None:
        side = {"class": "pick"}
        super().__init__(*args, **{"attrs": {"th": side, "td": side}, **kwargs})
        self.form, self.input_name = form, name

    @property
    def header(self) -> SafeString:
        return format_html(
            '<input type="checkbox" class="form-check-input" form="{}" data-union-pick-all'
            ' aria-label="{}"><span class="words" aria-hidden="true">{}</span>',
            self.form,
            _("Pick this page"),
            _("Pick this page"),
        )

    def render(self, record: Any) -> SafeString:
        return format_html(
            '<input type="checkbox" class="form-check-input" name="{}" value="{}" form="{}"'
            ' aria-label="{}">',
            self.input_name,
            record.pk,
            self.form,
            record,
        )
