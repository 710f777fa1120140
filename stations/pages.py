"""What the pages of service points show, put together from the record."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django import forms
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from stations.models import WEEKDAYS, ServicePoint, clock
from stations.rules import WeekSpan, join_spans
from stations.states import POINT_MACHINE
from unionportal.core.models import AuditEvent
from unionportal.core.roles import Permission
from unionportal.core.transitions import buttons_for

if TYPE_CHECKING:
    from unionportal.core.scope import AnyUser

# verb: the button, what the button says more, what was done
VERBS = {
    "apply": (
        gettext_lazy("Apply for it"),
        pgettext_lazy("done to a service point", "Applied for"),
    ),
    "accept": (gettext_lazy("Accept"), pgettext_lazy("done to a service point", "Accepted")),
    "reject": (gettext_lazy("Reject"), pgettext_lazy("done to a service point", "Rejected")),
    "publish": (gettext_lazy("Publish"), gettext_lazy("Published: workers see it now")),
    "suspend": (gettext_lazy("Suspend"), gettext_lazy("Suspended: workers do not see it")),
    "resume": (gettext_lazy("Publish again"), gettext_lazy("Published again: workers see it now")),
    "close": (gettext_lazy("Close down"), pgettext_lazy("done to a service point", "Closed down")),
}
OTHER_EVENTS = {
    "record": pgettext_lazy("done to a service point", "Recorded"),
    "edit": pgettext_lazy("done to a service point", "Corrected"),
    "rate": pgettext_lazy("stars of a service point", "Rated"),
    "holiday": gettext_lazy("A day got its own hours"),
    "holiday_drop": gettext_lazy("A day lost its own hours"),
}
RISKY = {"reject", "suspend", "close"}
DATED = {"apply", "accept", "publish", "close"}


def step_buttons(user: AnyUser, point: ServicePoint) -> list[dict[str, Any]]:
    """Return the steps `user` may take here: verb, label, whether it asks a day or a reason."""
    held = [
        right
        for right in (Permission.RECORD_STATION, Permission.ACCEPT_STATION)
        if ServicePoint.objects.visible_to(user, right).filter(pk=point.pk).exists()
    ]
    return [
        {
            "verb": verb,
            "label": VERBS[verb][0],
            "needs_reason": POINT_MACHINE.step(verb, point.state).needs_reason,
            "is_risky": verb in RISKY,
            "asks_day": verb in DATED,
        }
        for verb in buttons_for(point, held)
    ]


def done_words(point: ServicePoint, verb: str) -> str:
    return _("%(name)s (%(number)s): %(done)s") % {
        "name": point.name, "number": point.number, "done": VERBS[verb][1],
    }  # fmt: skip


def timeline_of(point: ServicePoint) -> list[dict[str, Any]]:
    """Return what happened to the point, newest first, from the audit log."""
    rows = AuditEvent.objects.filter(
        target_type=ServicePoint._meta.label_lower, target_id=str(point.pk)
    )
    return [
        {"at": row.at, "text": _event_text(row.verb), "note": row.reason, "by": row.actor_label}
        for row in rows.order_by("-id")[:50]
    ]


def _event_text(verb: str) -> str:
    name = verb.partition(".")[2]
    return str(VERBS[name][1] if name in VERBS else OTHER_EVENTS.get(name, verb))


def week_rows(point: ServicePoint, today: dt.date | None = None) -> list[dict[str, Any]]:
    """Return the seven days with their spans as written, for the hours table."""
    spans = [WeekSpan(row.weekday, row.opens, row.closes) for row in point.hours.all()]
    by_day = join_spans(spans)
    return [
        {
            "day": name,
            "is_today": today is not None and today.weekday() == number,
            "spans": [f"{clock(one.opens)}–{clock(one.closes)}" for one in by_day[number]],
        }
        for number, name in WEEKDAYS
    ]


def current_values(form: forms.Form, now: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return (label, what is recorded now, what was typed) of every field that differs."""
    found = []
    for name, field in form.fields.items():
        recorded, typed = _texts(now.get(name)), _texts(form[name].value())
        if name != "version" and recorded != typed:
            found.append((str(field.label), _shown(field, recorded), _shown(field, typed)))
    return found


def _texts(value: Any) -> list[str]:
    """Return a value as a browser would post it."""
    if isinstance(value, models.Model):
        return [str(value.pk)]
    if isinstance(value, list | tuple):
        return sorted(str(one) for one in value)
    return [] if value in (None, "", False) else [str(value)]


def _shown(field: forms.Field, texts: list[str]) -> str:
    labels = {str(code): str(label) for code, label in getattr(field, "choices", ())}
    return ", ".join(labels.get(text, text) for text in texts) or "—"
