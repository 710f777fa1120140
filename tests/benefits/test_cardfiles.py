"""Request files out, answers and activations in: exact outcomes, in any order, once."""

from __future__ import annotations

import itertools
import random
from datetime import datetime, timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from benefits import outbound, profiles
from benefits.actions import bankfiles, cardfiles, cards
from benefits.models import BankFile, CardEvent, CardRequestLine, MemberCard, PayeeAccount
from benefits.signals import card_activated
from benefits.states.cards import Transport
from members.actions import memberships
from tests.factories import benefits as bank
from tests.factories.payouts import card_number
from unionportal.core.actors import SYSTEM
from unionportal.core.errors import NotAllowed, Refused
from unionportal.core.models import AuditEvent, RevealEvent

pytestmark = pytest.mark.django_db


def fresh(card: MemberCard) -> MemberCard:
    return MemberCard.objects.select_related("payee_account").get(pk=card.pk)


def kinds(card: MemberCard) -> list[str]:
    return list(card.events.order_by("pk").values_list("kind", flat=True))


@pytest.fixture
def two(district) -> list[MemberCard]:
    """Two people who wait for a card."""
    return [bank.waiting_card(district.firm_a, name=name) for name in ("张三", "努尔·卡力")]


@pytest.fixture
def sent(two, district_officer) -> BankFile:
    """Their request, with the bank."""
    return bank.request(district_officer)


@pytest.fixture
def heard():
    """What card_activated announced."""
    calls = []

    def listen(sender, cards, by, **_kwargs):
        calls.append([(card.pk, card.state) for card in cards])

    card_activated.connect(listen)
    yield calls
    card_activated.disconnect(listen)


# Out


def test_request_holds_every_waiting_card_in_the_banks_form(two, district_officer) -> None:
    file = cardfiles.build_request(by=district_officer)

    day = f"{timezone.localdate():%Y%m%d}"
    number = f"CR{day}001"
    people = [card.person for card in two]
    expected = "".join(
        f"{line}\r\n"
        for line in [
            f"H|{number}|{day}|2",
            *[
                f"C|{number}|{seq:06d}|{p.name}|citizen|{p.id_number}|{p.phone}"
                for seq, p in enumerate(people, start=1)
            ],
            "T|2",
        ]
    ).encode("gbk")
    assert (file.number, file.name, file.line_count) == (number, f"{number}.txt", 2)
    assert (file.state, file.transport, file.attachment) == ("ready", "folder", None)
    assert outbound.content_of(file) == expected
    assert file.sha256 == outbound.digest(expected)
    assert [(fresh(c).state, fresh(c).request_seq) for c in two] == [
        ("requested", 1),
        ("requested", 2),
    ]
    event = AuditEvent.objects.get(verb="bank_file.build")
    assert (event.actor_label, event.data) == ("district_officer", {"lines": 2})


def test_file_is_rendered_the_same_after_the_person_changed(sent, two) -> None:
    before = outbound.content_of(sent)
    person = two[0].person
    person.name, person.phone = "张三丰", "13900009999"
    person.save()
    assert outbound.content_of(BankFile.objects.get(pk=sent.pk)) == before


def test_file_whose_lines_were_touched_stays_here(two, district_officer) -> None:
    file = cardfiles.build_request(by=district_officer)
    CardRequestLine.objects.filter(seq=1).update(name="李四")
    with pytest.raises(Refused) as caught:
        outbound.content_of(file)
    assert caught.value.code == "digest_differs"


def test_names_the_file_cannot_carry_stay_waiting(two, district, district_officer) -> None:
    rare = bank.waiting_card(district.firm_a, name="䶮雨")
    file = cardfiles.build_request(by=district_officer)
    assert file.line_count == 2
    assert (fresh(rare).state, fresh(rare).request_file) == ("requested", None)
    with pytest.raises(Refused) as caught:
        cardfiles.build_request(by=district_officer)
    assert caught.value.code == "nothing_waits"


def test_rare_names_in_front_do_not_hold_up_the_queue(
    two, district, district_officer, monkeypatch
) -> None:
    rare = bank.waiting_card(district.firm_a, name="䶮雨")
    MemberCard.objects.filter(pk=rare.pk).update(requested_at=timezone.now() - timedelta(days=9))
    monkeypatch.setattr(type(profiles.current()), "most_lines", 1)
    assert cardfiles.build_request(by=district_officer).line_count == 1
    assert cardfiles.build_request(by=district_officer).line_count == 1
    assert [fresh(card).request_file is None for card in (rare, *two)] == [True, False, False]


def test_card_of_an_ended_membership_is_not_requested(two, district_officer) -> None:
    memberships.close(membership=two[0].membership, verb="annul", reason="a slip", by=SYSTEM)
    assert cardfiles.build_request(by=district_officer).line_count == 1


def test_nothing_waits(district, district_officer) -> None:
    with pytest.raises(Refused) as caught:
        cardfiles.build_request(by=district_officer)
    assert caught.value.code == "nothing_waits"
    assert not BankFile.objects.exists()


def test_numbers_follow_each_other(district, district_officer) -> None:
    numbers = []
    for _n in range(3):
        bank.waiting_card(district.firm_a)
        numbers.append(cardfiles.build_request(by=district_officer).number[-3:])
    assert numbers == ["001", "002", "003"]


def test_building_is_the_card_keepers_only(two, subdistrict_officer) -> None:
    with pytest.raises(NotAllowed):
        cardfiles.build_request(by=subdistrict_officer)
    assert not BankFile.objects.exists()


def test_hand_over_sends_the_cards_once(two, district_officer) -> None:
    file = cardfiles.build_request(by=district_officer, transport=Transport.MANUAL)
    for _n in range(2):
        cardfiles.hand_over(by=district_officer, file=file)
    assert bank.states() == ["sent_to_bank"] * 2
    assert [kinds(card) for card in two] == [["requested", "sent"]] * 2
    row = BankFile.objects.get()
    assert (row.state, row.handed_over_by) == ("handed_over", district_officer)


def test_file_for_the_folder_is_neither_handed_over_nor_downloaded_by_hand(
    two, district_officer
) -> None:
    file = cardfiles.build_request(by=district_officer)
    for step in (cardfiles.hand_over, cardfiles.download):
        with pytest.raises(Refused) as caught:
            step(by=district_officer, file=file)
        assert caught.value.code == "not_manual"
    assert bank.states() == ["requested"] * 2
    assert not RevealEvent.objects.exists()


def test_download_is_logged_as_a_look_at_everybody(two, district_officer) -> None:
    file = cardfiles.build_request(by=district_officer, transport=Transport.MANUAL)
    name, content = cardfiles.download(by=district_officer, file=file)
    assert name == file.name
    assert outbound.digest(content) == file.sha256
    event = RevealEvent.objects.get()
    assert (event.row_count, event.fields) == (2, ["name", "id_number", "phone"])
    assert (event.actor_label, event.target_id) == ("district_officer", str(file.pk))


def test_answer_file_is_no_request_to_download(sent, district_officer) -> None:
    receipt = bank.answer(sent)
    with pytest.raises(Refused) as caught:
        cardfiles.download(by=district_officer, file=receipt.file)
    assert caught.value.code == "not_a_request"


# Answers


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


# Refusals


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


# Activations


def test_activation_takes_the_card_into_use(sent, two, heard) -> None:
    number = card_number()
    bank.answer(sent, {1: number, 2: card_number()})
    receipt = bank.activate(number)

    card = fresh(two[0])
    at = datetime(2026, 11, 22, 10, 30, 15, tzinfo=timezone.get_current_timezone())
    assert (card.state, card.activated_at) == ("activated", at)
    assert receipt.file.counts == {"activated": 1, "known": 0}
    event = CardEvent.objects.get(kind="activated")
    assert (event.card, event.at, event.file, event.line) == (card, at, receipt.file, 2)
    assert heard == [[(card.pk, "activated")]]
    assert fresh(two[1]).state == "issued"


def test_handed_out_card_is_activated_too(district, district_officer) -> None:
    card = bank.issued_card(district.firm_a, district_officer)
    cards.hand_out(by=district_officer, card=card)
    bank.activate(card.card_no)
    assert fresh(card).state == "activated"


def test_replayed_activation_has_no_effect(district, district_officer, heard) -> None:
    card = bank.issued_card(district.firm_a, district_officer)
    bank.activate(card.card_no)
    assert bank.activate(card.card_no).is_repeat
    later = bank.activate(card.card_no, k=2, at="20261123090000")
    assert later.file.counts == {"activated": 0, "known": 1}
    assert fresh(card).activated_at.day == 22
    assert CardEvent.objects.filter(kind="activated").count() == 1
    assert len(heard) == 1


def test_activation_of_an_unknown_card_waits_for_its_answer(sent, two, heard) -> None:
    numbers = [card_number(), card_number()]
    early = bank.activate(*numbers)
    assert early.file.state == "quarantined"
    assert bank.problems(early) == [("unknown_card", 2), ("unknown_card", 3)]
    assert [p["found"] for p in early.file.problems] == [no[-4:] for no in numbers]

    bank.answer(sent, dict(enumerate(numbers, start=1)))

    file = BankFile.objects.get(pk=early.file.pk)
    assert (file.state, file.problems) == ("applied", [])
    assert file.counts == {"activated": 2, "known": 0}
    assert bank.states() == ["activated"] * 2
    assert len(heard) == 1


def test_activation_that_is_broken_is_not_read_again_by_itself(sent, two) -> None:
    number = card_number()
    rows = [f"A|{bank.DAY}|000001|{number}|{bank.MOMENT}"]
    content = bank.framed(f"A{bank.DAY}-1", rows).replace(b"T|1", b"T|2")
    receipt = bank.receive(content, "A.txt")
    bank.answer(sent, {1: number, 2: card_number()})
    assert BankFile.objects.get(pk=receipt.file.pk).state == "quarantined"
    assert fresh(two[0]).state == "issued"


@pytest.mark.parametrize("step", [cards.report_lost, cards.close])
def test_lost_or_closed_card_is_not_revived(district, district_officer, heard, step) -> None:
    card = bank.issued_card(district.firm_a, district_officer)
    step(by=district_officer, card=card, reason="gone")
    state = fresh(card).state
    receipt = bank.activate(card.card_no)
    assert receipt.file.counts == {"activated": 0, "known": 1}
    assert fresh(card).state == state
    assert heard == []


# Any order, any number of times


def end_state() -> list[tuple]:
    return [
        (*row,)
        for row in MemberCard.objects.order_by("pk").values_list(
            "pk", "state", "card_index", "activated_at", "refusal_code", "payee_account__state",
            "payee_account__number_index",
        )
    ] + sorted(CardEvent.objects.values_list("card", "kind", "code"))  # fmt: skip


def arrive(files: list[bytes]) -> list[tuple]:
    """Take the files in, note the end, and undo it all."""
    with transaction.atomic():
        for n, content in enumerate(files):
            bank.receive(content, f"{n}.txt")
        end = end_state()
        assert not BankFile.objects.filter(state__in=["received", "quarantined"]).exists()
        transaction.set_rollback(True)
    return end


@pytest.fixture
def exchange(sent, two, district, district_officer) -> list[bytes]:
    """An answer for each of two requests, and activations that mix their cards."""
    bank.waiting_card(district.firm_a, name="李四")
    second = bank.request(district_officer)
    numbers = [card_number() for _n in range(3)]
    return [
        bank.answer_bytes(sent, {1: numbers[0], 2: numbers[1]}),
        bank.answer_bytes(second, {1: numbers[2]}),
        bank.activation_bytes(numbers[0], k=1),
        bank.activation_bytes(numbers[2], numbers[1], k=2),
    ]


def test_every_order_of_the_files_ends_alike(exchange) -> None:
    ends = [arrive(list(order)) for order in itertools.permutations(exchange)]
    assert len(ends) == 24
    assert all(end == ends[0] for end in ends)
    assert [row[1] for row in ends[0][:3]] == ["activated"] * 3


def test_files_that_come_again_and_again_end_alike(exchange) -> None:
    once = arrive(exchange)
    dice = random.Random(20261122)
    for _round in range(20):
        files = [*exchange, *dice.choices(exchange, k=4)]
        dice.shuffle(files)
        assert arrive(files) == once


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
