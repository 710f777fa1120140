"""The past of members and applications that the log does not know."""

from __future__ import annotations

from datetime import date

import pytest
from django.utils import timezone

from members.queries.history import timeline_of, with_application_past, with_membership_past
from tests.factories import members as make
from unionportal.core.models import AuditEvent

pytestmark = pytest.mark.django_db


def test_member_without_log_shows_when_it_joined(district):
    member = make.membership(district.firm_a, joined_on=date(2024, 3, 18))

    entries = with_membership_past([], member)

    assert [(entry["day"], str(entry["text"]), entry["note"]) for entry in entries] == [
        (date(2024, 3, 18), "Joined", district.firm_a.name)
    ]


def test_logged_member_shows_only_older_movements(district):
    member = make.membership(district.firm_a, joined_on=timezone.localdate())
    logged = timeline_of(member)

    assert logged
    assert with_membership_past(logged, member) == logged


def test_application_without_log_shows_when_it_was_sent_in(district):
    made = make.application(district.firm_a)

    entries = with_application_past([], made)

    assert [(entry["at"], str(entry["text"])) for entry in entries] == [
        (made.submitted_at, "Application sent in")
    ]


def test_logged_application_is_not_told_twice(district):
    made = make.application(district.firm_a)
    logged = timeline_of(made)

    assert AuditEvent.objects.filter(target_id=str(made.pk)).count() == len(logged) == 1
    assert with_application_past(logged, made) == logged
