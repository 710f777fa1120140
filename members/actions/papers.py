"""Photo, signature and papers of an application; each stored encrypted, replaced, never lost."""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from members.actions.rights import require_units
from members.models import Application, ApplicationFile
from members.models.files import SINGLE_KINDS, FileKind
from members.states import OPEN_APPLICATION, ApplicationState
from unionportal.core import audit
from unionportal.core.actors import ServiceActor
from unionportal.core.errors import Refused
from unionportal.core.models import Attachment, User
from unionportal.core.roles import Permission

MOST_FILES = 20
# How long papers of an application that led nowhere are kept.
KEEP_CLOSED = timedelta(days=180)


class Upload(Protocol):
    """A checked file, not stored yet."""

    def store(self, *, by: User | ServiceActor, kind: str) -> Attachment: ...


@transaction.atomic
def add_file(
    *, by: User | ServiceActor, application: Application, kind: str, upload: Upload
) -> ApplicationFile:
    """Add a paper; a photo or signature replaces the earlier one, which stays as evidence.

    Raises `Refused` (`application_closed`, `too_many_files`), `NotAllowed`.
    """
    require_units(by, Permission.ENROL, [application.unit_id])
    locked = Application.objects.select_for_update(of=("self",)).get(pk=application.pk)
    if locked.state not in (*OPEN_APPLICATION, ApplicationState.APPROVED):
        raise Refused(
            _("This application is closed; no papers can be added."), code="application_closed"
        )
    if locked.files.count() >= MOST_FILES:
        raise Refused(
            _("An application holds at most %(most)d papers.") % {"most": MOST_FILES},
            code="too_many_files",
        )
    if kind in SINGLE_KINDS:
        locked.files.filter(kind=kind, replaced_at=None).update(replaced_at=timezone.now())
    made = ApplicationFile.objects.create(
        application=locked, kind=kind, file=upload.store(by=by, kind=kind), added_by_id=by.pk
    )
    audit.record(
        by=by, verb="application.add_file", target=locked, data={"file": str(made.pk), "kind": kind}
    )
    return made


@transaction.atomic
def drop_file(*, by: User, file: ApplicationFile) -> ApplicationFile:
    """Take a wrong paper off the page; its row stays as evidence, its content goes in 180 days."""
    require_units(by, Permission.ENROL, [file.application.unit_id])
    if file.replaced_at is None:
        file.replaced_at = timezone.now()
        file.save(update_fields=["replaced_at"])
        Attachment.objects.filter(pk=file.file_id).update(expires_at=timezone.now() + KEEP_CLOSED)
        audit.record(
            by=by, verb="application.drop_file", target=file.application,
            data={"file": str(file.pk), "kind": file.kind},
        )  # fmt: skip
    return file


def expire_files(application: Application) -> None:
    """Let the papers of a refused or withdrawn application end with their term."""
    Attachment.objects.filter(application_file__application=application, expires_at=None).update(
        expires_at=timezone.now() + KEEP_CLOSED
    )


def photo_of(application: Application | None) -> Attachment | None:
    """Return the photo of `application`, or None."""
    if application is None:
        return None
    rows = application.files.filter(
        kind=FileKind.PHOTO, replaced_at=None, file__dropped_at=None
    ).select_related("file")
    found = rows.first()
    return found.file if found else None
