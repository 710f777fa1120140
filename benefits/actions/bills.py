"""Fetch the channels' daily bills, for the match of each day (security.md section 3, I14)."""

from __future__ import annotations

import logging
from datetime import date, time, timedelta

from django.utils import timezone

from benefits.actions import matching
from benefits.channels.wechat import bill, client
from benefits.channels.wechat.client import Unheard
from benefits.models import DayRecord, PayoutOrder
from benefits.states.matching import RecordSource
from benefits.states.payouts import Channel

logger = logging.getLogger(__name__)

# Yesterday's bill is there from ten o'clock; one that failed is tried for a month.
READY_AT = time(10)
LOOK_BACK = 31


def fetch_due() -> int:
    """Fetch the bill of each past day with orders that has none yet; return how many came."""
    if not client.is_set_up():
        return 0
    return sum(_fetch(day) for day in _missing())


def _missing() -> list[date]:
    now = timezone.localtime()
    newest = now.date() - timedelta(days=1 if now.time() >= READY_AT else 2)
    first = PayoutOrder.objects.filter(tried_at__isnull=False).order_by("tried_at").first()
    if first is None or first.tried_at is None:
        return []
    day = max(timezone.localtime(first.tried_at).date(), newest - timedelta(days=LOOK_BACK))
    known = set(
        DayRecord.objects.filter(source=RecordSource.BILL, channel=Channel.WECHAT)
        .filter(day__gte=day)
        .values_list("day", flat=True)
    )
    days = [day + timedelta(days=index) for index in range((newest - day).days + 1)]
    return [one for one in days if one not in known]


def _fetch(day: date) -> bool:
    try:
        rows = bill.fetch(day)
    except Unheard as error:
        logger.warning("WeChat's bill of %s did not come (%s); it is asked for again", day, error)
        return False
    matching.keep(source=RecordSource.BILL, channel=Channel.WECHAT, day=day, rows=rows)
    return True
