"""Desk pages of people on file twice: list, compare, merge, take apart, dismiss."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache

from members.forms import ReasonForm
from members.merging import actions, queries
from members.merging.finding import look_soon
from members.merging.forms import KEEPS, KeepForm, MergeForm, PairFilterForm
from members.merging.plan import plan_of
from members.merging.registry import Kind
from members.merging.tables import PAIR_KINDS, PairTable, evidence_text
from members.models import DuplicatePair
from members.states import PairState
from members.views.shared import staff
from unionportal.core.errors import Refused
from unionportal.core.idempotency import submit_once
from unionportal.core.paging import Keyset
from unionportal.core.roles import Permission, has_permission
from unionportal.core.tables import Empty
from unionportal.core.views_base import desk

if TYPE_CHECKING:
    from members.models import Membership

P = Permission
STRONGEST_FIRST = Keyset("-strength", "-pk")


@desk(P.VIEW_MEMBERS)
def pair_list(request: HttpRequest) -> HttpResponse:
    """List the pairs, those to decide first, the strongest evidence on top."""
    form = PairFilterForm(request.GET, user=staff(request))
    rows = DuplicatePair.objects.none()
    state = PairState.OPEN
    if form.is_valid():
        state = form.cleaned_data["state"]
        rows = queries.pair_list(staff(request), **form.cleaned_data)
    page = STRONGEST_FIRST.page(rows, request)
    empty = Empty(_("No pairs here"), _("People are compared every night."))
    context = {
        "form": form,
        "page": page,
        "table": PairTable(page.rows, request=request, empty=empty),
        "tabs": [
            {"label": label, "url": f"?state={value}", "current": value == state}
            for value, label in PairState.choices
        ],
        "may_search": has_permission(request.user, P.APPROVE_APPLICATION),
    }
    status = 200 if form.is_valid() else 400
    return render(request, "members/duplicate_list.html", context, status=status)


@desk(post=P.APPROVE_APPLICATION)
def pair_search(request: HttpRequest) -> HttpResponse:
    """Compare everybody now; the job tells how many pairs are new."""
    job = look_soon(staff(request))
    messages.success(request, _("Everybody is being compared. New pairs appear in this list."))
    mine = job.owner_id == request.user.pk
    return redirect("core:job-detail", pk=job.pk) if mine else redirect("members:duplicate-list")


@desk(P.VIEW_MEMBERS)
@never_cache
def pair_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show the two records side by side and what a merge would do to every related row."""
    keep = KeepForm(request.GET)
    chosen = keep.cleaned_data["keep"] if keep.is_valid() else KEEPS[0]
    return _page(request, _pair(request, pk), chosen)


def _pair(request: HttpRequest, pk: UUID, permission: P | None = None) -> DuplicatePair:
    rows = DuplicatePair.objects.visible_to(staff(request), permission)
    return get_object_or_404(rows.select_related("first", "second"), pk=pk)


def _page(
    request: HttpRequest, pair: DuplicatePair, keep: str, status: int = 200, **forms: Any
) -> HttpResponse:
    merging: MergeForm = forms.get("form") or MergeForm(initial={"keep": keep})
    case = queries.case_of(pair, keep)
    plan = plan_of(case) if pair.state == PairState.OPEN else None
    other = KEEPS[1 - KEEPS.index(keep)]
    context = {
        "pair": pair,
        "kind_of_state": PAIR_KINDS[PairState(pair.state)],
        "evidence": evidence_text(pair.evidence),
        "keep": keep,
        "other": other,
        "case": case,
        "lines": queries.side_by_side(case.survivor, case.merged, merging.choices),
        "holds": [(one, queries.told(one)) for one in (case.survivor, case.merged)],
        "plan": plan,
        "groups": _groups(plan) if plan else [],
        "merge": queries.last_merge(pair),
        "form": merging,
        "dismissing": forms.get("dismissing") or ReasonForm(prefix="dismiss"),
        "undoing": forms.get("undoing") or ReasonForm(prefix="undo"),
        "may_decide": DuplicatePair.objects.visible_to(staff(request), P.APPROVE_APPLICATION)
        .filter(pk=pair.pk)
        .exists(),
    }
    return render(request, "members/duplicate_detail.html", context, status=status)


def _groups(plan: Any) -> list[tuple[str, str, list[Any]]]:
    """Return the plan by what happens: a mark, a heading, the lines."""
    heads = (
        (Kind.STOPS, "bad", _("This stops the merge")),
        (Kind.ENDS, "wait", _("This ends or changes")),
        (Kind.MOVES, "move", _("This moves to the record that stays")),
        (Kind.STAYS, "rest", _("This stays as it is")),
    )
    found = [(mark, head, plan.of(kind)) for kind, mark, head in heads]
    return [group for group in found if group[2]]


@desk(post=P.APPROVE_APPLICATION)
def pair_merge(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Merge the two, as planned on the page."""
    pair, form = _pair(request, pk, P.APPROVE_APPLICATION), MergeForm(request.POST)
    if not form.is_valid():
        keep = form.cleaned_data.get("keep", KEEPS[0])
        return _page(request, pair, keep, 400, form=form)
    keep = form.cleaned_data["keep"]
    try:
        return submit_once(request, lambda: _merge(request, pair, keep, form))
    except Refused as refusal:
        form.add_error("reason" if refusal.field == "reason" else None, str(refusal.message))
        return _page(request, _pair(request, pk), keep, refusal.status, form=form)


def _merge(request: HttpRequest, pair: DuplicatePair, keep: str, form: MergeForm) -> str:
    case = queries.case_of(pair, keep)
    actions.merge_people(
        by=staff(request), pair=pair, survivor=case.survivor, choices=form.choices,
        reason=form.cleaned_data["reason"],
    )  # fmt: skip
    messages.success(request, _("The two records are one now. The merge can be undone here."))
    return reverse("members:duplicate-detail", args=[pair.pk])


@desk(post=P.APPROVE_APPLICATION)
def pair_dismiss(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Settle that the two are two people."""
    pair, form = _pair(request, pk, P.APPROVE_APPLICATION), ReasonForm(
        request.POST, prefix="dismiss"
    )  # fmt: skip
    if not form.is_valid():
        return _page(request, pair, KEEPS[0], 400, dismissing=form)
    try:
        actions.dismiss(by=staff(request), pair=pair, reason=form.cleaned_data["reason"])
    except Refused as refusal:
        form.add_error(None, str(refusal.message))
        return _page(request, _pair(request, pk), KEEPS[0], refusal.status, dismissing=form)
    messages.success(request, _("Kept as two people. Only stronger evidence brings them back."))
    return redirect("members:duplicate-list")


@desk(post=P.APPROVE_APPLICATION)
def pair_unmerge(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take the merged record out again."""
    pair, form = _pair(request, pk, P.APPROVE_APPLICATION), ReasonForm(request.POST, prefix="undo")
    merge = queries.last_merge(pair)
    if not form.is_valid() or merge is None:
        return _page(request, pair, KEEPS[0], 400, undoing=form)
    try:
        return submit_once(request, lambda: _unmerge(request, merge, form))
    except Refused as refusal:
        form.add_error(None, str(refusal.message))
        return _page(request, _pair(request, pk), KEEPS[0], refusal.status, undoing=form)


def _unmerge(request: HttpRequest, merge: Any, form: ReasonForm) -> str:
    done = actions.unmerge_people(
        by=staff(request), merge=merge, reason=form.cleaned_data["reason"]
    )
    if done.kept:
        text = ngettext(
            "Two records again. %(count)d row was left as it is: it changed since.",
            "Two records again. %(count)d rows were left as they are: they changed since.",
            len(done.kept),
        )
        messages.warning(request, text % {"count": len(done.kept)})
    else:
        messages.success(request, _("Two records again, everything as before."))
    return reverse("members:duplicate-detail", args=[done.pair_id])


def member_panel(request: HttpRequest, membership: Membership) -> str:
    """Say on the member's page that the person may be on file twice."""
    if not has_permission(request.user, P.VIEW_MEMBERS):
        return ""
    mine = Q(first=membership.person_id) | Q(second=membership.person_id)
    pairs = list(queries.pair_list(staff(request)).filter(mine)[:5])
    if not pairs:
        return ""
    return render_to_string("members/_duplicate_panel.html", {"pairs": pairs}, request)
