"""The columns of the member list: a few at first, any of the real-name record on wish."""

from __future__ import annotations

from typing import Any

import django_tables2 as tables
from django.utils.translation import gettext_lazy as _

from members import record
from members.models import Membership
from members.record import MemberField
from members.states import Source
from members.tables import MemberTable
from unionportal.core import saved
from unionportal.core.models import User
from unionportal.core.roles import Permission, has_permission
from unionportal.core.tables import MISSING, PickColumn

LIST = "members"
USUAL = [
    "name", "id_number", "phone", "group", "unit", "state", "confirmation", "joined_on",
]  # fmt: skip
SOURCE = "source"


class RecordColumn(tables.Column):  # type: ignore[misc]
    """A field of the real-name record in the reader's words."""

    empty_values = ()

    def __init__(self, one: MemberField, **kwargs: Any) -> None:
        super().__init__(verbose_name=one.label, **kwargs)
        self.one = one

    def render(self, record: Membership) -> Any:
        value = stored(self.one, record)
        return value if value not in (None, "") else MISSING


def stored(one: MemberField, membership: Membership) -> Any:
    """Return what a list shows of a field."""
    if one.kind == record.Kind.ROW:
        return getattr(membership, one.name)
    return record.shown(one, record.stored_value(membership, one))


def known_columns(user: User) -> dict[str, Any]:
    """Return the columns `user` may choose: name → title; those of the record, then standing."""
    fields = record.seen_by(may_reveal=has_permission(user, Permission.REVEAL))
    # The address is encrypted: a list of a hundred would decrypt a hundred.
    titles = {one.name: one.label for one in fields if one.name != "residence_text"}
    return titles | {
        "state": _("Membership"),
        "confirmation": _("Own wish"),
        SOURCE: _("Came by"),
    }


def shown_columns(user: User, asked: str) -> list[str]:
    """Return the columns to show: of the address, else remembered, else the usual ones."""
    chosen = saved.columns_of(user, LIST, asked, list(known_columns(user))) or USUAL
    return ["name", *(one for one in chosen if one != "name")]


def chooser(user: User, shown: list[str]) -> list[dict[str, Any]]:
    """Return what the column chooser offers."""
    return [
        {"name": name, "title": title, "on": name in shown}
        for name, title in known_columns(user).items()
        if name != "name"
    ]


def member_table(
    rows: list[Membership], shown: list[str], *, has_picks: bool = False, **options: Any
) -> MemberTable:
    """Return the table of members with these columns, in this order, boxes to pick before them."""
    own = set(MemberTable.base_columns)
    extra = [(name, _extra(name)) for name in shown if name not in own]
    hidden = tuple(own - set(shown))
    order = tuple(shown)
    if has_picks:
        extra, order = [("pick", PickColumn()), *extra], ("pick", *shown)
    return MemberTable(rows, extra_columns=extra, exclude=hidden, sequence=order, **options)


def _extra(name: str) -> tables.Column:
    if name == SOURCE:
        labels = dict(Source.choices)
        return _Labelled(verbose_name=_("Came by"), accessor=SOURCE, labels=labels)
    return RecordColumn(record.BY_NAME[name], accessor="pk")


class _Labelled(tables.Column):  # type: ignore[misc]
    def __init__(self, *args: Any, labels: dict[Any, Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.labels = labels

    def render(self, record: Any) -> Any:
        return self.labels.get(record.source, record.source)
