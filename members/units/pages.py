"""The pages of one unit beside its first: committees, papers, history; and what to see to."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from members.models import UnionUnit, UnitChange
from members.queries.bodies import REMINDERS, committees_of, reminder_counts
from members.queries.history import timeline_of
from members.queries.organisation import unit_ancestors
from members.queries.structure import members_below_on
from members.states import UnitStatus
from members.tables import UNIT_KINDS
from members.units.as_of import AsOfForm
from members.views.shared import staff
from unionportal.core.paging import Keyset
from unionportal.core.roles import Permission
from unionportal.core.views_base import desk

P = Permission
PAST_SHOWN = 50


def seen_unit(request: HttpRequest, pk: UUID) -> UnionUnit:
    """Return a unit the reader may see, or 404."""
    rows = UnionUnit.objects.visible_to(staff(request)).select_related("area", "industrial_parent")
    found: UnionUnit = get_object_or_404(rows, pk=pk)
    return found


def frame(request: HttpRequest, unit: UnionUnit, here: str) -> dict[str, Any]:
    """Return what the head of every page of a unit needs; `here` names the tab."""
    user = staff(request)
    records = UnionUnit.objects.visible_to(user, P.KEEP_UNIT_RECORDS).filter(pk=unit.pk)
    reorganise = UnionUnit.objects.visible_to(user, P.MANAGE_ORGANISATION).filter(pk=unit.pk)
    pages = (
        ("unit-detail", _("Overview")),
        ("unit-committees", _("Committees")),
        ("unit-papers", _("Papers")),
        ("unit-history", _("History")),
    )
    stands = unit.status != UnitStatus.DISSOLVED
    return {
        "unit": unit,
        "above": unit_ancestors(user, unit),
        "tabs": [
            {
                "label": label, "url": reverse(f"members:{name}", args=[unit.pk]),
                "current": name == here, "count": None,
            }
            for name, label in pages
        ],
        "kind_of_state": UNIT_KINDS[UnitStatus(unit.status)],
        "may_record": stands and records.exists(),
        "may_reorganise": stands and not unit.is_external and reorganise.exists(),
    }  # fmt: skip


@desk(P.VIEW_ORGANISATION)
def unit_committees(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show who was elected, for how long, and what is due."""
    unit = seen_unit(request, pk)
    today = timezone.localdate()
    rows = list(committees_of(unit)[:PAST_SHOWN])
    context = {
        **frame(request, unit, "unit-committees"),
        "now": [(row, row.is_overdue(today)) for row in rows if row.ended_on is None],
        "past": [row for row in rows if row.ended_on is not None],
    }
    return render(request, "members/unit_committees.html", context)


@desk(P.VIEW_ORGANISATION)
def unit_papers(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show the certificate with its filings, contracts, replies from above and plaques."""
    unit = seen_unit(request, pk)
    today = timezone.localdate()
    held = unit.certificates.prefetch_related("filings").order_by("-issued_on")
    certificates = list(held[:PAST_SHOWN])
    now = certificates[0] if certificates and certificates[0].ended_on is None else None
    context = {
        **frame(request, unit, "unit-papers"),
        "certificate": now,
        "is_renewable": now is not None and now.is_renewable(today),
        "is_expired": now is not None and now.valid_to < today,
        "past": [one for one in certificates if one is not now],
        "filings": now.filings.all() if now else [],
        "today": today,
        "replies": unit.replies.order_by("-replied_on", "-pk")[:PAST_SHOWN],
        "contracts": unit.contracts.annotate(firms=Count("covered")).order_by("-signed_on", "-pk")[
            :PAST_SHOWN
        ],
        "plaques": unit.plaques.order_by("-granted_on", "-pk")[:PAST_SHOWN],
    }
    return render(request, "members/unit_papers.html", context)


@desk(P.VIEW_ORGANISATION)
def unit_history(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show where the unit stood, what became of it, and how many members it had on a day."""
    unit = seen_unit(request, pk)
    form = AsOfForm(request.GET or None)
    day = form.cleaned_data["day"] if form.is_bound and form.is_valid() else None
    changes = UnitChange.objects.filter(unit=unit) | UnitChange.objects.filter(target=unit)
    context = {
        **frame(request, unit, "unit-history"),
        "form": form,
        "day": day,
        "members_then": members_below_on(unit, day) if day else None,
        "placements": unit.placements.select_related("parent").order_by("-started_on"),
        "industrial": unit.industrial_placements.select_related("parent").order_by("-started_on"),
        "changes": changes.select_related("unit", "target").order_by("-happened_on", "-pk")[
            :PAST_SHOWN
        ],
        "entries": timeline_of(unit),
    }
    status = 400 if form.is_bound and not form.is_valid() else 200
    return render(request, "members/unit_history.html", context, status=status)


@desk(P.VIEW_ORGANISATION)
def unit_reminders(request: HttpRequest) -> HttpResponse:
    """List what has to be seen to: elections, chairs, certificates, filings; oldest first."""
    user, today = staff(request), timezone.localdate()
    counts = reminder_counts(user, today)
    asked = request.GET.get("kind", "")
    first = next((code for code, count in counts.items() if count), "overdue")
    kind = REMINDERS.get(asked) or REMINDERS[first]
    page = Keyset("due", "pk").page(kind.rows(user, today), request)
    context = {
        "kind": kind,
        "page": page,
        "rows": [(_unit_of(row), row) for row in page.rows],
        "tabs": [
            {"label": one.label, "url": f"?kind={code}", "count": counts[code],
             "current": one is kind}
            for code, one in REMINDERS.items()
        ],
        "total": sum(counts.values()),
        "target": "unit-papers" if kind.code in ("certificate", "filing") else "unit-committees",
    }  # fmt: skip
    return render(request, "members/unit_reminders.html", context)


def _unit_of(row: Any) -> UnionUnit:
    if isinstance(row, UnionUnit):
        return row
    holder = getattr(row, "certificate", row)
    unit: UnionUnit = holder.unit
    return unit
