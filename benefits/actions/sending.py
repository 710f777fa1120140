"""Reconcile-only mode: after a restore no payment leaves before the bank was asked about all of it.

A restored database does not know what was sent after its backup. It is recognised by its mark (the
server's identity, its timeline, the table's own number), which no restore keeps. What the bank's
record shows as paid is never sent again: its line ends by that record (security.md 3.3).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from benefits.actions.lines import NewEvidence, add_evidence, settle
from benefits.actions.rights import finance_person
from benefits.models import DayRecord, Difference, PayoutLine, SendingLock
from benefits.states.matching import DifferenceKind, RecordSource
from benefits.states.payouts import AT_THE_BANK, Channel, EvidenceSource, Outcome
from unionportal.core import alerts, audit
from unionportal.core.actors import SYSTEM
from unionportal.core.errors import NotAllowed, Refused
from unionportal.core.models import AuditEvent

if TYPE_CHECKING:
    from unionportal.core.actors import ServiceActor
    from unionportal.core.models import User

RESTORED = gettext_lazy("The database was restored from a backup")
MARK = """
SELECT concat_ws('/', (SELECT system_identifier FROM pg_control_system()),
    (SELECT timeline_id FROM pg_control_checkpoint()), 'benefits_payoutline'::regclass::oid)"""
KNOWN = """
SELECT l.id, l.order_no, r.serial, r.text, d.source
FROM benefits_payoutline l
JOIN benefits_recordline r ON r.order_no = l.order_no AND NOT r.is_return
JOIN benefits_dayrecord d ON d.id = r.record_id
WHERE l.id = ANY(%s) AND NOT EXISTS (
    SELECT 1 FROM benefits_recordline back WHERE back.order_no = l.order_no AND back.is_return)"""


def current_mark() -> str:
    """Return what names this database; a restore of any kind gives another."""
    with connection.cursor() as cursor:
        cursor.execute(MARK)
        return str(cursor.fetchone()[0])


def look() -> SendingLock | None:
    """Lock sending when this is a restored database; return the open lock, if any."""
    newest = SendingLock.objects.order_by("-locked_at", "-pk").first()
    mark = current_mark()
    if newest is None:
        SendingLock.objects.create(
            mark=mark, since=timezone.localdate(), reason="", lifted_at=timezone.now()
        )
        return None
    if newest.mark != mark:
        return lock(reason=str(RESTORED))
    return newest if newest.lifted_at is None else None


@transaction.atomic
def lock(*, reason: str, by: User | ServiceActor = SYSTEM) -> SendingLock:
    """Put the portal into reconcile-only mode and raise an alert; a lock that is open stays."""
    mark = current_mark()
    known = AuditEvent.objects.aggregate(last=Max("at"))["last"] or timezone.now()
    made, is_new = SendingLock.objects.get_or_create(
        mark=mark, lifted_at=None,
        defaults={"since": timezone.localtime(known).date(), "reason": reason[:200]},
    )  # fmt: skip
    if is_new:
        audit.record(by=by, verb="sending.lock", target=made, reason=reason[:200])
        alerts.alert_once("sending_locked", by=by, target=made)
    return made


def is_locked() -> bool:
    """Say whether payments must stay; every sender asks this in its claiming transaction."""
    return look() is not None


def require_open() -> None:
    """Raise `Refused` in reconcile-only mode."""
    if is_locked():
        raise Refused(
            _("Sending is locked until the bank was asked about everything since the restore."),
            code="reconcile_only",
        )


def obstacles(held: SendingLock, *, today: date | None = None) -> list[str | Promise]:
    """Return what is still to be done before sending may begin again, in words; [] when nothing."""
    found: list[str | Promise] = []
    last = today or timezone.localdate()
    days = {held.since + timedelta(days=n) for n in range((last - held.since).days + 1)}
    matched = DayRecord.objects.filter(
        source=RecordSource.STATEMENT, channel=Channel.BANK_FILE, matched_at__gte=held.locked_at
    )
    if missing := sorted(days - set(matched.values_list("day", flat=True))):
        text = _("Bring the bank statement of %(days)s, and match it.")
        found.append(text % {"days": ", ".join(f"{day:%Y-%m-%d}" for day in missing[:10])})
    doubtful = PayoutLine.objects.filter(state__in=AT_THE_BANK, sending_at__lt=held.locked_at)
    if count := doubtful.count():
        text = ngettext("%(n)d line has no end yet.", "%(n)d lines have no end yet.", count)
        found.append(text % {"n": count})
    waiting = Difference.objects.waiting().exclude(kind=DifferenceKind.UNATTRIBUTED)
    if count := waiting.count():
        text = ngettext("%(n)d difference is open.", "%(n)d differences are open.", count)
        found.append(text % {"n": count})
    return found


@transaction.atomic
def ask(*, by: User, held: SendingLock) -> SendingLock:
    """Ask that sending begins again; raise `Refused` while something is still to be done."""
    key = finance_person(by)
    locked = SendingLock.objects.select_for_update(of=("self",)).get(pk=held.pk)
    if left := obstacles(locked):
        raise Refused(" ".join(str(one) for one in left), code="not_reconciled")
    SendingLock.objects.filter(pk=locked.pk, lifted_at=None).update(asked_by=by, asked_key=key)
    audit.record(by=by, verb="sending.ask", target=locked)
    return locked


@transaction.atomic
def lift(*, by: User, held: SendingLock) -> SendingLock:
    """Let payments leave again, as a second person; raises `NotAllowed`, `Refused`."""
    key = finance_person(by)
    locked = SendingLock.objects.select_for_update(of=("self",)).get(pk=held.pk)
    if locked.asked_key is None:
        raise Refused(_("Nobody asked for it yet."), code="not_asked")
    if key == locked.asked_key:
        raise NotAllowed(_("You asked for it. Another person must agree."), code="own")
    if left := obstacles(locked):
        raise Refused(" ".join(str(one) for one in left), code="not_reconciled")
    SendingLock.objects.filter(pk=locked.pk, lifted_at=None).update(
        lifted_by=by, lifted_key=key, lifted_at=timezone.now()
    )
    audit.record(by=by, verb="sending.lift", target=locked)
    return locked


def end_by_record(line_ids: Collection[UUID], *, by: User | ServiceActor) -> int:
    """End the lines that a record of the bank shows as paid, so that they never leave again.

    Call it inside the transaction that would send them; return how many. An order made again
    after a restore carries its old number, and the statement knows it.
    """
    with connection.cursor() as cursor:
        cursor.execute(KNOWN, [list(line_ids)])
        rows = cursor.fetchall()
    if not rows:
        return 0
    sources = {RecordSource.STATEMENT: EvidenceSource.STATEMENT}
    add_evidence(
        [
            NewEvidence(
                line_id=pk, source=sources.get(source, EvidenceSource.BILL),
                event_id=f"{order_no} {serial}"[:80], outcome=Outcome.SUCCESS,
                told=(order_no, serial), bank_text=text, bank_serial=serial,
            )
            for pk, order_no, serial, text, source in rows
        ]
    )  # fmt: skip
    ended = {row[0] for row in rows}
    settle(ended, by=by)
    return len(ended)
