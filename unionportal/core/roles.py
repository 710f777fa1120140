"""Who may do what: one enum of rights, one class per role in plain words.

A right is held through a `Grant` (role, unit, dates); see `scope.py` for where it reaches.
Source: security.md section 2 (roles R2b to R9).
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from unionportal.core.scope import AnyUser


class Permission(StrEnum):
    """Everything anyone can do, once."""

    USE_DESK = "use_desk"
    VIEW_ORGANISATION = "view_organisation"
    MANAGE_ORGANISATION = "manage_organisation"
    KEEP_UNIT_RECORDS = "keep_unit_records"
    VIEW_MEMBERS = "view_members"
    ENROL = "enrol"
    LOAD_REGISTRY = "load_registry"
    APPROVE_APPLICATION = "approve_application"
    REVEAL = "reveal"
    EXPORT = "export"
    VIEW_DRIVES = "view_drives"
    MANAGE_DRIVES = "manage_drives"
    VIEW_CARDS = "view_cards"
    MANAGE_CARDS = "manage_cards"
    VIEW_MONEY = "view_money"
    MANAGE_PROGRAMMES = "manage_programmes"
    MAKE_PAYOUT = "make_payout"
    CHECK_PAYOUT = "check_payout"
    HAND_OUT = "hand_out"
    ENTER_ACCOUNTS = "enter_accounts"
    VIEW_STATIONS = "view_stations"
    RECORD_STATION = "record_station"
    ACCEPT_STATION = "accept_station"
    VIEW_REPORTS = "view_reports"
    VIEW_AUDIT = "view_audit"
    MANAGE_ACCOUNTS = "manage_accounts"
    MANAGE_ROLES = "manage_roles"
    MANAGE_RETENTION = "manage_retention"


P = Permission


class Role:
    """A role: its code, its name, what it is in plain words, its rights."""

    code: ClassVar[str]
    name: ClassVar[str | Promise]
    words: ClassVar[str | Promise]
    permissions: ClassVar[frozenset[Permission]]
    # Two roles that are exclusive are never held by one person at one time (security.md 2).
    is_exclusive: ClassVar[bool] = False


_LOOK = frozenset(
    {
        P.USE_DESK,
        P.VIEW_ORGANISATION,
        P.VIEW_MEMBERS,
        P.VIEW_DRIVES,
        P.VIEW_STATIONS,
        P.VIEW_REPORTS,
    }
)

_MONEY = frozenset({P.USE_DESK, P.VIEW_ORGANISATION, P.VIEW_MONEY, P.VIEW_CARDS})


class FieldOfficer(Role):
    code = "field_officer"
    name = _("Field officer")
    words = _("Enrols people, visits and imports rosters in the own patch. Approves nothing.")
    permissions = _LOOK | {P.ENROL, P.RECORD_STATION}


class SubdistrictOfficer(Role):
    code = "subdistrict_officer"
    name = _("Sub-district officer")
    words = _(
        "Approves applications for the units of the sub-district, recording the grassroots "
        "union's decision, keeps those units' committees and certificates, and hands out goods."
    )
    permissions = FieldOfficer.permissions | {
        P.KEEP_UNIT_RECORDS,
        P.APPROVE_APPLICATION,
        P.REVEAL,
        P.EXPORT,
        P.VIEW_CARDS,
        P.HAND_OUT,
        P.ENTER_ACCOUNTS,
    }


class DistrictOfficer(Role):
    code = "district_officer"
    name = _("District officer")
    words = _(
        "Opens drives, manages cards and programmes, loads registers, accepts service points."
    )
    permissions = SubdistrictOfficer.permissions | {
        P.MANAGE_ORGANISATION,
        P.LOAD_REGISTRY,
        P.MANAGE_DRIVES,
        P.MANAGE_CARDS,
        P.MANAGE_PROGRAMMES,
        P.VIEW_MONEY,
        P.ACCEPT_STATION,
        P.MANAGE_RETENTION,
    }


class FinanceMaker(Role):
    code = "finance_maker"
    name = _("Finance maker")
    words = _("Builds and submits payout batches. Never approves or releases one.")
    permissions = _MONEY | {P.MAKE_PAYOUT}
    is_exclusive = True


class FinanceChecker(Role):
    code = "finance_checker"
    name = _("Finance checker")
    words = _(
        "Checks, approves and releases payout batches that another person submitted, and agrees "
        "to higher budgets."
    )
    permissions = _MONEY | {P.CHECK_PAYOUT}
    is_exclusive = True


class Auditor(Role):
    code = "auditor"
    name = _("Auditor")
    words = _("Reads everything and the logs, changes nothing, sees no full ID number.")
    permissions = _LOOK | {P.VIEW_CARDS, P.VIEW_MONEY, P.VIEW_AUDIT}
    is_exclusive = True


class SystemAdministrator(Role):
    code = "system_administrator"
    name = _("System administrator")
    words = _("Keeps accounts and configuration. Sees no member data and no money.")
    permissions = frozenset({P.USE_DESK, P.MANAGE_ACCOUNTS})
    is_exclusive = True


class SecurityAdministrator(Role):
    code = "security_administrator"
    name = _("Security administrator")
    words = _(
        "Gives and takes roles, sets how long data is kept. Sees no member data and no money."
    )
    permissions = frozenset({P.USE_DESK, P.MANAGE_ROLES, P.MANAGE_RETENTION})
    is_exclusive = True


ROLES: dict[str, type[Role]] = {
    role.code: role
    for role in (
        FieldOfficer,
        SubdistrictOfficer,
        DistrictOfficer,
        FinanceMaker,
        FinanceChecker,
        Auditor,
        SystemAdministrator,
        SecurityAdministrator,
    )
}
ROLE_CHOICES = [(code, role.name) for code, role in ROLES.items()]
EXCLUSIVE_ROLES = [code for code, role in ROLES.items() if role.is_exclusive]


def has_permission(user: AnyUser, permission: Permission) -> bool:
    """Say whether `user` holds `permission` through any grant in force today."""
    if not user.is_authenticated or not user.is_active:
        return False
    return any(permission in ROLES[grant.role].permissions for grant in user.grants_today())


def permissions_of(user: AnyUser) -> frozenset[Permission]:
    """Return every permission `user` holds today, anywhere."""
    if not user.is_authenticated or not user.is_active:
        return frozenset()
    return frozenset().union(*(ROLES[grant.role].permissions for grant in user.grants_today()))
