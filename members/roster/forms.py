"""The upload form: every fault of the file is said here, before anything is kept."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from members.fields import LookupChoiceField, ScanField
from members.forms import EmployerByName, groups_in_use
from members.models import Employer, UnionUnit, WorkerGroup
from members.roster.actions import Upload
from members.roster.columns import title_of
from members.roster.reading import open_roster
from unionportal.core import files
from unionportal.core.errors import Refused
from unionportal.core.forms import FileInput
from unionportal.core.models import User
from unionportal.core.roles import Permission
from unionportal.core.spreadsheets import SpreadsheetError, Table

TOO_BIG = {"file_too_big", "too_big"}
ROSTER_TYPES = ".xlsx,.xls,.ods,.csv"


class RosterForm(EmployerByName, forms.Form):
    """A firm's roster for one union unit."""

    unit = LookupChoiceField(
        label=_("Union unit the workers join"), queryset=UnionUnit.objects.none()
    )
    employer = forms.CharField(
        label=_("Employer"),
        max_length=120,
        required=False,
        help_text=_("Full name or credit code. Empty: the firm this union covers."),
    )
    file = forms.FileField(
        label=_("Roster"),
        widget=FileInput({"accept": ROSTER_TYPES}),
        allow_empty_file=True,
        help_text=_(".xlsx, .xls, .ods or .csv; at most 25 MB and 50,000 rows."),
    )
    default_group = LookupChoiceField(
        label=_("Kind of work for rows that name none"),
        queryset=WorkerGroup.objects.none(),
        required=False,
        empty_label=_("None: such rows are rejected"),
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
        units = UnionUnit.objects.visible_to(user, Permission.ENROL).taking_members()
        self.fields["unit"].queryset = units.filter(is_external=False)  # type: ignore[attr-defined]
        self.fields["default_group"].queryset = groups_in_use()  # type: ignore[attr-defined]

    def clean_file(self) -> Upload:
        upload = self.cleaned_data["file"]
        try:
            content = files.read_upload(upload)
            table = open_roster(content, upload.name or "")
            rows = sum(1 for _row in table.rows)
        except SpreadsheetError as error:
            raise forms.ValidationError(error.message, code=error.code) from None
        except Refused as refusal:
            raise forms.ValidationError(str(refusal.message), code=refusal.code) from None
        self._refuse_without_group(table)
        return Upload(content=content, filename=upload.name or "", kind=table.kind, rows=rows)

    def _refuse_without_group(self, table: Table) -> None:
        if "group" not in table.columns and not self.data.get("default_group"):
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
