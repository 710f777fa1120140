"""Notices of payment channels over HTTP."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from benefits.actions import callbacks


@csrf_exempt  # another server's call: its signature is checked instead
@require_POST
def wechat(request: HttpRequest) -> HttpResponse:
    """Take a notice of WeChat Pay: 204 when it is theirs, and one same 401 for everything else."""
    body = request.read(callbacks.LONGEST + 1)
    if callbacks.receive(headers=request.headers, body=body):
        return HttpResponse(status=204)
    return JsonResponse({"code": "FAIL", "message": "refused"}, status=401)
