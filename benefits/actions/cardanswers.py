"""Apply the bank's card files: issued, refused, activated; whole or not at all, any order, once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from benefits import profiles
from benefits.actions import bankfiles, cards
from benefits.inbound import Problem, Quarantine, handler, refusal_handlers
from benefits.models import BankFile, CardEvent, CardRequestLine, MemberCard, PayeeAccount
from benefits.models.cards import HOLD
from benefits.signals import card_activated
from benefits.states.cards import (
    NUMBERED_CARD,
    AccountSource,
    AccountState,
    CardEventKind,
    CardState,
    Direction,
    FileKind,
    FileState,
)
from unionportal.core.actors import BANK, SYSTEM
from unionportal.core.crypto import blind_index
from unionportal.core.masking import mask_card
from unionportal.core.transitions import move, move_all

if TYPE_CHECKING:
    from uuid import UUID

    from benefits.profiles.rows import Activation, CardAnswer

# Encrypted columns nobody who hears of an activation needs.
SECRETS = ("card_no", "person__id_number", "person__phone")
ISSUED, REJECTED = CardRequestLine.Outcome.ISSUED, CardRequestLine.Outcome.REJECTED


def card_key(card_no: str) -> UUID:
    """Return the blind index a card is found by."""
    return blind_index(card_no, "card")


@dataclass(frozen=True)
class Answered:
    """A line of a request with the bank's word on it."""

    line: CardRequestLine
    answer: CardAnswer

    @property
    def card(self) -> MemberCard:
        return self.line.card


@handler(FileKind.CARD_ANSWER)
def apply_answers(file: BankFile, content: bytes) -> dict[str, int]:
    """Apply `CI_…`: cards made get number and account, refused ones their code.

    Quarantined whole: unknown_batch, unknown_seq, contradiction (another answer came before, or
    the bank refused the whole request), card_taken (the number is somebody else's). The same facts
    again count as known; a card closed meanwhile gets its number and nothing else.
    """
    parsed = profiles.named(file.profile).parse_card_answers(content)
    file.number, file.line_count = parsed.number, len(parsed.rows)
    request = _request(parsed.number, file.profile)
    file.answers = request
    lines = {
        line.seq: line
        for line in CardRequestLine.objects.select_for_update(of=("self", "card"))
        .filter(file=request)
        .select_related("card")
        .defer("id_number", "phone", "card__card_no")
        .order_by("seq")
    }
    pairs, problems = _pair(parsed.rows, lines)
    new = [pair for pair in pairs if pair.line.outcome == ""]
    problems += _contradictions([p for p in pairs if p.line.outcome]) + _taken(new)
    if problems:
        raise Quarantine(problems)
    issued = [pair for pair in new if pair.answer.is_issued]
    refused = [pair for pair in new if not pair.answer.is_issued]
    _issue(issued, file)
    _reject(refused, file)
    return {"issued": len(issued), "rejected": len(refused), "known": len(pairs) - len(new)}


def _request(number: str, profile: str) -> BankFile:
    request = BankFile.objects.filter(
        direction=Direction.OUT, kind=FileKind.CARD_REQUEST, number=number, profile=profile
    ).first()
    if request is None:
        raise Quarantine([Problem("unknown_batch", 1, number)])
    if request.state == FileState.REFUSED:
        raise Quarantine([Problem("contradiction", 1, number)])
    if request.state == FileState.READY:  # written, answered, and killed before we noted it
        request = bankfiles.mark_handed_over(by=SYSTEM, file=request)
    return request


def _pair(
    rows: Sequence[CardAnswer], lines: dict[int, CardRequestLine]
) -> tuple[list[Answered], list[Problem]]:
    pairs, problems = [], []
    for row in rows:
        line = lines.get(row.seq)
        if line is None:
            problems.append(Problem("unknown_seq", row.line, str(row.seq)))
        else:
            pairs.append(Answered(line, row))
    return pairs, problems


def _contradictions(pairs: Sequence[Answered]) -> list[Problem]:
    found = []
    for pair in pairs:
        answer, line = pair.answer, pair.line
        same = answer.is_issued == (line.outcome == ISSUED) and (
            line.code == answer.code
            if not answer.is_issued
            else pair.card.card_index == card_key(answer.card_no)
        )
        if not same:
            found.append(Problem("contradiction", answer.line, str(answer.seq)))
    return found


def _taken(pairs: Sequence[Answered]) -> list[Problem]:
    """Card numbers that are or were another person's: a bank gives no number twice."""
    keys = {card_key(p.answer.card_no): p for p in pairs if p.answer.is_issued}
    accounts = PayeeAccount.objects.filter(number_index__in=keys)
    cards = MemberCard.objects.filter(card_index__in=keys)
    owners = {
        *accounts.values_list("number_index", "person_id"),
        *cards.values_list("card_index", "person_id"),
    }
    others = {
        pair.answer.seq: pair.answer.line
        for index, person in owners
        if index and (pair := keys[index]).card.person_id != person
    }
    return [Problem("card_taken", line, str(seq)) for seq, line in sorted(others.items())]


def _issue(pairs: Sequence[Answered], file: BankFile) -> None:
    now = timezone.now()
    waiting = [pair for pair in pairs if pair.card.state == CardState.SENT_TO_BANK]
    accounts = _accounts(waiting)
    for pair in pairs:
        card, number = pair.card, pair.answer.card_no
        card.card_no, card.card_index = number, card_key(number)
        card.card_masked, card.card_tail = mask_card(number), number[-4:]
        card.payee_account = accounts.get(card_key(number))
    _answer(pairs, file, ISSUED)
    fields = ["card_no", "card_index", "card_masked", "card_tail", "payee_account"]
    MemberCard.objects.bulk_update([pair.card for pair in pairs], fields, batch_size=500)
    _move(pairs, "issue", issued_at=now)
    _events(pairs, file, CardEventKind.ISSUED)
    _replace_lost(waiting)


def _accounts(pairs: Sequence[Answered]) -> dict[UUID, PayeeAccount]:
    """Return the account of each card, by its key; the bank's word needs no second person.

    A person's first account is usable at once, a later one after the hold (security.md 2, row 15).
    """
    by_key = {card_key(pair.answer.card_no): pair for pair in pairs}
    people = [pair.card.person_id for pair in pairs]
    known = PayeeAccount.objects.exclude(state=AccountState.CLOSED).filter(number_index__in=by_key)
    found = {account.number_index: account for account in known}
    had_one = set(
        PayeeAccount.objects.filter(person_id__in=people).values_list("person_id", flat=True)
    )
    new = [
        _account(pair, key, is_first=pair.card.person_id not in had_one)
        for key, pair in by_key.items()
        if key not in found
    ]
    PayeeAccount.objects.bulk_create(new, batch_size=1_000)
    return {**found, **{account.number_index: account for account in new}}


def _account(pair: Answered, key: UUID, *, is_first: bool) -> PayeeAccount:
    number, now = pair.answer.card_no, timezone.now()
    return PayeeAccount(
        person_id=pair.card.person_id, number=number, number_index=key,
        number_masked=mask_card(number), number_tail=number[-4:],
        holder_name=pair.line.name, source=AccountSource.BANK_FILE,
        state=AccountState.ACTIVE, usable_from=now if is_first else now + HOLD,
    )  # fmt: skip


def _replace_lost(pairs: Sequence[Answered]) -> None:
    people = [pair.card.person_id for pair in pairs]
    lost = MemberCard.objects.filter(person_id__in=people, state=CardState.LOST)
    cards.note(move_all(lost, "replace", by=BANK), CardEventKind.REPLACED)


def _reject(pairs: Sequence[Answered], file: BankFile) -> None:
    for pair in pairs:
        pair.card.refusal_code = pair.answer.code
    _answer(pairs, file, REJECTED)
    MemberCard.objects.bulk_update([pair.card for pair in pairs], ["refusal_code"], batch_size=500)
    _move(pairs, "reject")
    _events(pairs, file, CardEventKind.REJECTED)


def _answer(pairs: Sequence[Answered], file: BankFile, outcome: str) -> None:
    for pair in pairs:
        pair.line.outcome, pair.line.code = outcome, pair.answer.code
        pair.line.answered_in = file
    CardRequestLine.objects.bulk_update(
        [pair.line for pair in pairs], ["outcome", "code", "answered_in"], batch_size=500
    )


def _move(pairs: Sequence[Answered], verb: str, **changes: Any) -> None:
    ids = [pair.card.pk for pair in pairs]
    move_all(MemberCard.objects.filter(pk__in=ids), verb, by=BANK, **changes)


def _events(pairs: Sequence[Answered], file: BankFile, kind: CardEventKind) -> None:
    now = timezone.now()
    CardEvent.objects.bulk_create(
        CardEvent(
            card=pair.card, kind=kind, at=now, file=file, line=pair.answer.line,
            code=pair.answer.code,
        )
        for pair in pairs
    )  # fmt: skip


@handler(FileKind.CARD_ACTIVATION)
def apply_activations(file: BankFile, content: bytes) -> dict[str, int]:
    """Apply `A_…`: each card is taken into use once; the first activation is announced.

    An unknown card sets the file apart until the answer that names it has been applied.
    """
    parsed = profiles.named(file.profile).parse_activations(content)
    file.number, file.line_count = parsed.number, len(parsed.rows)
    found = _cards_of(parsed.rows)
    unknown = [row for row in parsed.rows if card_key(row.card_no) not in found]
    if unknown:
        raise Quarantine([Problem("unknown_card", row.line, row.card_no[-4:]) for row in unknown])
    new = [
        (row, card)
        for row in parsed.rows
        if (card := found[card_key(row.card_no)]).state in (CardState.ISSUED, CardState.HANDED_OUT)
    ]
    _activate(new, file)
    return {"activated": len(new), "known": len(parsed.rows) - len(new)}


def _cards_of(rows: Sequence[Activation]) -> dict[UUID, MemberCard]:
    keys = [card_key(row.card_no) for row in rows]
    found = MemberCard.objects.select_for_update(of=("self",)).filter(card_index__in=keys)
    ranked = sorted(found.order_by("pk"), key=lambda card: card.state in NUMBERED_CARD)
    return {card.card_index: card for card in ranked if card.card_index}


def _activate(pairs: Sequence[tuple[Activation, MemberCard]], file: BankFile) -> None:
    for row, card in pairs:
        card.activated_at = row.at
    active = [card for _row, card in pairs]
    MemberCard.objects.bulk_update(active, ["activated_at"], batch_size=500)
    move_all(MemberCard.objects.filter(pk__in=[card.pk for card in active]), "activate", by=BANK)
    CardEvent.objects.bulk_create(
        CardEvent(card=card, kind=CardEventKind.ACTIVATED, at=row.at, file=file, line=row.line)
        for row, card in pairs
    )
    if active:
        now = MemberCard.objects.filter(pk__in=[card.pk for card in active]).order_by("pk")
        heard = list(now.select_related("person", "membership").defer(*SECRETS))
        card_activated.send(MemberCard, cards=heard, by=BANK)


@handler(FileKind.REJECT)
def apply_refusal(file: BankFile, content: bytes) -> dict[str, int]:
    """Apply `X_…`: the bank took nothing of one of our files; its kind knows what follows."""
    refusal = profiles.named(file.profile).parse_refusal(content)
    file.number, file.line_count = refusal.number, 1
    sent = BankFile.objects.filter(direction=Direction.OUT, profile=file.profile)
    out = sent.filter(number=refusal.number).first()
    if out is None:
        raise Quarantine([Problem("unknown_batch", 1, refusal.number)])
    file.answers = out
    if out.state == FileState.READY:
        out = bankfiles.mark_handed_over(by=SYSTEM, file=out)
    counts = refusal_handlers[FileKind(out.kind)](out, file, refusal.code)
    if "kept" not in counts and out.state == FileState.HANDED_OVER:
        move(out, "refuse", by=BANK)
    return counts
