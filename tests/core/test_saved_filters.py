"""Saved filters and chosen columns of a list."""

from __future__ import annotations

import pytest
from django.urls import reverse

from tests.factories import members as make
from unionportal.core import saved
from unionportal.core.models import ListPreference, SavedFilter

pytestmark = pytest.mark.django_db
LIST = "/desk/members/"


def labels(client):
    return [str(tab["label"]) for tab in client.get(LIST).context["tabs"]][3:]


def test_a_filter_is_saved_with_its_address(district, subdistrict_officer, client_for):
    client = client_for(subdistrict_officer)
    url = reverse("core:filter-save", args=["members"])

    answer = client.post(
        url, {"name": " My  couriers ", "back": f"{LIST}?group=PARCEL_COURIER&after=x"}
    )
    client.post(url, {"name": "My couriers", "back": f"{LIST}?group=FOOD_RIDER&columns=name,sex"})

    one = SavedFilter.objects.get()
    assert answer.url == f"{LIST}?group=PARCEL_COURIER&after=x"
    assert (one.name, one.query) == ("My couriers", "group=FOOD_RIDER&columns=name,sex")
    tab = client.get(f"{LIST}?{one.query}").context["tabs"][-1]
    assert (tab["label"], tab["current"], tab["pk"]) == ("My couriers", True, one.pk)


def test_filters_are_shared_with_a_role_or_a_unit(
    district, subdistrict_officer, neighbour_officer, field_officer, district_officer, client_for
):
    saved.keep(by=subdistrict_officer, list_name="members", name="mine", query="a=1")
    saved.keep(by=subdistrict_officer, list_name="members", name="role", query="b=1", share="role")
    saved.keep(by=subdistrict_officer, list_name="members", name="unit", query="c=1", share="unit")

    assert labels(client_for(subdistrict_officer)) == ["mine", "role", "unit"]
    assert labels(client_for(neighbour_officer)) == ["role"]
    assert labels(client_for(field_officer)) == ["unit"]
    assert labels(client_for(district_officer)) == []


def test_only_the_owner_removes_a_filter(district, subdistrict_officer, field_officer, client_for):
    one = saved.keep(
        by=subdistrict_officer, list_name="members", name="unit", query="c=1", share="unit"
    )
    url = reverse("core:filter-drop", args=[one.pk])

    assert client_for(field_officer).post(url, {"back": LIST}).status_code == 404
    assert client_for(subdistrict_officer).post(url, {"back": LIST}).url == LIST
    assert not SavedFilter.objects.exists()


@pytest.mark.parametrize("back", ["https://example.org/desk/", "//example.org/desk/", "/x/", ""])
def test_the_way_back_stays_in_the_desk(back, district, subdistrict_officer, client_for):
    client = client_for(subdistrict_officer)
    kept = client.post(reverse("core:filter-save", args=["members"]), {"name": "x", "back": back})
    chosen = client.post(reverse("core:columns-save", args=["members"]), {"back": back})
    assert (kept.status_code, chosen.status_code) == (400, 400)


def test_columns_are_remembered_and_stand_in_the_address(district, subdistrict_officer, client_for):
    make.membership(district.firm_a)
    client = client_for(subdistrict_officer)

    answer = client.post(
        reverse("core:columns-save", args=["members"]),
        {"back": f"{LIST}?state=active", "columns": ["sex", "education", "nonsense"]},
    )

    assert answer.url == f"{LIST}?state=active&columns=sex,education,nonsense"
    assert ListPreference.objects.get().columns == ["sex", "education", "nonsense"]
    assert list(client.get(LIST).context["table"].columns.names()) == [
        "pick",
        "name",
        "sex",
        "education",
    ]
    asked = client.get(f"{LIST}?columns=birth_date,member_no").context["table"]
    assert list(asked.columns.names()) == ["pick", "name", "birth_date", "member_no"]
