"""Certificates on the desk: one, withdraw, issue again, sheets to print."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from members.certificates import actions, queries
from members.certificates.forms import SheetForm
from members.forms import ReasonForm
from members.models import MemberCertificate, Membership
from members.views.shared import staff
from unionportal.core.errors import Refused
from unionportal.core.roles import Permission, has_permission
from unionportal.core.views_base import desk

P = Permission


@desk(P.VIEW_MEMBERS)
@never_cache
def certificate(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show a member's certificate for printing, with the code anybody can verify."""
    return _page(request, _membership(request, pk))


def _membership(request: HttpRequest, pk: UUID, permission: P = P.VIEW_MEMBERS) -> Membership:
    reached = Membership.objects.visible_to(staff(request), permission).filter(pk=pk)
    get_object_or_404(reached.only("pk"))
    found: Membership = get_object_or_404(queries.printable(staff(request)), pk=pk)
    return found


def _page(
    request: HttpRequest, membership: Membership, status: int = 200, **forms: ReasonForm
) -> HttpResponse:
    context = {
        "membership": membership,
        "face": queries.faces([membership])[0],
        "certificate": getattr(membership, "certificate", None),
        "earlier": membership.revoked_certificates.order_by("-revoked_at"),
        "may_change": has_permission(request.user, P.APPROVE_APPLICATION),
        "reissue_form": ReasonForm(auto_id="reissue_%s"),
        "revoke_form": ReasonForm(auto_id="revoke_%s"),
        **forms,
    }
    return render(request, "members/certificate.html", context, status=status)


@desk(post=P.APPROVE_APPLICATION)
def certificate_reissue(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Issue the certificate again under a new code."""
    done = _("A new certificate was issued; the old code does not work any more.")
    return _change(request, pk, actions.reissue, done, "reissue")


@desk(post=P.APPROVE_APPLICATION)
def certificate_revoke(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Withdraw the certificate."""
    return _change(request, pk, actions.revoke, _("The certificate was withdrawn."), "revoke")


def _change(
    request: HttpRequest, pk: UUID, act: Callable[..., MemberCertificate], done: str, name: str
) -> HttpResponse:
    membership = _membership(request, pk, P.APPROVE_APPLICATION)
    form, status = ReasonForm(request.POST, auto_id=f"{name}_%s"), 400
    if form.is_valid():
        try:
            act(by=staff(request), membership=membership, reason=form.cleaned_data["reason"])
        except Refused as refusal:
            status = refusal.status
            form.add_error(None, str(refusal.message))
        else:
            messages.success(request, done)
            return redirect("members:certificate", pk=pk)
    return _page(request, _membership(request, pk), status, **{f"{name}_form": form})


@desk(get=P.VIEW_MEMBERS, post=P.VIEW_MEMBERS)
@never_cache
def certificate_sheet(request: HttpRequest) -> HttpResponse:
    """Choose members and print their certificates, four to an A4 sheet or one to an A6."""
    user = staff(request)
    if request.method != "POST":
        form = SheetForm(user=user, initial={"unit": request.GET.get("unit", "")})
        return render(request, "members/certificate_choose.html", {"form": form})
    form = SheetForm(request.POST, user=user)
    chosen = _chosen(request, form) if form.is_valid() else []
    if form.is_valid() and not chosen:
        form.add_error(None, _("No member with a certificate in force was found here."))
    if form.errors:
        return render(request, "members/certificate_choose.html", {"form": form}, status=400)
    shown = queries.faces(chosen)
    printed = [face for face in shown if face.url]
    actions.log_printed(by=user, memberships=[face.membership for face in printed])
    context = {
        "form": form,
        "faces": printed,
        "left_out": [face.membership for face in shown if not face.url],
        "paper": form.cleaned_data["paper"],
        "last": chosen[-1].member_no if len(chosen) == queries.MOST_ON_A_SHEET else "",
    }
    return render(request, "members/certificate_sheet.html", context)


def _chosen(request: HttpRequest, form: SheetForm) -> list[Membership]:
    """Return the members meant; a number that is not found is named in the form."""
    data, user = form.cleaned_data, staff(request)
    if not data["numbers"]:
        return queries.of_unit(
            user, data["unit"], joined_from=data["joined_from"], after=data["after"]
        )
    found = list(queries.printable(user).filter(member_no__in=data["numbers"]))
    missing = sorted(set(data["numbers"]) - {one.member_no for one in found})
    if missing:
        form.add_error(
            "numbers",
            _("Not found in your area: %(numbers)s") % {"numbers": "、".join(missing[:10])},
        )
    return found
