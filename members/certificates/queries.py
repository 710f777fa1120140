"""What stands on a certificate, for one or for a sheet; and what a token says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.db.models import Prefetch, QuerySet
from django.utils import timezone

from members.models import (
    ApplicationFile,
    MemberCertificate,
    Membership,
    Person,
    RevokedCertificate,
    UnionUnit,
)
from members.models.files import FileKind
from unionportal.core.qr import svg_data_uri

if TYPE_CHECKING:
    from unionportal.core.scope import AnyUser

MOST_ON_A_SHEET = 200


@dataclass(frozen=True, slots=True)
class Face:
    """One certificate as it is drawn; without `url` it is not in force."""

    membership: Membership
    photo_id: UUID | None
    url: str
    qr: str


def printable(user: AnyUser) -> QuerySet[Membership]:
    """Return memberships `user` may see with all that stands on a certificate, by number."""
    people = Person.objects.defer("id_number", "phone")
    rows = Membership.objects.visible_to(user).select_related("unit", "certificate")
    return rows.prefetch_related(Prefetch("person", people)).order_by("member_no")


def of_unit(
    user: AnyUser, unit: UnionUnit, *, joined_from: date | None = None, after: str = ""
) -> list[Membership]:
    """Return at most 200 open memberships of `unit` and the units below, after a member number."""
    units = UnionUnit.objects.filter(path__startswith=unit.path).order_by().values("pk")
    rows = printable(user).recorded().filter(unit_id__in=units, member_no__gt=after)  # type: ignore[attr-defined]
    if joined_from:
        rows = rows.filter(joined_on__gte=joined_from)
    return list(rows[:MOST_ON_A_SHEET])


def faces(memberships: list[Membership]) -> list[Face]:
    """Return the certificates of `memberships`; one query for all photos."""
    photos = _photos([one.pk for one in memberships])
    return [_face(one, photos.get(one.pk)) for one in memberships]


def _photos(ids: list[UUID]) -> dict[UUID, UUID]:
    rows = ApplicationFile.objects.filter(
        application__membership__in=ids,
        kind=FileKind.PHOTO,
        replaced_at=None,
        file__dropped_at=None,
    )
    return dict(rows.values_list("application__membership_id", "file_id"))


def _face(membership: Membership, photo_id: UUID | None) -> Face:
    if not in_force(membership):
        return Face(membership, photo_id, "", "")
    url = f"{settings.PUBLIC_URL}/verify/{membership.certificate.token}/"
    return Face(membership, photo_id, url, svg_data_uri(url))


def in_force(membership: Membership) -> bool:
    """Say whether the membership stands and its certificate was not withdrawn."""
    certificate = getattr(membership, "certificate", None)
    return membership.is_open and certificate is not None and certificate.revoked_at is None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What anybody learns from a token: `valid`, `ended`, `replaced`, `revoked` or `unknown`."""

    kind: str
    name: str = ""
    since: date | None = None


def verify(token: str) -> Verdict:
    """Return what the certificate with `token` is worth; the name is to be masked."""
    rows = MemberCertificate.objects.select_related("membership__person").only(
        "token", "revoked_at", "membership__state", "membership__ended_on",
        "membership__joined_on", "membership__person__name",
    )  # fmt: skip
    found = rows.filter(token=token).first()
    if found is None:
        return _replaced(token)
    member, name = found.membership, found.membership.person.name
    if not member.is_open:
        return Verdict("ended", name, member.ended_on)
    if found.revoked_at is not None:
        return Verdict("revoked", name, timezone.localdate(found.revoked_at))
    return Verdict("valid", name, member.joined_on)


def _replaced(token: str) -> Verdict:
    rows = RevokedCertificate.objects.select_related("membership__person").only(
        "revoked_at", "membership__person__name"
    )
    found = rows.filter(token=token).first()
    if found is None:
        return Verdict("unknown")
    day = timezone.localdate(found.revoked_at)
    return Verdict("replaced", found.membership.person.name, day)
