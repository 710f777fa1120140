"""Taking an import back: the history it leaves, what it closes, how long it can be done."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from members.imports import actions
from members.models import ImportRow, Membership, MemberVehicle, StatusChange
from tests.factories import members as make
from tests.members.registry_files import load_preview, member, register, undo, write
from tests.members.roster_files import id_number, phone
from unionportal.core import retention
from unionportal.core.errors import Refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def second_officer(make_user):
    return make_user("second_officer", "district_officer")


@pytest.fixture
def load(district, district_officer, second_officer):
    def done(*rows):
        preview = load_preview(district_officer, district.firm_a, register(list(rows)))
        return write(preview, second_officer)

    return done


def test_every_annulment_is_a_dated_step(load, second_officer):
    batch = undo(load(member(1), member(2)), second_officer)
    steps = StatusChange.objects.values_list(
        "verb", "from_state", "to_state", "day", "reason", "recorded_by"
    )
    today = timezone.localdate()
    assert list(steps) == [
        ("annul", "active", "annulled", today, "import undone", second_officer.pk)
    ] * 2  # fmt: skip
    assert batch.counts["put_back"] == 2


def test_vehicles_the_import_opened_are_closed(district, load, second_officer):
    known = make.membership(district.firm_a, name="测试员丙", id_number=id_number(2),
                            phone=phone(2), joined_on=dt.date(2021, 3, 1),
                            vehicle_plate="豫B54321")  # fmt: skip
    batch = load(member(1, 车牌号="豫A12345"), member(2, 车牌号="豫C12345"))
    today = timezone.localdate()
    driven = MemberVehicle.objects.order_by("plate")
    assert list(driven.values_list("plate", "started_on", "ended_on")) == [
        ("豫A12345", dt.date(2021, 3, 1), None), ("豫B54321", known.joined_on, None),
        ("豫C12345", today, None),
    ]  # fmt: skip
    undo(batch, second_officer)
    assert list(driven.values_list("plate", "ended_on")) == [
        ("豫A12345", today), ("豫B54321", None), ("豫C12345", today),
    ]  # fmt: skip
    known.refresh_from_db()
    assert known.vehicle_plate == "豫B54321"


def test_update_of_a_later_import_is_a_change_since(load, second_officer):
    first = load(member(1))
    load(member(1, 车牌号="豫A12345"))
    first = undo(first, second_officer)
    assert first.rows.get().kept_because == "changed_since"
    assert Membership.objects.get().state == "active"


def test_page_says_until_when_and_refuses_afterwards(load, second_officer, client_for):
    batch = load(member(1))
    last = timezone.localdate() + dt.timedelta(days=30)
    assert actions.undo_until(batch) == last
    client = client_for(second_officer)
    page = client.get(batch.get_absolute_url()).content.decode()
    assert "Possible until" in page
    assert last.isoformat() in page
    noon = dt.time(12)
    with time_machine.travel(timezone.make_aware(dt.datetime.combine(last, noon)), tick=False):
        retention.run()
        assert ImportRow.objects.get().cleaned != ""
    late = last + dt.timedelta(days=1)
    with time_machine.travel(timezone.make_aware(dt.datetime.combine(late, noon)), tick=False):
        retention.run()
        assert ImportRow.objects.get().cleaned == ""
        with pytest.raises(Refused, match="could be taken back until"):
            actions.undo(by=second_officer, batch=batch, reason="late")
        client = client_for(second_officer)
        page = client.get(batch.get_absolute_url()).content.decode()
        assert "This import could be taken back until" in page
        assert reverse("members:import-undo", args=[batch.pk]) not in page
    assert Membership.objects.get().state == "active"


def test_import_nobody_confirms_is_dropped(district, district_officer):
    batch = load_preview(district_officer, district.firm_a, register([member(1)]))
    with time_machine.travel(timezone.now() + dt.timedelta(days=32), tick=False):
        retention.run()
    batch.refresh_from_db()
    assert (batch.state, ImportRow.objects.count()) == ("cancelled", 0)


def test_emptied_row_of_an_update_is_kept(district, load, second_officer):
    make.membership(district.firm_a, name="旧名字", id_number=id_number(1), phone=phone(1),
                    joined_on=dt.date(2021, 3, 1))  # fmt: skip
    batch = load(member(1))
    ImportRow.objects.update(cleaned="", before=None)
    batch = undo(batch, second_officer)
    assert batch.rows.get().kept_because == "emptied_since"
