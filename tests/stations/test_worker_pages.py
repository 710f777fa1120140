import datetime as dt
import uuid

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from stations.models import HolidayHours
from stations.rules import WeekSpan
from tests.factories.stations import make_point, step

URL = "/stations/"
ALWAYS = [WeekSpan(day, 0, 1440) for day in range(7)]
NEVER = {"week": [], "is_24h": False}


def visitor(language="en") -> Client:
    client = Client()
    client.cookies["django_language"] = language
    return client


def page(response, status=200) -> str:
    assert response.status_code == status
    return response.content.decode()


@pytest.fixture
def stations(district):
    """Two published stations in neighbouring sub-districts, and one only applied for."""
    open_one = make_point(
        district.area_a, name="云河司机之家", kind="DRIVER_HOME", is_24h=True, week=[],
        facilities=["WATER", "PARKING"],
    )  # fmt: skip
    shut = make_point(district.area_b, name="西桥职工书屋", kind="READING_ROOM", **NEVER)
    make_point(district.area_a, "applied", name="还没建的站")
    return open_one, shut


def test_list_groups_published_stations_by_sub_district(stations):
    response = visitor().get(URL)

    text = page(response)
    groups = [(name, [card.point.name for card in cards]) for name, cards
              in response.context["groups"]]  # fmt: skip
    assert groups == [
        ("Jia Sub-district", ["云河司机之家"]), ("Yi Sub-district", ["西桥职工书屋"]),
    ]  # fmt: skip
    assert "还没建的站" not in text
    assert "2 stations, 1 open now" in text
    for words in ("24 hours", "Hot water", "Parking", "Drivers&#x27; home", "Hours not known",
                  "Not checked yet: call before you go", 'href="tel:0379-1234567"',
                  'href="geo:34.720400,113.725300?q=34.720400,113.725300(',
                  'data-lat="34.720400"'):  # fmt: skip
        assert words in text


def test_list_in_chinese(stations):
    text = page(visitor("zh-hans").get(URL))

    for words in ("找驿站", "2个，现在开着1个", "甲街道", "司机之家", "开门", "24小时", "热水",
                  "停车", "不知道几点开", "还没核查，去之前先打电话",
                  "打电话", "去这里"):  # fmt: skip
        assert words in text


@pytest.mark.parametrize(
    ("query", "names"),
    [("?kind=READING_ROOM", ["西桥职工书屋"]), ("?facility=PARKING", ["云河司机之家"]),
     ("?facility=PARKING&facility=WATER", ["云河司机之家"]), ("?facility=TV", []),
     ("?facility=PARKING&facility=TV", []), ("?open=1", ["云河司机之家"]),
     ("?area=&kind=&open=", ["云河司机之家", "西桥职工书屋"])],
)  # fmt: skip
def test_list_filters(stations, query, names):
    response = visitor().get(URL + query)

    page(response)
    shown = [card.point.name for _, cards in response.context["groups"] for card in cards]
    assert shown == names


def test_list_filters_by_sub_district(stations, district):
    response = visitor().get(f"{URL}?area={district.area_b.pk}")

    assert [name for name, _ in response.context["groups"]] == ["Yi Sub-district"]


def test_list_that_finds_nothing_says_what_to_do(stations):
    text = page(visitor().get(f"{URL}?facility=TV"))

    assert "No station has all of this. Ask for less." in text
    assert "Show all stations" in text


@pytest.mark.parametrize(
    ("query", "name"),
    [("?colour=red", "colour"), ("?lat=34.7", "lat"), ("?kind=PALACE", "kind"),
     ("?facility=SAUNA", "facility"), ("?open=maybe", "open"), ("?area=1", "area"),
     (f"?area={uuid.UUID(int=1)}", "area")],
)  # fmt: skip
def test_list_with_unknown_parameter_is_a_clear_400(district, query, name):
    text = page(visitor().get(URL + query), 400)

    assert f"The list of stations does not know “{name}”." in text


def test_list_is_empty_before_anything_is_published(district):
    assert "No station is published yet." in page(visitor().get(URL))


def test_list_costs_the_same_for_one_and_three(district):
    counts = []
    for n in (1, 2):
        for _ in range(n):
            make_point(district.area_a, facilities=["WATER", "TV"])
        with CaptureQueriesContext(connection) as queries:
            page(visitor().get(URL))
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_list_takes_no_posts_and_keeps_no_position(district):
    assert visitor().post(URL, {"lat": "34.7", "lng": "113.7"}).status_code == 405


def test_detail_shows_facts_hours_and_days(district):
    point = make_point(district.area_a, checked_on=timezone.localdate(), entry_way="CODE",
                       entry_note="门上有二维码")  # fmt: skip
    day = timezone.localdate() + dt.timedelta(days=7)
    HolidayHours.objects.create(point=point, day=day, is_closed=True, note="盘点")

    text = page(visitor().get(f"{URL}{point.pk}/"))

    for words in (f'data-object-id="{point.pk}"', "Checked today", "08:30–20:00", "Scan a code",
                  "门上有二维码", "盘点", "34.720400, 113.725300", point.number, "示例银行",
                  "Monday", "closed"):  # fmt: skip
        assert words in text


def test_detail_in_chinese(district):
    point = make_point(district.area_a)

    text = page(visitor("zh-hans").get(f"{URL}{point.pk}/"))

    for words in ("开门时间", "星期一", "不开",
                  "节假日：按星期日的时间，调休上班日按星期一", "所有驿站"):  # fmt: skip
        assert words in text


def test_detail_of_unpublished_points_is_404(district, district_officer):
    point = make_point(district.area_a)
    step(point, "suspend", by=district_officer, reason="漏水")

    for pk in (point.pk, make_point(district.area_a, "applied").pk, uuid.uuid4()):
        assert visitor().get(f"{URL}{pk}/").status_code == 404


def test_pages_need_no_inline_script_or_style(stations):
    for url in (URL, f"{URL}{stations[0].pk}/"):
        text = page(visitor().get(url))
        assert "style=" not in text
        assert " onclick" not in text
        assert "<script>" not in text
