"""Draw the district's areas: 22 sub-districts, towns and parks, communities below them."""

from __future__ import annotations

from typing import TypeVar

from django.conf import settings
from treebeard.mp_tree import MP_Node

from members.models import Area
from unionportal.synthetic.words import AREAS, COMMUNITIES, AreaName
from unionportal.synthetic.world import World

DISTRICT_CODE = "490100"
# GB/T 10114: streets begin with 0, towns with 1; 4 is for what an enterprise runs.
LEVEL_DIGIT = {"subdistrict": "0", "township": "1", "park": "4"}
COMMUNITY_WORDS = {
    "subdistrict": (Area.Level.COMMUNITY, "社区", "Community"),
    "township": (Area.Level.VILLAGE, "村", "Village"),
}
Node = TypeVar("Node", bound=MP_Node)


def hang(node: Node, parent: MP_Node | None, roots: int = 0) -> Node:
    """Give `node` the next place under `parent`, or the place after `roots` roots."""
    if parent is None:
        node.depth, above, step = 1, "", roots + 1
    else:
        parent.numchild += 1
        node.depth, above, step = parent.depth + 1, parent.path, parent.numchild
    node.path = type(node)._get_path(above, node.depth, step)
    node.numchild = 0
    return node


def draw_areas(world: World) -> list[tuple[Area, list[Area], AreaName]]:
    """Return each sub-district, town and park with its communities and its words."""
    root = _area(
        world, None, settings.DISTRICT_NAME_ZH.removesuffix("总工会"),
        settings.DISTRICT_NAME_EN.removesuffix(" Federation of Trade Unions"),
        Area.Level.DISTRICT, DISTRICT_CODE,
    )  # fmt: skip
    drawn = []
    for number, words in enumerate(AREAS, start=1):
        code = f"{DISTRICT_CODE}{LEVEL_DIGIT[words.level]}{number:02d}"
        kind = Area.Kind.ZONE if words.level == "park" else Area.Kind.DIVISION
        area = _area(world, root, words.chinese, words.english, words.level, code, kind)
        drawn.append((area, _communities(world, area, words), words))
    return drawn


def _communities(world: World, area: Area, words: AreaName) -> list[Area]:
    if words.level not in COMMUNITY_WORDS:
        return []
    level, chinese, english = COMMUNITY_WORDS[words.level]
    names = world.dice.sample(COMMUNITIES, world.size.communities)
    return [
        _area(world, area, f"{zh}{chinese}", f"{en} {english}", level, f"{area.code}{number:03d}")
        for number, (zh, en) in enumerate(names, start=1)
    ]


def _area(
    world: World,
    parent: Area | None,
    chinese: str,
    english: str,
    level: str,
    code: str,
    kind: str = Area.Kind.DIVISION,
) -> Area:
    area = Area(
        id=world.numbers.key(), name_zh=chinese, name_en=english, level=level, code=code,
        kind=kind, valid_from=world.start.replace(year=world.start.year - 12, month=1),
    )  # fmt: skip
    world.areas.append(hang(area, parent))
    return area
