"""django-import-export in bulk mode on the rows of a register: people only, matched by index.

It gets its documented fast path: rows already read, `use_bulk`, no differences, a cached loader
that fetches all known people in one query by an indexed key. It checks no digit, gives no verdict,
and writes neither memberships nor history, counts, certificates or log.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import tablib
from django.db import connection
from import_export import fields, resources
from import_export.instance_loaders import CachedInstanceLoader

from members.actions.candidates import person_index
from members.models import Person
from unionportal.core.masking import mask_id

COLUMNS = ["name", "id_number", "id_index", "id_masked", "sex", "birth_date"]


class People(resources.ModelResource):
    birth_date = fields.Field("birth_date", "birth_date")

    class Meta:
        model = Person
        fields = COLUMNS
        import_id_fields = ["id_index"]
        instance_loader_class = CachedInstanceLoader
        use_bulk = True
        batch_size = 1_000
        skip_diff = True
        skip_html_diff = True
        report_skipped = False
        force_init_instance = False

    def after_save_instance(self, instance: Any, row: Any, **kwargs: Any) -> None:
        """Do nothing more: every call here would be counted against the package."""


def import_people(lines: Sequence[Sequence[object]]) -> None:
    """Write the people of `lines` who are not known, update the others."""
    data = tablib.Dataset(headers=COLUMNS)
    seen = set()
    for name, number, *_rest in lines:
        key = str(number)
        if key in seen:
            continue
        seen.add(key)
        born = date(int(key[6:10]), int(key[10:12]), int(key[12:14]))
        index = person_index("citizen", key)
        sex = 1 if int(key[16]) % 2 else 2
        data.append([name, key, index, mask_id(key), sex, born])
    result = People().import_data(data, raise_errors=True, use_transactions=True)
    if result.has_errors():
        raise RuntimeError("the package could not write its rows")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO people_of_package SELECT p.id FROM members_person p"
            " WHERE p.id_index = ANY(%s) AND NOT EXISTS"
            " (SELECT 1 FROM members_membership m WHERE m.person_id = p.id)",
            [data["id_index"]],
        )
