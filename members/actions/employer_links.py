"""Say that a firm, a driver or a vehicle works under the name of a host firm, and that it ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from members.actions.employers import lock
from members.models import Employer, EmployerLink, Membership
from members.states import LinkKind
from unionportal.core import audit
from unionportal.core.actors import ServiceActor
from unionportal.core.errors import Refused, Stale
from unionportal.core.models import User


@dataclass(frozen=True, kw_only=True)
class Guest:
    """Who works under the host's name: a firm, or a driver, or a vehicle (both may be given)."""

    affiliate: Employer | None = None
    membership: Membership | None = None
    vehicle_plate: str = ""


@transaction.atomic
def link(
    *,
    by: User | ServiceActor,
    host: Employer,
    kind: str,
    guest: Guest,
    started_on: date,
    note: str = "",
) -> EmployerLink:
    """Link `guest` to `host` from `started_on`; `by` records employers in the host's area.

    Raises `Refused`: `future`, `guest` (none, a firm together with a driver, or the host itself),
    `not_platform` (only a platform company has contractors), `linked` (it is on those days).
    """
    locked = lock(host, by)
    _check(locked, kind, guest, started_on)
    made = EmployerLink.objects.create(
        kind=kind, host=locked, affiliate=guest.affiliate, membership=guest.membership,
        vehicle_plate=guest.vehicle_plate, started_on=started_on, note=note,
    )  # fmt: skip
    audit.record(by=by, verb="employer.link", target=locked, data={"link": str(made.pk)})
    return made


@transaction.atomic
def end_link(
    *, by: User | ServiceActor, link: EmployerLink, ended_on: date, reason: str
) -> EmployerLink:
    """End a link on `ended_on`, the first day it no longer holds. Raises `Stale`, `Refused`."""
    host = lock(link.host, by)
    locked = EmployerLink.objects.select_for_update().get(pk=link.pk)
    if locked.ended_on is not None:
        raise Stale(_("This link has ended already."), code="stale")
    if ended_on > timezone.localdate():
        raise Refused(_("The day cannot be in the future."), code="future", field="ended_on")
    if ended_on <= locked.started_on:
        raise Refused(
            _("It began on %(day)s: the end must be a later day.") % {"day": locked.started_on},
            code="order",
            field="ended_on",
        )
    locked.ended_on = ended_on
    locked.save(update_fields=["ended_on"])
    audit.record(
        by=by, verb="employer.unlink", target=host, reason=reason, data={"link": str(locked.pk)}
    )
    return locked


def _check(host: Employer, kind: str, guest: Guest, started_on: date) -> None:
    if started_on > timezone.localdate():
        raise Refused(_("The day cannot be in the future."), code="future", field="started_on")
    if kind == LinkKind.CONTRACTOR and not host.is_platform_company:
        raise Refused(
            _("Only a platform company has contractors. Mark the employer as one first."),
            code="not_platform",
            field="kind",
        )
    _check_guest(host, kind, guest)
    known = EmployerLink.objects.filter(host=host, kind=kind).exclude(ended_on__lte=started_on)
    if guest.affiliate is not None:
        known = known.filter(affiliate=guest.affiliate)
    elif guest.vehicle_plate:
        # A vehicle stands under one name at a time, whoever's.
        known = EmployerLink.objects.filter(vehicle_plate=guest.vehicle_plate).exclude(
            ended_on__lte=started_on
        )
    else:
        known = known.filter(membership=guest.membership, vehicle_plate="")
    if known.exists():
        raise Refused(
            _("It is linked already on some of those days. End that link first."),
            code="linked",
            field="started_on",
        )


def _check_guest(host: Employer, kind: str, guest: Guest) -> None:
    if guest.affiliate == host:
        raise Refused(_("An employer is not its own guest."), code="guest", field="affiliate")
    others = guest.membership is not None or bool(guest.vehicle_plate)
    if (guest.affiliate is not None) == others:
        raise Refused(
            _("Give either a firm, or a member, a plate or both."), code="guest", field="affiliate"
        )
    if kind == LinkKind.CONTRACTOR and guest.affiliate is None:
        raise Refused(_("A contractor is a firm."), code="guest", field="affiliate")
