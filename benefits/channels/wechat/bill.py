"""WeChat's fund bill of a day: fetched, checked against its digest, read whole or not at all."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterator
from datetime import date, datetime
from urllib.parse import urlsplit

from django.utils import timezone
from wechatpayv3.type import RequestType

from benefits.channels.wechat import client
from benefits.channels.wechat.client import LONGEST_BILL, Unheard
from benefits.profiles.statements import Movement
from unionportal.core.input_errors import InputError
from unionportal.core.money import parse_yuan

PATH = "/v3/bill/fundflowbill?bill_date={day:%Y-%m-%d}&account_type=OPERATION"
COLUMNS = ("记账时间", "资金流水单号", "业务名称", "收支类型", "收支金额（元）", "业务凭证号")
SUMS = ("资金流水总笔数", "收入笔数", "收入金额", "支出笔数", "支出金额")
TRANSFER, OUT, BACK = "商家转账", "支出", "收入"
NO_BILL = "NO_STATEMENT_EXIST"


def fetch(day: date) -> list[Movement]:
    """Return the transfers of a day's bill, [] for a day on which no money moved.

    Raises `Unheard` when the bill does not come, is not the one announced, or does not add up.
    """
    wire = client.merchant().wire
    status, text = wire.request(PATH.format(day=day))
    facts = json.loads(text)
    if status != 200:
        if facts.get("code") == NO_BILL:
            return []
        raise Unheard(str(facts.get("code", ""))[:40])
    place = urlsplit(facts["download_url"])
    path = f"{place.path}?{place.query}"
    status, content = wire.fetch(path, RequestType.GET, None, LONGEST_BILL, is_proven=False)
    # Downloads carry no signature: the digest in the signed answer vouches for them.
    digest = hashlib.sha1(content, usedforsecurity=False).hexdigest()
    if status != 200 or digest != facts.get("hash_value"):
        raise Unheard("another bill than announced")
    return read(content)


def read(content: bytes) -> list[Movement]:
    """Return the transfers of a bill; raise `Unheard` when it is cut or does not add up."""
    rows = [[cell.lstrip("`") for cell in row] for row in csv.reader(_lines(content))]
    if len(rows) < 3 or tuple(rows[-2]) != SUMS:
        raise Unheard("the bill has no end")
    try:
        places = [rows[0].index(name) for name in COLUMNS]
        found = [_movement(seq, row, places) for seq, row in enumerate(rows[1:-2], start=1)]
        stated = (int(rows[-1][0]), parse_yuan(rows[-1][2]), parse_yuan(rows[-1][4]))
    except (ValueError, IndexError, InputError) as error:
        raise Unheard("the bill cannot be read") from error
    moved = [item for _kind, item in found]
    back = sum(item.amount_fen for item in moved if item.is_return)
    if stated != (len(moved), back, sum(item.amount_fen for item in moved) - back):
        raise Unheard("the bill does not add up")
    # Top-ups and fees are other business of the same account.
    return [item for kind, item in found if kind == TRANSFER]


def _lines(content: bytes) -> Iterator[str]:
    try:
        yield from content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise Unheard("the bill is no text") from error


def _movement(seq: int, row: list[str], places: list[int]) -> tuple[str, Movement]:
    at, serial, kind, way, amount, number = (row[place] for place in places)
    if way not in {OUT, BACK}:
        raise ValueError(way)
    moment = timezone.make_aware(datetime.strptime(at, "%Y-%m-%d %H:%M:%S"))  # noqa: DTZ007
    item = Movement(
        line=seq + 1, seq=seq, at=moment, serial=serial[:64], is_return=way == BACK,
        amount_fen=parse_yuan(amount), order_no=number[:32], text=kind[:40],
    )  # fmt: skip
    return kind, item
