"""A worker's own data: consents, a copy at once, correction and deletion as cases."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from members.actions import consents, requests
from members.models import DataRequest, Person
from members.models.consents import Purpose
from members.queries.consents import consent_lines
from members.queries.own_copy import workbook_of
from members.states import RequestState
from unionportal.core import audit, limits
from unionportal.core.actors import WORKER_SELF
from unionportal.core.errors import Refused
from unionportal.core.files import XLSX
from unionportal.core.views.jobs import attachment_response
from unionportal.worker import identity

COPIES = limits.Limit("own-copy", 5, 86_400)
K = DataRequest.Kind


class AskForm(forms.Form):
    """A correction or a deletion, in the person's own words."""

    kind = forms.ChoiceField(
        label=gettext_lazy("What do you ask for?"),
        choices=[(K.CORRECT, K.CORRECT.label), (K.DELETE, K.DELETE.label)],
        widget=forms.RadioSelect,
    )
    subject = forms.ChoiceField(
        label=gettext_lazy("What is wrong?"),
        choices=[("", "—"), *DataRequest.Subject.choices],
        required=False,
    )
    text = forms.CharField(
        label=gettext_lazy("What should it say?"), max_length=500, required=False,
        widget=forms.Textarea,
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("kind") == K.DELETE:
            data["subject"] = ""
        elif data.get("kind") == K.CORRECT and not data.get("subject"):
            self.add_error("subject", _("Say what is to be corrected."))
        return data


def _person(request: HttpRequest) -> Person | None:
    """Return the visitor on a phone of their own; nobody else decides about the data."""
    visiting = identity.visitor(request)
    return visiting.person if visiting and visiting.may_see_all else None


@require_safe
@never_cache
def own_data(request: HttpRequest) -> HttpResponse:
    """Show what the visitor agreed to, and what can be asked."""
    person = _person(request)
    return redirect("worker:status-answer") if person is None else _page(request, person, AskForm())


def _page(
    request: HttpRequest, person: Person, form: AskForm, *, status: int = 200
) -> HttpResponse:
    asked = DataRequest.objects.filter(person=person).defer("text").order_by("-filed_at")
    context = {
        "person": person,
        "lines": consent_lines(person),
        "asked": asked,
        "open_state": RequestState.OPEN,
        "form": form,
    }
    return render(request, "worker/own_data.html", context, status=status)


@require_POST
def own_consent(request: HttpRequest) -> HttpResponse:
    """Give or withdraw the consent to one purpose."""
    person = _person(request)
    if person is None:
        return redirect("worker:status-answer")
    purpose = request.POST.get("purpose", "")
    try:
        if purpose not in Purpose.values:
            raise Refused(_("There is no such purpose."))
        if request.POST.get("wish") == "give":
            version = request.POST.get("version", "")
            consents.give(person=person, purpose=purpose, by=WORKER_SELF, version=version)
            messages.success(request, _("Your consent was recorded."))
        else:
            consents.withdraw(person=person, purpose=purpose, by=WORKER_SELF)
            messages.success(request, _("Your consent was withdrawn."))
    except Refused as refusal:
        messages.error(request, str(refusal.message))
    return redirect("worker:own-data")


@require_POST
def own_request(request: HttpRequest) -> HttpResponse:
    """Ask for a correction or for deletion."""
    person = _person(request)
    if person is None:
        return redirect("worker:status-answer")
    form = AskForm(request.POST)
    status = 400
    if form.is_valid():
        try:
            requests.file(person=person, by=WORKER_SELF, **form.cleaned_data)
        except Refused as refusal:
            status = refusal.status
            form.add_error(None, str(refusal.message))
        else:
            messages.success(request, _("Your request was sent to your union."))
            return redirect("worker:own-data")
    return _page(request, person, form, status=status)


@require_POST
def own_request_back(request: HttpRequest) -> HttpResponse:
    """Take one's own open request back; `request` names it in the form."""
    person = _person(request)
    if person is None:
        return redirect("worker:status-answer")
    try:
        wanted = UUID(request.POST.get("request", ""))
    except ValueError as error:
        raise Http404 from error
    mine = get_object_or_404(DataRequest.objects.filter(person=person), pk=wanted)
    try:
        requests.take_back(request=mine, by=WORKER_SELF)
    except Refused as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, _("Your request was taken back."))
    return redirect("worker:own-data")


@require_POST
@never_cache
def own_copy(request: HttpRequest) -> HttpResponse:
    """Give the visitor a workbook with everything on record, in full, at once."""
    person = _person(request)
    if person is None:
        return redirect("worker:status-answer")
    if not limits.take(COPIES, str(person.pk)):
        messages.error(request, _("You took five copies today. Come back tomorrow."))
        return redirect("worker:own-data")
    full = Person.objects.get(pk=person.pk)
    audit.record(by=WORKER_SELF, verb="person.copy", target=full)
    return attachment_response(workbook_of(full), XLSX, _("my-data") + ".xlsx")
