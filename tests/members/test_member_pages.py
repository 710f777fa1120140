"""A member on the desk: search, filters, page, reveal, certificate."""

from __future__ import annotations

from datetime import date

import pytest
from django.urls import reverse

from members.states import PhoneState
from tests.factories import members as make
from unionportal.core.models import RevealEvent

pytestmark = pytest.mark.django_db


def test_member_page_masks_and_reveals_with_a_reason(district, subdistrict_officer, client_for):
    client, member = client_for(subdistrict_officer), make.membership(district.firm_a)
    number = member.person.id_number
    url = reverse("members:member-reveal", args=[member.pk])

    page = client.get(reverse("members:member-detail", args=[member.pk])).content.decode()
    refused = client.post(url, {"field": "id_number", "reason": "x"})
    shown = client.post(url, {"field": "id_number", "reason": "the bank returned the name"})

    assert number not in page
    assert member.person.id_masked in page
    assert (refused.status_code, number in refused.content.decode()) == (400, False)
    assert (shown.status_code, number in shown.content.decode()) == (200, True)
    assert shown["Cache-Control"].count("no-store") == 1
    event = RevealEvent.objects.get()
    assert (event.fields, event.reason) == (["id_number"], "the bank returned the name")


def test_reveals_end_after_twenty_a_day(district, subdistrict_officer, client_for):
    client, member = client_for(subdistrict_officer), make.membership(district.firm_a)
    url = reverse("members:member-reveal", args=[member.pk])
    data = {"field": "phone", "reason": "call back"}

    codes = [client.post(url, data).status_code for _n in range(21)]

    assert codes == [200] * 20 + [429]


def test_a_field_officer_cannot_reveal(district, field_officer, client_for):
    member = make.membership(district.firm_a)
    url = reverse("members:member-reveal", args=[member.pk])
    answer = client_for(field_officer).post(url, {"field": "phone", "reason": "call back"})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("单", ["单小芳"]),
        ("小芳", ["单小芳"]),
        ("sxf", ["单小芳"]),
        ("shan xiao", ["单小芳"]),
        ("5678", ["单小芳"]),
        ("芳", []),
        ("没有", []),
    ],
)
def test_quick_search_finds_by_name_initials_and_phone(
    q, found, district, subdistrict_officer, client_for
):
    make.membership(district.firm_a, name="单小芳", phone="13912345678")
    make.membership(district.firm_a, name="李雷", phone="13912340000")

    page = client_for(subdistrict_officer).get(reverse("members:member-list"), {"q": q})

    assert [row.person.name for row in page.context["page"].rows] == found


def test_a_full_number_in_the_address_is_refused_and_not_repeated(
    district, subdistrict_officer, client_for
):
    member = make.membership(district.firm_a)
    number = member.person.id_number

    page = client_for(subdistrict_officer).get(reverse("members:member-list"), {"q": number})

    assert page.status_code == 400
    assert page.context["page"].rows == []
    assert "Type the number into the search box" in page.content.decode()
    assert f'value="{number}"' not in page.content.decode()


def test_finding_by_full_number_goes_to_the_member(district, subdistrict_officer, client_for):
    client = client_for(subdistrict_officer)
    member, foreign = make.membership(district.firm_a), make.membership(district.firm_b)
    url = reverse("members:member-find")

    found = client.post(url, {"q": member.person.id_number})
    by_phone = client.post(url, {"q": member.person.phone})
    by_number = client.post(url, {"q": member.member_no_grouped})
    elsewhere = client.post(url, {"q": foreign.person.id_number})
    broken = client.post(url, {"q": f"{member.person.id_number[:-1]}A"})
    misprint = client.post(url, {"q": "490100199003071234"})

    page = reverse("members:member-detail", args=[member.pk])
    assert found.url == by_phone.url == by_number.url == page
    assert (elsewhere.status_code, misprint.status_code) == (400, 400)
    assert "Nobody with this number" in elsewhere.content.decode()
    assert broken.status_code == 400


def test_the_search_box_keeps_the_filters_of_the_list(district, district_officer, client_for):
    url = reverse("members:member-find")
    within = "group=FOOD_RIDER&after=x&read_as=initials&nonsense=1"

    answer = client_for(district_officer).post(url, {"q": "张伟", "within": within})

    assert answer.url == f"{reverse('members:member-list')}?group=FOOD_RIDER&q=%E5%BC%A0%E4%BC%9F"


@pytest.mark.parametrize(
    "query", ["group=NOPE", "unit=1", "state=x", "joined_from=2026-13-01", "area=zzz"]
)
def test_a_filter_that_means_nothing_is_an_error_not_ignored(
    query, district, subdistrict_officer, client_for
):
    make.membership(district.firm_a)
    page = client_for(subdistrict_officer).get(f"{reverse('members:member-list')}?{query}")
    assert page.status_code == 400
    assert page.context["page"].rows == []


def test_filters_narrow_the_list(district, district_officer, client_for):
    here = make.membership(district.firm_a, joined_on=date(2026, 1, 5), phone_is_verified=True)
    make.membership(district.firm_b, joined_on=date(2025, 1, 5), group=make.group("FOOD_RIDER"))
    client = client_for(district_officer)

    def rows(**query):
        page = client.get(reverse("members:member-list"), query)
        return [row.pk for row in page.context["page"].rows]

    assert rows(unit=str(district.unit_a.pk)) == [here.pk]
    assert rows(area=str(district.area_a.pk)) == [here.pk]
    assert rows(group="PARCEL_COURIER") == [here.pk]
    assert rows(phone_state=PhoneState.VERIFIED) == [here.pk]
    assert rows(joined_from="2026-01-01", joined_to="2026-01-31") == [here.pk]
    assert rows(confirmation="none") == []
    assert len(rows()) == 2


def test_certificate_shows_the_number_and_a_code(district, subdistrict_officer, client_for):
    member = make.membership(district.firm_a)
    page = client_for(subdistrict_officer).get(reverse("members:certificate", args=[member.pk]))
    text = page.content.decode()
    assert member.member_no_grouped in text
    assert 'src="data:image/svg+xml' in text


def test_a_page_of_a_list_shows_every_row_of_it(district, district_officer, client_for):
    for _n in range(27):
        make.membership(district.firm_a)
    text = client_for(district_officer).get(reverse("members:member-list")).content.decode()
    assert text.count('class="strong nowrap"') == 27
