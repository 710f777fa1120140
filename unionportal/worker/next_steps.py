"""The one thing a worker should do next, in the order in which things help."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benefits.models import MemberCard
    from benefits.queries.member import BenefitLine
    from members.queries import MemberStatus


@dataclass(frozen=True, slots=True)
class NextStep:
    title: str | Promise
    text: str | Promise


JOIN = NextStep(
    _("To do: join the union"),
    _("Ask your firm, or scan the code on a union poster at your workplace."),
)
WAIT_APPROVAL = NextStep(
    _("Nothing to do now"), _("Your application waits for the union's decision. We text you.")
)
CONFIRM = NextStep(
    _("To do: confirm that you wish to join"),
    _("Open the link in the message we sent you. Subsidies are paid after that."),
)
COLLECT_CARD = NextStep(
    _("To do: collect and activate your member card"),
    _("Activate it at the bank's counter or with the phone you left at the bank."),
)
CARD_UNDER_WAY = NextStep(
    _("Nothing to do now"), _("The bank is making your member card. Your union hands it out.")
)
CARD_REFUSED = NextStep(
    _("To do: ask your union about the card"),
    _("The bank could not open the card. Bring your ID card to your union."),
)
FIX_ACCOUNT = NextStep(
    _("To do: check your bank card"),
    _("A payment did not arrive. Go to the bank with your ID card, then tell your union."),
)
DONE = NextStep(_("Nothing to do now"), _("Everything is settled."))


def choose(
    member: MemberStatus, card: MemberCard | None, benefits: Sequence[BenefitLine]
) -> NextStep:
    """Return the next step of a person who may see everything."""
    if member.membership is None:
        return WAIT_APPROVAL if member.application else JOIN
    if member.membership.confirmation == "none":
        return CONFIRM
    if any(line.kind == "bad" for line in benefits):
        return FIX_ACCOUNT
    return _card_step(card)


def _card_step(card: MemberCard | None) -> NextStep:
    state = card.state if card else ""
    by_state = {
        "rejected": CARD_REFUSED,
        "issued": COLLECT_CARD,
        "handed_out": COLLECT_CARD,
        "activated": DONE,
    }
    return by_state.get(state, CARD_UNDER_WAY)
