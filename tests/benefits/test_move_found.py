"""Moving rows one has locked: one statement, every row as found or none."""

from __future__ import annotations

import pytest
from django.db.models.functions import Now

from benefits.models import PayoutLine
from tests.factories import payouts
from unionportal.core.actors import BANK
from unionportal.core.errors import Stale
from unionportal.core.models import AuditEvent
from unionportal.core.transitions import move_all, move_found

pytestmark = pytest.mark.django_db


@pytest.fixture
def lines(money_desk) -> list[PayoutLine]:
    """Three lines with the bank."""
    for _n in range(3):
        payouts.entitled_member(money_desk.unit)
    batch = payouts.released(
        payouts.programme(), maker=money_desk.maker, checker=money_desk.checker
    )
    return list(batch.lines.order_by("seq"))


def doubt(found, texts) -> None:
    move_found(PayoutLine, "doubt", by=BANK, found=found, changes={"settled_at": None}, texts=texts)


def test_each_row_gets_its_own_texts_and_its_own_event(lines) -> None:
    doubt({line.pk: line.state for line in lines}, {"bank_text": ["a", "b", "c"]})

    rows = PayoutLine.objects.order_by("seq").values_list("state", "bank_text")
    assert list(rows) == [("unknown", "a"), ("unknown", "b"), ("unknown", "c")]
    events = AuditEvent.objects.filter(verb="payout_line.doubt").order_by("id")
    assert [
        (event.target_id, event.from_state, event.to_state, event.fields) for event in events
    ] == [(str(line.pk), line.state, "unknown", ["bank_text", "settled_at"]) for line in lines]


@pytest.mark.parametrize("state", ["sending", "paid"])
def test_a_row_that_is_not_as_found_stops_all(lines, state) -> None:
    found = {line.pk: line.state for line in lines}
    found[lines[1].pk] = state

    with pytest.raises(Stale):
        doubt(found, {})

    assert set(PayoutLine.objects.values_list("state", flat=True)) == {lines[0].state}
    assert not AuditEvent.objects.filter(verb="payout_line.doubt").exists()


def test_move_all_passes_over_rows_in_other_states(lines) -> None:
    doubt({lines[0].pk: lines[0].state}, {})

    moved = move_all(PayoutLine.objects.all(), "doubt", by=BANK, sent_at=Now())

    assert moved == sorted(line.pk for line in lines[1:])
    assert PayoutLine.objects.get(seq=2).sent_at > lines[1].sent_at
