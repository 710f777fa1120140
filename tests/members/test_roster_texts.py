"""Every code a row or a file can carry has words, the same ones as where it is raised."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

from members.imports import texts
from members.states import Verdict
from unionportal.core.identifiers import Note

CORE = Path(settings.BASE_DIR) / "unionportal" / "core"
CODE = re.compile(r'IdentifierError\(\s*"(\w+)"')
NOTE_CODE = re.compile(r'(?:\.note\(|TableNote\()\s*"(\w+)"')


def codes_in(*names):
    return {code for name in names for code in CODE.findall((CORE / name).read_text("utf-8"))}


@pytest.mark.parametrize(
    ("field", "module"),
    [
        ("name", "identifiers/names.py"),
        ("id_number", "identifiers/citizen_id.py"),
        ("phone", "identifiers/phone.py"),
        ("vehicle_plate", "identifiers/plate.py"),
    ],
)
def test_every_refusal_of_a_column_has_words(field, module):
    raised = codes_in(module)
    if field == "phone":
        raised = raised - {"length"} | {"missing_digits", "extra_digits"}
    known = {code for column, code in texts.REASONS if column in (field, "")}
    assert raised - known == set()


def test_every_refusal_of_trimming_has_words():
    known = {code for column, code in texts.REASONS if not column} | {"empty"}
    assert codes_in("identifiers/cleaning.py") - known == set()


def test_every_note_about_a_file_has_words():
    raised = set()
    for module in (CORE / "spreadsheets").glob("*.py"):
        raised |= set(NOTE_CODE.findall(module.read_text("utf-8")))
    assert len(raised) >= 9
    assert raised - set(texts.NOTES) == set()


@pytest.mark.parametrize("note", list(Note))
def test_every_note_about_a_cell_has_words(note):
    problem = {"field": "phone", "code": f"note:{note}", "params": {}}
    assert texts.reason(problem) == f"Mobile number: {note.label}"


def test_verdicts_are_the_eight():
    assert [str(verdict.label) for verdict in Verdict] == [
        "New", "To update", "Unchanged", "Already known", "Twice in the file", "Known elsewhere",
        "To decide", "Rejected",
    ]  # fmt: skip
