"""What this app's attachments belong to, and who may open them."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Model

from members.models import (
    Application,
    ApplicationFile,
    Consent,
    Membership,
    StatusChange,
    Transfer,
)
from members.models.files import SINGLE_KINDS
from unionportal.core.models import Attachment, User
from unionportal.core.roles import Permission

P = Permission


def owner(user: User, attachment: Attachment, to_look: bool) -> Model | None:
    """Return the application, transfer or membership `attachment` belongs to.

    Photo and signature are seen by whoever sees the application; papers show full numbers, so
    taking one out needs the right to reveal.
    """
    if to_look:
        pictures = ApplicationFile.objects.filter(
            file=attachment, kind__in=SINGLE_KINDS, replaced_at=None
        )
        return _visible(user, P.VIEW_MEMBERS, list(pictures.values_list("application", flat=True)))
    found = _visible(user, P.REVEAL, _applications_with(attachment))
    return (
        found
        or Transfer.objects.visible_to(user, P.REVEAL).filter(paper=attachment).first()
        or _member_with(user, attachment)
    )


def _member_with(user: User, attachment: Attachment) -> Membership | None:
    """Return the membership a step's paper or a consent belongs to; two look-ups by index."""
    rows = Membership.objects.visible_to(user, P.REVEAL)
    steps = StatusChange.objects.filter(evidence=attachment).values_list("membership", flat=True)
    agreed = Consent.objects.filter(evidence=attachment).values_list("person", flat=True)
    found = rows.filter(pk__in=list(steps)).first()
    return found or rows.filter(person__in=list(agreed)).first()


def _visible(user: User, permission: Permission, ids: list[UUID]) -> Application | None:
    if not ids:
        return None
    rows = Application.objects.visible_to(user, permission).filter(pk__in=ids)
    return rows.defer("id_number", "phone").first()


def _applications_with(attachment: Attachment) -> list[UUID]:
    """Return the applications that name this file; three look-ups by index, not one join of all."""
    papers = ApplicationFile.objects.filter(file=attachment).values_list("application", flat=True)
    signed = Application.objects.filter(evidence=attachment).values_list("pk", flat=True)
    decided = Application.objects.filter(decision__scan=attachment).values_list("pk", flat=True)
    return [*papers, *signed, *decided]
