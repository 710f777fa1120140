"""Draw employers: with a union, preparing one, without; with and without a headcount."""

from __future__ import annotations

import datetime as dt
import random
import uuid
from itertools import zip_longest

from members.models import Area, Employer, EmployerCoverage, EmployerHeadcount, UnionUnit
from members.states import FormationMethod, HeadcountSource, UnionisedState, UnitStatus
from unionportal.synthetic.words import AREAS, BRAND_FIRST, BRAND_LAST, TRADES, Trade
from unionportal.synthetic.world import World

U = UnionisedState
NO_HEADCOUNT_SHARE = 0.08
NO_CODE_SHARE = 0.2
EARLIER_SHARE = 0.4
H = HeadcountSource
HEADCOUNT_SOURCES = (H.SELF_REPORTED, H.TAX, H.SOCIAL_INSURANCE, H.VISIT)
ELSEWHERE = "示例市总工会（集团总部所在地）"
SMALL_WORDS = ("便利店", "快递驿站", "餐饮店", "汽修厂", "家政门店", "五金店")


def firm_name(world: World, trade: str) -> str:
    """Return a firm's name nobody here has yet."""
    while True:
        brand = world.dice.choice(BRAND_FIRST) + world.dice.choice(BRAND_LAST)
        name = f"示例{brand}{trade}有限公司"
        if name in world.names:
            name = f"示例{brand}{world.dice.choice(BRAND_FIRST)}{trade}有限公司"
        if name not in world.names:
            world.names.add(name)
            return name


def of_union(world: World, name: str, area: Area, trade: Trade, union: UnionUnit) -> Employer:
    """Return the firm of an employer's union, in the state the union is in."""
    states = {UnitStatus.PREPARING: U.PREPARING, UnitStatus.ESTABLISHED: U.UNIONISED}
    state = states.get(UnitStatus(union.status), U.NOT_UNIONISED)
    firm = _employer(world, name, area, trade.industry, state)
    if union.status == UnitStatus.DISSOLVED:
        firm.is_operating = world.dice.random() < 0.3
    _cover(world, union, firm, FormationMethod.STANDALONE)
    return firm


def covered(
    world: World, area: Area, trade: str, industry: str, union: UnionUnit, method: str
) -> Employer:
    """Return a firm covered by a federation or a joint union."""
    firm = _employer(world, firm_name(world, trade), area, industry, U.UNIONISED)
    _cover(world, union, firm, method)
    return firm


def small(
    world: World, area: Area, union: UnionUnit, method: str = FormationMethod.COMMUNITY
) -> Employer:
    """Return a small firm covered by a community's or a joint union."""
    return covered(world, area, world.dice.choice(SMALL_WORDS), "O", union, method)


def courier(world: World, area: Area, name: str, branch: UnionUnit) -> Employer:
    """Return the courier company's regional firm, which the regional branch covers."""
    firm = _employer(world, name, area, "G", U.UNIONISED)
    firm.is_platform_company = firm.pays_dues = True
    _cover(world, branch, firm, FormationMethod.STANDALONE)
    return firm


def draw_apart(world: World) -> None:
    """Draw the employers no unit covers: no union, preparing one, or a union elsewhere."""
    states = (U.NOT_UNIONISED, U.PREPARING, U.UNIONISED_ELSEWHERE)
    weights = [words.weight for words in AREAS]
    for _firm in range(world.size.employers_apart):
        place = world.dice.choices(world.places, weights)[0]
        trade = world.dice.choices(TRADES, [trade.weight for trade in TRADES])[0]
        state = world.dice.choices(states, (80, 8, 12))[0]
        firm = _employer(world, firm_name(world, trade.word), place.area, trade.industry, state)
        firm.is_platform_company = state == U.UNIONISED_ELSEWHERE and trade.word == "外卖配送"
        firm.is_operating = world.dice.random() > 0.04
        firm.is_preparing_union = state == U.PREPARING
        if state == U.UNIONISED_ELSEWHERE:
            firm.union_elsewhere = ELSEWHERE


def set_headcounts(world: World) -> None:
    """Set headcounts once the members of each firm are known; some stay unknown."""
    for firm in world.employers:
        if world.dice.random() < NO_HEADCOUNT_SHARE:
            continue
        members = world.members_by_employer[firm.pk]
        if members:
            firm.headcount = round(members / world.dice.uniform(0.6, 0.98))
        else:
            firm.headcount = max(1, round(world.dice.lognormvariate(2.7, 0.9)))
        firm.headcount_on = world.day(world.ago(540), world.today)
        firm.headcount_source = world.dice.choice(HEADCOUNT_SOURCES).value
    _draw_history(world)


def _draw_history(world: World) -> None:
    """Draw what was counted, with a count of the year before for some, by dice of its own."""
    dice = random.Random(f"headcounts:{world.size.name}:{world.random_seed}")  # noqa: S311
    for firm in world.employers:
        if firm.headcount is None or firm.headcount_on is None:
            continue
        counts = [(firm.headcount_on, firm.headcount)]
        if dice.random() < EARLIER_SHARE:
            before = firm.headcount_on - dt.timedelta(days=dice.randint(300, 400))
            counts.insert(0, (before, max(1, round(firm.headcount * dice.uniform(0.7, 1.2)))))
        ends = [day for day, _count in counts[1:]]
        for (day, count), end in zip_longest(counts, ends):
            women = round(count * dice.uniform(0.1, 0.6)) if dice.random() < 0.7 else None
            world.headcounts.append(
                EmployerHeadcount(
                    id=uuid.UUID(int=dice.getrandbits(128), version=4), employer=firm,
                    started_on=day, ended_on=end, employees=count, women=women,
                    migrants=None if women is None else round(count * dice.uniform(0.2, 0.7)),
                    source=firm.headcount_source,
                )
            )  # fmt: skip


def _employer(world: World, name: str, area: Area, industry: str, state: str) -> Employer:
    has_code = world.dice.random() > NO_CODE_SHARE
    firm = Employer(
        id=world.numbers.key(), name=name, area=area, industry_id=industry, union_state=str(state),
        credit_code=world.numbers.credit_code("91") if has_code else None,
        address=f"{area.name_zh}示范路{world.dice.randint(1, 299)}号",
        ownership=world.dice.choices(("private", "individual", "state"), (80, 14, 6))[0],
        pays_dues=state == U.UNIONISED and world.dice.random() < 0.75,
    )  # fmt: skip
    world.employers.append(firm)
    return firm


def _cover(world: World, union: UnionUnit, firm: Employer, method: str) -> None:
    started = union.established_on or world.ago(world.dice.randint(20, 200))
    ended = union.dissolved_on
    if ended is not None and ended <= started:
        ended = started + dt.timedelta(days=1)
    cover = EmployerCoverage(
        id=world.numbers.key(), unit=union, employer=firm, method=str(method),
        started_on=started, ended_on=ended,
    )  # fmt: skip
    world.coverages.append(cover)
    world.union_by_employer[firm.pk] = union
