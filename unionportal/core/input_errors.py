"""Refusals of one typed value: what is wrong and what to do, in the reader's language."""

from __future__ import annotations

from typing import Any, cast

from django.utils.functional import Promise


class InputError(ValueError):
    """A refused value: a stable `code` and a `message` for the person who typed it.

    The message is translated when it is read, so a job may raise it and a page show it.
    """

    def __init__(self, code: str, message: str | Promise, **params: object) -> None:
        super().__init__(code)
        self.code = code
        self.template = message
        self.params = params

    @property
    def message(self) -> str:
        """Return the sentence in the language of the reader."""
        if not self.params:
            return str(self.template)
        return str(cast(Any, self.template) % self.params)

    def __str__(self) -> str:
        return self.message
