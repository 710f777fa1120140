"""The list of members: a page far down beside the first one, its filters, its files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from django.test import Client

from benchmarks.exports import Exports
from benchmarks.narrow import fill_up
from benchmarks.plans import worst_node
from benchmarks.rounds import Goal, Pair
from members.lists.exporting import narrowed
from members.lists.filters import MemberFilter
from members.lists.reach import members_in_reach
from members.lists.views import NEWEST_FIRST
from members.models import Area, Employer, Membership, UnionUnit
from unionportal.core.models import User

PAGES = 10
ROWS = 50
FAR = 1_000_000
FILLED = {"smoke": 0, "district": 1_150_000, "city": 1_150_000}


class Lists:
    """Pages as the district officer and as a sub-district officer."""

    def __init__(self, size: str) -> None:
        fill_up(FILLED[size])
        self.wrong = ""

    def pairs(self) -> Iterator[Pair]:
        for username in ("district", "street.yunhe"):
            user = User.objects.get(username=username)
            rows = Membership.objects.visible_to(user).order_by(*NEWEST_FIRST.order)
            # After row 1,000,000 where there are as many, else nine tenths down the list.
            far = min((rows.count() - ROWS) * 9 // 10 // ROWS * ROWS, FAR)
            yield self._pair(user, rows[far - 1], far // ROWS + 1)
        yield from Exports().pairs()

    def _pair(self, user: User, row: Membership, page: int) -> Pair:
        client = Client(headers={"accept-language": "en"})
        client.force_login(user)
        first = "/desk/members/"
        later = f"{first}?{urlencode({'after': NEWEST_FIRST._cursor(row)})}"
        return Pair(
            key=f"page_{user.username}",
            job=f"list of members as {user.username}",
            candidate=f"page {page:,}",
            anchor="page 1",
            run=lambda: self._get(client, later),
            run_anchor=lambda: self._get(client, first),
            per=PAGES,
            each="page",
            goal=Goal(at_most=1.2),
            check=lambda: self.wrong,
            details=lambda: {f"filters as {user.username}": filter_plans(user)},
        )

    def _get(self, client: Client, address: str) -> None:
        for _page in range(PAGES):
            answer = client.get(address)
            if answer.status_code != 200 or answer.content.count(b"<tr") != ROWS + 1:
                self.wrong = f"{address[:60]} answered {answer.status_code}"


def filter_plans(user: User) -> dict[str, Any]:
    """Return what a first page costs by each filter alone, and the worst node of its plan."""
    values = _values(user)
    missing = set(MemberFilter.base_filters) - set(values)
    if missing:
        raise LookupError(f"no value to try the filters {sorted(missing)} with")
    found = {}
    for name, value in values.items():
        if name in ("q", "read_as", "member_no", "picked"):
            continue  # the search bench's
        query = urlencode({name: value})
        rows = narrowed(MemberFilter, members_in_reach(user), user, query)
        found[query] = worst_node(rows.order_by(*NEWEST_FIRST.order)[: ROWS + 1])
    return found


def _values(user: User) -> dict[str, Any]:
    """One value for each filter, rare ones where there are any: they cost most."""
    firm = Employer.objects.visible_to(user).filter(memberships__isnull=False).first()
    assert firm is not None
    area = Area.objects.visible_to(user).filter(depth=2).first()
    unit = UnionUnit.objects.visible_to(user).filter(depth=2).first()
    assert area is not None
    assert unit is not None
    return {
        "q": "", "read_as": "", "member_no": "", "picked": "", "unit": unit.pk, "area": area.pk,
        "employer": firm.pk, "group": "RIDE_HAILING_DRIVER", "state": "annulled",
        "confirmation": "none", "phone_state": "claimed", "source": "self_join",
        "qualified": "no", "gap": "phone", "sex": "2", "age_from": 70, "age_to": 17,
        "joined_from": "2025-12-01", "joined_to": "2015-02-01",
    }  # fmt: skip
