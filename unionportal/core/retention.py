"""The retention schedule: what is kept how long, what is due, and the nightly run that drops it.

An app registers a topic beside the data it speaks of. Terms are dated (`RetentionTerm`); until one
is set the topic's own default holds. Rule: domain.md section 5, PIPL 19 and 47.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from unionportal.core import audit
from unionportal.core.actors import SYSTEM, ServiceActor
from unionportal.core.errors import NotAllowed, Refused
from unionportal.core.models import RetentionTerm
from unionportal.core.roles import Permission, has_permission

if TYPE_CHECKING:
    from unionportal.core.models import User

LONGEST = 36_525  # a hundred years
Count = Callable[[datetime], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A kind of data. `due` counts what a run before `cutoff` would drop, `drop` does it.

    `drop` is safe to repeat and commits as it goes, so that a killed run goes on where it was.
    """

    code: str
    label: str | Promise
    words: str | Promise
    default_days: int
    due: Count
    drop: Count
    minimum_days: int = 1


@dataclass(frozen=True, slots=True)
class Line:
    """One topic today: its term, since when, how many rows are due."""

    topic: Topic
    days: int
    since: date | None
    due: int


_topics: dict[str, Topic] = {}


def register(topic: Topic) -> Topic:
    """Add a topic; a second one of the same code replaces the first."""
    _topics[topic.code] = topic
    return topic


def topics() -> list[Topic]:
    return [_topics[code] for code in sorted(_topics)]


def term_of(topic: Topic, day: date | None = None) -> tuple[int, date | None]:
    """Return the days in force on `day` (default today) and since when; None = the default."""
    day = day or timezone.localdate()
    newest = (
        RetentionTerm.objects.filter(topic=topic.code, started_on__lte=day)
        .order_by("-started_on")
        .first()
    )
    return (newest.days, newest.started_on) if newest else (topic.default_days, None)


def cutoff_of(days: int, day: date | None = None) -> datetime:
    """Return the moment before which a purpose must have ended: midnight, `days` ago."""
    first = (day or timezone.localdate()) - timedelta(days=days)
    return timezone.make_aware(datetime.combine(first, time.min))


def schedule() -> list[Line]:
    """Return every topic with what is due now: the dry run. One count a topic."""
    lines = []
    for topic in topics():
        days, since = term_of(topic)
        lines.append(Line(topic, days, since, topic.due(cutoff_of(days))))
    return lines


def run(*, by: User | ServiceActor = SYSTEM) -> dict[str, int]:
    """Drop what is due, topic by topic; return how many of each. One audit row a topic."""
    dropped: dict[str, int] = {}
    for topic in topics():
        days, _since = term_of(topic)
        count = topic.drop(cutoff_of(days))
        dropped[topic.code] = count
        if count:
            data = {"count": count, "days": days}
            audit.record_fact(by=by, verb="retention.drop", subject=topic.code, data=data)
    return dropped


@transaction.atomic
def set_term(*, by: User, code: str, days: int, started_on: date, reason: str) -> RetentionTerm:
    """Set the days a topic is kept from `started_on` (today or later) on.

    Raises `NotAllowed`, `Refused`: `unknown_topic`, `too_short` (the law's least), `too_long`,
    `past_day`, `term_set` when that day has a term already.
    """
    if not has_permission(by, Permission.MANAGE_RETENTION):
        raise NotAllowed(_("Your role does not change how long data is kept."))
    topic = _topics.get(code)
    if topic is None:
        raise Refused(_("There is no such kind of data."), code="unknown_topic", field="topic")
    _check(topic, days, started_on)
    try:
        with transaction.atomic():
            term = RetentionTerm.objects.create(
                topic=code, days=days, started_on=started_on, reason=reason.strip()[:200],
                set_by=by,
            )  # fmt: skip
    except IntegrityError as error:
        raise Refused(
            _("A term from this day on is set already."), code="term_set", field="started_on"
        ) from error
    audit.record(by=by, verb="retention.set", target=term, reason=reason,
                 data={"topic": code, "days": days})  # fmt: skip
    return term


def _check(topic: Topic, days: int, started_on: date) -> None:
    if days < topic.minimum_days:
        raise Refused(
            _("This must be kept for at least %(days)d days.") % {"days": topic.minimum_days},
            code="too_short",
            field="days",
        )
    if days > LONGEST:
        raise Refused(
            _("At most %(days)d days.") % {"days": LONGEST}, code="too_long", field="days"
        )
    if started_on < timezone.localdate():
        raise Refused(
            _("A term begins today or later; the past stays as it was."),
            code="past_day",
            field="started_on",
        )
