"""Do a request once: the first answer is stored in the action's transaction and given again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _

from unionportal.core.errors import KeyReused, Refused
from unionportal.core.models.plumbing import IdempotencyKey


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a request answered: an HTTP status and a JSON object."""

    status: int
    answer: dict[str, Any] = field(default_factory=dict)


def once(*, owner: str, key: str, route: str, body: bytes, run: Callable[[], Outcome]) -> Outcome:
    """Run `run` once per (owner, route, key) and return its outcome, now or from the first time.

    A concurrent twin waits for the first to commit. A failed run frees the key. Raises `KeyReused`
    (422) when the key comes with another body and `Refused` when it is longer than 100 characters.
    """
    if not key or len(key) > 100:
        raise Refused(_("The Idempotency-Key must be 1 to 100 characters."), code="bad_key")
    digest = hashlib.sha256(body).hexdigest()
    try:
        with transaction.atomic():
            row = IdempotencyKey.objects.create(
                owner=owner, key=key, route=route, body_digest=digest
            )
            outcome = run()
            row.status, row.answer = outcome.status, outcome.answer
            row.save(update_fields=["status", "answer"])
            return outcome
    except IntegrityError:
        first = IdempotencyKey.objects.filter(owner=owner, key=key, route=route).first()
        if first is None or first.status is None:
            raise
    if first.body_digest != digest:
        raise KeyReused(
            _("This Idempotency-Key was used before with other content."), code="key_reused"
        )
    return Outcome(first.status, first.answer)


def submit_once(request: HttpRequest, run: Callable[[], str]) -> HttpResponse:
    """Do a form post once, keyed by its hidden `form_id`; redirect to the URL `run` returned.

    A double click or a phone that sends again lands on the same page and writes nothing.
    """
    key = request.POST.get("form_id", "")
    owner = f"user:{request.user.pk}" if request.user.is_authenticated else f"form:{key}"
    outcome = once(
        owner=owner[:80],
        key=key,
        route=f"POST {request.path}"[:120],
        body=b"",
        run=lambda: Outcome(302, {"url": run()}),
    )
    return HttpResponseRedirect(outcome.answer["url"])
