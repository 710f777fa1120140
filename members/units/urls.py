"""Addresses of the unit pages, below /desk/."""

from django.urls import path

from members.units import changes, pages, records

urlpatterns = [
    path("units/new/", records.unit_new, name="unit-new"),
    path("units/reminders/", pages.unit_reminders, name="unit-reminders"),
    path("units/<uuid:pk>/edit/", records.unit_edit, name="unit-edit"),
    path("units/<uuid:pk>/committees/", pages.unit_committees, name="unit-committees"),
    path("units/<uuid:pk>/committees/new/", records.committee_new, name="committee-new"),
    path("units/<uuid:pk>/papers/", pages.unit_papers, name="unit-papers"),
    path("units/<uuid:pk>/certificates/new/", records.certificate_new, name="unit-certificate-new"),
    path("units/<uuid:pk>/contracts/new/", records.contract_new, name="unit-contract-new"),
    path("contracts/<uuid:pk>/filed/", records.contract_filed, name="contract-filed"),
    path("units/<uuid:pk>/replies/new/", records.reply_new, name="unit-reply-new"),
    path("units/<uuid:pk>/plaques/new/", records.plaque_new, name="unit-plaque-new"),
    path("units/<uuid:pk>/history/", pages.unit_history, name="unit-history"),
    path("units/<uuid:pk>/industrial/", records.unit_industrial, name="unit-industrial"),
    path("units/<uuid:pk>/move/", changes.unit_move, name="unit-move"),
    path("units/<uuid:pk>/split/", changes.unit_split, name="unit-split"),
    path("units/<uuid:pk>/merge/", changes.unit_merge, name="unit-merge"),
    path("units/<uuid:pk>/close/", changes.unit_close, name="unit-close"),
    path("committees/<uuid:pk>/extend/", records.committee_extend, name="committee-extend"),
    path("committees/<uuid:pk>/seats/new/", records.seat_new, name="seat-new"),
    path("seats/<uuid:pk>/end/", records.seat_end, name="seat-end"),
    path("unit-certificates/<uuid:pk>/filings/new/", records.filing_new, name="filing-new"),
    path("filings/<uuid:pk>/done/", records.filing_done, name="filing-done"),
    path("plaques/<uuid:pk>/end/", records.plaque_end, name="plaque-end"),
]
