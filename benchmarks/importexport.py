"""django-import-export in bulk mode on the rows of a register.

It gets its documented fast path: rows already read, `use_bulk`, no differences, and a cached loader
that fetches the known rows in one query by an indexed key. One resource writes one table, so the
tables of a membership take one resource each. Left so it checks no row, and one bad row fails all;
`is_checked` turns on its own check of every row (`clean_model_instances`). Either way it checks no
digit, keeps no row of the file and folds no counts.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import tablib
from django.db import connection, models, transaction
from import_export import fields, resources
from import_export.instance_loaders import CachedInstanceLoader

from members.actions.candidates import person_index
from members.models import (
    Affiliation,
    GroupMembership,
    MemberCertificate,
    Membership,
    Movement,
    Person,
    UnionUnit,
)
from tests.members.registry_files import HEADER
from unionportal.core.crypto import blind_index
from unionportal.core.ids import new_id
from unionportal.core.masking import mask_id, mask_phone
from unionportal.core.models import AuditEvent
from unionportal.core.pinyin import bigrams, spelled

NUMBERS = "PKG"  # what the member numbers of these rows begin with
Row = dict[str, Any]
Lines = Sequence[Sequence[object]]


class Resource(resources.ModelResource):
    """What every table has in common; a plain field a column, so that no value is parsed."""

    class Meta:
        use_bulk = True
        batch_size = 1_000
        skip_diff = True
        skip_html_diff = True
        report_skipped = False
        force_init_instance = False
        instance_loader_class = CachedInstanceLoader

    def validate_instance(
        self, instance: Any, import_validation_errors: Any = None, validate_unique: bool = True
    ) -> None:
        """Check as the package does, but for columns left empty: our models are not its forms."""
        if self._meta.clean_model_instances:
            columns = instance._meta.concrete_fields
            empty = {field.name for field in columns if not getattr(instance, field.attname)}
            instance.full_clean(exclude=empty, validate_unique=validate_unique)

    def after_save_instance(self, instance: Any, row: Any, **kwargs: Any) -> None:
        """Do nothing more: every call here would be counted against the package."""


def _write(
    model: type[models.Model], key: str, rows: list[Row], *, is_new: bool, is_checked: bool
) -> None:
    """Write `rows` to one table; `is_new` rows are not looked up."""
    names = list(rows[0])
    options = {
        "model": model, "fields": names, "import_id_fields": [key],
        "force_init_instance": is_new,  # the package's own switch for rows that are all new
        "clean_model_instances": is_checked,
    }  # fmt: skip
    meta = type("Meta", (Resource.Meta,), options)
    columns = {name: fields.Field(name, name) for name in names}
    resource = type("One", (Resource,), {"Meta": meta, **columns})()
    data = tablib.Dataset(*(tuple(row.values()) for row in rows), headers=names)
    if resource.import_data(data, raise_errors=True, use_transactions=True).has_errors():
        raise RuntimeError("the package could not write its rows")


def import_people(lines: Lines) -> None:
    """Write the people of the file who are not known, update the others; no other table."""
    found = [person for person, _line in _people(lines)]
    _write(Person, "id_index", found, is_new=False, is_checked=False)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO people_of_package SELECT p.id FROM members_person p"
            " WHERE p.id_index = ANY(%s) AND NOT EXISTS"
            " (SELECT 1 FROM members_membership m WHERE m.person_id = p.id)",
            [[person["id_index"] for person in found]],
        )


def import_members(lines: Lines, *, is_checked: bool = False) -> None:
    """Write people and all that belongs to a membership of those who have none."""
    found = list(_people(lines))
    people = [person for person, _line in found]
    with transaction.atomic():
        _write(Person, "id_index", people, is_new=False, is_checked=is_checked)
        for model, rows in _tables(found).items():
            _write(model, "id", rows, is_new=True, is_checked=is_checked)


def _people(lines: Lines) -> Iterator[tuple[Row, Row]]:
    """Yield person and line, each person once."""
    seen = set()
    for values in lines:
        line = dict(zip(HEADER, map(str, values), strict=True))
        number = line["证件号码"]
        if number in seen:
            continue
        seen.add(number)
        name, phone = line["姓名"], line["手机号"]
        syllables, letters = spelled(name)
        yield {
            "name": name, "name_pinyin": syllables, "name_initials": letters,
            "name_grams": bigrams(name), "id_type": "citizen", "id_number": number,
            "id_index": person_index("citizen", number), "id_masked": mask_id(number),
            "sex": 1 if int(number[16]) % 2 else 2,
            "birth_date": date(int(number[6:10]), int(number[10:12]), int(number[12:14])),
            "phone": phone, "phone_index": blind_index(phone, "phone") if phone else None,
            "phone_masked": mask_phone(phone), "phone_tail": phone[-4:],
            "phone_state": "claimed" if phone else "none",
        }, line  # fmt: skip


def _tables(found: list[tuple[Row, Row]]) -> dict[type[models.Model], list[Row]]:
    """Return the rows of every other table for people who have no open membership."""
    keys = [person["id_index"] for person, _line in found]
    units = {unit.name: unit for unit in UnionUnit.objects.all()}
    people = dict(Person.objects.filter(id_index__in=keys).values_list("id_index", "pk"))
    members = set(
        Membership.objects.recorded()
        .filter(person__id_index__in=keys)
        .values_list("person__id_index", flat=True)
    )
    made = [
        _rows_of(people[person["id_index"]], units[line["所属工会"]], line["入会日期"], serial)
        for serial, (person, line) in enumerate(found)
        if person["id_index"] not in members
    ]
    return {model: [rows[model] for rows in made] for model in made[0]}


def _rows_of(person: Any, unit: UnionUnit, day: str, serial: int) -> dict[Any, Row]:
    key, joined, group = new_id(), date.fromisoformat(day), "PARCEL_COURIER"
    stay = {"id": key, "membership_id": key, "started_on": joined}
    return {
        Membership: {
            "id": key, "person_id": person, "member_no": f"{NUMBERS}{serial:08d}",
            "joined_on": joined, "unit_id": unit.pk, "group_id": group, "source": "registry",
        },
        Affiliation: {**stay, "unit_id": unit.pk, "reason": "loaded"},
        GroupMembership: {**stay, "group_id": group},
        Movement: {
            "id": None, "membership_id": key, "unit_id": unit.pk, "area_id": unit.area_id,
            "group_id": group, "day": joined, "delta": 1, "kind": "join",
        },
        MemberCertificate: {
            "id": key, "membership_id": key, "token": secrets.token_urlsafe(16),
            "issued_on": joined,
        },
        AuditEvent: {
            "id": None, "actor_label": "package", "verb": "membership.open",
            "target_type": "members.membership", "target_id": str(key), "to_state": "active",
        },
    }  # fmt: skip
