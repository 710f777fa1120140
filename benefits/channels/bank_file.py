"""The bank's batch file: one file out, result files back (domain.md 6.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benefits import channels, profiles
from benefits.actions import payout_files
from benefits.states.cards import AccountKind
from benefits.states.payouts import Channel
from unionportal.core.wake import wake

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

    from django.db.models import QuerySet

    from benefits.models import PayeeAccount, PayoutBatch, PayoutLine, Programme
    from unionportal.core.actors import ServiceActor
    from unionportal.core.models import User


class BankFileChannel:
    code = Channel.BANK_FILE
    label = Channel.BANK_FILE.label
    account_kind = AccountKind.BANK_CARD

    @property
    def most_lines(self) -> int:
        return profiles.current().most_lines

    def is_ready(self) -> bool:
        return True

    def prepare(self, programme: Programme, person_ids: Collection[UUID] | None) -> None:
        """Nothing: the account is the member's own."""

    def obstacle(self, account: PayeeAccount, amount_fen: int) -> str:
        return "" if profiles.current().can_carry(account.holder_name) else "name"

    def queue(
        self, batch: PayoutBatch, lines: QuerySet[PayoutLine], *, by: User | ServiceActor
    ) -> None:
        payout_files.queue(batch, lines, by=by)
        wake("benefits.send_batches")


channels.register(BankFileChannel())
