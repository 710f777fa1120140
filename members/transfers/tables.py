"""The list of transfers."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import django_tables2 as tables
from django.utils.translation import gettext_lazy as _

from members.models import Transfer
from members.transfers.states import TransferState as S
from unionportal.core.tables import DayColumn, MaskColumn, MomentColumn, PortalTable, StateColumn

TRANSFER_KINDS = {
    S.REQUESTED: "wait",
    S.CONSENTED: "wait",
    S.ESCALATED: "wait",
    S.ACCEPTED: "move",
    S.DONE: "ok",
    S.REFUSED: "bad",
    S.EXPIRED: "rest",
    S.WITHDRAWN: "rest",
}


class TransferTable(PortalTable):
    """Transfers; the old union stands there only for whoever may know it."""

    name = tables.Column(
        verbose_name=_("Full name"),
        accessor="membership__person__name",
        linkify=("members:transfer-detail", {"pk": tables.A("pk")}),
        attrs=PortalTable.FIRST,
    )
    id_number = MaskColumn(
        verbose_name=_("ID number"), accessor="membership__person__id_masked", kind="id"
    )
    from_unit = tables.Column(verbose_name=_("Old union"), empty_values=())
    to_unit = tables.Column(verbose_name=_("New union"), empty_values=())
    kind = tables.Column(verbose_name=_("How"))
    state = StateColumn(verbose_name=_("State"), kinds=TRANSFER_KINDS)
    due_on = DayColumn(verbose_name=_("Answer by"))
    requested_at = MomentColumn(verbose_name=_("Asked"))

    class Meta(PortalTable.Meta):
        model = Transfer
        fields = (
            "name", "id_number", "from_unit", "to_unit", "kind", "state", "due_on", "requested_at",
        )  # fmt: skip

    def __init__(self, *args: Any, known: set[UUID], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.known = known

    def render_from_unit(self, record: Transfer) -> Any:
        if record.pk not in self.known:
            return "—"
        return record.from_unit or record.outside_name

    def render_to_unit(self, record: Transfer) -> Any:
        return record.to_unit or record.outside_name

    def render_due_on(self, value: Any, record: Transfer) -> Any:
        return self.columns["due_on"].column.render(value) if record.closed_at is None else "—"
