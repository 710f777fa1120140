"""How the desk shows the states of money, and what is wrong with a file, in plain words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from benefits.states.matching import DifferenceState
from benefits.states.notices import ObjectionState
from benefits.states.payouts import (
    BatchState,
    EntitlementState,
    LineState,
    ProgrammeState,
)

OBJECTION_KINDS = {
    ObjectionState.UNCONFIRMED: "rest", ObjectionState.OPEN: "wait",
    ObjectionState.UPHELD: "ok", ObjectionState.DISMISSED: "ok",
}  # fmt: skip
PROGRAMME_KINDS = {
    ProgrammeState.DRAFT: "move", ProgrammeState.OPEN: "ok", ProgrammeState.CLOSED: "rest",
}  # fmt: skip
ENTITLEMENT_KINDS = {
    EntitlementState.WAITLISTED: "wait", EntitlementState.RESERVED: "move",
    EntitlementState.IN_PAYMENT: "move", EntitlementState.PAID: "ok",
    EntitlementState.VOID: "rest", EntitlementState.OVERPAID: "bad",
}  # fmt: skip
BATCH_KINDS = {
    BatchState.BUILDING: "move",
    BatchState.DRAFT: "move", BatchState.SUBMITTED: "wait", BatchState.APPROVED: "move",
    BatchState.NOTICE_OPEN: "move", BatchState.NOTICE_CLOSED: "wait", BatchState.RELEASED: "move",
    BatchState.RECONCILING: "move", BatchState.CLOSED: "ok", BatchState.REJECTED: "rest",
    BatchState.CANCELLED: "rest",
}  # fmt: skip
LINE_KINDS = {
    LineState.PLANNED: "move", LineState.APPROVED: "move", LineState.SENDING: "move",
    LineState.SENT: "move", LineState.PAID: "ok", LineState.FAILED: "bad",
    LineState.AWAITING_PAYEE: "wait",
    LineState.UNKNOWN: "unknown", LineState.RETURNED: "bad", LineState.DROPPED: "rest",
}  # fmt: skip

DIFFERENCE_KINDS = {
    DifferenceState.OPEN: "bad", DifferenceState.PROPOSED: "wait", DifferenceState.RESOLVED: "ok",
    DifferenceState.GONE: "rest",
}  # fmt: skip

# Why a person must look at a right or a line.
REVIEWS: dict[str, str | Promise] = {
    "contested": _("The bank said both paid and not paid"),
    "paid_twice": _("The bank reports two payments for one line"),
    "said_after_repeat": _("The bank answered again after a new try was sent"),
    "membership_annulled": _("The membership was annulled after the money went out"),
}
PROBLEMS: dict[str, str | Promise] = {
    "unknown_batch": _("No batch of this number was released"),
    "unknown_order": _("The order number is not in this batch"),
    "other_seq": _("The line number is not the one sent"),
    "other_account": _("The account is not the one sent"),
    "other_name": _("The name is not the one sent"),
    "other_amount": _("The amount is not the one sent"),
    "twice": _("The line comes twice"),
    "count": _("The count at the top does not fit the lines"),
    "total": _("The sum at the top does not fit the lines"),
    "empty": _("The file is empty"),
    "too_big": _("The file is too big"),
    "not_gbk": _("The file is not GBK text"),
    "not_utf8": _("The file is not UTF-8 text"),
    "quotes": _("The quotes of the line do not close"),
    "columns": _("The columns are not those agreed"),
    "fen": _("The amount is not a whole number of fen"),
    "plain_seq": _("The line number is not one"),
    "cut": _("The end of the file is missing"),
    "line_end": _("A line has the wrong line end"),
    "control": _("A line has characters that do not belong there"),
    "header": _("The file does not begin with the right header"),
    "tag": _("The line is not of the right kind"),
    "fields": _("The line has too many or too few fields"),
    "amount": _("The amount is not yuan with two decimals"),
    "seq": _("The line number is not six digits"),
    "date": _("There is no such date"),
    "time": _("There is no such time"),
    "status": _("The status is not one of those agreed"),
    "code": _("The code is not one"),
    "number": _("The batch number is not one"),
    "failed_with_time": _("A line not paid has a payment time or serial number"),
    "unrecognised": _("This is none of the files we know"),
    "card_number": _("The card number is not well formed"),
    "card_twice": _("The card comes twice"),
    "other_batch": _("The line belongs to another batch"),
    "unknown_seq": _("No line of this number was sent"),
    "unknown_card": _("No card with this number is known yet"),
    "contradiction": _("An earlier answer said something else"),
    "card_taken": _("This card number belongs to another person"),
    "refused_with_card": _("A refused line names a card"),
    "serial": _("The serial number is not one"),
    "serial_twice": _("The serial number comes twice"),
    "order_no": _("The order number is not one"),
    "other_day": _("The movement is of another day"),
    "day_known": _("A statement of this day came before"),
    "refusal_lines": _("A refusal has one line only"),
}

# Why the bank makes no card, by its code (domain.md 6.2); an unknown code is shown as it is.
CARD_REFUSALS: dict[str, str | Promise] = {
    "0014": _("The name is not the one the bank knows"),
    "E1001": _("The name is not the one the bank knows"),
    "E1006": _("The ID number is not the one the bank knows"),
    "E3001": _("The bank looks into this person first"),
    "0017": _("The ID number is not the one the bank knows"),
    "0018": _("The bank looks into this person first"),
    "0032": _("The bank could not read the request"),
}


def card_refusal(code: str) -> str:
    """Return in words why the bank made no card; an unknown code as it is."""
    return str(CARD_REFUSALS.get(code, code))


def problem_rows(problems: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a file's problems with the words for them."""
    return [
        {**problem, "words": PROBLEMS.get(problem["code"], problem["code"])} for problem in problems
    ]
