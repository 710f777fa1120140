import datetime as dt
from decimal import Decimal

from django.utils import timezone

from stations import figures
from stations.queries import (
    district_centre,
    km_from_centre,
    near,
    openings,
    published,
    waiting_count,
)
from tests.factories.stations import OFFICE, make_point, step
from unionportal.core.geo import Point

FAR = {"lon": Decimal("113.725300"), "lat": Decimal("35.720400")}
SOME = {"lon": Decimal("113.735300"), "lat": Decimal("34.720400")}


def test_near_sorts_by_distance_and_leaves_out_the_unpublished(district):
    far = make_point(district.area_a, name="远", **FAR)
    close = make_point(district.area_b, name="近", **SOME)
    make_point(district.area_a, "applied", name="申请中")

    found = near(113.7253, 34.7204)

    assert [(one.point.pk, one.metres) for one in found] == [(close.pk, 914), (far.pk, 111195)]


def test_published_leaves_out_suspended_and_closed(district, district_officer):
    suspended, closed = make_point(district.area_a), make_point(district.area_a)
    kept = make_point(district.area_a)
    step(suspended, "suspend", by=district_officer, reason="漏水")
    step(closed, "close", by=district_officer, reason="拆迁")

    assert list(published()) == [kept]


def test_openings_cost_the_same_for_one_and_three(district, django_assert_num_queries):
    at = dt.datetime(2026, 9, 28, 10, tzinfo=timezone.get_current_timezone())
    points = [make_point(district.area_a, week=OFFICE[:n]) for n in (1, 2, 3)]

    with django_assert_num_queries(2):
        one = openings(points[:1], at)
    with django_assert_num_queries(2):
        three = openings(points, at)

    assert [state.is_open for state in one.values()] == [True]
    assert [state.is_open for state in three.values()] == [True, True, True]


def test_openings_read_a_utc_moment_in_the_portals_zone(district):
    point = make_point(district.area_a)
    at = dt.datetime(2026, 9, 28, 0, 30, tzinfo=dt.UTC)  # 08:30 in Shanghai

    assert openings([point], at)[point.pk].is_open


def test_district_centre_is_the_setting_else_the_median(district, settings):
    assert district_centre() is None
    make_point(district.area_a, **SOME)
    make_point(district.area_a)
    far = make_point(district.area_a, **FAR)
    assert district_centre() == Point(113.7253, 34.7204)
    assert km_from_centre(far) is None  # two others are no middle

    settings.DISTRICT_CENTRE = "113.7253,34.7204"
    assert district_centre() == Point(113.7253, 34.7204)
    assert km_from_centre(far) == 111


def test_figures_keep_applied_and_published_apart(district, district_officer, subdistrict_officer):
    make_point(district.area_a, kind="DRIVER_HOME")
    make_point(district.area_a, kind="COURIER_HOME")
    make_point(district.area_b, "applied")
    make_point(district.area_b, "accepted")
    today = timezone.localdate()

    def value(figure, user=district_officer, day=today):
        found = figure.compute(user, day)
        return found.numerator, found.denominator

    assert value(figures.PUBLISHED) == (2, None)
    assert [value(one)[0] for one in figures.BY_KIND] == [0, 1, 1, 0, 0]
    assert value(figures.WAITING) == (1, None)
    assert value(figures.COVERED) == (1, 2)
    assert value(figures.COVERED, subdistrict_officer) == (1, 1)
    assert value(figures.WAITING, subdistrict_officer) == (0, None)
    assert value(figures.PUBLISHED, day=dt.date(2026, 3, 3)) == (0, None)


def test_waiting_count_is_for_those_who_decide(district, district_officer, subdistrict_officer):
    make_point(district.area_a, "applied")
    make_point(district.area_a, "draft")

    assert waiting_count(district_officer) == 1
    assert waiting_count(subdistrict_officer) == 0
