"""What may go wrong at start, said in one sentence."""

from __future__ import annotations


class StartError(Exception):
    """One clear sentence for the person at the terminal: what is wrong and how to cure it."""


def last_words(text: str) -> str:
    """Return the last non-empty line of a program's output, for use inside a sentence."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"
