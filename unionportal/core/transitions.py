"""The one door through which a state column changes.

A machine is a table one can read aloud: verb, from, to, who may, whether a reason is needed.
`move` locks the row, checks the table, writes by compare-and-set and audits, all in the caller's
transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from django.db import connection, models, transaction
from django.utils.translation import gettext as _

from unionportal.core import audit
from unionportal.core.errors import Refused, Stale
from unionportal.core.roles import Permission

if TYPE_CHECKING:
    from unionportal.core.actors import ServiceActor
    from unionportal.core.models import User

M = TypeVar("M", bound=models.Model)


@dataclass(frozen=True, slots=True)
class Step:
    """One row of a transition table."""

    verb: str
    sources: tuple[str, ...]
    target: str
    permission: Permission | None = None
    needs_reason: bool = False


@dataclass(frozen=True)
class Machine:
    """A named transition table over one state column."""

    name: str
    steps: tuple[Step, ...]
    field: str = "state"

    def step(self, verb: str, source: str | None = None) -> Step:
        """Return the row for `verb` (from `source` when a verb has several rows)."""
        rows = [s for s in self.steps if s.verb == verb]
        if not rows:
            raise LookupError(f"{self.name} has no verb {verb!r}")
        fitting = [s for s in rows if source is None or source in s.sources]
        return (fitting or rows)[0]

    def verbs_from(self, state: str) -> list[str]:
        """Return the verbs possible in `state`, in table order."""
        return [s.verb for s in self.steps if state in s.sources]


def machine_of(model: type[models.Model]) -> Machine:
    machine: Machine = model.machine  # type: ignore[attr-defined]
    return machine


@transaction.atomic
def move(obj: M, verb: str, *, by: User | ServiceActor, reason: str = "", **changes: Any) -> M:
    """Apply `verb` to `obj` and write `changes` with it; return `obj` with the new values.

    Raises `Stale` when the row has left the states the verb starts from, `Refused` when the verb
    needs a reason and none is given.
    """
    model = type(obj)
    machine = machine_of(model)
    locked = model._base_manager.select_for_update(of=("self",)).get(pk=obj.pk)
    source = str(getattr(locked, machine.field))
    step = machine.step(verb, source)
    if source not in step.sources:
        raise Stale(
            _("This changed in the meantime: it is now “%(state)s”. Look again before you act.")
            % {"state": _state_label(locked, machine.field)},
            code="stale",
        )
    _require_reason(step, reason)
    values = {machine.field: step.target, **changes}
    model._base_manager.filter(pk=obj.pk, **{machine.field: source}).update(**values)
    for name, value in values.items():
        setattr(obj, name, value)
    audit.record(
        by=by, verb=f"{machine.name}.{verb}", target=obj, from_state=source,
        to_state=step.target, reason=reason, fields=sorted(changes),
    )  # fmt: skip
    return obj


@transaction.atomic
def put_back(
    obj: M, state: str, *, found: str, by: User | ServiceActor, reason: str, **changes: Any
) -> M:
    """Return `obj` from `found` to a `state` it had before, for an undo that kept a record of it.

    The one way past the table, and audited like any other. Raises `Stale` when it is not `found`.
    """
    machine = machine_of(type(obj))
    rows = type(obj)._base_manager.filter(pk=obj.pk, **{machine.field: found})
    if not rows.update(**{machine.field: state}, **changes):
        raise Stale(_("This changed in the meantime. Look again before you act."), code="stale")
    for name, value in {machine.field: state, **changes}.items():
        setattr(obj, name, value)
    audit.record(
        by=by, verb=f"{machine.name}.put_back", target=obj, from_state=found, to_state=state,
        reason=reason, fields=sorted(changes),
    )  # fmt: skip
    return obj


@transaction.atomic
def move_all(
    rows: models.QuerySet[M],
    verb: str,
    *,
    by: User | ServiceActor,
    reason: str = "",
    **changes: Any,
) -> list[Any]:
    """Apply `verb` to every row of `rows` that may take it; return their ids in id order."""
    machine = machine_of(rows.model)
    step = machine.step(verb)
    fitting = rows.filter(**{f"{machine.field}__in": step.sources}).order_by("pk")
    found = dict(fitting.select_for_update(of=("self",)).values_list("pk", machine.field))
    _move_found(rows.model, verb, by, found, reason, changes, {})
    return list(found)


@transaction.atomic
def move_found(
    model: type[M],
    verb: str,
    *,
    by: User | ServiceActor,
    found: Mapping[Any, str],
    reason: str = "",
    changes: Mapping[str, Any] = MappingProxyType({}),
    texts: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> None:
    """Apply `verb` to rows the caller has locked and `found` in these states: {id: state}.

    `changes` are the same for all; `texts` gives text columns a value for each row, in the order
    of `found`. One UPDATE however many. Raises `Stale` when a row is not as found, or in no state
    the verb starts from.
    """
    _move_found(model, verb, by, found, reason, changes, texts)


def _move_found(
    model: type[M],
    verb: str,
    by: User | ServiceActor,
    found: Mapping[Any, str],
    reason: str,
    changes: Mapping[str, Any],
    texts: Mapping[str, Sequence[str]],
) -> None:
    machine = machine_of(model)
    step = machine.step(verb)
    _require_reason(step, reason)
    stays = set(found.values()) - set(step.sources)
    if stays or _write(model, {machine.field: step.target, **changes}, found, texts) < len(found):
        raise Stale(_("This changed in the meantime. Look again before you act."), code="stale")
    audit.record_many(
        by=by, verb=f"{machine.name}.{verb}", model=model,
        moves=[(pk, state, step.target) for pk, state in found.items()], reason=reason,
        fields=sorted([*changes, *texts]),
    )  # fmt: skip


def _write(
    model: type[M],
    changes: Mapping[str, Any],
    found: Mapping[Any, str],
    texts: Mapping[str, Sequence[str]],
) -> int:
    """Write a step to rows in one UPDATE of arrays; return how many were as found."""
    if not found:
        return 0
    sets, values = [f"{name} = i.{name}" for name in texts], list[Any]()
    for name, value in changes.items():
        field: Any = model._meta.get_field(name)
        sql, params = _compiled(model, field, value)
        sets.append(f"{field.column} = {sql}")
        values += params
    key = model._meta.pk
    statement = WRITE.format(
        table=model._meta.db_table, pk=key.column, field=machine_of(model).field,
        key=key.db_type(connection), sets=", ".join(sets),
        arrays=", %s::text[]" * len(texts), names="".join(f", {name}" for name in texts),
    )  # fmt: skip
    keys = [key.get_db_prep_value(pk, connection) for pk in found]
    states = [str(state) for state in found.values()]
    with connection.cursor() as cursor:
        cursor.execute(statement, [*values, keys, states, *map(list, texts.values())])
        return int(cursor.rowcount)


def _compiled(model: type[M], field: Any, value: Any) -> tuple[str, Sequence[Any]]:
    """Return a value of a column as SQL: what the database works out itself, or a parameter."""
    if hasattr(value, "resolve_expression"):
        query = model._base_manager.all().query
        compiler = query.get_compiler(connection=connection)
        found: tuple[str, Sequence[Any]] = compiler.compile(value.resolve_expression(query))
        return found
    return "%s", [field.get_db_prep_save(getattr(value, "pk", value), connection)]


WRITE = """
UPDATE {table} SET {sets}
FROM unnest(%s::{key}[], %s::text[]{arrays}) AS i (id, found{names})
WHERE {table}.{pk} = i.id AND {table}.{field} = i.found"""


@transaction.atomic
def put_back_all(
    rows: models.QuerySet[M], state: str, *, found: str, by: User | ServiceActor, reason: str
) -> list[Any]:
    """Do as `put_back` does with every row of `rows` that is `found`; return their ids."""
    machine = machine_of(rows.model)
    fitting = rows.filter(**{machine.field: found}).order_by("pk")
    ids = list(fitting.select_for_update(of=("self",)).values_list("pk", flat=True))
    rows.model._base_manager.filter(pk__in=ids).update(**{machine.field: state})
    audit.record_many(
        by=by, verb=f"{machine.name}.put_back", model=rows.model,
        moves=[(pk, found, state) for pk in ids], reason=reason,
    )  # fmt: skip
    return ids


def _require_reason(step: Step, reason: str) -> None:
    if step.needs_reason and not reason.strip():
        raise Refused(_("Give a reason."), code="reason_needed", field="reason")


def _state_label(obj: models.Model, field: str) -> str:
    display = getattr(obj, f"get_{field}_display", None)
    return str(display() if display else getattr(obj, field))


def buttons_for(obj: models.Model, permissions: Iterable[Permission]) -> list[str]:
    """Return the verbs `obj` can take now for somebody holding `permissions`."""
    machine = machine_of(type(obj))
    held = set(permissions)
    state = str(getattr(obj, machine.field))
    return [
        step.verb
        for step in machine.steps
        if state in step.sources and (step.permission is None or step.permission in held)
    ]
