"""The desk's and the member's pages of a transfer."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from members.models import Membership, Transfer
from members.transfers import actions, views
from members.transfers.states import TransferState
from tests.factories import members as make
from unionportal.core import limits
from unionportal.core.models.messaging import OutboxMessage

pytestmark = pytest.mark.django_db
LIST, PULL = "/desk/transfers/", "/desk/transfers/new/"


@pytest.fixture
def member(district) -> Membership:
    return make.membership(district.firm_a)


@pytest.fixture
def clients(client_for, subdistrict_officer, neighbour_officer) -> tuple[Client, Client]:
    """The old union's officer and the new one's."""
    return client_for(subdistrict_officer), client_for(neighbour_officer)


def asked(member: Membership, unit, **changes) -> dict:
    person = member.person
    return {
        "form_id": str(uuid4()), "name": person.name, "id_type": "citizen",
        "id_number": person.id_number, "unit": str(unit.pk), "consent": "ask", **changes,
    }  # fmt: skip


def paper() -> SimpleUploadedFile:
    return SimpleUploadedFile("wish.pdf", make.PDF, content_type="application/pdf")


def test_two_unions_and_a_member_move_a_membership(member, district, clients):
    old, new = clients
    answer = new.post(PULL, asked(member, district.firm_b), follow=True)
    made = Transfer.objects.get()
    assert answer.request["PATH_INFO"] == f"/desk/transfers/{made.pk}/"
    assert district.firm_a.name not in answer.content.decode()
    assert "Shown after the move" in answer.content.decode()

    link = f"/transfer/{made.token}/"
    phone = Client(headers={"accept-language": "en"})
    assert "Do you wish to move?" in phone.get(link).content.decode()
    assert "You agreed to the transfer" in phone.post(link, {"answer": "yes"}).content.decode()

    assert made.membership.person.name in old.get(LIST).content.decode()
    done = old.post(
        reverse("members:transfer-accept", args=[made.pk]),
        {"form_id": str(uuid4()), "moves_on": str(made.requested_at.date())},
        follow=True,
    )
    assert "The transfer was accepted." in done.content.decode()
    made.refresh_from_db()
    assert made.state == TransferState.DONE
    shown = new.get(reverse("members:transfer-detail", args=[made.pk])).content.decode()
    assert district.firm_a.name in shown


def test_the_same_form_twice_is_one_transfer(member, district, clients):
    form = asked(member, district.firm_b)
    urls = {clients[1].post(PULL, form).url for _time in range(2)}
    assert urls == {Transfer.objects.get().get_absolute_url()}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "李大海"}, "No membership with this name and number"),
        ({"consent": "paper"}, "Add the scan, or ask the member"),
        ({"id_number": "490100199003071230"}, "ID number"),
    ],
)
def test_a_bad_request_says_what_is_wrong_and_keeps_the_form(
    member, district, clients, changes, words
):
    answer = clients[1].post(PULL, asked(member, district.firm_b, reason="新工作", **changes))
    assert answer.status_code == 400
    assert words in answer.content.decode()
    assert "新工作" in answer.content.decode()
    assert not Transfer.objects.exists()


def test_the_numbers_one_may_try_in_a_day_are_limited(member, district, clients, monkeypatch):
    monkeypatch.setattr(views, "PULLS", limits.Limit("transfer-pull", 1, 86_400))
    form = asked(member, district.firm_b, name="李大海")
    assert [clients[1].post(PULL, form).status_code for _time in range(2)] == [400, 429]


def push_to(client: Client, member: Membership, name: str, **more):
    data = {"form_id": str(uuid4()), "place": "inside", "destination": name, "consent": "ask",
            **more}  # fmt: skip
    return client.post(reverse("members:transfer-push", args=[member.pk]), data)


def test_a_member_is_sent_to_a_union_named_in_full(member, district, clients):
    near = push_to(clients[0], member, district.firm_b.name[:4])
    assert near.status_code == 400
    assert district.firm_b.name in near.content.decode()
    made = push_to(clients[0], member, district.firm_b.name, consent="paper", paper=paper())
    assert made.status_code == 302
    assert Transfer.objects.get().state == TransferState.CONSENTED


def test_a_union_outside_answers_by_letter(member, clients):
    push_to(clients[0], member, "邻市某工会", place="outside", consent="paper", paper=paper())
    made = Transfer.objects.get()
    url = reverse("members:transfer-accept", args=[made.pk])
    day = str(made.requested_at.date())
    without = clients[0].post(url, {"form_id": str(uuid4()), "moves_on": day})
    assert (without.status_code, "letter of the other" in without.content.decode()) == (400, True)
    clients[0].post(url, {"form_id": str(uuid4()), "moves_on": day, "paper": paper()})
    assert Membership.objects.get(pk=member.pk).state == "moved_away"


def test_a_refusal_without_a_reason_keeps_the_case_open(member, district, clients):
    clients[1].post(PULL, asked(member, district.firm_b, consent="paper", paper=paper()))
    made = Transfer.objects.get()
    url = reverse("members:transfer-refuse", args=[made.pk])
    assert clients[0].post(url, {"form_id": str(uuid4()), "reason": ""}).status_code == 400
    assert clients[0].post(url, {"form_id": str(uuid4()), "reason": "没有离职"}).status_code == 302
    made.refresh_from_db()
    assert (made.state, made.answer) == (TransferState.REFUSED, "没有离职")
    stale = clients[0].post(url, {"form_id": str(uuid4()), "reason": "再说一次"})
    assert stale.status_code == 409


def test_a_third_union_does_not_see_the_case(member, district, clients, client_for, make_user):
    third = make.subdistrict_unit(district.unit)
    outsider = client_for(make_user("third", "subdistrict_officer", third))
    clients[1].post(PULL, asked(member, district.firm_b))
    made = Transfer.objects.get()
    assert outsider.get(made.get_absolute_url()).status_code == 404
    assert member.person.name not in outsider.get(f"{LIST}?view=all").content.decode()


def test_an_unknown_link_is_not_found_and_writes_nothing(db):
    phone = Client(headers={"accept-language": "en"})
    answer = phone.get("/transfer/none/")
    assert (answer.status_code, "does not work" in answer.content.decode()) == (404, True)
    assert phone.post("/transfer/none/", {"answer": "yes"}).status_code == 400


def proven(member: Membership) -> Client:
    """The member's own phone, after the code of the status page."""
    client = Client(headers={"accept-language": "en"})
    person = member.person
    client.post("/status/", {"name": person.name, "id_number": person.id_number})
    text = OutboxMessage.objects.filter(purpose="status").latest("created_at").body
    client.post("/status/code/", {"code": text[:6]})
    return client


def test_a_member_answers_on_the_status_page(district, neighbour_officer):
    member = make.membership(district.firm_a, phone_is_verified=True)
    made = actions.pull(
        by=neighbour_officer, unit=district.firm_b, name=member.person.name, id_type="citizen",
        id_number=member.person.id_number,
    )  # fmt: skip
    client = proven(member)
    assert 'data-transfer="requested"' in client.get("/status/mine/").content.decode()
    client.post("/status/transfer/", {"answer": "yes"})
    made.refresh_from_db()
    assert (made.state, made.confirmation) == (TransferState.CONSENTED, "self")
    assert 'data-transfer="consented"' in client.get("/status/mine/").content.decode()


def test_a_stranger_cannot_answer_for_a_member(member, district, district_officer):
    made = actions.push(by=district_officer, membership=member, unit=district.firm_b)
    assert Client().post("/status/transfer/", {"answer": "yes"}).url == "/status/"
    made.refresh_from_db()
    assert made.state == TransferState.REQUESTED


def test_a_member_asks_to_move_on_the_status_page(district):
    member = make.membership(district.firm_a, phone_is_verified=True)
    make.employer(district.area_b, covered_by=district.firm_b, name="北山速递有限公司")
    client = proven(member)
    assert "/status/move/" in client.get("/status/mine/").content.decode()
    found = client.get("/status/move/", {"q": "北山"}).content.decode()
    assert (district.firm_b.name in found, district.pool_a.name in found) == (True, False)
    for wrong in ("", "x", str(district.unit.pk)):
        assert client.post("/status/move/", {"q": "北山", "unit": wrong}).status_code == 400
    assert client.post("/status/move/", {"unit": str(district.firm_b.pk)}).url == "/status/mine/"
    made = Transfer.objects.get()
    assert (made.kind, made.state, made.to_unit_id) == ("wish", "consented", district.firm_b.pk)
    assert client.get("/status/move/").url == "/status/mine/"
    assert Client().get("/status/move/").url == "/status/"
