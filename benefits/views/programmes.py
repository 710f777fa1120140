"""Programmes and the rights they gave."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _

from benefits import catalogue, ledger
from benefits.actions import entitlements, programmes
from benefits.models import Entitlement, Pot, Programme
from benefits.payout_forms import BudgetForm, EntitlementFilter, ReasonForm
from benefits.payout_tables import BatchTable, EntitlementTable, ProgrammeTable
from benefits.programme_forms import CycleForm, ProgrammeForm
from benefits.queries.books import waiting_change
from benefits.queries.payouts import obstacles, payable_count
from benefits.queries.terms import terms_in_words
from benefits.states.payouts import EntitlementState, ProgrammeState
from benefits.views.shared import act, posted, staff, status_of, submitted
from unionportal.core.paging import Keyset
from unionportal.core.roles import Permission, has_permission
from unionportal.core.tables import Empty
from unionportal.core.views_base import desk

P = Permission
NEWEST = Keyset("-created_at", "-pk")


def _programme(request: HttpRequest, pk: UUID, permission: P = P.VIEW_MONEY) -> Programme:
    rows = Programme.objects.visible_to(request.user, permission).with_terms()
    return get_object_or_404(rows, pk=pk)


@desk(P.VIEW_MONEY)
def programme_list(request: HttpRequest) -> HttpResponse:
    """List the programmes with their budgets, newest first."""
    rows = Programme.objects.visible_to(request.user).with_terms()
    page = NEWEST.page(rows, request)
    may_manage = has_permission(request.user, P.MANAGE_PROGRAMMES)
    empty = Empty(
        _("No programme yet"),
        _("A programme says who gets how much, when, and out of which budget."),
        reverse("benefits:programme-new") if may_manage else "",
        _("Prepare a programme"),
    )
    table = ProgrammeTable(page.rows, request=request, empty=empty)
    context = {"page": page, "table": table, "may_manage": may_manage}
    return render(request, "benefits/programme_list.html", context)


@desk(get=P.MANAGE_PROGRAMMES, post=P.MANAGE_PROGRAMMES)
def programme_new(request: HttpRequest) -> HttpResponse:
    """Prepare a programme as a draft, from a template of the catalogue or from nothing."""
    template = catalogue.find(request.GET.get("template", ""))
    initial = ProgrammeForm.initial_of(template) if template else {}
    form = ProgrammeForm(posted(request), user=staff(request), initial=initial)

    def run() -> str:
        made = programmes.create_programme(by=staff(request), **form.values())
        messages.success(
            request, _("“%(name)s” is prepared. Open it when it may begin.") % {"name": made.name}
        )
        return reverse("benefits:programme-detail", args=[made.pk])

    return submitted(request, form, run) or render(
        request,
        "benefits/programme_form.html",
        {"form": form, "template": template, "templates": catalogue.templates()},
        status=status_of(form),
    )


@desk(P.VIEW_MONEY)
def programme_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show a programme: terms, budget, how many rights in which state, what stands in the way."""
    programme = _programme(request, pk)
    counts = dict(
        programme.entitlements.order_by()
        .values("state")
        .annotate(people=Count("pk"))
        .values_list("state", "people")
    )
    batches = programme.batches.select_related("programme", "made_by", "approved_by")
    context = {
        "programme": programme,
        "terms": terms_in_words(programme.terms),
        "versions": programme.versions.order_by("-number"),
        "cycles": sorted(programme.cycles.all(), key=lambda one: one.window_from, reverse=True),
        "cycle_form": CycleForm(),
        "budget": programme.budget,
        "in_flight": ledger.balances(programme.budget)[Pot.IN_FLIGHT],
        "rights": [
            {"state": state, "label": state.label, "people": counts.get(state, 0)}
            for state in EntitlementState
        ],
        "payable": payable_count(programme),
        "obstacles": obstacles(programme),
        "batches": BatchTable(list(batches.order_by("-made_at", "-pk")[:10]), request=request),
        "reviews": programme.entitlements.exclude(review="").order_by().count(),
        "may_manage": has_permission(request.user, P.MANAGE_PROGRAMMES),
        "may_make": has_permission(request.user, P.MAKE_PAYOUT)
        and programme.state != ProgrammeState.DRAFT,
        "budget_form": BudgetForm(auto_id="id_budget_%s"),
        "change": waiting_change(programme.budget),
        "may_check": has_permission(request.user, P.CHECK_PAYOUT),
        "reason_form": ReasonForm(),
    }
    return render(request, "benefits/programme_detail.html", context)


@desk(post=P.MANAGE_PROGRAMMES)
def programme_open(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Open a draft; its terms are fixed from then on."""
    programme = _programme(request, pk, P.MANAGE_PROGRAMMES)
    return act(
        request,
        lambda: programmes.open_programme(by=staff(request), programme=programme),
        _("“%(name)s” is open. Who meets its conditions is entitled from now on.")
        % {"name": programme.name},
        reverse("benefits:programme-detail", args=[pk]),
    )


@desk(post=P.MANAGE_PROGRAMMES)
def programme_close(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Close a programme with a reason."""
    programme = _programme(request, pk, P.MANAGE_PROGRAMMES)
    reason = request.POST.get("reason", "")
    return act(
        request,
        lambda: programmes.close_programme(by=staff(request), programme=programme, reason=reason),
        _("“%(name)s” is closed. Rights already given stay.") % {"name": programme.name},
        reverse("benefits:programme-detail", args=[pk]),
    )


@desk(P.VIEW_MONEY)
def entitlement_list(request: HttpRequest) -> HttpResponse:
    """List rights, newest first, by programme and state."""
    form = EntitlementFilter(request.GET, user=request.user)
    rows: QuerySet[Entitlement] = Entitlement.objects.none()
    if form.is_valid():
        rows = Entitlement.objects.visible_to(request.user)
        chosen = {name: form.cleaned_data[name] for name in ("programme", "state")}
        rows = rows.filter(**{name: value for name, value in chosen.items() if value})
        if form.cleaned_data["review"]:
            rows = rows.exclude(review="")
        rows = rows.select_related("person", "employer", "programme", "cycle")
        rows = rows.defer("person__id_number", "person__phone")
    page = NEWEST.page(rows, request)
    empty = Empty(
        _("Nobody here"),
        _("People appear here when a programme is open and they meet its conditions."),
    )
    table = EntitlementTable(page.rows, request=request, empty=empty)
    return render(
        request, "benefits/entitlement_list.html", {"form": form, "page": page, "table": table}
    )


@desk(post=P.MANAGE_PROGRAMMES)
def entitlement_void(request: HttpRequest, pk: UUID) -> HttpResponse:
    """End a right that was not paid, with a reason."""
    rows = Entitlement.objects.visible_to(request.user, P.MANAGE_PROGRAMMES)
    right = get_object_or_404(rows.select_related("programme"), pk=pk)
    reason = request.POST.get("reason", "")
    return act(
        request,
        lambda: entitlements.void(by=staff(request), entitlement=right, reason=reason),
        _("The right was ended; its money is free for the next in turn."),
        reverse("benefits:entitlement-list"),
    )
