"""The members' kinds of data in the retention schedule (domain.md section 5)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from members.actions.anonymising import anonymise_applications, anonymise_person
from members.actions.forgetting import empty_rows
from members.models import Application, ImportBatch, ImportRow, Membership, Person
from members.states import (
    OPEN_APPLICATION,
    OPEN_MEMBERSHIP,
    ApplicationState,
    ImportState,
)
from unionportal.core import files, retention
from unionportal.core.actors import SYSTEM
from unionportal.core.models import Attachment
from unionportal.core.retention import Topic
from unionportal.core.transitions import move

CHUNK = 200
IMPORT_ROWS = "import_rows"
DECLINED = (ApplicationState.REJECTED, ApplicationState.WITHDRAWN)
READ_IMPORT = (
    ImportState.DONE,
    ImportState.FAILED,
    ImportState.CANCELLED,
    ImportState.UNDONE,
)
FIVE_YEARS = 1_826


def declined_applications(cutoff: datetime) -> QuerySet[Application]:
    """Refused and withdrawn applications closed before `cutoff` that still say who it was."""
    return Application.objects.filter(state__in=DECLINED, closed_at__lt=cutoff).exclude(name="")


def import_files(cutoff: datetime) -> QuerySet[Attachment]:
    """Uploaded rosters older than `cutoff` whose content is still stored."""
    return Attachment.objects.filter(kind="roster", created_at__lt=cutoff, dropped_at__isnull=True)


def import_rows(cutoff: datetime) -> QuerySet[ImportRow]:
    """Rows of imports finished before `cutoff` that still hold what was typed.

    A written import can be taken back for as long: the days count from its confirmation.
    """
    since = Coalesce("confirmed_at", "created_at")
    old = ImportBatch.objects.annotate(since=since).filter(since__lt=cutoff, state__in=READ_IMPORT)
    return ImportRow.objects.filter(batch__in=old).filter(
        ~Q(name_masked="") | ~Q(id_masked="") | Q(id_index__isnull=False)
    )


def waiting_imports(cutoff: datetime) -> QuerySet[ImportBatch]:
    """Imports uploaded before `cutoff` that nobody confirmed."""
    waiting = (ImportState.MAPPING, ImportState.UPLOADED, ImportState.PREVIEWED)
    return ImportBatch.objects.filter(state__in=waiting, created_at__lt=cutoff)


def _drop_rows(cutoff: datetime) -> int:
    """Empty the rows of old imports; one that still waits for its confirmation is dropped."""
    for batch in waiting_imports(cutoff):
        with transaction.atomic():
            ImportRow.objects.filter(batch=batch).delete()
            move(batch, "cancel", by=SYSTEM)
    return _in_chunks(import_rows(cutoff), _empty_rows)


def former_members(cutoff: datetime) -> QuerySet[Person]:
    """People whose last membership ended before `cutoff`, annulled ones by when they were made."""
    day = timezone.localtime(cutoff).date()
    still = Membership.objects.filter(Q(state__in=OPEN_MEMBERSHIP) | Q(ended_on__gte=day))
    waiting = Application.objects.filter(state__in=OPEN_APPLICATION)
    ended = Membership.objects.exclude(state__in=OPEN_MEMBERSHIP).filter(ended_on__lt=day)
    return (
        Person.objects.filter(
            anonymised_at__isnull=True, pk__in=ended.order_by().values("person_id")
        )
        .exclude(pk__in=still.order_by().values("person_id"))
        .exclude(id_index__in=waiting.order_by().values("id_index"))
    )


def _in_chunks(
    rows: QuerySet[Application] | QuerySet[Person] | QuerySet[ImportRow],
    drop: Callable[[list[UUID]], int],
) -> int:
    """Drop `rows` portion by portion, each in a transaction of its own; return how many."""
    count = 0
    ordered: QuerySet[Any] = rows.order_by("pk")
    while ids := list(ordered.values_list("pk", flat=True)[:CHUNK]):
        with transaction.atomic():
            done = drop(ids)
        count += done
        if not done:
            break
    return count


def _empty_rows(ids: list[UUID]) -> int:
    return empty_rows(Q(pk__in=ids))


def _forget(ids: list[UUID]) -> int:
    people = Person.objects.filter(pk__in=ids).order_by("pk")
    for person in people:
        anonymise_person(person=person, by=SYSTEM, reason="retention")
    return len(people)


def register() -> None:
    """Add the topics to the schedule."""
    retention.register(Topic(
        code="applications", label=_("Applications not approved"), default_days=180,
        words=_("Name, numbers and papers are removed; unit, days and outcome stay."),
        due=lambda cutoff: declined_applications(cutoff).count(),
        drop=lambda cutoff: _in_chunks(declined_applications(cutoff), anonymise_applications),
    ))  # fmt: skip
    retention.register(Topic(
        code="import_files", label=_("Uploaded rosters"), default_days=30,
        words=_("The file is destroyed; counts of the import stay."),
        due=lambda cutoff: import_files(cutoff).count(),
        drop=lambda cutoff: files.drop(import_files(cutoff)),
    ))  # fmt: skip
    retention.register(Topic(
        code=IMPORT_ROWS, label=_("Rows of rosters"), default_days=30,
        words=_("What was read from the file is emptied; the verdict of each row stays."),
        due=lambda cutoff: import_rows(cutoff).count() + waiting_imports(cutoff).count(),
        drop=_drop_rows,
    ))  # fmt: skip
    retention.register(Topic(
        code="former_members", label=_("Ended memberships"), default_days=FIVE_YEARS,
        minimum_days=365,
        words=_("The person's identity is removed; counts of past days and the money ledger stay."),
        due=lambda cutoff: former_members(cutoff).count(),
        drop=lambda cutoff: _in_chunks(former_members(cutoff), _forget),
    ))  # fmt: skip
