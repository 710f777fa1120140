"""Empty what was typed about a person, wherever it lies (PIPL 47).

A test walks through the text columns of every model: each is listed here, or there as one that
cannot hold anything about a person. Ids, days, codes and amounts stay.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from django.db.models import Model, Q

from members.models import (
    Affiliation,
    DataRequest,
    DuplicatePair,
    EmployerLink,
    ImportRow,
    MemberCertificate,
    Membership,
    MemberVehicle,
    Person,
    PersonMerge,
    RevokedCertificate,
    StatusChange,
    Transfer,
)
from members.states import ImportState, Verdict

# Where the table wants words: a refusal has a reason, whatever it was.
GONE = "—"
NOT_WRITTEN = (ImportState.MAPPING, ImportState.UPLOADED, ImportState.PREVIEWED)
NO_ROW: dict[str, Any] = {
    "typed": "", "cleaned": "", "line": None, "before": None, "id_index": None,
    "name_masked": "", "id_masked": "", "problems": [],
}  # fmt: skip
# Model, the ways from a row to its person, column → what is left in it.
ERASED: Sequence[tuple[type[Model], tuple[str, ...], dict[str, Any]]] = (
    (Membership, ("person",), {
        "vehicle_plate": "", "platform_name": "", "occupation": "", "employment_form": "",
        "employment_status": "",
    }),
    (Affiliation, ("membership__person",), {"reason": ""}),
    (StatusChange, ("membership__person",), {"reason": ""}),
    (Transfer, ("membership__person",), {"reason": "", "answer": "", "token": None}),
    (EmployerLink, ("membership__person",), {"vehicle_plate": "", "note": ""}),
    (MemberCertificate, ("membership__person",), {"revoked_reason": GONE}),
    (RevokedCertificate, ("membership__person",), {"reason": GONE}),
    (DataRequest, ("person",), {"text": "", "answer": GONE}),
    (DuplicatePair, ("first", "second"), {"note": GONE}),
    (PersonMerge, ("survivor", "merged"), {"reason": GONE, "undo_reason": "", "undo_log": ""}),
)  # fmt: skip


def empty_texts(people: Collection[Person]) -> None:
    """Empty every column of `ERASED` in the rows of `people`, with their vehicles and file rows."""
    for model, ways, columns in ERASED:
        rows = model._base_manager.filter(_of(people, ways))
        plain = {column: left for column, left in columns.items() if left != GONE}
        if plain:
            rows.update(**plain)
        for column in columns.keys() - plain.keys():
            # Only where something was said.
            rows.exclude(**{column: ""}).update(**{column: GONE})
    MemberVehicle.objects.filter(membership__person__in=people).delete()
    memberships = Membership.objects.filter(person__in=people).values_list("pk", flat=True)
    indexes = [person.id_index for person in people]
    empty_rows(Q(membership_id__in=list(memberships)) | Q(id_index__in=indexes))


def empty_rows(condition: Q) -> int:
    """Empty the rows of files that match; number and verdict stay.

    A row that waits to be written has nothing left to write: it is held.
    """
    waiting = ImportRow.objects.filter(
        condition, batch__state__in=NOT_WRITTEN, verdict__in=[Verdict.NEW, Verdict.UPDATE]
    )
    held = list(waiting.values_list("pk", flat=True))
    ImportRow.objects.filter(pk__in=held).update(verdict=Verdict.HELD, membership_id=None)
    return ImportRow.objects.filter(condition | Q(pk__in=held)).update(**NO_ROW)


def _of(people: Collection[Person], ways: tuple[str, ...]) -> Q:
    condition, ids = Q(), [person.pk for person in people]
    for way in ways:
        condition |= Q(**{f"{way}__in": ids})
    return condition
