"""Model fields of our own: encrypted text and money."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import FieldError
from django.core.validators import MaxLengthValidator, MinValueValidator
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.lookups import Lookup

from unionportal.core import crypto


class EncryptedTextField(models.TextField):  # type: ignore[type-arg]
    """Text that the database holds encrypted; None stays NULL, "" is encrypted like any text.

    It cannot be searched, ordered or made unique: keep a `crypto.blind_index` column beside it.
    `max_length` limits the text, not the stored bytes.
    """

    description = "Encrypted text"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if kwargs.get("unique") or kwargs.get("db_index") or kwargs.get("primary_key"):
            raise ValueError("An EncryptedTextField cannot be indexed; use a blind index column.")
        super().__init__(*args, **kwargs)
        if self.max_length is not None:
            self.validators.append(MaxLengthValidator(self.max_length))

    def get_internal_type(self) -> str:
        return "BinaryField"

    @property
    def context(self) -> str:
        """Return "app.model.field", which the stored value is bound to."""
        return f"{self.model._meta.label_lower}.{self.name}"

    def get_prep_value(self, value: Any) -> Any:
        return value

    def get_db_prep_value(
        self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False
    ) -> Any:
        if value is None or hasattr(value, "resolve_expression"):
            return value
        if not isinstance(value, str):
            raise TypeError(f"{self.context} takes text, not {type(value).__name__}")
        return crypto.encrypt(value, self.context)

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> str | None:
        return None if value is None else crypto.decrypt(value, self.context)

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(**{"widget": forms.TextInput, **kwargs})

    def get_lookup(self, lookup_name: str) -> type[Lookup[Any]] | None:
        if lookup_name == "isnull":
            return super().get_lookup(lookup_name)
        raise FieldError(
            f"{self.context} is encrypted and cannot be looked up by {lookup_name!r}; "
            "filter on its blind index column."
        )

    def get_transform(self, lookup_name: str) -> Any:
        raise FieldError(f"{self.context} is encrypted: there is no {lookup_name!r} of it.")


class FenField(models.BigIntegerField):  # type: ignore[type-arg]
    """An amount in whole fen; below zero only with `signed=True`."""

    description = "Amount in fen"

    def __init__(self, *args: Any, signed: bool = False, **kwargs: Any) -> None:
        self.signed = signed
        super().__init__(*args, **kwargs)
        if not signed:
            self.validators.append(MinValueValidator(0))

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        name, path, args, kwargs = super().deconstruct()
        if self.signed:
            kwargs["signed"] = True
        return name, path, list(args), kwargs

    def get_prep_value(self, value: Any) -> Any:
        if isinstance(value, bool | float):
            raise TypeError(f"{self.name} takes whole fen, not {value!r}")
        return super().get_prep_value(value)
