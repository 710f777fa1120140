"""Refusals as problem+json (RFC 9457)."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.exceptions import ValidationError as DjangoValidationError
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler

from unionportal.core.errors import Refused


def problem_json(error: Exception, context: dict[str, Any]) -> Response | None:
    """Turn every refusal into problem+json (RFC 9457) in the user's language."""
    if isinstance(error, Refused):
        errors = {error.field: [str(error.message)]} if error.field else {}
        return _problem(error.status, str(error.message), errors, error.code)
    if isinstance(error, DjangoValidationError):
        error = exceptions.ValidationError(getattr(error, "message_dict", None) or error.messages)
    if isinstance(error, Http404):
        error = exceptions.NotFound(_("There is nothing here, or it is not in your area."))
    if isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    response = exception_handler(error, context)
    if response is None or not isinstance(error, exceptions.APIException):
        return response
    errors = response.data if isinstance(error, exceptions.ValidationError) else {}
    if isinstance(errors, list):
        errors = {"non_field_errors": errors}
    title = _("The request was not accepted.") if errors else str(error.detail)
    problem = _problem(response.status_code, title, errors, str(error.default_code))
    for header in ("WWW-Authenticate", "Retry-After", "Allow"):
        if header in response:
            problem[header] = response[header]
    return problem


def _problem(code: int, title: str, errors: Any, kind: str) -> Response:
    body = {"type": "about:blank", "title": title, "status": code, "code": kind}
    if errors:
        body["errors"] = errors
    return Response(body, status=code, content_type="application/problem+json")
