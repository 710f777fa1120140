"""Figures of service points. Applied for, accepted and published are never added up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from stations.models import ServicePoint
from stations.queries import local_areas
from stations.states import PointKind, PointState
from unionportal.core.errors import Text
from unionportal.core.figures import Figure, FigureValue, register
from unionportal.core.roles import Permission
from unionportal.core.scope import scope_of

if TYPE_CHECKING:
    from unionportal.core.scope import AnyUser

Compute = Callable[["AnyUser", date], FigureValue]


def _published(kind: str = "") -> Compute:
    def compute(user: AnyUser, as_of: date) -> FigureValue:
        rows = ServicePoint.objects.visible_to(user).published().filter(published_on__lte=as_of)
        return FigureValue((rows.filter(kind=kind) if kind else rows).count(), as_of)

    return compute


def _waiting(user: AnyUser, as_of: date) -> FigureValue:
    rows = ServicePoint.objects.visible_to(user).filter(state=PointState.APPLIED)
    return FigureValue(rows.filter(applied_on__lte=as_of).count(), as_of)


def _areas_with_point(user: AnyUser, as_of: date) -> FigureValue:
    areas = local_areas(as_of)
    scope = scope_of(user, Permission.VIEW_STATIONS)
    if not scope.everything:
        areas = areas.filter(scope.in_areas(""))
    points = (
        ServicePoint.objects.all()
        .published()
        .filter(published_on__lte=as_of, area__path__startswith=OuterRef("path"))
    )
    return FigureValue(areas.filter(Exists(points)).count(), as_of, areas.count())


def _register(
    figure_id: str, title: Text, definition: Text, compute: Compute, order: int
) -> Figure:
    return register(
        Figure(
            id=figure_id,
            title=title,
            definition=definition,
            compute=compute,
            order=order,
            permission=Permission.VIEW_STATIONS,
            unit=_("areas") if compute is _areas_with_point else _("points"),
        )  # fmt: skip
    )


PUBLISHED_WORDS = _(
    "Service points that were applied for, accepted and published, and are not suspended or closed "
    "now. Applications are not counted: applied for is not built."
)
PUBLISHED = _register(
    "stations_published", _("Published service points"), PUBLISHED_WORDS, _published(), 60
)
BY_KIND = [
    _register(f"stations_published_{kind.value.lower()}", kind.label, PUBLISHED_WORDS,
              _published(kind.value), 61 + n)
    for n, kind in enumerate(PointKind)
]  # fmt: skip
COVERED = _register(
    "stations_areas_covered",
    _("Sub-districts with a service point"),
    _(
        "Sub-districts, towns and parks valid on the day in which at least one published service "
        "point lies; against all of them."
    ),
    _areas_with_point,
    70,
)
WAITING = _register(
    "stations_applied",
    _("Applications for service points that wait"),
    _("Service points applied for and neither accepted nor rejected. They are not built."),
    _waiting,
    71,
)
