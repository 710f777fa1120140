"""Keep filters under names, share them, remember columns."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django.db import models, transaction
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from unionportal.core import audit
from unionportal.core.errors import NotAllowed, Refused
from unionportal.core.models import ListPreference, SavedFilter

if TYPE_CHECKING:
    from unionportal.core.models import User

MOST_COLUMNS = 40
MOST_FILTERS = 50
LONGEST_QUERY = 2_000
WORD = re.compile(r"[a-z][a-z0-9_]{0,39}")
# Parameters that say where one is in a list, not what it is narrowed to.
PLACE = ("after", "before", "size")


class Share(models.TextChoices):
    """Whom a saved filter is shared with."""

    NOBODY = "nobody", gettext_lazy("Only me")
    ROLE = "role", gettext_lazy("Everybody with my role")
    UNIT = "unit", gettext_lazy("My unit and the units below it")


@transaction.atomic
def keep(
    *, by: User, list_name: str, name: str, query: str, share: str = Share.NOBODY
) -> SavedFilter:
    """Save `query` under `name`, over an own filter of that name; return it.

    Raises `Refused` (`name_empty`, `too_many`), `NotAllowed` for sharing without a grant.
    """
    name = " ".join(name.split())[:40]
    if not name or not WORD.fullmatch(list_name):
        raise Refused(_("Give the filter a name."), code="name_empty", field="name")
    kept = QueryDict(query, mutable=True)
    for one in PLACE:
        kept.pop(one, None)
    text = kept.urlencode(safe=",")
    if len(text) > LONGEST_QUERY:
        raise Refused(_("Too much is asked for to be saved. Use filters, not picked rows."))
    values = {"query": text, **_shared(by, share)}
    mine = SavedFilter.objects.filter(owner=by, list_name=list_name)
    if not mine.filter(name=name).exists() and mine.count() >= MOST_FILTERS:
        raise Refused(_("You have 50 filters of this list. Remove one first."), code="too_many")
    made, _new = SavedFilter.objects.update_or_create(
        owner=by, list_name=list_name, name=name, defaults=values
    )
    audit.record(by=by, verb="filter.save", target=made, fields=sorted(values))
    return made


def _shared(user: User, share: str) -> dict[str, Any]:
    if share == Share.NOBODY:
        return {"role": "", "unit": None}
    grants = sorted(user.grants_today(), key=lambda grant: len(grant.unit.path))
    if not grants:
        raise NotAllowed(_("You hold no role to share with."))
    if share == Share.ROLE:
        return {"role": grants[0].role, "unit": None}
    return {"role": "", "unit": grants[0].unit}


@transaction.atomic
def drop(*, by: User, one: SavedFilter) -> None:
    """Forget an own filter."""
    if one.owner_id != by.pk:
        raise NotAllowed(_("This filter belongs to somebody else."))
    audit.record(by=by, verb="filter.drop", target=one)
    SavedFilter.objects.filter(pk=one.pk).delete()


def choose_columns(*, by: User, list_name: str, columns: list[str]) -> None:
    """Remember the columns somebody chose; names a list does not know are dropped when read."""
    kept = [one for one in columns if WORD.fullmatch(one)]
    ListPreference.objects.update_or_create(
        user=by, list_name=list_name, defaults={"columns": kept}
    )


def columns_of(user: User, list_name: str, asked: str, known: list[str]) -> list[str]:
    """Return the columns to show: those in the address, else the remembered, else []."""
    if asked:
        return [one for one in asked.split(",") if one in known]
    found = ListPreference.objects.filter(user=user, list_name=list_name).first()
    return [one for one in found.columns if one in known] if found else []


def tabs(user: User, list_name: str, path: str, here: str) -> list[dict[str, Any]]:
    """Return the saved filters of a list as tabs; own ones can be removed."""
    rows = SavedFilter.objects.usable_by(user).filter(list_name=list_name).order_by("name", "pk")
    return [
        {
            "label": one.name,
            "url": f"{path}?{one.query}",
            "current": one.query == here,
            "pk": one.pk if one.owner_id == user.pk else None,
        }
        for one in rows[: MOST_FILTERS * 2]
    ]
