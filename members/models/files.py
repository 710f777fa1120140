"""What belongs to an application besides its fields, and certificates that were withdrawn."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from members.models.applications import Application
from members.models.people import Membership
from unionportal.core.ids import new_id
from unionportal.core.models import Attachment


class FileKind(models.TextChoices):
    PHOTO = "photo", _("Photo")
    SIGNATURE = "signature", _("Signature")
    APPLICATION_FORM = "application_form", _("Application form")
    REGISTRATION_FORM = "registration_form", _("Registration form")
    ID_COPY = "id_copy", _("Copy of the ID card")
    OTHER = "other", _("Other paper")


# One of these at a time: a new one replaces the old one.
SINGLE_KINDS = (FileKind.PHOTO, FileKind.SIGNATURE)


class ApplicationFile(models.Model):
    """A photo, a signature or a paper of an application; a replaced one stays as evidence."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="files")
    kind = models.CharField(max_length=20, choices=FileKind)
    file = models.OneToOneField(
        Attachment, on_delete=models.PROTECT, related_name="application_file"
    )
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    added_at = models.DateTimeField(db_default=Now(), editable=False)
    replaced_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="application_file_single",
                fields=["application", "kind"],
                condition=Q(kind__in=["photo", "signature"], replaced_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.application_id}"


class RevokedCertificate(models.Model):
    """A certificate's earlier token: whoever checks it learns that it was replaced."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    membership = models.ForeignKey(
        Membership, on_delete=models.PROTECT, related_name="revoked_certificates"
    )
    token = models.CharField(max_length=32, unique=True)
    issued_on = models.DateField()
    revoked_at = models.DateTimeField()
    reason = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.CheckConstraint(name="revoked_certificate_reason", condition=~Q(reason=""))
        ]

    def __str__(self) -> str:
        return str(self.membership_id)
