"""Ways of paying: what a batch does when it is released, behind one protocol.

A file channel hands a whole batch over as one file; an order channel sends each line by itself and
can be asked about it. `queue` runs inside a releasing transaction and only writes rows; nothing
here talks to anybody inside a transaction (security.md section 3.3).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from unionportal.core.errors import Refused

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from benefits.models import PayeeAccount, PayoutBatch, PayoutLine, Programme
    from benefits.states.cards import AccountKind
    from benefits.states.payouts import Channel as Code
    from unionportal.core.actors import ServiceActor
    from unionportal.core.models import User


class Channel(Protocol):
    """One way of paying. `most_lines` is what it takes at once: a longer list goes in parts."""

    @property
    def code(self) -> Code: ...
    @property
    def label(self) -> str | Promise: ...
    @property
    def account_kind(self) -> AccountKind: ...
    @property
    def most_lines(self) -> int: ...

    def is_ready(self) -> bool:
        """Say whether this installation can pay this way at all (agreements, keys)."""
        ...

    def prepare(self, programme: Programme, person_ids: Collection[UUID] | None) -> None:
        """See to it that whoever has a right (among these) has an account, where none is needed."""
        ...

    def obstacle(self, account: PayeeAccount, amount_fen: int) -> str:
        """Return why this payment could never leave (a code of `OBSTACLES`), "" when it can."""
        ...

    def queue(
        self, batch: PayoutBatch, lines: QuerySet[PayoutLine], *, by: User | ServiceActor
    ) -> None:
        """Write what the sender needs for these lines in state sending, and wake it."""
        ...


_channels: dict[str, Channel] = {}


def register(channel: Channel) -> None:
    """Make a way of paying known; the last of a code stands."""
    _channels[channel.code] = channel


def get(code: str) -> Channel:
    """Return the channel called `code`; raise `Refused` when this portal cannot pay that way."""
    channel = _channels.get(code)
    if channel is None or not channel.is_ready():
        raise Refused(_("This portal is not set up to pay this way."), code="no_channel")
    return channel


def prepare(programme: Programme, person_ids: Collection[UUID] | None = None) -> None:
    """Let the programme's channel make ready what the people with rights need for it."""
    if (channel := _channels.get(programme.channel)) is not None:
        channel.prepare(programme, person_ids)


def known() -> Iterable[Channel]:
    """Return every channel of this portal, ready or not."""
    return _channels.values()


def choices() -> list[tuple[str, str | Promise]]:
    """Return (code, label) of the channels that can be chosen now."""
    return [(str(one.code), one.label) for one in _channels.values() if one.is_ready()]
