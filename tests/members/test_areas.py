"""Areas begin, end and go on in others; every past day reports as it was."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from members import queries
from members.actions import areas
from members.actions.areas import AreaFacts
from members.models import Area, AreaSuccession, Employer, EmployerPastArea, MonthlyFlow, UnionUnit
from tests.factories import members as make
from unionportal.core.actors import SYSTEM
from unionportal.core.errors import NotAllowed, Refused, Stale

pytestmark = pytest.mark.django_db


@pytest.fixture
def today():
    return timezone.localdate()


def add(parent, name, code="", **fields):
    facts = {"level": "subdistrict", "valid_from": date(2020, 1, 1), **fields}
    return areas.add_area(
        by=SYSTEM, parent=parent, facts=AreaFacts(name_zh=name, code=code, **facts)
    )


def end(area, *successors, on, by=SYSTEM, choices=None):
    return areas.end_area(
        by=by, area=area, ended_on=on, successors=successors, choices=choices, reason="merged"
    )


def stock(user, day):
    """Members by code of the area on `day`, from the movements."""
    cells = queries.coverage_cells(user, month_from=day, month_to=day)
    found = {}
    for cell in cells:
        found[cell.area.code] = found.get(cell.area.code, 0) + cell.members
    return {code: members for code, members in found.items() if members}


def test_an_area_that_ended_keeps_its_past(district, district_officer, today):
    last_month = today.replace(day=1) - timedelta(days=1)
    make.membership(district.firm_a, joined_on=date(2023, 5, 2))
    make.membership(district.firm_b, joined_on=date(2023, 5, 2))
    firm = make.employer(district.area_a, covered_by=district.firm_a, headcount=30)
    new = add(district.area, "丙街道", "490100003")

    end(district.area_a, new, on=today.replace(day=1))

    assert stock(district_officer, last_month) == {"490100001": 1, "490100002": 1}
    assert stock(district_officer, today) == {"490100003": 1, "490100002": 1}
    assert queries.members_as_of(district_officer, last_month) == 2
    assert queries.members_as_of(district_officer, today) == 2

    def large(day):
        rates = queries.unionisation(district_officer, day)
        return {rate.area.code: (rate.numerator, rate.denominator) for rate in rates}

    assert large(last_month) == {"490100001": (1, 1)}
    assert large(today) == {"490100003": (1, 1)}
    firm.refresh_from_db()
    assert firm.area == new
    assert EmployerPastArea.objects.get().area == district.area_a
    assert AreaSuccession.objects.get().successor == new
    assert Area.objects.get(pk=district.area_a.pk).valid_to == today.replace(day=1)


def test_flows_fold_the_change_once(district, today):
    make.membership(district.firm_a, joined_on=date(2023, 5, 2))
    new = add(district.area, "丙街道")
    end(district.area_a, new, on=today)
    rows = MonthlyFlow.objects.filter(month=today.replace(day=1))
    assert sorted(rows.values_list("area", "came", "went", "joined"), key=str) == sorted(
        [(district.area_a.pk, 0, 1, 0), (new.pk, 1, 0, 0)], key=str
    )


def test_a_split_sends_units_and_firms_where_they_are_chosen(district, today):
    firm_c = make.employer_union(district.unit_a, name="丙物流工会")
    branch = make.unit(firm_c, kind="branch")
    north, south = add(district.area, "北街道"), add(district.area, "南街道")
    covered = make.employer(district.area_a, covered_by=firm_c)
    apart = make.employer(district.area_a)
    end(district.area_a, north, south, on=today, choices={firm_c.pk: south.pk})

    def area(model, row):
        return model.objects.get(pk=row.pk).area

    assert area(UnionUnit, district.firm_a) == area(UnionUnit, district.pool_a) == north
    assert area(UnionUnit, firm_c) == area(UnionUnit, branch) == south
    assert area(Employer, covered) == south
    assert area(Employer, apart) == north
    assert set(AreaSuccession.objects.values_list("successor", flat=True)) == {north.pk, south.pk}


def test_areas_below_go_on_under_the_successor(district, today):
    village = add(district.area_a, "柳村", "490100001201", level="village")
    union = make.unit(district.unit_a, kind="community_union", area=village)
    new = add(district.area, "丙街道", "490100003")
    end(district.area_a, new, on=today)
    old = Area.objects.get(pk=village.pk)
    again = Area.objects.get(code="490100001201", valid_to=None)
    assert (old.valid_to, again.valid_from) == (today, today)
    assert again.is_child_of(Area.objects.get(pk=new.pk))
    assert UnionUnit.objects.get(pk=union.pk).area == again


def test_a_serving_union_stays_when_the_successor_has_its_own(district, make_user, today):
    end(district.area_a, district.area_b, on=today)
    assert UnionUnit.objects.get(pk=district.unit_a.pk).area == district.area_a
    assert UnionUnit.objects.get(pk=district.firm_a.pk).area == district.area_b


def test_whoever_serves_the_successor_sees_the_past(
    district, neighbour_officer, subdistrict_officer, today
):
    assert district.area_a not in Area.objects.visible_to(neighbour_officer)
    end(district.area_a, district.area_b, on=today)
    neighbour_officer.scope_cache.clear()
    subdistrict_officer.scope_cache.clear()
    assert district.area_a in Area.objects.visible_to(neighbour_officer)
    assert district.firm_a in UnionUnit.objects.visible_to(neighbour_officer)
    assert district.area_b not in Area.objects.visible_to(subdistrict_officer)
    assert district.firm_b not in UnionUnit.objects.visible_to(subdistrict_officer)


def test_an_end_that_cannot_be_is_refused(district, subdistrict_officer, today):
    new = add(district.area, "丙街道")

    def code(*arguments, **more):
        with pytest.raises(Refused) as refusal:
            end(*arguments, **more)
        return refusal.value.code

    assert code(district.area_a, new, on=today + timedelta(days=1)) == "future"
    assert code(district.area_a, new, on=date(2020, 1, 1)) == "order"
    assert code(district.area, new, on=today) == "root"
    assert code(district.area_a, on=today) == "successors"
    assert code(district.area_a, district.area_a, on=today) == "successors"
    with pytest.raises(NotAllowed):
        end(district.area_a, new, on=today, by=subdistrict_officer)
    end(district.area_a, new, on=today)
    with pytest.raises(Stale):
        end(district.area_a, new, on=today)


def test_two_areas_in_force_never_share_a_code(district):
    with pytest.raises(Refused) as refusal:
        add(district.area, "丙街道", "490100002")
    assert (refusal.value.code, refusal.value.field) == ("code_known", "code")
    with pytest.raises(IntegrityError, match="area_code_once_in_force"), transaction.atomic():
        make.area(district.area, code="490100002")


def test_a_past_area_holds_alone(district):
    firm = make.employer(district.area_a)
    EmployerPastArea.objects.create(employer=firm, area=district.area_b, ended_on=date(2023, 1, 1))
    with pytest.raises(IntegrityError, match="past_area_one_a_day"), transaction.atomic():
        EmployerPastArea.objects.create(
            employer=firm, area=district.area_a, ended_on=date(2022, 1, 1)
        )


def test_the_district_adds_an_area_and_is_warned_of_an_unknown_code(
    district, district_officer, client_for
):
    url = reverse("members:area-new", args=[district.area.pk])
    body = {
        "form_id": str(uuid4()), "name_zh": "丙街道", "level": "subdistrict", "kind": "division",
        "code": "990101 001", "valid_from": "2026-01-01",
    }  # fmt: skip
    client = client_for(district_officer)
    answer = client.post(url, body, follow=True)
    made = Area.objects.get(code="990101001")
    assert answer.redirect_chain == [(reverse("members:area-detail", args=[made.pk]), 302)]
    assert "No division is known" in answer.content.decode()
    assert (made.valid_from, made.depth) == (date(2026, 1, 1), 2)
    bad = client.post(url, {**body, "form_id": str(uuid4()), "code": "12ab"})
    assert bad.status_code == 400
    assert "this one is “12ab”" in bad.content.decode()
    zone = client.post(url, {**body, "form_id": str(uuid4()), "kind": "zone"})
    assert "A zone has no division code" in zone.content.decode()


def test_an_area_is_split_on_the_page(district, district_officer, client_for, today):
    north, south = add(district.area, "北街道"), add(district.area, "南街道")
    url = reverse("members:area-end", args=[district.area_a.pk])
    client = client_for(district_officer)
    body = {
        "form_id": str(uuid4()), "ended_on": today.isoformat(), "reason": "府文1号",
        "successors": [str(north.pk), str(south.pk)],
    }  # fmt: skip
    asks = client.post(url, body)
    assert asks.status_code == 200
    assert f"to-{district.firm_a.pk}" in asks.content.decode()
    done = client.post(url, {**body, "sorted": "1", f"to-{district.firm_a.pk}": str(south.pk)})
    assert done.url == reverse("members:area-detail", args=[district.area_a.pk])
    assert UnionUnit.objects.get(pk=district.firm_a.pk).area == south
    assert UnionUnit.objects.get(pk=district.pool_a.pk).area == north
    page = client.get(done.url).content.decode()
    assert "北街道" in page
    assert "南街道" in page
    again = client.post(url, {**body, "form_id": str(uuid4()), "sorted": "1"})
    assert again.status_code == 409


def test_the_tree_shows_ended_areas_when_asked(district, district_officer, client_for, today):
    end(district.area_a, district.area_b, on=today)
    client, url = client_for(district_officer), reverse("members:area-tree")
    assert "490100001" not in client.get(url).content.decode()
    assert "490100001" in client.get(url, {"ended": "1"}).content.decode()


def test_an_area_page_names_the_division_of_its_code(district, district_officer, client_for):
    gone = add(district.area, "吉利某街道", "410306001")
    page = client_for(district_officer).get(reverse("members:area-detail", args=[gone.pk]))
    assert "河南省吉利区" in page.content.decode()
    assert "until 2021" in page.content.decode()
