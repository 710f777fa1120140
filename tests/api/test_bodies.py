"""The creating post of the API: what it takes, what it refuses, and that it acts once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.db import connection

from members.models import Application
from tests.conftest import SINCE, make_area, make_unit
from tests.factories import members as make
from unionportal.core.crypto import blind_index
from unionportal.core.models import Grant, IdempotencyKey, User

ADDRESS = "applications/"


@pytest.fixture
def body(district) -> dict:
    return {
        "name": "张小明",
        "id_number": make.id_number(),
        "phone": make.phone_number(),
        "group": "PARCEL_COURIER",
        "unit": str(district.firm_a.pk),
    }


def refused(answer, status: int = 400) -> dict:
    assert answer.status_code == status, answer.content
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == status
    return answer.json()


@pytest.mark.django_db
def test_post_makes_one_application(officer, body):
    answer = officer.post(ADDRESS, body)
    assert answer.status_code == 201
    made = Application.objects.get()
    shown = answer.json()
    assert (shown["id"], shown["state"], shown["name"]) == (str(made.pk), "submitted", "张小明")
    assert body["id_number"] not in answer.content.decode()
    assert body["phone"] not in answer.content.decode()


BROKEN = {
    "nested 100,000 deep": b"[" * 100_000 + b"]" * 100_000,
    "nested 30 deep": b'{"name":' + b"[" * 30 + b"]" * 30 + b"}",
    "a key twice": b'{"name": "a", "name": "b"}',
    "NaN": b'{"name": NaN}',
    "Infinity": b'{"name": Infinity}',
    "minus Infinity": b'{"name": -Infinity}',
    "a number too large": b'{"name": 1e400}',
    "an integer of 5,000 digits": b'{"name": ' + b"9" * 5_000 + b"}",
    "half a character": b'{"name": "\\ud800"}',
    "half a character as a key": b'{"\\ud800": "x"}',
    "a NUL byte": b'{"name": "a\\u0000b"}',
    "not UTF-8": b'{"name": "\xc3\x28"}',
    "UTF-16": '{"name": "x"}'.encode("utf-16"),
    "blanks": b"   ",
    "half an object": b'{"name": ',
    "two objects": b"{} {}",
    "a comment": b"{} // x",
}


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(BROKEN))
def test_a_broken_body_is_told(officer, name):
    problem = refused(officer.post(ADDRESS, BROKEN[name]))
    assert problem["code"] == "parse_error"
    assert not Application.objects.exists()


@pytest.mark.django_db
def test_an_empty_body_lacks_every_field(officer):
    fields = ["name", "id_number", "phone", "group", "unit"]
    assert list(refused(officer.post(ADDRESS, b""))["errors"]) == fields


@pytest.mark.django_db
@pytest.mark.parametrize("value", [[], [{}], "text", 1, True, None])
def test_only_an_object_is_taken(officer, value):
    refused(officer.post(ADDRESS, value))


@pytest.mark.django_db
@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "application/xml", "",
             "multipart/form-data; boundary=x"],
)  # fmt: skip
def test_only_json_is_taken(officer, body, kind):
    refused(officer.post(ADDRESS, body, content_type=kind), 415)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "field", ["state", "decision", "submitted_by", "confirmation", "is_staff", "id", "distrct", ""]
)
def test_an_unknown_field_is_named(officer, body, field):
    problem = refused(officer.post(ADDRESS, {**body, field: "x"}))
    assert list(problem["errors"]) == [field]
    assert problem["errors"][field][0].startswith("Unknown field. Known here: name, id_type,")
    assert not Application.objects.exists()


WRONG = {
    "name": ["", " ", 5, True, ["x"], {"a": 1}, None, "x" * 61, "😀", "张\u202e明", "1234"],
    "id_number": ["", "490100199003070011", "49010019900307", 490100199003070019, "x" * 31, None],
    "phone": ["", "12345", "0379-1234567", 13900000001.5, None, "x" * 31],
    "group": ["", "NOSUCH", 1, None, ["PARCEL_COURIER"]],
    "unit": ["", "x", 1, True, None, "00000000-0000-7000-8000-000000000000", {"id": 1}],
    "employer": ["x", "00000000-0000-7000-8000-000000000000"],
    "id_type": ["", "nosuch", 1],
    "client_ref": ["x", 1, True],
    "ask_by_sms": ["perhaps", 2, None],
}


@pytest.mark.django_db
@pytest.mark.parametrize("field", sorted(WRONG))
def test_a_wrong_value_is_told_at_its_field(officer, body, field):
    for value in WRONG[field]:
        problem = refused(officer.post(ADDRESS, {**body, field: value}))
        assert list(problem["errors"]) == [field], (value, problem)
    assert not Application.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("field", ["name", "id_number", "phone", "group", "unit"])
def test_a_missing_field_is_named(officer, body, field):
    del body[field]
    assert list(refused(officer.post(ADDRESS, body))["errors"]) == [field]


@pytest.mark.django_db
def test_a_unit_of_the_neighbour_does_not_exist(officer, body, district):
    theirs = refused(officer.post(ADDRESS, {**body, "unit": str(district.firm_b.pk)}))
    nobodys = refused(officer.post(ADDRESS, {**body, "unit": str(uuid4())}))
    assert (
        theirs["errors"]["unit"][0].split('"')[::2] == nobodys["errors"]["unit"][0].split('"')[::2]
    )


@pytest.mark.django_db
def test_the_key_is_required_and_short(officer, body):
    problem = refused(officer.post(ADDRESS, body, key=""))
    assert list(problem["errors"]) == ["Idempotency-Key"]
    assert refused(officer.post(ADDRESS, body, key="k" * 300))["code"] == "bad_key"
    assert not Application.objects.exists()


@pytest.mark.django_db
def test_the_same_post_again_gives_the_same_answer(officer, body):
    first, second = (officer.post(ADDRESS, body, key="one") for _time in range(2))
    assert (first.status_code, first.json()) == (second.status_code, second.json())
    assert Application.objects.count() == 1


@pytest.mark.django_db
def test_the_order_of_fields_does_not_make_another_post(officer, body):
    first = officer.post(ADDRESS, body, key="one")
    turned = dict(reversed(list(body.items())))
    assert officer.post(ADDRESS, turned, key="one").json() == first.json()


@pytest.mark.django_db
def test_a_key_with_another_body_is_422(officer, body):
    officer.post(ADDRESS, body, key="one")
    other = {**body, "id_number": make.id_number(), "phone": make.phone_number()}
    assert refused(officer.post(ADDRESS, other, key="one"), 422)["code"] == "key_reused"
    assert Application.objects.count() == 1


@pytest.mark.django_db
def test_a_failed_post_frees_its_key(officer, body):
    refused(officer.post(ADDRESS, {**body, "phone": "12345"}, key="one"))
    assert officer.post(ADDRESS, body, key="one").status_code == 201


@pytest.mark.django_db
def test_keys_of_two_people_are_two(caller_for, officer, field_officer, body):
    officer.post(ADDRESS, body, key="one")
    other = {**body, "id_number": make.id_number(), "phone": make.phone_number()}
    assert caller_for(field_officer).post(ADDRESS, other, key="one").status_code == 201


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("language", "title"), [("en", "The request was not accepted."), ("zh-hans", None)]
)
def test_a_problem_speaks_the_callers_language(caller_for, field_officer, language, title):
    caller = caller_for(field_officer, language)
    problem = refused(caller.post(ADDRESS, {}))
    if title:
        assert problem["title"] == title
    else:
        assert any("一" <= char <= "鿿" for char in problem["title"])
        assert "The request" not in problem["title"]


@pytest.mark.django_db
def test_without_log_in_it_is_401(client):
    answer = client.get("/api/v1/members/")
    refused(answer, 401)
    assert answer.headers["WWW-Authenticate"] == "Session"


@pytest.mark.django_db
def test_a_post_from_another_site_is_403(officer, body):
    officer.client.handler.enforce_csrf_checks = True
    assert refused(officer.post(ADDRESS, body), 403)["code"] == "permission_denied"
    assert not Application.objects.exists()


def _world() -> SimpleNamespace:
    area = make_area(None, "示例区", "district", "490100", name_en="Shili District")
    root = make_unit(None, "示例区总工会", "district", area)
    firm = make_unit(root, "甲物流有限公司工会", "employer_union", area)
    return SimpleNamespace(unit=root, firm=firm)


def _send_at_once(callers, body, keys):
    """Post from as many threads as there are keys, at the same moment."""
    gate = Barrier(len(keys))

    def send(caller, key):
        try:
            gate.wait(10)
            return caller.post(ADDRESS, body, key=key)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(keys)) as threads:
        sent = [threads.submit(send, *pair) for pair in zip(callers, keys, strict=True)]
        return [answer.result(30) for answer in sent]


def _committed(caller_for) -> tuple[list, dict]:
    """Commit a small district and return two sessions of its officer and a body to post."""
    world = _world()
    user = _officer(world.unit)
    body = {"name": "张小明", "id_number": make.id_number(), "phone": make.phone_number(),
            "group": "PARCEL_COURIER", "unit": str(world.firm.pk)}  # fmt: skip
    return [caller_for(user), caller_for(user)], body


def _officer(unit):
    user = User.objects.create_user(
        username="officer", password="correct horse battery", display_name="officer",
        person_key=blind_index("officer", "staff"),
    )  # fmt: skip
    Grant.objects.create(user=user, role="district_officer", unit=unit, started_on=SINCE)
    return user


def test_two_parallel_posts_make_one_application(own_database, caller_for):
    callers, body = _committed(caller_for)
    answers = _send_at_once(callers, body, ["same", "same"])
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert (Application.objects.count(), IdempotencyKey.objects.count()) == (1, 1)


def test_two_parallel_posts_with_two_keys_make_one_and_a_refusal(own_database, caller_for):
    callers, body = _committed(caller_for)
    answers = _send_at_once(callers, body, ["one", "other"])
    assert sorted(answer.status_code for answer in answers) == [201, 400]
    assert Application.objects.count() == 1
