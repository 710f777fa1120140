"""The self-join from the poster to the application, as a phone does it."""

import re
from datetime import date

import pytest
from django.contrib.sessions.models import Session
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from members.models import Application, ApplicationFile
from outreach import actions
from outreach.models import Drive, DriveEnrolment, JoinCode, KnownJoin
from tests.factories import members as people
from tests.factories import outreach as make
from tests.factories.outreach import COURIERS, TRUCKS
from unionportal.core import limits
from unionportal.core.actors import SYSTEM
from unionportal.core.models import LimitBucket, OutboxMessage
from unionportal.worker import join

PHONE = "13900009999"


@pytest.fixture
def code(district) -> JoinCode:
    drive = make.drive(district.unit, areas=[district.area_a], groups=[COURIERS, TRUCKS])
    return make.code(drive, district.pool_a, district.area_a)


class Phone:
    """A worker's browser: no log-in, follows no redirects."""

    def __init__(self, code: JoinCode, **who: str) -> None:
        self.client = Client(headers={"accept-language": "en"})
        self.code = code
        self.who = {"name": "王小明", "id_number": people.id_number(), "phone": PHONE, **who}

    def url(self, page: str = "") -> str:
        return f"/join/{self.code.code}/{page}"

    def get(self, page: str = "", **kwargs):
        return self.client.get(self.url(page), **kwargs)

    def post(self, page: str = "", data=None, **kwargs):
        return self.client.post(self.url(page), data or {}, **kwargs)

    def to_check(self, group: str = "SECURITY_GUARD") -> None:
        assert self.post("", self.who).url == self.url("work/")
        assert self.post("work/", {"group": group}).url == self.url("check/")

    def to_code(self) -> None:
        self.to_check()
        assert self.agree().url == self.url("code/")

    def agree(self):
        return self.post("check/", {"wish": "on", "consent": "on"})

    def texted(self) -> str:
        """Return the code of the newest message."""
        message = OutboxMessage.objects.filter(purpose="join").latest("created_at", "id")
        return re.search(r"\d{6}", message.body)[0]

    def finish(self):
        return self.post("code/", {"code": self.texted()})


@pytest.fixture
def phone(code) -> Phone:
    return Phone(code)


def errors_of(response) -> str:
    found = re.search(r'<div class="up-summary".*?</div>', response.text, re.DOTALL)
    return re.sub(r"<[^>]+>|\s+", " ", found[0]) if found else ""


def forget_limits() -> None:
    """Let a minute pass for the limits."""
    LimitBucket.objects.all().delete()


def test_worker_joins_in_three_pages_and_a_code(phone, code, district):
    assert "Who you are" in phone.get().text
    phone.to_check()
    page = phone.get("check/").text
    assert ("王小明" in page, PHONE in page, "甲街道周转库" in page) == (True, True, True)
    assert phone.agree().url == phone.url("code/")
    assert PHONE in phone.get("code/").text
    assert phone.finish().url == phone.url("done/")
    assert "We have your answers" in phone.get("done/").text
    application = Application.objects.get()
    assert (application.name, application.id_number, application.phone) == tuple(phone.who.values())
    assert (application.source, application.confirmation, application.state) == (
        "self_join", "self", "submitted",
    )  # fmt: skip
    assert application.phone_is_verified
    assert (application.unit, application.area) == (district.pool_a, district.area_a)
    enrolment = DriveEnrolment.objects.get()
    assert (enrolment.application, enrolment.join_code, enrolment.drive) == (
        application, code, code.drive,
    )  # fmt: skip


def test_driver_is_asked_for_the_plate_on_a_page_of_its_own(phone):
    phone.post("", phone.who)
    assert phone.post("work/", {"group": TRUCKS}).url == phone.url("vehicle/")
    assert phone.get("check/").url == phone.url("vehicle/")
    refused = phone.post("vehicle/", {"plate": ""})
    assert "Fill in the plate of your vehicle" in errors_of(refused)
    refused = phone.post("vehicle/", {"plate": "A1234", "platform_name": "某平台"})
    assert "A plate has 7 characters, 8 for new energy; this one has 5." in errors_of(refused)
    assert 'value="某平台"' in refused.text
    data = {"plate": "豫a·12345", "platform_name": "某平台"}
    assert phone.post("vehicle/", data).url == phone.url("check/")
    assert "豫A12345" in phone.get("check/").text
    phone.agree()
    phone.finish()
    application = Application.objects.get()
    assert (application.vehicle_plate, application.platform_name) == ("豫A12345", "某平台")


def test_changing_the_work_forgets_the_plate(phone):
    phone.post("", phone.who)
    phone.post("work/", {"group": TRUCKS})
    phone.post("vehicle/", {"plate": "豫A12345"})
    phone.post("work/", {"group": "SECURITY_GUARD"})
    assert "豫A12345" not in phone.get("check/").text
    assert "豫A12345" not in phone.get("work/").text


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("name", "", "Fill in your name"),
        ("name", "王😀明", "A name cannot hold pictures or symbols. Take them out."),
        ("id_number", "", "Fill in your ID number"),
        ("id_number", "49010019900307001", "An ID number has 18 characters; this one has 17."),
        ("id_number", "490100900307001", "This is an old ID number of 15 digits."),
        ("id_number", "490100199003070011", "The last digit of the ID number is wrong."),
        ("id_number", "490100199013070010", "The birth date inside the ID number, 1990-13-07"),
        ("phone", "", "Fill in your mobile number"),
        ("phone", "1390000999", "One digit is missing; 11 are needed."),
        ("phone", "03711234567", "This is not a mobile number."),
        ("phone", "12900009999", "A mobile number starts with 13 to 19."),
    ],
)
def test_first_page_says_what_is_wrong_and_keeps_the_rest(phone, field, value, message):
    response = phone.post("", {**phone.who, field: value})
    assert response.status_code == 400
    assert message in errors_of(response)
    for name in {"name", "id_number", "phone"} - {field}:
        assert f'value="{phone.who[name]}"' in response.text


def test_somebody_under_sixteen_is_told_so(phone):
    young = people.id_number(born=date(timezone.localdate().year - 15, 1, 1))
    response = phone.post("", {**phone.who, "id_number": young})
    assert "This person is under 16 and cannot join yet." in errors_of(response)


@pytest.mark.parametrize(
    ("group", "message"),
    [("", "Choose a kind of work"), ("ASTRONAUT", "Choose a kind of work from the list")],
)
def test_work_page_says_what_is_wrong(phone, group, message):
    phone.post("", phone.who)
    response = phone.post("work/", {"group": group})
    assert (response.status_code, message in errors_of(response)) == (400, True)


def test_check_page_wants_both_ticks(phone):
    phone.to_check()
    response = phone.post("check/", {})
    assert response.status_code == 400
    assert "Tick that you wish to join" in errors_of(response)
    assert "Tick that the union may keep your details" in errors_of(response)
    assert phone.get("code/").url == phone.url("check/")
    assert not OutboxMessage.objects.exists()


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "１２３４５６"])
def test_code_page_wants_six_digits(phone, typed):
    phone.to_code()
    response = phone.post("code/", {"code": typed})
    assert response.status_code == 400
    assert "six digits" in errors_of(response)


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


def test_five_wrong_codes_use_the_code_up_and_a_new_one_works(phone):
    phone.to_code()
    right = phone.texted()
    for _try in range(5):
        response = phone.post("code/", {"code": wrong(right)})
        assert response.status_code == 400
        assert "This code is not right" in errors_of(response)
    assert phone.post("code/", {"code": right}).status_code == 400
    assert not Application.objects.exists()
    forget_limits()
    assert phone.post("resend/").url == phone.url("code/")
    assert phone.finish().url == phone.url("done/")
    assert Application.objects.count() == 1


def test_second_code_within_a_minute_is_not_sent(phone):
    phone.to_code()
    page = phone.post("resend/", follow=True)
    assert "No new code was sent: one goes out a minute" in page.text
    assert OutboxMessage.objects.count() == 1
    assert phone.finish().url == phone.url("done/")


def test_code_of_another_phone_does_not_open_this_one(phone, code):
    other = Phone(code, phone="13900008888")
    other.to_code()
    stolen = other.texted()
    phone.to_code()
    assert phone.post("code/", {"code": stolen}).status_code == 400


def test_code_is_bound_to_the_phone_that_was_typed(phone):
    phone.to_code()
    sent = phone.texted()
    phone.post("", {**phone.who, "phone": "13900007777"})
    assert phone.post("code/", {"code": sent}).status_code == 400
    assert not Application.objects.exists()


def test_sending_twice_makes_one_application(phone):
    phone.to_code()
    sent = phone.texted()
    assert [phone.post("code/", {"code": sent}).url for _n in range(2)] == [phone.url("done/")] * 2
    assert Application.objects.count() == 1


def test_twin_request_of_an_older_session_state_changes_nothing(phone):
    """A retry that read its session before the first one ended counts as done, too."""
    phone.to_code()
    session = Session.objects.get(pk=phone.client.session.session_key)
    before, sent = session.session_data, phone.texted()
    assert phone.post("code/", {"code": sent}).url == phone.url("done/")
    Session.objects.filter(pk=session.pk).update(session_data=before)
    assert phone.post("code/", {"code": sent}).url == phone.url("done/")
    assert Application.objects.count() == 1


def visible(response) -> tuple[int, str]:
    """Return status and text without what differs from request to request anyway."""
    return response.status_code, re.sub(r'csrfmiddlewaretoken" value="\w+"', "", response.text)


def walk(phone: Phone) -> list[tuple[int, str]]:
    """Go the whole way and return everything the phone was shown."""
    forget_limits()
    shown = [visible(phone.post("", phone.who, follow=True))]
    shown.append(visible(phone.post("work/", {"group": "SECURITY_GUARD"}, follow=True)))
    page = phone.post("check/", {"wish": "on", "consent": "on"}, follow=True)
    shown.append(visible(page))
    shown.append(visible(phone.post("code/", {"code": phone.texted()}, follow=True)))
    return shown


def test_known_people_are_shown_the_same_pages_and_officers_are_told(code, district):
    member = people.id_number()
    people.membership(district.firm_b, id_number=member, name="王小明")
    applicant = people.id_number()
    waiting = make.enrolled(district.firm_b, id_number=applicant, name="王小明")
    numbers = [people.id_number(), member, applicant]
    pages = [walk(Phone(code, id_number=number)) for number in numbers]
    masked = [[(s, re.sub(r"49\d\d<span.*?</span>\d{3}[\dX]", "", text)) for s, text in page]
              for page in pages]  # fmt: skip
    assert masked[1] == masked[0]
    assert masked[2] == masked[0]
    assert Application.objects.filter(source="self_join").count() == 1
    notes = KnownJoin.objects.order_by("created_at").values_list("known_as", "application")
    assert list(notes) == [("member", None), ("applicant", waiting.pk)]


def test_known_person_sending_twice_is_noted_once(code, district):
    number = people.id_number()
    make.enrolled(district.firm_b, id_number=number)
    phone = Phone(code, id_number=number)
    phone.to_code()
    sent = phone.texted()
    for _again in range(2):
        assert phone.post("code/", {"code": sent}).url == phone.url("done/")
    assert KnownJoin.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"is_active": False}, 410, "This poster is no longer in use"),
        ({"expires_on": date(2026, 1, 1)}, 410, "This poster is no longer in use"),
        ({"code": "ZZZZZZZZ"}, 404, "We do not know this code"),
    ],
)
@pytest.mark.parametrize("page", ["", "work/", "check/", "code/", "done/"])
def test_code_that_does_not_work_says_what_to_do(phone, code, change, status, words, page):
    JoinCode.objects.filter(pk=code.pk).update(**change)
    response = phone.get(page)
    assert response.status_code == status
    for text in (words, "12351", 'name="code"'):
        assert text in response.text


def test_code_stops_with_its_drive_in_the_middle_of_joining(phone, code):
    phone.to_code()
    actions.close_drive(by=SYSTEM, drive=code.drive)
    assert phone.finish().status_code == 410
    assert not Application.objects.exists()


def test_code_of_a_drive_to_come_does_not_work_yet(phone, code):
    today = timezone.localdate()
    Drive.objects.update(started_on=today.replace(year=today.year + 1),
                         ended_on=today.replace(year=today.year + 2))  # fmt: skip
    assert phone.get().status_code == 410


def test_union_that_stops_taking_members_meanwhile_is_said(phone, code):
    phone.to_check("SECURITY_GUARD")
    phone.agree()
    people.WorkerGroup.objects.filter(pk="SECURITY_GUARD").update(valid_to=date(2026, 1, 1))
    page = phone.client.post(phone.url("code/"), {"code": phone.texted()}, follow=True)
    assert "is not in use today. Choose another one." in page.text
    assert not Application.objects.exists()


def test_pages_in_the_middle_need_the_beginning(phone):
    for page in ("work/", "vehicle/", "check/", "code/"):
        response = phone.get(page, follow=True)
        assert response.redirect_chain == [(phone.url(), 302)]
        assert "Your answers are not here any more." in response.text
    assert phone.get("done/").url == phone.url()
    assert phone.get("resend/").status_code == 405


def test_second_person_can_join_on_the_same_phone(phone):
    phone.to_code()
    phone.finish()
    assert phone.get("work/").url == phone.url("done/")
    page = phone.get().text
    assert phone.who["name"] not in page
    forget_limits()
    phone.who = {"name": "李大江", "id_number": people.id_number(), "phone": "13900008888"}
    phone.to_code()
    phone.finish()
    assert Application.objects.count() == 2


def test_session_holds_no_readable_number_and_nothing_after_the_end(phone):
    phone.to_code()
    kept = phone.client.session["join"]
    assert set(kept) == {"code", "sealed"}
    for value in phone.who.values():
        assert value.encode().hex() not in kept["sealed"]
        assert value not in str(kept)
    phone.finish()
    ref = str(Application.objects.get().client_ref)
    assert phone.client.session["join"] == {"code": phone.code.code, "done": True, "ref": ref}


def test_photo_is_added_after_joining_by_who_joined_only(phone, code):
    assert phone.get("papers/").url == phone.url()
    phone.to_code()
    phone.finish()
    assert phone.url("papers/") in phone.get("done/").text
    photo = SimpleUploadedFile("me.jpg", people.jpeg())
    assert phone.post("papers/", {"photo": photo}).url == phone.url("done/")
    assert [one.kind for one in Application.objects.get().files.all()] == ["photo"]
    assert phone.post("papers/").url == phone.url("done/")
    stranger = Phone(code)
    assert stranger.post("papers/", {"photo": photo}).url == stranger.url()


def test_photo_of_somebody_known_gets_the_same_answer(district):
    known = people.membership(district.firm_a)
    drive = make.drive(district.unit, areas=[district.area_a], groups=[COURIERS, TRUCKS])
    code = make.code(drive, district.pool_a, district.area_a)
    other = Phone(code, name=known.person.name, id_number=known.person.id_number)
    other.to_code()
    other.finish()
    answer = other.post("papers/", {"photo": SimpleUploadedFile("me.jpg", people.jpeg())})
    assert (answer.url, ApplicationFile.objects.count()) == (other.url("done/"), 0)


def test_number_is_never_in_an_address_nor_kept_by_the_browser(phone):
    response = phone.post("", phone.who)
    assert phone.who["id_number"] not in response.url
    page = phone.get().text
    field = re.search(r'<input[^>]*name="id_number"[^>]*>', page)[0]
    assert "data-union-keep-not" in field
    phone.post("work/", {"group": "SECURITY_GUARD"})
    assert phone.who["id_number"] not in phone.get("check/").text
    phone.agree()
    assert 'data-union-keep="' not in phone.get("code/").text
    phone.finish()
    done = phone.get("done/").text
    assert re.findall(r'data-union-kept="([^"]+)"', done) == [
        "join-who", "join-work", "join-vehicle",
    ]  # fmt: skip
    for value in phone.who.values():
        assert value not in done


@pytest.mark.parametrize("page", ["", "work/", "check/", "code/"])
def test_pages_are_not_kept_in_caches(phone, page):
    phone.to_code()
    assert "no-store" in phone.get(page).headers["Cache-Control"]


def test_texts_per_address_are_limited(phone, monkeypatch):
    monkeypatch.setattr(join, "PER_ADDRESS", limits.Limit("join-address", 1, 3600))
    phone.to_code()
    forged = {"HTTP_X_FORWARDED_FOR": "203.0.113.9"}
    page = phone.client.post(phone.url("resend/"), follow=True, **forged)
    assert "That was tried too often. Try again in 60 minutes." in page.text
    assert OutboxMessage.objects.count() == 1


def test_texts_per_poster_are_limited(phone, code, monkeypatch):
    monkeypatch.setattr(join, "PER_CODE", limits.Limit("join-poster", 1, 3600))
    phone.to_code()
    other = Phone(code, phone="13900008888")
    other.to_check()
    assert (
        "That was tried too often."
        in other.post("check/", {"wish": "on", "consent": "on"}, follow=True).text
    )
    assert OutboxMessage.objects.count() == 1


def test_short_code_leads_to_the_join(client, code):
    typed = f"{code.code[:4].lower()} {code.code[4:]}"
    assert client.get("/join/", {"code": typed}).url == f"/join/{code.code}/"
    assert client.get("/join/").status_code == 200
    client.cookies["django_language"] = "en"
    response = client.get("/join/", {"code": "<b>0</b>"})
    assert response.status_code == 400
    assert "“&lt;b&gt;0&lt;/b&gt;” is not a code." in response.text


def test_first_page_says_where_and_what_one_joins_in_chinese(code):
    page = Client(headers={"accept-language": "zh-hans"}).get(f"/join/{code.code}/").text
    assert 'lang="zh-Hans"' in page
    assert "甲街道周转库" in page
