"""The people and the things the matrix is walked with: made once for a module, then rolled back."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookies import SimpleCookie
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.db import transaction
from django.test import Client
from django.utils import timezone, translation

from tests.architecture.matrix import ROLES, TABLE
from tests.architecture.things import things
from tests.conftest import SINCE, make_area, make_unit
from unionportal.core.crypto import blind_index
from unionportal.core.models import (
    Grant,
    Heartbeat,
    Installation,
    User,
)

NOBODYS = UUID("00000000-0000-7000-8000-000000000000")


class Cast:
    """Officers of every role: of the district, of sub-district A (`@a`) and of B (`@b`)."""

    def __init__(self) -> None:
        self.place = _district()
        self.clients: dict[str, Client] = {"anonymous": Client()}
        self.users: dict[str, User] = {}
        units = {"": self.place.unit, "@a": self.place.unit_a, "@b": self.place.unit_b}
        for role in ROLES:
            for place, unit in units.items():
                self._join(f"{role}{place}", role, unit)
        self._join("nobody", None, None)
        self._known: dict[str, dict[str, Any]] = {}
        for name in sorted({row.thing for row in TABLE.values()}):
            self.address_of(name)

    def _join(self, name: str, role: str | None, unit: Any) -> None:
        user = User.objects.create_user(
            username=name, password="correct horse battery", display_name=name,
            person_key=blind_index(name, "staff"),
        )  # fmt: skip
        if role:
            Grant.objects.create(user=user, role=role, unit=unit, started_on=SINCE)
        TOTP.activate(user, generate_totp_secret())
        client = Client(headers={"accept-language": "en"})
        client.force_login(user)
        self.users[name], self.clients[name] = user, client

    def address_of(self, name: str) -> dict[str, Any]:
        """Return the URL arguments of a thing; nothing for a route without one."""
        if name and name not in self._known:
            self._known[name] = things[name](self)
        return self._known.get(name, {})

    def call(self, who: str, method: str, path: str, language: str = "en") -> Any:
        """Send an empty request as `who`; what it writes is rolled back, its cookies dropped."""
        client = self.clients[who]
        kept = SimpleCookie({key: morsel.value for key, morsel in client.cookies.items()})
        client.cookies["django_language"] = language
        has_json = path.startswith("/api/") and method not in {"GET", "HEAD"}
        extra = {"content_type": "application/json"} if has_json else {}
        try:
            with transaction.atomic():
                answer = getattr(client, method.lower())(path, **extra)
                transaction.set_rollback(True)
        finally:
            client.cookies = kept
        return answer


@contextmanager
def standing() -> Iterator[Cast]:
    """Build the cast in a transaction that is rolled back at the end."""
    logging.disable(logging.CRITICAL)  # two lines for each of thousands of requests
    try:
        yield from _standing()
    finally:
        logging.disable(logging.NOTSET)


def _standing() -> Iterator[Cast]:
    with translation.override("en"), transaction.atomic():
        Installation.objects.update_or_create(pk=1, defaults={"is_demo": True})
        soon = timezone.now() + dt.timedelta(hours=1)
        Heartbeat.objects.bulk_create(
            [Heartbeat(name=name, at=soon) for name in ("worker", "beat")]
        )
        yield Cast()
        transaction.set_rollback(True)


def _district() -> SimpleNamespace:
    root_area = make_area(None, "示例区", "district", "490100", name_en="Shili District")
    area_a = make_area(root_area, "甲街道", "subdistrict", "490100001", name_en="Jia Sub-district")
    area_b = make_area(root_area, "乙街道", "subdistrict", "490100002", name_en="Yi Sub-district")
    root = make_unit(None, "示例区总工会", "district", root_area)
    unit_a = make_unit(root, "甲街道总工会", "subdistrict", area_a)
    root.refresh_from_db()
    unit_b = make_unit(root, "乙街道总工会", "subdistrict", area_b)
    firm_a = make_unit(unit_a, "甲物流有限公司工会", "employer_union", area_a)
    for unit in (root, unit_a):
        unit.refresh_from_db()
    return SimpleNamespace(
        area=root_area, area_a=area_a, area_b=area_b, unit=root, unit_a=unit_a, unit_b=unit_b,
        firm_a=firm_a,
    )  # fmt: skip
