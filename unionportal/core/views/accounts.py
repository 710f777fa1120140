"""Accounts (system administrator) and roles (security administrator)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.apps import apps
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache

from unionportal.core.actions import accounts
from unionportal.core.errors import Refused
from unionportal.core.forms import DateInput
from unionportal.core.idempotency import submit_once
from unionportal.core.identifiers import citizen_id
from unionportal.core.models import Grant, User
from unionportal.core.paging import Keyset
from unionportal.core.roles import ROLE_CHOICES, ROLES, Permission
from unionportal.core.views_base import desk

P = Permission


class AccountForm(forms.Form):
    """A new staff account."""

    username = forms.CharField(label=gettext_lazy("User name"), max_length=60)
    display_name = forms.CharField(label=gettext_lazy("Name"), max_length=60)
    id_number = forms.CharField(
        label=gettext_lazy("ID number"),
        max_length=30,
        help_text=gettext_lazy("Only a keyed fingerprint is stored, so that one person is known."),
    )

    def clean_id_number(self) -> str:
        try:
            return citizen_id.parse(self.cleaned_data["id_number"]).number
        except ValueError as error:
            raise forms.ValidationError(getattr(error, "message", str(error))) from None


class GrantForm(forms.Form):
    """A role on a unit for some days."""

    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=ROLE_CHOICES)
    unit: forms.ModelChoiceField[Any] = forms.ModelChoiceField(
        label=gettext_lazy("Unit"), queryset=None
    )
    started_on = forms.DateField(label=gettext_lazy("From"), widget=DateInput)
    ended_on = forms.DateField(
        label=gettext_lazy("Until (not included)"), widget=DateInput, required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        units = apps.get_model(settings.SCOPE_UNIT_MODEL).objects.filter(depth__lte=2)
        self.fields["unit"].queryset = units  # type: ignore[attr-defined]


@desk(P.MANAGE_ACCOUNTS)
def account_list(request: HttpRequest) -> HttpResponse:
    """List staff accounts with their roles of today."""
    page = Keyset("username").page(User.objects.prefetch_related("grants__unit"), request)
    return render(request, "core/account_list.html", {"page": page})


@desk(get=P.MANAGE_ACCOUNTS, post=P.MANAGE_ACCOUNTS)
@never_cache
def account_new(request: HttpRequest) -> HttpResponse:
    """Make an account; its first password is shown once, on the next page."""
    form = AccountForm(request.POST or None)
    if request.method == "POST" and form.is_valid():

        def run() -> str:
            user, password = accounts.create_account(by=request.user, **form.cleaned_data)  # type: ignore[arg-type]
            messages.success(
                request,
                _("Account %(name)s made. First password, shown once: %(password)s")
                % {"name": user.username, "password": password},
            )
            return reverse("core:account-list")

        try:
            return submit_once(request, run)
        except Refused as refusal:
            form.add_error(refusal.field, str(refusal.message))
    return render(request, "core/account_new.html", {"form": form})


@desk(post=P.MANAGE_ACCOUNTS)
def account_close(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Close or reopen an account."""
    user = get_object_or_404(User, pk=pk)
    accounts.set_active(by=request.user, user=user, is_active=not user.is_active)  # type: ignore[arg-type]
    messages.success(request, _("Account %(name)s changed.") % {"name": user.username})
    return redirect("core:account-list")


@desk(P.USE_DESK)
def role_list(request: HttpRequest) -> HttpResponse:
    """Say in plain words what each role may do."""
    roles = [(role, sorted(role.permissions)) for role in ROLES.values()]
    return render(request, "core/role_list.html", {"roles": roles})


@desk(P.MANAGE_ROLES)
def grant_list(request: HttpRequest) -> HttpResponse:
    """List accounts for giving roles."""
    page = Keyset("username").page(User.objects.prefetch_related("grants__unit"), request)
    return render(request, "core/grant_list.html", {"page": page})


@desk(get=P.MANAGE_ROLES, post=P.MANAGE_ROLES)
def grant_new(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Give an account a role on a unit."""
    user = get_object_or_404(User, pk=pk)
    form = GrantForm(request.POST or None, initial={"started_on": timezone.localdate()})
    if request.method == "POST" and form.is_valid():

        def run() -> str:
            accounts.give_role(by=request.user, user=user, **form.cleaned_data)  # type: ignore[arg-type]
            messages.success(request, _("Role given to %(name)s.") % {"name": user.display_name})
            return reverse("core:grant-list")

        try:
            return submit_once(request, run)
        except Refused as refusal:
            form.add_error(refusal.field, str(refusal.message))
    grants = user.grants.select_related("unit").order_by("-started_on")
    context = {"form": form, "account": user, "grants": grants}
    return render(request, "core/grant_new.html", context)


@desk(post=P.MANAGE_ROLES)
def grant_end(request: HttpRequest, pk: UUID) -> HttpResponse:
    """End a role today."""
    grant = get_object_or_404(Grant.objects.select_related("user"), pk=pk)
    accounts.end_role(by=request.user, grant=grant, today=timezone.localdate())  # type: ignore[arg-type]
    messages.success(request, _("The role has ended."))
    return redirect("core:grant-new", pk=grant.user_id)
