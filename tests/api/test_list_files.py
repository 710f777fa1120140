"""Saved filters, files of lists and changes of many members over the API."""

from __future__ import annotations

import pytest

from members.bulk import actions as bulk
from members.models import Membership
from tests.factories import members as make
from unionportal.core import jobs
from unionportal.core.exports import actions
from unionportal.core.models import ExportRequest, Job, SavedFilter

pytestmark = pytest.mark.django_db
FILTER = {"list_name": "members", "name": "在职", "query": "state=active"}
FILE = {"list_name": "members", "columns": ["name", "phone"], "format": "csv"}


def run_all(kind: str) -> None:
    for job in Job.objects.filter(kind=kind, state="queued"):
        jobs.run(job.pk)


def test_a_filter_is_saved_once_listed_and_deleted(officer, chief):
    first = officer.post("saved-filters/", FILTER, key="one")
    again = officer.post("saved-filters/", FILTER, key="one")
    assert (first.status_code, again.json()) == (201, first.json())
    made = first.json()
    assert (made["query"], made["is_own"], SavedFilter.objects.count()) == (
        "state=active", True, 1
    )  # fmt: skip
    assert [one["id"] for one in officer.get("saved-filters/").json()["results"]] == [made["id"]]
    address = f"/api/v1/saved-filters/{made['id']}/"
    assert chief.client.delete(address).status_code == 404
    assert officer.client.delete(address).status_code == 204
    assert not SavedFilter.objects.exists()


def test_a_shared_filter_is_used_but_not_deleted_by_others(officer, chief):
    made = chief.post("saved-filters/", FILTER | {"share": "unit"}).json()
    address = f"/api/v1/saved-filters/{made['id']}/"
    assert officer.client.get(address).json()["is_own"] is False
    assert officer.client.delete(address).status_code == 403


@pytest.mark.parametrize(
    "changes",
    [{"query": "everything=1"}, {"list_name": "cards"}, {"name": ""}, {"shared": "x"}],
)
def test_a_wrong_filter_is_refused(changes, officer):
    assert officer.post("saved-filters/", FILTER | changes).status_code == 400
    assert not SavedFilter.objects.exists()


def test_a_file_is_asked_for_written_and_taken(officer, chief, district):
    make.membership(district.firm_a, name="张明")
    make.membership(district.firm_b, name="李雷")
    made = officer.post("exports/", FILE).json()
    assert (made["state"], made["row_count"], made["download"]) == ("queued", 1, None)
    run_all(actions.JOB)
    ready = officer.get(f"exports/{made['id']}/").json()
    assert (ready["state"], ready["written"]) == ("ready", 1)
    answer = officer.client.post(ready["download"])
    content = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert ("张明" in content, "李雷" in content) == (True, False)
    assert chief.client.post(ready["download"]).status_code == 404


def test_full_numbers_wait_for_a_second_person(officer, chief, district):
    make.membership(district.firm_a)
    asked = FILE | {"is_unmasked": True}
    assert officer.post("exports/", asked).status_code == 400
    made = officer.post("exports/", asked | {"reason": "核对名册"}).json()
    assert (made["state"], made["download"]) == ("waiting", None)
    assert officer.client.post(f"/api/v1/exports/{made['id']}/approve/").status_code == 403
    assert chief.client.post(f"/api/v1/exports/{made['id']}/approve/").json()["state"] == "queued"
    assert chief.client.post(f"/api/v1/exports/{made['id']}/approve/").status_code == 409
    other = officer.post("exports/", asked | {"reason": "核对名册"}).json()
    assert chief.post(f"exports/{other['id']}/refuse/", {"reason": "不需要"}).status_code == 200
    assert ExportRequest.objects.get(pk=other["id"]).state == "refused"


@pytest.mark.parametrize(
    "changes", [{"columns": []}, {"columns": ["secret"]}, {"query": "x=1"}, {"format": "pdf"}]
)
def test_a_wrong_file_is_refused(changes, officer, district):
    make.membership(district.firm_a)
    assert officer.post("exports/", FILE | changes).status_code == 400


def change_of(**more) -> dict:
    return {"kind": "group", "day": "2026-05-04", "reason": "转型", "group": "DOMESTIC_WORKER"} | (
        more
    )


def test_many_are_previewed_changed_and_put_back(officer, district):
    for _one in range(2):
        make.membership(district.firm_a)
    make.membership(district.firm_b)
    made = officer.post("bulk-changes/", change_of(query="state=active")).json()
    assert made["found"] == {"fit": 2}
    rows = officer.get("bulk-rows/", change=made["id"]).json()["results"]
    assert [(one["finding"], one["is_made"]) for one in rows] == [("fit", False)] * 2
    path = f"bulk-changes/{made['id']}"
    assert officer.post(f"{path}/confirm/", {}).json()["state"] == "writing"
    run_all(bulk.WRITE)
    assert officer.get(f"{path}/").json()["counts"]["done"] == 2
    assert officer.post(f"{path}/confirm/", {}).status_code == 409
    assert officer.post(f"{path}/undo/", {"reason": "选错了"}).status_code == 200
    run_all(bulk.UNDO)
    assert officer.get(f"{path}/").json()["counts"] == {"done": 2, "put_back": 2, "kept": 0}
    assert set(Membership.objects.values_list("group_id", flat=True)) == {"PARCEL_COURIER"}


@pytest.mark.parametrize(
    "changes",
    [{}, {"members": [], "query": ""}, {"query": "", "group": None}, {"query": "", "kind": "move"},
     {"query": "x=1"}, {"query": "", "day": "2999-01-01"}, {"query": "", "else": 1}],
)  # fmt: skip
def test_a_wrong_change_is_refused(changes, officer, district):
    make.membership(district.firm_a)
    assert officer.post("bulk-changes/", change_of(**changes)).status_code == 400
