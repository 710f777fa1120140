"""Accounts typed for members: entered by one officer, confirmed by another."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from benefits.account_tables import AccountTable, account_word
from benefits.actions import accounts
from benefits.forms import AccountForm, ReasonForm
from benefits.models import PayeeAccount
from benefits.models.cards import PayeeAccountQuerySet
from benefits.states.cards import AccountSource, AccountState
from benefits.views.shared import act, posted, staff, status_of, submitted
from members.models import Membership
from unionportal.core.paging import Keyset
from unionportal.core.roles import Permission, has_permission
from unionportal.core.tables import Empty
from unionportal.core.views_base import desk

P = Permission


def _typed(request: HttpRequest, permission: P = P.VIEW_CARDS) -> PayeeAccountQuerySet:
    rows = PayeeAccount.objects.visible_to(request.user, permission).typed()
    return rows.select_related("person", "created_by", "confirmed_by").defer(
        "number", "notice_phone", "person__id_number", "person__phone"
    )


@desk(P.VIEW_CARDS)
def account_list(request: HttpRequest) -> HttpResponse:
    """List typed accounts, newest first: those that wait, rest or count, and the closed."""
    rows = _typed(request)
    state = request.GET.get("state", "")
    if state in AccountState.values:
        rows = rows.filter(state=state)
    page = Keyset("-created_at", "-pk").page(rows, request)
    tabs = [{"label": _("All"), "url": "?", "current": state not in AccountState.values}]
    tabs += [
        {"label": one.label, "url": f"?state={one}", "current": state == one}
        for one in AccountState
    ]
    empty = Empty(
        _("No account was typed"),
        _("Accounts come with the bank's card files. Type one on the member's page if need be."),
    )
    table = AccountTable(page.rows, request=request, empty=empty)
    context = {"page": page, "tabs": tabs, "table": table}
    return render(request, "benefits/account_list.html", context)


@desk(get=P.ENTER_ACCOUNTS, post=P.ENTER_ACCOUNTS)
def account_enter(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Type a bank card for a member."""
    rows = Membership.objects.visible_to(request.user, P.ENTER_ACCOUNTS)
    membership = get_object_or_404(rows.select_related("person"), pk=pk)
    person = membership.person
    form = AccountForm(posted(request), initial={"holder_name": person.name})

    def run() -> str:
        made = accounts.enter(
            by=staff(request), person=person, number=form.cleaned_data["number"],
            holder_name=form.cleaned_data["holder_name"],
        )  # fmt: skip
        messages.success(request, _("The account is written down. Another person confirms it now."))
        return reverse("benefits:payee-detail", args=[made.pk])

    context = {"form": form, "membership": membership, "name": person.name}
    return submitted(request, form, run) or render(
        request, "benefits/account_enter.html", context, status=status_of(form)
    )


@desk(P.VIEW_CARDS)
def account_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show a typed account: who typed and confirmed it, from when money goes there."""
    account = get_object_or_404(_typed(request), pk=pk)
    user = staff(request)
    may = has_permission(user, P.MANAGE_CARDS)
    waits = account.state == AccountState.HELD
    kind, word = account_word(account)
    context = {
        "account": account,
        "kind": kind,
        "word": word,
        "rests": account.usable_from is not None and account.usable_from > timezone.now(),
        "may_confirm": may and waits and account.created_by != user,
        "may_close": may and account.state != AccountState.CLOSED,
        "by_member": account.source == AccountSource.MEMBER,
        "form": ReasonForm(),
    }
    return render(request, "benefits/account_confirm.html", context)


@desk(post=P.MANAGE_CARDS)
def account_confirm(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Confirm a typed account as a second person."""
    account = get_object_or_404(_typed(request, P.MANAGE_CARDS), pk=pk)
    return act(
        request,
        lambda: accounts.confirm(by=staff(request), account=account),
        _("Confirmed. Money may go there after 24 hours; the member was texted."),
        reverse("benefits:payee-detail", args=[pk]),
    )


@desk(post=P.MANAGE_CARDS)
def account_close(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Close a typed account with a reason."""
    account = get_object_or_404(_typed(request, P.MANAGE_CARDS), pk=pk)
    reason = request.POST.get("reason", "")
    return act(
        request,
        lambda: accounts.close(by=staff(request), account=account, reason=reason),
        _("Closed. The account used before counts again."),
        reverse("benefits:payee-detail", args=[pk]),
    )
