"""Lists of service points."""

from __future__ import annotations

import django_tables2 as tables
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from stations.models import ServicePoint
from stations.states import STATE_KINDS
from unionportal.core.tables import DayColumn, PortalTable, StateColumn
from unionportal.core.templatetags import portal


class PointTable(PortalTable):
    """Points with their place on the path; applied for and published are different columns."""

    name = tables.Column(
        verbose_name=_("Service point"), linkify=("stations:point-detail", {"pk": tables.A("pk")}),
        attrs=PortalTable.FIRST,
    )  # fmt: skip
    number = tables.Column(verbose_name=_("Number"), attrs={"td": {"class": "mono nowrap"}})
    kind = tables.Column(verbose_name=_("Kind"))
    area = tables.Column(verbose_name=_("Area"))
    state = StateColumn(verbose_name=_("State"), kinds=STATE_KINDS)
    applied_on = DayColumn(verbose_name=_("Applied for"))
    published_on = DayColumn(verbose_name=_("Published"))
    star_rating = tables.Column(verbose_name=_("Stars"))

    class Meta(PortalTable.Meta):
        model = ServicePoint
        fields = (
            "name", "number", "kind", "area", "state", "applied_on", "published_on", "star_rating",
        )  # fmt: skip

    def render_kind(self, record: ServicePoint) -> str:
        return str(record.get_kind_display())

    def render_star_rating(self, value: int) -> SafeString:
        return portal.stars(value)
