"""The record of a merge: every change in its order, and how each is taken back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db import IntegrityError, transaction
from django.db.models import Model, QuerySet
from django.db.models.deletion import ProtectedError

from unionportal.core.errors import Stale
from unionportal.core.transitions import machine_of, move, put_back

if TYPE_CHECKING:
    from unionportal.core.actors import ServiceActor
    from unionportal.core.models import User

Data = dict[str, Any]
CHANGED, GONE, TAKEN = "changed", "gone", "taken"


@dataclass(frozen=True)
class Undoing:
    """Who takes a merge back, and why."""

    by: User | ServiceActor
    reason: str


# Takes back one entry; returns why it cannot, or "".
Undo = Callable[[Data, Undoing], str]
_undoes: dict[str, Undo] = {}


def undoes(kind: str) -> Callable[[Undo], Undo]:
    """Register the function that takes back entries of `kind`."""

    def keep(function: Undo) -> Undo:
        _undoes[kind] = function
        return function

    return keep


@dataclass
class Log:
    """What a merge changed. `what` and `id` of each entry say whose row it was."""

    entries: list[Data] = field(default_factory=list)

    def add(self, kind: str, row: Model, **data: Any) -> None:
        """Add an entry for `row`, to be taken back by the function registered for `kind`."""
        what = {"kind": kind, "what": row._meta.label, "id": str(row.pk)}
        self.entries.append({**what, **data})

    def set(self, rows: QuerySet[Any], **values: Any) -> int:
        """Write `values` to `rows`, keeping what they were; return how many rows changed."""
        model = rows.model
        before = list(rows.order_by("pk").select_for_update(of=("self",)).values("pk", *values))
        model._base_manager.filter(pk__in=[row["pk"] for row in before]).update(**values)
        for row in before:
            known = model(pk=row.pop("pk"))
            self.add("set", known, before=row, after=values)
        return len(before)

    def move(
        self, row: Model, verb: str, *, by: User | ServiceActor, reason: str, **changes: Any
    ) -> None:
        """Move a state by its table, keeping the state and the values from before."""
        name = machine_of(type(row)).field
        before = {key: getattr(row, key) for key in (name, *changes)}
        move(row, verb, by=by, reason=reason, **changes)
        after = {key: getattr(row, key) for key in before}
        self.add("state", row, before=before, after=after)

    def dump(self) -> str:
        return json.dumps(self.entries, default=str, ensure_ascii=False)

    @classmethod
    def load(cls, text: str) -> Log:
        return cls(json.loads(text))


def take_back(log: Log, undoing: Undoing) -> list[dict[str, str]]:
    """Take back every entry, the last first; return those left alone, with the reason."""
    kept = []
    for entry in reversed(log.entries):
        if why := _try(entry, undoing):
            kept.append({"what": entry["what"], "id": entry["id"], "why": why})
    return kept


def _try(entry: Data, undoing: Undoing) -> str:
    try:
        with transaction.atomic():
            return _undoes[entry["kind"]](entry, undoing)
    except Stale:
        return CHANGED
    except (IntegrityError, ProtectedError):
        return TAKEN


def model_of(entry: Data) -> type[Model]:
    return apps.get_model(entry["what"])


def typed(model: type[Model], values: Data) -> Data:
    """Return values that went through JSON as the columns hold them."""
    fields = {name: model._meta.get_field(name) for name in values}
    return {name: fields[name].to_python(value) for name, value in values.items()}  # type: ignore[union-attr]


def current(model: type[Model], pk: str, names: Iterable[str]) -> Data | None:
    """Return the row's values, locked; None when it is gone."""
    rows = model._base_manager.filter(pk=pk).select_for_update(of=("self",))
    return rows.values(*names).first()


def changed(model: type[Model], pk: str, after: Data) -> str:
    """Say why the row is not as the merge left it; "" when it is."""
    now = current(model, pk, after)
    if now is None:
        return GONE
    return CHANGED if now != typed(model, after) else ""


@undoes("set")
def _unset(entry: Data, undoing: Undoing) -> str:
    model = model_of(entry)
    if why := changed(model, entry["id"], entry["after"]):
        return why
    values = typed(model, entry["before"])
    model._base_manager.filter(pk=entry["id"]).update(**values)
    return ""


@undoes("state")
def _unmove(entry: Data, undoing: Undoing) -> str:
    model = model_of(entry)
    if why := changed(model, entry["id"], entry["after"]):
        return why
    values = typed(model, entry["before"])
    name = machine_of(model).field
    state = values.pop(name)
    row = model._base_manager.get(pk=entry["id"])
    put_back(row, state, found=entry["after"][name], by=undoing.by, reason=undoing.reason,
             **values)  # fmt: skip
    return ""
