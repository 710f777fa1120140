"""Reads of the members app worth a name."""

from members.queries.coverage import (
    DEFINITION_VERSION,
    HEADCOUNT_FLOOR,
    AreaRate,
    CoverageCell,
    coverage_cells,
    joined_between,
    members_as_of,
    members_by_group,
    membership_rate,
    total,
    unionisation,
)
from members.queries.lists import (
    application_list,
    oldest_waiting,
    waiting_count,
)
from members.queries.people import (
    SHARED_PHONE_LIMIT,
    MemberStatus,
    find_person,
    is_widely_shared,
    open_application,
    owners_of,
    person_of,
    shared_phone_count,
    status_of,
)
from members.queries.queues import application_queues

__all__ = [
    "DEFINITION_VERSION",
    "HEADCOUNT_FLOOR",
    "SHARED_PHONE_LIMIT",
    "AreaRate",
    "CoverageCell",
    "MemberStatus",
    "application_list",
    "application_queues",
    "coverage_cells",
    "find_person",
    "is_widely_shared",
    "joined_between",
    "members_as_of",
    "members_by_group",
    "membership_rate",
    "open_application",
    "owners_of",
    "person_of",
    "shared_phone_count",
    "status_of",
    "total",
    "unionisation",
    "oldest_waiting",
    "waiting_count",
]
