"""How forms look: one renderer, so that every form gets labels, hints, errors and their wiring.

The markup is in templates/django/forms/; classes and the optional mark are decided here.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.forms.renderers import TemplatesSetting
from django.forms.widgets import Input
from django.utils.translation import gettext as _

LONGEST_SEGMENT = 6
TEXT_ROWS = 3


class DateInput(forms.DateInput):
    """A day, by the device's own picker; the value travels as ISO 8601."""

    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%d")


class TimeInput(forms.TimeInput):
    """A clock time to the minute."""

    input_type = "time"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%H:%M")


class DateTimeInput(forms.DateTimeInput):
    """A day and a clock time to the minute, in the portal's time zone."""

    input_type = "datetime-local"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%dT%H:%M")


class DigitsInput(forms.TextInput):
    """Digits that are not a quantity (phones, codes): number keys on a phone, zeros kept."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"inputmode": "numeric", "autocomplete": "off", **(attrs or {})})


class FileInput(forms.FileInput):
    """A file; what may be sent is said in the field's help text and checked on the server."""


class PortalBoundField(BoundField):
    """A field in a form, with the portal's classes."""

    def build_widget_attrs(
        self, attrs: dict[str, Any], widget: forms.Widget | None = None
    ) -> dict[str, Any]:
        built = super().build_widget_attrs(attrs, widget)
        widget = widget or self.field.widget
        if css_class := _class_of(widget):
            own = widget.attrs.get("class", "")
            built["class"] = f"{css_class} {own}".strip()
        if widget.attrs.get("placeholder") == self.label:
            # A placeholder that repeats the label (allauth's habit) disappears when one types.
            built["placeholder"] = False
        if isinstance(widget, forms.Textarea) and widget.attrs.get("rows") == "10":
            built["rows"] = str(TEXT_ROWS)
        return built

    @property
    def problems(self) -> list[str]:
        """What is wrong here, in words that name the field where Django's would not."""
        return [
            self._ask() if self._is_plain_required(error) else text
            for error in self.errors.as_data()
            for text in error.messages
        ]

    def _is_plain_required(self, error: Any) -> bool:
        standard = forms.Field.default_error_messages["required"]
        return error.code == "required" and str(self.field.error_messages["required"]) == standard

    def _ask(self) -> str:
        widget = self.field.widget
        if isinstance(widget, forms.CheckboxInput):
            return _("Tick “%(label)s” to go on") % {"label": self.label}
        if isinstance(widget, forms.FileInput):
            return _("Add the file “%(label)s”") % {"label": self.label}
        if isinstance(widget, forms.Select | forms.RadioSelect | forms.CheckboxSelectMultiple):
            return _("Choose one for “%(label)s”") % {"label": self.label}
        return _("Fill in “%(label)s”") % {"label": self.label}

    @property
    def is_optional_marked(self) -> bool:
        """Whether “may be left empty” is said; filter forms set `mark_optional = False`."""
        return (
            not self.field.required
            and getattr(self.form, "mark_optional", True)
            and not self.is_single_check
        )

    @property
    def is_single_check(self) -> bool:
        return isinstance(self.field.widget, forms.CheckboxInput)

    @property
    def anchor(self) -> str:
        """The id the error summary links to: the control, or a group's first choice."""
        return self.id_for_label or (f"{self.auto_id}_0" if self.auto_id else self.html_name)


def _class_of(widget: forms.Widget) -> str:
    if isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple):
        return _choice_class(widget)
    if isinstance(widget, forms.CheckboxInput):
        return "form-check-input"
    if isinstance(widget, forms.Select):
        return "form-select"
    is_plain = isinstance(widget, Input | forms.Textarea) and not widget.is_hidden
    return "form-control" if is_plain else ""


def _choice_class(widget: forms.RadioSelect | forms.CheckboxSelectMultiple) -> str:
    """Up to six options are segments, more a ruled list (design.md 3), unless the form says."""
    if widget.attrs.get("class"):
        return ""
    # `choices` may be a lazy queryset: stop counting as soon as the answer is known.
    many = any(True for n, _one in enumerate(widget.choices) if n >= LONGEST_SEGMENT)
    return "up-list" if many else "up-segment"


class PortalRenderer(TemplatesSetting):
    """Draws forms with the project's own template engine and templates/django/forms/."""

    form_template_name = "django/forms/div.html"
    formset_template_name = "django/forms/formsets/div.html"
    field_template_name = "django/forms/field.html"
    bound_field_class = PortalBoundField
