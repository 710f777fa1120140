import datetime as dt
import re
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from outreach import actions
from outreach.models import Drive, JoinCode, KnownJoin, PatchAssignment, Target
from tests.factories import members as people
from tests.factories import outreach as make
from tests.factories.outreach import COURIERS, TRUCKS
from unionportal.core.actors import SYSTEM

TODAY = timezone.localdate


def errors_of(response) -> str:
    """Return the text of the page's error summary."""
    found = re.search(r'<div class="up-summary".*?</div>', response.text, re.DOTALL)
    return re.sub(r"<[^>]+>|\s+", " ", found[0]) if found else ""


@pytest.fixture
def desk(client_for, district_officer):
    return client_for(district_officer)


@pytest.fixture
def drive(district):
    return make.drive(
        district.unit, areas=[district.area_a, district.area_b], groups=[COURIERS, TRUCKS]
    )


@pytest.fixture
def form(district):
    return {
        "form_id": str(uuid4()), "name": "Autumn drive 2026", "started_on": str(TODAY()),
        "last_on": str(TODAY() + dt.timedelta(days=89)), "owner": str(district.unit.pk),
        "groups": [COURIERS, TRUCKS], "areas": [str(district.area_a.pk)],
    }  # fmt: skip


def test_new_drive_is_prepared_and_leads_to_its_targets(desk, form, district):
    assert desk.get("/desk/drives/new/").status_code == 200
    response = desk.post("/desk/drives/new/", form)
    drive = Drive.objects.get()
    assert (response.status_code, response.url) == (302, f"/desk/drives/{drive.pk}/targets/")
    assert (drive.ended_on - drive.started_on).days == 90
    assert list(drive.areas.all()) == [district.area_a]


def test_new_drive_sent_twice_is_one_drive(desk, form):
    first, second = (desk.post("/desk/drives/new/", form) for _n in range(2))
    assert first.url == second.url
    assert Drive.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": ""}, "Fill in “Name of the drive”"),
        ({"last_on": "2020-01-01"}, "The last day is before the first. Choose a later one."),
        ({"last_on": "31.12.2026"}, "Enter a valid date."),
        ({"groups": []}, "Choose one for “Groups”"),
        ({"groups": ["NOBODY"]}, "Select a valid choice. NOBODY is not one of the"),
        ({"areas": []}, "Choose one for “Areas”"),
        ({"owner": str(uuid4())}, "Select a valid choice."),
    ],
)
def test_new_drive_says_what_is_wrong_and_keeps_the_rest(desk, form, change, message):
    response = desk.post("/desk/drives/new/", {**form, **change})
    assert response.status_code == 400
    assert message in errors_of(response)
    if "name" not in change:
        assert 'value="Autumn drive 2026"' in response.text
    assert form["form_id"] in response.text
    assert not Drive.objects.exists()


def grid(drive, counts, **fields):
    cells = {f"t-{area.pk}-{code}": value for (area, code), value in counts.items()}
    return {"form_id": str(uuid4()), "version": drive.version, **cells, **fields}


def test_target_grid_is_saved_and_shown(desk, drive, district):
    url = f"/desk/drives/{drive.pk}/targets/"
    assert 'value="10"' in desk.get(url).text
    counts = {(district.area_a, COURIERS): "120", (district.area_b, TRUCKS): "30"}
    response = desk.post(url, grid(drive, counts), follow=True)
    assert "2 targets saved, 150 people in all." in response.text
    rows = Target.objects.values_list("area_id", "group_id", "count")
    assert set(rows) == {
        (district.area_a.pk, COURIERS, 120), (district.area_b.pk, TRUCKS, 30),
    }  # fmt: skip


@pytest.mark.parametrize("value", ["-1", "1.5", "many", "1000001", "９９x"])
def test_target_grid_points_at_the_wrong_cell_and_keeps_what_was_typed(
    desk, drive, district, value
):
    url = f"/desk/drives/{drive.pk}/targets/"
    response = desk.post(url, grid(drive, {(district.area_a, COURIERS): value}))
    assert response.status_code == 400
    assert "Jia Sub-district, " in errors_of(response)
    assert f'value="{value}"' in response.text
    assert Target.objects.get().count == 10


def test_stale_target_grid_is_refused_and_kept(desk, drive, district):
    url = f"/desk/drives/{drive.pk}/targets/"
    data = grid(drive, {(district.area_a, COURIERS): "77"})
    actions.set_targets(by=SYSTEM, drive=drive, counts={}, version=drive.version)
    response = desk.post(url, data)
    assert response.status_code == 409
    assert "Somebody saved the targets in the meantime." in response.text
    assert 'value="77"' in response.text
    assert not Target.objects.exists()


def test_drive_is_opened_and_ended_by_post(desk, district):
    drive = make.drive(district.unit, areas=[district.area_a], is_open=False)
    page = desk.get(f"/desk/drives/{drive.pk}/")
    assert "Open the drive" in page.text
    assert "is open." in desk.post(f"/desk/drives/{drive.pk}/open/", follow=True).text
    assert "has ended." in desk.post(f"/desk/drives/{drive.pk}/close/", follow=True).text
    again = desk.post(f"/desk/drives/{drive.pk}/close/", follow=True)
    assert "This changed in the meantime: it is now “Ended”." in again.text
    assert desk.get(f"/desk/drives/{drive.pk}/open/").status_code == 405


def test_drive_without_target_is_not_opened(desk, district):
    drive = make.drive(district.unit, areas=[district.area_a], targets={}, is_open=False)
    response = desk.post(f"/desk/drives/{drive.pk}/open/", follow=True)
    assert "Set a target first, then open the drive." in response.text
    assert Drive.objects.get().state == "draft"


def test_drive_page_shows_the_board(desk, drive, district, district_officer):
    application = make.enrolled(district.pool_a)
    people.applications.approve(
        by=district_officer, applications=[application], decided_on=TODAY(), signer="Chair"
    )
    page = desk.get(f"/desk/drives/{drive.pk}/").text
    cell = re.search(
        rf'<td class="([^"]*)" data-area="{district.area_a.pk}" data-group="{COURIERS}">(.*?)</td>',
        page, re.DOTALL,
    )  # fmt: skip
    text = re.sub(r"<[^>]+>|\s+", "", cell[2])
    assert (cell[1], text) == ("behind-2", "▾10%1/10")
    assert f'data-object-id="{drive.pk}" data-object-kind="drive" data-state="open"' in page
    assert "day 50 of 100, 50.0% of the time" in page
    assert "End the drive" in page


def test_drive_page_offers_no_changes_to_others(client_for, drive, subdistrict_officer):
    page = client_for(subdistrict_officer).get(f"/desk/drives/{drive.pk}/")
    assert page.status_code == 200
    for words in ("End the drive", "Assign", "Yi Sub-district"):
        assert words not in page.text


@pytest.mark.parametrize("path", ["", "targets/", "patches/", "codes/", "people/", "known/"])
def test_neighbours_drive_is_not_there(client_for, district, district_officer, make_user, path):
    drive = make.drive(district.unit, areas=[district.area_a])
    stranger = client_for(make_user("other", "district_officer", district.unit_b))
    assert stranger.get(f"/desk/drives/{drive.pk}/{path}").status_code == 404


@pytest.mark.parametrize("path", ["new/", "{}/targets/", "{}/patches/", "{}/codes/"])
def test_sub_district_officer_cannot_change_a_drive(client_for, subdistrict_officer, drive, path):
    client = client_for(subdistrict_officer)
    assert client.get(f"/desk/drives/{path.format(drive.pk)}").status_code == 403
    assert client.post(f"/desk/drives/{path.format(drive.pk)}").status_code == 403


def test_patch_is_assigned_listed_and_ended(desk, drive, district, field_officer):
    url = f"/desk/drives/{drive.pk}/patches/"
    data = {
        "form_id": str(uuid4()), "officer": str(field_officer.pk),
        "areas": [str(district.area_b.pk)], "started_on": str(TODAY()),
        "last_on": str(drive.last_on),
    }  # fmt: skip
    assert desk.get(url).status_code == 200
    assert "field_officer answers for one area now." in desk.post(url, data, follow=True).text
    patch = PatchAssignment.objects.get()
    assert (patch.drive, patch.ended_on) == (drive, drive.ended_on)
    refused = desk.post(url, {**data, "form_id": str(uuid4())})
    assert refused.status_code == 400
    assert "answers for one of these areas in these days already" in errors_of(refused)
    assert "In force" in desk.get("/desk/patches/").text
    ended = desk.post(f"/desk/patches/{patch.pk}/end/", follow=True)
    assert "field_officer no longer answers for Yi Sub-district." in ended.text
    assert desk.post(f"/desk/patches/{patch.pk}/end/").status_code == 409


def test_patch_list_of_others_has_no_end_button(client_for, district, field_officer):
    make.patch(field_officer, district.area_a)
    page = client_for(field_officer).get("/desk/patches/").text
    assert "field_officer" in page
    assert "/end/" not in page


def test_code_is_made_and_its_poster_printed(desk, drive, district, settings):
    settings.PUBLIC_URL = "https://portal.example"
    url = f"/desk/drives/{drive.pk}/codes/"
    data = {
        "form_id": str(uuid4()), "unit": str(district.pool_a.pk), "place": "Gate 2 <b>",
        "area": str(district.area_a.pk), "expires_on": str(drive.last_on),
    }  # fmt: skip
    assert desk.get(url).status_code == 200
    page = desk.post(url, data, follow=True)
    code = JoinCode.objects.get()
    assert page.redirect_chain[0][0] == f"/desk/codes/{code.pk}/poster/"
    assert f'data-url="https://portal.example/join/{code.code}/"' in page.text
    assert f"{code.code[:4]} {code.code[4:]}" in page.text
    assert 'src="data:image/svg+xml' in page.text
    assert "Gate 2 &lt;b&gt;" in page.text
    stopped = desk.post(f"/desk/codes/{code.pk}/stop/", follow=True)
    assert f"The code {code.code} no longer works." in stopped.text


def test_code_form_offers_unions_open_to_all_and_says_what_is_wrong(desk, drive, district):
    url = f"/desk/drives/{drive.pk}/codes/"
    data = {
        "form_id": str(uuid4()), "unit": str(district.firm_a.pk), "place": "",
        "area": str(district.area_a.pk), "expires_on": "2020-01-01",
    }  # fmt: skip
    response = desk.post(url, data)
    assert response.status_code == 400
    assert "Fill in “Where the poster hangs”" in errors_of(response)
    assert "They join this union: Choose one from the list." in errors_of(response)
    data = {**data, "unit": str(district.pool_a.pk), "place": "Gate"}
    assert "This day has passed. Choose today or later." in errors_of(desk.post(url, data))


def test_people_are_listed_by_cell_within_reach(
    client_for, drive, district, subdistrict_officer, district_officer
):
    make.enrolled(district.pool_a, name="王小明")
    make.enrolled(district.firm_b, name="李大江")
    url = f"/desk/drives/{drive.pk}/people/"
    whole = client_for(district_officer).get(url).text
    assert ("王小明" in whole, "李大江" in whole) == (True, True)
    cell = client_for(district_officer).get(url, {"area": district.area_b.pk, "group": COURIERS})
    assert ("王小明" in cell.text, "李大江" in cell.text) == (False, True)
    own = client_for(subdistrict_officer).get(url).text
    assert ("王小明" in own, "李大江" in own) == (True, False)


def test_people_list_answers_a_wrong_filter_in_words_and_shows_nobody(desk, drive, district):
    make.enrolled(district.pool_a, name="王小明")
    response = desk.get(f"/desk/drives/{drive.pk}/people/", {"area": "x"})
    assert response.status_code == 400
    assert "Area: “x” is not a valid UUID." in errors_of(response)
    assert "王小明" not in response.text


def test_known_list_names_people_only_within_reach(
    client_for, drive, district, subdistrict_officer, district_officer
):
    code = make.code(drive, district.pool_a, district.area_a)
    for unit, name in ((district.pool_a, "王小明"), (district.firm_b, "李大江")):
        application = make.enrolled(unit, name=name)
        actions.note_known(
            code=code, client_ref=uuid4(), known_as="applicant", id_index=application.id_index
        )
    assert KnownJoin.objects.count() == 2
    url = f"/desk/drives/{drive.pk}/known/"
    page = client_for(subdistrict_officer).get(url).text
    assert ("王*明" in page, "李*江" in page, "Outside your area" in page) == (True, False, True)
    page = client_for(district_officer).get(url).text
    assert ("王*明" in page, "李*江" in page) == (True, True)


def test_drive_list_filters_by_state_and_says_when_empty(desk, district):
    assert "No drive here" in desk.get("/desk/drives/").text
    make.drive(district.unit, areas=[district.area_a], name="Running one")
    make.drive(district.unit, areas=[district.area_a], name="Prepared one", is_open=False)
    page = desk.get("/desk/drives/?state=draft").text
    assert ("Running one" in page, "Prepared one" in page) == (False, True)
    assert "Running one" in desk.get("/desk/drives/?state=nonsense").text


def test_drive_list_goes_on_page_by_page(desk, district):
    for number in range(3):
        make.drive(district.unit, areas=[district.area_a], name=f"Drive {number}")
    page = desk.get("/desk/drives/?size=2").text
    assert ("Drive 2" in page, "Drive 0" in page) == (True, False)
    cursor = re.search(r'rel="next" href="([^"]+)"', page)[1].replace("&amp;", "&")
    assert "Drive 0" in desk.get(f"/desk/drives/{cursor}").text
    assert desk.get("/desk/drives/?after=broken").status_code == 400


@pytest.mark.parametrize("path", ["drives/", "patches/", "drives/{}/", "drives/{}/people/"])
def test_pages_take_the_same_queries_for_one_row_and_three(desk, district, field_officer, path):
    drive = make.drive(district.unit, areas=[district.area_a, district.area_b])
    url = f"/desk/{path.format(drive.pk)}"

    def add(number):
        make.drive(district.unit, areas=[district.area_b], groups=[TRUCKS], name=f"D{number}")
        make.enrolled(district.pool_a)
        make.code(drive, district.pool_a, district.area_a)
        make.patch(
            field_officer, district.area_a, drive=drive,
            started_on=TODAY() + dt.timedelta(days=number),
            ended_on=TODAY() + dt.timedelta(days=number + 1),
        )  # fmt: skip

    add(0)
    desk.get(url)
    with CaptureQueriesContext(connection) as one:
        desk.get(url)
    add(1)
    add(2)
    with CaptureQueriesContext(connection) as three:
        assert desk.get(url).status_code == 200
    assert len(three) == len(one)
