"""Draw who works under whose name: vehicles and firms with a haulier, contractors of a platform."""

from __future__ import annotations

import datetime as dt
import random
import uuid

from members.models import Employer, EmployerLink
from members.states import LinkKind
from unionportal.synthetic.world import World

HOST_SHARE = 0.15
VEHICLES = (1, 4)
CONTRACTORS = 3
LONGEST_DAYS = 900


def draw_links(world: World) -> list[EmployerLink]:
    """Return links between the firms of `world`, by dice of their own."""
    dice = random.Random(f"links:{world.size.name}:{world.random_seed}")  # noqa: S311
    firms = [firm for firm in world.employers if firm.is_operating]
    hauliers = [firm for firm in firms if "货运" in firm.name]
    couriers = [firm for firm in firms if "快递" in firm.name and not firm.is_platform_company]
    plates = iter(dice.sample(range(100_000), len(hauliers) * VEHICLES[1]))
    made = []
    for host in hauliers:
        if dice.random() < HOST_SHARE:
            for _vehicle in range(dice.randint(*VEHICLES)):
                plate = f"豫A{next(plates):05d}"
                made.append(_link(world, dice, LinkKind.HOSTED, host, vehicle_plate=plate))
    for platform in (firm for firm in firms if firm.is_platform_company):
        for firm in dice.sample(couriers, min(CONTRACTORS, len(couriers))):
            made.append(_link(world, dice, LinkKind.CONTRACTOR, platform, affiliate=firm))
    return made


def _link(
    world: World, dice: random.Random, kind: LinkKind, host: Employer, **guest: object
) -> EmployerLink:
    days = dt.timedelta(days=dice.randint(30, LONGEST_DAYS))
    return EmployerLink(
        id=uuid.UUID(int=dice.getrandbits(128), version=4), kind=kind.value, host=host,
        started_on=world.today - days, **guest,
    )  # fmt: skip
