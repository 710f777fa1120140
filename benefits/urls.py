from django.urls import include, path

app_name = "benefits"
urlpatterns = [
    path("", include("benefits.card_urls")),
    path("", include("benefits.payout_urls")),
    path("", include("benefits.goods_urls")),
]
