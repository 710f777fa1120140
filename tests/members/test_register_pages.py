"""The pages of a register: who sees it, who confirms it, what it shows."""

from __future__ import annotations

import pytest
from django.urls import reverse

from tests.members.registry_files import fresh, load_preview, member, register
from unionportal.core import jobs

pytestmark = pytest.mark.django_db


@pytest.fixture
def second_officer(make_user):
    return make_user("second_officer", "district_officer")


def test_pages_of_a_register(district, district_officer, second_officer, client_for):
    batch = load_preview(district_officer, district.firm_a, register([member(1), member(1)]),
                         reported=120)  # fmt: skip
    mine = client_for(district_officer).get(batch.get_absolute_url()).content.decode()
    assert "Another person confirms: you uploaded this register." in mine
    assert reverse("members:import-confirm", args=[batch.pk]) not in mine
    assert '<b data-count="reported">120</b>' in mine
    other = client_for(second_officer)
    page = other.get(batch.get_absolute_url()).content.decode()
    assert "You confirm what another person uploaded." in page
    url = reverse("members:import-confirm", args=[batch.pk])
    assert client_for(district_officer).post(url, {"form_id": "a"}).status_code == 403
    assert other.post(url, {"form_id": "a"}).status_code == 302
    jobs.run(fresh(batch).job.pk)
    page = other.get(batch.get_absolute_url()).content.decode()
    assert '<b data-count="recorded">1</b>' in page
    assert '<b data-count="qualified">0</b>' in page
    undo_url = reverse("members:import-undo", args=[batch.pk])
    assert other.post(undo_url, {"form_id": "b"}).status_code == 400
    assert other.post(undo_url, {"form_id": "c", "reason": "wrong"}).status_code == 302
    jobs.run(fresh(batch).job.pk)
    page = other.get(batch.get_absolute_url()).content.decode()
    assert '<span data-count="put_back">1</span> row taken back' in page


def test_rosters_officers_do_not_see_registers(
    district, district_officer, field_officer, client_for
):
    batch = load_preview(district_officer, district.firm_a, register([member(1)]))
    assert client_for(field_officer).get(batch.get_absolute_url()).status_code == 404
