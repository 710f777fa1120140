"""The lists of this app as files: the columns of the real-name record, and those of the others."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from members import record
from members.api import filters as others
from members.lists import filters
from members.models import Application, Employer, Membership, UnionUnit
from members.record import Kind, MemberField, Sensitivity
from members.states import (
    ApplicationState,
    Confirmation,
    MembershipState,
    PhoneState,
    Source,
    UnionisedState,
    UnitKind,
    UnitStatus,
)
from unionportal.core.errors import Refused
from unionportal.core.exports import columns as col
from unionportal.core.exports.columns import ExportColumn
from unionportal.core.exports.registry import ExportList, register
from unionportal.core.models import User
from unionportal.core.roles import Permission

P = Permission
WIDE = 28
MASKED = {"id_number": "person__id_masked", "phone": "person__phone_masked"}


def _record_column(one: MemberField) -> ExportColumn:
    path = one.stored.replace(".", "__")
    full = path if one.sensitivity == Sensitivity.NUMBER or one.name == "residence_text" else ""
    return ExportColumn(
        name=one.name,
        title=one.label,
        value=_value(one, MASKED.get(one.name, path)),
        full=full,
        is_guarded=one.sensitivity == Sensitivity.GUARDED,
        width=WIDE if one.kind in (Kind.ROW, Kind.ID_NUMBER) else 16,
    )


def _value(one: MemberField, path: str) -> col.Expression:
    if one.name == "residence_text":  # encrypted: never in a masked file
        return col.nothing()
    if one.kind == Kind.CHOICE:
        return col.choice(path, _choices(one))
    if one.kind == Kind.YES_NO:
        return col.yes_no(path)
    if one.kind == Kind.CODE or one.name == "group":
        return col.named(path)
    if one.kind == Kind.ROW:
        return col.text(f"{path}__name")
    return col.as_text(path) if one.kind == Kind.DATE else col.text(path)


def _choices(one: MemberField) -> Any:
    assert one.choices is not None
    return [(code, label) for code, label in one.choices.choices if code != ""]


MEMBER_COLUMNS = (
    *(_record_column(one) for one in record.FIELDS),
    ExportColumn(
        name="state",
        title=gettext_lazy("Membership"),
        value=col.choice("state", MembershipState.choices),
    ),
    ExportColumn(
        name="confirmation",
        title=gettext_lazy("Own wish"),
        value=col.choice("confirmation", Confirmation.choices),
    ),
    ExportColumn(
        name="phone_state",
        title=gettext_lazy("Phone state"),
        value=col.choice("person__phone_state", PhoneState.choices),
    ),
    ExportColumn(
        name="source", title=gettext_lazy("Came by"), value=col.choice("source", Source.choices)
    ),
)


def _column(name: str, title: Any, value: col.Expression, **more: Any) -> ExportColumn:
    return ExportColumn(name=name, title=title, value=value, **more)


T = gettext_lazy
APPLICATION_COLUMNS = (
    _column("name", T("Full name"), col.text("name")),
    _column("id_number", T("ID number"), col.text("id_masked"), full="id_number", width=WIDE),
    _column("phone", T("Phone"), col.text("phone_masked"), full="phone"),
    _column("group", T("Group"), col.named("group")),
    _column("unit", T("Union unit"), col.text("unit__name"), width=WIDE),
    _column("employer", T("Employer"), col.text("employer__name"), width=WIDE),
    _column("source", T("Came by"), col.choice("source", Source.choices)),
    _column("confirmation", T("Own wish"), col.choice("confirmation", Confirmation.choices)),
    _column("state", T("State"), col.choice("state", ApplicationState.choices)),
    _column("submitted_at", T("Sent in"), col.as_text("submitted_at"), width=22),
)
EMPLOYER_COLUMNS = (
    _column("name", T("Employer"), col.text("name"), width=WIDE),
    _column("credit_code", T("Credit code"), col.text("credit_code"), width=22),
    _column("area", T("Area"), col.named("area")),
    _column("address", T("Address"), col.text("address"), width=WIDE),
    _column("ownership", T("Ownership"), col.choice("ownership", Employer.Ownership.choices)),
    _column("headcount", T("Employees"), col.as_text("headcount")),
    _column("headcount_on", T("Counted on"), col.as_text("headcount_on")),
    _column("union_state", T("Union"), col.choice("union_state", UnionisedState.choices)),
    _column("is_operating", T("Operating"), col.yes_no("is_operating")),
)
UNIT_COLUMNS = (
    _column("name", T("Union unit"), col.text("name"), width=WIDE),
    _column("kind", T("Kind"), col.choice("kind", UnitKind.choices)),
    _column("status", T("Status"), col.choice("status", UnitStatus.choices)),
    _column("area", T("Area"), col.named("area")),
    _column("credit_code", T("Credit code"), col.text("credit_code"), width=22),
    _column("established_on", T("Established on"), col.as_text("established_on")),
    _column("reported_members", T("Members reported"), col.as_text("reported_members")),
    _column("reported_on", T("Reported on"), col.as_text("reported_on")),
)


def narrowed(filterset: Any, rows: QuerySet[Any], user: User, query: str) -> QuerySet[Any]:
    """Return `rows` as a list's filters narrow them; raise `Refused` for what they do not take."""
    given = QueryDict(query)
    unknown = sorted(set(given) - set(filterset.base_filters))
    if unknown:
        raise Refused(_("This list has no filter “%(name)s”.") % {"name": unknown[0]})
    request = cast(HttpRequest, SimpleNamespace(user=user))
    made = filterset(given, queryset=rows, request=request)
    if not made.is_valid():
        field, texts = next(iter(made.form.errors.items()))
        raise Refused(f"{made.form.fields[field].label}: {texts[0]}", code="bad_filter")
    found: QuerySet[Any] = made.qs
    return found


def _list(
    name: str, title: Any, url_name: str, model: Any, filterset: Any, columns: Any,
    order: tuple[str, ...], permission: Permission = P.VIEW_ORGANISATION,
) -> ExportList:  # fmt: skip
    def rows(user: User, query: str) -> QuerySet[Any]:
        seen = model.objects.visible_to(user, P.EXPORT)
        if model is Employer:
            seen = seen.filter(merged_into=None)  # doubles stand in no list
        return narrowed(filterset, seen, user, query)

    return ExportList(
        name=name, title=title, url_name=url_name, permission=permission,
        columns=tuple(columns), rows=rows, order=order,
    )  # fmt: skip


def register_lists() -> None:
    """Declare the lists of this app."""
    for one in (
        _list("members", T("Members"), "members:member-list", Membership, filters.MemberFilter,
              MEMBER_COLUMNS, ("-joined_on", "-pk"), P.VIEW_MEMBERS),
        _list("applications", T("Applications"), "members:application-list", Application,
              others.ApplicationFilter, APPLICATION_COLUMNS, ("-submitted_at", "-pk"),
              P.VIEW_MEMBERS),
        _list("employers", T("Employers"), "members:employer-list", Employer,
              others.EmployerFilter, EMPLOYER_COLUMNS, ("name", "pk")),
        _list("units", T("Union units"), "members:unit-tree", UnionUnit, others.UnitFilter,
              UNIT_COLUMNS, ("path",)),
    ):  # fmt: skip
        register(one)
