"""A version's terms in words, for a page."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from benefits.models import ProgrammeVersion, Timing
from members.models import Area, UnionUnit, WorkerGroup
from members.states import MembershipState


@dataclass(frozen=True, slots=True)
class Term:
    """One condition: what it is about and what it asks for."""

    label: str | Promise
    text: str


def terms_in_words(version: ProgrammeVersion) -> list[Term]:
    """Return the conditions a version asks for; at most three queries."""
    found = [
        Term(gettext_lazy("What the window means"), str(Timing(version.timing).label)),
        Term(gettext_lazy("Membership"),
             ", ".join(str(MembershipState(one).label) for one in version.standings)),
    ]  # fmt: skip
    for label, model, ids in (
        (gettext_lazy("Groups"), WorkerGroup, version.groups),
        (gettext_lazy("Areas"), Area, version.areas),
        (gettext_lazy("Unions"), UnionUnit, version.units),
    ):
        names = [row.name for row in model.objects.filter(pk__in=ids)] if ids else [_("All")]
        found.append(Term(label, ", ".join(names)))
    if version.joined_from or version.joined_to:
        found.append(Term(gettext_lazy("Joined"), _days(version)))
    yes, no = _("Must be activated"), _("Not asked for")
    found.append(Term(gettext_lazy("Member card"), yes if version.needs_card else no))
    if version.needs_dues:
        found.append(Term(gettext_lazy("Employer"), _("Must pay union dues")))
    return found


def _days(version: ProgrammeVersion) -> str:
    first, last = (
        date_format(day, "DATE_FORMAT") if day else "…"
        for day in (version.joined_from, version.joined_to)
    )
    return f"{first} – {last}"
