"""How large a synthetic district is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Size:
    """Units and members are exact; `members` are the recorded ones (active or retained)."""

    name: str
    units: int
    members: int
    # Communities under each sub-district and township, each with a community union.
    communities: int
    # Employers that no unit covers.
    employers_apart: int
    outlets: int
    open_applications: int
    points: int


# The district is as large as the county of mission.md section 4: 3,269 units, 120,296 members.
DEMO = Size("demo", 170, 2_000, 1, 60, 6, 36, 48)
DISTRICT = Size("district", 3_269, 120_296, 5, 1_900, 45, 480, 180)
SIZES = {size.name: size for size in (DEMO, DISTRICT)}
