"""A programme's budget: lower at once, higher when a second person agrees."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from benefits.actions import budgets
from benefits.models import BudgetChange, Programme
from benefits.payout_forms import BudgetForm
from benefits.views.shared import act, staff
from unionportal.core.roles import Permission
from unionportal.core.views_base import desk

P = Permission


@desk(post=P.MANAGE_PROGRAMMES)
def programme_budget(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Set a lower total at once; ask a second person for a higher one."""
    rows = Programme.objects.visible_to(request.user, P.MANAGE_PROGRAMMES)
    programme = get_object_or_404(rows.select_related("budget"), pk=pk)
    form = BudgetForm(request.POST)
    home = reverse("benefits:programme-detail", args=[pk])
    if not form.is_valid():
        messages.error(request, " ".join(str(one[0]) for one in form.errors.values()))
        return redirect(home)
    total_fen, reason = form.cleaned_data["budget"], form.cleaned_data["reason"]
    is_lower = total_fen < programme.budget.total_fen
    done = _("The higher budget of “%(name)s” waits for a finance checker to agree.")
    if is_lower:
        done = _("The budget of “%(name)s” was lowered.")

    def run() -> None:
        wish = {"by": staff(request), "programme": programme, "total_fen": total_fen}
        if is_lower:
            budgets.lower(**wish)
        else:
            budgets.propose(**wish, reason=reason)

    return act(request, run, done % {"name": programme.name}, home)


def _change(request: HttpRequest, pk: UUID) -> BudgetChange:
    rows = BudgetChange.objects.visible_to(request.user, P.CHECK_PAYOUT)
    return get_object_or_404(rows.select_related("budget__programme"), pk=pk)


@desk(post=P.CHECK_PAYOUT)
def budget_confirm(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Agree to a higher budget, as another person than the one who asked."""
    change = _change(request, pk)
    served = budgets.confirm(by=staff(request), change=change)
    words = ngettext(
        "The budget is higher now; %(n)d person who waited is served.",
        "The budget is higher now; %(n)d people who waited are served.",
        served,
    )
    messages.success(request, words % {"n": served})
    return redirect("benefits:programme-detail", pk=change.budget.programme.pk)


@desk(post=P.CHECK_PAYOUT)
def budget_decline(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Refuse a higher budget, with a reason."""
    change = _change(request, pk)
    return act(
        request,
        lambda: budgets.decline(
            by=staff(request), change=change, reason=request.POST.get("reason", "")
        ),
        _("The higher budget was declined; nothing changed."),
        reverse("benefits:programme-detail", args=[change.budget.programme.pk]),
    )
