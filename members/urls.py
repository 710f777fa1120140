from django.urls import URLPattern, path

from members import employer_urls as employers
from members.bulk import urls as bulk
from members.certificates import urls as certificates
from members.imports import urls as imports
from members.lists import urls as lists
from members.merging import urls as merging
from members.transfers import urls as transfers
from members.units import tree
from members.units import urls as units
from members.views import (
    applications,
    members,
    papers,
    pool,
    record,
    rights,
    standing,
)

app_name = "members"
urlpatterns: list[URLPattern] = [
    path("units/", tree.unit_tree, name="unit-tree"),
    path("units/<uuid:pk>/", tree.unit_detail, name="unit-detail"),
    path("units/<uuid:pk>/below/", tree.unit_children, name="unit-children"),
    path("units/<uuid:pk>/establish/", tree.unit_establish, name="unit-establish"),
    *units.urlpatterns,
    *employers.urlpatterns,
    *lists.urlpatterns,
    *bulk.urlpatterns,
    path("members/<uuid:pk>/", members.member_detail, name="member-detail"),
    path("members/<uuid:pk>/reveal/", members.member_reveal, name="member-reveal"),
    path("members/<uuid:pk>/record/", record.member_edit, name="member-edit"),
    path("members/<uuid:pk>/correct/<slug:subject>/", record.member_correct, name="member-correct"),
    path("members/<uuid:pk>/step/<slug:verb>/", standing.member_change, name="member-change"),
    path("members/<uuid:pk>/group/", standing.member_group, name="member-group"),
    path("members/<uuid:pk>/again/", standing.member_again, name="member-again"),
    path("members/<uuid:pk>/vehicles/", standing.vehicle_add, name="vehicle-add"),
    path("members/<uuid:pk>/consents/", rights.member_consents, name="member-consents"),
    path(
        "members/<uuid:pk>/consents/<slug:purpose>/give/", rights.consent_give, name="consent-give"
    ),
    path(
        "members/<uuid:pk>/consents/<slug:purpose>/withdraw/",
        rights.consent_withdraw,
        name="consent-withdraw",
    ),
    path("holding-pool/", pool.holding_pool, name="holding-pool"),
    path("data-requests/", rights.request_list, name="request-list"),
    path("data-requests/<uuid:pk>/", rights.request_detail, name="request-detail"),
    path("data-requests/<uuid:pk>/<slug:verb>/", rights.request_answer, name="request-answer"),
    path("vehicles/<uuid:pk>/end/", standing.vehicle_end, name="vehicle-end"),
    path("enrol/", applications.enrol, name="enrol"),
    path("applications/", applications.application_list, name="application-list"),
    path("applications/queues/", applications.application_queues, name="application-queues"),
    path("applications/approve/", applications.application_approve, name="application-approve"),
    path("applications/<uuid:pk>/", applications.application_detail, name="application-detail"),
    path(
        "applications/<uuid:pk>/return/", applications.application_return, name="application-return"
    ),
    path(
        "applications/<uuid:pk>/reject/", applications.application_reject, name="application-reject"
    ),
    path(
        "applications/<uuid:pk>/resubmit/",
        applications.application_resubmit,
        name="application-resubmit",
    ),
    path(
        "applications/<uuid:pk>/withdraw/",
        applications.application_withdraw,
        name="application-withdraw",
    ),
    path("applications/<uuid:pk>/files/", papers.file_add, name="application-file-add"),
    path(
        "applications/<uuid:pk>/files/<uuid:file_pk>/drop/",
        papers.file_drop,
        name="application-file-drop",
    ),
    *certificates.urlpatterns,
    *imports.urlpatterns,
    *transfers.urlpatterns,
    *merging.urlpatterns,
]
