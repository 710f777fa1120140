"""What the member is told by text message, in the workers' language."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from members.models import Transfer
from members.transfers.states import TransferKind
from unionportal.core.actors import ServiceActor
from unionportal.core.messaging import outbox
from unionportal.core.models import User


def new_token() -> str:
    return secrets.token_urlsafe(16)


def ask_member(transfer: Transfer, by: User | ServiceActor) -> None:
    """Text the link where the member says yes or no; without a phone on file nothing goes out."""
    with translation.override(settings.LANGUAGE_CODE):
        link = f"{settings.PUBLIC_URL}/transfer/{transfer.token}/"
        body = _("%(ask)s Say yes or no here: %(link)s") % {"ask": _ask(transfer), "link": link}
    _send(transfer, by, body)


def _ask(transfer: Transfer) -> str:
    words = {"to": destination(transfer), "from": transfer.from_unit}
    if transfer.kind == TransferKind.PULL:
        return _("%(to)s asks to take over your union membership.") % words
    return _("%(from)s wants to move your union membership to %(to)s.") % words


def tell_moved(transfer: Transfer, by: User | ServiceActor) -> None:
    """Say that the membership has moved; number and seniority stay."""
    with translation.override(settings.LANGUAGE_CODE):
        body = _(
            "Your union membership is with %(to)s now. Your member number and the day you joined "
            "stay as they are."
        ) % {"to": destination(transfer)}
    _send(transfer, by, body)


def tell_closed(transfer: Transfer, by: User | ServiceActor) -> None:
    """Say that nothing moved."""
    with translation.override(settings.LANGUAGE_CODE):
        body = _(
            "The transfer of your union membership to %(to)s did not take place. Your membership "
            "stays as it was. Questions? Call %(hotline)s."
        ) % {"to": destination(transfer), "hotline": settings.HOTLINE}
    _send(transfer, by, body)


def destination(transfer: Transfer) -> str:
    return transfer.to_unit.name if transfer.to_unit else transfer.outside_name


def _send(transfer: Transfer, by: User | ServiceActor, body: str) -> None:
    phone = transfer.membership.person.phone
    if phone:
        outbox.queue(by=by, purpose="transfer", phone=phone, body=body)
