"""After a restore nothing leaves before the bank was asked; what it paid never leaves again."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.utils import timezone

from benefits.actions import bankfiles, entitlements, matching, sending
from benefits.models import DayRecord, SendingLock
from benefits.profiles.statements import Movement
from tests.factories import payouts
from unionportal.core.crypto import order_hmac, person_order_key
from unionportal.core.errors import NotAllowed, Refused
from unionportal.core.models import AuditEvent

pytestmark = pytest.mark.usefixtures("_books_agree")


@pytest.fixture
def restored(db) -> SendingLock:
    """The lock of a database that is not the one its newest mark names."""
    assert sending.look() is None
    SendingLock.objects.update(mark="1/1/1", locked_at=timezone.now() - timedelta(hours=1))
    held = sending.look()
    assert held is not None
    return held


def record(*rows: Movement, days_ago: int = 0) -> DayRecord:
    made = matching.keep(
        source=matching.RecordSource.STATEMENT, channel=matching.Channel.BANK_FILE,
        day=timezone.localdate() - timedelta(days=days_ago), rows=rows,
    )  # fmt: skip
    matching.match(made)
    return made


def paid(order_no: str) -> Movement:
    return Movement(2, 1, timezone.now(), "B0001", False, 5_000, order_no, "代发")


def test_new_database_is_not_locked(db) -> None:
    assert not sending.is_locked()
    assert not sending.is_locked()
    assert SendingLock.objects.count() == 1


def test_restored_database_locks_once_with_one_alert(restored) -> None:
    assert sending.look() == restored
    assert AuditEvent.objects.filter(verb="alert.sending_locked").count() == 1


def test_list_is_not_released_and_no_file_leaves_while_locked(money_desk, paid_three) -> None:
    payouts.entitled_member(money_desk.unit)
    sending.lock(reason="drill")
    with pytest.raises(Refused, match="Sending is locked"):
        payouts.released(paid_three.programme, maker=money_desk.maker, checker=money_desk.checker)
    assert bankfiles.waiting_to_go_out() == []


def test_file_that_was_ready_waits_for_the_end_of_the_lock(money_desk) -> None:
    payouts.entitled_member(money_desk.unit)
    batch = payouts.released(
        payouts.programme(), maker=money_desk.maker, checker=money_desk.checker,
        is_handed_over=False,
    )  # fmt: skip
    assert len(bankfiles.waiting_to_go_out()) == 1
    sending.lock(reason="drill")
    assert bankfiles.waiting_to_go_out() == []
    with pytest.raises(Refused, match="Sending is locked"):
        bankfiles.send(batch.files.get().pk)


def test_lock_ends_by_two_people_when_everything_was_asked(money_desk, restored) -> None:
    with pytest.raises(Refused, match="Bring the bank statement"):
        sending.ask(by=money_desk.maker, held=restored)
    for days_ago in range((timezone.localdate() - restored.since).days + 1):
        record(days_ago=days_ago)
    assert sending.obstacles(restored) == []
    with pytest.raises(Refused, match="Nobody asked"):
        sending.lift(by=money_desk.checker, held=restored)
    sending.ask(by=money_desk.maker, held=restored)
    with pytest.raises(NotAllowed):
        sending.lift(by=money_desk.maker, held=restored)
    sending.lift(by=money_desk.checker, held=restored)
    assert not sending.is_locked()


def test_line_without_an_end_keeps_the_lock(paid_three) -> None:
    held = sending.lock(reason="drill")
    assert "3 lines have no end yet." in " ".join(map(str, sending.obstacles(held)))


def test_database_refuses_a_lock_one_person_lifts(money_desk, restored) -> None:
    who, key = money_desk.maker, money_desk.maker.person_key
    with pytest.raises(IntegrityError, match="lifted_by_two"), transaction.atomic():
        SendingLock.objects.filter(pk=restored.pk).update(
            asked_by=who, asked_key=key, lifted_by=who, lifted_key=key, lifted_at=timezone.now()
        )


def test_order_the_bank_has_paid_already_never_leaves_again(money_desk) -> None:
    """As after a restore: the number is made again, and the statement knows it."""
    members = [payouts.entitled_member(money_desk.unit) for _n in range(2)]
    programme = payouts.programme()
    entitlements.evaluate(programme)
    person = members[0].person
    key = person_order_key(person.id_type, person.id_number)
    known = order_hmac(programme.code, programme.cycles.get().code, key, 1)
    day = record(paid(known))
    assert day.differences.get().kind == "unattributed"
    batch = payouts.released(programme, maker=money_desk.maker, checker=money_desk.checker)
    states = dict(batch.lines.values_list("order_no", "state"))
    assert states.pop(known) == "paid"
    assert list(states.values()) == ["sent"]
    assert known not in payouts.rendered(batch)
    matching.match(day)
    assert not day.differences.waiting().exists()


def test_page_and_command_of_the_lock(money_desk, client_for, capsys) -> None:
    call_command("lock_sending", "drill")
    assert "drill" in capsys.readouterr().out
    held = SendingLock.objects.get(lifted_at=None)
    maker, checker = client_for(money_desk.maker), client_for(money_desk.checker)
    assert "No payment leaves: drill." in maker.get("/desk/matches/").text
    for days_ago in range((timezone.localdate() - held.since).days + 1):
        record(days_ago=days_ago)
    for client, step in ((maker, "ask"), (checker, "lift")):
        url = f"/desk/matches/sending/{held.pk}/{step}/"
        assert client.post(url, {"form_id": uuid4()}).status_code == 302
    assert not sending.is_locked()


def test_command_proves_the_books(paid_three, capsys) -> None:
    with pytest.raises(SystemExit, match="0"):
        call_command("check_books")
    assert "BROKEN" not in capsys.readouterr().out
