"""Addresses of goods and points, below /desk/."""

from django.urls import path

from benefits.views import goods

urlpatterns = [
    path("entitlements/<uuid:pk>/hand-out/", goods.entitlement_hand_out, name="hand-out"),
    path("goods/", goods.goods_list, name="goods-list"),
    path("goods/new/", goods.goods_new, name="goods-new"),
    path("goods/receive/", goods.goods_receive, name="goods-receive"),
    path("hand-outs/", goods.hand_out_list, name="hand-out-list"),
    path("hand-outs/<uuid:pk>/", goods.hand_out_detail, name="hand-out-detail"),
    path("hand-outs/<uuid:pk>/undo/", goods.hand_out_undo, name="hand-out-undo"),
    path("members/<uuid:pk>/redeem/", goods.member_redeem, name="member-redeem"),
]
