"""Addresses of the transfers, below /desk/."""

from django.urls import path

from members.transfers import bulk_views, outside_views, views

urlpatterns = [
    path("transfers/", views.transfer_list, name="transfer-list"),
    path("transfers/new/", views.transfer_pull, name="transfer-pull"),
    path("transfers/from-outside/", outside_views.transfer_take_in, name="transfer-take-in"),
    path("transfers/<uuid:pk>/letter/", outside_views.transfer_letter, name="transfer-letter"),
    path("transfers/<uuid:pk>/", views.transfer_detail, name="transfer-detail"),
    path("transfers/<uuid:pk>/consent/", views.transfer_consent, name="transfer-consent"),
    path("transfers/<uuid:pk>/accept/", views.transfer_accept, name="transfer-accept"),
    path("transfers/<uuid:pk>/refuse/", views.transfer_refuse, name="transfer-refuse"),
    path("transfers/<uuid:pk>/withdraw/", views.transfer_withdraw, name="transfer-withdraw"),
    path("transfers/<uuid:pk>/escalate/", views.transfer_escalate, name="transfer-escalate"),
    path("members/<uuid:pk>/transfer/", views.transfer_push, name="transfer-push"),
    path("units/<uuid:pk>/move-members/", bulk_views.move_many, name="unit-move-members"),
]
