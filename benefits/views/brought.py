"""Files of the bank that a person brought: another person confirms them or puts them aside."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from benefits.actions import bankfiles
from benefits.actions.rights import finance_person
from benefits.models import BankFile, PayoutBatch
from benefits.states.cards import FileKind
from benefits.views.shared import act, require_finance, staff
from unionportal.core.roles import Permission
from unionportal.core.views_base import desk

P = Permission


def _file(request: HttpRequest, pk: UUID) -> tuple[BankFile, str]:
    """Return a file about what the reader may see, and the page that shows it."""
    require_finance(request)
    file = get_object_or_404(BankFile.objects.exclude(brought_key=None), pk=pk)
    if file.kind == FileKind.STATEMENT:
        return file, reverse("benefits:match-list")
    batches = PayoutBatch.objects.visible_to(request.user)
    batch = get_object_or_404(batches, number=file.number)
    return file, reverse("benefits:batch-detail", args=[batch.pk])


@desk(post=P.VIEW_MONEY)
def brought_confirm(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Let a file somebody else brought be applied."""
    file, home = _file(request, pk)
    by = staff(request)
    return act(
        request, lambda: bankfiles.confirm(by=by, key=finance_person(by), file=file),
        _("Confirmed. The file is applied."), home,
    )  # fmt: skip


@desk(post=P.VIEW_MONEY)
def brought_decline(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Put a file that waits for a second person aside, with a reason."""
    file, home = _file(request, pk)
    reason = request.POST.get("reason", "")
    return act(
        request, lambda: bankfiles.ignore(by=staff(request), file=file, reason=reason),
        _("The file is put aside. Nothing of it was applied."), home,
    )  # fmt: skip
