"""Move many members of a unit: the filter, the list, the move."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache

from members.fields import LookupChoiceField
from members.forms import EmployerByName
from members.models import Employer, Membership, UnionUnit, WorkerGroup
from members.transfers import bulk
from members.transfers.forms import unknown_unit
from members.transfers.queries import find_unit
from members.views.shared import staff
from unionportal.core.errors import Refused
from unionportal.core.forms import DateInput
from unionportal.core.idempotency import submit_once
from unionportal.core.models import Job, User
from unionportal.core.roles import Permission
from unionportal.core.views_base import desk

P = Permission
SHOWN = 20


class MoveManyForm(EmployerByName, forms.Form):
    """Who goes, where to, since when."""

    of_employer = forms.CharField(
        label=gettext_lazy("Only of the employer"), max_length=120, required=False,
        help_text=gettext_lazy("Full name or credit code"),
    )  # fmt: skip
    group = LookupChoiceField(
        label=gettext_lazy("Only of the group"), queryset=WorkerGroup.objects.all(), required=False,
        empty_label=gettext_lazy("All"),
    )  # fmt: skip
    joined_from = forms.DateField(
        label=gettext_lazy("Joined from"), required=False, widget=DateInput
    )
    joined_to = forms.DateField(label=gettext_lazy("to"), required=False, widget=DateInput)
    destination = forms.CharField(
        label=gettext_lazy("New union"), max_length=120,
        help_text=gettext_lazy("Full name, or its credit code"),
    )  # fmt: skip
    new_employer = forms.CharField(
        label=gettext_lazy("New employer"), max_length=120, required=False,
        help_text=gettext_lazy("Full name or credit code. Empty: each keeps the own one."),
    )  # fmt: skip
    moved_on = forms.DateField(label=gettext_lazy("They move on"), widget=DateInput)
    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=100,
        help_text=gettext_lazy("For example: the firm closed; the union was split"),
    )  # fmt: skip

    def __init__(self, *args: Any, user: User, source: UnionUnit, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user, self.source = user, source
        self.target: UnionUnit | None = None
        self.found: dict[str, Employer | None] = {}

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        for name in ("of_employer", "new_employer"):
            self.found[name] = self._employer(name, data.get(name, ""))
        if data.get("destination"):
            self.target, near = find_unit(data["destination"])
            if self.target is None:
                self.add_error("destination", unknown_unit(near))
        return data

    def _employer(self, name: str, text: str) -> Employer | None:
        self.employer_field = name
        return self.find_employer({"employer": text})

    def move(self) -> bulk.BulkMove:
        """Return what a valid form means."""
        assert self.target is not None
        data, of, new = self.cleaned_data, self.found["of_employer"], self.found["new_employer"]
        return bulk.BulkMove(
            source=self.source.pk,
            target=self.target.pk,
            moved_on=data["moved_on"],
            reason=data["reason"],
            employer=of.pk if of else None,
            group=data["group"].pk if data["group"] else "",
            joined_from=data["joined_from"],
            joined_to=data["joined_to"],
            new_employer=new.pk if new else None,
        )


@desk(get=P.APPROVE_APPLICATION, post=P.APPROVE_APPLICATION)
@never_cache
def move_many(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Choose members of a unit, look at who they are, move them."""
    user = staff(request)
    unit = get_object_or_404(UnionUnit.objects.visible_to(user, P.APPROVE_APPLICATION), pk=pk)
    if request.method != "POST":
        initial = {"moved_on": timezone.localdate()}
        form = MoveManyForm(user=user, source=unit, initial=initial)
        return render(request, "members/move_many.html", {"form": form, "unit": unit})
    form = MoveManyForm(request.POST, user=user, source=unit)
    status = 400
    if form.is_valid():
        if "expected" not in request.POST or "change" in request.POST:
            return _preview(request, form, unit)
        try:
            return submit_once(request, lambda: _run(request, form))
        except Refused as refusal:
            status = refusal.status
            form.add_error(None, str(refusal.message))
    return render(request, "members/move_many.html", {"form": form, "unit": unit}, status=status)


def _preview(request: HttpRequest, form: MoveManyForm, unit: UnionUnit) -> HttpResponse:
    rows = bulk.chosen(staff(request), form.move())
    groups = {group.pk: group for group in WorkerGroup.objects.all()}
    counted = rows.order_by().values_list("group_id").annotate(n=Count("pk")).order_by("-n")
    first: list[Membership] = list(rows.select_related("person", "unit").defer(
        "person__id_number", "person__phone")[:SHOWN])  # fmt: skip
    context = {
        "form": form,
        "unit": unit,
        "target": form.target,
        "count": rows.count(),
        "by_group": [(groups[group], count) for group, count in counted],
        "first": first,
        "left_out": bulk.left_out(staff(request), form.move()),
        "as_job": bulk.AT_ONCE,
    }
    if "change" in request.POST:
        return render(request, "members/move_many.html", context)
    return render(request, "members/move_many_preview.html", context)


def _run(request: HttpRequest, form: MoveManyForm) -> str:
    expected = request.POST.get("expected", "")
    count = int(expected) if expected.isascii() and expected.isdigit() else -1
    done = bulk.run(by=staff(request), move=form.move(), expected=count)
    if isinstance(done, Job):
        return reverse("core:job-detail", args=[done.pk])
    text = ngettext("%(count)d member was moved.", "%(count)d members were moved.", done)
    messages.success(request, text % {"count": done})
    assert form.target is not None
    return reverse("members:unit-detail", args=[form.target.pk])
