"""What the pages of this app share."""

from __future__ import annotations

from typing import cast

from django.http import HttpRequest

from unionportal.core.models import User


def staff(request: HttpRequest) -> User:
    """Return the signed-in user; `@desk` has let nobody else in."""
    return cast(User, request.user)
