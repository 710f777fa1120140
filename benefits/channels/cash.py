"""Cash: a pay list that people sign, handed out by hand; receipts end its lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benefits import channels
from benefits.actions import cash
from benefits.states.cards import AccountKind
from benefits.states.payouts import Channel

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

    from django.db.models import QuerySet

    from benefits.models import PayeeAccount, PayoutBatch, PayoutLine, Programme
    from unionportal.core.actors import ServiceActor
    from unionportal.core.models import User


class CashChannel:
    code = Channel.CASH
    label = Channel.CASH.label
    account_kind = AccountKind.CASH
    most_lines = 2_000

    def is_ready(self) -> bool:
        return True

    def prepare(self, programme: Programme, person_ids: Collection[UUID] | None) -> None:
        cash.open_accounts(programme, person_ids)

    def obstacle(self, account: PayeeAccount, amount_fen: int) -> str:
        return "" if account.holder_name.strip() else "name"

    def queue(
        self, batch: PayoutBatch, lines: QuerySet[PayoutLine], *, by: User | ServiceActor
    ) -> None:
        """Nothing leaves by itself: the lines wait until somebody takes the pay list."""


channels.register(CashChannel())
