"""What happened between an import's preview, its confirmation and its undo is never overwritten."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db.models import Q
from django.utils import timezone

from members.actions import forgetting, memberships
from members.actions.people import set_phone
from members.imports.reading import problem
from members.models import ImportRow, Person, UnionUnit
from tests.factories import members as make
from tests.members.registry_files import load_preview, member, register, undo, write
from tests.members.roster_files import id_number, phone
from unionportal.core.actors import SYSTEM

pytestmark = pytest.mark.django_db
NEW_PHONE = phone(77)


@pytest.fixture
def second_officer(make_user):
    return make_user("second_officer", "district_officer")


@pytest.fixture
def known(district):
    return make.membership(
        district.firm_a, name="测试员乙", id_number=id_number(1), phone=phone(1),
        joined_on=dt.date(2021, 3, 1),
    )  # fmt: skip


def preview(district, by, *rows):
    return load_preview(by, district.firm_a, register(list(rows)))


def only_row(batch) -> ImportRow:
    return batch.rows.get()


def test_somebody_who_moved_since_the_preview_is_left_alone(
    district, district_officer, second_officer, known
):
    batch = preview(district, district_officer, member(1, 手机号=NEW_PHONE))
    assert only_row(batch).verdict == "update"
    memberships.move_to_unit(
        membership=known, unit=district.firm_b, by=SYSTEM, reason="转会",
        moved_on=timezone.localdate(),
    )  # fmt: skip
    row = only_row(write(batch, second_officer))
    assert (row.verdict, row.problems[0]["code"]) == ("held", "other_union")
    assert Person.objects.get().phone == phone(1)


def test_somebody_who_withdrew_the_consent_since_is_left_alone(
    district, district_officer, second_officer, known
):
    batch = preview(district, district_officer, member(1, 手机号=NEW_PHONE))
    Person.objects.update(stopped_at=timezone.now(), stopped_reason="withdrawn")
    row = only_row(write(batch, second_officer))
    assert (row.verdict, row.problems[0]["code"]) == ("held", "stopped")
    assert Person.objects.get().phone == phone(1)


def test_only_what_the_preview_showed_is_written(district, district_officer, second_officer, known):
    name = known.person.name
    batch = preview(district, district_officer, member(1, 姓名=name, 手机号=NEW_PHONE))
    Person.objects.update(name="测试员新")
    assert only_row(write(batch, second_officer)).verdict == "update"
    person = Person.objects.get()
    assert (person.name, person.phone) == ("测试员新", NEW_PHONE)


def test_undo_leaves_a_phone_its_owner_verified(district, district_officer, second_officer, known):
    batch = write(preview(district, district_officer, member(1, 手机号=NEW_PHONE)), second_officer)
    person = Person.objects.get()
    set_phone(person, NEW_PHONE, is_verified=True)
    person.save()
    assert only_row(undo(batch, second_officer)).kept_because == "changed_since"
    assert (Person.objects.get().phone, Person.objects.get().phone_state) == (NEW_PHONE, "verified")


def test_undo_leaves_a_member_who_moved_away(district, district_officer, second_officer, known):
    batch = write(preview(district, district_officer, member(1, 手机号=NEW_PHONE)), second_officer)
    memberships.move_to_unit(
        membership=known, unit=district.firm_b, by=SYSTEM, reason="转会",
        moved_on=timezone.localdate(),
    )  # fmt: skip
    assert only_row(undo(batch, second_officer)).kept_because == "changed_since"
    assert Person.objects.get().phone == NEW_PHONE


def test_a_union_hung_elsewhere_since_takes_nobody(district, district_officer, second_officer):
    group = make.unit(district.firm_a, kind="group", name="第一小组")
    batch = preview(district, district_officer, member(5, 所属工会="第一小组"))
    assert only_row(batch).verdict == "new"
    UnionUnit.objects.move(group, district.firm_b, "last-child")
    row = only_row(write(batch, second_officer))
    assert (row.verdict, row.problems[0]["code"]) == ("held", "other_union")
    assert not Person.objects.exists()


def test_somebody_forgotten_since_does_not_stop_the_load(
    district, district_officer, second_officer
):
    batch = preview(district, district_officer, member(5), member(6))
    row = batch.rows.order_by("number").first()
    forgetting.empty_rows(Q(pk=row.pk))
    batch = write(batch, second_officer)
    assert list(batch.rows.order_by("number").values_list("verdict", flat=True)) == ["held", "new"]
    assert Person.objects.count() == 1


def test_a_reason_never_holds_a_full_number():
    said = problem("unit", "unknown", text="110101199003070011 和 13800001234 李")["params"]["text"]
    assert said == "110****11 和 138****34 李"
    assert problem("unit", "unknown", text="3702工会")["params"]["text"] == "3702工会"
