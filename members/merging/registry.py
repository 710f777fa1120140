"""What becomes of each reference to a person or a membership when two records are merged.

Whoever keeps such a reference registers it in its AppConfig.ready: members knows no app above it.
`unhandled` names what nobody registered; a test holds that list empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from django.db.models import Model, Q
from django.utils.functional import Promise

if TYPE_CHECKING:
    from members.merging.log import Log
    from members.models import Person
    from unionportal.core.actors import ServiceActor
    from unionportal.core.models import User

# Columns that point at a person without a foreign key.
KEY_COLUMNS = frozenset({"person_key", "id_index"})


class How(StrEnum):
    """What becomes of a row that refers to the record that goes."""

    MOVES = "moves"  # it refers to the survivor from now on
    MOVES_IF_FREE = "moves_if_free"  # unless the survivor has its like
    STAYS = "stays"  # it tells what was, or goes along with a row that moves
    PART = "part"  # a `Part` decides


@dataclass(frozen=True, kw_only=True)
class Link:
    """One column ("app.Model.field") and what becomes of it; `name` is for the plan's page."""

    column: str
    how: How
    name: str | Promise = ""
    why: str = ""
    # For MOVES_IF_FREE: rows alike in these columns, among those that fit, are the same thing.
    like: tuple[str, ...] = ()
    among: Q = field(default_factory=Q)


@dataclass(frozen=True)
class Case:
    """Who is merged into whom, and whose value of each field is taken."""

    survivor: Person
    merged: Person
    choices: dict[str, str] = field(default_factory=dict)


class Kind(StrEnum):
    """What a line of the plan says."""

    STOPS = "stops"
    ENDS = "ends"
    MOVES = "moves"
    STAYS = "stays"


@dataclass(frozen=True)
class Item:
    """A line of the plan: what becomes of how many rows, in plain words."""

    kind: Kind
    what: str | Promise
    text: str | Promise = ""
    count: int = 1
    code: str = ""


@dataclass(frozen=True)
class Told:
    """A line about a record for the page that compares two: a membership, a card, a payment."""

    what: str | Promise
    text: str
    url: str = ""


class Part(Protocol):
    """The rows of one app that need a decision."""

    def tell(self, person: Person) -> Iterable[Told]:
        """Return what this part knows of a record, masked."""

    def look(self, case: Case) -> Iterable[Item]:
        """Return what would become of this part's rows; a `STOPS` item forbids the merge."""

    def apply(self, case: Case, log: Log, by: User | ServiceActor) -> None:
        """Do it, telling `log` every change."""


_links: dict[str, Link] = {}
_parts: list[Part] = []


def register(*links: Link) -> None:
    """Say what becomes of these columns; saying it again replaces it."""
    _links.update({link.column: link for link in links})


def register_part(part: Part) -> None:
    """Add a part behind those registered before; adding it again changes nothing."""
    if part not in _parts:
        _parts.append(part)


def links(*hows: How) -> list[Link]:
    """Return the registered columns handled in these ways, in their order."""
    return [link for link in _links.values() if link.how in hows]


def parts() -> tuple[Part, ...]:
    return tuple(_parts)


def references(models: Iterable[type[Model]]) -> Iterator[str]:
    """Yield every column of `models` that refers to a person or a membership."""
    for model in models:
        if not model._meta.proxy:
            for column in model._meta.local_concrete_fields:
                if column.name in KEY_COLUMNS or _refers(column):
                    yield f"{model._meta.label}.{column.name}"


def _refers(column: Any) -> bool:
    from members.models import Membership, Person  # noqa: PLC0415 - models come after this

    return column.is_relation and column.related_model in (Person, Membership)


def unhandled(models: Iterable[type[Model]]) -> list[str]:
    """Return the references nobody registered."""
    return sorted(set(references(models)) - set(_links))
