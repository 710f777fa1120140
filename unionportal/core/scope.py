"""Where a right reaches: the one filter behind every list, page, export, API route and report.

A grant is (role, unit, dates). It covers the unit's subtree and every row whose area that subtree
serves (architecture.md decision 5). The members app says what a unit's subtree and areas are;
upper apps may add areas to an officer (patch assignments).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self, TypeAlias, TypeVar

from django.contrib.auth.models import AnonymousUser
from django.db.models import Model, Q, QuerySet

from unionportal.core.roles import ROLES, Permission

if TYPE_CHECKING:
    from unionportal.core.models import Grant, User

AnyUser: TypeAlias = "User | AnonymousUser"

M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class Scope:
    """Tree paths of the units and areas in reach; `everything` for the whole district."""

    everything: bool = False
    unit_paths: frozenset[str] = frozenset()
    area_paths: frozenset[str] = frozenset()

    @property
    def is_empty(self) -> bool:
        return not (self.everything or self.unit_paths or self.area_paths)

    def __or__(self, other: Scope) -> Scope:
        return Scope(
            self.everything or other.everything,
            self.unit_paths | other.unit_paths,
            self.area_paths | other.area_paths,
        )

    def in_units(self, lookup: str) -> Q:
        """Match rows whose unit (at `lookup`) lies in a covered subtree."""
        return _under(lookup, self.unit_paths)

    def in_areas(self, lookup: str) -> Q:
        """Match rows whose area (at `lookup`) lies in a served area."""
        return _under(lookup, self.area_paths)


def _under(lookup: str, paths: Iterable[str]) -> Q:
    prefix = f"{lookup}__path" if lookup else "path"
    condition = Q(pk__in=[])
    for path in sorted(paths):
        condition |= Q(**{f"{prefix}__startswith": path})
    return condition


Resolver = Callable[["list[Grant]"], Scope]
Extension = Callable[["User", Permission], Scope]
_resolvers: list[Resolver] = []
_extensions: list[Extension] = []


def register_resolver(resolver: Resolver) -> None:
    """Let the members app say which units and areas a list of grants covers."""
    _resolvers[:] = [resolver]


def register_extension(extension: Extension) -> None:
    """Let an upper app add units or areas to an officer for a permission."""
    if extension not in _extensions:
        _extensions.append(extension)


def scope_of(user: AnyUser, permission: Permission) -> Scope:
    """Return where `user` holds `permission` today; read once per request and user object."""
    if not user.is_authenticated or not user.is_active:
        return Scope()
    if permission not in user.scope_cache:
        user.scope_cache[permission] = _resolve(user, permission)
    return user.scope_cache[permission]


def _resolve(user: User, permission: Permission) -> Scope:
    grants = [g for g in user.grants_today() if permission in ROLES[g.role].permissions]
    if not grants:
        return Scope()
    scope = Scope()
    for resolver in _resolvers:
        scope |= resolver(grants)
    if not scope.everything:
        for extension in _extensions:
            scope |= extension(user, permission)
    return scope


class ScopedQuerySet(QuerySet[M]):
    """A queryset that knows its owner unit and area; every read starts from `visible_to`."""

    view_permission: ClassVar[Permission]
    unit_lookup: ClassVar[str | None] = None
    area_lookup: ClassVar[str | None] = None

    def visible_to(self, user: AnyUser, permission: Permission | None = None) -> Self:
        """Keep the rows `user` may see, or may act on when `permission` is given."""
        scope = scope_of(user, permission or self.view_permission)
        if scope.everything:
            return self.all()
        if scope.is_empty:
            return self.none()
        return self.filter(self.scope_filter(scope))

    def scope_filter(self, scope: Scope) -> Q:
        """Return the condition for a scope that is not the whole district."""
        condition = Q(pk__in=[])
        if self.unit_lookup is not None:
            condition |= scope.in_units(self.unit_lookup)
        if self.area_lookup is not None:
            condition |= scope.in_areas(self.area_lookup)
        return condition
