"""Coverage from the monthly flows beside a live GROUP BY over the dated rows."""

from __future__ import annotations

from django.db import connection
from django.utils import timezone

from benchmarks.rounds import Goal, Pair
from members.queries import coverage_cells
from unionportal.core.models import User
from unionportal.reports.queries import Period

MONTHS = 12
# Sub-districts and towns: the first eight characters of an area's path.
LIVE = """
SELECT left(area.path, 8), trade.group_id, month::date, count(*)
FROM generate_series(%(first)s::date, %(last)s::date, interval '1 month') AS month
CROSS JOIN LATERAL (SELECT (month + interval '1 month - 1 day')::date AS day) AS ending
JOIN members_affiliation AS stay ON stay.started_on <= ending.day
  AND (stay.ended_on IS NULL OR stay.ended_on > ending.day)
JOIN members_groupmembership AS trade ON trade.membership_id = stay.membership_id
  AND trade.started_on <= ending.day
  AND (trade.ended_on IS NULL OR trade.ended_on > ending.day)
JOIN members_membership AS member ON member.id = stay.membership_id AND member.state <> 'annulled'
JOIN members_unionunit AS unit ON unit.id = stay.unit_id
LEFT JOIN members_area AS area ON area.id = unit.area_id
GROUP BY 1, 2, 3
"""
Cells = dict[tuple[str | None, str, object], int]


class Coverage:
    """A year of members by sub-district, group and month."""

    def __init__(self) -> None:
        self.officer = User.objects.get(username="district")
        self.period = Period.ending(timezone.localdate(), MONTHS)
        self.folded: Cells = {}
        self.live: Cells = {}

    def pair(self) -> Pair:
        return Pair(
            key="live",
            job=f"coverage, {MONTHS} months", candidate="from monthly flows",
            anchor="live GROUP BY over affiliations", run=self._fold, run_anchor=self._group,
            goal=Goal(at_most=0.01), check=self._check,
        )  # fmt: skip

    def _fold(self) -> None:
        cells = coverage_cells(
            self.officer, month_from=self.period.first, month_to=self.period.last
        )
        self.folded = {
            (cell.area.path if cell.area else None, cell.group, cell.month): cell.members
            for cell in cells
            if cell.members
        }

    def _group(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(LIVE, {"first": self.period.first, "last": self.period.last})
            self.live = {(place, group, month): n for place, group, month, n in cursor.fetchall()}

    def _check(self) -> str:
        differing = {*self.folded.items()} ^ {*self.live.items()}
        return f"{len(differing)} cells differ from the recount" if differing else ""
