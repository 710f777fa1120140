"""The real-name record: code lists, what cells may hold, what the database refuses."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import translation

from members import record, reference
from members.models import (
    Consent,
    ConsentNotice,
    DataRequest,
    Education,
    Ethnicity,
    MemberVehicle,
    Person,
    PoliticalAffiliation,
)
from tests.factories import members as make
from unionportal.core.input_errors import InputError

pytestmark = pytest.mark.django_db


def test_every_database_has_the_national_codes():
    assert Ethnicity.objects.filter(code__lte="56").count() == 56
    assert set(Ethnicity.objects.filter(code__gt="56").values_list("code", flat=True)) == {
        "97",
        "98",
    }
    first = Ethnicity.objects.filter(code__lte="11").values_list("name_zh", flat=True)
    assert "".join(name.removesuffix("族") for name in first) == (
        "汉蒙古回藏维吾尔苗彝壮布依朝鲜满"
    )
    assert PoliticalAffiliation.objects.count() == 13
    assert list(Education.objects.filter(is_level=True).values_list("code", flat=True)) == [
        "10", "20", "30", "40", "60", "70", "80", "90",
    ]  # fmt: skip


def test_files_and_database_say_the_same():
    for model in (Ethnicity, PoliticalAffiliation, Education):
        rows = {row["code"]: row["name_zh"] for row in reference.rows(model.__name__)}
        assert dict(model.objects.values_list("code", "name_zh")) == rows


@pytest.mark.parametrize(
    ("name", "text", "stored"),
    [
        ("ethnicity", "汉", "01"),
        ("ethnicity", "汉族", "01"),
        ("ethnicity", "1", "01"),
        ("ethnicity", "HA", "01"),
        ("ethnicity", "Hui", "03"),
        ("political_affiliation", "群众", "13"),
        ("political_affiliation", "党员", "01"),
        ("education", "本科", "20"),
        ("education", "大学本科毕业", "21"),
        ("household_type", "农业户口", "rural"),
        ("is_migrant_worker", "是", True),
        ("is_migrant_worker", "No", False),
        ("employment_form", "灵活就业", "flexible"),
        ("employment_status", "Retired", "retired"),
        ("skill_level", "高级工", 3),
        ("skill_level", "3", 3),
        ("sex", "女", 2),
        ("id_expires_on", "长期", None),
        ("id_expires_on", "2031年3月1日", date(2031, 3, 1)),
        ("residence_division", " 410105001 ", "410105001"),
        ("occupation", "分拣员", "分拣员"),
        ("occupation", "  ", ""),
        ("ethnicity", None, None),
    ],
)
def test_a_cell_is_read_into_the_stored_value(name, text, stored):
    assert record.read(record.BY_NAME[name], text) == stored


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("ethnicity", "57", "unknown_code"),
        ("education", "很高", "unknown_code"),
        ("is_migrant_worker", "也许", "yes_no"),
        ("residence_division", "4101051", "division"),
        ("occupation", "x" * 41, "too_long"),
        ("id_expires_on", "03/04/05", "ambiguous"),
        ("skill_level", "6", "unknown_code"),
    ],
)
def test_a_cell_that_means_nothing_is_refused(name, text, code):
    with pytest.raises(InputError) as refusal:
        record.read(record.BY_NAME[name], text)
    assert refusal.value.code == code


def test_what_is_shown_can_be_read_again():
    for one in record.EDITABLE:
        values = {
            record.Kind.CODE: lambda field: [
                row["code"] for row in reference.rows(field.code_list.__name__)
            ],
            record.Kind.CHOICE: lambda field: field.choices.values,
            record.Kind.YES_NO: lambda _field: [True, False],
        }.get(one.kind, lambda _field: [])(one)
        for language in ("en", "zh-hans"):
            with translation.override(language):
                for value in values:
                    assert record.read(one, str(record.shown(one, value))) == value


def test_sex_and_birth_date_are_compared_with_the_number():
    number = make.id_number(born=date(1988, 2, 29), is_male=False)
    assert record.derived("citizen", number) == {"sex": 2, "birth_date": date(1988, 2, 29)}
    told = {"sex": 1, "birth_date": date(1988, 2, 29)}
    assert record.contradictions("citizen", number, told) == ["sex"]
    assert record.contradictions("citizen", number, {"sex": 9, "birth_date": None}) == []
    assert record.contradictions("passport", "E1234567", {"sex": 1}) == []


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"sex": 0}, "person_citizen_is_born"),
        ({"birth_date": None}, "person_citizen_is_born"),
        ({"household_type": "farm"}, "person_household_known_code"),
        ({"skill_level": 6}, "person_skill_known_grade"),
        ({"residence_division": "12345"}, "person_residence_is_a_code"),
        ({"stopped_reason": "withdrawn"}, "person_stopped_says_why"),
    ],
)
def test_the_database_refuses_what_is_not_in_a_list(change, constraint, district):
    person = make.person(district.firm_a)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Person.objects.filter(pk=person.pk).update(**change)


def test_the_database_knows_the_codes_of_a_standard(district):
    person = make.person(district.firm_a)
    _check_at_once()
    with pytest.raises(IntegrityError, match="ethnicity"), transaction.atomic():
        Person.objects.filter(pk=person.pk).update(ethnicity_id="57")


def test_a_consent_names_a_notice_that_exists(district):
    person = make.person(district.firm_a)
    assert ConsentNotice.objects.get(purpose="membership", version="1").text_zh
    with pytest.raises(IntegrityError, match="consent_has_notice"), transaction.atomic():
        Consent.objects.filter(person=person).update(version="99")


def test_a_correction_says_what_and_a_refusal_says_why(district):
    person = make.person(district.firm_a)
    with pytest.raises(IntegrityError, match="says_what"), transaction.atomic():
        DataRequest.objects.create(person=person, kind="correct", due_on=date(2026, 12, 1))
    asked = DataRequest.objects.create(person=person, kind="delete", due_on=date(2026, 12, 1))
    with pytest.raises(IntegrityError, match="refused_says_why"), transaction.atomic():
        DataRequest.objects.filter(pk=asked.pk).update(state="refused", closed_at=asked.filed_at)


def test_a_plate_given_on_joining_is_the_first_vehicle(district):
    member = make.membership(
        district.firm_a, group=make.group("TRUCK_DRIVER"), vehicle_plate="豫A12345"
    )
    vehicle = MemberVehicle.objects.get(membership=member)
    assert (vehicle.plate, vehicle.started_on, vehicle.ended_on) == (
        "豫A12345", member.joined_on, None,
    )  # fmt: skip


def _check_at_once() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
