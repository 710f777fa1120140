"""Terms and cycles of a programme, and why somebody is or is not entitled."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from benefits.actions import versions
from benefits.models import Cycle, Entitlement, Programme
from benefits.programme_forms import ChangeTermsForm, CycleForm
from benefits.queries.why import why
from benefits.states.payouts import EntitlementState
from benefits.views.shared import act, posted, staff, status_of, submitted
from benefits.words import ENTITLEMENT_KINDS
from members.models import Employer, Membership
from unionportal.core.roles import Permission, has_permission
from unionportal.core.views_base import desk

P = Permission


def _programme(request: HttpRequest, pk: UUID) -> Programme:
    rows = Programme.objects.visible_to(request.user, P.MANAGE_PROGRAMMES).with_terms()
    return get_object_or_404(rows, pk=pk)


@desk(get=P.MANAGE_PROGRAMMES, post=P.MANAGE_PROGRAMMES)
def programme_terms(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Put other terms in force as a new version."""
    programme = _programme(request, pk)
    form = ChangeTermsForm(
        posted(request), user=staff(request), initial=ChangeTermsForm.initial_of(programme.terms)
    )
    home = reverse("benefits:programme-detail", args=[pk])

    def run() -> str:
        data = form.cleaned_data
        version = versions.change_terms(
            by=staff(request), programme=programme, amount_fen=data["amount"], rules=form.rules(),
            gift=form.gift(), note=data["note"], seen=data["seen"],
        )  # fmt: skip
        messages.success(
            request,
            _("Version %(number)d is in force. Rights given before keep their terms.")
            % {"number": version.number},
        )
        return home

    context = {"form": form, "programme": programme}
    return submitted(request, form, run) or render(
        request, "benefits/programme_terms.html", context, status=status_of(form)
    )


@desk(post=P.MANAGE_PROGRAMMES)
def cycle_add(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Add a period to a programme."""
    programme = _programme(request, pk)
    form = CycleForm(request.POST)
    home = reverse("benefits:programme-detail", args=[pk])
    if not form.is_valid():
        for field, problems in form.errors.items():
            messages.error(request, f"{form.fields[field].label}: {problems[0]}")
        return redirect(home)
    data = form.cleaned_data
    return act(
        request,
        lambda: versions.add_cycle(
            by=staff(request), programme=programme, code=data["cycle"],
            window_from=data["window_from"], window_to=data["window_to"],
        ),
        _("The cycle %(code)s was added.") % {"code": data["cycle"]},
        home,
    )  # fmt: skip


@desk(post=P.MANAGE_PROGRAMMES)
def cycle_close(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Give no more rights in a cycle."""
    seen = Programme.objects.visible_to(request.user, P.MANAGE_PROGRAMMES)
    cycle = get_object_or_404(Cycle.objects.filter(programme__in=seen), pk=pk)
    return act(
        request,
        lambda: versions.close_cycle(by=staff(request), cycle=cycle),
        _("The cycle %(code)s is closed. Rights already given stay.") % {"code": cycle.code},
        reverse("benefits:programme-detail", args=[cycle.programme_id]),
    )


@desk(P.VIEW_MEMBERS)
def member_why(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Say of each programme why a member is or is not entitled."""
    rows = Membership.objects.visible_to(request.user, P.VIEW_MEMBERS).select_related("person")
    membership = get_object_or_404(rows, pk=pk)
    context = {
        "name": membership.person.name,
        "home": reverse("members:member-detail", args=[pk]),
        "answers": why(membership.person),
    }
    return render(request, "benefits/why.html", context)


def member_panel(request: HttpRequest, membership: Membership) -> str:
    """Show a member's rights on the member page, with the way to why and why not."""
    if not has_permission(request.user, P.VIEW_MEMBERS):
        return ""
    rights = Entitlement.objects.filter(person=membership.person_id)
    context = {
        "membership": membership,
        "may_hand_out": has_permission(request.user, P.HAND_OUT),
        "rights": [
            (right, ENTITLEMENT_KINDS[EntitlementState(right.state)])
            for right in rights.select_related("programme", "cycle").order_by("-created_at")[:5]
        ],
    }
    return render_to_string("benefits/_benefits_panel.html", context, request)


@desk(P.VIEW_ORGANISATION)
def employer_why(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Say of each programme for employers why one is or is not entitled."""
    employer = get_object_or_404(Employer.objects.visible_to(request.user), pk=pk)
    context = {
        "name": employer.name,
        "home": reverse("members:employer-detail", args=[pk]),
        "answers": why(employer),
    }
    return render(request, "benefits/why.html", context)
