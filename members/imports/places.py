"""What the words of a file may mean: units, employers, and column titles an officer named."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from members.models import Employer, HeaderAlias, UnionUnit
from unionportal.core.models import User
from unionportal.core.spreadsheets.headers import title_key


def units_by_name(top: UnionUnit) -> dict[str, str]:
    """Return the units at or below `top` that take members, by name and by credit code.

    Below a head office's union: those its own system keeps; below any other: none of those.
    """
    units = UnionUnit.objects.taking_members().filter(
        path__startswith=top.path, is_external=top.is_external
    )
    return _by_name(units.order_by().values_list("pk", "name", "credit_code"))


def employers_by_name(user: User) -> dict[str, str]:
    """Return the employers `user` may see, by name and by credit code."""
    found = Employer.objects.visible_to(user).order_by()
    return _by_name(found.values_list("pk", "name", "credit_code"))


def _by_name(rows: Iterable[tuple[UUID, str, str | None]]) -> dict[str, str]:
    """Return ids by name and code; "" stands for a name that several have."""
    known: dict[str, str] = {}
    for pk, name, code in rows:
        known[name] = "" if name in known else pk.hex
        if code:
            known[code] = pk.hex
    return known


def learnt_titles(unit: UnionUnit) -> dict[str, str]:
    """Return the column titles that officers named for `unit`: {title: field}."""
    return dict(HeaderAlias.objects.filter(unit=unit).values_list("title", "field"))


def learn_titles(unit: UnionUnit, named: dict[str, str], by: User) -> None:
    """Remember what columns hold ({title: field}); the newest word counts."""
    for title, field in named.items():
        HeaderAlias.objects.update_or_create(
            unit=unit, title=title_key(title), defaults={"field": field, "created_by": by}
        )
