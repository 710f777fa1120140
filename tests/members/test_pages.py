"""Desk pages: who sees what, what bad input answers, how many queries a list costs."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from members.models import Application, Membership
from members.states import ApplicationState
from tests.factories import members as make

pytestmark = pytest.mark.django_db


def pdf(name="decision.pdf"):
    return SimpleUploadedFile(name, make.PDF, content_type="application/pdf")


def decision(*rows, **fields):
    return {
        "ids": [str(row.pk) for row in rows],
        "decided_on": "2026-03-09",
        "signer": "王主席",
        "scan": pdf(),
        "form_id": str(uuid4()),
        **fields,
    }


def enrolment(unit, **fields):
    return {
        "form_id": str(uuid4()),
        "name": "张小明",
        "id_type": "citizen",
        "id_number": make.id_number(),
        "phone": make.phone_number(),
        "group": "PARCEL_COURIER",
        "unit": str(unit.pk),
        "confirmation": "paper_form",
        "evidence": pdf("form.pdf"),
        **fields,
    }


LISTS = ["unit-tree", "area-tree", "employer-list", "member-list", "application-list"]


@pytest.mark.parametrize("name", LISTS)
def test_a_list_costs_the_same_with_one_and_three_rows(
    name, district, district_officer, client_for
):
    client = client_for(district_officer)

    def fill(count):
        for _n in range(count):
            firm = make.employer_union(district.unit_a)
            employer = make.employer(district.area_a, covered_by=firm)
            make.membership(firm, employer=employer)
            make.application(firm)

    def cost():
        client.get(reverse(f"members:{name}"))
        with CaptureQueriesContext(
            connection,
        ) as seen:
            response = client.get(reverse(f"members:{name}"))
        assert response.status_code == 200
        return len(seen)

    fill(1)
    first = cost()
    fill(2)
    assert cost() == first


def test_unit_page_shows_members_by_group(district, subdistrict_officer, client_for):
    make.membership(district.firm_a)
    page = client_for(subdistrict_officer).get(
        reverse("members:unit-detail", args=[district.unit_a.pk])
    )

    assert page.context["counts"] == [
        {
            "group_id": "PARCEL_COURIER",
            "name_zh": "快递员",
            "name_en": "Parcel courier",
            "members": 1,
        }
    ]
    assert "Parcel courier" in page.content.decode()


@pytest.mark.parametrize("name", ["unit-detail", "unit-children"])
def test_a_neighbours_unit_is_not_found(name, district, neighbour_officer, client_for):
    url = reverse(f"members:{name}", args=[district.firm_a.pk])
    assert client_for(neighbour_officer).get(url).status_code == 404


def test_a_neighbours_rows_are_not_found(district, neighbour_officer, client_for):
    client = client_for(neighbour_officer)
    member = make.membership(district.firm_a)
    waiting = make.application(district.firm_a)
    employer = make.employer(district.area_a)
    gets = [
        ("member-detail", member.pk),
        ("certificate", member.pk),
        ("application-detail", waiting.pk),
        ("employer-detail", employer.pk),
    ]
    posts = [
        ("member-reveal", member.pk),
        ("application-return", waiting.pk),
        ("application-reject", waiting.pk),
        ("application-resubmit", waiting.pk),
        ("application-withdraw", waiting.pk),
    ]

    got = [client.get(reverse(f"members:{name}", args=[pk])).status_code for name, pk in gets]
    posted = [
        client.post(reverse(f"members:{name}", args=[pk]), {"field": "phone", "reason": "check"})
        for name, pk in posts
    ]

    assert got == [404] * 4
    assert [response.status_code for response in posted] == [404] * 5
    approve = client.post(reverse("members:application-approve"), decision(waiting))
    assert approve.status_code == 404
    waiting.refresh_from_db()
    assert waiting.state == ApplicationState.SUBMITTED


def test_enrolling_makes_one_application_even_when_sent_twice(district, field_officer, client_for):
    client, data = client_for(field_officer), enrolment(district.firm_a)

    first = client.post(reverse("members:enrol"), data)
    second = client.post(reverse("members:enrol"), {**data, "evidence": pdf("form.pdf")})

    row = Application.objects.get()
    assert first.url == second.url == reverse("members:application-detail", args=[row.pk])
    assert (row.confirmation, row.evidence.kind) == ("paper_form", "signed_form")
    assert client.get(first.url).status_code == 200


def test_enrolling_takes_the_firm_the_union_covers(district, field_officer, client_for):
    employer = make.employer(district.area_a, covered_by=district.firm_a)

    client_for(field_officer).post(reverse("members:enrol"), enrolment(district.firm_a))

    assert Application.objects.get().employer == employer


BAD = [
    ("id_number", "490100199003070012", "The last digit of the ID number is wrong"),
    ("id_number", "490100900307001", "old ID number of 15 digits"),
    ("phone", "12345", "digits are missing"),
    ("name", "<b>", "does not belong in a name"),
    ("group", "NO_SUCH", "Choose one from the list."),
    ("unit", "6f1c2f04-9d7e-4a39-8b7f-0f5f3a1c2d3e", "Choose one from the list."),
    ("unit", "not-an-id", "Choose one from the list."),
    ("employer", "没有这家", "No employer has this name or code here"),
    ("evidence", SimpleUploadedFile("x.pdf", b"MZ not a scan"), "not a PDF, PNG or JPEG"),
    ("evidence", "", "Add the scan of the signed form"),
]


@pytest.mark.parametrize(("field", "value", "message"), BAD)
def test_a_bad_enrolment_says_what_and_keeps_the_rest(
    field, value, message, district, field_officer, client_for
):
    page = client_for(field_officer).post(
        reverse("members:enrol"), {**enrolment(district.firm_a), field: value}
    )

    assert page.status_code == 400
    assert message in " ".join(page.context["form"].errors[field])
    assert 'value="139' in page.content.decode() or field == "phone"
    assert Application.objects.count() == 0


def test_a_truck_driver_needs_a_plate(district, field_officer, client_for):
    data = enrolment(district.firm_a, group="TRUCK_DRIVER")
    page = client_for(field_officer).post(reverse("members:enrol"), data)
    assert page.context["form"].errors["vehicle_plate"] == [
        "Give the plate of the vehicle: this group needs it."
    ]


def test_a_neighbours_unit_is_no_choice_when_enrolling(district, field_officer, client_for):
    page = client_for(field_officer).post(reverse("members:enrol"), enrolment(district.firm_b))
    assert page.context["form"].errors["unit"] == ["Choose one from the list."]


def test_approving_two_on_the_list_writes_two_members(district, subdistrict_officer, client_for):
    rows = [make.application(district.firm_a), make.application(district.pool_a)]

    answer = client_for(subdistrict_officer).post(
        reverse("members:application-approve"), decision(*rows)
    )

    assert answer.url == reverse("members:application-list")
    assert Membership.objects.count() == 2
    assert (
        Application.objects.values_list("decision__signer", flat=True).distinct().get() == "王主席"
    )


def test_approving_twice_by_double_click_writes_one_member(
    district, subdistrict_officer, client_for
):
    client, row = client_for(subdistrict_officer), make.application(district.firm_a)
    data = decision(row)

    client.post(reverse("members:application-approve"), data)
    again = client.post(reverse("members:application-approve"), {**data, "scan": pdf()})

    assert again.status_code == 302
    assert Membership.objects.count() == 1


def test_approving_one_that_was_decided_meanwhile_is_409_and_keeps_the_form(
    district, subdistrict_officer, client_for
):
    client, row = client_for(subdistrict_officer), make.application(district.firm_a)
    other = make.application(district.firm_a)
    client.post(reverse("members:application-approve"), decision(row))

    page = client.post(reverse("members:application-approve"), decision(row, other))

    assert page.status_code == 409
    assert "1 of the applications you picked" in page.content.decode()
    assert "王主席" in page.content.decode()
    assert Membership.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"signer": " "}, "signer"),
        ({"decided_on": "2099-01-01"}, "decided_on"),
        ({"decided_on": "soon"}, "decided_on"),
        ({"scan": ""}, "scan"),
        ({"ids": []}, "__all__"),
    ],
)
def test_a_decision_without_signer_date_scan_or_pick_is_refused(
    change, field, district, subdistrict_officer, client_for
):
    row = make.application(district.firm_a)

    page = client_for(subdistrict_officer).post(
        reverse("members:application-approve"), {**decision(row), **change}
    )

    assert page.status_code == 400
    assert list(page.context["form"].errors) == [field]
    assert Membership.objects.count() == 0


def test_a_field_officer_cannot_approve(district, field_officer, client_for):
    row = make.application(district.firm_a)
    url = reverse("members:application-approve")
    assert client_for(field_officer).post(url, decision(row)).status_code == 403


def test_return_resubmit_and_reject_from_the_page(district, subdistrict_officer, client_for):
    client, row = client_for(subdistrict_officer), make.application(district.firm_a)

    def post(verb, **data):
        return client.post(reverse(f"members:application-{verb}", args=[row.pk]), data).status_code

    assert post("return", reason="") == 400
    assert post("return", reason="the form is not signed") == 302
    assert post("return", reason="again") == 409
    assert post("resubmit", form_id=str(uuid4()), evidence=pdf()) == 302
    assert post("reject", reason="works elsewhere") == 302
    row.refresh_from_db()
    assert (row.state, row.answer) == (ApplicationState.REJECTED, "works elsewhere")


def test_a_unit_is_established_from_its_page(district, district_officer, client_for):
    client = client_for(district_officer)
    unit = make.unit(district.unit_a, status="preparing", established_on=None)

    def establish(day):
        return client.post(reverse("members:unit-establish", args=[unit.pk]), {"day": str(day)})

    assert establish(timezone.localdate() + timedelta(days=1)).status_code == 400
    assert establish("2026-03-09").status_code == 302
    unit.refresh_from_db()
    assert (unit.status, unit.established_on) == ("established", date(2026, 3, 9))


def test_the_district_tree_opens_level_by_level(district, district_officer, client_for):
    client = client_for(district_officer)
    tree = client.get(reverse("members:unit-tree"))
    below = client.get(reverse("members:unit-children", args=[district.unit_a.pk]))
    assert [branch.node.name for branch in tree.context["branches"]] == ["示例区总工会"]
    assert [branch.node.name for branch in below.context["branches"]] == [
        "甲物流有限公司工会",
        "甲街道周转库",
    ]


def test_waiting_applications_are_counted_in_the_navigation(
    district, subdistrict_officer, client_for
):
    make.application(district.firm_a)
    make.application(district.firm_b)
    page = client_for(subdistrict_officer).get(reverse("members:member-list"))
    links = {link.url: link.count for section in page.context["nav"] for link in section.links}
    assert links[reverse("members:application-list")] == 1
