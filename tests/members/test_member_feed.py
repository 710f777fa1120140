"""A head office's own system sends its members: same verdicts as a register, read only here."""

from __future__ import annotations

from datetime import date

import pytest
from django.urls import reverse

from members.actions import memberships
from members.imports import actions as imports
from members.imports import feeding
from members.models import Affiliation, ImportBatch, Membership, Movement, Person
from members.queries import members_as_of
from members.queries.quality import recorded_count
from members.states import Source
from members.transfers import actions as transfers
from tests.factories import members as make
from tests.members.registry_files import load_preview, member, register, write
from tests.members.roster_files import id_number, phone
from unionportal.core import jobs
from unionportal.core.actors import SYSTEM
from unionportal.core.errors import NotAllowed, Refused
from unionportal.core.ids import new_id

pytestmark = pytest.mark.django_db
DAY = date(2026, 5, 31)


@pytest.fixture
def head(district):
    return make.unit(name="示例速递集团总部工会", is_external=True)


def row(serial: int, **changes: str) -> dict[str, str]:
    return {
        "name": "测试员" + "甲乙丙丁戊己庚辛壬癸"[serial % 10], "id_number": id_number(serial),
        "joined_on": "2021-03-01", "phone": phone(serial), "group": "快递员", **changes,
    }  # fmt: skip


def send(by, head, *members, left=(), as_of=DAY):
    page = feeding.Page(as_of=as_of, members=members, left=left)
    return feeding.receive(by=by, unit=head, page=page)


def verdicts(received) -> list[str]:
    return [verdict for verdict, _reasons in received.members]


def test_a_page_makes_changes_and_ends_memberships(head, district_officer):
    first = send(district_officer, head, row(1), row(2))
    assert verdicts(first) == ["new", "new"]
    made = Membership.objects.get(person__id_masked__isnull=False, person__phone_tail=phone(1)[-4:])
    assert (made.unit, made.source, made.state) == (head, Source.FEED, "active")
    assert made.joined_on == date(2021, 3, 1)

    leaver = feeding.Leaver(how="resign", ended_on=DAY, id_number=id_number(2))
    second = send(
        district_officer,
        head,
        row(1, phone=phone(7)),
        row(3),
        left=[leaver],
        as_of=date(2026, 6, 1),
    )
    assert verdicts(second) == ["update", "new"]
    assert second.left == [("left", [])]
    states = Membership.objects.order_by("state").values_list("state", flat=True)
    assert list(states) == ["active", "active", "resigned"]
    assert Affiliation.objects.filter(unit=head, ended_on=None).count() == 2
    assert (recorded_count(district_officer), members_as_of(district_officer, DAY)) == (2, 2)


def test_the_same_page_again_writes_nothing(head, district_officer):
    first = send(district_officer, head, row(1))
    again = send(district_officer, head, row(1))
    assert again.batch == first.batch
    leaver = feeding.Leaver(how="resign", ended_on=DAY, id_number=id_number(1))
    for verdict in ("left", "unchanged"):
        assert send(district_officer, head, left=[leaver]).left == [(verdict, [])]
    assert (Membership.objects.count(), Movement.objects.count()) == (1, 2)


def test_a_page_that_another_one_followed_is_taken_anew(head, district_officer):
    old, new = row(1), row(1, phone=phone(7))
    for page, expected in ((old, "new"), (new, "update"), (old, "update"), (old, "update")):
        got = send(district_officer, head, page)
        assert verdicts(got) == [expected]
    assert Person.objects.get().phone == phone(1)
    assert ImportBatch.objects.count() == 3


def test_each_row_has_the_verdict_an_import_would_give(head, district, district_officer):
    known = make.membership(district.firm_a)
    bad = row(3, id_number="490100199003070000")
    double = row(2)
    elsewhere = row(4, name=known.person.name, id_number=known.person.id_number)
    got = send(district_officer, head, bad, double, double, elsewhere, row(5, joined_on="soon"))
    assert verdicts(got) == ["rejected", "new", "duplicate", "elsewhere", "rejected"]
    assert "check digit" in got.members[0][1][0] or "last" in got.members[0][1][0]
    # Nobody twice: the member here stays a member here.
    assert Membership.objects.filter(person=known.person).count() == 1
    assert recorded_count(district_officer) == 2


def test_a_leaver_nobody_knows_and_a_day_that_cannot_be_are_said(head, district_officer):
    send(district_officer, head, row(1))
    left = [
        feeding.Leaver(how="resign", ended_on=DAY, id_number=id_number(9)),
        feeding.Leaver(how="resign", ended_on=date(2999, 1, 1), id_number=id_number(1)),
    ]
    got = send(district_officer, head, left=left)
    assert [verdict for verdict, _why in got.left] == ["unknown", "rejected"]
    assert "still to come" in got.left[1][1][0]


def test_only_an_external_union_is_fed(district, district_officer, subdistrict_officer, head):
    with pytest.raises(Refused) as refusal:
        send(district_officer, district.firm_a, row(1))
    assert refusal.value.code == "not_external"
    with pytest.raises(NotAllowed):
        send(subdistrict_officer, head, row(1))
    with pytest.raises(Refused) as refusal:
        send(district_officer, head)
    assert refusal.value.code == "empty_page"


def test_every_door_refuses_a_fed_member_with_words(head, district, district_officer):
    send(district_officer, head, row(1))
    fed = Membership.objects.select_related("unit", "person").get()
    person = fed.person
    doors = [
        lambda: memberships.move_to_unit(membership=fed, unit=district.firm_a, by=SYSTEM),
        lambda: memberships.retain(membership=fed, by=district_officer, reason_code="army"),
        lambda: memberships.close(membership=fed, verb="move_away", by=district_officer),
        lambda: transfers.push(by=district_officer, membership=fed, unit=district.firm_a),
        lambda: transfers.wish(membership=fed, unit=district.firm_a),
        lambda: transfers.send_away(by=district_officer, membership=fed, outside_name="示例工会"),
    ]
    for door in doors:
        with pytest.raises(Refused, match="kept by its own system"):
            door()
    with pytest.raises(Refused) as refusal:
        transfers.pull(
            by=district_officer, unit=district.firm_a, name=person.name, id_type="citizen",
            id_number=person.id_number,
        )  # fmt: skip
    assert refusal.value.code == "cannot_pull"


def test_the_page_of_a_fed_member_says_where_it_is_kept(head, district_officer, client_for):
    send(district_officer, head, row(1))
    url = reverse("members:member-detail", args=[Membership.objects.get().pk])
    page = client_for(district_officer).get(url).content.decode()
    assert "Kept by the head office" in page
    assert "Edit the record" not in page
    assert "/transfer/" not in page


def test_a_register_of_a_fed_union_is_marked_the_same_way(head, district_officer, make_user):
    batch = load_preview(district_officer, head, register([member(1), member(2)]))
    batch = write(batch, make_user("second", "district_officer"))
    assert (batch.counts["written"], batch.kind) == (2, "registry")
    assert set(Membership.objects.values_list("source", flat=True)) == {Source.FEED}


def test_a_page_can_be_taken_back_as_a_whole(head, district_officer):
    batch = send(district_officer, head, row(1), row(2)).batch
    jobs.run(imports.undo(by=district_officer, batch=batch, reason="wrong page").pk)
    assert ImportBatch.objects.get().state == "undone"
    assert set(Membership.objects.values_list("state", flat=True)) == {"annulled"}
    assert recorded_count(district_officer) == 0


def test_the_api_takes_a_page_once_per_key(head, district_officer, subdistrict_officer, client_for):
    client, key = client_for(district_officer), str(new_id())
    body = {"unit": str(head.pk), "as_of": "2026-05-31", "members": [row(1), row(2)]}

    def post(data, key=key, client=client):
        return client.post(
            "/api/v1/external-members/people/", data, content_type="application/json",
            headers={"Idempotency-Key": key},
        )  # fmt: skip

    for _try in range(2):
        answer = post(body)
        assert answer.status_code == 201
        assert [one["verdict"] for one in answer.json()["members"]] == ["new", "new"]
    assert Person.objects.count() == 2
    assert post({**body, "page": 2}, str(new_id())).status_code == 400
    left = {"how": "resign", "ended_on": "2026-06-01"}
    assert post({**body, "members": [], "left": [left]}, str(new_id())).status_code == 400
    left["id_number"] = id_number(1)
    answer = post({**body, "members": [], "left": [left]}, str(new_id()))
    assert answer.json() == {
        "import": None, "members": [], "left": [{"verdict": "left", "reasons": []}],
    }  # fmt: skip
    assert post(body, str(new_id()), client_for(subdistrict_officer)).status_code == 403
