"""Accounts and roles: made by one administrator, given rights by another (security.md 2)."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.crypto import get_random_string
from django.utils.translation import gettext as _

from unionportal.core import audit
from unionportal.core.crypto import blind_index
from unionportal.core.errors import Refused, Stale
from unionportal.core.models import Grant, User
from unionportal.core.roles import ROLES


def staff_key(id_number: str) -> Any:
    """Return the person key of an ID number: the same person has one key over all accounts."""
    return blind_index(id_number, "staff")


@transaction.atomic
def create_account(
    *, by: User, username: str, display_name: str, id_number: str
) -> tuple[User, str]:
    """Make an account and return it with its first password, which is shown once.

    Raises `Refused` when the user name is taken.
    """
    if User.objects.filter(username=username).exists():
        raise Refused(_("This user name is taken. Choose another one."), field="username")
    password = get_random_string(16)
    user = User(username=username, display_name=display_name, person_key=staff_key(id_number))
    user.set_password(password)
    try:
        user.full_clean()
    except ValidationError as error:
        raise Refused(" ".join(error.messages), field="username") from None
    user.save(force_insert=True)
    audit.record(by=by, verb="account.create", target=user)
    return user, password


@transaction.atomic
def set_active(*, by: User, user: User, is_active: bool) -> None:
    """Close or reopen an account; nobody closes the own one."""
    if user.pk == by.pk:
        raise Refused(_("You cannot close your own account. Ask another administrator."))
    User.objects.filter(pk=user.pk).update(is_active=is_active)
    audit.record(by=by, verb="account.reopen" if is_active else "account.close", target=user)


def give_role(
    *, by: User, user: User, role: str, unit: Any, started_on: date, ended_on: date | None
) -> Grant:
    """Give `user` a role on `unit`; raises `Refused` when the person may not hold it."""
    if user.person_key is not None and user.person_key == by.person_key:
        raise Refused(_("Nobody gives a role to himself or herself. Ask another administrator."))
    if ended_on and ended_on <= started_on:
        raise Refused(_("The last day must come after the first."), field="ended_on")
    try:
        with transaction.atomic():
            grant = Grant.objects.create(
                user=user, role=role, unit=unit, started_on=started_on, ended_on=ended_on,
                granted_by=by,
            )  # fmt: skip
            audit.record(by=by, verb="grant.give", target=user, data={"role": role})
    except IntegrityError as error:
        raise Refused(_why(str(error), role), field="role") from None
    return grant


def _why(error: str, role: str) -> str:
    if "needs_person" in error:
        return _("This role needs the person's ID number on the account.")
    return _(
        "This person already holds a role that does not go with “%(role)s”: maker, checker, "
        "auditor and the two administrators are five different people."
    ) % {"role": ROLES[role].name}


@transaction.atomic
def end_role(*, by: User, grant: Grant, today: date) -> None:
    """End a role today; it stops at the next click. Raises `Stale` when it has ended already."""
    ended = Grant.objects.filter(pk=grant.pk).exclude(ended_on__lte=today)
    if not ended.update(ended_on=max(today, grant.started_on)):
        raise Stale(_("This role has ended already."))
    audit.record(by=by, verb="grant.end", target=grant.user, data={"role": grant.role})
