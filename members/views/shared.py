"""What the pages of this app share."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from members.models import Membership
from unionportal.core.models import User
from unionportal.core.roles import Permission


def staff(request: HttpRequest) -> User:
    """Return the signed-in user; `@desk` has let nobody else in."""
    return cast(User, request.user)


def member(request: HttpRequest, pk: UUID, permission: Permission | None = None) -> Membership:
    """Return a membership the reader may see, or act on with `permission`; 404 for any other."""
    rows = Membership.objects.visible_to(staff(request), permission).select_related(
        "person", "unit__area", "group", "employer", "certificate"
    )
    # A person's secrets are not fetched where nobody looks at them.
    slim = rows.defer("person__id_number", "person__phone", "person__residence_text")
    found: Membership = get_object_or_404(slim, pk=pk)
    return found


def member_trail(membership: Membership) -> list[dict[str, Any]]:
    """Return the way to a member's page, for the crumbs of the pages below it."""
    return [
        {"url": reverse("members:member-list"), "label": _("Members")},
        {
            "url": reverse("members:member-detail", args=[membership.pk]),
            "label": membership.person.name,
        },
    ]
