"""Draw one of some values by weight; made for a hundred thousand draws."""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Iterable
from itertools import accumulate
from typing import Generic, TypeVar

T = TypeVar("T")


class Lot(Generic[T]):
    """Values with weights: `Lot(("yes", 9), ("no", 1)).draw(dice)`."""

    def __init__(self, *weighted: tuple[T, float]) -> None:
        self.values = [value for value, _weight in weighted]
        self._sums = list(accumulate(weight for _value, weight in weighted))
        self._last = len(self.values) - 1

    @classmethod
    def of(cls, weighted: Iterable[tuple[T, float]]) -> Lot[T]:
        return cls(*weighted)

    def draw(self, dice: random.Random) -> T:
        """Return one value."""
        place = bisect(self._sums, dice.random() * self._sums[-1])
        return self.values[min(place, self._last)]
