"""Move, split, merge and close: a form, a preview of what it takes along, then the change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from members.actions.structure import move_unit
from members.actions.unit_changes import close_unit, merge_units, split_unit
from members.models import UnionUnit, UnitChange
from members.queries.structure import plan_of, standing_below
from members.units.forms import CloseForm, MergeForm, MoveForm, PaperForm, SplitForm
from members.views.shared import staff
from unionportal.core.errors import Refused
from unionportal.core.idempotency import submit_once
from unionportal.core.models import User
from unionportal.core.roles import Permission
from unionportal.core.views_base import desk

P = Permission
Run = Callable[[User, UnionUnit, Any], list[UnitChange]]
# Names of units that go along, shown in a preview.
MOST_NAMES = 30


@dataclass(frozen=True)
class ChangeKind:
    """One way to change the tree: its words, its form, what it does."""

    title: str | Promise
    lead: str | Promise
    button: str | Promise
    form: type[PaperForm]
    run: Run


def _move(user: User, unit: UnionUnit, form: MoveForm) -> list[UnitChange]:
    data, paper = form.cleaned_data, form.paper
    area = data["target"].area if data["takes_area"] else None
    change = move_unit(
        by=user, unit=unit, parent=data["target"], moved_on=paper.on, reason=paper.reason,
        document_no=paper.document_no, area=area,
    )  # fmt: skip
    return [change]


def _split(user: User, unit: UnionUnit, form: SplitForm) -> list[UnitChange]:
    return [split_unit(by=user, unit=unit, into=form.target(), part=form.part, paper=form.paper)]


def _merge(user: User, unit: UnionUnit, form: MergeForm) -> list[UnitChange]:
    target = form.cleaned_data["target"]
    return merge_units(by=user, units=form.sources(), into=target, paper=form.paper)


def _close(user: User, unit: UnionUnit, form: CloseForm) -> list[UnitChange]:
    data = form.cleaned_data
    change = close_unit(
        by=user, unit=unit, paper=form.paper, to=data["target"], retains=data["retains"]
    )
    return [change]


KINDS = {
    "move": ChangeKind(
        gettext_lazy("Move a unit"),
        gettext_lazy("It takes its members and the units below along. Earlier days still count "
                     "them where they were."),
        gettext_lazy("Move the unit"), MoveForm, _move,
    ),
    "split": ChangeKind(
        gettext_lazy("Split a unit"),
        gettext_lazy("A part of its employers, members and units goes to another unit."),
        gettext_lazy("Split the unit"), SplitForm, _split,
    ),
    "merge": ChangeKind(
        gettext_lazy("Merge a unit into another"),
        gettext_lazy("Members, employers, waiting applications and the units below go to the "
                     "other unit; this one is dissolved."),
        gettext_lazy("Merge the units"), MergeForm, _merge,
    ),
    "close": ChangeKind(
        gettext_lazy("Close a unit"),
        gettext_lazy("The unit and the units below it are dissolved. The members keep their "
                     "membership and go to another unit."),
        gettext_lazy("Close the unit"), CloseForm, _close,
    ),
}  # fmt: skip


@desk(get=P.MANAGE_ORGANISATION, post=P.MANAGE_ORGANISATION)
def unit_move(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Hang a unit elsewhere."""
    return _change(request, pk, KINDS["move"])


@desk(get=P.MANAGE_ORGANISATION, post=P.MANAGE_ORGANISATION)
def unit_split(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Let a part of a unit leave."""
    return _change(request, pk, KINDS["split"])


@desk(get=P.MANAGE_ORGANISATION, post=P.MANAGE_ORGANISATION)
def unit_merge(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Merge a unit into another."""
    return _change(request, pk, KINDS["merge"])


@desk(get=P.MANAGE_ORGANISATION, post=P.MANAGE_ORGANISATION)
def unit_close(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Dissolve a unit and see its members on."""
    return _change(request, pk, KINDS["close"])


def _change(request: HttpRequest, pk: UUID, kind: ChangeKind) -> HttpResponse:
    user = staff(request)
    rows = UnionUnit.objects.visible_to(user, P.MANAGE_ORGANISATION).select_related("area")
    unit: UnionUnit = get_object_or_404(rows, pk=pk)
    form = kind.form(request.POST or None, unit=unit, user=user)
    status, preview = 200, None
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                if "confirmed" in request.POST:
                    return submit_once(request, lambda: _do(request, unit, kind, form))
                if "edit" not in request.POST:
                    preview = _preview(user, unit, kind, form)
                status = 200
            except Refused as refusal:
                field = refusal.field if refusal.field in form.fields else None
                form.add_error(field, str(refusal.message))
                status = refusal.status
    context = {
        "unit": unit, "kind": kind, "form": form, "preview": preview,
        "is_backdated": preview is not None and form.paper.on < timezone.localdate(),
    }  # fmt: skip
    return render(request, "members/unit_change.html", context, status=status)


def _do(request: HttpRequest, unit: UnionUnit, kind: ChangeKind, form: Any) -> str:
    changes = kind.run(staff(request), unit, form)
    members = sum(change.members for change in changes)
    messages.success(
        request,
        _("“%(unit)s”: done. %(count)d members went along.")
        % {"unit": unit.name, "count": members},
    )
    seen = changes[0].target or unit if kind.form is MergeForm else unit
    return reverse("members:unit-history", args=[seen.pk])


def _preview(user: User, unit: UnionUnit, kind: ChangeKind, form: Any) -> dict[str, Any]:
    """Return what the change will do, found by doing it and taking it back."""
    before = _before(unit, form)
    with transaction.atomic():
        changes = kind.run(user, unit, form)
        transaction.set_rollback(True)
    target = changes[0].target
    is_new = isinstance(form, SplitForm) and bool(form.cleaned_data["new_name"])
    return {
        **before,
        "members": sum(change.members for change in changes),
        "employers": sum(change.employers for change in changes),
        "units": sum(change.units for change in changes),
        "target": target,
        "target_url": "" if is_new or target is None else target.pk,
        "retains": form.cleaned_data.get("retains", False),
    }


def _before(unit: UnionUnit, form: Any) -> dict[str, Any]:
    branch = standing_below(unit)
    if isinstance(form, SplitForm):
        plan = plan_of(form.part.condition, units=[unit], employers=form.part.employers)
        chosen = set(form.part.units)
        branch = [one for one in branch if str(one.pk) in chosen]
    elif isinstance(form, MergeForm):
        # What hangs below keeps its own members; only it moves.
        plan = plan_of(Q(), units=form.sources())
        branch = [one for source in form.sources() for one in standing_below(source)]
    else:
        plan = plan_of(Q(), units=branch)
    names = [one.name for one in branch if one.pk != unit.pk]
    is_moved = isinstance(form, MoveForm)
    return {
        "active": plan.active,
        "retained": plan.retained,
        "applications": 0 if is_moved or isinstance(form, SplitForm) else plan.applications,
        "names": names[:MOST_NAMES],
        "more": max(0, len(names) - MOST_NAMES),
    }
