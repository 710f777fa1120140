"""Form fields of the members app: identifiers with their own messages, scans by magic bytes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from unionportal.core import files, images
from unionportal.core.actors import ServiceActor
from unionportal.core.errors import Refused
from unionportal.core.forms import FileInput
from unionportal.core.input_errors import InputError
from unionportal.core.models import Attachment, User

PICTURE_BYTES = 10 * 1024 * 1024


@dataclass(frozen=True)
class ScanUpload:
    """A checked scan, not stored yet."""

    name: str
    content: bytes = field(repr=False)
    content_type: str

    def store(self, *, by: User | ServiceActor, kind: str) -> Attachment:
        """Store the scan encrypted; call inside the action's transaction."""
        return files.store(
            self.content, by=by, kind=kind, name=self.name, content_type=self.content_type
        )


class ScanField(forms.FileField):
    """A PDF, PNG or JPEG, told by its first bytes; cleans to a `ScanUpload` or None."""

    widget = FileInput(attrs={"accept": "application/pdf,image/png,image/jpeg"})

    def to_python(self, data: Any) -> Any:
        if not data:
            return None
        try:
            content = files.read_upload(data)
            content_type = files.sniff_scan(content)
            if content_type != "application/pdf":
                content, content_type = images.clean_paper(content), "image/jpeg"
        except Refused as refusal:
            raise ValidationError(str(refusal.message), code=refusal.code) from refusal
        return ScanUpload(data.name or "scan", content, content_type)


class PictureField(forms.FileField):
    """A picture that `clean_picture` reads and writes anew; cleans to a `ScanUpload` or None."""

    def __init__(
        self,
        *args: Any,
        clean_picture: Callable[[bytes], bytes],
        content_type: str = "image/jpeg",
        **kwargs: Any,
    ):
        super().__init__(*args, **kwargs)
        self.clean_picture, self.content_type = clean_picture, content_type

    def to_python(self, data: Any) -> Any:
        if not data:
            return None
        try:
            content = self.clean_picture(files.read_upload(data, max_bytes=PICTURE_BYTES))
        except Refused as refusal:
            raise ValidationError(str(refusal.message), code=refusal.code) from refusal
        return ScanUpload("picture", content, self.content_type)


class IdentifierField(forms.CharField):
    """Text that one of the identifier rules reads; cleans to the normalised number."""

    def __init__(self, *args: Any, parse: Callable[[Any], Any], attribute: str, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.parse, self.attribute = parse, attribute

    def clean(self, value: Any) -> str:
        text = super().clean(value)
        if not text:
            return ""
        try:
            return str(getattr(self.parse(text), self.attribute))
        except InputError as error:
            raise ValidationError(error.message, code=error.code) from error


class LookupChoiceField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A choice from the rows the user may see; a foreign or unknown id is "not a choice"."""

    default_error_messages = {"invalid_choice": _("Choose one from the list.")}

    def to_python(self, value: Any) -> Any:
        try:
            return super().to_python(value)
        except ValidationError as error:
            raise ValidationError(
                self.error_messages["invalid_choice"], code="invalid_choice"
            ) from error
