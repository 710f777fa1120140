"""The portal and the simulated bank as two programs over one folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.conf import settings

from benefits.actions import bankfiles, cardfiles, cards
from benefits.models import BankFile, MemberCard, PayeeAccount
from benefits.tasks import collect_bank_files, send_batches
from tests.factories import benefits as bank
from tests.simulators.conftest import run

pytestmark = pytest.mark.django_db


def order(command: str, *options: str) -> list[dict]:
    """Give the bank an order and return what it printed as JSON."""
    db = Path(settings.BANK_FOLDER) / "bank.sqlite3"
    done = run(command, *options, "--db", str(db))
    assert (done.returncode, done.stderr) == (0, "")
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def work() -> None:
    """Let the bank take what lies in out/ and us what lies in in/."""
    order("once", "--folder", settings.BANK_FOLDER)
    collect_bank_files()


def activate_all() -> None:
    order("activate", "--folder", settings.BANK_FOLDER, "--all")
    collect_bank_files()


@pytest.fixture
def asked(district, subdistrict_officer, district_officer) -> list[MemberCard]:
    """Three approved people, their request built and in the folder."""
    people = [
        bank.approved(district.firm_a, by=subdistrict_officer, name=name)
        for name in ("张三", "努尔·卡力", "李四")
    ]
    cardfiles.build_request(by=district_officer)
    send_batches()
    return [MemberCard.objects.get(membership=one) for one in people]


def states(asked) -> list[str]:
    return [MemberCard.objects.get(pk=card.pk).state for card in asked]


def test_cards_go_from_request_to_use(asked) -> None:
    assert states(asked) == ["sent_to_bank"] * 3
    work()
    assert states(asked) == ["issued"] * 3
    books = {row["holder"]: row["card_no"] for row in order("ledger", "--cards")}
    ours = MemberCard.objects.select_related("person", "payee_account")
    assert {card.person.name: card.card_no for card in ours} == books
    assert {card.payee_account.number for card in ours} == set(books.values())

    activate_all()
    assert states(asked) == ["activated"] * 3
    assert PayeeAccount.objects.usable().count() == 3
    assert set(BankFile.objects.filter(direction="in").values_list("state", flat=True)) == {
        "applied"
    }


def test_card_the_bank_refuses_is_made_the_second_time(asked, district_officer) -> None:
    number = BankFile.objects.get().number
    order("plan", "reject-card", "--match", "holder=李四", "--code", "0018", "--next-batch")
    work()
    assert states(asked) == ["issued", "issued", "rejected"]
    card = MemberCard.objects.get(state="rejected")
    assert (card.refusal_code, card.request_file.number) == ("0018", number)

    cards.request_again(by=district_officer, card=card)
    cardfiles.build_request(by=district_officer)
    send_batches()
    work()
    assert states(asked) == ["issued"] * 3


def test_refused_request_goes_out_again_under_a_new_number(
    asked, district, subdistrict_officer, district_officer
) -> None:
    order("plan", "reject", "--code", "0032")
    work()
    first = BankFile.objects.get(direction="out")
    assert first.state == "refused"
    assert states(asked) == ["requested"] * 3

    second = cardfiles.build_request(by=district_officer)
    assert second.number != first.number
    send_batches()
    work()
    assert states(asked) == ["issued"] * 3


def test_request_written_twice_makes_no_second_cards(asked) -> None:
    work()
    before = list(MemberCard.objects.order_by("pk").values_list("pk", "card_index", "state"))
    BankFile.objects.filter(direction="out").update(
        state="ready", claimed_at=None, handed_over_at=None, stage_token=None
    )  # as after a restore to the moment before
    file = BankFile.objects.get(direction="out")
    assert bankfiles.send(file.pk)
    work()
    assert (
        list(MemberCard.objects.order_by("pk").values_list("pk", "card_index", "state")) == before
    )
    assert len(order("ledger", "--cards")) == 3
    assert BankFile.objects.get(direction="in").repeats == 1


def test_bank_killed_before_it_answers_answers_later(asked) -> None:
    db = Path(settings.BANK_FOLDER) / "bank.sqlite3"
    for moment in ("before-take", "before-commit", "before-deliver", "before-mark"):
        run(
            "once", "--folder", settings.BANK_FOLDER, "--db", str(db),
            env={"SIMULATED_BANK_DIES_AT": moment},
        )  # fmt: skip
        collect_bank_files()
    work()
    assert states(asked) == ["issued"] * 3
    assert len(order("ledger", "--cards")) == 3


def test_activations_that_overtake_the_answer_wait_for_it(asked) -> None:
    order("once", "--folder", settings.BANK_FOLDER)
    inbox = Path(settings.BANK_FOLDER) / "in"
    [answer] = inbox.iterdir()
    held = answer.read_bytes()
    answer.unlink()
    activate_all()
    assert states(asked) == ["sent_to_bank"] * 3
    assert BankFile.objects.get(kind="card_activation").state == "quarantined"

    answer.write_bytes(held)
    collect_bank_files()
    assert states(asked) == ["activated"] * 3
    assert BankFile.objects.get(kind="card_activation").state == "applied"
