"""The member's side of a typed account: the link of the text message that stops it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from benefits.actions import accounts
from benefits.models import PayeeAccount


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def account_stop(request: HttpRequest, token: str) -> HttpResponse:
    """Let who holds the link stop a typed account; opening the link writes nothing."""
    rows = PayeeAccount.objects.typed().select_related("person")
    account = rows.defer("number", "notice_phone").filter(stop_token=token).first()
    if account is not None and request.method == "POST":
        account = accounts.stop_by_link(token=token)
    status = 200 if account else 404
    return render(request, "worker/account_stop.html", {"account": account}, status=status)
