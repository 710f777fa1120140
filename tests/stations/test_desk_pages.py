import datetime as dt
import uuid
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from members.models import Employer
from stations.models import HolidayHours, OpeningHours, ServicePoint
from tests.factories.stations import FORM, form_data, make_point, step
from unionportal.core.navigation import navigation_for

LIST = "/desk/points/"
NEW = "/desk/points/new/"


def page(response, status=200) -> str:
    assert response.status_code == status
    return response.content.decode()


def move(client, point, verb, **data):
    point.refresh_from_db()
    body = {"version": point.version, "on": "", "reason": "", **data}
    return client.post(f"/desk/points/{point.pk}/{verb}/", body, follow=True)


def edit_data(client, point, **changes):
    """Return the edit page's own values with some typed over."""
    form = client.get(f"/desk/points/{point.pk}/edit/").context["form"]
    values = {name: form[name].value() for name in form.fields}
    return {name: "" if v is None else v for name, v in values.items() if v is not False} | changes


def test_new_point_is_recorded_as_typed(client_for, field_officer, district):
    client = client_for(field_officer)

    response = client.post(NEW, form_data(district.area_a, form_id="a1"), follow=True)

    point = ServicePoint.objects.get()
    text = page(response)
    assert response.redirect_chain == [(reverse("stations:point-detail", args=[point.pk]), 302)]
    assert f'data-object-id="{point.pk}"' in text
    assert f"云河司机之家 is recorded as {point.number}. Workers do not see it yet." in text
    assert "113.725300, 34.720400" in text
    assert (point.state, point.datum, point.lon) == ("draft", "GCJ02", Decimal("113.731482"))
    assert list(OpeningHours.objects.values_list("weekday", "opens", "closes")) == [
        (0, 1320, 1440), (1, 0, 360), (1, 510, 720), (1, 840, 1080),
    ]  # fmt: skip
    assert {one.code for one in point.facilities.all()} == {"WATER", "PARKING"}


def test_new_point_posted_twice_is_one_point(client_for, field_officer, district):
    client = client_for(field_officer)

    urls = {client.post(NEW, form_data(district.area_a, form_id="a1")).url for _ in range(2)}

    assert len(urls) == 1
    assert ServicePoint.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"lon": "34.719352", "lat": "113.731482"}, "Longitude and latitude look swapped"),
     ({"lon": "113.731482", "lat": "91"}, "No such place"),
     ({"lon": "0", "lat": "0"}, "The place is 0, 0"),
     ({"lon": "113,7"}, "Enter a number"),
     ({"host_name": ""}, "A shared point has a host: write its name."),
     ({"host_code": "91410103MA12345694"}, "No firm with this code in your area."),
     ({"d3_opens1": "25:00", "d3_closes1": "26:00"}, "Write a clock time such as 08:30."),
     ({"d3_opens1": "08:00"}, "Thursday: give both times."),
     ({"d3_opens1": "08:00", "d3_closes1": "08:00"}, "Thursday: it opens and closes at the same"),
     ({"d1_opens1": "05:00"}, "Tuesday: two opening times overlap."),
     ({"is_24h": "on"}, "Open 24 hours and opening times together"),
     ({"plaque_no": "7"}, "Write the plaque"),
     ({"checked_on": "2199-01-01"}, "This day has not come yet."),
     ({"kind": "PALACE"}, "Select a valid choice"),
     ({"facilities": ["SAUNA"]}, "Select a valid choice"),
     ({"phone": "call me"}, "Write the number in digits.")],
)  # fmt: skip
def test_new_point_with_bad_input_keeps_what_was_typed(
    client_for, field_officer, district, changes, words
):
    data = form_data(district.area_a, form_id="a1", **changes)

    text = page(client_for(field_officer).post(NEW, data))

    assert words in text
    assert "What you filled in is still there." in text
    assert 'value="云河司机之家"' in text
    assert ServicePoint.objects.count() == 0


def test_swapped_coordinates_are_called_swapped(client_for, field_officer, district):
    data = form_data(district.area_a, form_id="a1", lon="34.719352", lat="113.731482")

    text = page(client_for(field_officer).post(NEW, data))

    assert "Longitude and latitude look swapped. Longitude here is between 73 and 136." in text


def test_far_away_point_is_written_with_a_warning(client_for, field_officer, district, settings):
    settings.DISTRICT_CENTRE = "113.7253,34.7204"
    data = form_data(district.area_a, form_id="a1", datum="WGS84", lat="35.720400",
                     lon="113.725300")  # fmt: skip

    text = page(client_for(field_officer).post(NEW, data, follow=True))

    assert text.count("This place is 111 km from the middle of the district.") == 2
    assert ServicePoint.objects.count() == 1


def test_new_point_of_another_area_is_refused(client_for, field_officer, district):
    text = page(client_for(field_officer).post(NEW, form_data(district.area_b, form_id="a1")))

    assert "That choice is not one of the available choices" in text
    assert ServicePoint.objects.count() == 0


def test_new_point_links_the_host_by_its_code(client_for, field_officer, district):
    host = Employer.objects.create(
        name="示例物流有限公司", credit_code="91410103MA12345694", area=district.area_a
    )
    data = form_data(district.area_a, form_id="a1", host_code="91410103ma12345694", host_name="")

    client_for(field_officer).post(NEW, data)

    assert ServicePoint.objects.get().host == host


def test_path_through_the_pages(client_for, field_officer, district_officer, district):
    point = make_point(district.area_a, "draft")

    text = page(move(client_for(field_officer), point, "apply"))
    assert f"人民路工会驿站 ({point.number}): Applied for" in text
    assert "Accept</button>" not in text
    office = client_for(district_officer)
    assert "Accepted" in page(move(office, point, "accept"))
    text = page(move(office, point, "publish"))
    point.refresh_from_db()
    assert point.state == "published"
    assert "Published: workers see it now" in text
    assert "As workers see it" in text


def test_rejecting_without_a_reason_keeps_the_page(client_for, district_officer, district):
    point = make_point(district.area_a, "applied")

    text = page(move(client_for(district_officer), point, "reject"), 400)

    assert "Give a reason." in text
    point.refresh_from_db()
    assert point.state == "applied"


def test_stale_step_answers_409_and_keeps_the_reason(client_for, district_officer, district):
    point = make_point(district.area_a, "applied")

    response = move(
        client_for(district_officer), point, "reject", version=point.version - 1, reason="没有厕所"
    )

    text = page(response, 409)
    assert "Somebody changed this point while you were writing." in text
    assert "没有厕所" in text
    point.refresh_from_db()
    assert point.state == "applied"


def test_field_officer_cannot_accept(client_for, field_officer, district):
    point = make_point(district.area_a, "applied")

    assert move(client_for(field_officer), point, "accept").status_code == 403
    assert move(client_for(field_officer), point, "explode").status_code == 404


def test_edit_shows_the_record_and_writes_it_unchanged(client_for, field_officer, district):
    client = client_for(field_officer)
    client.post(NEW, form_data(district.area_a, form_id="a1"))
    point = ServicePoint.objects.get()
    before = list(OpeningHours.objects.values_list("weekday", "opens", "closes"))
    data = edit_data(client, point)
    assert {name: data[name] for name in FORM if name.startswith("d")} | {"lon": ""} == {
        name: value for name, value in FORM.items() if name.startswith("d")
    } | {"lon": ""}

    response = client.post(f"/desk/points/{point.pk}/edit/", data, follow=True)

    assert f"{point.number} is corrected." in page(response)
    assert list(OpeningHours.objects.values_list("weekday", "opens", "closes")) == before
    point.refresh_from_db()
    assert (point.version, point.lon) == (2, Decimal("113.731482"))


def test_stale_edit_answers_409_with_the_difference_and_can_be_saved_then(
    client_for, field_officer, district
):
    client, point = client_for(field_officer), make_point(district.area_a, "draft")
    data = edit_data(client, point, name="我改的名字")
    client.post(f"/desk/points/{point.pk}/edit/", edit_data(client, point, phone="0379-111111"))

    response = client.post(f"/desk/points/{point.pk}/edit/", data)

    text = page(response, 409)
    assert "Somebody changed this point while you were writing." in text
    assert response.context["differences"] == [
        ("Name", "人民路工会驿站", "我改的名字"),
        ("Phone of the point", "0379-111111", "0379-1234567"),
    ]
    assert 'value="我改的名字"' in text
    again = edit_data(client, point, name="我改的名字", phone="0379-111111")
    assert client.post(f"/desk/points/{point.pk}/edit/", again).status_code == 302
    point.refresh_from_db()
    assert (point.name, point.phone) == ("我改的名字", "0379-111111")


def test_neighbour_gets_404_everywhere(client_for, neighbour_officer, district):
    client, point = client_for(neighbour_officer), make_point(district.area_a)

    base = f"/desk/points/{point.pk}/"
    for url in (base, f"{base}edit/"):
        assert client.get(url).status_code == 404
    for url in (f"{base}edit/", f"{base}apply/", f"{base}days/",
                f"{base}days/{uuid.uuid4()}/drop/"):  # fmt: skip
        assert client.post(url, {"version": 1}).status_code == 404
    assert "人民路工会驿站" not in page(client.get(LIST))


def test_auditor_looks_but_changes_nothing(client_for, auditor, district):
    client, point = client_for(auditor), make_point(district.area_a)

    text = page(client.get(f"/desk/points/{point.pk}/"))
    assert "Next step" not in text
    assert client.get(NEW).status_code == 403
    assert client.post(f"/desk/points/{point.pk}/suspend/", {}).status_code == 403
    assert client.get(f"/desk/points/{point.pk}/suspend/").status_code == 405


def test_roles_without_the_right_see_nothing(client_for, finance_maker, district):
    point = make_point(district.area_a)

    for url in (LIST, f"/desk/points/{point.pk}/"):
        assert client_for(finance_maker).get(url).status_code == 403


def test_list_counts_each_state_apart_and_filters(client_for, district_officer, district):
    make_point(district.area_a, name="公布的", kind="DRIVER_HOME")
    make_point(district.area_b, "applied", name="申请的")
    client = client_for(district_officer)

    def names(query=""):
        response = client.get(LIST + query)
        return {row.name for row in response.context["page"].rows}

    tabs = {tab["label"]: tab["count"] for tab in client.get(LIST).context["tabs"]}
    assert tabs == {
        "All": 2, "Being prepared": 0, "Applied for": 1, "Accepted": 0, "Published": 1,
        "Suspended": 0, "Closed down": 0, "Rejected": 0,
    }  # fmt: skip
    assert names() == {"公布的", "申请的"}
    assert names("?state=applied") == {"申请的"}
    assert names("?kind=DRIVER_HOME") == {"公布的"}
    assert names(f"?area={district.area_b.pk}") == {"申请的"}
    assert "No service points here" in page(client.get(f"{LIST}?kind=READING_ROOM"))


@pytest.mark.parametrize("query", ["?colour=red", "?state=built", "?kind=x", "?area=1", "?size=0"])
def test_list_with_unknown_filter_is_400(client_for, district_officer, query):
    assert client_for(district_officer).get(LIST + query).status_code == 400


def test_list_costs_the_same_for_one_and_three(client_for, district_officer, district):
    client = client_for(district_officer)
    counts = []
    for n in (1, 2):
        for _ in range(n):
            make_point(district.area_a)
        with CaptureQueriesContext(connection) as queries:
            page(client.get(LIST))
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_stars_are_written_by_the_district(client_for, district_officer, field_officer, district):
    point = make_point(district.area_a)
    body = {"version": point.version, "stars": "4", "rated_on": "2026-03-05"}
    url = f"/desk/points/{point.pk}/stars/"

    assert client_for(field_officer).post(url, body).status_code == 403
    text = page(client_for(district_officer).post(url, body, follow=True))
    assert "The stars of 人民路工会驿站 are written." in text
    assert "4 of 5 stars" in text
    body = {**body, "version": point.version + 1, "rated_on": ""}
    assert "Give the stars and the day" in page(client_for(district_officer).post(url, body), 400)


def test_day_with_own_hours_is_added_and_dropped(client_for, field_officer, district):
    client, point = client_for(field_officer), make_point(district.area_a)
    day = timezone.localdate() + dt.timedelta(days=3)
    url = f"/desk/points/{point.pk}/days/"

    for body, words in (
        ({"day": day, "is_closed": "on", "opens": "08:00", "closes": "09:00"}, "keep one of the"),
        ({"day": day}, "Give both times"),
        ({"day": day, "opens": "09:00", "closes": "08:00"}, "Closing comes after opening"),
        ({"day": "2020-01-01", "is_closed": "on"}, "This day has passed."),
    ):
        assert words in page(client.post(url, body), 400)
    body = {"day": day, "opens": "09:00", "closes": "00:00", "note": "消夏"}
    assert f"{day} has its own hours now." in page(client.post(url, body, follow=True))
    row = HolidayHours.objects.get()
    assert (row.opens, row.closes) == (540, 1440)

    text = page(client.post(f"{url}{row.pk}/drop/", follow=True))
    assert f"The weekly hours hold again on {day}." in text
    assert HolidayHours.objects.count() == 0


def test_navigation_counts_applications_for_the_district(district, district_officer, field_officer):
    make_point(district.area_a, "applied")

    def count(user):
        links = [link for part in navigation_for(user) for link in part.links]
        return next(link.count for link in links if link.url == LIST)

    assert count(district_officer) == 1
    assert count(field_officer) is None


def test_pages_speak_chinese(client_for, district_officer, district):
    client = client_for(district_officer, "zh-hans")
    point = make_point(district.area_a, "applied")
    step(point, "reject", reason="没有厕所")

    text = page(client.get(f"/desk/points/{point.pk}/"))
    for words in ("没有同意", "原因：没有厕所", "下一步", "提出申请", "户外劳动者驿站", "星期一"):
        assert words in text
    assert "申请不等于建成。职工只看到已公布的站点。" in page(client.get(LIST))
    assert "开门时间" in page(client.get(NEW))
