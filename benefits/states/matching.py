"""What the daily match compares, what it can find, and how a difference ends."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from unionportal.core.roles import Permission
from unionportal.core.transitions import Machine, Step

P = Permission


class RecordSource(TextChoices):
    """Who wrote down what moved on a day, apart from the portal."""

    STATEMENT = "statement", _("Bank statement")
    BILL = "bill", _("Channel's bill")


class DifferenceKind(TextChoices):
    MISSING_AT_BANK = "missing_at_bank", _("Paid here, not on the statement")
    MISSING_HERE = "missing_here", _("On the statement, not paid here")
    OTHER_AMOUNT = "other_amount", _("Another amount")
    TWICE = "twice", _("Paid out twice")
    RETURN_UNRECORDED = "return_unrecorded", _("Came back, not recorded here")
    UNATTRIBUTED = "unattributed", _("Belongs to no order of ours")


class DifferenceState(TextChoices):
    OPEN = "open", _("Open")
    PROPOSED = "proposed", _("Waiting for a second person")
    RESOLVED = "resolved", _("Resolved")
    GONE = "gone", _("Explained by a later file")


D = DifferenceState
# Where the record itself is the evidence: two people take it, and the line follows.
TAKEN_AS_EVIDENCE = (DifferenceKind.MISSING_HERE, DifferenceKind.RETURN_UNRECORDED)
DIFFERENCE_MACHINE = Machine(
    name="difference",
    steps=(
        Step("propose", (D.OPEN,), D.PROPOSED),
        Step("confirm", (D.PROPOSED,), D.RESOLVED),
        Step("decline", (D.PROPOSED,), D.OPEN, needs_reason=True),
        # By the match alone, when a later record or result says what was missing.
        Step("explain", (D.OPEN, D.PROPOSED), D.GONE),
        Step("reappear", (D.GONE,), D.OPEN),
    ),
)  # fmt: skip
