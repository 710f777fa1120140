"""Ask the bank for cards, and apply what it answers about them (domain.md 2.3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from benefits import outbound, profiles
from benefits.actions import bankfiles, cards
from benefits.actions.rights import require
from benefits.inbound import Problem, Quarantine, refusal_handler
from benefits.models import BankFile, CardRequestLine, MemberCard
from benefits.profiles.rows import CardRequest, CardRow
from benefits.states.cards import (
    CardEventKind,
    CardState,
    Direction,
    FileKind,
    FileState,
    Transport,
)
from unionportal.core import audit, reveal
from unionportal.core.actors import BANK
from unionportal.core.errors import Refused
from unionportal.core.roles import Permission
from unionportal.core.transitions import move_all
from unionportal.core.wake import wake

if TYPE_CHECKING:
    from unionportal.core.actors import ServiceActor
    from unionportal.core.models import User

NUMBER_LOCK = 0x43415244


@transaction.atomic
def build_request(*, by: User, transport: Transport = Transport.FOLDER) -> BankFile:
    """Put the waiting cards on a request file; it goes to the folder by itself, or is downloaded.

    Cards whose name the bank's file cannot carry stay waiting. Raises `NotAllowed`, and `Refused`
    when no card waits.
    """
    require(by, Permission.MANAGE_CARDS)
    profile = profiles.current()
    fitting = _fitting(profile.most_lines)
    if not fitting:
        raise Refused(_("No card waits to be requested."), code="nothing_waits")
    number = _next_number()
    file = BankFile(
        direction=Direction.OUT, kind=FileKind.CARD_REQUEST, number=number, profile=profile.name,
        name=profile.file_name(FileKind.CARD_REQUEST, number), line_count=len(fitting),
        state=FileState.READY, transport=transport, created_at=timezone.now(), created_by=by,
    )  # fmt: skip
    lines = [_line(file, seq, card) for seq, card in enumerate(fitting, start=1)]
    file.sha256 = outbound.digest(_render(file, lines))
    file.save(force_insert=True)
    CardRequestLine.objects.bulk_create(lines)
    for line in lines:
        line.card.request_file, line.card.request_seq = file, line.seq
    MemberCard.objects.bulk_update(fitting, ["request_file", "request_seq"], batch_size=500)
    audit.record(by=by, verb="bank_file.build", target=file, data={"lines": len(lines)})
    wake("benefits.send_batches")
    return file


def _fitting(most: int) -> list[MemberCard]:
    """Lock the cards that waited longest, of those the bank's file can carry."""
    can_carry = profiles.current().can_carry
    waiting = MemberCard.objects.requestable().order_by("requested_at", "pk")
    names = waiting.values_list("pk", "person__name")
    ids = [pk for pk, name in names.iterator() if can_carry(name)][:most]
    locked = waiting.select_related("person").select_for_update(of=("self",), skip_locked=True)
    return [card for card in locked.filter(pk__in=ids) if can_carry(card.person.name)]


def _next_number() -> str:
    """Return CRyyyymmddNNN, one at a time."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [NUMBER_LOCK])
    stem = f"CR{timezone.localdate():%Y%m%d}"
    today = BankFile.objects.filter(kind=FileKind.CARD_REQUEST, number__startswith=stem)
    return f"{stem}{today.count() + 1:03d}"


def _line(file: BankFile, seq: int, card: MemberCard) -> CardRequestLine:
    person = card.person
    return CardRequestLine(
        file=file, seq=seq, card=card, name=person.name, id_type=person.id_type,
        id_number=person.id_number, phone=person.phone,
    )  # fmt: skip


def _render(file: BankFile, lines: Sequence[CardRequestLine]) -> bytes:
    rows = [
        CardRow(line.seq, line.name, line.id_type, line.id_number, line.phone) for line in lines
    ]
    day = timezone.localtime(file.created_at).date()
    profile = profiles.named(file.profile)
    return profile.render_card_request(CardRequest(file.number, day, rows))


def _render_again(file: BankFile) -> bytes:
    return _render(file, list(file.card_lines.order_by("seq")))


def _handed_over(file: BankFile, by: User | ServiceActor) -> None:
    """The request is with the bank: so are its cards."""
    sent = move_all(
        MemberCard.objects.filter(request_file=file), "send", by=by, sent_at=timezone.now()
    )
    cards.note(sent, CardEventKind.SENT)


outbound.register(FileKind.CARD_REQUEST, outbound.Outgoing(_render_again, _handed_over))


@transaction.atomic
def download(*, by: User, file: BankFile) -> tuple[str, bytes]:
    """Return name and bytes of a request file and log that `by` took them (a reveal).

    Raises `NotAllowed`, and `Refused` for a file that goes through the folder.
    """
    require(by, Permission.MANAGE_CARDS)
    _require_manual_request(file)
    reveal.log(
        file, by=by, fields=["name", "id_number", "phone"], reason="card request file",
        row_count=file.line_count,
    )  # fmt: skip
    return file.name, outbound.content_of(file)


def hand_over(*, by: User, file: BankFile) -> BankFile:
    """Record that a person gave the request to the bank; a second time changes nothing."""
    require(by, Permission.MANAGE_CARDS)
    _require_manual_request(file)
    return bankfiles.mark_handed_over(by=by, file=file)


def _require_manual_request(file: BankFile) -> None:
    if file.kind != FileKind.CARD_REQUEST:
        raise Refused(_("This is not a card request."), code="not_a_request")
    if file.transport != Transport.MANUAL:
        raise Refused(_("This file goes to the bank by itself."), code="not_manual")


@refusal_handler(FileKind.CARD_REQUEST)
def refuse(out_file: BankFile, refusal: BankFile, code: str) -> dict[str, int]:
    """Take the cards of a refused request back into the queue; “seen before” changes nothing.

    Quarantined as a contradiction when the bank has answered lines of it.
    """
    if code == profiles.named(out_file.profile).repeat_code:
        return {"kept": out_file.line_count}
    if out_file.card_lines.exclude(outcome="").exists():
        raise Quarantine([Problem("contradiction", 1, out_file.number)])
    waiting = MemberCard.objects.filter(request_file=out_file, state=CardState.SENT_TO_BANK)
    taken = move_all(
        waiting, "take_back", by=BANK, request_file=None, request_seq=None, sent_at=None
    )
    cards.note(taken, CardEventKind.TAKEN_BACK, code=code)
    return {"taken_back": len(taken)}
