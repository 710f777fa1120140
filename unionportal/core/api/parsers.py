"""JSON read strictly."""

from __future__ import annotations

import json
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import exceptions, parsers

MAX_DEPTH = 20


class StrictJSONParser(parsers.JSONParser):
    """JSON without duplicate keys, NaN, NUL bytes, lone surrogates or deep nesting."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        raw = stream.read()
        try:
            text = raw.decode("utf-8")
            if text.count("[") + text.count("{") > 10_000:
                raise ValueError("too deep")
            value = json.loads(
                text, object_pairs_hook=_no_duplicates, parse_constant=_refuse_constant,
                parse_int=_short_int,
            )  # fmt: skip
            _refuse_odd(value, 0)
        except (ValueError, RecursionError) as error:
            raise exceptions.ParseError(_("The JSON body cannot be read: %s") % error) from None
        return value


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key appears twice")
    return found


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number")


def _short_int(text: str) -> int:
    if len(text) > 19:
        raise ValueError("a number is too long")
    return int(text)


def _refuse_odd(value: Any, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise ValueError("nested too deeply")
    if isinstance(value, str) and (
        "\x00" in value or any("\ud800" <= char <= "\udfff" for char in value)
    ):
        raise ValueError("a string holds a NUL byte or half a character")
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        raise ValueError("a number is too large")
    if isinstance(value, dict):
        value = [*value, *value.values()]
    for child in value if isinstance(value, list) else ():
        _refuse_odd(child, depth + 1)
