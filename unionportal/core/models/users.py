"""Staff accounts and the roles they hold."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import pgtrigger
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, UserManager
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from unionportal.core.ids import new_id
from unionportal.core.ranges import day_range, open_on
from unionportal.core.roles import EXCLUSIVE_ROLES, ROLE_CHOICES, ROLES, Permission

if TYPE_CHECKING:
    from unionportal.core.scope import Scope


class StaffManager(UserManager["User"]):
    """Creates accounts; there are no superusers in this portal."""

    def create_user(self, username: str, password: str | None = None, **fields: object) -> User:  # type: ignore[override]
        user = self.model(username=username, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    """A staff account. `person_key` is the blind index of the person's ID number."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    username = models.CharField(
        _("user name"), max_length=60, unique=True, validators=[UnicodeUsernameValidator()]
    )
    display_name = models.CharField(_("name"), max_length=60)
    email = models.EmailField(blank=True, default="")
    # Required for finance, audit and administration roles: maker ≠ checker is by person.
    person_key = models.UUIDField(null=True, blank=True, editable=False, db_index=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["display_name"]
    is_staff = False
    is_superuser = False

    objects = StaffManager()

    class Meta:
        triggers = [
            pgtrigger.Protect(
                name="person_key_once",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(
                    old__person_key__isnull=False,
                    old__person_key__df=pgtrigger.F("new__person_key"),
                ),
            )
        ]

    def __str__(self) -> str:
        return self.display_name

    def grants_today(self) -> list[Grant]:
        """Return the grants in force today; read once per user object (one request)."""
        return self._grants_today

    @cached_property
    def _grants_today(self) -> list[Grant]:
        return list(
            self.grants.filter(open_on(timezone.localdate())).select_related("unit", "unit__area")
        )

    @cached_property
    def scope_cache(self) -> dict[Permission, Scope]:
        return {}

    @property
    def roles_text(self) -> str:
        return ", ".join(str(ROLES[grant.role].name) for grant in self.grants_today())


class Grant(models.Model):
    """A role held on a unit for some days (half-open; no end = still held)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="grants")
    role = models.CharField(max_length=30, choices=ROLE_CHOICES)
    unit = models.ForeignKey(settings.SCOPE_UNIT_MODEL, on_delete=models.PROTECT, related_name="+")
    # Copied from the user by trigger, so that the constraint below can see the person.
    person_key = models.UUIDField(null=True, editable=False)
    started_on = models.DateField()
    ended_on = models.DateField(null=True, blank=True)
    granted_by = models.ForeignKey(
        User, null=True, on_delete=models.PROTECT, related_name="grants_given"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="grant_dates_ordered",
                condition=Q(ended_on__isnull=True) | Q(ended_on__gte=models.F("started_on")),
            ),
            models.CheckConstraint(
                name="grant_exclusive_role_needs_person",
                condition=~Q(role__in=EXCLUSIVE_ROLES) | Q(person_key__isnull=False),
                violation_error_message=_("This role needs the person's ID number on the account."),
            ),
            models.CheckConstraint(
                name="grant_role_known", condition=Q(role__in=[code for code, _n in ROLE_CHOICES])
            ),
            ExclusionConstraint(
                name="grant_one_exclusive_role_per_person",
                expressions=[
                    ("person_key", RangeOperators.EQUAL),
                    ("role", RangeOperators.NOT_EQUAL),
                    (day_range(), RangeOperators.OVERLAPS),
                ],
                condition=Q(role__in=EXCLUSIVE_ROLES),
                violation_error_message=_("One person cannot hold both roles."),
            ),
            ExclusionConstraint(
                name="grant_one_exclusive_role_per_account",
                expressions=[
                    ("user", RangeOperators.EQUAL),
                    ("role", RangeOperators.NOT_EQUAL),
                    (day_range(), RangeOperators.OVERLAPS),
                ],
                condition=Q(role__in=EXCLUSIVE_ROLES),
                violation_error_message=_("One account cannot hold both roles."),
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="grant_takes_person_key",
                operation=pgtrigger.Insert | pgtrigger.Update,
                when=pgtrigger.Before,
                func="""
                    SELECT person_key INTO NEW.person_key FROM core_user WHERE id = NEW.user_id;
                    RETURN NEW;
                """,
            )
        ]

    def __str__(self) -> str:
        return f"{self.role}@{self.unit_id}"
