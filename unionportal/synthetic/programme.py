"""Open programmes of the catalogue; the app itself decides who is entitled."""

from __future__ import annotations

from collections import Counter
from datetime import date

from benefits import catalogue
from benefits.actions import goods, programmes
from benefits.actions.versions import Gift, Rules
from benefits.models import Entitlement, GoodsItem, Programme
from members.models import UnionUnit, WorkerGroup
from unionportal.core.models import User
from unionportal.synthetic.world import World, months_before

AMOUNT_FEN = 50_00
# One member in twenty could be paid before the budget ends.
BUDGET_PEOPLE_SHARE, BUDGET_PEOPLE_LEAST = 20, 400
IN_STORE = 60
PLACE = "一楼服务大厅，工作日9:00–17:00"


def open_programme(world: World, users: dict[str, User]) -> dict[str, int]:
    """Set up and open the programmes; return green travel's rights by state and money in fen."""
    people = max(BUDGET_PEOPLE_LEAST, world.size.members // BUDGET_PEOPLE_SHARE)
    by = users["district"]
    template = catalogue.find("green-travel")
    if template is None:
        raise LookupError("the catalogue has no green travel subsidy")
    programme = programmes.create_programme(
        by=by, code=template.code, name_zh=template.name_zh, name_en=template.name_en,
        amount_fen=AMOUNT_FEN, budget_fen=people * AMOUNT_FEN,
        groups=WorkerGroup.objects.filter(pk__in=template.groups),
        window_from=months_before(world.today, 2), window_to=months_before(world.today, -10),
        notice_days=0, cooling_minutes=0, answer_minutes=1, cycle=str(world.today.year),
    )  # fmt: skip
    programmes.open_programme(by=by, programme=programme)
    for code, group, months in (
        ("winter-warmth", "FOOD_RIDER", 1),
        ("spring-jobs", "SECURITY_GUARD", 6),
    ):
        _from_catalogue(world.today, by, code, group, months)
    _draft(world.today, by)
    states = Entitlement.objects.filter(programme=programme).values_list("state", flat=True)
    programme.budget.refresh_from_db()
    return {
        **Counter(states),
        "budget_fen": programme.budget.total_fen,
        "reserved_fen": programme.budget.reserved_fen,
    }


def _from_catalogue(today: date, by: User, code: str, group: str, months: int) -> Programme:
    """Open a programme of goods or points for one group, with room for some of it."""
    template = catalogue.find(code)
    if template is None:
        raise LookupError(code)
    made = programmes.create_programme(
        by=by, code=f"{code}-{today.year}", name_zh=template.name_zh, name_en=template.name_en,
        amount_fen=template.amount_fen, budget_fen=template.amount_fen * IN_STORE,
        benefit=template.benefit, gift=_gift(template, by, today),
        rules=Rules(groups=(group,), needs_card=False, timing=template.timing),
        window_from=months_before(today, months), window_to=months_before(today, -2),
        notice_days=template.notice_days, cycle=str(today.year),
    )  # fmt: skip
    return programmes.open_programme(by=by, programme=made)


def _gift(template: catalogue.Template, by: User, today: date) -> Gift:
    if template.item is None:
        return Gift(points=template.points)
    wanted = template.item
    item: GoodsItem = goods.add_item(
        by=by, code=wanted.code, name_zh=wanted.name_zh, name_en=wanted.name_en,
        value_fen=template.amount_fen, price=wanted.points,
    )  # fmt: skip
    for unit in UnionUnit.objects.filter(depth__lte=2).exclude(status="dissolved")[:4]:
        goods.receive(by=by, item=item, store=unit, quantity=IN_STORE, place=PLACE)
    return Gift(item=item, quantity=template.quantity, fetch_until=months_before(today, -2))


def _draft(today: date, by: User) -> None:
    """Leave one programme of next year as a draft, so that there is something to open."""
    template = catalogue.find("mutual-aid")
    if template is None:
        return
    programmes.create_programme(
        by=by, code=f"mutual-aid-{today.year + 1}", name_zh=template.name_zh,
        name_en=template.name_en, amount_fen=template.amount_fen,
        budget_fen=template.amount_fen * 1000, notice_days=template.notice_days,
        rules=Rules(timing=template.timing, needs_dues=template.needs_dues),
        window_from=date(today.year + 1, 1, 1), window_to=date(today.year + 1, 12, 31),
        cycle=str(today.year + 1),
    )  # fmt: skip
