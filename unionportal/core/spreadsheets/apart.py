"""Read a spreadsheet apart from this process: limits on memory and time, one clear refusal."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import Any

from django.utils import translation
from django.utils.translation import gettext_lazy as _

from unionportal.core import sandbox
from unionportal.core.sandbox import Block
from unionportal.core.spreadsheets.table import SpreadsheetError


def read_apart(
    work: Callable[[], Iterator[Block]],
    *,
    memory: int = sandbox.MEMORY,
    seconds: int = sandbox.SECONDS,
) -> Generator[Block]:
    """Yield the blocks of `work`, done in a child; raise its SpreadsheetError here.

    A file that needs more than the limits, or that kills its reader, raises `too_heavy`.
    """
    try:
        yield from sandbox.blocks(lambda: _telling(work), memory=memory, seconds=seconds)
    except sandbox.Fault as fault:
        raise _refusal(fault.values) from None
    except sandbox.ChildDied:
        raise SpreadsheetError(
            "too_heavy",
            _(
                "Reading this file takes more memory or time than is allowed. Copy the filled rows "
                "into a new file, or split it."
            ),
        ) from None


def _telling(work: Callable[[], Iterator[Block]]) -> Iterator[Block]:
    try:
        yield from work()
    except SpreadsheetError as error:
        raise sandbox.Fault(**_told(error)) from None


def _told(error: SpreadsheetError) -> dict[str, Any]:
    with translation.override("en"):  # the source of every text
        text = str(error.template)
    return {"code": error.code, "text": text, "where": error.where, "params": error.params}


def _refusal(values: dict[str, Any]) -> SpreadsheetError:
    # The source text is its own key: whoever reads the refusal gets it in their language.
    return SpreadsheetError(
        values["code"], _(values["text"]), where=values["where"], **values["params"]
    )
