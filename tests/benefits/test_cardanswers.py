"""The bank's answers about cards: whole files or nothing, each said once."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from benefits.actions import bankfiles, cardfiles, cards
from benefits.models import BankFile, CardEvent, CardRequestLine, PayeeAccount
from tests.factories import benefits as bank
from tests.factories.benefits import fresh, kinds
from tests.factories.payouts import card_number
from unionportal.core.models import AuditEvent

pytestmark = pytest.mark.django_db


def test_card_made_by_the_bank_has_number_and_account_at_once(sent, two) -> None:
    numbers = [card_number(), card_number()]
    receipt = bank.answer(sent, {1: numbers[0], 2: numbers[1]})

    assert (receipt.is_repeat, receipt.file.state) == (False, "applied")
    assert receipt.file.counts == {"issued": 2, "rejected": 0, "known": 0}
    assert (receipt.file.answers, receipt.file.number) == (sent, sent.number)
    assert receipt.file.line_count == 2
    for card, number in zip(map(fresh, two), numbers, strict=True):
        account = card.payee_account
        assert (card.state, card.card_no, card.card_tail) == ("issued", number, number[-4:])
        assert (account.number, account.number_tail) == (number, number[-4:])
        assert (account.state, account.source) == ("active", "bank_file")
        assert account.holder_name == card.person.name
        assert kinds(card) == ["requested", "sent", "issued"]
    assert PayeeAccount.objects.usable().count() == 2
    event = CardEvent.objects.get(card=two[1], kind="issued")
    assert (event.file, event.line) == (receipt.file, 3)
    lines = CardRequestLine.objects.values_list("outcome", "answered_in")
    assert set(lines) == {("issued", receipt.file.pk)}


def test_holder_is_named_as_the_bank_was_told(sent, two) -> None:
    person = two[0].person
    person.name = "张三丰"
    person.save()
    bank.answer(sent)
    assert fresh(two[0]).payee_account.holder_name == "张三"


def test_refused_card_keeps_the_code(sent, two) -> None:
    receipt = bank.answer(sent, {1: "0017", 2: card_number()})
    assert receipt.file.counts == {"issued": 1, "rejected": 1, "known": 0}
    assert (fresh(two[0]).state, fresh(two[0]).refusal_code) == ("rejected", "0017")
    assert (fresh(two[1]).state, fresh(two[1]).refusal_code) == ("issued", "")
    line = CardRequestLine.objects.get(seq=1)
    assert (line.outcome, line.code) == ("rejected", "0017")
    assert PayeeAccount.objects.count() == 1


def test_answers_may_come_in_two_files(sent, two) -> None:
    bank.answer(sent, {2: card_number()})
    assert [fresh(card).state for card in two] == ["sent_to_bank", "issued"]
    receipt = bank.answer(sent, {1: "0018"})
    assert [fresh(card).state for card in two] == ["rejected", "issued"]
    assert receipt.file.counts == {"issued": 0, "rejected": 1, "known": 0}


def test_same_file_again_does_nothing(sent, two) -> None:
    content = bank.answer_bytes(sent)
    first = bank.receive(content, "CI_1.txt")
    events = CardEvent.objects.count()
    for _n in range(2):
        again = bank.receive(content, "CI_other_name.txt")
        assert (again.is_repeat, again.file) == (True, first.file)
    assert BankFile.objects.filter(direction="in").count() == 1
    assert BankFile.objects.get(pk=first.file.pk).repeats == 2
    assert (CardEvent.objects.count(), PayeeAccount.objects.count()) == (events, 2)


def test_same_facts_in_another_file_are_known(sent, two) -> None:
    verdicts = {1: card_number(), 2: "0017"}
    bank.answer(sent, verdicts)
    events = CardEvent.objects.count()
    receipt = bank.answer(sent, dict(reversed(verdicts.items())))
    assert receipt.file.state == "applied"
    assert receipt.file.counts == {"issued": 0, "rejected": 0, "known": 2}
    assert CardEvent.objects.count() == events


def answer_lines(file: BankFile) -> list[str]:
    return bank.answer_bytes(file).decode("gbk").splitlines()


def spoil_batch(_file, lines):
    return [line.replace("CR", "CR9") for line in lines], [("unknown_batch", 1)]


def spoil_seq(file, lines):
    return [lines[0], lines[1].replace("|000001|", "|000009|"), *lines[2:]], [("unknown_seq", 2)]


def spoil_cut(_file, lines):
    return lines[:-1], [("cut", 3)]


def spoil_count(_file, lines):
    return [*lines[:-1], "T|3"], [("count", 4)]


@pytest.mark.parametrize("spoil", [spoil_batch, spoil_seq, spoil_cut, spoil_count])
def test_answer_with_one_fault_is_set_apart_whole(sent, two, spoil) -> None:
    lines, problems = spoil(sent, answer_lines(sent))
    receipt = bank.receive(bank.encoded(lines), "CI.txt")
    assert receipt.file.state == "quarantined"
    assert bank.problems(receipt) == problems
    assert receipt.file.counts == {"problems": len(problems)}
    nothing_applied()


def nothing_applied() -> None:
    assert bank.states() == ["sent_to_bank"] * 2
    assert not PayeeAccount.objects.exists()
    assert not CardEvent.objects.exclude(kind__in=["requested", "sent"]).exists()
    assert set(CardRequestLine.objects.values_list("outcome", flat=True)) == {""}


def test_line_that_comes_twice_sets_the_file_apart(sent, two) -> None:
    number = sent.number
    one = bank.issued(number, 1, card_number())
    other = bank.issued(number, 1, card_number())
    receipt = bank.receive(bank.framed(number, [one, other]), "CI.txt")
    assert bank.problems(receipt) == [("twice", 3)]
    nothing_applied()


def test_card_that_comes_twice_sets_the_file_apart(sent, two) -> None:
    number, card_no = sent.number, card_number()
    rows = [bank.issued(number, seq, card_no) for seq in (1, 2)]
    receipt = bank.receive(bank.framed(number, rows), "CI.txt")
    assert bank.problems(receipt) == [("card_twice", 3)]
    nothing_applied()


def test_file_that_is_not_gbk_is_set_apart(sent, two) -> None:
    content = bank.answer_bytes(sent).replace(b"ISSUED", b"ISS\xff\xffUED", 1)
    receipt = bank.receive(content, "CI.txt")
    assert bank.problems(receipt) == [("not_gbk", 2)]
    nothing_applied()


def test_card_of_somebody_else_sets_the_file_apart(district, district_officer) -> None:
    owner = bank.issued_card(district.firm_a, district_officer)
    card = bank.waiting_card(district.firm_a)
    receipt = bank.answer(bank.request(district_officer), {1: owner.card_no})
    assert bank.problems(receipt) == [("card_taken", 2)]
    assert fresh(card).state == "sent_to_bank"
    assert fresh(owner).payee_account.person == owner.person


def test_closed_card_of_somebody_else_is_somebody_elses_still(district, district_officer) -> None:
    owner = bank.issued_card(district.firm_a, district_officer)
    cards.close(by=district_officer, card=owner, reason="left")
    bank.waiting_card(district.firm_a)
    receipt = bank.answer(bank.request(district_officer), {1: owner.card_no})
    assert bank.problems(receipt) == [("card_taken", 2)]


@pytest.mark.parametrize(
    ("first", "second"),
    [("card", "other"), ("card", "0017"), ("0017", "card"), ("0017", "0018")],
)
def test_answer_that_contradicts_an_earlier_one_is_set_apart(sent, two, first, second) -> None:
    said = {"card": card_number(), "other": card_number()}
    bank.answer(sent, {1: said.get(first, first)})
    before = fresh(two[0])
    receipt = bank.answer(sent, {1: said.get(second, second), 2: card_number()})
    assert bank.problems(receipt) == [("contradiction", 2)]
    after = fresh(two[0])
    assert (after.state, after.card_index, after.refusal_code) == (
        before.state, before.card_index, before.refusal_code,
    )  # fmt: skip
    assert fresh(two[1]).state == "sent_to_bank"


def test_answer_before_our_hand_over_mark_is_taken(two, district_officer) -> None:
    file = cardfiles.build_request(by=district_officer)
    bank.answer(file)
    assert bank.states() == ["issued"] * 2
    assert BankFile.objects.get(pk=file.pk).state == "handed_over"
    assert not bankfiles.send(file.pk)
    assert [kinds(card) for card in two] == [["requested", "sent", "issued"]] * 2


def test_broken_answer_before_our_hand_over_mark_leaves_no_mark(two, district_officer) -> None:
    file = cardfiles.build_request(by=district_officer)
    receipt = bank.answer(file, {9: card_number()})
    assert bank.problems(receipt) == [("unknown_seq", 2)]
    assert BankFile.objects.get(pk=file.pk).state == "ready"
    assert bank.states() == ["requested"] * 2


def test_card_closed_while_the_bank_made_it_is_not_revived(sent, two, district_officer) -> None:
    cards.close(by=district_officer, card=two[0], reason="left")
    card_no = card_number()
    receipt = bank.answer(sent, {1: card_no, 2: card_number()})
    assert receipt.file.state == "applied"
    closed = fresh(two[0])
    assert (closed.state, closed.payee_account) == ("closed", None)
    assert fresh(two[1]).state == "issued"
    receipt = bank.activate(card_no)
    assert receipt.file.counts == {"activated": 0, "known": 1}
    assert fresh(two[0]).state == "closed"
    assert PayeeAccount.objects.count() == 1


def test_refused_request_gives_its_cards_back(sent, two, district_officer) -> None:
    receipt = bank.receive(bank.refusal_bytes(sent.number), f"X_{sent.number}.txt")
    assert (receipt.file.kind, receipt.file.counts) == ("reject", {"taken_back": 2})
    assert receipt.file.answers == sent
    assert BankFile.objects.get(pk=sent.pk).state == "refused"
    assert bank.states() == ["requested"] * 2
    assert [kinds(card)[-1] for card in two] == ["taken_back"] * 2
    assert CardEvent.objects.filter(kind="taken_back", code="0032").count() == 2
    second = bank.request(district_officer)
    assert second.number != sent.number
    assert second.line_count == 2


def test_request_refused_as_repeated_stands(sent, two) -> None:
    receipt = bank.receive(bank.refusal_bytes(sent.number, "0030", "重复"), "X.txt")
    assert receipt.file.counts == {"kept": 2}
    assert BankFile.objects.get(pk=sent.pk).state == "handed_over"
    assert bank.states() == ["sent_to_bank"] * 2
    bank.answer(sent)
    assert bank.states() == ["issued"] * 2


def test_refusal_after_an_answer_is_a_contradiction(sent, two) -> None:
    bank.answer(sent, {1: card_number()})
    receipt = bank.receive(bank.refusal_bytes(sent.number), "X.txt")
    assert bank.problems(receipt) == [("contradiction", 1)]
    assert [fresh(card).state for card in two] == ["issued", "sent_to_bank"]
    assert BankFile.objects.get(pk=sent.pk).state == "handed_over"


def test_answer_after_a_refusal_is_a_contradiction(sent, two) -> None:
    bank.receive(bank.refusal_bytes(sent.number), "X.txt")
    receipt = bank.answer(sent)
    assert bank.problems(receipt) == [("contradiction", 1)]
    assert bank.states() == ["requested"] * 2
    assert not PayeeAccount.objects.exists()


def test_refusal_before_our_hand_over_mark_is_taken(two, district_officer) -> None:
    file = cardfiles.build_request(by=district_officer)
    bank.receive(bank.refusal_bytes(file.number), "X.txt")
    assert BankFile.objects.get(pk=file.pk).state == "refused"
    assert bank.states() == ["requested"] * 2
    assert not bankfiles.send(file.pk)


def test_refusal_of_nothing_we_sent_is_set_apart(sent) -> None:
    receipt = bank.receive(bank.refusal_bytes("CR20990101001"), "X.txt")
    assert bank.problems(receipt) == [("unknown_batch", 1)]
    strange = bank.receive(bank.refusal_bytes("张三" * 40), "X.txt")
    assert strange.file.state == "quarantined"
    assert "张三" not in str(strange.file.problems) + strange.file.number


def test_answers_take_as_many_statements_for_more_cards(district, district_officer) -> None:
    def statements(people: int) -> int:
        for _n in range(people):
            bank.waiting_card(district.firm_a)
        content = bank.answer_bytes(bank.request(district_officer))
        with CaptureQueriesContext(connection) as captured:
            bank.receive(content, "CI.txt")
        return len(captured)

    assert statements(1) == statements(6)


def test_audit_names_the_bank(sent, two) -> None:
    bank.answer(sent, {1: card_number(), 2: "0017"})
    for verb in ("card.issue", "card.reject", "bank_file.apply"):
        assert AuditEvent.objects.get(verb=verb).actor_label == "service:bank"
