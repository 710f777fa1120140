"""The holding pool: members with no unionised employer, and the way into a union."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from members.actions import reorganisation
from members.forms import only_employer_of
from members.models import Membership
from members.people_forms import PoolMoveForm
from members.queries.pool import in_pool
from members.tables import PoolTable
from members.views.shared import staff
from unionportal.core.errors import Refused
from unionportal.core.idempotency import submit_once
from unionportal.core.paging import Keyset
from unionportal.core.roles import Permission, has_permission
from unionportal.core.tables import Empty
from unionportal.core.views_base import desk

P = Permission
LONGEST_FIRST = Keyset("joined_on", "pk")
MOST_AT_ONCE = 500


@desk(get=P.VIEW_MEMBERS, post=P.APPROVE_APPLICATION)
def holding_pool(request: HttpRequest) -> HttpResponse:
    """List who waits in the pools in reach, the longest first; move the picked into a union."""
    may_move = has_permission(request.user, P.APPROVE_APPLICATION)
    typed = request.POST if request.method == "POST" else None
    form = PoolMoveForm(typed, user=staff(request)) if may_move else None
    status = 200
    if request.method == "POST" and form is not None:
        status = 400
        ids, is_filled = _picked(request), form.is_valid()
        if not ids:
            form.add_error(None, _("Pick at least one member."))
        elif is_filled:
            try:
                return submit_once(request, lambda: _move(request, form, ids))
            except Refused as refusal:
                status = refusal.status
                known = {"moved_on": "day"}.get(refusal.field or "", refusal.field)
                form.add_error(known if known in form.fields else None, str(refusal.message))
    page = LONGEST_FIRST.page(in_pool(staff(request)), request)
    empty = Empty(_("Nobody in the pool"), _("Every member belongs to a union."))
    context = {
        "page": page,
        "table": PoolTable(
            page.rows, request=request, empty=empty, exclude=() if may_move else ("pick",)
        ),
        "form": form,
    }
    return render(request, "members/holding_pool.html", context, status=status)


def _picked(request: HttpRequest) -> list[UUID]:
    ids = []
    for text in request.POST.getlist("ids")[:MOST_AT_ONCE]:
        try:
            ids.append(UUID(text))
        except ValueError:
            continue
    return ids


def _move(request: HttpRequest, form: PoolMoveForm, ids: list[UUID]) -> str:
    by, data = staff(request), form.cleaned_data
    rows = Membership.objects.visible_to(by, P.APPROVE_APPLICATION).filter(pk__in=ids)
    moved = reorganisation.transfer_members(
        by=by, memberships=rows, unit=data["unit"], moved_on=data["day"],
        employer=only_employer_of(data["unit"]), reason=_("out of the holding pool"),
    )  # fmt: skip
    messages.success(
        request,
        ngettext(
            "%(count)d member was moved to %(unit)s.", "%(count)d members were moved to %(unit)s.",
            len(moved),
        ) % {"count": len(moved), "unit": data["unit"].name},
    )  # fmt: skip
    return reverse("members:holding-pool")
