"""The figures of cards and subsidies: numerator, base and day."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from django.utils import timezone

from benefits.actions import entitlements
from benefits.models import MemberCard
from members.actions import memberships
from tests.factories import benefits as bank
from tests.factories import members as make
from tests.factories import payouts
from unionportal.core import figures
from unionportal.core.actors import SYSTEM
from unionportal.core.figures import FigureValue

pytestmark = pytest.mark.django_db
DAY = date(2026, 11, 22)


def value(name: str, user, day: date = DAY) -> tuple[int, int | None]:
    found: FigureValue = figures.figure(name).compute(user, day)
    return found.numerator, found.denominator


@pytest.fixture
def two_of_three(district, district_officer) -> list[MemberCard]:
    """Three members of sub-district A with cards made, two of them activated on the day."""
    cards = [bank.waiting_card(district.firm_a) for _ in range(3)]
    bank.answer(bank.request(district_officer))
    numbers = [MemberCard.objects.get(pk=card.pk).card_no for card in cards]
    assert bank.activate(*numbers[:2]).file.state == "applied"
    return cards


def test_cards_in_use_have_recorded_members_as_base(two_of_three, district_officer) -> None:
    assert value("cards-activated", district_officer) == (2, 3)


def test_card_activated_later_than_the_day_does_not_count(two_of_three, district_officer) -> None:
    assert value("cards-activated", district_officer, DAY - timedelta(days=1)) == (0, 3)


def test_card_activated_in_the_last_minute_of_the_day_counts(
    two_of_three, district_officer
) -> None:
    last = datetime(2026, 11, 22, 23, 59, 59, tzinfo=timezone.get_default_timezone())
    MemberCard.objects.filter(state="activated").update(activated_at=last)
    assert value("cards-activated", district_officer) == (2, 3)
    MemberCard.objects.filter(state="activated").update(activated_at=last + timedelta(seconds=1))
    assert value("cards-activated", district_officer) == (0, 3)


def test_card_of_somebody_who_left_counts_on_neither_side(two_of_three, district_officer) -> None:
    memberships.close(membership=two_of_three[0].membership, verb="resign", by=SYSTEM, reason="x")
    assert value("cards-activated", district_officer) == (1, 2)


def test_lost_card_is_not_in_use(two_of_three, district_officer) -> None:
    MemberCard.objects.filter(pk=two_of_three[0].pk).update(state="lost")
    assert value("cards-activated", district_officer) == (1, 3)


def test_figure_ends_where_the_officer_does(
    two_of_three, district, subdistrict_officer, neighbour_officer
) -> None:
    make.membership(district.firm_b)
    assert value("cards-activated", subdistrict_officer) == (2, 3)
    assert value("cards-activated", neighbour_officer) == (0, 1)


def test_district_without_members_has_no_percent(district, district_officer) -> None:
    found = figures.figure("cards-activated").compute(district_officer, DAY)
    assert (found.numerator, found.denominator, found.percent()) == (0, 0, None)


def test_subsidies_paid_leave_void_ones_out(paid_three, district_officer) -> None:
    assert value("subsidies-paid", district_officer) == (0, 3)
    payouts.answer(paid_three.batch, failed={2: ("0014", "户名不符")})
    assert value("subsidies-paid", district_officer) == (2, 3)
    right = paid_three.programme.entitlements.get(state="reserved")
    entitlements.void(by=district_officer, entitlement=right, reason="left")
    assert value("subsidies-paid", district_officer) == (2, 2)
