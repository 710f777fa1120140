"""Files exchanged with the bank. Of an outgoing file only the digest is kept; it is rendered again
byte for byte from its lines. An incoming file is kept encrypted."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from benefits.states.cards import (
    BANK_FILE_MACHINE,
    IN_STATES,
    OUT_STATES,
    Direction,
    FileKind,
    FileState,
    Transport,
)
from unionportal.core.ids import new_id
from unionportal.core.models import Attachment
from unionportal.core.roles import Permission
from unionportal.core.scope import ScopedQuerySet

CARD_KINDS = (FileKind.CARD_REQUEST, FileKind.CARD_ANSWER, FileKind.CARD_ACTIVATION)
MONEY_KINDS = (FileKind.PAYOUT_REQUEST, FileKind.PAYOUT_RESULT, FileKind.STATEMENT)


class BankFileQuerySet(ScopedQuerySet["BankFile"]):
    """Bank files are the district's: narrower grants see none."""

    view_permission = Permission.VIEW_CARDS

    def of_cards(self) -> BankFileQuerySet:
        """Card files, and refusals and unreadable files that are not about money."""
        return self.exclude(kind__in=MONEY_KINDS).exclude(
            kind=FileKind.REJECT, answers__kind=FileKind.PAYOUT_REQUEST
        )


class BankFile(models.Model):
    """One file to or from the bank, known by its content's digest.

    `number` is the batch number in the file; `answers` the outgoing file an incoming one is about.
    `problems` is a list of {"line": int | None, "code": str, "found": str}, without personal data;
    `counts` holds what applying did, by name.
    """

    machine = BANK_FILE_MACHINE

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    direction = models.CharField(max_length=3, choices=Direction)
    kind = models.CharField(_("kind"), max_length=15, choices=FileKind)
    # The bank's formats it is written in; see `benefits.profiles`.
    profile = models.CharField(max_length=20, default="reference")
    number = models.CharField(_("batch number"), max_length=40, blank=True, default="")
    name = models.CharField(_("file name"), max_length=120)
    sha256 = models.CharField(max_length=64)
    line_count = models.PositiveIntegerField(_("lines"), default=0)
    state = models.CharField(_("state"), max_length=12, choices=FileState)
    transport = models.CharField(max_length=8, choices=Transport, default=Transport.FOLDER)
    answers = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="answered_by"
    )
    # Of an outgoing payout file: the list it carries a part or all of.
    payout_batch = models.ForeignKey(
        "benefits.PayoutBatch", null=True, blank=True, on_delete=models.PROTECT,
        related_name="files",
    )  # fmt: skip
    attachment = models.OneToOneField(
        Attachment, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    problems = models.JSONField(default=list)
    counts = models.JSONField(default=dict)
    # How often the same content came again; a repeat does nothing.
    repeats = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(_("made on"), db_default=Now(), editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    claimed_at = models.DateTimeField(null=True)
    # The staged file that goes out, so that no other ever does.
    stage_token = models.UUIDField(null=True, editable=False)
    handed_over_at = models.DateTimeField(null=True)
    handed_over_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    applied_at = models.DateTimeField(null=True)
    # The person who brought a file that decides payments, and the other one who looked at it.
    brought_key = models.UUIDField(null=True, editable=False)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    confirmed_key = models.UUIDField(null=True, editable=False)
    confirmed_at = models.DateTimeField(null=True)

    objects = BankFileQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="bank_file_newest"),
            models.Index(fields=["kind", "number"], name="bank_file_by_number"),
            models.Index(
                fields=["id"],
                name="bank_file_open",
                condition=Q(state__in=["ready", "received"]),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                name="bank_file_content_once", fields=["direction", "kind", "sha256"]
            ),
            models.UniqueConstraint(
                name="bank_file_number_once",
                fields=["kind", "number"],
                condition=Q(direction="out"),
            ),
            models.CheckConstraint(
                name="bank_file_state_fits",
                condition=Q(direction="out", state__in=OUT_STATES, attachment__isnull=True)
                | Q(direction="in", state__in=IN_STATES),
            ),
            models.CheckConstraint(
                # Only an empty file, set apart at once, has no content to keep.
                name="bank_file_in_is_kept",
                condition=~Q(state__in=["received", "applied"]) | Q(attachment__isnull=False),
            ),
            models.CheckConstraint(
                name="bank_file_brought_by_hand_needs_two",
                condition=~Q(state="applied")
                | Q(brought_key__isnull=True)
                | Q(confirmed_key__isnull=False) & ~Q(confirmed_key=F("brought_key")),
            ),
            models.CheckConstraint(
                name="bank_file_of_payouts_has_batch",
                condition=~Q(direction="out", kind="payout_request")
                | Q(payout_batch__isnull=False),
            ),
            models.CheckConstraint(
                name="bank_file_handed_over_is_timed",
                condition=~Q(state="handed_over") | Q(handed_over_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name
