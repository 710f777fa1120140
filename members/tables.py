"""Tables of the members app."""

from __future__ import annotations

from typing import Any

import django_tables2 as tables
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from members.models import Application, DataRequest, Employer, Membership, UnionUnit
from members.states import (
    ApplicationState,
    Confirmation,
    MembershipState,
    PhoneState,
    RequestState,
    UnionisedState,
    UnitStatus,
)
from unionportal.core.tables import (
    DayColumn,
    MaskColumn,
    MomentColumn,
    NumberColumn,
    PickColumn,
    PortalTable,
    StateColumn,
)

MEMBERSHIP_KINDS = {MembershipState.ACTIVE: "ok"} | dict.fromkeys(
    [state for state in MembershipState if state != MembershipState.ACTIVE], "rest"
)
APPLICATION_KINDS = {
    ApplicationState.SUBMITTED: "wait",
    ApplicationState.RETURNED: "wait",
    ApplicationState.APPROVED: "ok",
    ApplicationState.REJECTED: "bad",
    ApplicationState.WITHDRAWN: "rest",
}
UNIT_KINDS = {
    UnitStatus.PREPARING: "move",
    UnitStatus.ESTABLISHED: "ok",
    UnitStatus.DISSOLVED: "rest",
}
UNIONISED_KINDS = {
    UnionisedState.NOT_UNIONISED: "wait",
    UnionisedState.PREPARING: "move",
    UnionisedState.UNIONISED: "ok",
    UnionisedState.UNIONISED_ELSEWHERE: "ok",
}
CONFIRMATION_KINDS = {Confirmation.NONE: "wait"} | dict.fromkeys(
    [kind for kind in Confirmation if kind != Confirmation.NONE], "ok"
)


class MemberTable(PortalTable):
    """Members, newest first."""

    name = tables.Column(
        verbose_name=_("Full name"),
        accessor="person__name",
        linkify=("members:member-detail", {"pk": tables.A("pk")}),
        attrs=PortalTable.FIRST,
    )
    id_number = MaskColumn(verbose_name=_("ID number"), accessor="person__id_masked", kind="id")
    phone = tables.Column(verbose_name=_("Phone"), accessor="person__phone_masked")
    group = tables.Column(verbose_name=_("Group"))
    unit = tables.Column(verbose_name=_("Union unit"))
    state = StateColumn(verbose_name=_("Membership"), kinds=MEMBERSHIP_KINDS)
    confirmation = StateColumn(verbose_name=_("Own wish"), kinds=CONFIRMATION_KINDS)
    joined_on = DayColumn(verbose_name=_("Joined on"))

    class Meta(PortalTable.Meta):
        model = Membership
        fields = (
            "name", "id_number", "phone", "group", "unit", "state", "confirmation", "joined_on",
        )  # fmt: skip

    def render_phone(self, value: str, record: Membership) -> SafeString:
        mark = _("not verified") if record.person.phone_state == PhoneState.CLAIMED else ""
        return masked_phone(value, mark)


def masked_phone(masked: str, mark: str | Promise = "") -> SafeString:
    """Return a masked phone, with a word of caution beside it."""
    shown = format_html('<span class="up-mask nowrap">{}</span>', masked)
    return format_html('{} <span class="t-wait">{}</span>', shown, mark) if mark else shown


class ApplicationTable(PortalTable):
    """Applications, newest first."""

    name = tables.Column(
        verbose_name=_("Full name"),
        linkify=("members:application-detail", {"pk": tables.A("pk")}),
        attrs=PortalTable.FIRST,
    )
    id_masked = MaskColumn(verbose_name=_("ID number"), kind="id")
    phone = tables.Column(verbose_name=_("Phone"), accessor="phone_masked")
    group = tables.Column(verbose_name=_("Group"))
    unit = tables.Column(verbose_name=_("Union unit"))
    source = tables.Column(verbose_name=_("Came by"))
    confirmation = StateColumn(verbose_name=_("Own wish"), kinds=CONFIRMATION_KINDS)
    state = StateColumn(verbose_name=_("State"), kinds=APPLICATION_KINDS)
    submitted_at = MomentColumn(verbose_name=_("Sent in"))

    class Meta(PortalTable.Meta):
        model = Application
        fields = (
            "name", "id_masked", "phone", "group", "unit", "source", "confirmation", "state",
            "submitted_at",
        )  # fmt: skip

    def render_phone(self, value: str, record: Any) -> SafeString:
        return masked_phone(value, _("person known") if record.known_id else "")


class PickApplicationTable(ApplicationTable):
    """Waiting applications with a checkbox each, for the decision below the table."""

    pick = PickColumn(form="approve", name="ids")

    class Meta(ApplicationTable.Meta):
        sequence = ("pick", "...")
        exclude = ("state",)


class PoolTable(PortalTable):
    """Members in a holding pool, the longest first, with a checkbox each."""

    pick = PickColumn(form="pool", name="ids")
    name = tables.Column(
        verbose_name=_("Full name"),
        accessor="person__name",
        linkify=("members:member-detail", {"pk": tables.A("pk")}),
        attrs=PortalTable.FIRST,
    )
    phone = tables.Column(verbose_name=_("Phone"), accessor="person__phone_masked")
    group = tables.Column(verbose_name=_("Group"))
    unit = tables.Column(verbose_name=_("Holding pool"))
    joined_on = DayColumn(verbose_name=_("Joined on"))

    class Meta(PortalTable.Meta):
        model = Membership
        fields = ("pick", "name", "phone", "group", "unit", "joined_on")

    def render_phone(self, value: str, record: Membership) -> SafeString:
        return masked_phone(value)


REQUEST_KINDS = {
    RequestState.OPEN: "wait",
    RequestState.DONE: "ok",
    RequestState.REFUSED: "bad",
    RequestState.WITHDRAWN: "rest",
}


class DataRequestTable(PortalTable):
    """Requests of people about their own data, the nearest deadline first."""

    person = tables.Column(
        verbose_name=_("Full name"),
        accessor="person__name",
        linkify=("members:request-detail", {"pk": tables.A("pk")}),
        attrs=PortalTable.FIRST,
    )
    kind = tables.Column(verbose_name=_("Request"))
    subject = tables.Column(verbose_name=_("About"))
    filed_at = MomentColumn(verbose_name=_("Sent in"))
    due_on = DayColumn(verbose_name=_("Due on"))
    state = StateColumn(verbose_name=_("State"), kinds=REQUEST_KINDS)

    class Meta(PortalTable.Meta):
        model = DataRequest
        fields = ("person", "kind", "subject", "filed_at", "due_on", "state")


class EmployerTable(PortalTable):
    """Employers by name."""

    name = tables.Column(
        verbose_name=_("Employer"),
        linkify=("members:employer-detail", {"pk": tables.A("pk")}),
        attrs=PortalTable.FIRST,
    )
    credit_code = tables.Column(
        verbose_name=_("Credit code"), attrs={"td": {"class": "mono nowrap"}}
    )
    area = tables.Column(verbose_name=_("Area"))
    headcount = NumberColumn(verbose_name=_("Employees"))
    union_state = StateColumn(verbose_name=_("Union"), kinds=UNIONISED_KINDS)
    is_operating = tables.BooleanColumn(verbose_name=_("Operating"), yesno=(_("Yes"), _("No")))

    class Meta(PortalTable.Meta):
        model = Employer
        fields = ("name", "credit_code", "area", "headcount", "union_state", "is_operating")


class UnitTable(PortalTable):
    """The units directly below a unit."""

    name = tables.Column(
        verbose_name=_("Union unit"),
        linkify=("members:unit-detail", {"pk": tables.A("pk")}),
        attrs=PortalTable.FIRST,
    )
    kind = tables.Column(verbose_name=_("Kind"))
    status = StateColumn(verbose_name=_("Status"), kinds=UNIT_KINDS)
    numchild = NumberColumn(verbose_name=_("Units below"))

    class Meta(PortalTable.Meta):
        model = UnionUnit
        fields = ("name", "kind", "status", "numchild")


class FoundUnitTable(UnitTable):
    """Units found by name, with the one above."""

    above = tables.Column(verbose_name=_("Upper union"), orderable=False)

    class Meta(UnitTable.Meta):
        fields = ("name", "above", "kind", "status", "numchild")
        sequence = ("name", "above", "kind", "status", "numchild")
