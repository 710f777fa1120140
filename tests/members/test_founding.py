"""A new installation begins with a federation and two administrators who are two people."""

import pytest

from members.actions.founding import FirstAdministrator, found_district
from members.models import Area, UnionUnit
from unionportal.core.actors import ServiceActor
from unionportal.core.errors import Refused
from unionportal.core.models import AuditEvent, Grant, User

OPERATOR = ServiceActor("operator")
SYSTEM = FirstAdministrator("wang", "王一", "490105199001010017")
SECURITY = FirstAdministrator("zhao", "赵二", "490105199001010025")

pytestmark = pytest.mark.django_db


def found(system=SYSTEM, security=SECURITY):
    return found_district(by=OPERATOR, area_code="490105", system=system, security=security)


def test_found_district_makes_area_unit_and_two_administrators(settings):
    passwords = found()
    unit = UnionUnit.objects.get()
    assert (unit.name, unit.kind, unit.status) == (
        settings.DISTRICT_NAME_ZH,
        "district",
        "established",
    )
    assert Area.objects.get().code == "490105"
    grants = Grant.objects.order_by("role").values_list("user__username", "role", "unit_id")
    assert list(grants) == [
        ("zhao", "security_administrator", unit.pk),
        ("wang", "system_administrator", unit.pk),
    ]
    for username, password in passwords.items():
        assert User.objects.get(username=username).check_password(password)


def test_found_district_is_logged():
    found()
    verbs = AuditEvent.objects.order_by("verb").values_list("verb", flat=True)
    assert list(verbs) == ["account.create"] * 2 + ["district.found"] + ["grant.give"] * 2


def test_found_district_only_once():
    found()
    with pytest.raises(Refused) as caught:
        found()
    assert str(caught.value) == "This database has a district or accounts already."
    assert User.objects.count() == 2


def test_found_district_needs_two_people():
    twin = FirstAdministrator("zhao", "赵二", SYSTEM.id_number)
    with pytest.raises(Refused) as caught:
        found(security=twin)
    assert str(caught.value) == (
        "The system administrator and the security administrator are two people."
    )
    assert not User.objects.exists()


def test_first_administrator_hides_the_id_number():
    assert repr(SYSTEM) == "FirstAdministrator('wang')"
