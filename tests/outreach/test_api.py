import pytest
from django.utils import timezone

from tests.factories import members as people
from tests.factories import outreach as make
from tests.factories.outreach import COURIERS, TRUCKS

URL = "/api/v1/drives/"


@pytest.fixture
def drive(district):
    return make.drive(district.unit, areas=[district.area_a], groups=[COURIERS, TRUCKS])


def test_list_gives_drives_in_reach(
    client_for, district, drive, subdistrict_officer, neighbour_officer
):
    [row] = client_for(subdistrict_officer).get(URL).json()["results"]
    assert row["id"] == str(drive.pk)
    assert (row["name"], row["state"]) == ("Autumn drive", "open")
    assert row["owner_name"] == "示例区总工会"
    assert (row["started_on"], row["last_on"]) == (str(drive.started_on), str(drive.last_on))
    assert (sorted(row["groups"]), row["areas"]) == (
        [COURIERS, TRUCKS], [str(district.area_a.pk)],
    )  # fmt: skip
    assert client_for(neighbour_officer).get(URL).json()["results"] == []


def test_list_filters_by_state_and_refuses_the_rest(client_for, drive, district_officer):
    client = client_for(district_officer)
    assert len(client.get(URL, {"state": "open"}).json()["results"]) == 1
    assert client.get(URL, {"state": "draft"}).json()["results"] == []
    for query in ({"state": "odd"}, {"owner": "x"}, {"page_size": "1000000000"}):
        assert client.get(URL, query).status_code == 400


def test_board_gives_each_cell_with_sum_and_moment(client_for, district, drive, district_officer):
    application = make.enrolled(district.pool_a)
    people.applications.approve(
        by=district_officer, applications=[application], decided_on=timezone.localdate(),
        signer="Chair",
    )  # fmt: skip
    answer = client_for(district_officer).get(f"{URL}{drive.pk}/board/").json()
    as_of = answer.pop("as_of")
    assert as_of.startswith(str(timezone.localdate()))
    cell = {
        "area": str(district.area_a.pk), "area_name": "Jia Sub-district", "group": COURIERS,
        "group_name": people.group(COURIERS).name, "actual": 1, "target": 10, "percent": 10,
        "pace": "behind-2",
    }  # fmt: skip
    total = {**cell, "area": None, "area_name": "", "group": "", "group_name": ""}
    assert answer == {"drive": str(drive.pk), "total": total, "outside": 0, "cells": [cell]}


def test_drive_out_of_reach_is_not_there(client_for, drive, neighbour_officer):
    client = client_for(neighbour_officer)
    for path in (f"{drive.pk}/", f"{drive.pk}/board/"):
        assert client.get(URL + path).status_code == 404


def test_drives_are_read_only_and_need_the_right(client_for, client, drive, finance_maker):
    assert client.get(URL).status_code == 401
    finance = client_for(finance_maker)
    assert finance.get(URL).status_code == 403
    assert finance.get(f"{URL}{drive.pk}/board/").status_code == 403
    assert finance.post(URL, {}).status_code in {403, 405}
