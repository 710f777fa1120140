"""Make the demo's accounts: one for each role, random passwords and second factors."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.utils import translation
from django.utils.crypto import get_random_string

from members.models import UnionUnit
from unionportal.core import roles
from unionportal.core.actions.accounts import staff_key
from unionportal.core.models import Grant, User
from unionportal.synthetic.world import World

OWNER_ONLY = 0o600
# Places of areas.AREAS: None is the whole district.
YUNHE, BEIYUAN = 0, 1


class DemoAccount(NamedTuple):
    username: str
    display_name: str
    role: type[roles.Role]
    place: int | None = None


ACCOUNTS = (
    DemoAccount("officer.yunhe", "云河专干", roles.FieldOfficer, YUNHE),
    DemoAccount("street.yunhe", "云河街道干部", roles.SubdistrictOfficer, YUNHE),
    DemoAccount("street.beiyuan", "北园镇干部", roles.SubdistrictOfficer, BEIYUAN),
    DemoAccount("district", "区总工会干部", roles.DistrictOfficer),
    DemoAccount("maker", "财务经办", roles.FinanceMaker),
    DemoAccount("checker", "财务复核", roles.FinanceChecker),
    DemoAccount("checker2", "财务复核二", roles.FinanceChecker),
    DemoAccount("auditor", "经审委员", roles.Auditor),
    DemoAccount("sysadmin", "系统管理员", roles.SystemAdministrator),
    DemoAccount("secadmin", "安全管理员", roles.SecurityAdministrator),
)


def make_accounts(world: World) -> tuple[dict[str, User], list[dict[str, Any]]]:
    """Write accounts with grant and second factor; return them and what their owners must know.

    Passwords and second factors never follow from the random seed.
    """
    users: dict[str, User] = {}
    notes = []
    for number, account in enumerate(ACCOUNTS):
        unit = world.units[0] if account.place is None else world.places[account.place].union
        users[account.username], note = _make(world, account, unit, number)
        notes.append(note)
    return users, notes


def _make(
    world: World, account: DemoAccount, unit: UnionUnit, number: int
) -> tuple[User, dict[str, Any]]:
    born = dt.date(1978 + number, 3, 7)
    person = world.numbers.id_number(born, is_male=bool(number % 2))
    password, secret = get_random_string(16), generate_totp_secret()
    user = User.objects.create_user(
        username=account.username, password=password, display_name=account.display_name,
        person_key=staff_key(person),
    )  # fmt: skip
    Grant.objects.create(user=user, role=account.role.code, unit=unit, started_on=world.start)
    TOTP.activate(user, secret)
    with translation.override("en"):  # the source language: whoever shows it translates it
        role_name = str(account.role.name)
    note = {
        "username": account.username, "password": password, "totp_secret": secret,
        "role": account.role.code, "role_name": role_name, "unit": unit.name,
    }  # fmt: skip
    return user, note


def write_notes(path: Path, notes: Iterable[dict[str, Any]]) -> None:
    """Write the accounts where only the installation's owner reads them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(list(notes), file, ensure_ascii=False, indent=2)
