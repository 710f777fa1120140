"""This app's references to people and memberships (registry.py)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from members.merging.memberships import MembershipPart
from members.merging.registry import Case, How, Item, Kind, Link, Told, register, register_part
from members.models import Application, Person
from members.models.people import IdType
from members.states import OPEN_APPLICATION, RequestState
from unionportal.core.actions.accounts import staff_key
from unionportal.core.models import User

if TYPE_CHECKING:
    from members.merging.log import Log
    from unionportal.core.actors import ServiceActor

WITH_IT = "goes along with its membership"
# No account has it: a passport is no key.
NOBODYS_KEY = UUID(int=0)
OWN_DAYS = "tells what the membership was"


class AccountPart:
    """One person never works with two staff accounts: that would undo the separation of duties."""

    def tell(self, person: Person) -> Iterable[Told]:
        if User.objects.filter(person_key=_key(person), is_active=True).exists():
            yield Told(_("Staff account"), _("in use"))

    def look(self, case: Case) -> Iterable[Item]:
        keys = {_key(person) for person in (case.survivor, case.merged)}
        if User.objects.filter(person_key__in=keys, is_active=True).count() > 1:
            text = _("Both have a staff account. Have one closed first.")
            yield Item(Kind.STOPS, _("Staff accounts"), text, code="two_accounts")

    def apply(self, case: Case, log: Log, by: User | ServiceActor) -> None:
        """Nothing to do: an account's key never changes."""


def _key(person: Person) -> object:
    return staff_key(person.id_number) if person.id_type == IdType.CITIZEN else NOBODYS_KEY


class ApplicationPart:
    """Open applications stay: the approver is told that the person is a member already."""

    def tell(self, person: Person) -> Iterable[Told]:
        rows = Application.objects.filter(Q(person=person) | Q(id_index=person.id_index))
        for row in rows.select_related("unit").defer("id_number", "phone").order_by("submitted_at"):
            day = timezone.localdate(row.submitted_at).isoformat()
            text = f"{day}, {row.unit.name}, {row.get_state_display()}"
            yield Told(_("Application"), text, reverse("members:application-detail", args=[row.pk]))
        for consent in person.consents.order_by("given_at"):
            day = timezone.localdate(consent.given_at).isoformat()
            yield Told(_("Consent"), f"{day}, {consent.get_purpose_display()}")

    def look(self, case: Case) -> Iterable[Item]:
        indexes = (case.survivor.id_index, case.merged.id_index)
        count = Application.objects.filter(id_index__in=indexes, state__in=OPEN_APPLICATION).count()
        if count:
            text = _("Still open. Approving is refused while the person is a member.")
            yield Item(Kind.STAYS, _("Applications"), text, count)

    def apply(self, case: Case, log: Log, by: User | ServiceActor) -> None:
        """Nothing to do: an application keeps the number it was sent in with."""


def register_links() -> None:
    """Say what becomes of every reference of this app and of core."""
    register_part(_membership_part)
    register_part(_account_part)
    register_part(_application_part)
    register(
        Link(column="members.Membership.person", how=How.MOVES,
             name=gettext_lazy("Memberships")),
        Link(column="members.Application.person", how=How.MOVES,
             name=gettext_lazy("Applications")),
        Link(column="members.Consent.person", how=How.MOVES_IF_FREE,
             name=gettext_lazy("Consents"), like=("purpose",), among=Q(withdrawn_at=None)),
        Link(column="members.DataRequest.person", how=How.MOVES_IF_FREE,
             name=gettext_lazy("Requests about own data"), like=("kind", "subject"),
             among=Q(state=RequestState.OPEN)),
        Link(column="members.CommitteeSeat.person", how=How.MOVES,
             name=gettext_lazy("Committee seats")),
        Link(column="members.Person.merged_into", how=How.MOVES,
             name=gettext_lazy("Records merged before")),
        Link(column="members.Person.id_index", how=How.STAYS,
             why="both numbers lead to the survivor"),
        Link(column="members.Application.id_index", how=How.STAYS,
             why="the number as it was sent in; it leads to the survivor"),
        Link(column="members.ImportRow.id_index", how=How.STAYS, why="the number as it was typed"),
        Link(column="members.Application.membership", how=How.STAYS, why=WITH_IT),
        Link(column="members.Affiliation.membership", how=How.STAYS, why=OWN_DAYS),
        Link(column="members.GroupMembership.membership", how=How.STAYS, why=OWN_DAYS),
        Link(column="members.Movement.membership", how=How.STAYS, why=OWN_DAYS),
        Link(column="members.MemberCertificate.membership", how=How.STAYS, why=WITH_IT),
        Link(column="members.RevokedCertificate.membership", how=How.STAYS, why=WITH_IT),
        Link(column="members.StatusChange.membership", how=How.STAYS, why=OWN_DAYS),
        Link(column="members.EmployerLink.membership", how=How.STAYS, why=WITH_IT),
        Link(column="members.BulkRow.membership", how=How.STAYS, why="the record of a change"),
        Link(column="members.MemberVehicle.membership", how=How.STAYS, why=OWN_DAYS),
        Link(column="members.Transfer.membership", how=How.STAYS,
             why="an open case ends when its membership does"),
        Link(column="members.MemberKey.membership", how=How.STAYS, why="a trigger keeps it"),
        Link(column="members.SortedKey.membership", how=How.STAYS, why="a view of MemberKey"),
        Link(column="members.DuplicatePair.first", how=How.STAYS, why="the pair as it was found"),
        Link(column="members.DuplicatePair.second", how=How.STAYS, why="the pair as it was found"),
        Link(column="members.PersonMerge.survivor", how=How.STAYS, why="the record of a merge"),
        Link(column="members.PersonMerge.merged", how=How.STAYS, why="the record of a merge"),
        Link(column="core.User.person_key", how=How.PART, why="two accounts stop a merge"),
        Link(column="core.Grant.person_key", how=How.STAYS, why="copied from the account"),
    )  # fmt: skip


_membership_part, _account_part = MembershipPart(), AccountPart()
_application_part = ApplicationPart()
