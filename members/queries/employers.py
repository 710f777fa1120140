"""Employers: the list, doubles, what a page shows of one."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib.postgres.search import TrigramSimilarity
from django.db.models import Q, QuerySet

from members.models import Area, Employer, Industry, Membership
from unionportal.core.pinyin import bigrams

if TYPE_CHECKING:
    from unionportal.core.scope import AnyUser

EDITABLE = (
    "name", "credit_code", "area_id", "address", "industry_id", "ownership",
    "is_platform_company", "pays_dues", "is_operating", "is_preparing_union", "union_elsewhere",
)  # fmt: skip
# Of two names without what every firm is called; above this they are worth a look.
ALIKE = 0.5
FORM_WORDS = re.compile("(股份)?(有限)?(责任)?(总|分)?公司")
ALIKE_READ, ALIKE_SHOWN = 100, 5
LINKS_SHOWN = 200


def version_of(employer: Employer) -> str:
    """Return a token of everything a form changes: another token, other content."""
    content = repr([getattr(employer, name) for name in EDITABLE])
    return hashlib.sha256(content.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class EmployerFilters:
    """What a list of employers is narrowed to; empty = not."""

    q: str = ""
    area: Area | None = None
    union_state: str = ""
    industry: Industry | None = None
    ownership: str = ""
    is_platform_company: bool | None = None
    is_operating: bool | None = None
    has_headcount: bool | None = None


def employer_list(user: AnyUser, filters: EmployerFilters) -> QuerySet[Employer]:
    """Return the employers `user` may see, narrowed; doubles that were merged are left out."""
    rows = Employer.objects.visible_to(user).filter(merged_into=None).select_related("area")
    if q := filters.q.strip():
        rows = rows.filter(Q(name__contains=q) | Q(credit_code=q.upper()))
    if filters.area:
        rows = rows.filter(area__in=within(filters.area))
    if filters.industry:
        rows = rows.filter(
            Q(industry=filters.industry) | Q(industry__section=filters.industry)
        )  # fmt: skip
    if filters.has_headcount is not None:
        rows = rows.filter(headcount__isnull=not filters.has_headcount)
    for name in ("union_state", "ownership", "is_platform_company", "is_operating"):
        if (value := getattr(filters, name)) not in ("", None):
            rows = rows.filter(**{name: value})
    return rows


def within(area: Area) -> QuerySet[Area]:
    """Return the ids of an area and all below it, for a subquery."""
    rows: QuerySet[Area] = Area.objects.filter(path__startswith=area.path).order_by()
    return rows.values("pk")  # type: ignore[return-value]


def by_code(user: AnyUser, code: str) -> tuple[Employer | None, bool]:
    """Return the employer with this credit code if `user` may see it, and whether there is one."""
    rows = Employer.objects.filter(credit_code=code)
    seen = Employer.objects.visible_to(user).filter(credit_code=code).first()
    return seen, seen is not None or rows.exists()


def alike(user: AnyUser, name: str, *, but: Employer | None = None) -> list[Employer]:
    """Return employers in `user`'s reach with a name like `name`, likest first, at most five."""
    near = Employer.objects.visible_to(user).filter(merged_into=None, name__trigram_similar=name)
    if but is not None:
        near = near.exclude(pk=but.pk)
    rows = near.select_related("area").order_by(TrigramSimilarity("name", name).desc(), "pk")
    like = [(_likeness(one.name, name), one) for one in rows[:ALIKE_READ]]
    found = sorted((pair for pair in like if pair[0] >= ALIKE), key=lambda pair: -pair[0])
    return [one for _likeness_of, one in found[:ALIKE_SHOWN]]


def _likeness(first: str, second: str) -> float:
    """Return how many pairs of neighbouring characters two names share, of all they have."""
    mine, other = (set(bigrams(FORM_WORDS.sub("", name))) for name in (first, second))
    return len(mine & other) / max(len(mine | other), 1)


def links_of(user: AnyUser, employer: Employer) -> dict[str, Any]:
    """Return the firms, drivers and vehicles under `employer`'s name, and those it stands under.

    A driver's name and number are shown to whoever may see the membership, others see the plate.
    """
    guests = employer.guests.select_related("affiliate", "membership__person").defer(
        "membership__person__id_number", "membership__person__phone"
    )
    rows = list(guests.order_by("-started_on", "pk")[:LINKS_SHOWN])
    drivers = [row.membership_id for row in rows if row.membership_id]
    seen = Membership.objects.visible_to(user).filter(pk__in=drivers)
    return {
        "guests": rows,
        "seen_drivers": set(seen.values_list("pk", flat=True)) if drivers else set(),
        "hosts": employer.hosts.select_related("host").order_by("-started_on", "pk")[:LINKS_SHOWN],
    }
