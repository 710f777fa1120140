"""People with activated cards, programmes, and a bank that answers in the reference format."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pgtrigger
from django.utils import timezone
from stdnum import luhn

from benefits import profiles
from benefits.actions import (
    accounts,
    bankfiles,
    batches,
    budgets,
    entitlements,
    notices,
    payout_files,
    programmes,
)
from benefits.models import (
    BankFile,
    Entitlement,
    MemberCard,
    Objection,
    PayeeAccount,
    PayoutBatch,
    Programme,
)
from benefits.queries.payouts import lines_of
from benefits.states.cards import AccountSource, AccountState, CardState
from members.models import Membership, Person, UnionUnit
from tests.factories import members
from unionportal.core.actors import BANK, SYSTEM
from unionportal.core.crypto import blind_index
from unionportal.core.models import Grant, User
from unionportal.core.money import yuan_text

WINDOW = (date(2026, 1, 1), date(2027, 12, 31))
_serial = itertools.count(1)


def card_number() -> str:
    """Return a card number that passes Luhn."""
    stem = f"622200{next(_serial):012d}"
    return stem + luhn.calc_check_digit(stem)


def account(membership: Membership, **fields: Any) -> PayeeAccount:
    """Give a member an account out of the bank's card file, usable at once."""
    number = card_number()
    values = {
        "number": number,
        "number_index": blind_index(number, "card"),
        "number_masked": f"**** {number[-4:]}",
        "number_tail": number[-4:],
        "holder_name": membership.person.name,
        "source": AccountSource.BANK_FILE,
        "state": AccountState.ACTIVE,
        "usable_from": timezone.now() - timedelta(minutes=1),
        **fields,
    }
    return PayeeAccount.objects.create(person=membership.person, **values)


def typed_account(person: Person, *, by: User) -> PayeeAccount:
    """Let an officer type an account for a member."""
    return accounts.enter(by=by, person=person, number=card_number(), holder_name=person.name)


def card(
    membership: Membership, *, activated_at: datetime | None = None, **fields: Any
) -> MemberCard:
    """Activate a member's card with its account as the bank's files would, but send no signal."""
    made = fields.pop("payee_account", None) or account(membership)
    now = timezone.now()
    values = {
        "state": CardState.ACTIVATED,
        "card_index": made.number_index,
        "issued_at": now,
        "activated_at": activated_at or now,
        **fields,
    }
    # The card was asked for when the membership began.
    asked = MemberCard.objects.get(person=membership.person)
    MemberCard.objects.filter(pk=asked.pk).update(payee_account=made, **values)
    asked.refresh_from_db()
    return asked


def entitled_member(unit: UnionUnit, **fields: Any) -> Membership:
    """Make a confirmed member with an activated card."""
    membership = members.membership(unit, **fields)
    card(membership)
    return membership


def programme(
    *, by: Any = SYSTEM, people: int = 100, is_open: bool = True, **fields: Any
) -> Programme:
    """Make an open programme of 50 yuan whose budget reaches for `people`."""
    number = next(_serial)
    values = {
        "code": f"green-travel-{number}",
        "name_zh": "绿色出行补贴",
        "name_en": "Green travel subsidy",
        "amount_fen": 5000,
        "groups": [members.group()],
        "window_from": WINDOW[0],
        "window_to": WINDOW[1],
        "notice_days": 0,
        "cooling_minutes": 0,
        **fields,
    }
    values.setdefault("budget_fen", people * values["amount_fen"])
    if "rules" in values:
        del values["groups"]
    made = programmes.create_programme(by=by, **values)
    return programmes.open_programme(by=by, programme=made) if is_open else made


def staff(role: str, name: str) -> User:
    """Make an account of a role on the district, with a person behind it."""
    user = User.objects.create_user(
        username=name, password="correct horse battery", person_key=blind_index(name, "staff")
    )
    unit = UnionUnit.objects.filter(kind="district").first() or members.district_unit()
    Grant.objects.create(user=user, role=role, unit=unit, started_on=members.SINCE)
    return user


def two_people() -> tuple[User, User]:
    """Make who asks for a higher budget, and who agrees."""
    return staff("district_officer", "officer"), staff("finance_checker", "checker")


def raise_budget(programme: Programme, total_fen: int, *, by: User, second: User) -> int:
    """Let two people raise a budget; return how many of the waiting were served."""
    change = budgets.propose(by=by, programme=programme, total_fen=total_fen, reason="追加预算")
    return budgets.confirm(by=second, change=change)


def released(
    programme: Programme, *, maker: User, checker: User, is_handed_over: bool = True
) -> PayoutBatch:
    """Build, submit, approve, release and hand over a list of everybody who can be paid."""
    entitlements.evaluate(programme)
    batch = batches.build(by=maker, programme=programme)
    batches.submit(by=maker, batch=batch)
    batches.approve(by=checker, batch=batch)
    batches.release(by=checker, batch=batch)
    if is_handed_over and batch.file is not None:
        bankfiles.send(batch.file.pk)
    return PayoutBatch.objects.get(pk=batch.pk)


def on_notice(maker: User, checker: User, *, days: int = 3, **fields: Any) -> PayoutBatch:
    """Make a list of everybody who can be paid that hangs out for so many working days."""
    made = programme(notice_days=days, **fields)
    batch = batches.build(by=maker, programme=made)
    batches.submit(by=maker, batch=batch)
    return batches.approve(by=checker, batch=batch)


def hung_out(batch: PayoutBatch) -> None:
    """Let the days of a notice be over, as only a test can."""
    yesterday = timezone.localdate() - timedelta(days=1)
    with pgtrigger.ignore("benefits.PayoutBatch:batch_notice_is_fixed"):
        PayoutBatch.objects.filter(pk=batch.pk).update(notice_until=yesterday)


def objection(
    batch: PayoutBatch, *, seq: int | None = 1, text: str = "此人已经不在这家单位工作了"
) -> Objection:
    """Let somebody whose phone is proven object to a list on notice."""
    line = batch.lines.get(seq=seq) if seq else None
    made = notices.object_to(batch=batch, line=line, text=text, phone="13900000001")
    return notices.confirm(objection=made)


def answers(batch: PayoutBatch, **verdicts: Any) -> list[dict[str, Any]]:
    """Return the bank's answer to each line sent: paid, unless `failed={seq: (code, text)}`."""
    file = batch.file
    assert file is not None
    return answers_to(file, **verdicts)


def answers_to(file: BankFile, **verdicts: Any) -> list[dict[str, Any]]:
    """Return the bank's answer to each line of one file, as `answers` does."""
    failed: Mapping[int, tuple[str, str]] = verdicts.get("failed", {})
    rows = []
    for seq, line in enumerate(lines_of(file).select_related("payee_account"), start=1):
        paid = {"status": "S", "code": "0000", "text": "交易成功", "at": "20261122103015",
                "serial": f"B{seq:04d}"}  # fmt: skip
        code, text = failed.get(seq, ("", ""))
        unpaid = {"status": "F", "code": code, "text": text, "at": "", "serial": ""}
        rows.append(
            {"seq": seq, "account": line.payee_account.number, "holder": line.holder_name,
             "fen": line.amount_fen, "order_no": line.order_no, **(unpaid if text else paid)}
        )  # fmt: skip
    return rows


def result_file(number: str, rows: list[dict[str, Any]]) -> bytes:
    """Return the bytes of a result file of these rows, its counts and sums right."""
    paid = [row["fen"] for row in rows if row["status"] == "S"]
    failed = [row["fen"] for row in rows if row["status"] != "S"]
    parts = (paid + failed, paid, failed)
    counts = [text for part in parts for text in (str(len(part)), yuan_text(sum(part)))]
    lines = [["R", number, "20261122", *counts]]
    for row in rows:
        lines.append(
            ["D", f"{row['seq']:06d}", row["account"], row["holder"], yuan_text(row["fen"]),
             row["status"], row["code"], row["text"], row["at"], row["serial"], row["order_no"]]
        )  # fmt: skip
    return "".join("|".join(fields) + "\r\n" for fields in lines).encode("gbk")


def answer(batch: PayoutBatch, *, rows: list[dict[str, Any]] | None = None, **verdicts: Any) -> Any:
    """Let the bank answer a batch by file; return what became of the file."""
    content = result_file(batch.number, answers(batch, **verdicts) if rows is None else rows)
    return receive(content, f"R_{batch.number}_1.txt")


def receive(content: bytes, name: str) -> Any:
    """Take a file from the bank; return what became of it."""
    return bankfiles.receive(content=content, name=name, by=BANK)


def states(batch: PayoutBatch) -> list[str]:
    """Return the states of a batch's lines in order."""
    return list(batch.lines.order_by("seq").values_list("state", flat=True))


def rights(programme: Programme) -> list[str]:
    """Return the states of a programme's entitlements in turn."""
    return list(
        Entitlement.objects.filter(programme=programme).in_turn().values_list("state", flat=True)
    )


def money(programme: Programme) -> SimpleNamespace:
    """Return the budget's counters."""
    programme.budget.refresh_from_db()
    return SimpleNamespace(
        free=programme.budget.free_fen,
        reserved=programme.budget.reserved_fen,
        paid=programme.budget.paid_fen,
    )


def rendered(batch: PayoutBatch) -> str:
    """Return the text of the file that goes to the bank."""
    file = batch.file
    assert file is not None
    return profiles.current().render_payout_request(payout_files.request_of(file)).decode("gbk")
