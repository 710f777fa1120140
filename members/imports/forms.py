"""The upload forms: every fault of the file is said here, before anything is kept."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from members.fields import LookupChoiceField, ScanField
from members.forms import EmployerByName, groups_in_use
from members.imports.actions import RIGHTS, Upload
from members.imports.checking import Looked, look
from members.imports.columns import LAYOUTS, title_of, titles_of
from members.imports.places import learnt_titles
from members.lists.picker import UnitField
from members.models import Employer, ImportBatch, UnionUnit, WorkerGroup
from members.states import ImportKind
from unionportal.core import files
from unionportal.core.errors import Refused
from unionportal.core.forms import DigitsInput, FileInput
from unionportal.core.models import User
from unionportal.core.spreadsheets import SpreadsheetError
from unionportal.core.spreadsheets.headers import title_key

TOO_BIG = {"file_too_big", "too_big"}
FILE_TYPES = ".xlsx,.xls,.ods,.csv"


class RosterForm(EmployerByName, forms.Form):
    """A firm's roster for one union unit."""

    kind = ImportKind.ROSTER

    unit = UnitField(label=_("Union unit the workers join"), queryset=UnionUnit.objects.none())
    employer = forms.CharField(
        label=_("Employer"),
        max_length=120,
        required=False,
        help_text=_("Full name or credit code. Empty: the firm this union covers."),
    )
    file = forms.FileField(
        label=_("Roster"),
        widget=FileInput({"accept": FILE_TYPES}),
        allow_empty_file=True,
        help_text=_(".xlsx, .xls, .ods or .csv; at most 25 MB and 50,000 rows."),
    )
    default_group = LookupChoiceField(
        label=_("Kind of work for rows that name none"),
        queryset=WorkerGroup.objects.none(),
        required=False,
        empty_label=_("None: such rows are rejected"),
    )
    reported = forms.IntegerField(
        label=_("People the firm reports"),
        min_value=0,
        max_value=10_000_000,
        required=False,
        widget=DigitsInput,
        help_text=_("When it differs from the rows of the file. Shown beside what is recorded."),
    )
    signed_list = ScanField(
        label=_("Scan of the list the workers signed"),
        required=False,
        allow_empty_file=True,
        help_text=_(
            "PDF, PNG or JPEG. Without it each worker gets a text message and confirms by a link."
        ),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.employer_found: Employer | None = None
        self.fields["unit"].queryset = self.units()  # type: ignore[attr-defined]
        self.fields["default_group"].queryset = groups_in_use()  # type: ignore[attr-defined]

    def units(self) -> Any:
        """Return the units a file may be for."""
        units = UnionUnit.objects.visible_to(self.user, RIGHTS[self.kind]).taking_members()
        return units.filter(is_external=False)

    def clean_file(self) -> Upload:
        upload = self.cleaned_data["file"]
        unit = self.cleaned_data.get("unit")
        try:
            content = files.read_upload(upload)
            learnt = learnt_titles(unit) if unit else {}
            looked = look(content, upload.name or "", self.kind, learnt)
        except SpreadsheetError as error:
            raise forms.ValidationError(error.message, code=error.code) from None
        except Refused as refusal:
            raise forms.ValidationError(str(refusal.message), code=refusal.code) from None
        self._refuse_without_group(looked)
        return looked.upload

    def _refuse_without_group(self, looked: Looked) -> None:
        if looked.upload.titles or "group" in looked.columns or self.data.get("default_group"):
            return
        raise forms.ValidationError(
            _(
                "The file has no column “%(column)s”. Add it, or choose one kind of work for "
                "all rows below."
            ),
            code="no_group",
            params={"column": title_of("group")},
        )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        self.employer_found = self.find_employer(data)
        return data

    @property
    def status(self) -> int:
        """The HTTP status of the page: 413 for a file too big, 400 for other faults."""
        if not self.is_bound or self.is_valid():
            return 200
        codes = {fault.code for faults in self.errors.as_data().values() for fault in faults}
        return 413 if codes & TOO_BIG else 400


class RegistryForm(RosterForm):
    """A register of members that are to be loaded with their own dates and numbers."""

    kind = ImportKind.REGISTRY

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["unit"].label = _("Union unit whose members these are")
        self.fields["unit"].widget.purpose = "look"  # type: ignore[attr-defined]
        self.fields["unit"].help_text = _(
            "Rows may name a union at or below it. Rows that name none belong to this unit itself."
        )
        self.fields["file"].label = _("Register")
        self.fields["file"].help_text = _(
            ".xlsx, .xls, .ods or .csv; at most 25 MB and 200,000 rows."
        )
        self.fields["reported"].label = _("Members the old register reports")
        self.fields["signed_list"].label = _("Scan of the signed applications")
        self.fields["signed_list"].help_text = _(
            "PDF, PNG or JPEG. Without it the members are recorded, not qualified."
        )

    def units(self) -> Any:
        units = UnionUnit.objects.visible_to(self.user, RIGHTS[self.kind])
        return units.filter(status="established")


class ColumnsForm(forms.Form):
    """Which column of a file holds what: asked once for the columns that were not recognised."""

    def __init__(self, *args: Any, batch: ImportBatch, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.batch = batch
        layout = LAYOUTS[ImportKind(batch.kind)]
        titles = [title for title in batch.layout["titles"] if title]
        for name in layout.data:
            self.fields[name] = forms.ChoiceField(
                label=title_of(name),
                required=name in layout.required,
                choices=[("", _("Not in this file")), *((title, title) for title in titles)],
                initial=_recognised(name, titles, learnt_titles(batch.unit)),
            )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        chosen: dict[str, str] = {}
        for name, title in list(data.items()):
            if title and title in chosen:
                self.add_error(name, _("This column is chosen twice. Choose another one."))
            chosen[title] = name
        return data

    @property
    def named(self) -> dict[str, str]:
        """What each chosen title holds."""
        return {title: name for name, title in self.cleaned_data.items() if title}


def _recognised(name: str, titles: list[str], learnt: dict[str, str]) -> str:
    """Return the title that is known to hold `name`, if one is there."""
    known = {title_key(title) for title in titles_of(name)}
    known |= {key for key, field in learnt.items() if field == name}
    return next((title for title in titles if title_key(title) in known), "")
