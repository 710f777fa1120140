"""Columns of a list that can be taken out: each is an SQL expression of text.

Masks, words for codes and dates are made by the database, so that a CSV is one COPY.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, CharField, F, TextField, Value, When
from django.db.models.functions import Cast, Coalesce, NullIf
from django.utils.functional import Promise
from django.utils.translation import gettext as _

Expression = Callable[[str], Any]


@dataclass(frozen=True, kw_only=True)
class ExportColumn:
    """One column: `value` makes its expression for a language.

    `full` is the path of the encrypted value a masked column stands for; `is_guarded` columns
    are for those only who may reveal numbers.
    """

    name: str
    title: str | Promise
    value: Expression
    full: str = ""
    is_guarded: bool = False
    width: int = 16


def text(path: str) -> Expression:
    return lambda _language: F(path)


def as_text(path: str) -> Expression:
    """A number or a day, as PostgreSQL writes it (ISO 8601)."""
    return lambda _language: Cast(F(path), TextField())


def choice(path: str, choices: Iterable[tuple[Any, Any]]) -> Expression:
    """The word for a code."""
    pairs = list(choices)

    def value(_language: str) -> Case:
        words = [When(**{path: code}, then=Value(str(label))) for code, label in pairs]
        return Case(*words, default=Value(""), output_field=CharField())

    return value


def yes_no(path: str) -> Expression:
    return lambda _language: Case(
        When(**{path: True}, then=Value(_("Yes"))),
        When(**{path: False}, then=Value(_("No"))),
        default=Value(""),
        output_field=CharField(),
    )


def named(path: str) -> Expression:
    """The name of a code list's row in the reader's language."""

    def value(language: str) -> Any:
        if language.startswith("en"):
            english = NullIf(F(f"{path}__name_en"), Value(""))
            return Coalesce(english, F(f"{path}__name_zh"))
        return F(f"{path}__name_zh")

    return value


def nothing() -> Expression:
    """A column that is empty unless full values are taken out."""
    return lambda _language: Value("")
