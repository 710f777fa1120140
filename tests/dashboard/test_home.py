"""The desk's first page: what waits, in words and by age, and the three member numbers."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from members.models import Application
from tests.factories import members as make

pytestmark = pytest.mark.django_db
HOME = reverse("dashboard:home")


def test_home_tells_what_waits_and_since_when(district, subdistrict_officer, client_for):
    made = make.application(district.firm_a)
    at = timezone.now() - timedelta(days=9)
    Application.objects.filter(pk=made.pk).update(submitted_at=at)

    page = client_for(subdistrict_officer).get(HOME).content.decode()

    assert "1 thing to do today" in page
    assert "the longest has waited 9 days" in page
    assert "applications wait for a decision" in page


def test_home_without_work_says_so(district, subdistrict_officer, client_for):
    page = client_for(subdistrict_officer).get(HOME).content.decode()

    assert "Nothing waits for you" in page
    assert "the longest has waited" not in page


def test_home_shows_what_lies_between_recorded_and_qualified(
    district, subdistrict_officer, client_for
):
    make.membership(district.firm_a, phone_is_verified=True)
    make.membership(district.firm_a)

    response = client_for(subdistrict_officer).get(HOME)

    assert [figure.id for figure, _value in response.context["tiles"]] == [
        "reported", "recorded", "qualified",
    ]  # fmt: skip
    assert response.context["gap"] == 1
    assert response.context["gaps"]["phone_not_verified"] == 1
    assert "?phone_state=claimed" in response.content.decode()


def test_home_of_money_has_no_member_numbers(make_user, client_for):
    page = client_for(make_user("maker", "finance_maker")).get(HOME).content.decode()

    assert "data-union-tiles" not in page
    assert "data-union-chart" not in page
