"""The list of members: a page far down beside the first one."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

from django.test import Client

from benchmarks.rounds import Goal, Pair
from members.models import Membership
from members.views.members import NEWEST_FIRST
from unionportal.core.models import User

PAGES = 10
ROWS = 50


class Lists:
    """Pages as the district officer and as a sub-district officer."""

    def __init__(self) -> None:
        self.wrong = ""

    def pairs(self) -> Iterator[Pair]:
        for username in ("district", "street.yunhe"):
            user = User.objects.get(username=username)
            rows = Membership.objects.visible_to(user).order_by(*NEWEST_FIRST.order)
            # The last row before a full page, nine tenths down the list.
            far = (rows.count() - ROWS) * 9 // 10 // ROWS * ROWS
            yield self._pair(user, rows[far - 1], far // ROWS + 1)

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
        )

    def _get(self, client: Client, address: str) -> None:
        for _page in range(PAGES):
            answer = client.get(address)
            if answer.status_code != 200 or answer.content.count(b"<tr") != ROWS + 1:
                self.wrong = f"{address[:60]} answered {answer.status_code}"
