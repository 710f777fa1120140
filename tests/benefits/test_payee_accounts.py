"""Accounts money may go to: the bank's own at once, typed ones after two persons and a day."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from benefits.models import PayeeAccount
from tests.factories import members as make
from tests.factories.payouts import account

pytestmark = pytest.mark.django_db
DAY = timedelta(hours=24)
TYPED = "account_typed_needs_second_person"


@pytest.fixture
def membership(district):
    return make.membership(district.firm_a)


def test_account_out_of_the_banks_file_is_usable_at_once(membership) -> None:
    made = account(membership)
    assert PayeeAccount.objects.usable().get() == made


@pytest.mark.parametrize("source", ["staff", "member"])
def test_typed_account_waits(membership, source) -> None:
    account(membership, source=source, state="held", usable_from=None)
    assert not PayeeAccount.objects.usable().exists()


def test_typed_account_of_two_persons_is_usable_after_the_hold(
    membership, district_officer, subdistrict_officer
) -> None:
    now = timezone.now()
    typed = account(
        membership, source="staff", created_by=district_officer, confirmed_by=subdistrict_officer,
        confirmed_at=now, usable_from=now + DAY,
    )  # fmt: skip
    assert not PayeeAccount.objects.usable(now + DAY - timedelta(seconds=1)).exists()
    assert PayeeAccount.objects.usable(now + DAY).get() == typed


def test_account_typed_by_the_member_needs_one_officer(membership, district_officer) -> None:
    now = timezone.now()
    account(
        membership, source="member", confirmed_by=district_officer, confirmed_at=now,
        usable_from=now + DAY,
    )  # fmt: skip
    assert PayeeAccount.objects.usable(now + DAY).count() == 1


def refused(name: str, membership, **fields) -> None:
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        account(membership, **fields)
    assert not PayeeAccount.objects.filter(person=membership.person).exists()


@pytest.mark.parametrize("source", ["staff", "member"])
def test_typed_account_nobody_confirmed_is_refused_by_the_database(membership, source) -> None:
    refused(TYPED, membership, source=source)


def test_own_typed_account_cannot_be_confirmed(membership, district_officer) -> None:
    now = timezone.now()
    refused(
        TYPED, membership, source="staff", created_by=district_officer,
        confirmed_by=district_officer, confirmed_at=now, usable_from=now + DAY,
    )  # fmt: skip


def test_hold_cannot_be_shortened(membership, district_officer, subdistrict_officer) -> None:
    now = timezone.now()
    refused(
        TYPED, membership, source="staff", created_by=district_officer,
        confirmed_by=subdistrict_officer, confirmed_at=now,
        usable_from=now + DAY - timedelta(seconds=1),
    )  # fmt: skip


def test_active_account_says_from_when_it_may_be_used(membership) -> None:
    refused("account_active_is_usable_from", membership, usable_from=None)


def test_account_belongs_to_one_person_until_it_is_closed(membership, district) -> None:
    first = account(membership)
    other = make.membership(district.firm_a)
    refused("account_number_once", other, number_index=first.number_index)
    PayeeAccount.objects.filter(pk=first.pk).update(state="closed")
    assert account(other, number_index=first.number_index).person == other.person


def test_closed_account_is_not_usable(membership) -> None:
    account(membership, state="closed")
    assert not PayeeAccount.objects.usable().exists()
