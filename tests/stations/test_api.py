import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories.stations import make_point

URL = "/api/v1/service-points/"


def names(client, query=""):
    response = client.get(URL + query)
    assert response.status_code == 200
    return {row["name"] for row in response.json()["results"]}


def test_list_filters_strictly(client_for, district_officer, district):
    client = client_for(district_officer)
    make_point(district.area_a, name="公布的", kind="DRIVER_HOME", facilities=["TV"])
    make_point(district.area_b, "applied", name="申请的")

    assert names(client) == {"公布的", "申请的"}
    assert names(client, "?state=published") == {"公布的"}
    assert names(client, "?kind=DRIVER_HOME") == {"公布的"}
    assert names(client, "?facility=TV") == {"公布的"}
    assert names(client, f"?area={district.area_b.pk}") == {"申请的"}
    assert names(client, f"?area={district.area.pk}&state=applied") == {"申请的"}


@pytest.mark.parametrize(
    "query",
    ["?colour=red", "?kind=x", "?state=built", "?facility=SAUNA", "?area=1", "?page_size=1e9",
     f"?area={uuid.UUID(int=1)}", "?kind=DRIVER_HOME&kind=COURIER_HOME", "?ordering=phone"],
)  # fmt: skip
def test_list_refuses_bad_parameters(client_for, district_officer, query):
    response = client_for(district_officer).get(URL + query)

    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"


def test_retrieve_tells_both_places_and_hours(client_for, district_officer, district):
    point = make_point(district.area_a)

    row = client_for(district_officer).get(f"{URL}{point.pk}/").json()

    assert (row["lon"], row["lat"]) == (113.7253, 34.7204)
    assert row["typed"] == {"lon": "113.725300", "lat": "34.720400", "datum": "WGS84"}
    assert row["hours"][0] == {"weekday": 0, "opens": 510, "closes": 1200}
    assert (row["facilities"], row["state"], row["number"]) == (
        ["WATER"], "published", point.number,
    )  # fmt: skip


def test_scope_and_rights(client_for, client, neighbour_officer, finance_maker, district):
    point = make_point(district.area_a)

    assert client.get(URL).status_code == 401
    assert client_for(finance_maker).get(URL).status_code == 403
    assert names(client_for(neighbour_officer)) == set()
    assert client_for(neighbour_officer).get(f"{URL}{point.pk}/").status_code == 404
    assert client_for(neighbour_officer).post(URL, {}).status_code in {403, 405}


def test_list_costs_the_same_for_one_and_three(client_for, district_officer, district):
    client = client_for(district_officer)
    counts = []
    for n in (1, 2):
        for _ in range(n):
            make_point(district.area_a)
        with CaptureQueriesContext(connection) as queries:
            names(client)
        counts.append(len(queries))

    assert counts[0] == counts[1]
