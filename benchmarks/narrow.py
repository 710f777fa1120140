"""A million members as narrow rows by COPY: enough for lists and searches, nothing beside."""

from __future__ import annotations

import datetime as dt
import random
import uuid

from django.db import connection, transaction

from members.models import Employer, Membership, Person, UnionUnit, WorkerGroup
from unionportal.core.pinyin import bigrams, initials, pinyin_key
from unionportal.synthetic.bulk import Table
from unionportal.synthetic.names import full_name
from unionportal.synthetic.numbers import Numbers

BLOCK = 20_000
FIRST_DAY = dt.date(2015, 1, 1)
DAYS = 4_000
CONFIRMATIONS = ("none", "paper_form", "signed_list", "sms_link", "self")
SOURCES = ("form", "roster", "self_join", "registry")


def fill_up(rows: int) -> None:
    """Add narrow members until the district has `rows`; nothing when it has as many."""
    missing = rows - Membership.objects.count()
    if missing > 0:
        NarrowMembers(seed=Membership.objects.count()).fill(missing)


class NarrowMembers:
    """Adds members to the units of a district that is there; sizes of units are skewed."""

    def __init__(self, seed: int = 7) -> None:
        self.seed, self.dice = seed, random.Random(seed)
        self.numbers = Numbers(self.dice, dt.date(2014, 1, 1))
        taking = UnionUnit.objects.taking_members().filter(is_external=False).order_by("path")
        self.units = list(taking.values_list("pk", flat=True))
        self.weights = [1 / (1 + place % 50) for place in range(len(self.units))]
        self.groups = list(WorkerGroup.objects.values_list("pk", flat=True))
        self.employers = list(Employer.objects.values_list("pk", flat=True)[:500])
        self.names: dict[str, tuple[str, str, list[str]]] = {}
        self.people = Table(
            Person, "id", "name", "name_pinyin", "name_initials", "name_grams", "id_number",
            "id_index", "id_masked", "sex", "birth_date", "phone", "phone_index", "phone_masked",
            "phone_tail", "phone_state", "phone_verified_at",
        )  # fmt: skip
        self.memberships = Table(
            Membership, "id", "person", "member_no", "state", "ended_on", "joined_on", "unit",
            "group", "employer", "source", "confirmation", "confirmed_at",
        )  # fmt: skip

    def fill(self, rows: int) -> None:
        """Write `rows` members; each block is a transaction of its own."""
        for start in range(0, rows, BLOCK):
            units = self.dice.choices(self.units, self.weights, k=min(BLOCK, rows - start))
            for serial, unit in enumerate(units, start=start):
                self._add(serial, unit)
            with transaction.atomic(), connection.cursor() as cursor:
                self.people.flush(cursor)
                self.memberships.flush(cursor)
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")

    def _add(self, serial: int, unit: uuid.UUID) -> None:
        dice, person = self.dice, self.numbers.key()
        name = full_name(dice)
        if name not in self.names:
            self.names[name] = (pinyin_key(name), initials(name), bigrams(name))
        tail = f"{dice.randrange(10_000):04d}"
        noon = dt.datetime(2020, 1, 1, 12, tzinfo=dt.UTC)
        is_verified = dice.random() < 0.8
        self.people.add(
            person, name, *self.names[name], "-", uuid.UUID(int=dice.getrandbits(128)),
            "4900**********0000", dice.choice((1, 2)),
            dt.date(1960, 1, 1) + dt.timedelta(days=dice.randrange(16_000)), "-",
            uuid.UUID(int=dice.getrandbits(128)), f"139****{tail}", tail,
            "verified" if is_verified else "claimed", noon if is_verified else None,
        )  # fmt: skip
        joined = FIRST_DAY + dt.timedelta(days=dice.randrange(DAYS))
        state = dice.choices(("active", "retained", "resigned", "annulled"), (94, 3, 2.9, 0.1))[0]
        is_open = state in {"active", "retained"}
        confirmation = dice.choice(CONFIRMATIONS)
        self.memberships.add(
            self.numbers.key(), person, f"GHN{self.seed:08d}{serial:08d}", state,
            None if is_open else joined, joined, unit, dice.choice(self.groups),
            dice.choice(self.employers), dice.choice(SOURCES), confirmation,
            None if confirmation == "none" else noon,
        )  # fmt: skip
