from members.models.applications import Application, ApprovalDecision
from members.models.belonging import Affiliation, GroupMembership, MemberCertificate
from members.models.bodies import Committee, CommitteeSeat, TermExtension
from members.models.bulk import BulkChange, BulkRow
from members.models.codes import Education, Ethnicity, PoliticalAffiliation
from members.models.consents import Consent, ConsentNotice
from members.models.contracts import CollectiveContract, ContractEmployer
from members.models.duplicates import DuplicatePair, PersonMerge
from members.models.employers import (
    AreaSuccession,
    EmployerHeadcount,
    EmployerLink,
    EmployerPastArea,
    Industry,
)
from members.models.feeds import UnitFeed
from members.models.files import ApplicationFile, RevokedCertificate
from members.models.imports import HeaderAlias, ImportBatch, ImportRow
from members.models.movements import MonthlyFlow, Movement
from members.models.organisation import (
    Area,
    Employer,
    EmployerCoverage,
    UnionUnit,
    UnitPlacement,
    WorkerGroup,
)
from members.models.people import Membership, Person
from members.models.requests import DataRequest
from members.models.search import MemberKey, SortedKey
from members.models.standing import MemberVehicle, StatusChange
from members.models.transfers import Transfer
from members.models.unit_changes import IndustrialPlacement, UnitChange
from members.models.unit_papers import (
    CertificateFiling,
    LegalPersonCertificate,
    UnitPlaque,
    UnitReply,
)

__all__ = [
    "BulkChange",
    "BulkRow",
    "Industry",
    "EmployerPastArea",
    "EmployerLink",
    "EmployerHeadcount",
    "AreaSuccession",
    "Affiliation",
    "Application",
    "ApplicationFile",
    "ApprovalDecision",
    "Area",
    "CertificateFiling",
    "CollectiveContract",
    "Committee",
    "CommitteeSeat",
    "ContractEmployer",
    "Consent",
    "ConsentNotice",
    "DataRequest",
    "Education",
    "DuplicatePair",
    "Employer",
    "EmployerCoverage",
    "Ethnicity",
    "GroupMembership",
    "HeaderAlias",
    "ImportBatch",
    "ImportRow",
    "IndustrialPlacement",
    "LegalPersonCertificate",
    "MemberCertificate",
    "MemberVehicle",
    "MemberKey",
    "Membership",
    "MonthlyFlow",
    "Movement",
    "Person",
    "PoliticalAffiliation",
    "RevokedCertificate",
    "PersonMerge",
    "SortedKey",
    "StatusChange",
    "Transfer",
    "TermExtension",
    "UnionUnit",
    "UnitChange",
    "UnitFeed",
    "UnitPlacement",
    "UnitPlaque",
    "UnitReply",
    "WorkerGroup",
]
