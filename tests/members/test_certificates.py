"""Certificates: withdrawn, issued again, printed, verified."""

from __future__ import annotations

import re

import pytest
from django.db import IntegrityError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from members.actions import memberships
from members.certificates import actions, queries
from members.models import ApplicationFile, MemberCertificate, Membership, RevokedCertificate
from tests.factories import members as make
from unionportal.core.actors import SYSTEM
from unionportal.core.errors import NotAllowed, Refused, Stale
from unionportal.core.models import AuditEvent

pytestmark = pytest.mark.django_db
SHEET = "/desk/certificates/"


@pytest.fixture
def member(district) -> Membership:
    return make.membership(district.firm_a, name="欧阳小丹")


def token_of(member: Membership) -> str:
    return MemberCertificate.objects.get(membership=member).token


def seen(token: str) -> tuple[int, str]:
    """Return status and kind of what anybody sees."""
    answer = Client(headers={"accept-language": "en"}).get(f"/verify/{token}/")
    return answer.status_code, re.search(r'data-certificate="(\w+)"', answer.content.decode())[1]


def test_the_database_wants_a_reason_for_a_withdrawn_certificate(member):
    with pytest.raises(IntegrityError, match="revoked_certificate_reason"):
        RevokedCertificate.objects.create(
            membership=member, token="old", issued_on=member.joined_on,
            revoked_at=timezone.now(), reason="",
        )  # fmt: skip


def test_a_new_certificate_ends_the_old_code(member, subdistrict_officer):
    old = token_of(member)
    actions.reissue(by=subdistrict_officer, membership=member, reason="遗失")
    assert (seen(old), seen(token_of(member))) == ((200, "replaced"), (200, "valid"))
    assert RevokedCertificate.objects.get().reason == "遗失"


def test_a_withdrawn_certificate_is_worth_nothing_until_issued_again(member, subdistrict_officer):
    old = token_of(member)
    actions.revoke(by=subdistrict_officer, membership=member, reason="冒用")
    assert seen(old) == (200, "revoked")
    with pytest.raises(Stale):
        actions.revoke(by=subdistrict_officer, membership=member, reason="冒用")
    actions.reissue(by=subdistrict_officer, membership=member, reason="核实后补发")
    assert (seen(old), RevokedCertificate.objects.get().reason) == ((200, "replaced"), "冒用")


def test_a_certificate_of_an_ended_membership_says_since_when(
    member, subdistrict_officer, client_for
):
    memberships.close(membership=member, verb="resign", by=SYSTEM, reason="本人申请")
    assert seen(token_of(member)) == (200, "ended")
    url = reverse("members:certificate", args=[member.pk])
    page = client_for(subdistrict_officer).get(url).content.decode()
    assert "No longer valid since" in page
    assert "Issue again" not in page
    with pytest.raises(Stale):
        actions.reissue(by=subdistrict_officer, membership=member, reason="补发")


def test_only_whoever_decides_for_the_unit_changes_a_certificate(
    member, neighbour_officer, field_officer
):
    for officer in (neighbour_officer, field_officer):
        with pytest.raises(NotAllowed):
            actions.revoke(by=officer, membership=member, reason="不该")
    with pytest.raises(Refused, match="Give a reason"):
        actions.reissue(by=SYSTEM, membership=member, reason=" ")


def test_the_page_withdraws_and_issues_again(member, subdistrict_officer, client_for):
    client = client_for(subdistrict_officer)

    def post(verb, why):
        url = reverse(f"members:certificate-{verb}", args=[member.pk])
        return client.post(url, {"reason": why}, follow=True)

    assert post("revoke", "").status_code == 400
    assert 'data-certificate="revoked"' in post("revoke", "遗失").content.decode()
    assert post("revoke", "遗失").status_code == 409
    page = post("reissue", "补发").content.decode()
    assert f"/verify/{token_of(member)}/" in page
    assert "Earlier certificates" in page


def print_of(client: Client, **data):
    return client.post(SHEET, {"paper": "a4", **data})


def test_a_unit_is_printed_with_photos_and_a_log(district, member, subdistrict_officer, client_for):
    photo = make.picture()
    application = make.application(district.firm_a)
    ApplicationFile.objects.create(application=application, kind="photo", file=photo)
    type(application).objects.filter(pk=application.pk).update(membership=member)
    gone = make.membership(district.firm_a)
    actions.revoke(by=SYSTEM, membership=gone, reason="冒用")

    answer = print_of(client_for(subdistrict_officer), unit=str(district.firm_a.pk))
    page = answer.content.decode()
    assert (answer.status_code, page.count('class="cert"')) == (200, 1)
    assert reverse("core:attachment", args=[photo.pk]) in page
    assert gone.member_no_grouped in page
    printed = AuditEvent.objects.filter(verb="certificate.print")
    assert [event.target_id for event in printed] == [str(member.pk)]


def test_numbers_are_read_as_printed(district, member, subdistrict_officer, client_for):
    other = make.membership(district.firm_a)
    numbers = f"{member.member_no_grouped}\n{other.member_no.lower()}，{other.member_no}"
    answer = print_of(client_for(subdistrict_officer), numbers=numbers, paper="a6")
    assert answer.content.decode().count('class="cert"') == 2


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({}, "Choose a unit or give member numbers"),
        ({"numbers": "hello"}, "is no member number"),
        ({"numbers": " ".join(f"GH2026{n:08d}" for n in range(201))}, "At most 200"),
        ({"numbers": "GH202699999999"}, "Not found in your area"),
        ({"paper": "a3", "numbers": "GH202699999999"}, "a3"),
    ],
)
def test_what_cannot_be_printed_is_said(data, words, subdistrict_officer, client_for):
    answer = print_of(client_for(subdistrict_officer), **data)
    assert (answer.status_code, words in answer.content.decode()) == (400, True)


def test_the_neighbours_members_are_not_printed(member, district, neighbour_officer, client_for):
    client = client_for(neighbour_officer)
    assert print_of(client, numbers=member.member_no).status_code == 400
    assert print_of(client, unit=str(district.firm_a.pk)).status_code == 400


def test_a_sheet_costs_the_same_for_one_and_three(district, member, subdistrict_officer):
    costs = []
    queries.of_unit(subdistrict_officer, district.firm_a)  # rights are read once a request
    for _more in range(2):
        with CaptureQueriesContext(connection) as asked:
            queries.faces(queries.of_unit(subdistrict_officer, district.firm_a))
        costs.append(len(asked))
        for _one in range(2):
            make.membership(district.firm_a)
    assert costs[0] == costs[1]
