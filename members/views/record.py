"""The real-name record on the desk: edit it, correct who somebody is."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache

from members import record
from members.actions import corrections, records
from members.models import Membership
from members.people_forms import CorrectionForm, RecordForm, initial_of
from members.record import MemberField
from members.views import sheets
from members.views.shared import member, member_trail, staff
from members.views.sheets import Sheet
from unionportal.core.roles import Permission, has_permission
from unionportal.core.views_base import desk

P = Permission
TITLES = {
    "name": gettext_lazy("Correct the name"),
    "id_number": gettext_lazy("Correct the ID number"),
    "phone": gettext_lazy("Correct the phone"),
}


def fields_for(request: HttpRequest) -> tuple[MemberField, ...]:
    """Return the editable fields the reader may see."""
    may = has_permission(request.user, P.REVEAL)
    return tuple(one for one in record.seen_by(may_reveal=may) if one.is_editable)


@desk(get=P.ENROL, post=P.ENROL)
@never_cache
def member_edit(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Edit the optional part of the record; a stale form shows both versions, losing nothing."""
    membership = member(request, pk, P.ENROL)
    fields = fields_for(request)
    if request.method != "POST":
        first = initial_of(fields, membership) | {"version": records.version(membership)}
        return sheets.show(request, _sheet(membership), RecordForm(initial=first, fields=fields))
    form = RecordForm(request.POST, fields=fields)
    if form.is_valid() and form.cleaned_data["version"] != records.version(membership):
        return _stale(request, membership, fields)
    return sheets.fill(request, _sheet(membership), form, lambda: _save(request, membership, form))


def _sheet(membership: Membership, **more: Any) -> Sheet:
    return Sheet(
        title=_("Edit the record"), button=_("Save"), more=more, trail=member_trail(membership),
        back=reverse("members:member-detail", args=[membership.pk]),
        notes=[_("Everything here is voluntary. Leave empty what nobody needs.")],
    )  # fmt: skip


def _stale(
    request: HttpRequest, membership: Membership, fields: tuple[MemberField, ...]
) -> HttpResponse:
    """Show what was typed beside what is on record now; saving again means it."""
    data = request.POST.copy()
    data["version"] = records.version(membership)
    form = RecordForm(data, fields=fields)
    form.is_valid()
    form.add_error(
        None, _("Somebody else changed this record meanwhile. Compare, then save again.")
    )
    stored = [
        (one.label, record.shown(one, record.stored_value(membership, one))) for one in fields
    ]
    return sheets.show(request, _sheet(membership, stored=stored), form, status=409)


def _save(request: HttpRequest, membership: Membership, form: RecordForm) -> str:
    changed = records.edit(
        membership=membership, values=form.values(), by=staff(request),
        seen=form.cleaned_data["version"],
    )  # fmt: skip
    count = len(changed)
    messages.success(
        request,
        ngettext("%(count)d item was changed.", "%(count)d items were changed.", count)
        % {"count": count},
    )
    return reverse("members:member-detail", args=[membership.pk])


@desk(get=P.APPROVE_APPLICATION, post=P.APPROVE_APPLICATION)
@never_cache
def member_correct(request: HttpRequest, pk: UUID, subject: str) -> HttpResponse:
    """Correct a name, an ID number or a phone, with what proves it."""
    if subject not in TITLES:
        raise Http404
    membership = member(request, pk, P.APPROVE_APPLICATION)
    form = CorrectionForm(
        request.POST or None, request.FILES or None, subject=record.BY_NAME[subject]
    )
    sheet = Sheet(
        title=TITLES[subject], button=_("Correct it"), trail=member_trail(membership),
        back=reverse("members:member-detail", args=[membership.pk]), takes_files=True,
        notes=[_("The paper that proves it is kept. The log names you and shows masked values.")],
    )  # fmt: skip
    return sheets.fill(request, sheet, form, lambda: _correct(request, membership, subject, form))


def _correct(
    request: HttpRequest, membership: Membership, subject: str, form: CorrectionForm
) -> str:
    by, data = staff(request), form.cleaned_data
    evidence = data["evidence"].store(by=by, kind="correction")
    corrections.correct(
        membership=membership, subject=subject, value=data["value"], reason=data["reason"],
        evidence=evidence, by=by,
    )  # fmt: skip
    messages.success(request, _("The correction was written."))
    return reverse("members:member-detail", args=[membership.pk])
