"""Query parameters of the API, each one named; anything else is refused."""

from __future__ import annotations

import django_filters as filters
from django.db.models import QuerySet

from members.models import Application, Area, Employer, UnionUnit, WorkerGroup
from members.states import (
    ApplicationState,
    Source,
    UnionisedState,
    UnitKind,
    UnitStatus,
)


class AreaFilter(filters.FilterSet):  # type: ignore[misc]
    code = filters.CharFilter()
    level = filters.ChoiceFilter(choices=Area.Level.choices)

    class Meta:
        model = Area
        fields: tuple[str, ...] = ()


class UnitFilter(filters.FilterSet):  # type: ignore[misc]
    kind = filters.ChoiceFilter(choices=UnitKind.choices)
    status = filters.ChoiceFilter(choices=UnitStatus.choices)
    area = filters.UUIDFilter(field_name="area_id")
    credit_code = filters.CharFilter()
    takes_members = filters.BooleanFilter(method="only_taking_members")

    class Meta:
        model = UnionUnit
        fields: tuple[str, ...] = ()

    def only_taking_members(
        self, rows: QuerySet[UnionUnit], name: str, value: bool
    ) -> QuerySet[UnionUnit]:
        taking = UnionUnit.objects.taking_members().order_by().values("pk")
        return rows.filter(pk__in=taking) if value else rows.exclude(pk__in=taking)


class EmployerFilter(filters.FilterSet):  # type: ignore[misc]
    area = filters.UUIDFilter(field_name="area_id")
    union_state = filters.ChoiceFilter(choices=UnionisedState.choices)
    credit_code = filters.CharFilter()
    name = filters.CharFilter()

    class Meta:
        model = Employer
        fields: tuple[str, ...] = ()


class ApplicationFilter(filters.FilterSet):  # type: ignore[misc]
    state = filters.ChoiceFilter(choices=ApplicationState.choices)
    group = filters.ModelChoiceFilter(queryset=WorkerGroup.objects.all())
    unit = filters.UUIDFilter(field_name="unit_id")
    source = filters.ChoiceFilter(choices=Source.choices)

    class Meta:
        model = Application
        fields: tuple[str, ...] = ()
