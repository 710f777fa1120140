"""Columns, saved filters and files of the lists of applications, employers and units."""

from __future__ import annotations

import pytest
from django.urls import reverse

from members.models import UnionUnit
from tests.factories import members as make
from unionportal.core.exports import registry

pytestmark = pytest.mark.django_db
LISTS = {
    "applications": ("/desk/applications/", "state=all"),
    "employers": ("/desk/employers/", "q=公司"),
    "units": ("/desk/units/", "kind=employer_union"),
}


@pytest.fixture
def filled(district):
    make.application(district.firm_a)
    make.employer(district.area_a, name="甲物流有限公司")
    return district


@pytest.mark.parametrize("name", LISTS)
def test_columns_are_chosen_and_remembered(name, filled, district_officer, client_for):
    client = client_for(district_officer)
    path, query = LISTS[name]
    table = client.get(f"{path}?{query}").context["table"]
    every = [one for one in table.columns.names() if one != "pick"]
    assert len(every) > 3
    back = {"back": f"{path}?{query}", "columns": [every[2]]}
    client.post(reverse("core:columns-save", args=[name]), back)
    shown = client.get(f"{path}?{query}").context["table"].columns.names()
    assert [one for one in shown if one != "pick"] == [every[0], every[2]]


@pytest.mark.parametrize("name", LISTS)
def test_filters_are_saved_and_stand_as_a_tab(name, filled, district_officer, client_for):
    client = client_for(district_officer)
    path, query = LISTS[name]
    saved = {"name": "我的筛选", "back": f"{path}?{query}", "share": "nobody"}
    client.post(reverse("core:filter-save", args=[name]), saved)
    page = client.get(f"{path}?{query}")
    assert [(one["label"], one["current"]) for one in page.context["tabs"]] == [("我的筛选", True)]


@pytest.mark.parametrize("name", LISTS)
def test_the_file_has_the_rows_of_the_page(name, filled, district_officer, client_for):
    client = client_for(district_officer)
    path, query = LISTS[name]
    page = client.get(f"{path}?{query}")
    asked = page.context["export_query"].lstrip("?")
    rows = registry.get(name).rows(district_officer, asked)
    assert {one.pk for one in rows} == {one.pk for one in page.context["page"].rows}
    new = reverse("core:export-new", args=[name])
    assert new in page.content.decode()
    assert client.get(f"{new}?{asked}").status_code == 200


def test_units_are_narrowed_by_what_they_are(filled, district_officer, client_for):
    client = client_for(district_officer)
    page = client.get(f"/desk/units/?status=established&area={filled.area_a.pk}")
    found = {one.pk for one in page.context["page"].rows}
    units = UnionUnit.objects.filter(
        status="established", area__path__startswith=filled.area_a.path
    )
    assert found == {one.pk for one in units}
    assert client.get("/desk/units/?kind=nonsense").status_code == 400
