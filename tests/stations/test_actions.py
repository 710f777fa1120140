import datetime as dt
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from stations import actions
from stations.models import HolidayHours, OpeningHours, PointFacility, ServicePoint
from stations.queries import opening
from stations.rules import WeekSpan
from stations.states import Facility
from tests.factories.stations import OFFICE, facts, make_point, step
from unionportal.core.errors import NotAllowed, Refused, Stale
from unionportal.core.models import AuditEvent

TODAY = dt.date(2026, 3, 2)
WGS84 = (Decimal("113.725300"), Decimal("34.720400"))


@pytest.mark.parametrize(
    ("datum", "lon", "lat"),
    [("WGS84", *WGS84), ("GCJ02", Decimal("113.731482"), Decimal("34.719352")),
     ("BD09", Decimal("113.737990"), Decimal("34.725383"))],
)  # fmt: skip
def test_record_keeps_typed_place_and_computes_wgs84(district, datum, lon, lat):
    point = make_point(district.area_a, "draft", datum=datum, lon=lon, lat=lat)

    point.refresh_from_db()
    assert (point.lon, point.lat, point.datum) == (lon, lat, datum)
    assert point.place.lon == pytest.approx(113.7253, abs=2e-6)
    assert point.place.lat == pytest.approx(34.7204, abs=2e-6)


@pytest.mark.parametrize(
    ("lon", "lat", "code"),
    [("34.7204", "113.7253", "swapped"), ("0", "0", "zero"), ("113.7", "91", "range")],
)
def test_record_refuses_impossible_places(district, lon, lat, code):
    with pytest.raises(Refused) as refused:
        make_point(district.area_a, "draft", lon=Decimal(lon), lat=Decimal(lat))

    assert (refused.value.code, refused.value.field) == (code, "lon")
    assert ServicePoint.objects.count() == 0


def test_record_numbers_points_and_audits(district, field_officer):
    one = make_point(district.area_a, "draft", by=field_officer)
    two = make_point(district.area_a, "draft", by=field_officer)

    assert two.serial_no == one.serial_no + 1
    assert one.number == f"SP-{one.serial_no:05d}"
    event = AuditEvent.objects.get(target_id=str(one.pk))
    assert (event.verb, event.actor_label) == ("servicepoint.record", "field_officer")


def test_record_outside_own_area_is_not_allowed(district, field_officer):
    with pytest.raises(NotAllowed):
        make_point(district.area_b, "draft", by=field_officer)


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [({"host_name": ""}, "no_host", "host_name"), ({"plaque_no": "7"}, "plaque", "plaque_no"),
     ({"checked_on": dt.date(2199, 1, 1)}, "future", "checked_on"),
     ({"facilities": ["SAUNA"]}, "facility", "facilities"),
     ({"week": [WeekSpan(0, 480, 720), WeekSpan(0, 700, 800)]}, "overlap", None),
     ({"week": [WeekSpan(0, 480, 480)]}, "hours", None)],
)  # fmt: skip
def test_record_refuses_with_the_field(district, changes, code, field):
    with pytest.raises(Refused) as refused:
        make_point(district.area_a, "draft", **changes)

    assert (refused.value.code, refused.value.field) == (code, field)
    assert ServicePoint.objects.count() == 0


def test_path_is_applied_then_accepted_then_published(district, field_officer, district_officer):
    point = make_point(district.area_a, "draft")

    step(point, "apply", by=field_officer, on=TODAY)
    assert (point.state, point.applied_on, point.accepted_on) == ("applied", TODAY, None)
    step(point, "accept", by=district_officer, on=TODAY)
    step(point, "publish", by=district_officer, on=TODAY)
    step(point, "suspend", by=district_officer, reason="漏水")
    assert (point.state, point.state_reason) == ("suspended", "漏水")
    step(point, "resume", by=district_officer)
    assert (point.state, point.state_reason, point.published_on) == ("published", "", TODAY)
    step(point, "close", by=district_officer, reason="拆迁")
    assert (point.state, point.closed_on) == ("closed", timezone.localdate())


def test_rejected_application_can_be_applied_for_again(district, district_officer):
    point = make_point(district.area_a, "applied")

    step(point, "reject", by=district_officer, reason="没有厕所")
    assert (point.state, point.state_reason) == ("rejected", "没有厕所")
    step(point, "apply", by=district_officer)
    assert (point.state, point.state_reason) == ("applied", "")


@pytest.mark.parametrize(
    ("state", "verb"),
    [("draft", "accept"), ("draft", "publish"), ("applied", "publish"), ("applied", "close"),
     ("accepted", "suspend"), ("published", "apply"), ("published", "resume")],
)  # fmt: skip
def test_steps_out_of_order_are_stale(district, district_officer, state, verb):
    point = make_point(district.area_a, state)

    with pytest.raises(Stale):
        step(point, verb, by=district_officer, reason="x")
    point.refresh_from_db()
    assert point.state == state


@pytest.mark.parametrize(("state", "verb"), [("applied", "reject"), ("published", "suspend")])
def test_refusing_steps_need_a_reason(district, district_officer, state, verb):
    point = make_point(district.area_a, state)

    with pytest.raises(Refused) as refused:
        step(point, verb, by=district_officer, reason="  ")
    assert (refused.value.code, refused.value.field) == ("reason_needed", "reason")


def test_accepting_needs_the_right_in_that_area(district, field_officer, subdistrict_officer):
    point = make_point(district.area_a, "applied")

    for user in (field_officer, subdistrict_officer):
        with pytest.raises(NotAllowed):
            step(point, "accept", by=user)


def test_accepting_before_applying_or_tomorrow_is_refused(district, district_officer):
    point = make_point(district.area_a, "applied")

    for day, code in ((dt.date(2026, 3, 1), "order"), (dt.date(2199, 1, 1), "future")):
        with pytest.raises(Refused) as refused:
            step(point, "accept", by=district_officer, on=day)
        assert (refused.value.code, refused.value.field) == (code, "on")


def test_stale_version_writes_nothing(district, field_officer):
    point = make_point(district.area_a, "draft")
    first = point.version
    actions.move_point(by=field_officer, point=point, verb="apply", version=first)

    with pytest.raises(Stale):
        actions.edit(by=field_officer, point=point, version=first, facts=facts(district.area_a),
                     facilities=[], week=[])  # fmt: skip
    assert list(PointFacility.objects.values_list("code", flat=True)) == ["WATER"]


def test_edit_replaces_facilities_hours_and_audits_names(district, field_officer):
    point = make_point(district.area_a, "draft")
    checked = dt.date(2026, 3, 1)

    saved = actions.edit(
        by=field_officer, point=point, version=1,
        facts=facts(district.area_a, phone="0379-7654321", checked_on=checked),
        facilities=["WATER", "TOILET"], week=[WeekSpan(0, 0, 1440)],
    )  # fmt: skip

    assert saved.version == 2
    assert list(PointFacility.objects.values_list("code", "checked_on")) == [
        ("TOILET", checked), ("WATER", checked),
    ]  # fmt: skip
    assert list(OpeningHours.objects.values_list("weekday", "opens", "closes")) == [(0, 0, 1440)]
    event = AuditEvent.objects.get(verb="servicepoint.edit")
    assert event.fields == ["checked_on", "phone"]


def test_edit_of_closed_point_is_refused(district, district_officer):
    point = make_point(district.area_a)
    step(point, "close", by=district_officer, reason="拆迁")

    with pytest.raises(Refused) as refused:
        actions.edit(by=district_officer, point=point, version=point.version,
                     facts=facts(district.area_a), facilities=[], week=[])  # fmt: skip
    assert refused.value.code == "closed"


def test_rate_writes_stars_with_their_day(district, district_officer):
    point = make_point(district.area_a)

    actions.rate(by=district_officer, point=point, version=point.version, stars=5, on=TODAY)
    point.refresh_from_db()
    assert (point.star_rating, point.star_rated_on) == (5, TODAY)
    with pytest.raises(Refused):
        actions.rate(by=district_officer, point=point, version=point.version, stars=4, on=None)


def test_set_holiday_replaces_the_day(district, field_officer):
    point = make_point(district.area_a)
    day = timezone.localdate() + dt.timedelta(days=1)

    actions.set_holiday(by=field_officer, point=point, day=day, spans=[(600, 660), (720, 780)])
    actions.set_holiday(by=field_officer, point=point, day=day, note="盘点")

    row = HolidayHours.objects.get()
    assert (row.is_closed, row.opens, row.note) == (True, None, "盘点")
    noon = dt.datetime.combine(day, dt.time(12), tzinfo=timezone.get_current_timezone())
    assert not opening(point, noon).is_open
    actions.drop_holiday(by=field_officer, point=point, day=day)
    assert HolidayHours.objects.count() == 0


def test_set_holiday_refuses_the_past_and_overlaps(district, field_officer):
    point = make_point(district.area_a)
    today = timezone.localdate()

    with pytest.raises(Refused) as refused:
        actions.set_holiday(
            by=field_officer, point=point, day=today - dt.timedelta(days=1), spans=[]
        )
    assert refused.value.code == "past"
    with pytest.raises(Refused) as refused:
        actions.set_holiday(by=field_officer, point=point, day=today, spans=[(1, 9), (5, 12)])
    assert refused.value.code == "overlap"


CONSTRAINTS = [
    ("point_lon_lat_in_range", {"lon": Decimal("181")}),
    ("point_lon_lat_in_range", {"lat_wgs84": -91.0}),
    ("point_lon_lat_in_range", {"lon": 0, "lat": 0}),
    ("point_stars_dated_3_to_5", {"star_rating": 2, "star_rated_on": TODAY}),
    ("point_stars_dated_3_to_5", {"star_rating": 4}),
    ("point_plaque_is_dated", {"plaque_no": "7"}),
    ("point_built_was_accepted", {"accepted_on": None}),
    ("point_published_is_dated", {"published_on": None}),
    ("point_applied_is_dated", {"applied_on": None, "state": "applied"}),
    ("point_closed_is_dated", {"state": "closed"}),
    ("point_closed_is_dated", {"closed_on": TODAY}),
    ("point_dates_ordered", {"accepted_on": dt.date(2026, 3, 1)}),
    ("point_shared_has_host", {"host_name": ""}),
    ("point_is_named", {"address": ""}),
]


@pytest.mark.parametrize(("name", "values"), CONSTRAINTS)
def test_database_refuses(district, name, values):
    point = make_point(district.area_a)

    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        ServicePoint.objects.filter(pk=point.pk).update(**values)


def test_database_refuses_overlapping_and_odd_hours(district):
    point = make_point(district.area_a)

    for name, values in (
        ("hours_do_not_overlap", (0, 600, 700)), ("hours_close_after_opening", (6, 600, 600)),
        ("hours_in_a_week", (7, 600, 700)), ("hours_in_a_week", (6, 600, 1441)),
    ):  # fmt: skip
        day, opens, closes = values
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            OpeningHours.objects.create(point=point, weekday=day, opens=opens, closes=closes)
    for name, fields in (
        ("holiday_closed_or_span", {"is_closed": True, "opens": 1, "closes": 2}),
        ("holiday_closed_or_span", {"opens": 2, "closes": 2}),
    ):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            HolidayHours.objects.create(point=point, day=TODAY, **fields)
    HolidayHours.objects.create(point=point, day=TODAY, opens=600, closes=700)
    with pytest.raises(IntegrityError, match="holiday_spans"), transaction.atomic():
        HolidayHours.objects.create(point=point, day=TODAY, is_closed=True)
    with pytest.raises(IntegrityError, match="facility_code_known"), transaction.atomic():
        PointFacility.objects.create(point=point, code="SAUNA")


def test_facility_codes_are_those_of_the_domain():
    assert len(Facility.values) == 27
    assert OFFICE[0] == WeekSpan(0, 510, 1200)
