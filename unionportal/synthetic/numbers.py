"""Identifiers that are right in form and check digit and belong to nobody; all from one seed."""

from __future__ import annotations

import datetime as dt
import itertools
import random
import uuid

from stdnum import luhn
from stdnum.cn import ric, uscc

from unionportal.core.identifiers.divisions import SYNTHETIC_PROVINCE

PHONE_PREFIXES = ("190", "199")
PHONES_PER_PREFIX = 10**8
# Has no factor in common with 10**8, so that counting up meets every number once.
PHONE_STRIDE = 48_271_973
# 6214 90 is no bank's number range that we know of.
CARD_PREFIX = "621490"
PLATE_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
PLATE_PLACES = ("豫A", "豫B", "豫C", "皖K", "鲁H", "冀D")
CODE_LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"


class Numbers:
    """Draws each identifier once."""

    def __init__(self, dice: random.Random, today: dt.date) -> None:
        self.dice = dice
        self._began_ms = int(dt.datetime(today.year, today.month, today.day, tzinfo=dt.UTC)
                             .timestamp() * 1000) - 86_400_000  # fmt: skip
        self._ids = itertools.count()
        self._phones = itertools.count(dice.randrange(PHONES_PER_PREFIX))
        self._cards = itertools.count(1)
        self._used: set[str] = set()

    def key(self) -> uuid.UUID:
        """Return a primary key: version 7 with yesterday's time, each later than the one before."""
        serial = next(self._ids)
        moment = self._began_ms + (serial >> 12)
        high = (moment << 80) | (7 << 76) | ((serial & 0xFFF) << 64)
        return uuid.UUID(int=high | (2 << 62) | self.dice.getrandbits(62))

    def token(self) -> str:
        return f"{self.dice.getrandbits(96):024x}"

    def id_number(self, born: dt.date, *, is_male: bool) -> str:
        """Return a citizen ID number of the province nobody lives in."""
        while True:
            place = 100 + self.dice.randrange(100)
            order = self.dice.randrange(500) * 2 + is_male
            stem = f"{SYNTHETIC_PROVINCE}{place:04d}{born:%Y%m%d}{order:03d}"
            if stem not in self._used:
                self._used.add(stem)
                return stem + ric.calc_check_digit(f"{stem}0")

    def phone(self) -> str:
        serial = next(self._phones)
        digits = serial * PHONE_STRIDE % PHONES_PER_PREFIX
        return f"{PHONE_PREFIXES[serial % 2]}{digits:08d}"

    def card_number(self) -> str:
        stem = f"{CARD_PREFIX}{next(self._cards) * PHONE_STRIDE % 10**12:012d}"
        return stem + luhn.calc_check_digit(stem)

    def plate(self) -> str:
        place = self.dice.choice(PLATE_PLACES)
        if self.dice.random() < 0.2:
            return f"{place}D{self.dice.randrange(100_000):05d}"
        letter = self.dice.choice(PLATE_LETTERS)
        return f"{place}{letter}{self.dice.randrange(10_000):04d}"

    def credit_code(self, kind: str) -> str:
        """Return a credit code of `kind`: 81 a grassroots union, 91 a firm."""
        while True:
            middle = "".join(self.dice.choices(CODE_LETTERS, k=7))
            stem = f"{kind}{SYNTHETIC_PROVINCE}0100MA{middle}"
            if stem not in self._used:
                self._used.add(stem)
                return stem + uscc.calc_check_digit(f"{stem}0")
