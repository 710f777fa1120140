"""Open the green travel subsidy; the app itself decides who is entitled."""

from __future__ import annotations

from collections import Counter

from benefits.actions import programmes
from benefits.models import Entitlement
from members.models import WorkerGroup
from unionportal.core.models import User
from unionportal.synthetic.world import World, months_before

GROUPS = ("TRUCK_DRIVER", "PARCEL_COURIER", "FOOD_RIDER", "RIDE_HAILING_DRIVER")
AMOUNT_FEN = 50_00
# One member in twenty could be paid before the budget ends.
BUDGET_PEOPLE_SHARE, BUDGET_PEOPLE_LEAST = 20, 400


def open_programme(world: World, users: dict[str, User]) -> dict[str, int]:
    """Set up and open the programme; return its rights by state and its money in fen."""
    people = max(BUDGET_PEOPLE_LEAST, world.size.members // BUDGET_PEOPLE_SHARE)
    by = users["district"]
    programme = programmes.create_programme(
        by=by, code="green-travel", name_zh="绿色出行补贴", name_en="Green travel subsidy",
        amount_fen=AMOUNT_FEN, budget_fen=people * AMOUNT_FEN,
        groups=WorkerGroup.objects.filter(pk__in=GROUPS),
        window_from=months_before(world.today, 2), window_to=months_before(world.today, -10),
        cycle=str(world.today.year),
        notice_days=0, cooling_minutes=0, answer_minutes=1,
    )  # fmt: skip
    programmes.open_programme(by=by, programme=programme)
    states = Entitlement.objects.filter(programme=programme).values_list("state", flat=True)
    programme.budget.refresh_from_db()
    return {
        **Counter(states),
        "budget_fen": programme.budget.total_fen,
        "reserved_fen": programme.budget.reserved_fen,
    }
