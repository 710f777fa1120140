"""Query parameters of the API, each one named; anything else is refused."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import django_filters as filters
from django.db.models import Q, QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field

from members.models import Application, Area, Employer, UnionUnit, WorkerGroup
from members.states import (
    ApplicationState,
    Source,
    UnionisedState,
    UnitKind,
    UnitStatus,
)


def areas_below(area: UUID) -> QuerySet[Any]:
    """Return the ids of an area and the areas in it; none for an unknown one."""
    top = Area.objects.filter(pk=area).values_list("path", flat=True).first()
    areas = Area.objects.filter(path__startswith=top) if top else Area.objects.none()
    found: QuerySet[Any] = areas.order_by().values("pk")
    return found


class AreaFilter(filters.FilterSet):  # type: ignore[misc]
    code = filters.CharFilter()
    level = filters.ChoiceFilter(choices=Area.Level.choices)
    kind = filters.ChoiceFilter(choices=Area.Kind.choices)
    in_force_on = filters.DateFilter(method="only_in_force")

    class Meta:
        model = Area
        fields: tuple[str, ...] = ()

    def only_in_force(self, rows: QuerySet[Area], name: str, value: date) -> QuerySet[Area]:
        return rows.filter(valid_from__lte=value).exclude(valid_to__lte=value)


class UnitFilter(filters.FilterSet):  # type: ignore[misc]
    kind = filters.ChoiceFilter(choices=UnitKind.choices)
    status = filters.ChoiceFilter(choices=UnitStatus.choices)
    q = filters.CharFilter(field_name="name", lookup_expr="contains", max_length=60)
    area = filters.UUIDFilter(method="under_area")
    credit_code = filters.CharFilter()
    takes_members = filters.BooleanFilter(method="only_taking_members")

    class Meta:
        model = UnionUnit
        fields: tuple[str, ...] = ()

    @extend_schema_field(OpenApiTypes.UUID)
    def under_area(self, rows: QuerySet[UnionUnit], name: str, area: UUID) -> QuerySet[UnionUnit]:
        return rows.filter(area_id__in=areas_below(area))

    def only_taking_members(
        self, rows: QuerySet[UnionUnit], name: str, value: bool
    ) -> QuerySet[UnionUnit]:
        taking = UnionUnit.objects.taking_members().order_by().values("pk")
        return rows.filter(pk__in=taking) if value else rows.exclude(pk__in=taking)


class EmployerFilter(filters.FilterSet):  # type: ignore[misc]
    area = filters.UUIDFilter(method="under_area")
    union_state = filters.ChoiceFilter(choices=UnionisedState.choices)
    credit_code = filters.CharFilter()
    name = filters.CharFilter()
    q = filters.CharFilter(method="search", max_length=60)
    industry = filters.CharFilter(method="in_industry")
    ownership = filters.ChoiceFilter(choices=Employer.Ownership.choices)
    is_platform_company = filters.BooleanFilter()
    is_operating = filters.BooleanFilter()
    has_headcount = filters.BooleanFilter(
        field_name="headcount", lookup_expr="isnull", exclude=True
    )

    class Meta:
        model = Employer
        fields: tuple[str, ...] = ()

    def search(self, rows: QuerySet[Employer], name: str, value: str) -> QuerySet[Employer]:
        return rows.filter(Q(name__contains=value) | Q(credit_code=value.upper()))

    def in_industry(self, rows: QuerySet[Employer], name: str, value: str) -> QuerySet[Employer]:
        return rows.filter(Q(industry=value) | Q(industry__section=value))

    @extend_schema_field(OpenApiTypes.UUID)
    def under_area(self, rows: QuerySet[Employer], name: str, area: UUID) -> QuerySet[Employer]:
        return rows.filter(area_id__in=areas_below(area))


class ApplicationFilter(filters.FilterSet):  # type: ignore[misc]
    state = filters.ChoiceFilter(choices=ApplicationState.choices)
    group = filters.ModelChoiceFilter(queryset=WorkerGroup.objects.all())
    unit = filters.UUIDFilter(method="under_unit")
    area = filters.UUIDFilter(method="under_area")
    source = filters.ChoiceFilter(choices=Source.choices)

    class Meta:
        model = Application
        fields: tuple[str, ...] = ()

    @extend_schema_field(OpenApiTypes.UUID)
    def under_unit(self, rows: QuerySet[Any], name: str, unit: UUID) -> QuerySet[Any]:
        top = UnionUnit.objects.filter(pk=unit).values_list("path", flat=True).first()
        units = UnionUnit.objects.filter(path__startswith=top) if top else UnionUnit.objects.none()
        return rows.filter(unit_id__in=units.order_by().values("pk"))

    @extend_schema_field(OpenApiTypes.UUID)
    def under_area(self, rows: QuerySet[Any], name: str, area: UUID) -> QuerySet[Any]:
        return rows.filter(area_id__in=areas_below(area))
