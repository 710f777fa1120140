"""Keep personal numbers out of the logs, whoever logs them."""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Mapping
from typing import Any

from unionportal.core import masking

# Longest first: an 18-digit ID is also a run in which a card or a mobile could be seen.
# \d on purpose: full-width digits are somebody's number too.
NUMBERS = re.compile(r"(?<!\d)(?:\+?86[- ]?)?(\d{14,18}[\dXx]|1[3-9]\d{9})(?!\d)")
GROUPED_CARD = re.compile(r"(?<![0-9])[0-9]{4}(?:[ -][0-9]{4}){3}(?:[ -]?[0-9]{1,3})?(?![0-9])")
GROUPED_PHONE = re.compile(r"(?<![0-9])1[3-9][0-9][ -][0-9]{4}[ -][0-9]{4}(?![0-9])")
# Codes sent by SMS: a word for "code" and 4 to 8 digits near it, in either language.
SMS_CODE = re.compile(
    r"((?:验证码|校验码|动态码|(?:\b|_)(?:code|otp|passcode)\b)[^0-9\n]{0,12})[0-9]{4,8}(?!\d)",
    re.IGNORECASE,
)
CODE_BEFORE_WORD = re.compile(
    r"(?<![0-9])[0-9]{4,8}((?:\s|是|is|为|（|\(|your){1,6}[^0-9\n]{0,12}(?:验证码|校验码|code\b))",
    re.IGNORECASE,
)
# A link that opens something by itself: a long random part of a path that is not an object's id.
LINK = re.compile(r"/(?![0-9a-f]{8}-[0-9a-f]{4}-)[A-Za-z0-9_-]{20,}(?=[/?\s\"']|$)")
SECRET_KEYS = frozenset({"code", "otp", "sms_code", "passcode", "password", "token", "secret"})
HIDDEN = "******"


def redact(text: str) -> str:
    """Return `text` with IDs, mobiles and cards masked, SMS codes and opening links taken out."""
    text = LINK.sub(f"/{HIDDEN}", text)
    text = SMS_CODE.sub(rf"\g<1>{HIDDEN}", text)
    text = CODE_BEFORE_WORD.sub(rf"{HIDDEN}\g<1>", text)
    text = GROUPED_CARD.sub(lambda match: _card(match[0]), text)
    text = GROUPED_PHONE.sub(lambda match: masking.mask_phone(re.sub("[ -]", "", match[0])), text)
    return NUMBERS.sub(lambda match: match[0].replace(match[1], _mask(match[1])), text)


def redact_value(value: Any) -> Any:
    """Return `value` redacted: text and containers deeply, a number when it looks personal."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {
            key: HIDDEN if str(key).lower() in SECRET_KEYS else redact_value(item)
            for key, item in value.items()
        }
    if isinstance(value, tuple | list | set | frozenset):
        return type(value)(redact_value(item) for item in value)
    if value is None or isinstance(value, bool | float):
        return value
    shown = str(value)
    hidden = redact(shown)
    return value if hidden == shown else hidden


class RedactingFilter(logging.Filter):
    """Rewrite each record in place: message, arguments, extra fields and traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = _message(record)
        record.args = None
        for name in record.__dict__.keys() - PLAIN_ATTRIBUTES:
            value = record.__dict__[name]
            record.__dict__[name] = HIDDEN if name in SECRET_KEYS else redact_value(value)
        if record.exc_info and record.exc_info[1] is not None:
            record.exc_text = redact("".join(traceback.format_exception(record.exc_info[1])))
            record.exc_info = None
        return True


def _message(record: logging.LogRecord) -> Any:
    """Return the finished message; arguments that do not fit are shown instead of raising."""
    if isinstance(record.msg, Mapping):
        return redact_value(record.msg)
    try:
        return redact(record.getMessage())
    except (TypeError, ValueError):
        return redact(f"{record.msg} {record.args!r}")


def _mask(number: str) -> str:
    if len(number) == 11:
        return masking.mask_phone(number)
    return masking.mask_id(number) if len(number) in {15, 18} else _card(number)


def _card(number: str) -> str:
    return f"{HIDDEN}{masking.mask_card(re.sub('[ -]', '', number))}"


PLAIN_ATTRIBUTES = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
