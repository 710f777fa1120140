"""Who may do what where: every route of the portal, written out by hand.

One row a route: method → who (PUBLIC, STAFF or role codes), and whose objects the route shows.
The table repeats on purpose what the code says; `test_matrix.py` holds the two together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

PUBLIC = "public"  # anybody
STAFF = "staff"  # whoever is signed in, even without a role

FIELD, SUBDISTRICT, DISTRICT = "field_officer", "subdistrict_officer", "district_officer"
MAKER, CHECKER, AUDITOR = "finance_maker", "finance_checker", "auditor"
SYSTEM, SECURITY = "system_administrator", "security_administrator"
ROLES = (FIELD, SUBDISTRICT, DISTRICT, MAKER, CHECKER, AUDITOR, SYSTEM, SECURITY)

Who = str | frozenset[str]

EVERYONE = frozenset(ROLES)
OFFICERS = frozenset({FIELD, SUBDISTRICT, DISTRICT})
DECIDERS = frozenset({SUBDISTRICT, DISTRICT})
CHIEFS = frozenset({DISTRICT})
LOOKERS = frozenset({FIELD, SUBDISTRICT, DISTRICT, AUDITOR})
ORGANISATION = frozenset({FIELD, SUBDISTRICT, DISTRICT, MAKER, CHECKER, AUDITOR})
CARDS = frozenset({SUBDISTRICT, DISTRICT, MAKER, CHECKER, AUDITOR})
MONEY = frozenset({DISTRICT, MAKER, CHECKER, AUDITOR})
MAKERS, CHECKERS = frozenset({MAKER}), frozenset({CHECKER})
FINANCE, LOOK_AT_MONEY = frozenset({MAKER, CHECKER}), frozenset({DISTRICT, AUDITOR})
AUDITORS = frozenset({AUDITOR})
SYSTEMS, SECURITIES = frozenset({SYSTEM}), frozenset({SECURITY})

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")

# Whose object it is, when the address names one.
NONE = "none"  # no object, or one that everybody with the right may see
AREA_A = "area_a"  # of sub-district A: its own officers and the district; the neighbour gets 404
DISTRICT_ONLY = "district"  # the district's: narrower grants get 404
OWN = "own"  # the owner's alone


@dataclass(frozen=True)
class Row:
    """One route: method → who may, and what the cast puts into its address."""

    who: Mapping[str, Who]
    scope: str = NONE
    thing: str = ""
    # Roles that see everybody's, where the scope is OWN.
    sees_all: frozenset[str] = frozenset()
    # Roles that hold the right and still get 403 for a thing that is not their own.
    refused: frozenset[str] = frozenset()
    # Roles that hold the right at the door and are refused before anything is looked up.
    shut_out: frozenset[str] = frozenset()
    # A library's view: which methods it answers is its own affair.
    is_library: bool = False


def look(who: Who, scope: str = NONE, thing: str = "", **more: Any) -> Row:
    """A page or an API read."""
    return Row({"GET": who, "HEAD": who}, scope, thing, **more)


def send(who: Who, scope: str = NONE, thing: str = "", **more: Any) -> Row:
    """A post and nothing else."""
    return Row({"POST": who}, scope, thing, **more)


def form(who: Who, scope: str = NONE, thing: str = "", **more: Any) -> Row:
    """A page with a form that posts to itself."""
    return Row({"GET": who, "HEAD": who, "POST": who}, scope, thing, **more)


def library(who: str) -> Row:
    """A view of a library."""
    return Row(dict.fromkeys(METHODS, who), is_library=True)


PLUMBING = {
    "health-live": look(PUBLIC),
    "health-ready": look(PUBLIC),
    "set_language": library(PUBLIC),
    "core:preferences": send(PUBLIC),
    "core:demo-phone": look(PUBLIC),
    # Nobody signs in there: WeChat Pay's signature is asked for.
    "pay:wechat-notice": library(PUBLIC),  # 401 to whoever is not WeChat Pay
}

ACCOUNTS = {
    "account_login": library(PUBLIC),
    "account_logout": library(PUBLIC),
    "account_inactive": library(PUBLIC),
    "account_reauthenticate": library(STAFF),
    "account_change_password": library(STAFF),
    "mfa_index": library(STAFF),
    "mfa_authenticate": library(STAFF),
    "mfa_reauthenticate": library(STAFF),
    "mfa_activate_totp": library(STAFF),
    "mfa_deactivate_totp": library(STAFF),
    "mfa_view_recovery_codes": library(STAFF),
    "mfa_generate_recovery_codes": library(STAFF),
    "mfa_download_recovery_codes": library(STAFF),
    "usersessions_list": library(STAFF),
}

DESK = {
    "dashboard:home": look(EVERYONE),
    "core:job-list": look(EVERYONE),
    "core:job-detail": look(EVERYONE, OWN, "job", sees_all=AUDITORS),
    "core:job-download": send(EVERYONE, OWN, "job"),
    # Pictures are looked at by whoever sees the application; papers show full numbers.
    "core:attachment": Row({"GET": LOOKERS, "HEAD": LOOKERS, "POST": DECIDERS}, AREA_A, "picture"),
    "core:export-list": look(DECIDERS),
    "core:export-new": form(DECIDERS, thing="list_of_members"),
    "core:export-detail": look(DECIDERS, AREA_A, "export"),
    "core:export-approve": send(DECIDERS, AREA_A, "export"),
    "core:export-refuse": send(DECIDERS, AREA_A, "export"),
    "core:export-download": send(DECIDERS, OWN, "own_export"),
    "core:filter-save": send(EVERYONE, thing="list_of_members"),
    "core:filter-drop": send(EVERYONE, OWN, "own_filter"),
    "core:columns-save": send(EVERYONE, thing="list_of_members"),
    "core:audit-list": look(AUDITORS),
    "core:reveal-list": look(AUDITORS),
    "core:retention": form(frozenset({SECURITY, DISTRICT})),
    "core:account-list": look(SYSTEMS),
    "core:account-new": form(SYSTEMS),
    "core:account-close": send(SYSTEMS, thing="account"),
    "core:role-list": look(EVERYONE),
    "core:grant-list": look(SECURITIES),
    "core:grant-new": form(SECURITIES, thing="account"),
    "core:grant-end": send(SECURITIES, thing="grant"),
    "reports:coverage": look(LOOKERS),
    "reports:coverage-xlsx": look(LOOKERS),
    "reports:figure-list": look(LOOKERS),
}

MEMBERS = {
    "members:unit-tree": look(ORGANISATION),
    "members:unit-detail": look(ORGANISATION, AREA_A, "unit"),
    "members:unit-children": look(ORGANISATION, AREA_A, "unit"),
    "members:unit-establish": send(CHIEFS, AREA_A, "unit"),
    "members:unit-new": form(CHIEFS),
    "members:unit-reminders": look(ORGANISATION),
    "members:unit-edit": form(DECIDERS, AREA_A, "unit"),
    "members:unit-committees": look(ORGANISATION, AREA_A, "unit"),
    "members:committee-new": form(DECIDERS, AREA_A, "unit"),
    "members:unit-papers": look(ORGANISATION, AREA_A, "unit"),
    "members:unit-certificate-new": form(DECIDERS, AREA_A, "unit"),
    "members:unit-contract-new": form(DECIDERS, AREA_A, "unit"),
    "members:contract-filed": form(DECIDERS, AREA_A, "contract"),
    "members:unit-reply-new": form(DECIDERS, AREA_A, "unit"),
    "members:unit-plaque-new": form(DECIDERS, AREA_A, "unit"),
    "members:unit-history": look(ORGANISATION, AREA_A, "unit"),
    "members:unit-industrial": form(CHIEFS, AREA_A, "unit"),
    "members:unit-move": form(CHIEFS, AREA_A, "unit"),
    "members:unit-split": form(CHIEFS, AREA_A, "unit"),
    "members:unit-merge": form(CHIEFS, AREA_A, "unit"),
    "members:unit-close": form(CHIEFS, AREA_A, "unit"),
    "members:committee-extend": form(DECIDERS, AREA_A, "committee"),
    "members:seat-new": form(DECIDERS, AREA_A, "committee"),
    "members:seat-end": form(DECIDERS, AREA_A, "committee_seat"),
    "members:filing-new": form(DECIDERS, AREA_A, "unit_certificate"),
    "members:filing-done": form(DECIDERS, AREA_A, "certificate_filing"),
    "members:plaque-end": form(DECIDERS, AREA_A, "plaque"),
    "members:area-tree": look(ORGANISATION),
    "members:employer-list": look(ORGANISATION),
    "members:employer-new": form(OFFICERS),
    "members:employer-detail": look(ORGANISATION, AREA_A, "employer"),
    "members:employer-edit": form(OFFICERS, AREA_A, "employer"),
    "members:headcount-new": form(OFFICERS, AREA_A, "employer"),
    "members:coverage-new": form(CHIEFS, AREA_A, "employer"),
    "members:coverage-end": form(CHIEFS, AREA_A, "coverage"),
    "members:employer-merge": form(CHIEFS, AREA_A, "employer"),
    "members:link-new": form(OFFICERS, AREA_A, "employer"),
    "members:link-end": form(OFFICERS, AREA_A, "employer_link"),
    "members:area-detail": look(ORGANISATION, AREA_A, "area"),
    "members:area-new": form(CHIEFS, AREA_A, "area"),
    "members:area-end": form(CHIEFS, AREA_A, "area"),
    "members:member-list": look(LOOKERS),
    "members:member-find": send(LOOKERS),
    "members:unit-pick": look(ORGANISATION),
    "members:member-detail": look(LOOKERS, AREA_A, "member"),
    "members:member-reveal": send(DECIDERS, AREA_A, "member"),
    "members:member-edit": form(OFFICERS, AREA_A, "member"),
    "members:member-correct": form(DECIDERS, AREA_A, "member_subject"),
    "members:member-change": form(DECIDERS, AREA_A, "member_step"),
    "members:member-group": form(DECIDERS, AREA_A, "member"),
    "members:member-again": form(OFFICERS, AREA_A, "former_member"),
    "members:vehicle-add": form(OFFICERS, AREA_A, "member"),
    "members:vehicle-end": send(OFFICERS, AREA_A, "vehicle"),
    "members:member-consents": look(DECIDERS, AREA_A, "member"),
    "members:consent-give": form(DECIDERS, AREA_A, "member_purpose"),
    "members:consent-withdraw": form(DECIDERS, AREA_A, "member_purpose"),
    "members:holding-pool": Row({"GET": LOOKERS, "HEAD": LOOKERS, "POST": DECIDERS}),
    "members:request-list": look(DECIDERS),
    "members:request-detail": look(DECIDERS, AREA_A, "data_request"),
    "members:request-answer": form(DECIDERS, AREA_A, "data_request_step"),
    "members:certificate": look(LOOKERS, AREA_A, "member"),
    "members:certificate-reissue": send(DECIDERS, AREA_A, "member"),
    "members:certificate-revoke": send(DECIDERS, AREA_A, "member"),
    "members:certificate-sheet": form(LOOKERS),
    "members:enrol": form(OFFICERS),
    "members:application-list": look(LOOKERS),
    "members:application-queues": look(LOOKERS),
    "members:application-approve": send(DECIDERS),
    "members:application-detail": look(LOOKERS, AREA_A, "application"),
    "members:application-return": send(DECIDERS, AREA_A, "application"),
    "members:application-reject": send(DECIDERS, AREA_A, "application"),
    "members:application-resubmit": send(OFFICERS, AREA_A, "application"),
    "members:application-withdraw": send(OFFICERS, AREA_A, "application"),
    "members:application-file-add": send(OFFICERS, AREA_A, "application"),
    "members:application-file-drop": send(OFFICERS, AREA_A, "application_file"),
    "members:unit-move-members": form(DECIDERS, AREA_A, "unit"),
    "members:transfer-list": look(LOOKERS),
    "members:transfer-pull": form(OFFICERS),
    "members:transfer-take-in": form(DECIDERS),
    "members:transfer-letter": look(LOOKERS, AREA_A, "letter"),
    "members:transfer-push": form(OFFICERS, AREA_A, "member"),
    "members:transfer-detail": look(LOOKERS, AREA_A, "transfer"),
    "members:transfer-consent": send(OFFICERS, AREA_A, "transfer"),
    "members:transfer-accept": send(DECIDERS, AREA_A, "transfer"),
    "members:transfer-refuse": send(DECIDERS, AREA_A, "transfer"),
    "members:transfer-withdraw": send(OFFICERS, AREA_A, "transfer"),
    "members:transfer-escalate": send(OFFICERS, AREA_A, "transfer"),
    "members:bulk-list": look(DECIDERS),
    "members:bulk-choose": send(DECIDERS),
    "members:bulk-new": send(DECIDERS, thing="kind_of_change"),
    "members:bulk-detail": look(DECIDERS, AREA_A, "bulk_change"),
    "members:bulk-confirm": send(DECIDERS, AREA_A, "bulk_change"),
    "members:bulk-cancel": send(DECIDERS, AREA_A, "bulk_change"),
    "members:bulk-undo": send(DECIDERS, AREA_A, "bulk_change"),
    "members:import-list": look(OFFICERS),
    "members:import-new": form(OFFICERS),
    "members:import-template": look(OFFICERS),
    "members:import-titles": look(OFFICERS),
    "members:title-forget": send(OFFICERS, AREA_A, "title"),
    "members:import-detail": look(OFFICERS, AREA_A, "roster"),
    "members:import-confirm": send(OFFICERS, AREA_A, "roster"),
    "members:import-cancel": send(OFFICERS, AREA_A, "roster"),
    "members:import-columns": send(OFFICERS, AREA_A, "roster"),
    "members:import-undo": send(OFFICERS, AREA_A, "roster"),
    "members:import-register": form(CHIEFS),
    "members:register-template": look(CHIEFS),
    "members:import-rejected": send(OFFICERS, AREA_A, "roster", refused=frozenset({FIELD})),
}

MEMBERS |= {
    "members:duplicate-list": look(LOOKERS),
    "members:duplicate-search": send(DECIDERS),
    "members:duplicate-detail": look(LOOKERS, AREA_A, "pair"),
    "members:duplicate-merge": send(DECIDERS, AREA_A, "pair"),
    "members:duplicate-dismiss": send(DECIDERS, AREA_A, "pair"),
    "members:duplicate-undo": send(DECIDERS, AREA_A, "pair"),
}

OUTREACH = {
    "outreach:drive-list": look(LOOKERS),
    "outreach:drive-new": form(CHIEFS),
    "outreach:drive-detail": look(LOOKERS, AREA_A, "drive"),
    "outreach:drive-open": send(CHIEFS, AREA_A, "drive"),
    "outreach:drive-close": send(CHIEFS, AREA_A, "drive"),
    "outreach:target-edit": form(CHIEFS, AREA_A, "drive"),
    "outreach:patch-add": form(CHIEFS, AREA_A, "drive"),
    "outreach:joincode-add": form(CHIEFS, AREA_A, "drive"),
    "outreach:enrolment-list": look(LOOKERS, AREA_A, "drive"),
    "outreach:known-list": look(LOOKERS, AREA_A, "drive"),
    "outreach:joincode-poster": look(LOOKERS, AREA_A, "joincode"),
    "outreach:joincode-stop": send(CHIEFS, AREA_A, "joincode"),
    "outreach:patch-list": look(LOOKERS),
    "outreach:patch-end": send(CHIEFS, AREA_A, "patch"),
}

STATIONS = {
    "stations:point-list": look(LOOKERS),
    "stations:point-new": form(OFFICERS),
    "stations:point-detail": look(LOOKERS, AREA_A, "point"),
    "stations:point-edit": form(OFFICERS, AREA_A, "point"),
    "stations:point-rate": send(CHIEFS, AREA_A, "point"),
    "stations:holiday-add": send(OFFICERS, AREA_A, "point"),
    "stations:holiday-drop": send(OFFICERS, AREA_A, "holiday"),
    "stations:point-move": send(OFFICERS, AREA_A, "point_step"),
}

BENEFITS = {
    "benefits:payee-list": look(CARDS),
    "benefits:payee-detail": look(CARDS, AREA_A, "payee_account"),
    "benefits:payee-confirm": send(CHIEFS, AREA_A, "payee_account"),
    "benefits:payee-close": send(CHIEFS, AREA_A, "payee_account"),
    "benefits:payee-enter": form(DECIDERS, AREA_A, "member"),
    "benefits:card-list": look(CARDS),
    "benefits:card-detail": look(CARDS, AREA_A, "card"),
    "benefits:card-move": send(CHIEFS, AREA_A, "card_step"),
    "benefits:cardfile-list": look(CARDS),
    "benefits:cardfile-request": send(CHIEFS),
    "benefits:cardfile-upload": send(CHIEFS),
    "benefits:cardfile-detail": look(CARDS, DISTRICT_ONLY, "cardfile"),
    "benefits:cardfile-download": send(CHIEFS, DISTRICT_ONLY, "cardfile"),
    "benefits:cardfile-handover": send(CHIEFS, DISTRICT_ONLY, "cardfile"),
    "benefits:cardfile-again": send(CHIEFS, DISTRICT_ONLY, "cardfile"),
    "benefits:cardfile-ignore": send(CHIEFS, DISTRICT_ONLY, "cardfile"),
    "benefits:money": look(MONEY),
    "benefits:programme-list": look(MONEY),
    "benefits:programme-new": form(CHIEFS),
    "benefits:programme-detail": look(MONEY, DISTRICT_ONLY, "programme"),
    "benefits:programme-open": send(CHIEFS, DISTRICT_ONLY, "programme"),
    "benefits:programme-close": send(CHIEFS, DISTRICT_ONLY, "programme"),
    "benefits:programme-budget": send(CHIEFS, DISTRICT_ONLY, "programme"),
    "benefits:programme-terms": form(CHIEFS, DISTRICT_ONLY, "programme"),
    "benefits:cycle-add": send(CHIEFS, DISTRICT_ONLY, "programme"),
    "benefits:cycle-close": send(CHIEFS, DISTRICT_ONLY, "cycle"),
    "benefits:goods-list": look(DECIDERS),
    "benefits:goods-new": form(CHIEFS),
    "benefits:goods-receive": send(DECIDERS),
    "benefits:hand-out": form(DECIDERS, AREA_A, "goods_right"),
    "benefits:hand-out-list": look(DECIDERS),
    "benefits:hand-out-detail": look(DECIDERS, AREA_A, "hand_out"),
    "benefits:hand-out-undo": send(DECIDERS, AREA_A, "hand_out"),
    "benefits:member-redeem": form(DECIDERS, AREA_A, "member"),
    "benefits:member-why": look(LOOKERS, AREA_A, "member"),
    "benefits:employer-why": look(ORGANISATION, AREA_A, "employer"),
    "benefits:entitlement-list": look(MONEY),
    "benefits:entitlement-void": send(CHIEFS, AREA_A, "entitlement"),
    "benefits:ledger": look(MONEY),
    "benefits:books-check": send(MONEY),
    "benefits:budget-detail": look(MONEY, DISTRICT_ONLY, "budget"),
    "benefits:batch-proof": look(MONEY, DISTRICT_ONLY, "batch"),
    "benefits:account-detail": look(MONEY, DISTRICT_ONLY, "book_account"),
    "benefits:account-export": send(MONEY, DISTRICT_ONLY, "book_account"),
    "benefits:budget-confirm": send(CHECKERS, DISTRICT_ONLY, "budget_change"),
    "benefits:budget-decline": send(CHECKERS, DISTRICT_ONLY, "budget_change"),
    "benefits:match-list": Row(
        {"GET": MONEY, "HEAD": MONEY, "POST": FINANCE}, shut_out=LOOK_AT_MONEY
    ),
    "benefits:sending-ask": send(FINANCE, DISTRICT_ONLY, "sending_lock", shut_out=LOOK_AT_MONEY),
    # The cast's maker asked for it: a second person agrees.
    "benefits:sending-lift": send(
        FINANCE, DISTRICT_ONLY, "sending_lock", shut_out=LOOK_AT_MONEY, refused=MAKERS
    ),
    "benefits:match-detail": look(MONEY, DISTRICT_ONLY, "match"),
    "benefits:match-again": send(FINANCE, DISTRICT_ONLY, "match", shut_out=LOOK_AT_MONEY),
    "benefits:difference-detail": Row(
        {"GET": MONEY, "HEAD": MONEY, "POST": FINANCE},
        DISTRICT_ONLY,
        "difference",
        shut_out=LOOK_AT_MONEY,
    ),
    # The cast's maker proposed it: a second person confirms.
    "benefits:difference-confirm": send(
        FINANCE, DISTRICT_ONLY, "difference", shut_out=LOOK_AT_MONEY, refused=MAKERS
    ),
    "benefits:difference-decline": send(
        FINANCE, DISTRICT_ONLY, "difference", shut_out=LOOK_AT_MONEY
    ),
    "benefits:difference-document": send(
        FINANCE, DISTRICT_ONLY, "difference", shut_out=LOOK_AT_MONEY
    ),
    "benefits:line-detail": look(MONEY, DISTRICT_ONLY, "line"),
    "benefits:objection-detail": Row(
        {"GET": MONEY, "HEAD": MONEY, "POST": CHIEFS}, DISTRICT_ONLY, "objection"
    ),
    "benefits:batch-list": look(MONEY),
    "benefits:batch-new": send(MAKERS),
    "benefits:batch-detail": look(MONEY, DISTRICT_ONLY, "batch"),
    "benefits:batch-submit": send(MAKERS, DISTRICT_ONLY, "batch"),
    "benefits:batch-approve": send(CHECKERS, DISTRICT_ONLY, "batch"),
    "benefits:batch-release": send(CHECKERS, DISTRICT_ONLY, "batch"),
    "benefits:batch-reject": send(CHECKERS, DISTRICT_ONLY, "batch"),
    "benefits:batch-cancel": send(MAKERS, DISTRICT_ONLY, "batch"),
    "benefits:batch-download": send(FINANCE, DISTRICT_ONLY, "batch", shut_out=LOOK_AT_MONEY),
    "benefits:batch-handover": send(FINANCE, DISTRICT_ONLY, "batch", shut_out=LOOK_AT_MONEY),
    "benefits:batch-upload": form(FINANCE, DISTRICT_ONLY, "batch", shut_out=LOOK_AT_MONEY),
    "benefits:pay-list": form(FINANCE, DISTRICT_ONLY, "batch", shut_out=LOOK_AT_MONEY),
    "benefits:receipt-new": form(FINANCE, DISTRICT_ONLY, "batch", shut_out=LOOK_AT_MONEY),
    # The maker recorded it: another person decides.
    "benefits:receipt-confirm": send(
        FINANCE, DISTRICT_ONLY, "cash_receipt", shut_out=LOOK_AT_MONEY, refused=MAKERS
    ),
    "benefits:receipt-decline": send(
        FINANCE, DISTRICT_ONLY, "cash_receipt", shut_out=LOOK_AT_MONEY, refused=MAKERS
    ),
    "benefits:receipt-scan": send(FINANCE, DISTRICT_ONLY, "cash_receipt", shut_out=LOOK_AT_MONEY),
    # The cast's maker brought it: a second person confirms.
    "benefits:brought-confirm": send(
        FINANCE, DISTRICT_ONLY, "brought_file", shut_out=LOOK_AT_MONEY, refused=MAKERS
    ),
    "benefits:brought-decline": send(
        FINANCE, DISTRICT_ONLY, "brought_file", shut_out=LOOK_AT_MONEY
    ),
    "benefits:line-settle": form(FINANCE, DISTRICT_ONLY, "line", shut_out=LOOK_AT_MONEY),
    # The cast's maker proposed it: a second person confirms.
    "benefits:settlement-confirm": send(
        FINANCE, DISTRICT_ONLY, "settlement", shut_out=LOOK_AT_MONEY, refused=MAKERS
    ),
    "benefits:settlement-document": send(
        FINANCE, DISTRICT_ONLY, "settlement", shut_out=LOOK_AT_MONEY
    ),
    "benefits:settlement-decline": send(
        FINANCE, DISTRICT_ONLY, "settlement", shut_out=LOOK_AT_MONEY
    ),
}

API = {
    "api:areas-list": look(ORGANISATION),
    "api:areas-detail": look(ORGANISATION, AREA_A, "area"),
    "api:units-list": look(ORGANISATION),
    "api:units-detail": look(ORGANISATION, AREA_A, "unit"),
    "api:units-health": look(ORGANISATION, AREA_A, "unit"),
    "api:units-placements": look(ORGANISATION, AREA_A, "unit"),
    "api:committees-list": look(ORGANISATION),
    "api:committees-detail": look(ORGANISATION, AREA_A, "committee"),
    "api:collective-contracts-list": look(ORGANISATION),
    "api:collective-contracts-detail": look(ORGANISATION, AREA_A, "contract"),
    "api:legal-certificates-list": look(ORGANISATION),
    "api:legal-certificates-detail": look(ORGANISATION, AREA_A, "unit_certificate"),
    "api:unit-changes-list": look(ORGANISATION),
    "api:unit-changes-detail": look(ORGANISATION, AREA_A, "unit_change"),
    "api:external-members-list": Row({"GET": ORGANISATION, "HEAD": ORGANISATION, "POST": CHIEFS}),
    "api:external-members-people": send(CHIEFS),
    "api:external-members-detail": look(ORGANISATION, DISTRICT_ONLY, "unit_feed"),
    "api:employers-list": look(ORGANISATION),
    "api:employers-detail": look(ORGANISATION, AREA_A, "employer"),
    "api:members-list": look(LOOKERS),
    "api:members-detail": look(LOOKERS, AREA_A, "member"),
    "api:members-retain": send(DECIDERS, AREA_A, "member"),
    "api:members-reactivate": send(DECIDERS, AREA_A, "member"),
    "api:members-resign": send(DECIDERS, AREA_A, "member"),
    "api:members-move-away": send(DECIDERS, AREA_A, "member"),
    "api:members-record-death": send(DECIDERS, AREA_A, "member"),
    "api:members-annul": send(DECIDERS, AREA_A, "member"),
    "api:members-reclassify": send(DECIDERS, AREA_A, "member"),
    "api:applications-list": Row({"GET": LOOKERS, "HEAD": LOOKERS, "POST": OFFICERS}),
    "api:applications-detail": look(LOOKERS, AREA_A, "application"),
    "api:applications-resubmit": send(OFFICERS, AREA_A, "application"),
    "api:transfers-list": Row({"GET": LOOKERS, "HEAD": LOOKERS, "POST": OFFICERS}),
    "api:transfers-detail": look(LOOKERS, AREA_A, "transfer"),
    "api:transfers-accept": send(DECIDERS, AREA_A, "transfer"),
    "api:transfers-refuse": send(DECIDERS, AREA_A, "transfer"),
    "api:transfers-withdraw": send(OFFICERS, AREA_A, "transfer"),
    "api:certificates-list": look(LOOKERS),
    "api:certificates-detail": look(LOOKERS, AREA_A, "member"),
    "api:duplicates-list": look(LOOKERS),
    "api:duplicates-detail": look(LOOKERS, AREA_A, "pair"),
    "api:duplicates-merge": send(DECIDERS, AREA_A, "pair"),
    "api:duplicates-dismiss": send(DECIDERS, AREA_A, "pair"),
    "api:bulk-changes-list": Row({"GET": DECIDERS, "HEAD": DECIDERS, "POST": DECIDERS}),
    "api:bulk-changes-detail": look(DECIDERS, AREA_A, "bulk_change"),
    "api:bulk-changes-confirm": send(DECIDERS, AREA_A, "bulk_change"),
    "api:bulk-changes-cancel": send(DECIDERS, AREA_A, "bulk_change"),
    "api:bulk-changes-undo": send(DECIDERS, AREA_A, "bulk_change"),
    "api:bulk-rows-list": look(DECIDERS),
    "api:saved-filters-list": Row({"GET": EVERYONE, "HEAD": EVERYONE, "POST": EVERYONE}),
    "api:saved-filters-detail": Row(
        {"GET": EVERYONE, "HEAD": EVERYONE, "DELETE": EVERYONE}, OWN, "own_filter"
    ),
    "api:exports-list": Row({"GET": DECIDERS, "HEAD": DECIDERS, "POST": DECIDERS}),
    "api:exports-detail": look(DECIDERS, AREA_A, "export"),
    "api:exports-approve": send(DECIDERS, AREA_A, "export"),
    "api:exports-refuse": send(DECIDERS, AREA_A, "export"),
    "api:exports-download": send(DECIDERS, OWN, "own_export"),
    "api:service-points-list": look(LOOKERS),
    "api:service-points-detail": look(LOOKERS, AREA_A, "point"),
    "api:drives-list": look(LOOKERS),
    "api:drives-detail": look(LOOKERS, AREA_A, "drive"),
    "api:drives-board": look(LOOKERS, AREA_A, "drive"),
    "api:cards-list": look(CARDS),
    "api:cards-detail": look(CARDS, AREA_A, "card"),
    "api:programmes-list": look(MONEY),
    "api:entitlements-list": look(MONEY),
    "api:entitlements-detail": look(MONEY, AREA_A, "entitlement"),
    "api:goods-list": look(DECIDERS),
    "api:goods-detail": look(DECIDERS, AREA_A, "stock"),
    "api:points-list": look(DECIDERS),
    "api:points-detail": look(DECIDERS, AREA_A, "points"),
    "api:programmes-detail": look(MONEY, DISTRICT_ONLY, "programme"),
    "api:batches-list": look(MONEY),
    "api:batches-detail": look(MONEY, DISTRICT_ONLY, "batch"),
    "api:coverage": look(LOOKERS),
    "api:coverage-rates": look(LOOKERS),
    "api:figures": look(EVERYONE),
    "api:schema": look(STAFF),
    "api:docs": look(STAFF),
}

WORKER = {
    "worker:home": look(PUBLIC),
    "worker:help": look(PUBLIC),
    "worker:join-help": look(PUBLIC),
    "worker:status": form(PUBLIC),
    "worker:status-code": form(PUBLIC),
    "worker:status-answer": form(PUBLIC),
    "worker:own-data": look(PUBLIC),
    "worker:status-benefits": look(PUBLIC),
    "worker:own-copy": send(PUBLIC),
    "worker:own-consent": send(PUBLIC),
    "worker:own-request": send(PUBLIC),
    "worker:own-request-back": send(PUBLIC),
    "worker:status-leave": send(PUBLIC),
    "worker:account-stop": form(PUBLIC, thing="account_link"),
    "worker:notice-list": look(PUBLIC),
    "worker:notice-code": form(PUBLIC),
    "worker:notice-detail": look(PUBLIC, thing="notice"),
    "worker:notice-object": form(PUBLIC, thing="notice"),
    "worker:confirm": form(PUBLIC, thing="confirm_link"),
    "worker:complete": form(PUBLIC, thing="complete_link"),
    "worker:transfer": form(PUBLIC, thing="transfer_link"),
    "worker:status-move": form(PUBLIC),
    "worker:status-transfer": send(PUBLIC),
    "worker:verify": look(PUBLIC, thing="certificate_link"),
    "worker:join-start": look(PUBLIC),
    "worker:join": form(PUBLIC, thing="poster"),
    "worker:join-work": form(PUBLIC, thing="poster"),
    "worker:join-vehicle": form(PUBLIC, thing="poster"),
    "worker:join-check": form(PUBLIC, thing="poster"),
    "worker:join-code": form(PUBLIC, thing="poster"),
    "worker:join-resend": send(PUBLIC, thing="poster"),
    "worker:join-papers": form(PUBLIC, thing="poster"),
    "worker:join-done": look(PUBLIC, thing="poster"),
    "worker:station-list": look(PUBLIC),
    "worker:station-detail": look(PUBLIC, thing="published_point"),
}

TABLE: dict[str, Row] = {
    **PLUMBING, **ACCOUNTS, **DESK, **MEMBERS, **OUTREACH, **STATIONS, **BENEFITS, **API, **WORKER,
}  # fmt: skip


@dataclass(frozen=True)
class Route:
    """An address pattern with its full name."""

    name: str
    path: str
    view: Any

    @property
    def is_api(self) -> bool:
        return self.path.startswith("api/")


def routes(
    patterns: Iterable[Any] | None = None, prefix: str = "", spaces: tuple[str, ...] = ()
) -> Iterator[Route]:
    """Walk the URL map (or a planted list of patterns)."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            inner = (*spaces, pattern.namespace) if pattern.namespace else spaces
            yield from routes(pattern.url_patterns, path, inner)
        elif isinstance(pattern, URLPattern):
            yield Route(
                ":".join((*spaces, pattern.name or f"nameless {path}")), path, pattern.callback
            )


def differences(found: Iterable[Route], table: Mapping[str, Row]) -> list[str]:
    """Say which routes have no row and which rows have no route."""
    names = {route.name for route in found}
    missing = [f"no row in the matrix for {name}" for name in sorted(names - set(table))]
    return missing + [f"no route for the row {name}" for name in sorted(set(table) - names)]


def rights_of(route: Route) -> dict[str, str]:
    """Return method → right as the view itself declares it; empty when it declares none."""
    view = route.view
    if hasattr(view, "actions"):  # a REST viewset: action names stand for methods
        declared = view.cls.rights
        return {
            method.upper(): declared.get(action, "nobody")
            for method, action in view.actions.items()
            if method != "head"
        }
    declared = getattr(view, "rights", None) or getattr(getattr(view, "cls", None), "rights", {})
    return {str(method): str(right) for method, right in declared.items()}
