from benefits.models.bankfiles import BankFile
from benefits.models.cards import CardEvent, CardRequestLine, MemberCard, PayeeAccount

__all__ = [
    "BankFile",
    "CardEvent",
    "CardRequestLine",
    "MemberCard",
    "PayeeAccount",
]
