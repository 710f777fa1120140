"""Addresses of programmes, rights, batches and the books, below /desk/."""

from django.urls import path

from benefits.views import batches, books, brought, matching, programmes, terms

urlpatterns = [
    path("programmes/", programmes.programme_list, name="programme-list"),
    path("programmes/new/", programmes.programme_new, name="programme-new"),
    path("programmes/<uuid:pk>/", programmes.programme_detail, name="programme-detail"),
    path("programmes/<uuid:pk>/open/", programmes.programme_open, name="programme-open"),
    path("programmes/<uuid:pk>/close/", programmes.programme_close, name="programme-close"),
    path("programmes/<uuid:pk>/budget/", programmes.programme_budget, name="programme-budget"),
    path("programmes/<uuid:pk>/terms/", terms.programme_terms, name="programme-terms"),
    path("programmes/<uuid:pk>/cycles/", terms.cycle_add, name="cycle-add"),
    path("cycles/<uuid:pk>/close/", terms.cycle_close, name="cycle-close"),
    path("members/<uuid:pk>/benefits/", terms.member_why, name="member-why"),
    path("employers/<uuid:pk>/benefits/", terms.employer_why, name="employer-why"),
    path("entitlements/", programmes.entitlement_list, name="entitlement-list"),
    path("entitlements/<uuid:pk>/void/", programmes.entitlement_void, name="entitlement-void"),
    path("matches/", matching.match_list, name="match-list"),
    path("matches/sending/<uuid:pk>/ask/", matching.sending_ask, name="sending-ask"),
    path("matches/sending/<uuid:pk>/lift/", matching.sending_lift, name="sending-lift"),
    path("matches/<uuid:pk>/", matching.match_detail, name="match-detail"),
    path("matches/<uuid:pk>/again/", matching.match_again, name="match-again"),
    path("matches/differences/<uuid:pk>/", matching.difference_detail, name="difference-detail"),
    path(
        "matches/differences/<uuid:pk>/confirm/",
        matching.difference_confirm,
        name="difference-confirm",
    ),
    path(
        "matches/differences/<uuid:pk>/decline/",
        matching.difference_decline,
        name="difference-decline",
    ),
    path(
        "matches/differences/<uuid:pk>/document/",
        matching.difference_document,
        name="difference-document",
    ),
    path("ledger/", programmes.ledger_page, name="ledger"),
    path("batches/", batches.batch_list, name="batch-list"),
    path("batches/new/", batches.batch_new, name="batch-new"),
    path("batches/<uuid:pk>/", batches.batch_detail, name="batch-detail"),
    path("batches/<uuid:pk>/submit/", batches.batch_submit, name="batch-submit"),
    path("batches/<uuid:pk>/approve/", batches.batch_approve, name="batch-approve"),
    path("batches/<uuid:pk>/release/", batches.batch_release, name="batch-release"),
    path("batches/<uuid:pk>/reject/", batches.batch_reject, name="batch-reject"),
    path("batches/<uuid:pk>/cancel/", batches.batch_cancel, name="batch-cancel"),
    path("batches/<uuid:pk>/download/", batches.batch_download, name="batch-download"),
    path("batches/<uuid:pk>/handover/", batches.batch_handover, name="batch-handover"),
    path("batches/<uuid:pk>/upload/", batches.batch_upload, name="batch-upload"),
    path("batches/files/<uuid:pk>/confirm/", brought.brought_confirm, name="brought-confirm"),
    path("batches/files/<uuid:pk>/decline/", brought.brought_decline, name="brought-decline"),
    path("batches/lines/<uuid:pk>/", books.line_detail, name="line-detail"),
    path("batches/lines/<uuid:pk>/settle/", batches.line_settle, name="line-settle"),
    path(
        "batches/settlements/<uuid:pk>/confirm/",
        batches.settlement_confirm,
        name="settlement-confirm",
    ),
    path(
        "batches/settlements/<uuid:pk>/decline/",
        batches.settlement_decline,
        name="settlement-decline",
    ),
    path(
        "batches/settlements/<uuid:pk>/document/",
        batches.settlement_document,
        name="settlement-document",
    ),
]
