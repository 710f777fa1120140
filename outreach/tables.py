"""Tables of the drive pages."""

from __future__ import annotations

from typing import Any

import django_tables2 as tables
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from members.states import ApplicationState
from outreach.models import DriveEnrolment, KnownJoin, PatchAssignment
from outreach.states import KnownAs
from unionportal.core.masking import mask_name
from unionportal.core.tables import MISSING, DayColumn, MomentColumn, PortalTable
from unionportal.core.templatetags import portal

APPLICATION_KINDS: dict[str, str] = {
    ApplicationState.SUBMITTED: "wait",
    ApplicationState.RETURNED: "move",
    ApplicationState.APPROVED: "ok",
    ApplicationState.REJECTED: "bad",
    ApplicationState.WITHDRAWN: "rest",
}


class EnrolmentTable(PortalTable):
    name = tables.Column(
        verbose_name=pgettext_lazy("person", "Name"), accessor="application__name",
        attrs=PortalTable.FIRST,
        linkify=lambda record: reverse("members:application-detail", args=[record.application_id]),
    )  # fmt: skip
    id_masked = tables.Column(
        verbose_name=gettext_lazy("ID number"), accessor="application__id_masked"
    )
    group = tables.Column(verbose_name=gettext_lazy("Group"), accessor="group__name")
    area = tables.Column(verbose_name=gettext_lazy("Area"), accessor="area__name")
    unit = tables.Column(verbose_name=gettext_lazy("Union"), accessor="application__unit__name")
    place = tables.Column(verbose_name=gettext_lazy("Poster"), accessor="join_code__place")
    state = tables.Column(verbose_name=gettext_lazy("Application"), accessor="application__state")
    created_at = MomentColumn(verbose_name=gettext_lazy("Came in"))

    class Meta(PortalTable.Meta):
        model = DriveEnrolment
        fields = ("name", "id_masked", "group", "area", "unit", "place", "state", "created_at")

    def render_state(self, value: str, record: DriveEnrolment) -> SafeString:
        label = record.application.get_state_display()
        return portal.state(APPLICATION_KINDS.get(record.application.state, "unknown"), label)


class PatchTable(PortalTable):
    officer = tables.Column(
        verbose_name=gettext_lazy("Officer"), accessor="officer__display_name",
        attrs={"td": {"class": "strong"}},
    )  # fmt: skip
    area = tables.Column(verbose_name=gettext_lazy("Area"), accessor="area__name")
    drive = tables.Column(
        verbose_name=gettext_lazy("Drive"), accessor="drive__name",
        default=gettext_lazy("standing"),
    )  # fmt: skip
    started_on = DayColumn(verbose_name=gettext_lazy("From"))
    ended_on = DayColumn(verbose_name=gettext_lazy("Ends before"))
    now = tables.Column(
        verbose_name=pgettext_lazy("patch", "Today"), empty_values=(), orderable=False
    )
    end = tables.Column(
        verbose_name=pgettext_lazy("table", "Actions"), empty_values=(),
        attrs={"th": {"class": "num"}, "td": {"class": "go num"}},
    )  # fmt: skip

    class Meta(PortalTable.Meta):
        model = PatchAssignment
        fields = ("officer", "area", "drive", "started_on", "ended_on", "now", "end")

    def render_now(self, record: PatchAssignment) -> SafeString:
        today = timezone.localdate()
        if record.ended_on is not None and record.ended_on <= today:
            return portal.state("rest", _("Over"))
        if record.started_on > today or (record.drive and not record.drive.is_running):
            return portal.state("move", _("Not in force"))
        return portal.state("ok", _("In force"))

    def render_end(self, record: PatchAssignment) -> str:
        if record.ended_on is not None and record.ended_on <= timezone.localdate():
            return ""
        return render_to_string("outreach/_patch_end.html", {"patch": record}, request=self.request)


class KnownTable(PortalTable):
    created_at = MomentColumn(verbose_name=gettext_lazy("When"))
    place = tables.Column(verbose_name=gettext_lazy("Poster"), accessor="join_code__place")
    known_as = tables.Column(verbose_name=gettext_lazy("Known as"))
    who = tables.Column(verbose_name=gettext_lazy("Who"), empty_values=())

    class Meta(PortalTable.Meta):
        model = KnownJoin
        fields = ("created_at", "place", "known_as", "who")

    def render_known_as(self, record: KnownJoin) -> SafeString:
        kind = "ok" if record.known_as == KnownAs.MEMBER else "wait"
        return portal.state(kind, record.get_known_as_display())

    def render_who(self, record: Any) -> str:
        if record.application is None:
            return MISSING
        if not record.in_reach:
            return _("Outside your area")
        url = reverse("members:application-detail", args=[record.application_id])
        return format_html('<a href="{}">{}</a>', url, mask_name(record.application.name))
