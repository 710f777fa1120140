"""Draw the union's units: the district's, the territorial ones, federations, firms' unions."""

from __future__ import annotations

import datetime as dt

from django.conf import settings

from members.models import Area, Employer, UnionUnit, UnitPlacement
from members.states import FormationMethod, UnitKind, UnitStatus
from unionportal.synthetic import employers
from unionportal.synthetic.areas import draw_areas, hang
from unionportal.synthetic.names import full_name
from unionportal.synthetic.words import (
    FREIGHT_GROUPS,
    HOME_GROUPS,
    MIXED_GROUPS,
    TRADES,
    AreaName,
)
from unionportal.synthetic.world import Place, Slot, World

K = UnitKind
LOCAL_KIND = {"subdistrict": K.SUBDISTRICT, "township": K.TOWNSHIP, "park": K.PARK}
COURIER = "示例速递"
COURIER_HOME = 2  # the logistics park
FREIGHT_PLACES, DOMESTIC_PLACES = range(0, 22, 3), range(1, 22, 4)
FEDERATION_PLACES = range(2, 22, 4)
PREPARING_SHARE, DISSOLVED_SHARE = 0.05, 0.02
MOVED_SHARE = 0.02


def draw_units(world: World) -> None:
    """Draw areas and units up to the exact number, and the employers the units cover."""
    drawn = draw_areas(world)
    district = _unit(
        world, None, settings.DISTRICT_NAME_ZH, K.DISTRICT, world.areas[0],
        established_on=world.areas[0].valid_from,
    )  # fmt: skip
    for area, communities, words in drawn:
        world.places.append(_place(world, district, area, communities, words))
    for number, place in enumerate(world.places):
        _draw_fixed(world, place, number)
    _draw_courier(world)
    weights = [place.weight for place in world.places]
    while len(world.units) < world.size.units:
        _draw_one(world, world.dice.choices(world.places, weights)[0])
    _move_some(world, district)


def _place(
    world: World, district: UnionUnit, area: Area, communities: list[Area], words: AreaName
) -> Place:
    union = _unit(
        world, district, f"{words.chinese}总工会", LOCAL_KIND[words.level], area,
        established_on=area.valid_from,
    )  # fmt: skip
    pool = _unit(
        world, union, f"{words.chinese}会员周转库", K.HOLDING_POOL, area,
        established_on=area.valid_from,
    )  # fmt: skip
    slot = _slot(world, pool, 1.2 * words.weight, MIXED_GROUPS)
    return Place(area, union, slot, words.weight, communities)


def _draw_fixed(world: World, place: Place, number: int) -> None:
    """Draw what a place has whatever the size: communities' unions and federations."""
    for community in place.communities:
        name = f"{place.area.name_zh}{community.name_zh}工会"
        union = _unit(world, place.union, name, K.COMMUNITY_UNION, community)
        firms = [employers.small(world, community, union) for _firm in range(2)]
        _slot(world, union, 1.5 * place.weight, MIXED_GROUPS, firms)
    if number in FREIGHT_PLACES:
        _sector(world, place, "道路货运", FormationMethod.SECTOR_LED, FREIGHT_GROUPS, 5.0)
    if number in DOMESTIC_PLACES:
        _sector(world, place, "家政服务", FormationMethod.LEAD_FIRM, HOME_GROUPS, 3.0)
    if number in FEDERATION_PLACES:
        name = f"{place.area.name_zh}商圈工会联合会"
        union = _unit(world, place.union, name, K.AREA_FEDERATION, place.area)
        _slot(world, union, 2.0, MIXED_GROUPS)


def _sector(
    world: World, place: Place, trade: str, method: str, groups: tuple[str, ...], weight: float
) -> None:
    """Draw a sector federation over several firms. Drivers belong to it through the firm their
    vehicle is registered under, not through an employer of their own."""
    name = f"{place.area.name_zh}{trade}行业工会联合会"
    union = _unit(world, place.union, name, K.SECTOR_FEDERATION, place.area)
    firms = [
        employers.covered(world, place.area, trade, "G" if "货运" in trade else "O", union, method)
        for _firm in range(world.dice.randint(3, 6))
    ]
    _slot(world, union, weight * place.weight, groups, firms)


def _draw_courier(world: World) -> None:
    """Draw the courier company: head office outside, a branch here, a group for each outlet."""
    head = _unit(
        world, None, f"{COURIER}集团总部工会", K.EMPLOYER_UNION, None, is_external=True,
        established_on=world.areas[0].valid_from,
    )  # fmt: skip
    home = world.places[COURIER_HOME]
    branch = _unit(
        world, home.union, f"{COURIER}示例区分公司工会分会", K.BRANCH, home.area,
        industrial_parent=head,
    )  # fmt: skip
    firm = employers.courier(world, home.area, f"{COURIER}有限公司示例区分公司", branch)
    groups = ("PARCEL_COURIER",) * 10
    _slot(world, branch, 1.0, groups, [firm])
    for number in range(world.size.outlets):
        place = world.places[number % len(world.places)]
        name = f"{COURIER}{place.area.name_zh}第{number // len(world.places) + 1}网点工会小组"
        outlet = _unit(
            world, branch, name, K.GROUP, place.area, established_on=branch.established_on
        )
        _slot(world, outlet, 1.4, groups, [firm])


def _draw_one(world: World, place: Place) -> None:
    """Draw one more unit: mostly a firm's union, sometimes a joint one or a branch in a firm."""
    dice = world.dice.random()
    if dice < 0.14 and place.firm_unions:
        _draw_branch(world, place)
    elif dice < 0.22:
        _draw_joint(world, place)
    else:
        _draw_firm_union(world, place)


def _draw_firm_union(world: World, place: Place) -> None:
    trade = world.dice.choices(TRADES, [trade.weight for trade in TRADES])[0]
    name = employers.firm_name(world, trade.word)
    dice = world.dice.random()
    if dice < PREPARING_SHARE:
        status = UnitStatus.PREPARING
    elif dice < PREPARING_SHARE + DISSOLVED_SHARE:
        status = UnitStatus.DISSOLVED
    else:
        status = UnitStatus.ESTABLISHED
    union = _unit(world, place.union, f"{name}工会", K.EMPLOYER_UNION, place.area, status=status)
    firm = employers.of_union(world, name, place.area, trade, union)
    if status == UnitStatus.ESTABLISHED:
        place.firm_unions.append(union)
        weight = world.dice.lognormvariate(0, 0.8)
        _slot(world, union, weight, trade.groups, [firm])


def _draw_joint(world: World, place: Place) -> None:
    number = sum(1 for unit in world.units if unit.kind == K.JOINT_UNION) + 1
    name = f"{place.area.name_zh}第{number}联合工会"
    union = _unit(world, place.union, name, K.JOINT_UNION, place.area)
    firms = [
        employers.small(world, place.area, union, FormationMethod.STANDALONE)
        for _firm in range(world.dice.randint(2, 4))
    ]
    _slot(world, union, 1.0, MIXED_GROUPS, firms)


def _draw_branch(world: World, place: Place) -> None:
    union = world.dice.choice(place.firm_unions)
    kind = K.BRANCH if union.depth == 3 and world.dice.random() < 0.7 else K.GROUP
    word = "分会" if kind == K.BRANCH else "小组"
    name = f"{union.name}第{union.numchild + 1}{word}"
    slot = next(slot for slot in world.slots if slot.unit is union)
    branch = _unit(
        world, union, name, kind, union.area,
        established_on=world.day(slot.since, world.ago(60)),
    )  # fmt: skip
    _slot(world, branch, 0.6, slot.groups, slot.employers)


def _unit(
    world: World,
    parent: UnionUnit | None,
    name: str,
    kind: UnitKind,
    area: Area | None,
    *,
    status: str = UnitStatus.ESTABLISHED,
    established_on: dt.date | None = None,
    industrial_parent: UnionUnit | None = None,
    is_external: bool = False,
) -> UnionUnit:
    day = established_on or _founding_day(world)
    unit = UnionUnit(
        id=world.numbers.key(), name=name, kind=kind.value, status=str(status), area=area,
        industrial_parent=industrial_parent, is_external=is_external,
        credit_code=_credit_code(world, kind, status),
        contact_name=full_name(world.dice), contact_phone=world.numbers.phone(),
        established_on=None if status == UnitStatus.PREPARING else day,
        dissolved_on=world.day(day, world.today) if status == UnitStatus.DISSOLVED else None,
    )  # fmt: skip
    roots = 1 if is_external else 0
    world.units.append(hang(unit, parent, roots))
    placed = UnitPlacement(id=world.numbers.key(), unit=unit, parent=parent, started_on=day)
    world.placements.append(placed)
    return unit


def _credit_code(world: World, kind: UnitKind, status: str) -> str | None:
    is_registered = kind in (K.EMPLOYER_UNION, K.JOINT_UNION) and world.dice.random() < 0.6
    if status != UnitStatus.ESTABLISHED or not is_registered:
        return None
    return world.numbers.credit_code("81")


def _founding_day(world: World) -> dt.date:
    """Most unions are older than the five years shown; some were founded in them."""
    if world.dice.random() < 0.82:
        return world.day(world.start - dt.timedelta(days=3000), world.start)
    return world.day(world.start, world.ago(120))


def _slot(
    world: World,
    unit: UnionUnit,
    weight: float,
    groups: tuple[str, ...],
    firms: list[Employer] | None = None,
) -> Slot:
    since = max(unit.established_on or world.start, world.start)
    slot = Slot(unit, weight, groups, since, firms or [])
    world.slots.append(slot)
    return slot


def _move_some(world: World, district: UnionUnit) -> None:
    """Let some firms' unions have hung directly under the district before."""
    for placed in world.placements:
        unit = placed.unit
        is_old = unit.kind == K.EMPLOYER_UNION and placed.started_on < world.start
        if is_old and not unit.is_external and world.dice.random() < MOVED_SHARE:
            moved = world.day(world.start, world.ago(90))
            now = UnitPlacement(
                id=world.numbers.key(), unit=unit, parent=placed.parent, started_on=moved,
                reason="属地化管理",
            )  # fmt: skip
            placed.parent, placed.ended_on = district, moved
            world.placements.append(now)
            if len(world.placements) > world.size.units * 1.03:
                return
