"""Objections to lists on public notice: read and answered at the desk."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from benefits.actions import notices
from benefits.models import Objection
from benefits.payout_forms import ObjectionAnswerForm
from benefits.states.notices import ObjectionState
from benefits.states.payouts import LineState
from benefits.views.shared import posted, staff, status_of
from benefits.words import OBJECTION_KINDS
from unionportal.core.errors import NotAllowed, Refused
from unionportal.core.roles import Permission, has_permission
from unionportal.core.views_base import desk

P = Permission


@desk(get=P.VIEW_MONEY, post=P.MANAGE_PROGRAMMES)
def objection_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show what was said against a list; take the answer, with the payment off or not."""
    rows = Objection.objects.visible_to(request.user).raised()
    one = get_object_or_404(
        rows.select_related("batch__programme", "line__entitlement__programme", "decided_by"), pk=pk
    )
    form = ObjectionAnswerForm(posted(request))
    if request.method == "POST" and form.is_valid() and _answered(request, one, form):
        return redirect("benefits:batch-detail", pk=one.batch_id)
    waits = one.state == ObjectionState.OPEN
    context = {
        "objection": one,
        "batch": one.batch,
        "kind": OBJECTION_KINDS[ObjectionState(one.state)],
        "form": form,
        "may_answer": waits and has_permission(request.user, P.MANAGE_PROGRAMMES),
        "may_uphold": one.line is not None and one.line.state == LineState.APPROVED,
    }
    return render(request, "benefits/objection_detail.html", context, status=status_of(form))


def _answered(request: HttpRequest, one: Objection, form: ObjectionAnswerForm) -> bool:
    """Answer an objection; False when the answer is refused and the form says why."""
    decide = notices.uphold if request.POST.get("decision") == "uphold" else notices.dismiss
    try:
        decide(by=staff(request), objection=one, answer=form.cleaned_data["answer"])
    except NotAllowed:
        raise
    except Refused as refusal:
        form.add_error(
            refusal.field if refusal.field in form.fields else None, str(refusal.message)
        )
        form.refused_status = refusal.status
        return False
    messages.success(request, _("Answered. Who objected is texted."))
    return True
