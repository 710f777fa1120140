"""Look at an uploaded file before it is kept: is it readable, and what does it hold."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from uuid import NAMESPACE_OID

from django.utils import timezone

from members.imports import staging
from members.imports.actions import Upload
from members.imports.reading import Frame
from unionportal.core.spreadsheets import SpreadsheetError, read_apart


@dataclass(frozen=True)
class Looked:
    """A file that was looked at; `columns` are the known ones."""

    upload: Upload
    columns: dict[str, int] = field(default_factory=dict)


def look(content: bytes, filename: str, kind: str, learnt: dict[str, str]) -> Looked:
    """Return what a file holds; raise SpreadsheetError for what cannot be read.

    A file whose needed columns were not all recognised comes with its titles, for an officer to
    name.
    """
    frame = Frame(kind=kind, today=timezone.localdate(), groups=[], learnt=learnt)
    source = staging.Source(batch_id=NAMESPACE_OID, content=content, filename=filename, frame=frame)
    try:
        found = {
            letter: json.loads(text) for letter, text in read_apart(lambda: staging.inspect(source))
        }
    except SpreadsheetError as error:
        if error.code != "missing_columns":
            raise
        return Looked(_unnamed(content, filename, list(error.params["titles"])))  # type: ignore[call-overload]
    header = found[staging.HEADER]
    upload = Upload(
        content=content,
        filename=filename,
        kind=header["kind"],
        rows=found[staging.ENDING]["rows"],
        tag=header["tag"],
    )
    return Looked(upload, header["columns"])


def _unnamed(content: bytes, filename: str, titles: list[str]) -> Upload:
    kind = filename.rpartition(".")[2].lower()
    return Upload(
        content=content,
        filename=filename,
        kind=kind if kind in {"xlsx", "xls", "ods", "csv"} else "csv",
        rows=0,
        titles=titles,
    )
