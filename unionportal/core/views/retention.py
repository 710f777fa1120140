"""How long data is kept: what is due now (a dry run), and the terms set by date."""

from __future__ import annotations

from typing import cast

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from unionportal.core import retention
from unionportal.core.errors import Refused
from unionportal.core.forms import DateInput
from unionportal.core.idempotency import submit_once
from unionportal.core.models import RetentionTerm, User
from unionportal.core.roles import Permission
from unionportal.core.views_base import desk

P = Permission


class TermForm(forms.Form):
    """A new term from a day on."""

    topic = forms.ChoiceField(label=gettext_lazy("Kind of data"))
    days = forms.IntegerField(label=gettext_lazy("Kept for, in days"), min_value=1)
    started_on = forms.DateField(
        label=gettext_lazy("Holds from"), widget=DateInput, initial=timezone.localdate
    )
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=200)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        choices = [(topic.code, topic.label) for topic in retention.topics()]
        self.fields["topic"].choices = choices  # type: ignore[attr-defined]


@desk(get=P.MANAGE_RETENTION, post=P.MANAGE_RETENTION)
def schedule(request: HttpRequest) -> HttpResponse:
    """Show every term with what is due, without dropping anything; set a new term."""
    form = TermForm(request.POST or None)
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                return submit_once(request, lambda: _set(request, form))
            except Refused as refusal:
                status = refusal.status
                form.add_error(
                    refusal.field if refusal.field in form.fields else None, str(refusal.message)
                )
    coming = RetentionTerm.objects.filter(started_on__gt=timezone.localdate())
    names = {topic.code: topic.label for topic in retention.topics()}
    context = {
        "lines": retention.schedule(),
        "coming": [(names.get(term.topic, term.topic), term) for term in coming],
        "form": form,
    }
    return render(request, "core/retention.html", context, status=status)


def _set(request: HttpRequest, form: TermForm) -> str:
    data = form.cleaned_data
    by = cast("User", request.user)  # the decorator lets nobody else in
    retention.set_term(
        by=by, code=data["topic"], days=data["days"], started_on=data["started_on"],
        reason=data["reason"],
    )  # fmt: skip
    messages.success(request, _("The term was set."))
    return reverse("core:retention")
