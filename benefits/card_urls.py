from django.urls import path

from benefits.views import accounts, cards

urlpatterns = [
    path("payee-accounts/", accounts.account_list, name="payee-list"),
    path("payee-accounts/<uuid:pk>/", accounts.account_detail, name="payee-detail"),
    path("payee-accounts/<uuid:pk>/confirm/", accounts.account_confirm, name="payee-confirm"),
    path("payee-accounts/<uuid:pk>/close/", accounts.account_close, name="payee-close"),
    path("members/<uuid:pk>/account/", accounts.account_enter, name="payee-enter"),
    path("cards/", cards.card_list_page, name="card-list"),
    path("cards/<uuid:pk>/", cards.card_detail, name="card-detail"),
    path("cards/<uuid:pk>/<str:verb>/", cards.card_move, name="card-move"),
    path("card-files/", cards.cardfile_list, name="cardfile-list"),
    path("card-files/request/", cards.cardfile_request, name="cardfile-request"),
    path("card-files/upload/", cards.cardfile_upload, name="cardfile-upload"),
    path("card-files/<uuid:pk>/", cards.cardfile_detail, name="cardfile-detail"),
    path("card-files/<uuid:pk>/download/", cards.cardfile_download, name="cardfile-download"),
    path("card-files/<uuid:pk>/handover/", cards.cardfile_handover, name="cardfile-handover"),
    path("card-files/<uuid:pk>/again/", cards.cardfile_again, name="cardfile-again"),
    path("card-files/<uuid:pk>/ignore/", cards.cardfile_ignore, name="cardfile-ignore"),
]
