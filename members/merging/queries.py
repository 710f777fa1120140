"""Reads of the pairs: the list, the one pair, what each of the two records holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Min

from members.merging.people import MERGED, SURVIVOR, differences, label_of, shown
from members.merging.registry import Case, Told, parts
from members.models import DuplicatePair, Person, PersonMerge
from members.models.duplicates import PairQuerySet
from members.states import PairState
from unionportal.core.roles import Permission

if TYPE_CHECKING:
    from unionportal.core.scope import AnyUser

ENCRYPTED = ("id_number", "phone", "residence_text")


def pair_list(user: AnyUser, *, state: str = PairState.OPEN, evidence: str = "") -> PairQuerySet:
    """Return the pairs `user` may see, narrowed; without the encrypted columns."""
    rows = DuplicatePair.objects.visible_to(user).standing().filter(state=state)
    if evidence:
        rows = rows.filter(evidence__contains=[evidence])
    rows = rows.select_related("first", "second")
    return rows.defer(*(f"{who}__{name}" for who in ("first", "second") for name in ENCRYPTED))


def open_pairs(user: AnyUser) -> int:
    """Return how many pairs wait for `user` to decide."""
    return _waiting(user).count()


def oldest_pair(user: AnyUser) -> datetime | None:
    """Return since when the oldest pair waits for `user`; None when none does."""
    oldest: datetime | None = _waiting(user).aggregate(at=Min("found_at"))["at"]
    return oldest


def _waiting(user: AnyUser) -> PairQuerySet:
    rows = DuplicatePair.objects.visible_to(user, Permission.APPROVE_APPLICATION)
    return rows.standing().filter(state=PairState.OPEN)


def last_merge(pair: DuplicatePair) -> PersonMerge | None:
    """Return the newest merge of `pair`, undone or not."""
    rows = pair.merges.select_related("merged_by", "undone_by").defer("undo_log")
    return rows.order_by("-merged_at", "-pk").first()


@dataclass(frozen=True)
class Line:
    """One field of the two records side by side; `proposed` is "" where they agree."""

    choice: str
    label: Any
    ours: Any
    theirs: Any
    proposed: str = ""

    @property
    def takes_theirs(self) -> bool:
        return self.proposed == MERGED

    @property
    def takes_ours(self) -> bool:
        return self.proposed == SURVIVOR


def side_by_side(survivor: Person, merged: Person, chosen: dict[str, str]) -> list[Line]:
    """Return the fields at least one of the two has, masked; `chosen` wins over the proposal."""
    proposed = {one.choice: one.proposed for one in differences(survivor, merged)}
    ours, theirs = shown(survivor), shown(merged)
    return [
        Line(
            choice, label_of(choice), ours[choice], theirs[choice],
            chosen.get(choice, proposed.get(choice, "")) if choice in proposed else "",
        )
        for choice in ours
        if choice in proposed or ours[choice] not in (None, "", "—")
    ]  # fmt: skip


def told(person: Person) -> list[Told]:
    """Return what each part says a record holds, in plain lines."""
    return [line for part in parts() for line in part.tell(person)]


def case_of(pair: DuplicatePair, keep: str) -> Case:
    """Return who would be merged into whom when `keep` ("first" or "second") survives."""
    if keep == "second":
        return Case(pair.second, pair.first)
    return Case(pair.first, pair.second)
