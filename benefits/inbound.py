"""Who reads which file from the bank.

A handler is `handler(bank_file, content) -> dict[str, int]`: it applies the whole file or nothing,
and returns counts of what it did. It raises `Quarantine` with every problem it found. It runs in
the transaction that moves the file to applied, with the file's row locked, and must bear the same
facts twice in another file (count them as known).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benefits.states.cards import FileKind

if TYPE_CHECKING:
    from benefits.models import BankFile

Handler = Callable[["BankFile", bytes], dict[str, int]]
# refusal(out_file, refusal_file, code): the bank took nothing of `out_file`.
RefusalHandler = Callable[["BankFile", "BankFile", str], dict[str, int]]

# Problems that go away by themselves once another file has been applied: such a file is read again
# after each one that was.
passing_problems: set[str] = {"unknown_card"}
handlers: dict[FileKind, Handler] = {}
refusal_handlers: dict[FileKind, RefusalHandler] = {}


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, where: line number in the file (1 is the header), or None for the whole.

    `found` helps to find it (a sequence, a batch number, a masked account), never personal data.
    """

    code: str
    line: int | None = None
    found: str = ""


class Quarantine(Exception):
    """Nothing of this file is applied; a person looks at `problems`."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(", ".join(sorted({problem.code for problem in problems})))
        self.problems = problems


def handler(kind: FileKind) -> Callable[[Handler], Handler]:
    """Register the function that applies incoming files of `kind`."""

    def keep(function: Handler) -> Handler:
        handlers[kind] = function
        return function

    return keep


def refusal_handler(kind: FileKind) -> Callable[[RefusalHandler], RefusalHandler]:
    """Register what to do when the bank refuses a whole outgoing file of `kind`."""

    def keep(function: RefusalHandler) -> RefusalHandler:
        refusal_handlers[kind] = function
        return function

    return keep
