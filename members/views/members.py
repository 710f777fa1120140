"""Members: list, search, page, reveal, certificate."""

from __future__ import annotations

from uuid import UUID

import segno
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache

from members import panels, queries
from members.forms import RevealForm
from members.models import Application, Membership
from members.queries.history import looks_at, timeline_of, with_membership_past
from members.states import MembershipState
from members.tables import MEMBERSHIP_KINDS
from members.views.shared import staff
from unionportal.core import reveal
from unionportal.core.errors import Refused
from unionportal.core.roles import Permission, has_permission
from unionportal.core.views_base import desk

P = Permission


@desk(P.VIEW_MEMBERS)
@never_cache
def member_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show a member, everything masked."""
    return _member_page(request, _member(request, pk))


@desk(post=P.REVEAL)
@never_cache
def member_reveal(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show one full number in place, with a reason; logged and limited."""
    membership = _member(request, pk, P.REVEAL)
    form = RevealForm(request.POST)
    shown: dict[str, str] = {}
    status = 400
    if form.is_valid():
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


def _member(request: HttpRequest, pk: UUID, permission: P | None = None) -> Membership:
    rows = Membership.objects.visible_to(staff(request), permission).select_related(
        "person", "unit__area", "group", "employer", "certificate"
    )
    found: Membership = get_object_or_404(rows.defer("person__id_number", "person__phone"), pk=pk)
    return found


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
    context = {
        "membership": membership,
        "person": person,
        "application": source,
        "kind_of_state": MEMBERSHIP_KINDS[MembershipState(membership.state)],
        "affiliations": membership.affiliations.select_related("unit", "employer").order_by(
            "-started_on", "-pk"
        ),
        "groups": membership.group_history.select_related("group").order_by("-started_on"),
        "consents": person.consents.order_by("given_at"),
        "entries": with_membership_past(timeline_of(membership, source, person), membership),
        "looks": looks_at(person),
        "panels": panels.render(request, membership),
        "shown": shown or {},
        "reveal_form": reveal_form,
        "may_reveal": has_permission(user, P.REVEAL),
        "may_transfer": has_permission(user, P.ENROL),
        "looks_left": reveal.looks_left(user),
        "is_widely_shared": bool(
            person.phone_index and queries.is_widely_shared(person.phone_index)
        ),
    }
    return render(request, "members/member_detail.html", context, status=status)


@desk(P.VIEW_MEMBERS)
@never_cache
def certificate(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show a member's certificate for printing, with the code anybody can verify."""
    membership = _member(request, pk)
    token = membership.certificate.token
    url = f"{settings.PUBLIC_URL}/verify/{token}/"
    context = {
        "membership": membership,
        "person": membership.person,
        "url": url,
        "qr": segno.make(url, error="m").svg_data_uri(scale=4, border=2),
    }
    return render(request, "members/certificate.html", context)
