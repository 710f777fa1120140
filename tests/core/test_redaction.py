"""No personal number reaches a log, however it is logged."""

from __future__ import annotations

import io
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unionportal.core.redaction import RedactingFilter, redact, redact_value

ID, PHONE, CARD = "490103200002291051", "13800001234", "6217000000000006"
CANARIES = (ID, PHONE, CARD, "6230520000000000008", "11010519491231002X")


@pytest.fixture
def log() -> tuple[logging.Logger, io.StringIO]:
    logger, stream = logging.Logger("canary"), io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(RedactingFilter())
    logger.addHandler(handler)
    return logger, stream


@pytest.mark.parametrize("canary", CANARIES)
@pytest.mark.parametrize(
    "template",
    ["{}", "id={}", "号码{}错误", '{{"n": "{}"}}', "/members/{}/", "x{}", "{}.", "phone_{}_x"],
)
def test_redact_hides_a_canary_anywhere(canary: str, template: str) -> None:
    assert canary not in redact(template.format(canary))


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        (ID, "4901**********1051"),
        (PHONE, "138****1234"),
        (CARD, "******0006"),
        ("+86 13800001234", "+86 138****1234"),
        ("138-0000-1234", "138****1234"),
        ("6217 0000 0000 0006", "******0006"),
        ("6230 5200 0000 0000 008", "******0008"),
        ("490103000229105", "4901*******9105"),
        ("４９０１０３２０００02291051", "４９０１**********1051"),
        ("验证码：123456，5分钟内有效", "验证码：******，5分钟内有效"),
        ("code=4821", "code=******"),
        ("GET /confirm/hV3kQ0p-Yb_2xW9sT1uZAg/ 200", "GET /confirm/******/ 200"),
        ('"/verify/hV3kQ0p-Yb_2xW9sT1uZAg?a=1"', '"/verify/******?a=1"'),
        ("sms_code: 482133", "sms_code: ******"),
        ("OTP 482133", "OTP ******"),
        ("123456 is your code", "****** is your code"),
        ("您的登录验证码是 998877", "您的登录验证码是 ******"),
    ],
)
def test_redact_masks_in_the_usual_form(text: str, hidden: str) -> None:
    assert redact(text) == hidden


@pytest.mark.parametrize(
    "text",
    [
        "298 rows written",
        "batch 20261124",
        "2026-11-24 15:30:00,123",
        "order 12345678",
        "HTTP 200 in 1234567890 ns",
        "port 8000",
        "GET /desk/members/01a204c9-2ccd-77aa-85fc-dcbd5292b1fc/certificate/",
        "/static/vendor/bootstrap.min.css",
    ],
)
def test_redact_leaves_other_numbers(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize("canary", CANARIES)
def test_filter_hides_a_canary_in_message_arguments_and_extra(
    log: tuple[logging.Logger, io.StringIO], canary: str
) -> None:
    logger, stream = log
    logger.warning("saved %s and %r", canary, {"number": [canary]})
    logger.warning("mapped %(n)s", {"n": canary})
    logger.warning(f"plain {canary}")
    logger.warning("wrong number of arguments", canary)
    logger.warning("number %d", int(canary[:17]))
    assert canary not in stream.getvalue()
    assert canary[:17] not in stream.getvalue()
    assert len(stream.getvalue().splitlines()) == 5


def test_filter_hides_a_canary_in_a_traceback(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = log
    try:
        raise ValueError(f"bad number {ID}")
    except ValueError:
        logger.exception("import failed")
    assert "import failed" in stream.getvalue()
    assert "ValueError: bad number 4901**********1051" in stream.getvalue()
    assert ID not in stream.getvalue()


def test_filter_hides_secrets_in_structured_events() -> None:
    record = logging.makeLogRecord(
        {
            "msg": {"event": "code_sent", "code": "482133", "to": PHONE},
            "otp": "482133",
            "who": [PHONE],
        }
    )
    assert RedactingFilter().filter(record) is True
    assert record.msg == {"event": "code_sent", "code": "******", "to": "138****1234"}
    assert record.__dict__["otp"] == "******"
    assert record.__dict__["who"] == ["138****1234"]


def test_redact_value_keeps_harmless_values_as_they_are() -> None:
    assert redact_value((1, None, True, 2.5, "x")) == (1, None, True, 2.5, "x")
    assert redact_value(13800001234) == "138****1234"


@given(
    st.text(alphabet=st.characters(categories=["L", "P", "Z"]), max_size=20),
    st.sampled_from(CANARIES),
)
def test_redact_never_lets_a_canary_through(around: str, canary: str) -> None:
    assert canary not in redact(f"{around}{canary}{around}")
