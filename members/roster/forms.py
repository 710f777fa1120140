"""The upload form: every fault of the file is said here, before anything is kept."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from members.models import Employer, UnionUnit, WorkerGroup
from members.roster.actions import Scan, Upload
from members.roster.columns import groups_today, title_of
from members.roster.reading import open_roster
from unionportal.core import files
from unionportal.core.errors import Refused
from unionportal.core.forms import FileInput
from unionportal.core.models import User
from unionportal.core.roles import Permission
from unionportal.core.spreadsheets import SpreadsheetError, Table

TOO_BIG = {"file_too_big", "too_big"}
ROSTER_TYPES = ".xlsx,.xls,.ods,.csv"
SCAN_TYPES = ".pdf,.png,.jpg,.jpeg"


class RosterForm(forms.Form):
    """A firm's roster for one union unit."""

    unit = forms.ModelChoiceField(
        label=_("Union unit the workers join"), queryset=UnionUnit.objects.none()
    )
    employer = forms.ModelChoiceField(
        label=_("Firm"), queryset=Employer.objects.none(), required=False
    )
    file = forms.FileField(
        label=_("Roster"),
        allow_empty_file=True,
        widget=FileInput({"accept": ROSTER_TYPES}),
        help_text=_(".xlsx, .xls, .ods or .csv; at most 25 MB and 50,000 rows."),
    )
    default_group = forms.ModelChoiceField(
        label=_("Kind of work for rows that name none"),
        queryset=WorkerGroup.objects.none(),
        required=False,
    )
    signed_list = forms.FileField(
        label=_("Scan of the list the workers signed"),
        allow_empty_file=True,
        widget=FileInput({"accept": SCAN_TYPES}),
        required=False,
        help_text=_(
            "PDF, PNG or JPEG. Without it each worker gets a text message and confirms by a link."
        ),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        units = UnionUnit.objects.visible_to(user, Permission.ENROL).taking_members()
        employers = Employer.objects.visible_to(user, Permission.ENROL).filter(is_operating=True)
        groups = WorkerGroup.objects.filter(pk__in=[group.pk for group in groups_today()])
        self._choose_from("unit", units.filter(is_external=False))
        self._choose_from("employer", employers.order_by("name"))
        self._choose_from("default_group", groups)

    def _choose_from(self, name: str, queryset: Any) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = queryset

    def clean_file(self) -> Upload:
        upload: UploadedFile = self.cleaned_data["file"]
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

    def clean_signed_list(self) -> Scan | None:
        upload: UploadedFile | None = self.cleaned_data["signed_list"]
        if upload is None:
            return None
        try:
            content = files.read_upload(upload)
            content_type = files.sniff_scan(content)
        except Refused as refusal:
            raise forms.ValidationError(str(refusal.message), code=refusal.code) from None
        return Scan(content=content, filename=upload.name or "", content_type=content_type)

    @property
    def status(self) -> int:
        """The HTTP status of the page: 413 for a file too big, 400 for other faults."""
        if not self.is_bound or self.is_valid():
            return 200
        codes = {fault.code for faults in self.errors.as_data().values() for fault in faults}
        return 413 if codes & TOO_BIG else 400
