"""What an account must hold to act on money; services act by the tables alone."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.utils.translation import gettext as _

from unionportal.core.actors import ServiceActor
from unionportal.core.errors import NotAllowed
from unionportal.core.roles import Permission, has_permission

if TYPE_CHECKING:
    from unionportal.core.models import User


def require(by: User | ServiceActor, permission: Permission) -> None:
    """Raise `NotAllowed` when the account lacks the right."""
    if not isinstance(by, ServiceActor) and not has_permission(by, permission):
        raise NotAllowed(_("Your role does not allow this."))


def person_of(by: User, permission: Permission) -> UUID:
    """Return the person behind an account that may do this; services and nameless accounts may not.

    Payout steps are people's: maker and checker differ by person (security.md section 2, row 13).
    """
    if isinstance(by, ServiceActor) or not has_permission(by, permission):
        raise NotAllowed(_("Your role does not allow this."))
    if by.person_key is None:
        raise NotAllowed(_("Your account does not say which person it belongs to."))
    return by.person_key


def finance_person(by: User) -> UUID:
    """Return the person behind a maker's or checker's account; raise `NotAllowed` for others."""
    is_maker = has_permission(by, Permission.MAKE_PAYOUT)
    return person_of(by, Permission.MAKE_PAYOUT if is_maker else Permission.CHECK_PAYOUT)
