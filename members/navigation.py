"""This app's pages in the desk's navigation."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from members.merging.queries import oldest_pair, open_pairs
from members.queries import oldest_waiting, waiting_count
from members.transfers.queries import answer_count, oldest_to_answer
from unionportal.core.navigation import NavItem, register
from unionportal.core.roles import Permission

P = Permission


def register_pages() -> None:
    """Add the pages; the count behind the applications is what waits for the reader."""
    pages = [
        (10, _("Members"), "members:member-list", P.VIEW_MEMBERS, None),
        (20, _("Applications"), "members:application-list", P.VIEW_MEMBERS, waiting_count),
        (30, _("Enrol a person"), "members:enrol", P.ENROL, None),
        (40, _("Imports"), "members:import-list", P.ENROL, None),
        (15, _("Holding pool"), "members:holding-pool", P.VIEW_MEMBERS, None),
        (45, _("Requests about own data"), "members:request-list", P.APPROVE_APPLICATION, None),
        (50, _("Union units"), "members:unit-tree", P.VIEW_ORGANISATION, None),
        (60, _("Areas"), "members:area-tree", P.VIEW_ORGANISATION, None),
        (70, _("Employers"), "members:employer-list", P.VIEW_ORGANISATION, None),
    ]
    for order, label, url_name, permission, count in pages:
        register(
            NavItem(
                section="members",
                order=order,
                label=label,
                url_name=url_name,
                permission=permission,
                count=count,
                waiting=_("applications wait for a decision") if count else "",
                oldest=oldest_waiting if count else None,
            )
        )
    register(
        NavItem(
            section="members",
            order=25,
            label=_("Transfers"),
            url_name="members:transfer-list",
            permission=P.VIEW_MEMBERS,
            count=answer_count,
            waiting=_("transfers wait for your answer"),
            oldest=oldest_to_answer,
        )
    )
    register(
        NavItem(
            section="members",
            order=35,
            label=_("People on file twice"),
            url_name="members:duplicate-list",
            permission=P.VIEW_MEMBERS,
            count=open_pairs,
            waiting=_("pairs of records wait to be compared"),
            oldest=oldest_pair,
        )
    )
