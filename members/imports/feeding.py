"""Take pages of members from a head office's own system (domain.md 1.1, the courier's tiers).

A page goes through the import engine: the same reading, the same verdicts, the same undo. Nobody
confirms it: the head office answers for its members, and here they are read only.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from members.actions import memberships
from members.actions.candidates import person_index
from members.actions.rights import require_units
from members.actions.structure import refuse_future
from members.imports import loading, texts
from members.imports.actions import CONTENT_TYPES, KEPT_FOR, RIGHTS
from members.imports.columns import LAYOUTS, TITLES
from members.imports.preview import make_preview
from members.models import ImportBatch, Membership, UnionUnit
from members.models.people import IdType
from members.queries.people import under_number
from members.states import ImportKind, ImportState, Verdict
from unionportal.core import audit, files
from unionportal.core.actors import ServiceActor
from unionportal.core.errors import Refused
from unionportal.core.models import User
from unionportal.core.transitions import move

FEEDS = ServiceActor("feeds")
FIELDS = LAYOUTS[ImportKind.REGISTRY].data
MOST = 1_000
FIRST_ROW = 2  # the row below the titles
LEAVINGS = ("resign", "move_away", "record_death")


@dataclass(frozen=True, kw_only=True)
class Leaver:
    """Somebody who is no member any more, named by number of the member or of the ID card."""

    how: str
    ended_on: date
    member_no: str = ""
    id_number: str = ""


@dataclass(frozen=True, kw_only=True)
class Page:
    """What the head office says: its members of a day (new or changed), and who left."""

    as_of: date
    members: Sequence[Mapping[str, str]] = ()
    left: Sequence[Leaver] = ()


@dataclass(frozen=True)
class Received:
    """The import that took the members, and a (verdict, reasons) for each row in its order."""

    batch: ImportBatch | None
    members: list[tuple[str, list[str]]]
    left: list[tuple[str, list[str]]]


@transaction.atomic
def receive(*, by: User, unit: UnionUnit, page: Page) -> Received:
    """Bring the members of an external `unit` to what `page` says; the same page changes nothing.

    Raises `Refused` (`not_external`, `empty_page`, `page_too_long`, `future`), `NotAllowed`. What
    is wrong with one person is said in that row's verdict.
    """
    require_units(by, RIGHTS[ImportKind.FEED], [unit.pk])
    refuse_future(page.as_of, "as_of")
    with connection.cursor() as cursor:
        cursor.execute(loading.LOCK)  # before any unit, as every load
    # Two pages at once: one after the other.
    locked = UnionUnit.objects.select_for_update(no_key=True, of=("self",)).get(pk=unit.pk)
    _check(locked, page)
    batch = _import(by, locked, page) if page.members else None
    rows = _verdicts(batch) if batch else []
    left = [_leave(by, locked, leaver) for leaver in page.left]
    audit.record(
        by=by, verb="unit.feed_members", target=locked,
        data={"members": len(rows), "left": sum(verdict == "left" for verdict, _why in left)},
    )  # fmt: skip
    return Received(batch, rows, left)


def _check(unit: UnionUnit, page: Page) -> None:
    if not unit.is_external:
        raise Refused(
            _("The members of “%(unit)s” are kept here, not by its own system.")
            % {"unit": unit.name},
            code="not_external",
            field="unit",
        )
    size = len(page.members) + len(page.left)
    if not size:
        raise Refused(_("The page names nobody."), code="empty_page", field="members")
    if size > MOST:
        raise Refused(
            _("A page has at most %(most)d people. Send several pages.") % {"most": MOST},
            code="page_too_long",
            field="members",
        )


def _digest(page: Page, content: bytes, place: int) -> str:
    """Return the digest of a page that comes at `place` among those of its unit."""
    return hashlib.sha256(f"{place} {page.as_of.isoformat()} ".encode() + content).hexdigest()


def _import(by: User, unit: UnionUnit, page: Page) -> ImportBatch:
    content = _as_file(page.members)
    pages = ImportBatch.objects.filter(kind=ImportKind.FEED, unit=unit)
    count, newest = pages.count(), pages.order_by("-pk").first()
    # Only the page taken last is the same page: one that another page followed may say it anew.
    is_again = newest is not None and newest.file_sha256 == _digest(page, content, count - 1)
    if newest is not None and is_again and newest.state == ImportState.DONE:
        return newest
    digest = _digest(page, content, count)
    batch = ImportBatch.objects.create(
        kind=ImportKind.FEED,
        unit=unit,
        file=files.store(
            content, by=by, kind="roster", name=f"{page.as_of.isoformat()}.csv",
            content_type=CONTENT_TYPES["csv"], keep_for=KEPT_FOR,
        ),
        file_sha256=digest,
        layout={"titles": [], "columns": {}},
        counts={**dict.fromkeys((*Verdict, "written"), 0), "rows": len(page.members)},
        created_by=by,
    )  # fmt: skip
    make_preview(batch=batch, report=_in_silence)
    batch.refresh_from_db()
    if batch.state == ImportState.FAILED:
        raise Refused(batch.error, code="unreadable", field="members")
    move(batch, "confirm", by=by, confirmed_by=by, confirmed_at=timezone.now())
    loading.load(by=by, batch=batch, report=_in_silence)
    return batch


def _in_silence(*, done: int, total: int | None = None) -> None:
    """Nobody watches: the answer tells it all."""


def _as_file(members: Sequence[Mapping[str, str]]) -> bytes:
    """Return the rows as the file a register would come in."""
    made = io.StringIO()
    writer = csv.writer(made)
    writer.writerow([TITLES[name][0] for name in FIELDS])
    writer.writerows([member.get(name, "") for name in FIELDS] for member in members)
    return made.getvalue().encode()


def _verdicts(batch: ImportBatch) -> list[tuple[str, list[str]]]:
    rows = batch.rows.order_by("number").values_list("verdict", "problems")
    return [(verdict, [texts.reason(one) for one in problems]) for verdict, problems in rows]


def _leave(by: User, unit: UnionUnit, leaver: Leaver) -> tuple[str, list[str]]:
    found = _fed_membership(unit, leaver)
    if found is None:
        return "unknown", [_("No member of this union has this number.")]
    if found.ended_on is not None:
        return Verdict.UNCHANGED.value, []
    try:
        with transaction.atomic():
            memberships.close(
                membership=found, verb=leaver.how, by=FEEDS, ended_on=leaver.ended_on,
                reason="feed",
            )  # fmt: skip
    except Refused as refusal:
        return Verdict.REJECTED.value, [str(refusal.message)]
    return "left", []


def _fed_membership(unit: UnionUnit, leaver: Leaver) -> Membership | None:
    """Return the membership in the head office's branch: the open one, or the last that ended."""
    rows = Membership.objects.filter(
        unit__path__startswith=unit.path, unit__is_external=True
    ).exclude(state="annulled")
    if leaver.member_no:
        rows = rows.filter(member_no=leaver.member_no)
    else:
        index = person_index(IdType.CITIZEN, leaver.id_number.strip().upper())
        rows = rows.filter(under_number(index, prefix="person__"))
    return rows.order_by("-ended_on", "-joined_on").select_related("unit").first()
