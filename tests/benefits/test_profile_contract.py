"""What every bank's file profile owes, whatever its charset, codes, columns and ways."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benefits import profiles
from benefits.inbound import Quarantine
from benefits.profiles import UnrenderableError
from benefits.profiles.rows import CardRequest, CardRow, PayoutRequest, PayoutRow
from benefits.states.cards import FileKind
from benefits.states.payouts import Outcome, Reason
from tests.factories.banks import BANKS, Bank, Sent

ON, NUMBER = date(2026, 7, 1), "PB20260701001"
SENT = [
    Sent(1, "6217000000000006", "张三", 5_000, "ORDER1"),
    Sent(2, "6230520000000000008", "努尔·卡力", 123_456, "ORDER2"),
]
CARDS = ["6222000000000000017", "6222000000000000025"]
Profile = profiles.BankFileProfile

pytestmark = pytest.mark.parametrize("name", [one.name for one in profiles.known()])


def both(name: str) -> tuple[Profile, Bank]:
    return profiles.named(name), BANKS[name]


def request_of(sent: list[Sent]) -> PayoutRequest:
    rows = [PayoutRow(one.seq, one.account, one.holder, one.fen, one.order_no) for one in sent]
    return PayoutRequest(NUMBER, ON, "1001", "示例区总工会", "绿色出行补贴", rows)


def answers(bank: Bank) -> dict[FileKind, bytes]:
    """Return one file of each kind the bank sends."""
    return {
        FileKind.PAYOUT_RESULT: bank.result(NUMBER, [(SENT[0], "paid"), (SENT[1], "failed")]),
        FileKind.REJECT: bank.refusal(NUMBER, bank.refuses),
        FileKind.CARD_ANSWER: bank.cards("CR20260701001", CARDS),
        FileKind.CARD_ACTIVATION: bank.activations("1", CARDS),
        FileKind.STATEMENT: bank.statement([("ORDER1", 5_000)]),
    }


def parsers(profile: Profile) -> dict[FileKind, object]:
    return {
        FileKind.PAYOUT_RESULT: profile.parse_payout_result,
        FileKind.REJECT: profile.parse_refusal,
        FileKind.CARD_ANSWER: profile.parse_card_answers,
        FileKind.CARD_ACTIVATION: profile.parse_activations,
        FileKind.STATEMENT: profile.parse_statement,
    }


def test_the_bank_reads_what_was_meant_and_the_bytes_never_change(name) -> None:
    profile, bank = both(name)
    content = profile.render_payout_request(request_of(SENT))
    assert bank.read(content) == SENT
    assert profile.render_payout_request(request_of(SENT)) == content
    assert profile.file_name(FileKind.PAYOUT_REQUEST, NUMBER).count(NUMBER) == 1


def test_every_kind_is_recognised_by_its_content_as_this_bank_s_alone(name) -> None:
    profile, bank = both(name)
    for kind, content in answers(bank).items():
        assert [one.name for one in profiles.known() if one.identify(content) == kind] == [name]
        assert profiles.recognise(content) == (profile, kind)
    sent = profile.render_payout_request(request_of(SENT))
    assert {one.identify(sent) for one in profiles.known()} == {FileKind.UNKNOWN}


def test_files_of_every_kind_are_read(name) -> None:
    profile, bank = both(name)
    files = answers(bank)
    result = profile.parse_payout_result(files[FileKind.PAYOUT_RESULT])
    read = [Sent(one.seq, one.account, one.holder, one.amount_fen, one.order_no)
            for one in result.rows]  # fmt: skip
    assert (result.number, read) == (NUMBER, SENT)
    assert [(one.is_paid, bool(one.serial), one.at is not None) for one in result.rows] == [
        (True, True, True), (False, False, False),
    ]  # fmt: skip
    refusal = profile.parse_refusal(files[FileKind.REJECT])
    assert (refusal.number, refusal.code) == (NUMBER, bank.refuses)
    made = profile.parse_card_answers(files[FileKind.CARD_ANSWER])
    used = profile.parse_activations(files[FileKind.CARD_ACTIVATION])
    assert [[one.card_no for one in rows] for rows in (made.rows, used.rows)] == [CARDS, CARDS]
    statement = profile.parse_statement(files[FileKind.STATEMENT])
    assert (statement.opening_fen, statement.closing_fen) == (5_000, 0)
    assert [(one.order_no, one.amount_fen, one.is_return) for one in statement.rows] == [
        ("ORDER1", 5_000, False)
    ]


def test_no_beginning_of_a_file_passes_for_the_whole(name) -> None:
    profile, bank = both(name)
    for kind, content in answers(bank).items():
        parse = parsers(profile)[kind]
        for length in range(len(content)):
            with pytest.raises(Quarantine):
                parse(content[:length])


def test_a_file_without_one_of_its_lines_or_with_one_twice_is_not_read(name) -> None:
    profile, bank = both(name)
    for kind, content in answers(bank).items():
        lines = content.splitlines(keepends=True)
        parse = parsers(profile)[kind]
        for place in range(len(lines)):
            changed = [*lines[:place], *lines[place + 1 :]], [*lines[: place + 1], *lines[place:]]
            for some in changed:
                with pytest.raises(Quarantine):
                    parse(b"".join(some))


@given(rest=st.binary(max_size=300), kind=st.sampled_from(sorted(parsers(profiles.current()))))
def test_any_bytes_are_read_or_set_apart(name, rest, kind) -> None:
    profile, bank = both(name)
    begin = answers(bank)[kind].splitlines(keepends=True)[0][:20]
    with pytest.raises(Quarantine):
        parsers(profile)[kind](begin + b"\x00" + rest)


@given(text=st.text(max_size=12))
def test_what_can_be_carried_arrives_and_nothing_else_leaves(name, text) -> None:
    profile, bank = both(name)
    row = CardRow(1, text, "citizen", "490101199001010012", "13900000001")
    wanted = [Sent(1, "6217000000000006", text, 5_000, "ORDER1")]
    if profile.can_carry(text):
        assert bank.read(profile.render_payout_request(request_of(wanted))) == wanted
        profile.render_card_request(CardRequest("CR1", ON, [row]))
        return
    for render in (
        lambda: profile.render_payout_request(request_of(wanted)),
        lambda: profile.render_card_request(CardRequest("CR1", ON, [row])),
    ):
        with pytest.raises(UnrenderableError) as caught:
            render()
        assert caught.value.seq == 1
        assert text not in str(caught.value) or len(text) < 2


def test_a_name_is_carried_or_not_but_never_mangled(name) -> None:
    profile, _bank = both(name)
    assert all(profile.can_carry(text) for text in ("张三", "努尔·卡力", "Anna Schmidt", "镕"))
    assert not any(
        profile.can_carry(text) for text in ("张\n三", "张\x00三", "张\u200b三", "\ud800")
    )
    assert profile.can_carry("䶮雨") == (profile.charset == "utf-8")


def test_words_mean_what_they_say_and_unknown_ones_nothing(name) -> None:
    profile, bank = both(name)
    meant = {}
    for verdict in ("paid", "failed", "seen", "strange"):
        result = profile.parse_payout_result(bank.result(NUMBER, [(SENT[0], verdict)]))
        meant[verdict] = profile.meaning(result.rows[0])
    assert meant == {
        "paid": (Outcome.SUCCESS, Reason.NONE),
        "failed": (Outcome.FAILURE, Reason.NAME_MISMATCH),
        "seen": (Outcome.UNCLEAR, Reason.DUPLICATE),
        "strange": (Outcome.UNCLEAR, Reason.UNKNOWN_TEXT),
    }
    assert profile.repeat_code == bank.has_it_already


def test_problems_hold_no_names_and_no_numbers(name) -> None:
    profile, bank = both(name)
    content = bank.result(NUMBER, [(SENT[0], "paid")])
    spoiled = content.replace(SENT[0].order_no.encode(), b"x" * 60).replace(b"10", b"99")
    with pytest.raises(Quarantine) as caught:
        profile.parse_payout_result(spoiled)
    told = str([(problem.code, problem.found) for problem in caught.value.problems])
    assert SENT[0].holder not in told
    assert SENT[0].account not in told
