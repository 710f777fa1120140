"""What the API's list of service points can be cut down to."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError

from members.models import Area
from stations.models import ServicePoint
from stations.states import Facility, PointKind, PointState


class PointFilters(django_filters.FilterSet):  # type: ignore[misc]
    """kind, state, area (with everything below it), facility."""

    kind = django_filters.ChoiceFilter(choices=PointKind.choices)
    state = django_filters.ChoiceFilter(choices=PointState.choices)
    facility = django_filters.ChoiceFilter(choices=Facility.choices, field_name="facilities__code")
    area = django_filters.UUIDFilter(method="in_area")

    class Meta:
        model = ServicePoint
        fields = ("kind", "state", "area", "facility")

    def in_area(self, rows: QuerySet[Any], name: str, value: Any) -> QuerySet[Any]:
        """Keep the points of an area and of what lies below it; an unknown area is refused."""
        area = Area.objects.filter(pk=value).first()
        if area is None:
            raise ValidationError({name: [_("There is no such area.")]})
        return rows.filter(area__path__startswith=area.path)
