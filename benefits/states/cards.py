"""States and transition tables of member cards, payee accounts and bank files (domain.md 2.3)."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from unionportal.core.roles import Permission
from unionportal.core.transitions import Machine, Step


class CardState(TextChoices):
    REQUESTED = "requested", _("Requested")
    SENT_TO_BANK = "sent_to_bank", _("Sent to the bank")
    REJECTED = "rejected", _("Refused by the bank")
    ISSUED = "issued", _("Made by the bank")
    HANDED_OUT = "handed_out", _("Handed out")
    ACTIVATED = "activated", _("Activated")
    LOST = "lost", _("Lost")
    REPLACED = "replaced", _("Replaced")
    CLOSED = "closed", _("Closed")


# A person holds one of these at most; a refused request is asked again on the same row.
OPEN_CARD = (
    CardState.REQUESTED,
    CardState.SENT_TO_BANK,
    CardState.REJECTED,
    CardState.ISSUED,
    CardState.HANDED_OUT,
    CardState.ACTIVATED,
)
NUMBERED_CARD = (CardState.ISSUED, CardState.HANDED_OUT, CardState.ACTIVATED)

CARD_MACHINE = Machine(
    name="card",
    steps=(
        Step("send", (CardState.REQUESTED,), CardState.SENT_TO_BANK),
        Step("take_back", (CardState.SENT_TO_BANK,), CardState.REQUESTED),
        Step("issue", (CardState.SENT_TO_BANK,), CardState.ISSUED),
        Step("reject", (CardState.SENT_TO_BANK,), CardState.REJECTED),
        Step("request_again", (CardState.REJECTED,), CardState.REQUESTED, Permission.MANAGE_CARDS),
        Step("hand_out", (CardState.ISSUED,), CardState.HANDED_OUT, Permission.MANAGE_CARDS),
        Step("activate", (CardState.ISSUED, CardState.HANDED_OUT), CardState.ACTIVATED),
        Step("report_lost", NUMBERED_CARD, CardState.LOST, Permission.MANAGE_CARDS,
             needs_reason=True),
        Step("replace", (CardState.LOST,), CardState.REPLACED),
        Step("close", (*OPEN_CARD, CardState.LOST), CardState.CLOSED, Permission.MANAGE_CARDS,
             needs_reason=True),
    ),
)  # fmt: skip


class AccountState(TextChoices):
    ACTIVE = "active", _("In use")
    HELD = "held", _("Waiting for a second person")
    CLOSED = "closed", _("Closed")


ACCOUNT_MACHINE = Machine(
    name="payee_account",
    steps=(
        Step("confirm", (AccountState.HELD,), AccountState.ACTIVE, Permission.MANAGE_CARDS),
        Step("close", (AccountState.ACTIVE, AccountState.HELD), AccountState.CLOSED,
             Permission.MANAGE_CARDS, needs_reason=True),
    ),
)  # fmt: skip


class FileState(TextChoices):
    READY = "ready", _("Waiting to go out")
    HANDED_OVER = "handed_over", _("With the bank")
    REFUSED = "refused", _("Refused by the bank")
    RECEIVED = "received", _("Being read")
    HELD = "held", _("Waiting for a second person")
    APPLIED = "applied", _("Applied")
    QUARANTINED = "quarantined", _("Set apart: nothing applied")
    IGNORED = "ignored", _("Not used")


OUT_STATES = (FileState.READY, FileState.HANDED_OVER, FileState.REFUSED)
IN_STATES = (
    FileState.RECEIVED, FileState.HELD, FileState.APPLIED, FileState.QUARANTINED, FileState.IGNORED,
)  # fmt: skip

BANK_FILE_MACHINE = Machine(
    name="bank_file",
    steps=(
        Step("hand_over", (FileState.READY,), FileState.HANDED_OVER, Permission.MANAGE_CARDS),
        Step("refuse", (FileState.HANDED_OVER,), FileState.REFUSED),
        Step("apply", (FileState.RECEIVED,), FileState.APPLIED),
        # What a person brought and what decides payments waits for another person.
        Step("hold", (FileState.RECEIVED,), FileState.HELD),
        Step("confirm", (FileState.HELD,), FileState.RECEIVED, Permission.CHECK_PAYOUT),
        Step("quarantine", (FileState.RECEIVED,), FileState.QUARANTINED),
        Step("read_again", (FileState.QUARANTINED,), FileState.RECEIVED, Permission.MANAGE_CARDS),
        Step("ignore", (FileState.QUARANTINED, FileState.HELD), FileState.IGNORED,
             Permission.MANAGE_CARDS, needs_reason=True),
    ),
)  # fmt: skip


class Direction(TextChoices):
    OUT = "out", _("To the bank")
    IN = "in", _("From the bank")


class FileKind(TextChoices):
    CARD_REQUEST = "card_request", _("Card request")
    CARD_ANSWER = "card_answer", _("Card answer")
    CARD_ACTIVATION = "card_activation", _("Activations")
    PAYOUT_REQUEST = "payout_request", _("Payout request")
    PAYOUT_RESULT = "payout_result", _("Payout result")
    STATEMENT = "statement", _("Bank statement")
    REJECT = "reject", _("Refusal of a file")
    UNKNOWN = "unknown", _("Not recognised")


class Transport(TextChoices):
    FOLDER = "folder", _("Shared folder")
    MANUAL = "manual", _("By hand")


class AccountKind(TextChoices):
    BANK_CARD = "bank_card", _("Bank card")
    WECHAT = "wechat", _("WeChat")
    # No number: the member signs for it, and a second person confirms the receipt.
    CASH = "cash", pgettext_lazy("way of paying", "Cash")


class AccountSource(TextChoices):
    BANK_FILE = "bank_file", _("The bank's file")
    STAFF = "staff", _("Typed by staff")
    MEMBER = "member", _("Typed by the member")
    REGISTER = "register", _("The register of members")


class CardEventKind(TextChoices):
    REQUESTED = "requested", _("Card requested")
    SENT = "sent", _("Request sent to the bank")
    TAKEN_BACK = "taken_back", _("The bank refused the file")
    ISSUED = "issued", _("Card made by the bank")
    REJECTED = "rejected", _("Refused by the bank")
    HANDED_OUT = "handed_out", _("Card handed out")
    ACTIVATED = "activated", _("Card activated")
    LOST = "lost", _("Card reported lost")
    REPLACED = "replaced", _("Card replaced")
    CLOSED = "closed", _("Card closed")
