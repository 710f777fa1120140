"""Choosing a union by typing: with and without JavaScript."""

from __future__ import annotations

import pytest
from django.urls import reverse

from members.forms import EnrolForm
from tests.factories import members as make

pytestmark = pytest.mark.django_db


def form(user, **data):
    return EnrolForm(data, user=user)


def chosen(user, **data):
    made = form(user, **data)
    made.is_valid()
    return made.cleaned_data.get("unit"), made.errors.get("unit", [])


def test_the_page_carries_no_list_of_units(district, subdistrict_officer, client_for):
    page = client_for(subdistrict_officer).get(reverse("members:enrol")).content.decode()
    assert str(district.firm_a.pk) not in page
    assert "data-union-picker" in page


def test_a_unit_is_taken_by_id_by_name_or_by_the_only_fit(district, subdistrict_officer):
    firm = district.firm_a
    assert chosen(subdistrict_officer, unit=str(firm.pk)) == (firm, [])
    assert chosen(subdistrict_officer, unit=str(firm.pk), unit_text=firm.name) == (firm, [])
    assert chosen(subdistrict_officer, unit_text=firm.name) == (firm, [])
    assert chosen(subdistrict_officer, unit_text="甲物流") == (firm, [])


def test_typed_over_text_wins_over_the_unit_chosen_before(district, subdistrict_officer):
    old, new = district.firm_a, district.pool_a
    assert chosen(subdistrict_officer, unit=str(old.pk), unit_text="周转库") == (new, [])


def test_several_fits_come_back_as_a_short_list(district, subdistrict_officer):
    made = form(subdistrict_officer, unit_text="甲")
    assert made.errors["unit"] == ["Several unions have this in their name. Choose one of them."]
    html = str(made["unit"])
    assert f'name="unit_pick" value="{district.firm_a.pk}"' in html
    assert f'name="unit_pick" value="{district.pool_a.pk}"' in html
    again = {"unit_text": "甲", "unit_pick": str(district.pool_a.pk)}
    assert chosen(subdistrict_officer, **again) == (district.pool_a, [])


@pytest.mark.parametrize("text", ["没有", "乙快递", "%", "_"])
def test_what_is_not_in_reach_is_not_found(text, district, subdistrict_officer):
    unit, errors = chosen(subdistrict_officer, unit_text=text)
    assert (unit, len(errors)) == (None, 1)


def test_names_come_while_one_types(district, subdistrict_officer, client_for):
    client, url = client_for(subdistrict_officer), reverse("members:unit-pick")
    for number in range(25):
        make.unit(district.unit_a, name=f"测试{number}工会")

    few = client.get(url, {"for": "enrol", "unit_text": "甲"}).content.decode()
    many = client.get(url, {"for": "enrol", "unit_text": "测试"}).content.decode()
    none = client.get(url, {"for": "enrol", "unit_text": "乙快递"}).content.decode()

    assert few.count('role="option"') == 2
    assert district.firm_a.name in few
    assert (many.count('role="option"'), "There are more" in many) == (20, True)
    assert "No union here has this" in none
