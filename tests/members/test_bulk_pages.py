"""The pages of a change of many members."""

from __future__ import annotations

from uuid import uuid4

import pytest

from members.bulk import actions
from members.models import (
    BulkChange,
    BulkRow,
)
from tests.members.bulk_steps import (
    hired,
    into,
    picked,
    staged,
)
from unionportal.core import jobs
from unionportal.core.models import Job

pytestmark = pytest.mark.django_db


@pytest.fixture
def couriers(district):
    return hired(district)


def post(client, path, **values):
    return client.post(path, {"form_id": str(uuid4()), **values})


def test_the_pages_lead_from_the_list_to_the_undo(district, district_officer, client_for, couriers):
    client = client_for(district_officer)
    page = client.get("/desk/members/").content.decode()
    assert page.count('name="pick"') == 3
    assert "All of the list" in page

    form = {"kind": "group", "pick": [str(one.pk) for one in couriers], "query": "order=name"}
    page = client.post("/desk/members/changes/choose/", form).content.decode()
    assert "3 picked members" in page

    new = "/desk/members/changes/new/group/"
    chosen = {"pick": ",".join(str(one.pk) for one in couriers)}
    answer = post(client, new, **chosen, day="2026-05-04", reason="")
    assert (answer.status_code, "3 picked members" in answer.content.decode()) == (400, True)
    chosen |= {"group": "DOMESTIC_WORKER", "day": "2026-05-04", "reason": "公司转型"}
    answer = post(client, new, **chosen)
    change = BulkChange.objects.get()
    assert answer.url == change.get_absolute_url()
    page = client.get(answer.url).content.decode()
    assert "<b>3</b> members will be changed" in page

    post(client, f"{answer.url}confirm/")
    assert "Changing the members" in client.get(answer.url).content.decode()
    jobs.run(Job.objects.get(kind=actions.WRITE).pk)
    page = client.get(answer.url).content.decode()
    assert 'data-count="done">3<' in page
    post(client, f"{answer.url}undo/", reason="选错了")
    jobs.run(Job.objects.get(kind=actions.UNDO).pk)
    assert 'data-count="put_back">3<' in client.get(answer.url).content.decode()
    assert "Undone" in client.get("/desk/members/changes/").content.decode()


def test_a_choice_is_dropped(district_officer, client_for, couriers):
    change = staged(district_officer, into("DOMESTIC_WORKER"), picked(*couriers))
    client = client_for(district_officer)
    client.post(f"{change.get_absolute_url()}cancel/")
    assert "Nothing was changed" in client.get(change.get_absolute_url()).content.decode()
    assert not BulkRow.objects.exists()


def test_picked_rows_are_taken_out_as_a_file(district_officer, client_for, couriers):
    client = client_for(district_officer)
    form = {"kind": "export", "pick": [str(one.pk) for one in couriers[:2]]}
    answer = client.post("/desk/members/changes/choose/", form)
    assert client.get(answer.url).status_code == 200
    query = answer.url.partition("?")[2]
    assert client.get(f"/desk/members/?{query}").content.decode().count('name="pick"') == 2
    assert client.get("/desk/members/?picked=x").status_code == 400


@pytest.mark.parametrize("form", [{"kind": "group"}, {"kind": "group", "pick": "x"}])
def test_nobody_picked_is_said(form, district_officer, client_for, couriers):
    answer = client_for(district_officer).post("/desk/members/changes/choose/", form)
    assert answer.status_code in (302, 400)
