from benefits.models.bankfiles import BankFile
from benefits.models.cards import CardEvent, CardRequestLine, MemberCard, PayeeAccount
from benefits.models.ledger import Account, Posting, Pot, TransferKind
from benefits.models.matching import DayRecord, Difference, RecordLine
from benefits.models.payouts import LineEvidence, LineSettlement, PayoutBatch, PayoutLine
from benefits.models.programmes import Budget, Cycle, Entitlement, Programme
from benefits.models.versions import ProgrammeVersion, Timing

__all__ = [
    "Account",
    "BankFile",
    "Budget",
    "CardEvent",
    "CardRequestLine",
    "Cycle",
    "DayRecord",
    "Difference",
    "Entitlement",
    "LineEvidence",
    "LineSettlement",
    "MemberCard",
    "PayeeAccount",
    "PayoutBatch",
    "PayoutLine",
    "Posting",
    "Pot",
    "Programme",
    "ProgrammeVersion",
    "Timing",
    "RecordLine",
    "TransferKind",
]
