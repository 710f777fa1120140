from django.urls import include, path

from unionportal.worker import accounts, benefits, notices, own_data, papers, transfers, views

app_name = "worker"
urlpatterns = [
    path("", views.home, name="home"),
    path("help/", views.help_page, name="help"),
    path("ways-to-join/", views.join_help, name="join-help"),
    path("status/", views.status, name="status"),
    path("status/code/", views.status_code, name="status-code"),
    path("status/mine/", views.status_answer, name="status-answer"),
    path("status/transfer/", transfers.status_transfer, name="status-transfer"),
    path("status/data/", own_data.own_data, name="own-data"),
    path("status/data/copy/", own_data.own_copy, name="own-copy"),
    path("status/data/consent/", own_data.own_consent, name="own-consent"),
    path("status/data/request/", own_data.own_request, name="own-request"),
    path("status/data/request/back/", own_data.own_request_back, name="own-request-back"),
    path("status/benefits/", benefits.status_benefits, name="status-benefits"),
    path("status/move/", transfers.status_move, name="status-move"),
    path("status/leave/", views.status_leave, name="status-leave"),
    path("account/<str:token>/", accounts.account_stop, name="account-stop"),
    path("notices/", notices.notice_list, name="notice-list"),
    path("notices/code/", notices.notice_code, name="notice-code"),
    path("notices/<uuid:pk>/", notices.notice_detail, name="notice-detail"),
    path("notices/<uuid:pk>/objection/", notices.notice_object, name="notice-object"),
    path("confirm/<str:token>/", views.confirm, name="confirm"),
    path("complete/<str:token>/", papers.complete, name="complete"),
    path("transfer/<str:token>/", transfers.transfer_link, name="transfer"),
    path("verify/<str:token>/", views.verify, name="verify"),
    path("", include("unionportal.worker.join_urls")),
    path("", include("unionportal.worker.station_urls")),
]
