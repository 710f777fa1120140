"""The list of typed accounts, and how one stands, in a word."""

from __future__ import annotations

import django_tables2 as tables
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from benefits.models import PayeeAccount
from benefits.states.cards import AccountState
from unionportal.core.tables import MomentColumn, PortalTable
from unionportal.core.templatetags import portal


def account_word(account: PayeeAccount) -> tuple[str, str | Promise]:
    """Return the kind of mark and the word for how an account stands."""
    if account.state == AccountState.HELD:
        return "wait", AccountState.HELD.label
    if account.state == AccountState.CLOSED:
        return "rest", AccountState.CLOSED.label
    if account.usable_from is not None and account.usable_from > timezone.now():
        return "move", _("Rests for 24 hours")
    return "ok", AccountState.ACTIVE.label


class AccountTable(PortalTable):
    """Typed accounts, newest first."""

    person = tables.Column(
        verbose_name=_("Name"), linkify=("benefits:payee-detail", {"pk": tables.A("pk")}),
        attrs=PortalTable.FIRST,
    )  # fmt: skip
    number_masked = tables.Column(verbose_name=_("Account"))
    state = tables.Column(verbose_name=_("State"))
    created_at = MomentColumn(verbose_name=_("Typed on"))
    created_by = tables.Column(verbose_name=_("Typed by"), default="—")
    usable_from = MomentColumn(verbose_name=_("Money from"))

    def render_state(self, record: PayeeAccount) -> SafeString:
        return portal.state(*account_word(record))
