"""Take what a head office's own system says of its members."""

from __future__ import annotations

from datetime import date

from django.db import transaction
from django.utils.translation import gettext as _

from members.actions.rights import require_units
from members.actions.structure import refuse_future
from members.models import UnionUnit, UnitFeed
from unionportal.core import audit
from unionportal.core.errors import Refused
from unionportal.core.models import User
from unionportal.core.roles import Permission


@transaction.atomic
def receive_feed(
    *, by: User, unit: UnionUnit, as_of: date, members: int, women: int | None = None
) -> UnitFeed:
    """Keep the number of members that the unit's own system states for a day.

    The newest day is what the unit reports. Raises `Refused` (`not_external`, `women`, `future`).
    """
    require_units(by, Permission.MANAGE_ORGANISATION, [unit.pk])
    refuse_future(as_of, "as_of")
    locked = UnionUnit.objects.select_for_update(of=("self",)).get(pk=unit.pk)
    if not locked.is_external:
        raise Refused(
            _("The members of “%(unit)s” are kept here, not by its own system.")
            % {"unit": locked.name},
            code="not_external",
            field="unit",
        )
    if women is not None and women > members:
        raise Refused(_("There cannot be more women than members."), code="women", field="women")
    feed = UnitFeed.objects.create(
        unit=locked, as_of=as_of, members=members, women=women, received_by=by
    )
    if locked.reported_on is None or as_of >= locked.reported_on:
        locked.reported_members, locked.reported_on = members, as_of
        locked.save(update_fields=["reported_members", "reported_on"])
    audit.record(by=by, verb="unit.feed", target=locked, data={"members": members})
    return feed
