"""Who may call the API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rest_framework import authentication, exceptions, permissions
from rest_framework.request import Request

from unionportal.core.roles import Permission, has_permission

if TYPE_CHECKING:
    from rest_framework.views import APIView


class SessionAuthentication(authentication.SessionAuthentication):
    """Session log-in with CSRF; a missing log-in is 401, not 403."""

    def authenticate_header(self, request: Request) -> str:
        return "Session"


class StaffOnly(permissions.BasePermission):
    """Signed-in staff with any role."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return bool(request.user and request.user.is_authenticated and request.user.is_active)


class RolePermission(StaffOnly):
    """The view names the right each method (or action) needs, in `rights`."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not super().has_permission(request, view):
            return False
        method = "GET" if request.method == "HEAD" else request.method or ""
        if not hasattr(view, method.lower()):
            raise exceptions.MethodNotAllowed(method)
        rights: Mapping[str, Permission] = getattr(view, "rights", {})
        needed = rights.get(getattr(view, "action", "") or "") or rights.get(method)
        return needed is not None and has_permission(request.user, needed)
