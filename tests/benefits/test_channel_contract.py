"""What every way of paying owes: a payment leaves once, ends by evidence, and never on a guess."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from benefits import channels, profiles
from benefits.actions import batches, sending
from benefits.models import LineEvidence, PayeeAccount
from benefits.states.payouts import AT_THE_BANK
from tests.factories import members, payouts, wechat
from tests.factories.ways import FILE_WAYS, ByCash, ByWeChat, Way, force
from unionportal.core.errors import Refused

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_books_agree")]
NAMES = ("张三", "努尔·卡力", "李四")
PAID, FAILED = dict.fromkeys((1, 2, 3), "paid"), dict.fromkeys((1, 2, 3), "failed")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with wechat.serving(tmp_path_factory.mktemp("wechat")) as running:
        yield running


WAYS = [*FILE_WAYS, "wechat", "cash"]


@pytest.fixture(params=WAYS)
def way(request, settings) -> Way:
    if request.param in FILE_WAYS:
        settings.BANK_FILE_PROFILE = request.param.removeprefix("bank_file-")
        return FILE_WAYS[request.param]
    if request.param == "cash":
        desk = request.getfixturevalue("money_desk")
        return ByCash(desk.maker, desk.checker)
    server = request.getfixturevalue("server")
    settings.WECHAT_PAY_KEYS = str(server.folder / "keys")
    settings.WECHAT_PAY_API = server.address
    settings.WECHAT_PAY_NOTIFY_URL = "http://127.0.0.1:9/pay/wechat/"
    return ByWeChat(server)


@pytest.fixture
def released(way, money_desk):
    """A list of three that its checker has let go; nothing was carried yet."""
    for name in NAMES:
        way.give_account(members.membership(money_desk.unit, name=name))
    programme = payouts.programme(channel=way.channel, people=3)
    return _release(programme, money_desk)


def _release(programme, desk):
    return payouts.released(programme, maker=desk.maker, checker=desk.checker, is_handed_over=False)


def state_of(batch) -> SimpleNamespace:
    batch.refresh_from_db()
    return SimpleNamespace(
        batch=batch.state, lines=payouts.states(batch), rights=payouts.rights(batch.programme),
        **vars(payouts.money(batch.programme)),
    )  # fmt: skip


def test_every_channel_and_profile_is_run_here() -> None:
    files = {f"bank_file-{one.name}" for one in profiles.known()}
    others = {str(one.code) for one in channels.known()} - {"bank_file"}
    assert files | others == set(WAYS)


def test_what_is_released_is_the_channel_s_and_its_money_is_in_flight(way, released) -> None:
    way.carry(released)
    found = state_of(released)
    assert set(found.lines) <= set(AT_THE_BANK)
    assert (found.rights, found.free, found.reserved, found.paid) == (
        ["in_payment"] * 3, 0, 15_000, 0,
    )  # fmt: skip
    assert way.asked(released) == 3


def test_all_are_paid_once_however_often_it_is_carried_and_said(way, released) -> None:
    way.say(released, PAID)
    found = state_of(released)
    assert (found.batch, found.lines, found.rights) == ("closed", ["paid"] * 3, ["paid"] * 3)
    assert (found.free, found.reserved, found.paid) == (0, 0, 15_000)
    evidence = LineEvidence.objects.count()
    way.say(released, PAID)
    assert (state_of(released), LineEvidence.objects.count()) == (found, evidence)
    assert way.asked(released) == 3


def test_who_is_not_paid_gets_a_new_number_on_another_list(way, released, money_desk) -> None:
    way.say(released, {1: "paid", 2: "failed", 3: "paid"})
    found = state_of(released)
    assert (found.batch, found.lines) == ("closed", ["paid", "failed", "paid"])
    assert (found.rights, found.reserved, found.paid) == (
        ["paid", "reserved", "paid"],
        5_000,
        10_000,
    )
    assert released.lines.get(seq=2).reason != ""
    again = _release(released.programme, money_desk)
    line = again.lines.get()
    assert (line.attempt, line.order_no != released.lines.get(seq=2).order_no) == (2, True)
    way.say(again, {1: "paid"})
    assert (payouts.rights(released.programme), payouts.states(again)) == (["paid"] * 3, ["paid"])
    assert way.asked(again) == 1


def test_words_nobody_understands_free_nothing(way, released, money_desk) -> None:
    way.say(released, {1: "strange", 2: "paid", 3: "paid"})
    found = state_of(released)
    assert found.lines[0] in AT_THE_BANK
    assert (found.lines[1:], found.batch) == (["paid"] * 2, "reconciling")
    assert (found.rights[0], found.reserved, found.paid) == ("in_payment", 5_000, 10_000)
    with pytest.raises(Refused):
        batches.build(by=money_desk.maker, programme=released.programme)


def test_a_list_that_is_not_the_approved_one_does_not_leave(way, released) -> None:
    force(released, amount_fen=5_001)
    way.carry(released)
    assert way.asked(released) == 0
    force(released, amount_fen=5_000)


def test_nothing_leaves_in_reconcile_only_mode(way, released) -> None:
    sending.lock(reason="drill")
    way.carry(released)
    assert (way.asked(released), set(payouts.states(released))) == (0, {"sending"})


def test_a_channel_says_what_it_can_never_carry(way) -> None:
    channel = channels.get(way.channel)
    assert channel.most_lines > 0
    assert channel.obstacle(PayeeAccount(holder_name="张三"), 5_000) == ""
    impossible = (("", 5_000), ("张\n三", 5_000), ("张三", 1))
    told = {channel.obstacle(PayeeAccount(holder_name=name), fen) for name, fen in impossible}
    assert told <= {"", "name", "amount"}
