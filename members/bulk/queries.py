"""What the pages and the API show of a change of many."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Count, Prefetch, QuerySet

from members.models import BulkChange, BulkRow, Membership, Person

if TYPE_CHECKING:
    from unionportal.core.scope import AnyUser


def findings_of(change: BulkChange) -> dict[str, int]:
    """Return {finding: members}."""
    rows = change.rows.order_by().values_list("finding").annotate(n=Count("pk"))
    return dict(rows)


def outcome_of(change: BulkChange) -> dict[str, int]:
    """Return how many were changed, put back and kept, the kept ones by reason as well."""
    made = change.rows.filter(made__isnull=False).order_by()
    kept = dict(made.exclude(kept="").values_list("kept").annotate(n=Count("pk")))
    return {
        "done": made.count(),
        "put_back": made.filter(put_back=True).count(),
        "kept": sum(kept.values()),
        **{f"kept_{why}": count for why, count in kept.items()},
    }


def changes_of(user: AnyUser) -> QuerySet[BulkChange]:
    """Return the changes of units within `user`'s right to decide."""
    return BulkChange.objects.visible_to(user).select_related(
        "job", "created_by", "confirmed_by", "undone_by", "unit"
    )


def rows_of(user: AnyUser, change: BulkChange) -> QuerySet[BulkRow]:
    """Return the rows of the members `user` may see: a change may reach further than its reader."""
    seen = Membership.objects.visible_to(user).order_by().values("pk")
    return change.rows.filter(membership__in=seen)


def shown_rows(rows: QuerySet[BulkRow]) -> QuerySet[BulkRow]:
    """Fetch what a page shows of rows, without the encrypted columns."""
    people = Person.objects.defer("id_number", "phone", "residence_text")
    members = Membership.objects.prefetch_related("unit", "group", Prefetch("person", people))
    return rows.prefetch_related(Prefetch("membership", members))
