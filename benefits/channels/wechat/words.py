"""What WeChat's states and reasons mean to us (domain.md 6.2, 6.3)."""

from __future__ import annotations

from benefits.states.payouts import Outcome, Reason

OUTCOMES = {
    "ACCEPTED": Outcome.ACCEPTED,
    "PROCESSING": Outcome.ACCEPTED,
    "TRANSFERING": Outcome.ACCEPTED,
    "CANCELING": Outcome.ACCEPTED,
    "WAIT_USER_CONFIRM": Outcome.AWAITING,
    "SUCCESS": Outcome.SUCCESS,
    "FAIL": Outcome.FAILURE,
    "CANCELLED": Outcome.FAILURE,
}
REASONS = {
    "NAME_NOT_CORRECT": Reason.NAME_MISMATCH,
    "BANK_CARD_CARD_INFO_WRONG": Reason.NAME_MISMATCH,
    "ACCOUNT_NOT_EXIST": Reason.ACCOUNT_NOT_FOUND,
    "OPENID_INVALID": Reason.ACCOUNT_NOT_FOUND,
    "BANK_CARD_ACCOUNT_ABNORMAL": Reason.ACCOUNT_CLOSED,
    "ACCOUNT_FROZEN": Reason.ACCOUNT_BLOCKED,
    "BANK_CARD_STATUS_ABNORMAL": Reason.ACCOUNT_BLOCKED,
    "BANK_CARD_COLLECTIONS_ABOVE_QUOTA": Reason.LIMIT_EXCEEDED,
    "TRANSFER_QUOTA_EXCEED": Reason.LIMIT_EXCEEDED,
    "DAY_RECEIVED_QUOTA_EXCEED": Reason.LIMIT_EXCEEDED,
    "DAY_RECEIVED_COUNT_EXCEED": Reason.LIMIT_EXCEEDED,
    "ID_CARD_NOT_CORRECT": Reason.ID_MISMATCH,
    "REAL_NAME_CHECK_FAIL": Reason.NOT_REAL_NAME,
    "OVERDUE_CLOSE": Reason.UNCLAIMED,
    "PAYER_ACCOUNT_ABNORMAL": Reason.PAYER_SIDE,
    "PAYEE_ACCOUNT_ABNORMAL": Reason.RISK_BLOCKED,
    "TRANSFER_RISK": Reason.RISK_BLOCKED,
}


def read(state: str, fail_reason: str) -> tuple[Outcome, Reason]:
    """Return what a state says, and why; a state in no list says nothing clear.

    FAIL is an end whatever its reason; a reason in no list is shown as WeChat gave it.
    """
    outcome = OUTCOMES.get(state, Outcome.UNCLEAR)
    if state == "CANCELLED":
        return outcome, Reason.NOT_PAYABLE
    if outcome == Outcome.FAILURE:
        return outcome, REASONS.get(fail_reason, Reason.UNKNOWN_TEXT)
    return outcome, Reason.UNKNOWN_TEXT if outcome == Outcome.UNCLEAR else Reason.NONE
