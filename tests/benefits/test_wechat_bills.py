"""WeChat's fund bill: fetched once a day, whole or not at all, and held against the portal."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from benefits import relay
from benefits.actions import bills, matching
from benefits.channels.wechat import bill
from benefits.channels.wechat.client import Unheard
from benefits.models import DayRecord, Difference, PayoutOrder
from tests.factories import payouts, wechat

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with wechat.serving(tmp_path_factory.mktemp("wechat"), "--confirm-after", "0") as running:
        yield running


@pytest.fixture
def batch(server, money_desk, settings):
    settings.WECHAT_PAY_KEYS = str(server.folder / "keys")
    settings.WECHAT_PAY_API = server.address
    made = wechat.released(money_desk.unit, money_desk.maker, money_desk.checker, "张三", "李四")
    relay.run_pass()
    wechat.all_due(made)
    relay.run_pass()
    assert payouts.states(made) == ["paid"] * 2
    return made


def test_the_bill_of_a_day_has_every_payment_under_our_number(batch):
    rows = {row.order_no: row for row in bill.fetch(timezone.localdate())}
    for number in batch.lines.values_list("order_no", flat=True):
        assert (rows[number].amount_fen, rows[number].is_return) == (5000, False)


def test_a_day_without_payments_has_an_empty_bill(batch):
    assert bill.fetch(timezone.localdate() - timedelta(days=3)) == []


def test_the_past_days_bills_are_fetched_once_and_matched(batch):
    PayoutOrder.objects.update(tried_at=timezone.now() - timedelta(days=4))
    fetched = bills.fetch_due()
    assert fetched >= 3
    assert bills.fetch_due() == 0
    assert DayRecord.objects.filter(source="bill", channel="wechat").count() == fetched


def test_what_the_bill_has_and_the_portal_too_is_no_difference(batch):
    mine = set(batch.lines.values_list("order_no", flat=True))
    rows = [row for row in bill.fetch(timezone.localdate()) if row.order_no in mine]
    record = matching.keep(source="bill", channel="wechat", day=timezone.localdate(), rows=rows)
    assert matching.match(record) == 0


def test_what_is_not_on_the_bill_is_a_difference(batch):
    record = matching.keep(source="bill", channel="wechat", day=timezone.localdate(), rows=[])
    assert matching.match(record) == 2
    assert set(Difference.objects.values_list("kind", flat=True)) == {"missing_at_bank"}


HEAD = (
    "\ufeff记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额（元）,账户结余（元）,"
    "资金变更提交申请人,备注,业务凭证号\r\n"
)
ROW = "`2026-11-22 10:00:00,`133,`FL1,`商家转账,`商家转账,`支出,`50.00,`0.00,`API,`,`A1\r\n"
TOP_UP = "`2026-11-22 09:00:00,`133,`FL0,`充值,`充值,`收入,`80.00,`0.00,`API,`,`\r\n"
END = "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额\r\n`{},`{},`{},`1,`50.00\r\n"


def test_other_business_of_the_account_is_left_out_and_counted():
    found = bill.read((HEAD + TOP_UP + ROW + END.format(2, 1, "80.00")).encode())
    assert [(row.order_no, row.amount_fen) for row in found] == [("A1", 5000)]


@pytest.mark.parametrize(
    "text",
    ["", HEAD + ROW, HEAD + ROW + END.format(2, 0, "0.00"),
     HEAD + ROW + ROW + END.format(1, 0, "0"),
     HEAD + ROW.replace("50.00", "50.01") + END.format(1, 0, "0.00"),
     HEAD + ROW.replace("支出", "别的") + END.format(1, 0, "0.00"),
     HEAD.replace("业务凭证号", "备注二") + ROW + END.format(1, 0, "0.00")],
)  # fmt: skip
def test_a_bill_that_is_cut_or_does_not_add_up_is_not_read(text):
    with pytest.raises(Unheard):
        bill.read(text.encode())
