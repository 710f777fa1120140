"""Withdraw a certificate, issue it again, log what was printed."""

from __future__ import annotations

import secrets

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from members.actions.rights import require_units
from members.models import MemberCertificate, Membership, RevokedCertificate
from unionportal.core import audit
from unionportal.core.errors import Refused, Stale
from unionportal.core.models import User
from unionportal.core.roles import Permission


@transaction.atomic
def reissue(*, by: User, membership: Membership, reason: str) -> MemberCertificate:
    """Give the member a new code; whoever checks the old one learns that it was replaced.

    Raises `Refused` (`reason_needed`), `Stale` when the membership has ended, `NotAllowed`.
    """
    reason = _checked(by, membership, reason)
    membership = Membership.objects.select_for_update(of=("self",)).get(pk=membership.pk)
    if not membership.is_open:
        raise Stale(_("This membership has ended. Look again before you act."), code="stale")
    found = _locked(membership)
    if found is None:
        made = MemberCertificate.objects.create(membership=membership, **_fresh())
    else:
        RevokedCertificate.objects.create(
            membership=membership,
            token=found.token,
            issued_on=found.issued_on,
            revoked_at=found.revoked_at or timezone.now(),
            reason=found.revoked_reason or reason,
        )
        made = found
        for name, value in {**_fresh(), "revoked_at": None, "revoked_reason": ""}.items():
            setattr(made, name, value)
        made.save()
    audit.record(by=by, verb="certificate.reissue", target=membership, reason=reason)
    return made


def _fresh() -> dict[str, object]:
    return {"token": secrets.token_urlsafe(16), "issued_on": timezone.localdate()}


@transaction.atomic
def revoke(*, by: User, membership: Membership, reason: str) -> MemberCertificate:
    """Withdraw the certificate without a new one, for example when it was lost or forged.

    Raises `Refused` (`reason_needed`), `Stale` when it was withdrawn already, `NotAllowed`.
    """
    reason = _checked(by, membership, reason)
    found = _locked(membership)
    if found is None or found.revoked_at is not None:
        raise Stale(_("This certificate was withdrawn already."), code="stale")
    found.revoked_at, found.revoked_reason = timezone.now(), reason
    found.save(update_fields=["revoked_at", "revoked_reason"])
    audit.record(by=by, verb="certificate.revoke", target=membership, reason=reason)
    return found


def _checked(by: User, membership: Membership, reason: str) -> str:
    require_units(by, Permission.APPROVE_APPLICATION, [membership.unit_id])
    if not reason.strip():
        raise Refused(_("Give a reason."), code="reason_needed", field="reason")
    return reason.strip()[:200]


def _locked(membership: Membership) -> MemberCertificate | None:
    rows = MemberCertificate.objects.select_for_update().filter(membership=membership)
    return rows.first()


def log_printed(*, by: User, memberships: list[Membership]) -> None:
    """Log that certificates were printed, one event a member."""
    audit.record_many(
        by=by,
        verb="certificate.print",
        model=Membership,
        moves=[(one.pk, "", "") for one in memberships],
    )
