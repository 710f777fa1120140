"""Many members with an account each, by COPY: what a large payout needs and nothing beside."""

from __future__ import annotations

import datetime as dt
import uuid

from django.db import connection, transaction
from django.utils import timezone

from benefits.models import PayeeAccount
from benefits.states.cards import AccountKind
from members.models import Membership, Person, UnionUnit, WorkerGroup
from members.states import UnitKind
from unionportal.core.crypto import blind_index
from unionportal.core.ids import new_id
from unionportal.synthetic.bulk import Table

BLOCK = 20_000
BORN, JOINED = dt.date(1980, 1, 1), dt.date(2024, 1, 2)


class Payees:
    """Adds confirmed members of a group of their own; their ID numbers are of no real place."""

    def __init__(self, kind: AccountKind = AccountKind.BANK_CARD) -> None:
        self.kind = kind
        units = UnionUnit.objects.taking_members().filter(is_external=False)
        self.unit = units.exclude(kind=UnitKind.HOLDING_POOL).earliest("path")
        self.serial = 0
        self.people = Table(
            Person, "id", "name", "name_pinyin", "name_initials", "name_grams", "id_number",
            "id_index", "id_masked", "sex", "birth_date", "phone", "phone_index", "phone_masked",
            "phone_tail", "phone_state",
        )  # fmt: skip
        self.memberships = Table(
            Membership, "id", "person", "member_no", "state", "joined_on", "unit", "group",
            "source", "confirmation", "confirmed_at",
        )  # fmt: skip
        self.accounts = Table(
            PayeeAccount, "id", "person", "kind", "number", "number_index", "number_masked",
            "number_tail", "holder_name", "source", "state", "usable_from",
        )  # fmt: skip

    def add(self, group: str, rows: int) -> None:
        """Write `rows` people into the group called `group`; each block is a transaction."""
        WorkerGroup.objects.get_or_create(
            code=group, defaults={"name_zh": f"测试{group}", "name_en": group, "valid_from": JOINED}
        )
        for start in range(0, rows, BLOCK):
            for _place in range(min(BLOCK, rows - start)):
                self._add(group)
            with transaction.atomic(), connection.cursor() as cursor:
                self.people.flush(cursor)
                self.memberships.flush(cursor)
                self.accounts.flush(cursor)
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")

    def _add(self, group: str) -> None:
        self.serial += 1
        person, now = new_id(), timezone.now()
        tail, number = f"{self.serial % 10_000:04d}", f"622200{self.serial:013d}"
        id_number = f"4999{self.serial:014d}"
        self.people.add(
            person, "测试员", "ceshiyuan", "csy", ["测试", "试员"], id_number,
            blind_index(id_number, "bench"), "4999**********0000", 1, BORN, "-",
            uuid.UUID(int=self.serial), f"139****{tail}", tail, "claimed",
        )  # fmt: skip
        self.memberships.add(
            new_id(), person, f"GHX{self.serial:016d}", "active", JOINED, self.unit.pk, group,
            "registry", "paper_form", now,
        )  # fmt: skip
        self.accounts.add(
            new_id(), person, self.kind.value, number, blind_index(number, "card"), f"**** {tail}",
            tail, "测试员", "bank_file", "active", now - dt.timedelta(days=2),
        )  # fmt: skip
