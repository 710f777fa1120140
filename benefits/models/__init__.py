from benefits.models.bankfiles import BankFile
from benefits.models.books import BooksCheck
from benefits.models.budgets import Budget, BudgetChange
from benefits.models.cards import CardEvent, CardRequestLine, MemberCard, PayeeAccount
from benefits.models.cash import CashReceipt, CashReceiptLine
from benefits.models.evidence import LineEvidence, LineSettlement
from benefits.models.goods import (
    GoodsItem,
    HandOut,
    PointsBalance,
    PointsMove,
    PointsMovement,
    Stock,
    StockMove,
    StockMovement,
)
from benefits.models.ledger import Account, Posting, Pot, TransferKind
from benefits.models.matching import DayRecord, Difference, RecordLine
from benefits.models.notices import Objection
from benefits.models.orders import ChannelNotice, ChannelPace, PayoutOrder, RefusedNotice
from benefits.models.payouts import PayoutBatch, PayoutLine
from benefits.models.programmes import Cycle, Entitlement, Programme
from benefits.models.sending import SendingLock
from benefits.models.versions import ProgrammeVersion, Timing

__all__ = [
    "Account",
    "BankFile",
    "BooksCheck",
    "Budget",
    "BudgetChange",
    "CardEvent",
    "CardRequestLine",
    "CashReceipt",
    "CashReceiptLine",
    "ChannelNotice",
    "ChannelPace",
    "Cycle",
    "DayRecord",
    "Difference",
    "Entitlement",
    "GoodsItem",
    "HandOut",
    "LineEvidence",
    "LineSettlement",
    "MemberCard",
    "Objection",
    "PayeeAccount",
    "PayoutBatch",
    "PayoutLine",
    "PayoutOrder",
    "PointsBalance",
    "PointsMove",
    "PointsMovement",
    "Posting",
    "Pot",
    "Programme",
    "ProgrammeVersion",
    "RefusedNotice",
    "Stock",
    "StockMove",
    "StockMovement",
    "Timing",
    "RecordLine",
    "SendingLock",
    "TransferKind",
]
