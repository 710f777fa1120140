"""Accounts typed at the desk: a second person, a day of rest, a text to the old phone.

What the database holds to is told at `PayeeAccount`: two persons, the day by its own clock.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from benefits.actions.rights import person_of
from benefits.models import PayeeAccount
from benefits.models.cards import HOLD
from benefits.states.cards import AccountKind, AccountSource, AccountState
from members.models import Person
from unionportal.core import audit, crypto
from unionportal.core.actors import WORKER_SELF
from unionportal.core.errors import NotAllowed, Refused
from unionportal.core.messaging import outbox
from unionportal.core.roles import Permission
from unionportal.core.transitions import move

if TYPE_CHECKING:
    from unionportal.core.models import User


@transaction.atomic
def enter(*, by: User, person: Person, number: str, holder_name: str) -> PayeeAccount:
    """Type a bank card for a member; another person must confirm it.

    `number` is a checked card number. The phone on file now is kept for the notice: who changes
    the phone next does not get it. Raises `NotAllowed`, `Refused` for a card that is known.
    """
    person_of(by, Permission.ENTER_ACCOUNTS)
    values = {
        "person": person, "kind": AccountKind.BANK_CARD, "source": AccountSource.STAFF,
        "state": AccountState.HELD, "number": number,
        "number_index": crypto.blind_index(number, "card"),
        "number_masked": f"**** {number[-4:]}", "number_tail": number[-4:],
        "holder_name": holder_name, "notice_phone": person.phone,
        "stop_token": secrets.token_urlsafe(24), "created_by": by,
    }  # fmt: skip
    try:
        with transaction.atomic():
            account = PayeeAccount.objects.create(**values)
    except IntegrityError as error:
        raise Refused(
            _("This card number is on file already. Check the number with the member."),
            code="known", field="number",
        ) from error  # fmt: skip
    audit.record(by=by, verb="payee_account.enter", target=account, to_state=account.state)
    return account


@transaction.atomic
def confirm(*, by: User, account: PayeeAccount) -> PayeeAccount:
    """Confirm, as another person, what was typed; money may go there after 24 hours.

    The old phone is texted with a link that stops it. Until the day is over nothing goes to the
    older account either. Raises `NotAllowed`, `Stale`.
    """
    key = person_of(by, Permission.MANAGE_CARDS)
    typed_by = account.created_by
    if typed_by is not None and (typed_by == by or typed_by.person_key == key):
        raise NotAllowed(_("You typed this account. Another person must confirm it."), code="own")
    move(account, "confirm", by=by, confirmed_by=by, confirmed_at=Now(), usable_from=Now() + HOLD)
    account.refresh_from_db()
    body = _(
        "From tomorrow subsidies go to the card that ends in %(tail)s. Not you? Stop it: %(link)s"
    )
    words = {
        "tail": account.number_tail,
        "link": f"{settings.PUBLIC_URL}/account/{account.stop_token}/",
    }
    if account.notice_phone:
        outbox.queue(by=by, purpose="payee_account", phone=account.notice_phone, body=body % words)
    return account


@transaction.atomic
def close(*, by: User, account: PayeeAccount, reason: str) -> PayeeAccount:
    """Send no more money to a typed account, with a reason; the older one counts again.

    Raises `NotAllowed`, `Refused` without a reason or for an account out of the bank's file,
    `Stale` when it is closed.
    """
    person_of(by, Permission.MANAGE_CARDS)
    if account.source == AccountSource.BANK_FILE:
        raise Refused(_("This account belongs to a member card. Close the card."), code="of_card")
    return move(account, "close", by=by, reason=reason)


@transaction.atomic
def stop_by_link(*, token: str) -> PayeeAccount:
    """Close a typed account for whoever holds the link of the text message; once is enough."""
    account = PayeeAccount.objects.get(stop_token=token)
    if account.state == AccountState.CLOSED:
        return account
    return move(account, "close", by=WORKER_SELF, reason=gettext_noop("stopped by the member"))
