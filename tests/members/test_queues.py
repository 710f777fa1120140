"""Open applications by unit: counts, order, age, scope."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from members.actions import applications
from members.models import Application
from members.queries import application_queues
from tests.factories import members as make

pytestmark = pytest.mark.django_db


def test_the_unit_whose_applicant_waits_longest_stands_first(
    district, district_officer, subdistrict_officer, client_for
):
    late, early = make.application(district.firm_a), make.application(district.firm_b)
    back = make.application(district.firm_a)
    applications.return_(by=subdistrict_officer, application=back, reason="缺照片")
    week = timezone.now() - dt.timedelta(days=7, hours=1)
    Application.objects.filter(pk=early.pk).update(submitted_at=week)

    found = application_queues(district_officer)
    assert [(one.unit_id, one.waiting, one.returned, one.days) for one in found] == [
        (early.unit_id, 1, 0, 7),
        (late.unit_id, 1, 1, 0),
    ]
    assert [one.unit_id for one in application_queues(subdistrict_officer)] == [late.unit_id]

    client = client_for(district_officer)
    page = client.get("/desk/applications/queues/").content.decode()
    assert f"?unit={early.unit_id}" in page
    listed = client.get(f"/desk/applications/?unit={early.unit_id}").content.decode()
    assert (str(early.pk) in listed, str(late.pk) in listed) == (True, False)
