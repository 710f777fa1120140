"""Every list of the API reads its query string strictly."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest

from tests.architecture.matrix import TABLE, routes
from tests.factories import members as make
from tests.factories import outreach, stations
from unionportal.api.urls import router

LISTS = sorted(prefix for prefix, _viewset, _name in router.registry)
VIEWSETS = {prefix: viewset for prefix, viewset, _name in router.registry}
FIXED = ["coverage/", "coverage/rates/", "figures/"]
NOWHERE = UUID("00000000-0000-7000-8000-000000000000")

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader(caller_for, district_officer):
    """The district officer may read every list."""
    return caller_for(district_officer)


def refusal(answer, name: str) -> list[str]:
    """Check that `answer` is a 400 about `name` alone and return what it says."""
    assert answer.status_code == 400, answer.content
    assert answer.headers["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert (body["type"], body["status"]) == ("about:blank", 400)
    assert list(body["errors"]) == [name]
    return body["errors"][name]


def test_every_list_is_tested_here():
    api = {route.path for route in routes() if route.is_api and "<" not in route.path}
    assert api == {f"api/v1/{name}/" for name in LISTS} | {f"api/v1/{name}" for name in FIXED} | {
        "api/v1/schema/",
        "api/v1/docs/",
        "api/v1/external-members/people/",  # takes people, lists none
    }
    assert "api:members-list" in TABLE


@pytest.mark.parametrize("name", LISTS)
def test_list_answers_a_page(reader, name):
    answer = reader.get(f"{name}/")
    assert answer.status_code == 200
    assert set(answer.json()) == {"next", "previous", "results"}


@pytest.mark.parametrize("name", [f"{name}/" for name in LISTS] + FIXED)
def test_unknown_parameter_is_named(reader, name):
    (text,) = refusal(reader.get(name, distrct="3"), "distrct")
    assert text.startswith("Unknown parameter. Known here: ")


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize(
    "parameter",
    ["page", "offset", "format", "person__id_number", "unit__path__startswith",
     "submitted_by__password__startswith", "id__in", "name__regex"],
)  # fmt: skip
def test_paths_through_relations_are_unknown(reader, name, parameter):
    refusal(reader.get(f"{name}/", **{parameter: "1"}), parameter)


@pytest.mark.parametrize("name", LISTS)
def test_repeated_parameter_is_refused(reader, name):
    answer = reader.get(f"{name}/", page_size=["1", "2"])
    assert refusal(answer, "page_size") == ["Give this parameter once."]


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize(
    "value", ["1000000000", "101", "0", "-1", "abc", "", "1.0", "1e2", "٣", "５０", " 50", "9" * 30]
)
def test_page_size_is_1_to_100(reader, name, value):
    (text,) = refusal(reader.get(f"{name}/", page_size=value), "page_size")
    assert text == "A page has 1 to 100 rows."


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize(
    "value", ["x", "", "====", "%00", "cD0=", "cD3DvA==", "bz0tMQ==",
              "cD0yMDI2LTAxLTAxICcgT1IgMT0x", "bz05OTk5OTk5OTk5OTk5OTk5OTk5", "💥"],
)  # fmt: skip
def test_bad_cursor_is_refused_or_starts_again(reader, name, value):
    """Whatever a cursor holds, the answer is a page or a 400, never an error of ours."""
    answer = reader.get(f"{name}/", cursor=value)
    assert answer.status_code in {200, 400}
    if value in {"x", "💥"}:
        refusal(answer, "cursor")


def test_cursor_of_another_list_is_refused(reader, district):
    make.application(district.firm_a)
    make.application(district.firm_a)
    page = reader.get("applications/", page_size="1").json()
    cursor = parse_qs(urlsplit(page["next"]).query)["cursor"][0]
    assert reader.get("applications/", cursor=cursor).status_code == 200
    for name in set(LISTS) - {"applications"}:
        answer = reader.get(f"{name}/", cursor=cursor)
        assert answer.status_code in {200, 400}, name
    refusal(reader.get("members/", cursor=cursor), "cursor")


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize(
    "value", ["nosuch", "id,-id", "submitted_by__password", "person__id_number", "", "?", "-"]
)
def test_ordering_is_one_of_the_list(reader, name, value):
    (text,) = refusal(reader.get(f"{name}/", ordering=value), "ordering")
    assert text == "Sort by one of: " + ", ".join(VIEWSETS[name].orderings)


@pytest.mark.parametrize("name", LISTS)
def test_every_ordering_of_the_list_works(reader, name):
    for value in VIEWSETS[name].orderings:
        assert reader.get(f"{name}/", ordering=value).status_code == 200, value


@pytest.mark.parametrize("name", LISTS)
def test_every_filter_refuses_20_kilobytes(reader, name):
    for parameter in VIEWSETS[name].filterset_class.base_filters:
        refusal(reader.get(f"{name}/", **{parameter: "x" * 20_000}), parameter)


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize(
    "value", ["%", "_", "\\", "' OR 1=1 --", "<script>", "${{7*7}}", "😀", "\u202e"]
)
def test_every_filter_takes_odd_text_literally(reader, name, value):
    for parameter in VIEWSETS[name].filterset_class.base_filters:
        answer = reader.get(f"{name}/", **{parameter: value})
        assert answer.status_code in {200, 400}, parameter
        if answer.status_code == 200 and parameter != "takes_members":
            assert answer.json()["results"] == [], parameter


@pytest.mark.parametrize("name", LISTS)
def test_nul_byte_is_refused(reader, name):
    assert reader.get(f"{name}/", ordering="a\x00b").status_code == 400
    assert reader.client.get(f"/api/v1/{name}/?ordering=a%00b").status_code == 400


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("method", ["put", "patch", "delete", "post"])
def test_other_methods_are_405(reader, name, method):
    answer = getattr(reader.client, method)(f"/api/v1/{name}/", content_type="application/json")
    takes = {"applications", "bulk-changes", "exports", "external-members", "saved-filters",
             "transfers"}  # fmt: skip
    assert answer.status_code == (400 if method == "post" and name in takes else 405)
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("header", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"])
def test_a_method_override_is_not_heard(reader, header):
    answer = reader.client.post("/api/v1/members/", headers={header: "GET"})
    assert answer.status_code == 405


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("pk", [str(NOWHERE), "99999999999999999999", "-1", "1.5", "x", "%20"])
def test_unknown_id_is_404_as_problem_json(reader, name, pk):
    answer = reader.get(f"{name}/{pk}/")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["title"] == "There is nothing here, or it is not in your area."


def test_an_id_of_the_neighbour_is_the_same_404(officer, district):
    """Nothing tells an id of another area from one that does not exist."""
    foreign = {
        "members": make.membership(district.firm_b).pk,
        "applications": make.application(district.firm_b).pk,
        "units": district.firm_b.pk,
        "areas": district.area_b.pk,
        "employers": make.employer(district.area_b).pk,
        "drives": outreach.drive(district.unit_b, areas=[district.area_b]).pk,
        "service-points": stations.make_point(district.area_b).pk,
    }
    for name, pk in foreign.items():
        theirs, nobodys = officer.get(f"{name}/{pk}/"), officer.get(f"{name}/{NOWHERE}/")
        assert (theirs.status_code, theirs.content) == (404, nobodys.content), name
        assert str(pk) not in officer.get(f"{name}/").content.decode(), name


def test_details_take_no_paging_parameter(reader, district):
    refusal(reader.get(f"units/{district.firm_a.pk}/", cursor="x"), "cursor")


def test_pages_follow_each_other_without_gap_or_repeat(reader, district):
    made = {str(make.application(district.firm_a).pk) for _n in range(5)}
    seen, address = [], "/api/v1/applications/?page_size=2"
    while address:
        page = reader.client.get(address).json()
        seen += [row["id"] for row in page["results"]]
        address = page["next"]
    assert (len(seen), set(seen)) == (5, made)
