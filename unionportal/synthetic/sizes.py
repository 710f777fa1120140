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

    @property
    def is_large(self) -> bool:
        """Say whether indexes are better built after the rows than with them."""
        return self.members >= LARGE


# From here on rows are sent to tables bare of indexes.
LARGE = 50_000
# The district is as large as the county of mission.md section 4: 3,269 units, 120,296 members.
DEMO = Size("demo", 170, 2_000, 1, 60, 6, 36, 48)
DISTRICT = Size("district", 3_269, 120_296, 5, 1_900, 45, 480, 180)
# The city: 13,754 units and one and a half million members.
CITY = Size("city", 13_754, 1_500_000, 7, 9_000, 180, 2_000, 600)
SIZES = {size.name: size for size in (DEMO, DISTRICT, CITY)}
