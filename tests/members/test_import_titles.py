"""Column titles somebody named once: listed, and forgotten when they were wrong."""

from __future__ import annotations

import pytest
from django.urls import reverse

from members.models import HeaderAlias
from unionportal.core.models import AuditEvent

pytestmark = pytest.mark.django_db
PAGE = reverse("members:import-titles")


@pytest.fixture
def alias(district, field_officer):
    return HeaderAlias.objects.create(
        unit=district.firm_a, title="证号", field="id_number", created_by=field_officer
    )


def test_title_is_listed_and_forgotten(alias, client_for, field_officer):
    client = client_for(field_officer)
    page = client.get(PAGE).content.decode()
    assert "证号" in page
    assert "<td>ID number</td>" in page
    response = client.post(reverse("members:title-forget", args=[alias.pk]), follow=True)
    assert "Forgotten. The next file with this title asks again." in response.content.decode()
    assert HeaderAlias.objects.count() == 0
    assert AuditEvent.objects.get(verb="import.forget_title").data == {"field": "id_number"}
    assert "No titles remembered" in client.get(PAGE).content.decode()


def test_titles_of_other_unions_are_not_seen(alias, client_for, neighbour_officer):
    client = client_for(neighbour_officer)
    assert "证号" not in client.get(PAGE).content.decode()
    assert client.post(reverse("members:title-forget", args=[alias.pk])).status_code == 404
    assert HeaderAlias.objects.count() == 1
