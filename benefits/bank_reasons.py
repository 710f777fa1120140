"""What the reference bank's words mean to us (domain.md 6.2); one not here is not guessed at."""

from __future__ import annotations

from benefits.states.payouts import Outcome, Reason

SUCCESS_TEXTS = frozenset({"交易成功", "成功"})
# 重复 says nothing about the first payment: it is asked about, never taken for a failure.
UNCLEAR_TEXTS = {"重复": Reason.DUPLICATE}
FAILURE_TEXTS = {
    "户名不符": Reason.NAME_MISMATCH,
    "账号不存在": Reason.ACCOUNT_NOT_FOUND,
    "无此账号": Reason.ACCOUNT_NOT_FOUND,
    "已销户": Reason.ACCOUNT_CLOSED,
    "清户": Reason.ACCOUNT_CLOSED,
    "冻结": Reason.ACCOUNT_BLOCKED,
    "止付": Reason.ACCOUNT_BLOCKED,
    "挂失": Reason.ACCOUNT_BLOCKED,
    "睡眠户": Reason.ACCOUNT_BLOCKED,
    "未激活": Reason.ACCOUNT_BLOCKED,
    "二三类户限额": Reason.LIMIT_EXCEEDED,
    "证件号不符": Reason.ID_MISMATCH,
    "余额不足": Reason.PAYER_SIDE,
    "付款户受限": Reason.PAYER_SIDE,
    "总分不符": Reason.BATCH_REJECTED,
    "格式错误": Reason.BATCH_REJECTED,
    "可疑": Reason.RISK_BLOCKED,
}


def read(*, is_paid: bool, text: str) -> tuple[Outcome, Reason]:
    """Return what a line's answer says, and why; unclear when the words are not known."""
    if is_paid:
        known = text in SUCCESS_TEXTS
        return (Outcome.SUCCESS, Reason.NONE) if known else (Outcome.UNCLEAR, Reason.UNKNOWN_TEXT)
    if text in FAILURE_TEXTS:
        return Outcome.FAILURE, FAILURE_TEXTS[text]
    return Outcome.UNCLEAR, UNCLEAR_TEXTS.get(text, Reason.UNKNOWN_TEXT)
