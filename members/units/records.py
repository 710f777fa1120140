"""Forms that keep a unit's records: one page a form, done once, back to where it was asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _

from members.actions import bodies, contracts, structure, unit_papers, units
from members.models import (
    CertificateFiling,
    CollectiveContract,
    Committee,
    CommitteeSeat,
    LegalPersonCertificate,
    UnionUnit,
    UnitPlaque,
)
from members.units import record_forms
from members.units.forms import EditUnitForm, IndustrialForm, NewUnitForm
from members.views.shared import staff
from unionportal.core.errors import Refused
from unionportal.core.idempotency import submit_once
from unionportal.core.roles import Permission
from unionportal.core.views_base import desk

P = Permission
KEEP = {"get": P.KEEP_UNIT_RECORDS, "post": P.KEEP_UNIT_RECORDS}
MANAGE = {"get": P.MANAGE_ORGANISATION, "post": P.MANAGE_ORGANISATION}


def _kept(request: HttpRequest, pk: UUID) -> UnionUnit:
    rows = UnionUnit.objects.visible_to(staff(request), P.KEEP_UNIT_RECORDS)
    found: UnionUnit = get_object_or_404(rows.select_related("area"), pk=pk)
    return found


def _page(
    request: HttpRequest,
    form: forms.Form,
    *,
    title: str,
    button: str,
    unit: UnionUnit | None,
    back: str,
    run: Callable[[], str | None],
) -> HttpResponse:
    """Show the form, or do what it says once and go back; what was typed is kept."""
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                return submit_once(request, lambda: _done(request, title, run, back))
            except Refused as refusal:
                field = refusal.field if refusal.field in form.fields else None
                form.add_error(field, str(refusal.message))
                status = refusal.status
    context = {"form": form, "title": title, "button": button, "unit": unit, "back": back}
    return render(request, "members/unit_form.html", context, status=status)


def _done(request: HttpRequest, title: str, run: Callable[[], str | None], back: str) -> str:
    address = run()
    messages.success(request, _("%(what)s: recorded.") % {"what": title})
    return address or back


@desk(**MANAGE)
def unit_new(request: HttpRequest) -> HttpResponse:
    """Add a unit."""
    user = staff(request)
    form = NewUnitForm(request.POST or None, user=user, initial=_named_parent(request))

    def run() -> str:
        made = structure.create_unit(by=user, new=form.new())
        return reverse("members:unit-detail", args=[made.pk])

    return _page(
        request, form, title=_("New union unit"), button=_("Add the unit"), unit=None,
        back=reverse("members:unit-tree"), run=run,
    )  # fmt: skip


def _named_parent(request: HttpRequest) -> dict[str, Any]:
    try:
        pk = UUID(request.GET.get("parent", ""))
    except ValueError:
        return {}
    parent = UnionUnit.objects.visible_to(staff(request), P.MANAGE_ORGANISATION).filter(pk=pk)
    return {"parent": name} if (name := parent.values_list("name", flat=True).first()) else {}


@desk(**KEEP)
def unit_edit(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Change a unit's name, contact and reported number."""
    unit, user = _kept(request, pk), staff(request)
    form = EditUnitForm(request.POST or None, initial={
        name: getattr(unit, name) for name in EditUnitForm.base_fields
    })  # fmt: skip
    return _page(
        request, form, title=_("Edit the unit"), button=_("Save"), unit=unit,
        back=reverse("members:unit-detail", args=[pk]),
        run=lambda: _nothing(units.edit_unit(unit=unit, by=user, **form.cleaned_data)),
    )  # fmt: skip


def _nothing(_made: object) -> None:
    return None


@desk(**MANAGE)
def unit_industrial(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Put a unit under an industrial union."""
    unit, user = _kept(request, pk), staff(request)
    form = IndustrialForm(request.POST or None)
    return _page(
        request, form, title=_("Industrial union"), button=_("Save"), unit=unit,
        back=reverse("members:unit-history", args=[pk]),
        run=lambda: _nothing(
            structure.set_industrial_parent(
                by=user, unit=unit, parent=form.cleaned_data["target"],
                started_on=form.cleaned_data["started_on"], reason=form.cleaned_data["reason"],
            )
        ),
    )  # fmt: skip


@desk(**KEEP)
def committee_new(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Record an election or re-election."""
    unit, user = _kept(request, pk), staff(request)
    form = record_forms.ElectionForm(request.POST or None, unit=unit, user=user)
    return _page(
        request, form, title=_("Election"), button=_("Record the election"), unit=unit,
        back=reverse("members:unit-committees", args=[pk]),
        run=lambda: _nothing(bodies.elect(by=user, unit=unit, election=form.election())),
    )  # fmt: skip


def _committee(request: HttpRequest, pk: UUID) -> Committee:
    rows = Committee.objects.visible_to(staff(request), P.KEEP_UNIT_RECORDS)
    return get_object_or_404(rows.select_related("unit"), pk=pk)


@desk(**KEEP)
def committee_extend(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Record the upper union's consent to a later election."""
    committee, user = _committee(request, pk), staff(request)
    form = record_forms.ExtensionForm(request.POST or None)
    return _page(
        request, form, title=_("Extension of the term"), button=_("Record the extension"),
        unit=committee.unit, back=reverse("members:unit-committees", args=[committee.unit_id]),
        run=lambda: _nothing(
            bodies.extend_term(by=user, committee=committee, **form.cleaned_data)
        ),
    )  # fmt: skip


@desk(**KEEP)
def seat_new(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Put somebody into a committee in its term."""
    committee, user = _committee(request, pk), staff(request)
    form = record_forms.SeatForm(request.POST or None, user=user)
    return _page(
        request, form, title=_("By-election"), button=_("Record the by-election"),
        unit=committee.unit, back=reverse("members:unit-committees", args=[committee.unit_id]),
        run=lambda: _nothing(
            bodies.fill_seat(
                by=user, committee=committee, seat=form.cleaned_data["seat"],
                started_on=form.cleaned_data["started_on"],
            )
        ),
    )  # fmt: skip


@desk(**KEEP)
def seat_end(request: HttpRequest, pk: UUID) -> HttpResponse:
    """End somebody's office before the term."""
    user = staff(request)
    held = Committee.objects.visible_to(user, P.KEEP_UNIT_RECORDS).values("pk")
    rows = CommitteeSeat.objects.filter(committee__in=held).select_related(
        "committee__unit", "person"
    )
    seat = get_object_or_404(rows, pk=pk)
    form = record_forms.SeatEndForm(request.POST or None)
    title = _("%(office)s %(name)s leaves office") % {
        "office": seat.get_office_display(), "name": seat.full_name
    }  # fmt: skip
    return _page(
        request, form, title=title, button=_("Record the end"), unit=seat.committee.unit,
        back=reverse("members:unit-committees", args=[seat.committee.unit_id]),
        run=lambda: _nothing(bodies.vacate_seat(by=user, seat=seat, **form.cleaned_data)),
    )  # fmt: skip


@desk(**KEEP)
def certificate_new(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Record a legal-person certificate or its renewal."""
    unit, user = _kept(request, pk), staff(request)
    form = record_forms.CertificateForm(
        request.POST or None, initial={"credit_code": unit.credit_code}
    )
    return _page(
        request, form, title=_("Legal-person certificate"), button=_("Record the certificate"),
        unit=unit, back=reverse("members:unit-papers", args=[pk]),
        run=lambda: _nothing(
            unit_papers.record_certificate(
                by=user, unit=unit, registration=form.registration()
            )
        ),
    )  # fmt: skip


@desk(**KEEP)
def filing_new(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Note a change that has to be filed."""
    user = staff(request)
    rows = LegalPersonCertificate.objects.visible_to(user, P.KEEP_UNIT_RECORDS)
    certificate = get_object_or_404(rows.select_related("unit"), pk=pk)
    form = record_forms.ChangeNoteForm(request.POST or None)
    return _page(
        request, form, title=_("Change to file"), button=_("Note the change"),
        unit=certificate.unit, back=reverse("members:unit-papers", args=[certificate.unit_id]),
        run=lambda: _nothing(
            unit_papers.note_change(by=user, certificate=certificate, **form.cleaned_data)
        ),
    )  # fmt: skip


@desk(**KEEP)
def filing_done(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Record that a change was filed."""
    user = staff(request)
    held = LegalPersonCertificate.objects.visible_to(user, P.KEEP_UNIT_RECORDS).values("pk")
    rows = CertificateFiling.objects.filter(certificate__in=held).select_related(
        "certificate__unit"
    )
    filing = get_object_or_404(rows, pk=pk)
    form = record_forms.FilingForm(request.POST or None)
    return _page(
        request, form, title=_("Filing"), button=_("Record the filing"),
        unit=filing.certificate.unit,
        back=reverse("members:unit-papers", args=[filing.certificate.unit_id]),
        run=lambda: _nothing(
            unit_papers.file_change(by=user, filing=filing, **form.cleaned_data)
        ),
    )  # fmt: skip


@desk(**KEEP)
def reply_new(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Record a formal answer from above."""
    unit, user = _kept(request, pk), staff(request)
    form = record_forms.ReplyForm(request.POST or None)
    return _page(
        request, form, title=_("Reply of the upper union"), button=_("Record the reply"),
        unit=unit, back=reverse("members:unit-papers", args=[pk]),
        run=lambda: _nothing(unit_papers.record_reply(by=user, unit=unit, **form.cleaned_data)),
    )  # fmt: skip


@desk(**KEEP)
def contract_new(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Record a collective contract."""
    unit, user = _kept(request, pk), staff(request)
    form = record_forms.ContractForm(request.POST or None)
    return _page(
        request, form, title=_("Collective contract"), button=_("Record the contract"),
        unit=unit, back=reverse("members:unit-papers", args=[pk]),
        run=lambda: _nothing(
            contracts.record_contract(
                by=user, unit=unit, signed=contracts.Signed(**form.cleaned_data)
            )
        ),
    )  # fmt: skip


@desk(**KEEP)
def contract_filed(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Record that the labour office has got a contract."""
    user = staff(request)
    rows = CollectiveContract.objects.visible_to(user, P.KEEP_UNIT_RECORDS)
    contract = get_object_or_404(rows.select_related("unit"), pk=pk)
    form = record_forms.ContractFilingForm(request.POST or None)
    return _page(
        request, form, title=_("Contract filed"), button=_("Record the filing"),
        unit=contract.unit, back=reverse("members:unit-papers", args=[contract.unit_id]),
        run=lambda: _nothing(
            contracts.file_contract(by=user, contract=contract, **form.cleaned_data)
        ),
    )  # fmt: skip


@desk(**KEEP)
def plaque_new(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Record a plaque."""
    unit, user = _kept(request, pk), staff(request)
    form = record_forms.PlaqueForm(request.POST or None)
    return _page(
        request, form, title=_("Plaque"), button=_("Record the plaque"), unit=unit,
        back=reverse("members:unit-papers", args=[pk]),
        run=lambda: _nothing(unit_papers.grant_plaque(by=user, unit=unit, **form.cleaned_data)),
    )  # fmt: skip


@desk(**KEEP)
def plaque_end(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Record that a plaque came down."""
    user = staff(request)
    units_kept = UnionUnit.objects.visible_to(user, P.KEEP_UNIT_RECORDS).order_by().values("pk")
    rows = UnitPlaque.objects.filter(unit__in=units_kept).select_related("unit")
    plaque = get_object_or_404(rows, pk=pk)
    form = record_forms.PlaqueEndForm(request.POST or None)
    return _page(
        request, form, title=_("Plaque taken down"), button=_("Record it"), unit=plaque.unit,
        back=reverse("members:unit-papers", args=[plaque.unit_id]),
        run=lambda: _nothing(
            unit_papers.take_down_plaque(by=user, plaque=plaque, **form.cleaned_data)
        ),
    )  # fmt: skip
