"""Member cards and the bank's card files, through the real actions and in the reference format."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from benefits.actions import bankfiles, cardfiles
from benefits.models import BankFile, MemberCard
from benefits.states.cards import Transport
from members.actions import applications
from members.models import Membership, UnionUnit
from tests.factories import members
from tests.factories.payouts import card_number
from unionportal.core.actors import BANK
from unionportal.core.models import User

DAY = "20261122"
MOMENT = "20261122103015"


def framed(number: str, rows: Iterable[str], *, day: str = DAY) -> bytes:
    """Return a card file of these lines with the right header and trailer."""
    lines = list(rows)
    return encoded([f"H|{number}|{day}|{len(lines)}", *lines, f"T|{len(lines)}"])


def encoded(lines: Iterable[str]) -> bytes:
    """Return lines as the bank writes them."""
    return "".join(f"{line}\r\n" for line in lines).encode("gbk")


def approved(unit: UnionUnit, *, by: User, **fields: Any) -> Membership:
    """Let somebody new apply and be approved; return the membership."""
    row = members.application(unit, **fields)
    applications.approve(
        by=by, applications=[row], decided_on=date(2026, 3, 9), signer="王主席", scan=None
    )
    return Membership.objects.get(person__id_index=row.id_index)


def waiting_card(unit: UnionUnit, **fields: Any) -> MemberCard:
    """Make a member; the card is asked for by itself."""
    return MemberCard.objects.get(membership=members.membership(unit, **fields))


def request(
    by: User, *, transport: Transport = Transport.FOLDER, is_handed_over: bool = True
) -> BankFile:
    """Put what waits on a request file and give it to the bank."""
    file = cardfiles.build_request(by=by, transport=transport)
    if is_handed_over:
        bankfiles.mark_handed_over(by=by, file=file)
    return BankFile.objects.get(pk=file.pk)


def issued(number: str, seq: int, card_no: str) -> str:
    return f"C|{number}|{seq:06d}|ISSUED|{card_no}|"


def rejected(number: str, seq: int, code: str = "0017") -> str:
    return f"C|{number}|{seq:06d}|REJECTED||{code}"


def answer(
    file: BankFile, verdicts: Mapping[int, str] | None = None, *, name: str = ""
) -> bankfiles.Receipt:
    """Let the bank answer: a card number per line of the request, or a code of four digits."""
    return receive(answer_bytes(file, verdicts), name or f"CI_{file.number}.txt")


def answer_bytes(file: BankFile, verdicts: Mapping[int, str] | None = None) -> bytes:
    """Return the answer file; without verdicts every line gets a new card."""
    chosen = verdicts or {seq: card_number() for seq in range(1, file.line_count + 1)}
    return framed(
        file.number,
        [
            rejected(file.number, seq, value)
            if len(value) == 4
            else issued(file.number, seq, value)
            for seq, value in chosen.items()
        ],
    )


def activation_bytes(*card_nos: str, k: int = 1, at: str = MOMENT, day: str = DAY) -> bytes:
    """Return an activation file; `k` is its number of the day."""
    rows = [f"A|{day}|{seq:06d}|{no}|{at}" for seq, no in enumerate(card_nos, start=1)]
    return framed(f"A{day}-{k}", rows, day=day)


def activate(*card_nos: str, k: int = 1, **fields: Any) -> bankfiles.Receipt:
    """Let the bank report cards as activated."""
    return receive(activation_bytes(*card_nos, k=k, **fields), f"A_{DAY}_{k}.txt")


def refusal_bytes(number: str, code: str = "0032", text: str = "格式错误") -> bytes:
    """Return the bank's refusal of a whole file."""
    return encoded([f"X|{number}|{code}|{text}"])


def receive(content: bytes, name: str) -> bankfiles.Receipt:
    """Take a file in as the folder would."""
    return bankfiles.receive(content=content, name=name, by=BANK)


def issued_card(unit: UnionUnit, by: User, **fields: Any) -> MemberCard:
    """Make a member whose card the bank has made."""
    card = waiting_card(unit, **fields)
    answer(request(by))
    return MemberCard.objects.get(pk=card.pk)


def problems(receipt: bankfiles.Receipt) -> list[tuple[str, int | None]]:
    """Return what is wrong with a file as (code, line)."""
    return [(problem["code"], problem["line"]) for problem in receipt.file.problems]


def states() -> list[str]:
    """Return the states of all cards, oldest first."""
    return list(MemberCard.objects.order_by("requested_at", "pk").values_list("state", flat=True))


def fresh(card: MemberCard) -> MemberCard:
    """Return the card as it is now."""
    return MemberCard.objects.select_related("payee_account").get(pk=card.pk)


def kinds(card: MemberCard) -> list[str]:
    """Return what happened to a card, in turn."""
    return list(card.events.order_by("pk").values_list("kind", flat=True))
