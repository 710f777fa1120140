"""Pages of the units: the tree, records, and changes that show what they take along."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from members.models import (
    CertificateFiling,
    Committee,
    CommitteeSeat,
    LegalPersonCertificate,
    Membership,
    TermExtension,
    UnionUnit,
    UnitChange,
    UnitPlaque,
    UnitReply,
)
from tests.factories import members as make
from unionportal.core.ids import new_id

pytestmark = pytest.mark.django_db


@pytest.fixture
def chief(client_for, district_officer):
    return client_for(district_officer)


@pytest.fixture
def keeper(client_for, subdistrict_officer):
    return client_for(subdistrict_officer)


def post(client, page, pk=None, /, **data):
    path = reverse(f"members:{page}", args=[pk] if pk else [])
    return client.post(path, {"form_id": str(new_id()), **data})


CHANGE = {"day": "2026-05-11", "reason": "the firms became one", "document_no": "7号"}


def test_a_merger_is_previewed_and_done_once(district, chief):
    for _n in range(3):
        make.membership(district.firm_a)
    make.application(district.firm_a)
    group = make.unit(district.firm_a, kind="group", name="第一小组")
    data = {**CHANGE, "into": "乙快递"}

    shown = post(chief, "unit-merge", district.firm_a.pk, **data)
    text = shown.content.decode()
    assert shown.status_code == 200
    assert "Nothing has been changed yet" in text
    assert shown.context["preview"] | {"target": None} == {
        "active": 3, "retained": 0, "applications": 1, "names": [group.name], "more": 0,
        "members": 3, "employers": 0, "units": 1, "target": None,
        "target_url": district.firm_b.pk, "retains": False,
    }  # fmt: skip
    assert UnitChange.objects.count() == 0
    assert Membership.objects.filter(unit=district.firm_a).count() == 3

    done = {**data, "confirmed": "1", "form_id": str(new_id())}
    path = reverse("members:unit-merge", args=[district.firm_a.pk])
    assert chief.post(path, done).headers["Location"] == reverse(
        "members:unit-history", args=[district.firm_b.pk]
    )
    assert Membership.objects.filter(unit=district.firm_b).count() == 3
    assert chief.post(path, done).status_code == 302
    assert UnitChange.objects.count() == 1


def test_near_names_are_offered_to_choose_from(district, chief):
    one = make.employer_union(district.unit_b, name="快递甲工会")
    make.employer_union(district.unit_b, name="快递乙工会")
    shown = post(chief, "unit-merge", district.firm_a.pk, **CHANGE, into="快递")
    assert shown.status_code == 400
    assert "Several units have these words" in shown.content.decode()
    assert f'value="{one.pk}"' in shown.content.decode()
    chosen = post(
        chief, "unit-merge", district.firm_a.pk, **CHANGE, into="快递", into_pick=str(one.pk)
    )
    assert chosen.context["preview"]["target"] == one
    nobody = post(chief, "unit-merge", district.firm_a.pk, **CHANGE, into="没有的")
    assert "No unit you may choose here" in nobody.content.decode()


@pytest.mark.parametrize("name", ["unit-move", "unit-split", "unit-merge", "unit-close"])
def test_an_empty_change_says_what_is_missing(name, district, chief):
    assert post(chief, name, district.firm_a.pk).status_code == 400
    assert UnitChange.objects.count() == 0


def test_a_move_a_split_and_a_closing_through_the_pages(district, chief):
    firm = make.employer(district.area_a, covered_by=district.firm_a)
    make.membership(district.firm_a, employer=firm)
    make.membership(district.firm_a)
    move = {**CHANGE, "into": district.unit_b.name, "takes_area": "on", "confirmed": "1"}
    assert post(chief, "unit-move", district.firm_a.pk, **move).status_code == 302
    split = {**CHANGE, "employers": [str(firm.pk)], "new_name": "新分出工会", "confirmed": "1"}
    assert post(chief, "unit-split", district.firm_a.pk, **split).status_code == 302
    made = UnionUnit.objects.get(name="新分出工会")
    assert (made.kind, made.area, made.memberships.get().employer) == (
        "employer_union", district.area_b, firm
    )  # fmt: skip
    close = {**CHANGE, "into": "甲街道周转库", "retains": "on", "confirmed": "1"}
    assert post(chief, "unit-close", district.firm_a.pk, **close).status_code == 302
    assert district.pool_a.memberships.get().state == "retained"
    page = chief.get(reverse("members:unit-history", args=[district.firm_a.pk]))
    assert [row.kind for row in page.context["changes"]] == ["close", "split", "move"]


def test_a_refused_change_keeps_what_was_typed(district, chief):
    data = {**CHANGE, "day": "2999-01-01", "into": district.unit_b.name}
    shown = post(chief, "unit-move", district.firm_a.pk, **data)
    assert shown.status_code == 400
    assert "The day cannot be in the future" in shown.content.decode()
    assert "the firms became one" in shown.content.decode()


def test_an_election_and_what_follows_through_the_pages(district, keeper):
    member = make.membership(district.firm_a)
    data = {
        "kind": "union", "started_on": "2026-03-09", "term_years": "3", "chair": member.member_no,
        "members": "李委员\n王委员", "document_no": "1号", "congress": "members",
    }  # fmt: skip
    assert post(keeper, "committee-new", district.firm_a.pk, **data).status_code == 302
    committee = Committee.objects.get()
    chair = committee.seats.get(office="chair")
    assert (chair.person, committee.seats.count()) == (member.person, 3)
    ended = {"ended_on": "2026-04-01", "reason": "moved"}
    assert post(keeper, "seat-end", chair.pk, **ended).status_code == 302
    seat = {"office": "chair", "name": "赵主席", "started_on": "2026-04-02"}
    assert post(keeper, "seat-new", committee.pk, **seat).status_code == 302
    longer = {"to_day": "2029-09-09", "document_no": "2号", "decided_on": "2026-05-01"}
    assert post(keeper, "committee-extend", committee.pk, **longer).status_code == 302
    assert TermExtension.objects.count() == 1
    text = keeper.get(
        reverse("members:unit-committees", args=[district.firm_a.pk])
    ).content.decode()
    assert "赵主席" in text
    assert CommitteeSeat.objects.filter(ended_on=None).count() == 3


def test_a_member_number_out_of_reach_is_no_member(district, keeper):
    other = make.membership(district.firm_b)
    data = {"kind": "union", "started_on": "2026-03-09", "term_years": "3",
            "chair": other.member_no}  # fmt: skip
    shown = post(keeper, "committee-new", district.firm_a.pk, **data)
    assert shown.status_code == 400
    assert "is not the number of a member" in shown.content.decode()


def test_certificate_filing_reply_and_plaque_through_the_pages(district, keeper):
    paper = {"credit_code": "81490100MA00000010", "representative": "张主席",
             "issued_on": "2026-03-09", "valid_to": "2029-03-09"}  # fmt: skip
    assert post(keeper, "unit-certificate-new", district.firm_a.pk, **paper).status_code == 302
    held = LegalPersonCertificate.objects.get()
    note = {"what": "address", "happened_on": "2026-04-01"}
    assert post(keeper, "filing-new", held.pk, **note).status_code == 302
    filing = CertificateFiling.objects.get()
    assert post(keeper, "filing-done", filing.pk, filed_on="2026-04-05").status_code == 302
    reply = {"matter": "set_up", "document_no": "9号", "replied_on": "2026-02-01"}
    assert post(keeper, "unit-reply-new", district.firm_a.pk, **reply).status_code == 302
    sign = {"title": "模范职工之家", "granted_on": "2026-05-01"}
    assert post(keeper, "unit-plaque-new", district.firm_a.pk, **sign).status_code == 302
    plaque = UnitPlaque.objects.get()
    assert post(keeper, "plaque-end", plaque.pk, taken_down_on="2026-06-01").status_code == 302
    assert UnitReply.objects.count() == 1
    text = keeper.get(reverse("members:unit-papers", args=[district.firm_a.pk])).content.decode()
    for word in ("81490100MA00000010", "模范职工之家", "9号"):
        assert word in text


def test_a_renamed_legal_person_has_a_change_to_file(district, keeper):
    make.legal_certificate(district.firm_a)
    data = {"name": "甲运输有限公司工会", "reported_members": "30", "reported_on": "2026-05-01"}
    assert post(keeper, "unit-edit", district.firm_a.pk, **data).status_code == 302
    district.firm_a.refresh_from_db()
    assert (district.firm_a.name, district.firm_a.reported_members) == ("甲运输有限公司工会", 30)
    assert CertificateFiling.objects.get().what == "name"
    half = post(keeper, "unit-edit", district.firm_a.pk, name="x", reported_members="3")
    assert "Give the number and its day together" in half.content.decode()


def test_a_unit_is_added_and_put_under_an_industrial_union(district, chief):
    data = {"parent": district.unit.name, "name": "示例区交通工会", "kind": "industrial"}
    assert post(chief, "unit-new", **data).status_code == 302
    industrial = {"parent": "交通工会", "started_on": "2026-05-01"}
    assert post(chief, "unit-industrial", district.firm_a.pk, **industrial).status_code == 302
    district.firm_a.refresh_from_db()
    assert district.firm_a.industrial_parent.name == "示例区交通工会"


def test_a_unit_is_found_by_name_with_the_one_above(district, keeper):
    page = keeper.get(reverse("members:unit-tree"), {"q": "物流"})
    assert [(row.name, row.above) for row in page.context["page"]] == [
        (district.firm_a.name, district.unit_a.name)
    ]
    assert keeper.get(reverse("members:unit-tree"), {"q": "乙快递"}).context["page"].rows == []
    assert keeper.get(reverse("members:unit-tree"), {"under": "x"}).status_code == 400


def test_a_large_level_opens_in_portions_at_a_constant_cost(district, chief):
    tree = reverse("members:unit-tree")

    def cost(path: str) -> int:
        chief.get(path)
        with CaptureQueriesContext(
            connection,
        ) as made:
            assert chief.get(path).status_code == 200
        return len(made)

    below = reverse("members:unit-children", args=[district.unit_a.pk])
    few = [cost(path) for path in (tree, below, f"{tree}?under={district.unit_a.pk}")]
    for number in range(130):
        make.employer_union(district.unit_a, name=f"工会{number:03d}")
    many = [cost(path) for path in (tree, below, f"{tree}?under={district.unit_a.pk}")]
    assert many == few
    first = chief.get(below)
    assert len(first.context["branches"]) == 100
    more = chief.get(below, {"after": first.context["more_after"]})
    assert len(more.context["branches"]) == 32
    assert more.context["more_after"] == ""
    assert more.content.decode().lstrip().startswith("<li>")


def test_what_is_due_is_listed_by_kind(district, keeper):
    make.committee(district.firm_a, started_on=date(2020, 3, 1))
    page = keeper.get(reverse("members:unit-reminders"))
    assert page.context["kind"].code == "overdue"
    assert [unit for unit, _row in page.context["rows"]] == [district.firm_a]
    assert page.context["total"] == 1
    for code in ("soon", "chair", "certificate", "filing", "committee", "nonsense"):
        assert keeper.get(reverse("members:unit-reminders"), {"kind": code}).status_code == 200


def test_members_of_a_past_day_are_told(district, keeper):
    make.membership(district.firm_a, joined_on=date(2026, 2, 1))
    path = reverse("members:unit-history", args=[district.unit_a.pk])
    assert keeper.get(path, {"day": "2026-02-01"}).context["members_then"] == 1
    assert keeper.get(path, {"day": "2026-01-31"}).context["members_then"] == 0
    assert keeper.get(path, {"day": "2999-01-31"}).status_code == 400
