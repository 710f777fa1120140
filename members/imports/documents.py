"""Who a row of a register is about: an ID number, or a member number where the ID is masked.

An export of ours masks numbers. Such a row is never guessed at: the member number finds the
member, and the visible digits (or, without an ID number, the name) must fit the record.
"""

from __future__ import annotations

import re
from datetime import date

from members.actions.candidates import PASSPORT
from members.imports.optional import parse
from members.models.people import IdType
from unionportal.core import identifiers
from unionportal.core.identifiers import IdentifierError
from unionportal.core.identifiers.cleaning import clean
from unionportal.core.spreadsheets import Cell

MASKED = re.compile(r"[0-9A-Za-z]{0,6}\*{2,}[0-9A-Za-z]{0,6}")
Read = tuple[str, tuple[str, ...]]


def is_masked(cell: Cell) -> bool:
    """Say whether a cell holds a number as our own files show it."""
    return isinstance(cell.value, str) and bool(MASKED.fullmatch(cell.value.strip().lstrip("'")))


def read_type(cell: Cell) -> str:
    """Return the kind of document, an ID card when nothing is said."""
    if cell.value is None or not cell.text.strip():
        return IdType.CITIZEN.value
    return parse("id_type", cell)[0]


def read_number(cell: Cell, id_type: str, today: date) -> Read:
    """Return the number of a document as it is stored; raise IdentifierError."""
    if id_type == IdType.CITIZEN:
        parsed = identifiers.parse_citizen_id(cell.value, on=today)
        return parsed.number, parsed.notes
    cleaned = clean(cell.text)
    number = cleaned.text.upper()
    if not PASSPORT.fullmatch(number):
        raise IdentifierError("passport_form", "")
    return number, cleaned.notes
