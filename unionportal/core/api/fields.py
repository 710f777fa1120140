"""Serializer fields that take what they are called and turn nothing else into it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from rest_framework import serializers


class StrictCharField(serializers.CharField):
    """Text. A number is refused: the 18 digits of an ID do not survive everybody's JSON."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class StrictUUIDField(serializers.UUIDField):
    """A UUID as text; `true` and 1 are no ids."""

    def to_internal_value(self, data: Any) -> UUID:
        if not isinstance(data, str):
            self.fail("invalid", value=data)
        return super().to_internal_value(data)
