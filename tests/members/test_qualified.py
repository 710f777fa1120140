"""Who is qualified, and each reason for the gap (domain.md section 9)."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from members.models import DuplicatePair, Transfer
from members.queries.quality import qualification_gaps, qualified_count
from tests.factories import members as make

pytestmark = pytest.mark.django_db


def expired(member, unit, *, days_ago: int = 9, state: str = "expired") -> Transfer:
    at = timezone.now() - dt.timedelta(days=days_ago)
    made = Transfer.objects.create(
        kind="push", membership=member, from_unit=member.unit, to_unit=unit, state=state,
        due_on=at.date(), closed_at=at,
    )  # fmt: skip
    Transfer.objects.filter(pk=made.pk).update(requested_at=at)
    return made


def test_an_open_duplicate_and_an_expired_transfer_leave_nobody_qualified(
    district, district_officer
):
    one, other, third = (
        make.membership(district.firm_a, phone_is_verified=True) for _each in range(3)
    )
    assert qualified_count(district_officer) == 3
    first, second = sorted((one.person, other.person), key=lambda person: person.pk)
    pair = DuplicatePair.objects.create(first=first, second=second, evidence=[], strength=1)
    expired(third, district.firm_b)
    assert qualified_count(district_officer) == 0
    gaps = qualification_gaps(district_officer)
    assert (gaps["maybe_twice"], gaps["transfer_expired"]) == (2, 1)
    assert (gaps["not_confirmed"], gaps["phone_not_verified"]) == (0, 0)

    pair.delete()
    expired(third, district.firm_b, days_ago=1, state="withdrawn")
    assert qualified_count(district_officer) == 3


@pytest.mark.parametrize(("gap", "count"), [("twice", 2), ("transfer", 1)])
def test_the_list_finds_them(district, district_officer, client_for, gap, count):
    one, other, third = (make.membership(district.firm_a) for _each in range(3))
    first, second = sorted((one.person, other.person), key=lambda person: person.pk)
    DuplicatePair.objects.create(first=first, second=second, evidence=[], strength=1)
    expired(third, district.firm_b)
    page = client_for(district_officer).get(f"/desk/members/?gap={gap}").content.decode()
    found = [one for one in (one, other, third) if f"/desk/members/{one.pk}/" in page]
    assert len(found) == count
