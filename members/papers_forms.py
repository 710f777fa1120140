"""Forms that take photo, signature and papers; on the desk and on the phone."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from members.fields import PictureField, ScanField
from members.models.files import SINGLE_KINDS, FileKind
from unionportal.core import images
from unionportal.core.forms import FileInput

PICTURE = "image/jpeg,image/png"


def photo_field(**options: Any) -> PictureField:
    """A one-inch portrait; a phone offers its front camera beside its files."""
    return PictureField(
        label=_("Photo"),
        help_text=_("A one-inch portrait as for a pass: JPEG or PNG, at most 10 MB"),
        clean_picture=images.clean_photo,
        widget=FileInput(attrs={"accept": PICTURE, "data-union-photo": True}),
        required=False,
        **options,
    )


def signature_field(**options: Any) -> PictureField:
    """A signature drawn on the screen, or a picture of one."""
    return PictureField(
        label=_("Signature"),
        help_text=_("Sign with the finger, or choose a picture of your signature."),
        clean_picture=images.clean_signature,
        content_type="image/png",
        widget=FileInput(attrs={"accept": PICTURE, "data-union-sign": True}),
        required=False,
        **options,
    )


class PaperForm(forms.Form):
    """One paper of an application, typed by what it is."""

    kind = forms.ChoiceField(label=_("Paper"), choices=FileKind)
    file = forms.FileField(
        label=_("File"),
        help_text=_("Photo and signature: JPEG or PNG. Papers: PDF, PNG or JPEG, at most 25 MB."),
        widget=FileInput(attrs={"accept": f"application/pdf,{PICTURE}"}),
    )

    def clean(self) -> dict[str, Any]:
        """Read the file by the rule of its kind."""
        data = super().clean() or self.cleaned_data
        kind, file = data.get("kind"), data.get("file")
        if not kind or not file:
            return data
        try:
            data["file"] = _reader(str(kind)).clean(file)
        except forms.ValidationError as error:
            self.add_error("file", error)
        return data


def _reader(kind: str) -> forms.FileField:
    if kind not in SINGLE_KINDS:
        return ScanField()
    return photo_field() if kind == FileKind.PHOTO else signature_field()


class OwnPapersForm(forms.Form):
    """What a worker may add on the phone; everything can be left out."""

    photo = photo_field()
    signature = signature_field()


class CompleteForm(OwnPapersForm):
    """What a worker adds to a returned application."""

    paper = ScanField(
        label=_("Signed form"),
        required=False,
        help_text=_("A photo or scan of the form you signed, if it was missing"),
    )
