"""Numbers and names that identify people and organisations (rules: GB standards per module)."""

from unionportal.core.identifiers.bank_card import BankCard
from unionportal.core.identifiers.bank_card import parse as parse_bank_card
from unionportal.core.identifiers.citizen_id import CitizenId, IdKind, Sex
from unionportal.core.identifiers.citizen_id import parse as parse_citizen_id
from unionportal.core.identifiers.cleaning import IdentifierError, Note
from unionportal.core.identifiers.credit_code import CreditCode
from unionportal.core.identifiers.credit_code import parse as parse_credit_code
from unionportal.core.identifiers.names import PersonName, compare_key, gbk_encodable
from unionportal.core.identifiers.names import parse as parse_name
from unionportal.core.identifiers.phone import Phone
from unionportal.core.identifiers.phone import parse as parse_phone
from unionportal.core.identifiers.plate import Plate
from unionportal.core.identifiers.plate import parse as parse_plate

__all__ = [
    "BankCard",
    "CitizenId",
    "CreditCode",
    "IdKind",
    "IdentifierError",
    "Note",
    "PersonName",
    "Phone",
    "Plate",
    "Sex",
    "compare_key",
    "gbk_encodable",
    "parse_bank_card",
    "parse_citizen_id",
    "parse_credit_code",
    "parse_name",
    "parse_phone",
    "parse_plate",
]
