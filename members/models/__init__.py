from members.models.applications import Application, ApprovalDecision
from members.models.imports import RosterImport, RosterRow
from members.models.organisation import (
    Area,
    Employer,
    EmployerCoverage,
    UnionUnit,
    UnitPlacement,
    WorkerGroup,
)
from members.models.people import (
    Affiliation,
    Consent,
    GroupMembership,
    MemberCertificate,
    Membership,
    MonthlyFlow,
    Movement,
    Person,
)

__all__ = [
    "Affiliation",
    "Application",
    "ApprovalDecision",
    "Area",
    "Consent",
    "Employer",
    "EmployerCoverage",
    "GroupMembership",
    "MemberCertificate",
    "Membership",
    "MonthlyFlow",
    "Movement",
    "Person",
    "RosterImport",
    "RosterRow",
    "UnionUnit",
    "UnitPlacement",
    "WorkerGroup",
]
