"""Which part of a query's plan costs most."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.db import connection
from django.db.models import QuerySet


def worst_node(rows: QuerySet[Any]) -> dict[str, Any]:
    """Run `rows` once under EXPLAIN; return its time and the node that took longest by itself."""
    query, params = rows.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {query}", params)
        found = cursor.fetchone()[0]
    plan = (json.loads(found) if isinstance(found, str) else found)[0]
    worst = max(_nodes(plan["Plan"]), key=_own_ms)
    name = " ".join(
        str(worst[key]) for key in ("Node Type", "Relation Name", "Index Name") if key in worst
    )
    return {
        "ms": round(plan["Execution Time"], 2),
        "node": name,
        "node_ms": round(_own_ms(worst), 2),
    }


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)


def _own_ms(node: dict[str, Any]) -> float:
    children = sum(_total_ms(child) for child in node.get("Plans", ()))
    return max(_total_ms(node) - children, 0.0)


def _total_ms(node: dict[str, Any]) -> float:
    return float(node.get("Actual Total Time", 0)) * float(node.get("Actual Loops", 1))
