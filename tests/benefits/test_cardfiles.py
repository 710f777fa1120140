"""Card requests: which cards, which bytes, and how they reach the bank."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from benefits import outbound, profiles
from benefits.actions import cardfiles
from benefits.models import BankFile, CardRequestLine, MemberCard
from benefits.states.cards import Transport
from members.actions import memberships
from tests.factories import benefits as bank
from tests.factories.benefits import fresh, kinds
from unionportal.core.actors import SYSTEM
from unionportal.core.errors import NotAllowed, Refused
from unionportal.core.models import AuditEvent, RevealEvent

pytestmark = pytest.mark.django_db


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
