"""The fixed cast: one district, two neighbouring sub-districts, one officer per role."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client
from django.utils import translation
from hypothesis import settings
from xdist.scheduler import LoadFileScheduling

from members.models import Area, UnionUnit, UnitPlacement
from unionportal.core.crypto import blind_index
from unionportal.core.models import Grant, User

SINCE = date(2020, 1, 1)

# A change is judged by the same examples each time; the long run looks for new ones.
settings.register_profile("repeatable", derandomize=True)
settings.register_profile("searching", print_blob=True)
settings.load_profile("searching" if os.environ.get("DEEP") == "1" else "repeatable")


class OneFolderOneProcess(LoadFileScheduling):
    """A file stays in one process; the browser tests stay together, for they share a portal."""

    def _split_scope(self, nodeid: str) -> str:
        return "browser" if "tests/browser/" in nodeid else super()._split_scope(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> OneFolderOneProcess:
    return OneFolderOneProcess(config, log)


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    """Messages are compared in English, the source language, unless a test says otherwise."""
    with translation.override("en"):
        yield


@pytest.fixture(autouse=True)
def _portal_data(settings, tmp_path):
    """Files and bank folders of a test live in its own folder."""
    settings.FILES_ROOT = tmp_path / "files"
    settings.BANK_FOLDER = str(tmp_path / "bank")


def _add(model, parent, values):
    if parent is None:
        return model.objects.add_root(create_kwargs=values)
    return model.objects.add_child(parent, create_kwargs=values)


def make_unit(parent, name, kind, area, **fields):
    """Add an established unit under `parent` (None = a root)."""
    values = {"name": name, "kind": kind, "area": area, "status": "established",
              "established_on": SINCE, **fields}  # fmt: skip
    unit = _add(UnionUnit, parent, values)
    UnitPlacement.objects.create(unit=unit, parent=parent, started_on=SINCE)
    return unit


def make_area(parent, name, level, code, **fields):
    values = {"name_zh": name, "level": level, "code": code, "valid_from": SINCE, **fields}
    return _add(Area, parent, values)


@pytest.fixture
def district(db) -> SimpleNamespace:
    """A district with sub-districts A and B, each with its union, pool and a firm's union."""
    root_area = make_area(None, "示例区", "district", "490100", name_en="Shili District")
    area_a = make_area(root_area, "甲街道", "subdistrict", "490100001", name_en="Jia Sub-district")
    area_b = make_area(root_area, "乙街道", "subdistrict", "490100002", name_en="Yi Sub-district")
    root = make_unit(None, "示例区总工会", "district", root_area)
    unit_a = make_unit(root, "甲街道总工会", "subdistrict", area_a)
    root.refresh_from_db()
    unit_b = make_unit(root, "乙街道总工会", "subdistrict", area_b)
    firm_a = make_unit(unit_a, "甲物流有限公司工会", "employer_union", area_a)
    unit_a.refresh_from_db()
    pool_a = make_unit(unit_a, "甲街道周转库", "holding_pool", area_a)
    firm_b = make_unit(unit_b, "乙快递有限公司工会", "employer_union", area_b)
    for unit in (root, unit_a, unit_b):
        unit.refresh_from_db()
    return SimpleNamespace(
        area=root_area, area_a=area_a, area_b=area_b, unit=root, unit_a=unit_a, unit_b=unit_b,
        firm_a=firm_a, firm_b=firm_b, pool_a=pool_a,
    )  # fmt: skip


@pytest.fixture
def make_user(district) -> Callable[..., User]:
    """Make an account with one role on a unit (default: the district)."""

    def make(username: str, role: str | None = None, unit=None, person: str | None = None) -> User:
        user = User.objects.create_user(
            username=username,
            password="correct horse battery",
            display_name=username,
            person_key=blind_index(person or username, "staff"),
        )
        if role:
            Grant.objects.create(user=user, role=role, unit=unit or district.unit, started_on=SINCE)
        return user

    return make


@pytest.fixture
def field_officer(make_user, district) -> User:
    return make_user("field_officer", "field_officer", district.unit_a)


@pytest.fixture
def subdistrict_officer(make_user, district) -> User:
    return make_user("subdistrict_officer", "subdistrict_officer", district.unit_a)


@pytest.fixture
def neighbour_officer(make_user, district) -> User:
    return make_user("neighbour_officer", "subdistrict_officer", district.unit_b)


@pytest.fixture
def district_officer(make_user) -> User:
    return make_user("district_officer", "district_officer")


@pytest.fixture
def finance_maker(make_user) -> User:
    return make_user("finance_maker", "finance_maker")


@pytest.fixture
def finance_checker(make_user) -> User:
    return make_user("finance_checker", "finance_checker")


@pytest.fixture
def auditor(make_user) -> User:
    return make_user("auditor", "auditor")


@pytest.fixture
def system_admin(make_user) -> User:
    return make_user("system_admin", "system_administrator")


@pytest.fixture
def security_admin(make_user) -> User:
    return make_user("security_admin", "security_administrator")


@pytest.fixture
def client_for() -> Callable[..., Client]:
    """Give a client signed in as a user, second factor done; English unless told otherwise."""

    def sign_in(user: User, language: str = "en") -> Client:
        if not user.authenticator_set.exists():
            TOTP.activate(user, generate_totp_secret())
        client = Client(headers={"accept-language": language})
        client.force_login(user)
        client.cookies["django_language"] = language
        return client

    return sign_in
