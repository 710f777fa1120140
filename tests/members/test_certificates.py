"""Certificates: withdrawn, issued again, printed, verified."""

from __future__ import annotations

import pytest
from django.db import IntegrityError
from django.utils import timezone

from members.models import RevokedCertificate
from tests.factories import members as make

pytestmark = pytest.mark.django_db


def test_the_database_wants_a_reason_for_a_withdrawn_certificate(district):
    member = make.membership(district.firm_a)
    with pytest.raises(IntegrityError, match="revoked_certificate_reason"):
        RevokedCertificate.objects.create(
            membership=member, token="old", issued_on=member.joined_on,
            revoked_at=timezone.now(), reason="",
        )  # fmt: skip
