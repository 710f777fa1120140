"""Members: page and reveal."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache

from members import panels, queries
from members.actions.stopping import stopped
from members.forms import RevealForm
from members.models import Application, Membership
from members.queries import member_page
from members.queries.history import looks_at, timeline_of, with_membership_past
from members.states import MembershipState
from members.tables import MEMBERSHIP_KINDS
from members.views.shared import member, staff
from members.views.standing import steps_of
from unionportal.core import reveal
from unionportal.core.errors import Refused
from unionportal.core.roles import Permission, has_permission
from unionportal.core.views_base import desk

P = Permission


@desk(P.VIEW_MEMBERS)
@never_cache
def member_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show a member, everything masked."""
    return _member_page(request, member(request, pk))


@desk(post=P.REVEAL)
@never_cache
def member_reveal(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show one full number in place, with a reason; logged and limited."""
    membership = member(request, pk, P.REVEAL)
    form = RevealForm(request.POST)
    shown: dict[str, str] = {}
    status = 400
    if membership.person.stopped_at:
        form.add_error("reason", str(stopped(membership).message))
    elif form.is_valid():
        field = form.cleaned_data["field"]
        try:
            value = reveal.reveal(
                membership.person, field, by=staff(request), reason=form.cleaned_data["reason"]
            )
        except Refused as refusal:
            form.add_error("reason", str(refusal.message))
            status = refusal.status
        else:
            shown, status = {field: value}, 200
    return _member_page(request, membership, shown=shown, reveal_form=form, status=status)


def _member_page(
    request: HttpRequest,
    membership: Membership,
    shown: dict[str, str] | None = None,
    reveal_form: RevealForm | None = None,
    status: int = 200,
) -> HttpResponse:
    user, person = staff(request), membership.person
    application = Application.objects.filter(membership=membership).select_related("decision")
    source = application.defer("id_number", "phone").first()
    may_reveal = has_permission(user, P.REVEAL)
    context = {
        "membership": membership,
        "person": person,
        "application": source,
        "kind_of_state": MEMBERSHIP_KINDS[MembershipState(membership.state)],
        "entries": with_membership_past(timeline_of(membership, source, person), membership),
        "looks": looks_at(person),
        "panels": panels.render(request, membership),
        "shown": shown or {},
        "reveal_form": reveal_form,
        "may_reveal": may_reveal and not person.stopped_at,
        "may_transfer": has_permission(user, P.ENROL)
        and not (person.stopped_at or membership.unit.is_external),
        "looks_left": reveal.looks_left(user),
        "is_widely_shared": bool(
            person.phone_index and queries.is_widely_shared(person.phone_index)
        ),
        "steps": steps_of(membership),
        **member_page.of(membership, user, may_reveal=may_reveal),
    }
    return render(request, "members/member_detail.html", context, status=status)
