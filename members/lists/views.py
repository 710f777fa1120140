"""The list of members: one search box, filters, orders, pages."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache

from members.lists import page as lists
from members.lists import search
from members.lists.columns import chooser, member_table, shown_columns
from members.lists.filters import MemberFilter
from members.lists.forms import SearchForm
from members.lists.page import Order
from members.lists.picker import MOST_SHOWN, find_units, units_for
from members.lists.reach import for_page, members_in_reach
from members.models import Membership
from members.models.bulk import BulkKind
from members.states import Confirmation, PhoneState
from members.views.shared import staff
from unionportal.core import saved
from unionportal.core.paging import Keyset
from unionportal.core.roles import Permission, has_permission
from unionportal.core.tables import Empty
from unionportal.core.views_base import desk

P = Permission
LIST = "members"
ORDERS = {
    order.name: order
    for order in (
        Order("newest", gettext_lazy("newest first"), Keyset("-joined_on", "-pk")),
        Order("oldest", gettext_lazy("oldest first"), Keyset("joined_on", "pk")),
        Order("name", gettext_lazy("by name"), Keyset("key__pinyin", "pk")),
    )
}
NEWEST_FIRST = ORDERS["newest"].keyset
VIEWS = [
    (gettext_lazy("All"), ""),
    (gettext_lazy("Phone not verified"), f"?phone_state={PhoneState.CLAIMED}"),
    (gettext_lazy("Own wish not confirmed"), f"?confirmation={Confirmation.NONE}"),
]


@desk(P.VIEW_MEMBERS)
def member_list(request: HttpRequest) -> HttpResponse:
    """List members, narrowed by the query string, in the order it names."""
    return _list_page(request, request.GET, SearchForm())


@desk(post=P.VIEW_MEMBERS)
@never_cache
def member_find(request: HttpRequest) -> HttpResponse:
    """Read what was typed into the search box: go to the one member, or to the list it means.

    A full ID or phone number is looked up by its blind index and never stands in an address.
    """
    form = SearchForm(request.POST)
    if form.is_valid():
        if form.reading.kind == search.Kind.LONG_NUMBER:
            wanted = form.exact
        elif form.reading.kind == search.Kind.MEMBER_NUMBER:
            wanted = {"member_no": f"GH{form.reading.text}"}
        else:
            return redirect(_address(form.cleaned_data))
        rows = members_in_reach(staff(request)).filter(**wanted).order_by("-joined_on", "-pk")
        if found := rows.values_list("pk", flat=True).first():
            return redirect("members:member-detail", pk=found)
        form.add_error("q", _("Nobody with this number is a member in your area."))
    return _list_page(request, QueryDict(), form)


def _address(data: dict[str, Any]) -> str:
    """Return the list that is searched, with its filters and from its first page."""
    known = QueryDict(data["within"], mutable=True)
    for name in [*known]:
        if name not in MemberFilter.base_filters or name == "read_as":
            del known[name]
    known["q"] = data["q"]
    return f"{reverse('members:member-list')}?{known.urlencode()}"


def _list_page(request: HttpRequest, query: QueryDict, found: SearchForm) -> HttpResponse:
    user = staff(request)
    is_search = bool(query.get("q", "").strip())
    base = members_in_reach(user, is_search=is_search)
    shown = shown_columns(user, query.get("columns", ""))
    filterset = MemberFilter(query, queryset=base, request=request)
    is_fine = filterset.is_valid() and not found.errors
    rows = filterset.qs if is_fine else Membership.objects.none()
    reading = filterset.reading if filterset.is_valid() else None
    order = _order(query, reading)
    parts = reading.parts if reading else []
    page = order.keyset.page(for_page(rows), request, parts=parts)
    empty = Empty(_("Nobody fits this search"), _("Take a filter away, or look for less."))
    decides = has_permission(user, P.APPROVE_APPLICATION)
    table = member_table(page.rows, shown, has_picks=decides, request=request, empty=empty)
    context = {
        "filterset": filterset,
        "form": filterset.form,
        "found": found,
        "page": page,
        "table": table,
        "kinds": BulkKind.choices if decides else [],
        "tabs": _tabs(request),
        "chooser": chooser(user, shown),
        "shares": saved.Share.choices,
        "may_export": has_permission(user, P.EXPORT),
        "export_query": lists.without(query, "size", columns=",".join(shown)),
        "tokens": lists.tokens(filterset.form, query),
        "count": lists.count_words(lists.capped_count(rows)),
        "order": order,
        "orders": _orders(query, order, reading),
        "reading": reading,
        "read_otherwise": _other(query, reading),
    }
    return render(request, "members/member_list.html", context, status=200 if is_fine else 400)


def _order(query: QueryDict, reading: search.Reading | None) -> Order:
    """Return the order asked for; a search keeps the order it was found in."""
    if reading:
        return Order("found", _("in the order of the search"), Keyset(*reading.order))
    return ORDERS.get(query.get("order", ""), ORDERS["newest"])


def _orders(
    query: QueryDict, current: Order, reading: search.Reading | None
) -> list[dict[str, Any]]:
    if reading:
        return []
    return [
        {"label": one.label, "url": lists.without(query, order=one.name), "current": one == current}
        for one in ORDERS.values()
    ]


def _other(query: QueryDict, reading: search.Reading | None) -> dict[str, str] | None:
    """Offer the other reading of letters that may be pinyin or initials."""
    if reading is None or reading.other is None:
        return None
    label = {
        search.Kind.PINYIN: _("Read them as pinyin"),
        search.Kind.INITIALS: _("Read them as initials"),
    }[reading.other]
    return {"label": label, "url": lists.without(query, read_as=reading.other.value)}


def _tabs(request: HttpRequest) -> list[dict[str, Any]]:
    here = request.GET.urlencode(safe=",") if request.method == "GET" else ""
    path = reverse("members:member-list")
    fixed = [
        {"label": label, "url": f"{path}{query}", "current": query.lstrip("?") == here}
        for label, query in VIEWS
    ]
    return fixed + saved.tabs(staff(request), LIST, path, here)


@desk(P.VIEW_ORGANISATION)
def unit_pick(request: HttpRequest) -> HttpResponse:
    """Return the units that fit what is being typed into a picker, as a fragment."""
    text = next((v for name, v in request.GET.items() if name.endswith("_text")), "")[:60]
    found = find_units(units_for(staff(request), request.GET.get("for", "look")), text)
    context = {"units": found[:MOST_SHOWN], "has_more": len(found) > MOST_SHOWN, "text": text}
    return render(request, "members/_unit_picks.html", context)
