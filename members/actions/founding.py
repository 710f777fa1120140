"""Begin a new installation: the district, its federation and the first two administrators."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.translation import gettext as _

from members.models import Area, UnionUnit, UnitPlacement
from members.states import UnitKind, UnitStatus
from unionportal.core import audit
from unionportal.core.actions.accounts import staff_key
from unionportal.core.actors import ServiceActor
from unionportal.core.errors import Refused
from unionportal.core.models import Grant, User
from unionportal.core.roles import SecurityAdministrator, SystemAdministrator


@dataclass(frozen=True)
class FirstAdministrator:
    """One of the two people who begin: `id_number` is checked and stays out of repr."""

    username: str
    display_name: str
    id_number: str

    def __repr__(self) -> str:
        return f"FirstAdministrator({self.username!r})"


@transaction.atomic
def found_district(
    *,
    by: ServiceActor,
    area_code: str,
    system: FirstAdministrator,
    security: FirstAdministrator,
) -> dict[str, str]:
    """Found the district and return the first password of each user name; they are shown once.

    Raises `Refused` when the database has units or accounts already, or when one person would be
    both administrators (security.md section 2: they are two people).
    """
    if UnionUnit.objects.exists() or User.objects.exists():
        raise Refused(_("This database has a district or accounts already."), code="not_empty")
    if staff_key(system.id_number) == staff_key(security.id_number):
        raise Refused(
            _("The system administrator and the security administrator are two people."),
            code="same_person",
        )
    unit = _federation(by, area_code)
    return {
        person.username: _administrator(by, person, role, unit)
        for person, role in (
            (system, SystemAdministrator.code),
            (security, SecurityAdministrator.code),
        )
    }


def _federation(by: ServiceActor, area_code: str) -> UnionUnit:
    today = timezone.localdate()
    names = {"name_zh": settings.DISTRICT_NAME_ZH, "name_en": settings.DISTRICT_NAME_EN}
    area = Area.objects.add_root(
        create_kwargs={
            **names, "level": Area.Level.DISTRICT, "code": area_code, "valid_from": today
        }
    )  # fmt: skip
    unit: UnionUnit = UnionUnit.objects.add_root(
        create_kwargs={
            "name": settings.DISTRICT_NAME_ZH,
            "kind": UnitKind.DISTRICT,
            "area": area,
            "status": UnitStatus.ESTABLISHED,
            "established_on": today,
        }
    )
    UnitPlacement.objects.create(unit=unit, parent=None, started_on=today)
    audit.record(by=by, verb="district.found", target=unit)
    return unit


def _administrator(by: ServiceActor, person: FirstAdministrator, role: str, unit: UnionUnit) -> str:
    password = get_random_string(16)
    user = User.objects.create_user(
        username=person.username,
        password=password,
        display_name=person.display_name,
        person_key=staff_key(person.id_number),
    )
    Grant.objects.create(user=user, role=role, unit=unit, started_on=timezone.localdate())
    audit.record(by=by, verb="account.create", target=user)
    audit.record(by=by, verb="grant.give", target=user, data={"role": role})
    return password
