"""What a patch adds to an officer's reach: exactly its area, with a field officer's rights."""

from __future__ import annotations

from django.utils import timezone

from outreach.models import PatchAssignment
from unionportal.core.models import User
from unionportal.core.roles import FieldOfficer, Permission
from unionportal.core.scope import Scope


def patch_scope(user: User, permission: Permission) -> Scope:
    """Return the areas `user` answers for today; nothing for rights a field officer lacks."""
    if permission not in FieldOfficer.permissions:
        return Scope()
    patches = PatchAssignment.objects.filter(officer=user).in_force(timezone.localdate())
    return Scope(area_paths=frozenset(patches.values_list("area__path", flat=True)))
