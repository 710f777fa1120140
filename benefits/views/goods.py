"""Goods and points at the desk: stores, handing out against a signature, the points shop."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _

from benefits.actions import goods, points
from benefits.goods_forms import HandOutForm, ItemForm, ReceiveForm, RedeemForm
from benefits.goods_tables import HandOutTable, StockTable
from benefits.merging_points import points_of
from benefits.models import Entitlement, HandOut, Stock
from benefits.views.shared import act, posted, staff, status_of, submitted
from members.models import Membership
from unionportal.core.paging import Keyset
from unionportal.core.roles import Permission, has_permission
from unionportal.core.tables import Empty
from unionportal.core.views_base import desk

P = Permission


def _stocks(request: HttpRequest) -> QuerySet[Stock]:
    return Stock.objects.visible_to(request.user).select_related("item", "store")


@desk(P.HAND_OUT)
def goods_list(request: HttpRequest) -> HttpResponse:
    """Show the stores' goods in reach, and a form for what came in."""
    page = Keyset("item__code", "pk").page(_stocks(request), request)
    empty = Empty(_("No goods yet"), _("Name goods first, then record what came into a store."))
    context = {
        "page": page,
        "table": StockTable(page.rows, request=request, empty=empty),
        "form": ReceiveForm(user=staff(request)),
        "may_add": has_permission(request.user, P.MANAGE_PROGRAMMES),
    }
    return render(request, "benefits/goods_list.html", context)


@desk(post=P.HAND_OUT)
def goods_receive(request: HttpRequest) -> HttpResponse:
    """Record what came into a store, or what a count found."""
    form = ReceiveForm(request.POST, user=staff(request))

    def run() -> str:
        data = form.cleaned_data
        stock = goods.receive(by=staff(request), **data)
        messages.success(
            request,
            _("%(item)s: %(count)d in the store now.")
            % {"item": stock.item.name, "count": stock.on_hand},
        )
        return reverse("benefits:goods-list")

    done = submitted(request, form, run)
    return done or render(
        request, "benefits/goods_receive.html", {"form": form}, status=status_of(form)
    )


@desk(get=P.MANAGE_PROGRAMMES, post=P.MANAGE_PROGRAMMES)
def goods_new(request: HttpRequest) -> HttpResponse:
    """Name something that can be handed out."""
    form = ItemForm(posted(request))

    def run() -> str:
        data = dict(form.cleaned_data)
        item = goods.add_item(
            by=staff(request), code=data["code"], name_zh=data["name_zh"],
            name_en=data["name_en"], value_fen=data["value"], price=data["points"],
        )  # fmt: skip
        messages.success(request, _("“%(name)s” can be handed out now.") % {"name": item.name})
        return reverse("benefits:goods-list")

    return submitted(request, form, run) or render(
        request, "benefits/goods_form.html", {"form": form}, status=status_of(form)
    )


@desk(get=P.HAND_OUT, post=P.HAND_OUT)
def entitlement_hand_out(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Hand a right's goods out against a signature, drawn on the screen or a picture."""
    rows = Entitlement.objects.visible_to(request.user, P.HAND_OUT)
    rows = rows.select_related("person", "employer", "programme", "version__item")
    right = get_object_or_404(rows.filter(version__item__isnull=False), pk=pk)
    stocks = _stocks(request).filter(item=right.version.item, on_hand__gt=0)
    form = HandOutForm(posted(request), request.FILES or None, stocks=stocks)

    def run() -> str:
        upload = form.cleaned_data["signature"]
        goods.hand_out(
            by=staff(request), entitlement=right, stock=form.cleaned_data["stock"],
            signature=upload.store(by=staff(request), kind="signature") if upload else None,
        )  # fmt: skip
        messages.success(request, _("Handed out and signed for."))
        return reverse("benefits:hand-out-list")

    context = {"form": form, "right": right, "owner": right.person or right.employer,
               "has_stock": stocks.exists()}  # fmt: skip
    return submitted(request, form, run) or render(
        request, "benefits/hand_out.html", context, status=status_of(form)
    )


@desk(P.HAND_OUT)
def hand_out_list(request: HttpRequest) -> HttpResponse:
    """List what was handed out, newest first."""
    rows = HandOut.objects.visible_to(request.user).select_related(
        "stock__item", "stock__store", "entitlement__person", "entitlement__employer", "person",
        "given_by",
    ).defer("person__id_number", "person__phone", "entitlement__person__id_number",
            "entitlement__person__phone")  # fmt: skip
    page = Keyset("-given_at", "-pk").page(rows, request)
    empty = Empty(_("Nothing handed out yet"), _("Goods signed for and points exchanged."))
    context = {"page": page, "table": HandOutTable(page.rows, request=request, empty=empty)}
    return render(request, "benefits/hand_out_list.html", context)


@desk(P.HAND_OUT)
def hand_out_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show one hand-out with its signature, and the way to undo it."""
    rows = HandOut.objects.visible_to(request.user).select_related(
        "stock__item", "stock__store", "entitlement__person", "entitlement__employer",
        "entitlement__programme", "person", "given_by", "undone_by",
    )  # fmt: skip
    given = get_object_or_404(rows, pk=pk)
    right = given.entitlement
    owner: Any = (right.person or right.employer) if right else given.person
    return render(request, "benefits/hand_out_detail.html", {"given": given, "owner": owner})


@desk(post=P.HAND_OUT)
def hand_out_undo(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take a hand-out back with a reason."""
    rows = HandOut.objects.visible_to(request.user).select_related("stock", "entitlement")
    given = get_object_or_404(rows, pk=pk)
    reason = request.POST.get("reason", "")
    return act(
        request,
        lambda: goods.undo(by=staff(request), given=given, reason=reason),
        _("Taken back: the goods are in the store again."),
        reverse("benefits:hand-out-detail", args=[pk]),
    )


@desk(get=P.HAND_OUT, post=P.HAND_OUT)
def member_redeem(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Exchange a member's points for goods."""
    rows = Membership.objects.visible_to(request.user, P.HAND_OUT).select_related("person")
    membership = get_object_or_404(rows, pk=pk)
    stocks = _stocks(request).filter(item__points__isnull=False, on_hand__gt=0)
    form = RedeemForm(posted(request), stocks=stocks)

    def run() -> str:
        given = points.redeem(
            by=staff(request), membership=membership, stock=form.cleaned_data["stock"],
            quantity=form.cleaned_data["quantity"],
        )  # fmt: skip
        messages.success(request, _("Exchanged for %(points)d points.") % {"points": given.points})
        return reverse("benefits:hand-out-detail", args=[given.pk])

    context = {
        "form": form, "membership": membership, "balance": points_of(membership.person_id),
        "has_stock": stocks.exists(),
        "moves": membership.person.points_movements.select_related("entitlement__programme")
        .order_by("-pk")[:20],
    }  # fmt: skip
    return submitted(request, form, run) or render(
        request, "benefits/redeem.html", context, status=status_of(form)
    )
