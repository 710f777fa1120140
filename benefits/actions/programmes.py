"""Set up programmes and their budgets."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from psycopg.errors import UniqueViolation

from benefits import channels, ledger, profiles
from benefits.actions import entitlements, versions
from benefits.actions.rights import require
from benefits.actions.versions import MONEY, Gift, Rules
from benefits.models import Cycle, Programme
from benefits.states.cards import Transport
from benefits.states.payouts import Beneficiary, Benefit, Channel
from members.models import WorkerGroup
from unionportal.core import audit
from unionportal.core.errors import Refused
from unionportal.core.roles import Permission
from unionportal.core.transitions import move

if TYPE_CHECKING:
    from unionportal.core.actors import ServiceActor
    from unionportal.core.models import User

LONGEST_SUMMARY = 12


@transaction.atomic
def create_programme(
    *,
    by: User | ServiceActor,
    code: str,
    name_zh: str,
    name_en: str,
    amount_fen: int,
    budget_fen: int,
    window_from: date,
    window_to: date,
    groups: Iterable[WorkerGroup] = (),
    rules: Rules | None = None,
    beneficiary: str = Beneficiary.PERSON,
    benefit: str = Benefit.CASH,
    gift: Gift = MONEY,
    cycle: str = "1",
    notice_days: int = 5,
    second_approval_fen: int | None = None,
    channel: str = Channel.BANK_FILE,
    transport: str = Transport.FOLDER,
    summary: str = "",
    answer_minutes: int = 5 * 24 * 60,
    cooling_minutes: int = 24 * 60,
) -> Programme:
    """Write a draft programme with its budget, its first terms and its first cycle.

    Raises `Refused` (with the field) for a used code, an amount or a budget that cannot be, a
    window that ends before it begins, terms that ask for nothing, a way of paying this portal is
    not set up for, or a summary the bank's file cannot carry.
    """
    require(by, Permission.MANAGE_PROGRAMMES)
    channels.get(channel)
    asked = rules or Rules(groups=tuple(group.pk for group in groups))
    summary = summary or name_zh[:LONGEST_SUMMARY]
    versions.check_amount(amount_fen)
    if budget_fen < amount_fen:
        raise Refused(_("The budget does not reach for one."), code="budget", field="budget")
    _check_window(window_from, window_to)
    _check_summary(summary)
    try:
        with transaction.atomic():
            programme = Programme.objects.create(
                code=code, name_zh=name_zh, name_en=name_en, beneficiary=beneficiary,
                benefit=benefit,
                notice_days=notice_days, second_approval_fen=second_approval_fen,
                channel=channel, transport=transport, summary=summary,
                answer_minutes=answer_minutes, cooling_minutes=cooling_minutes,
                budget=ledger.open_budget(code=code, total_fen=budget_fen),
                created_by_id=by.pk,
            )  # fmt: skip
    except IntegrityError as error:
        if not isinstance(error.__cause__, UniqueViolation):
            raise
        raise Refused(
            _("There is a programme with this code already."), code="code_used", field="code"
        ) from error
    versions.write(programme, by=by, amount_fen=amount_fen, rules=asked, gift=gift)
    Cycle.objects.create(
        programme=programme, code=cycle, window_from=window_from, window_to=window_to
    )
    audit.record(by=by, verb="programme.create", target=programme, to_state=programme.state,
                 data={"amount_fen": amount_fen, "budget_fen": budget_fen})  # fmt: skip
    return programme


def _check_window(window_from: date, window_to: date) -> None:
    if window_to < window_from:
        raise Refused(_("The last day is before the first day."), code="window", field="window_to")


def _check_summary(summary: str) -> None:
    if len(summary) > LONGEST_SUMMARY or not profiles.current().can_carry(summary):
        raise Refused(
            _("Write at most %(count)d plain characters; the bank's file carries no others.")
            % {"count": LONGEST_SUMMARY},
            code="summary",
            field="summary",
        )


@transaction.atomic
def open_programme(*, by: User | ServiceActor, programme: Programme) -> Programme:
    """Open a draft: its terms are fixed from now on, and who qualifies gets the right at once.

    Raises `Stale` when it is not a draft any more.
    """
    require(by, Permission.MANAGE_PROGRAMMES)
    move(programme, "open", by=by, opened_at=timezone.now())
    entitlements.evaluate(programme, by=by)
    return programme


@transaction.atomic
def close_programme(*, by: User | ServiceActor, programme: Programme, reason: str) -> Programme:
    """Close a programme: nobody becomes entitled any more; rights given stay. Raises `Stale`."""
    require(by, Permission.MANAGE_PROGRAMMES)
    return move(programme, "close", by=by, reason=reason)
