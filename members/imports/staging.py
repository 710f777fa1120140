"""Read rows into lines for COPY: values sealed, keys made, everything the tables will take.

Runs in the child that reads the file: it knows the frame, the keys and nothing of the database.
"""

from __future__ import annotations

import json
import secrets
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from operator import itemgetter
from typing import Any
from uuid import UUID

import uuid_utils

from members.imports import optional, staged
from members.imports.reading import (
    Frame,
    ReadRow,
    RowReader,
    birth_of,
    open_file,
    plain,
    sex_of,
)
from members.imports.staged import NULL
from members.models import ImportRow, Person
from members.models.people import IdType
from members.states import ImportKind
from unionportal.core import identifiers, pinyin
from unionportal.core.crypto import Indexer, Sealer
from unionportal.core.identifiers.names import PLAIN
from unionportal.core.masking import mask_id, mask_name, mask_phone
from unionportal.core.sandbox import Block
from unionportal.core.spreadsheets import Row

HEADER, ROWS, ENDING = b"H", b"R", b"N"
BLOCK_ROWS = 1_000
CITIZEN = IdType.CITIZEN.value
ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
Line = dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Source:
    """A file to be staged, and what its rows are read against."""

    batch_id: UUID
    content: bytes
    filename: str
    frame: Frame
    # Of several readers of one file each takes every so manieth block of rows.
    part: int = 0
    parts: int = 1


def inspect(source: Source) -> Iterator[Block]:
    """Yield the header of a file, then how many rows it has."""
    table = open_file(source.content, source.filename, source.frame.kind, source.frame.learnt)
    yield HEADER, _header(table)
    yield ENDING, json.dumps({"rows": sum(1 for _row in table.rows)}).encode()


def stage(source: Source) -> Iterator[Block]:
    """Yield the header, blocks of lines for COPY, and what was noticed on the way.

    Blocks of the parts taken in turns are the file in its order.
    """
    table = open_file(source.content, source.filename, source.frame.kind, source.frame.learnt)
    yield HEADER, _header(table)
    reader, stager = RowReader(source.frame), Stager(source, table.columns)
    noticed: Counter[tuple[str, str]] = Counter()
    lines: list[str] = []
    for row in reader.read(_share(table.rows, source)):
        lines.append(stager.line(row))
        if row.notes:
            noticed.update((note["field"], note["code"]) for note in row.notes)
        if len(lines) == BLOCK_ROWS:
            yield ROWS, "".join(lines).encode()
            lines = []
    yield ROWS, "".join(lines).encode()
    notes = [[note.code, _safe(note.params)] for note in table.notes]
    cells = [[field, code, count] for (field, code), count in noticed.items()]
    ending = {"notes": notes, "cells": cells, "defaulted": reader.defaulted}
    yield ENDING, json.dumps(ending).encode()


def _share(rows: Iterator[Row], source: Source) -> Iterator[Row]:
    """Walk all rows, as a table checks them on the way, and yield those of the source's part."""
    for index, row in enumerate(rows):
        if index // BLOCK_ROWS % source.parts == source.part:
            yield row


def _header(table: Any) -> bytes:
    titles = [plain(title) for title in table.titles]
    header = {
        "kind": table.kind,
        "titles": titles,
        "columns": table.columns,
        "tag": plain(table.tag),
    }
    return json.dumps(header).encode()


def _safe(params: dict[str, object]) -> dict[str, object]:
    return {key: plain(value) if isinstance(value, str) else value for key, value in params.items()}


class Stager:
    """Makes the line of a row; keys and ciphers are set up once."""

    def __init__(self, source: Source, columns: Iterable[str]) -> None:
        self.frame = source.frame
        self.is_registry = source.frame.kind == ImportKind.REGISTRY
        self.blank = staged.blank(staged.JUDGED)
        self.written = itemgetter(*staged.WRITTEN)
        self.typed = _sealer(ImportRow, "typed")
        self.cleaned = _sealer(ImportRow, "cleaned")
        self.sealed_line = _sealer(ImportRow, "line")
        self.id_number = _sealer(Person, "id_number")
        self.phone = _sealer(Person, "phone")
        self.address = _sealer(Person, optional.ADDRESS)
        # What of the optional columns this file has.
        self.optional = tuple(name for name in columns if name in optional.COMPARED)
        self.people, self.phones, self.names = Indexer("person"), Indexer("phone"), Indexer("name")

    def line(self, row: ReadRow) -> str:
        """Return the line of one row for COPY in text form."""
        told = row.problems + row.notes
        cells = self.blank.copy()
        cells |= {
            "number": str(row.number),
            "problems": _text(json.dumps(told)) if told else "[]",
            "is_readable": "f" if row.problems else "t",
            "typed": _bytes(self.typed.seal(json.dumps(row.typed))),
            "cleaned": _bytes(self.cleaned.seal(json.dumps(row.cleaned))),
            "name_masked": _text(mask_name(row.seen["name"][:50])),
            "id_masked": _text(mask_id(row.seen["id_number"])[:20]),
        }
        if not row.problems:
            self._add_keys(cells, row.cleaned)
            if self.is_registry:
                self._add_said(cells, row.cleaned)
                if row.cleaned.get("id_type") == CITIZEN:  # others are never new
                    new = "\t".join(self.written(cells | self._record(row.cleaned))) + "\n"
                    cells["line"] = _bytes(self.sealed_line.seal(new))
        return "\t".join(cells.values()) + "\n"

    def _add_keys(self, cells: Line, values: dict[str, str]) -> None:
        name, phone = values["name"], values.get("phone", "")
        is_plain = PLAIN.fullmatch(name)
        key = name if is_plain else identifiers.compare_key(name)
        number = values.get("id_number", "")
        cells |= {
            "id_index": self.people.hex(f"{values.get('id_type', CITIZEN)}:{number}")
            if number
            else NULL,
            "name": name if is_plain else _text(name),
            "name_key": str(int(self.names.hex(key)[:15], 16)),
            "phone_index": self.phones.hex(phone) if phone else NULL,
            "group_code": values["group"],
        }

    def _add_said(self, cells: Line, values: dict[str, str]) -> None:
        """Add what is compared with the record of a member who is known."""
        phone = values.get("phone", "")
        cells |= {
            "phone_masked": mask_phone(phone) if phone else "",
            "vehicle_plate": _text(values.get("vehicle_plate", "")),
            "platform_name": _text(values.get("platform_name", "")),
            "unit_id": values["unit"],
            "employer_id": values.get("employer", NULL),
            "joined_on": values["joined_on"],
            "member_no": _text(values.get("member_no", "")),
            "membership_id": uuid_utils.uuid7().hex,
            "state": values.get("state", ""),
        }
        if said := {name: values[name] for name in self.optional if values.get(name)}:
            cells["said"] = _text(json.dumps(said))

    def _record(self, values: dict[str, str]) -> Line:
        """Return what else a person and a membership are written from."""
        name, number, phone = values["name"], values["id_number"], values.get("phone", "")
        syllables, letters = pinyin.spelled(name)
        return {
            "person_id": uuid_utils.uuid7().hex,
            "token": secrets.token_urlsafe(16),
            "name_pinyin": syllables[:200],
            "name_initials": letters[:50],
            "name_grams": "{" + ",".join(map(_quoted, pinyin.bigrams(name))) + "}",
            "id_masked": mask_id(number),
            "id_number_sealed": _bytes(self.id_number.seal(number)),
            "sex": sex_of(number),
            "birth_date": birth_of(number),
            "phone_sealed": _bytes(self.phone.seal(phone)),
            "phone_tail": phone[-4:],
            **self._optional(values),
        }

    def _optional(self, values: dict[str, str]) -> Line:
        if not self.optional:
            return optional.BLANK
        found = {name: _text(values[name]) for name in self.optional if values.get(name)}
        if address := values.get(optional.ADDRESS):
            found[optional.ADDRESS] = _bytes(self.address.seal(address))
        return optional.BLANK | found


def _sealer(model: Any, name: str) -> Sealer:
    return Sealer(model._meta.get_field(name).context)


def _text(value: str) -> str:
    return value.translate(ESCAPES)


def _quoted(value: str) -> str:
    if PLAIN.fullmatch(value):
        return value
    inner = value.replace("\\", "\\\\").replace('"', '\\"')
    return _text(f'"{inner}"')


def _bytes(value: bytes) -> str:
    return "\\\\x" + value.hex()
