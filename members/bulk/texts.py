"""What a change of many is called on its pages."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from members.models import BulkChange, Employer, UnionUnit, WorkerGroup
from members.models.bulk import BulkKind
from members.models.standing import RetainReason
from members.states import BulkState

# State → kind of the state's colour and word.
BADGES = {
    BulkState.PREVIEWED: "wait",
    BulkState.WRITING: "move",
    BulkState.DONE: "ok",
    BulkState.CANCELLED: "rest",
    BulkState.UNDOING: "move",
    BulkState.UNDONE: "rest",
}
NOTES = {
    BulkKind.GROUP: gettext_lazy("Days before keep the old group, in the figures too."),
    BulkKind.RETAIN: gettext_lazy(
        "The members stay counted and pay no dues; voting and standing for office rest."
    ),
    BulkKind.REACTIVATE: gettext_lazy(
        "For members who found work again. Their numbers stay the same."
    ),
    BulkKind.MOVE: gettext_lazy(
        "Number and seniority stay. Days before still count them where they were."
    ),
}
# The words of the button that confirms.
DEEDS = {
    BulkKind.GROUP: gettext_lazy("Change their group"),
    BulkKind.RETAIN: gettext_lazy("Retain them"),
    BulkKind.REACTIVATE: gettext_lazy("Make them active again"),
    BulkKind.MOVE: gettext_lazy("Move them"),
}


def what_for(change: BulkChange) -> str:
    """Say what the members become: the group, the reason of retaining, the union."""
    params = change.params
    if change.kind == BulkKind.GROUP:
        return str(WorkerGroup.objects.get(pk=params["group"]))
    if change.kind == BulkKind.RETAIN:
        return str(RetainReason(params["reason_code"]).label)
    if change.kind != BulkKind.MOVE:
        return ""
    name = UnionUnit.objects.values_list("name", flat=True).get(pk=UUID(params["unit"]))
    if not params.get("employer"):
        return name
    employer = Employer.objects.values_list("name", flat=True).get(pk=UUID(params["employer"]))
    return _("%(unit)s, employer %(employer)s") % {"unit": name, "employer": employer}
