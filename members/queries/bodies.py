"""What a unit owes: terms that run out, vacant chairs, certificates, the warnings of the law."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import Count, Exists, F, Max, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from members.models import (
    CertificateFiling,
    CollectiveContract,
    Committee,
    CommitteeSeat,
    ContractEmployer,
    EmployerCoverage,
    LegalPersonCertificate,
    Membership,
    UnionUnit,
)
from members.models.unit_papers import FILING_DAYS
from members.states import BODILESS_KINDS, OPEN_MEMBERSHIP, UnitKind, UnitStatus

if TYPE_CHECKING:
    from unionportal.core.scope import AnyUser

# So many days before the term's end the re-election is prepared.
SOON_DAYS = 90
# A vacant chair is filled within three months (domain.md 1.2).
VACANT_DAYS = 92
# From 25 members on a union has a committee (TUL 11).
COMMITTEE_FROM = 25
FEMALE = 2
WITHOUT_COMMITTEE = (*BODILESS_KINDS, UnitKind.BRANCH)


def terms_overdue(user: AnyUser, day: date) -> QuerySet[Any]:
    """Committees of standing units past their day; order by `due`."""
    return _committees(user).filter(due_on__lt=day).annotate(due=F("due_on"))


def terms_soon(user: AnyUser, day: date) -> QuerySet[Any]:
    """Committees whose term ends within 90 days."""
    ending = (day, day + timedelta(days=SOON_DAYS))
    return _committees(user).filter(due_on__range=ending).annotate(due=F("due_on"))


def chairs_vacant(user: AnyUser, day: date) -> QuerySet[Any]:
    """Union committees without a chair for more than three months; `due` = when it was to be
    filled."""
    chairs = CommitteeSeat.objects.filter(
        committee=OuterRef("pk"), office=CommitteeSeat.Office.CHAIR, ended_on=None
    )
    rows = _committees(user).filter(~Exists(chairs), kind=Committee.Kind.UNION, is_single=False)
    ended = Max("seats__ended_on", filter=Q(seats__office=CommitteeSeat.Office.CHAIR))
    return rows.annotate(due=Coalesce(ended, F("started_on"))).filter(
        due__lt=day - timedelta(days=VACANT_DAYS)
    )


def _committees(user: AnyUser) -> QuerySet[Committee]:
    rows = Committee.objects.visible_to(user).filter(ended_on=None)
    return rows.exclude(unit__status=UnitStatus.DISSOLVED).select_related("unit")


def certificates_ending(user: AnyUser, day: date) -> QuerySet[Any]:
    """Certificates that have expired or may be renewed now: the 30 days before expiry."""
    rows = LegalPersonCertificate.objects.visible_to(user).filter(
        ended_on=None, valid_to__lte=day + timedelta(days=FILING_DAYS)
    )
    return rows.select_related("unit").annotate(due=F("valid_to"))


def filings_due(user: AnyUser, day: date) -> QuerySet[Any]:
    """Changes not yet filed; `due` is the day of the change, 30 days are given."""
    held = LegalPersonCertificate.objects.visible_to(user).filter(ended_on=None)
    rows = CertificateFiling.objects.filter(
        filed_on=None, certificate__in=held.order_by().values("pk"), happened_on__lte=day
    )
    return rows.select_related("certificate__unit").annotate(due=F("happened_on"))


def units_without_committee(user: AnyUser, day: date) -> QuerySet[Any]:
    """Standing units with 25 members or more and no union committee on record."""
    counted = Membership.objects.filter(state__in=OPEN_MEMBERSHIP).order_by().values("unit_id")
    large = counted.annotate(n=Count("pk")).filter(n__gte=COMMITTEE_FROM).values("unit_id")
    held = Committee.objects.filter(
        unit=OuterRef("pk"), kind=Committee.Kind.UNION, ended_on=None, is_single=False
    )
    standing = UnionUnit.objects.visible_to(user).exclude(kind__in=WITHOUT_COMMITTEE)
    rows: QuerySet[Any] = standing.annotate(due=F("established_on"))
    return rows.filter(
        ~Exists(held), pk__in=large, status=UnitStatus.ESTABLISHED, is_external=False
    )


@dataclass(frozen=True, slots=True)
class ReminderKind:
    """One list of things to see to: its code, its name, its rows with `due`."""

    code: str
    label: str | Promise
    rows: Callable[[AnyUser, date], QuerySet[Any]]


REMINDERS = {
    kind.code: kind
    for kind in (
        ReminderKind("overdue", gettext_lazy("Re-election overdue"), terms_overdue),
        ReminderKind("soon", gettext_lazy("Term ends within 90 days"), terms_soon),
        ReminderKind("chair", gettext_lazy("Chair vacant over 3 months"), chairs_vacant),
        ReminderKind("certificate", gettext_lazy("Certificate to renew"), certificates_ending),
        ReminderKind("filing", gettext_lazy("Change to file"), filings_due),
        ReminderKind(
            "committee", gettext_lazy("25 members, no committee"), units_without_committee
        ),
    )
}


def reminder_counts(user: AnyUser, day: date) -> dict[str, int]:
    """Return how many things of each kind wait; one query a kind."""
    return {code: kind.rows(user, day).count() for code, kind in REMINDERS.items()}


def committees_of(unit: UnionUnit) -> QuerySet[Committee]:
    """Return the unit's committees with seats and extensions, those in office first."""
    rows = Committee.objects.filter(unit=unit).prefetch_related("seats__person", "extensions")
    return rows.order_by(F("ended_on").desc(nulls_first=True), "kind", "-started_on")


def warnings_of(unit: UnionUnit, members: int, women: int) -> list[str]:
    """Return what the law asks of a unit with so many members and is not on record; it warns."""
    if unit.status != UnitStatus.ESTABLISHED or unit.is_external:
        return []
    if unit.kind in WITHOUT_COMMITTEE:
        return []
    held = {
        row["kind"]: row["is_single"]
        for row in unit.committees.filter(ended_on=None).values("kind", "is_single")
    }
    found: list[str] = []
    if members >= COMMITTEE_FROM and held.get(Committee.Kind.UNION, True):
        found.append(
            _("%(count)d members: from %(floor)d on a union elects a committee.")
            % {"count": members, "floor": COMMITTEE_FROM}
        )
    elif members and Committee.Kind.UNION not in held:
        found.append(_("Neither a committee nor an organiser is on record."))
    if held.get(Committee.Kind.UNION) is False and Committee.Kind.AUDIT not in held:
        found.append(_("A union with a committee elects a funds audit committee too."))
    if women >= settings.WOMEN_COMMITTEE_FROM and Committee.Kind.WOMEN not in held:
        found.append(
            _("%(count)d women members: from %(floor)d on they have a committee or a commissioner.")
            % {"count": women, "floor": settings.WOMEN_COMMITTEE_FROM}
        )
    return found


@dataclass(frozen=True, slots=True)
class UnitHealth:
    """What is known of a unit's life, each with its day; None = not recorded."""

    members: int
    women: int
    came_last_year: int
    last_joined_on: date | None
    elected_on: date | None
    due_on: date | None
    employers: int
    paying: int
    contracts: int
    covered: int
    contract_until: date | None
    warnings: list[str]


def health_of(unit: UnionUnit, day: date) -> UnitHealth:
    """Return the health of one unit (not of those below it); seven queries."""
    here = Membership.objects.filter(unit=unit, state__in=OPEN_MEMBERSHIP)
    counts = here.aggregate(
        members=Count("pk"),
        women=Count("pk", filter=Q(person__sex=FEMALE)),
        came=Count("pk", filter=Q(joined_on__gt=day - timedelta(days=365))),
        last=Max("joined_on"),
    )
    committee = unit.committees.filter(kind=Committee.Kind.UNION).order_by("-started_on").first()
    dues = EmployerCoverage.objects.filter(unit=unit, ended_on=None).aggregate(
        employers=Count("pk"), paying=Count("pk", filter=Q(employer__pays_dues=True))
    )
    contracts = CollectiveContract.objects.filter(unit=unit, signed_on__lte=day, valid_to__gt=day)
    held = contracts.aggregate(count=Count("pk"), until=Max("valid_to"))
    covered = ContractEmployer.objects.filter(contract__in=contracts.values("pk"))
    return UnitHealth(
        members=counts["members"],
        women=counts["women"],
        came_last_year=counts["came"],
        last_joined_on=counts["last"],
        elected_on=committee.started_on if committee else None,
        due_on=committee.due_on if committee and committee.ended_on is None else None,
        employers=dues["employers"],
        paying=dues["paying"],
        contracts=held["count"],
        covered=covered.aggregate(firms=Count("employer", distinct=True))["firms"],
        contract_until=held["until"],
        warnings=warnings_of(unit, counts["members"], counts["women"]),
    )
