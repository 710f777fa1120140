"""Forms of goods: a new item, goods that came in, goods handed out, points exchanged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from benefits.models import GoodsItem, Stock
from benefits.payout_forms import YuanField
from members.forms import set_choices
from members.models import UnionUnit
from members.papers_forms import signature_field
from unionportal.core.roles import Permission

if TYPE_CHECKING:
    from unionportal.core.models import User


class StockChoice(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A store's goods, with how many are there."""

    def label_from_instance(self, stock: Stock) -> str:
        parts = [stock.item.name, stock.store.name, stock.place, str(stock.on_hand)]
        return " · ".join(part for part in parts if part)


class ItemForm(forms.Form):
    """Something that can be handed out."""

    code = forms.SlugField(
        label=_("Code of the goods"), max_length=30,
        help_text=_("Letters, digits and hyphens; never changes"),
    )  # fmt: skip
    name_zh = forms.CharField(label=_("Chinese name"), max_length=40)
    name_en = forms.CharField(label=_("English name"), max_length=80)
    value = YuanField(label=_("Value of one (yuan)"))
    points = forms.IntegerField(
        label=_("Price in points"), min_value=1, max_value=1_000_000, required=False,
        help_text=_("Empty: not in the points shop"),
    )  # fmt: skip


class ReceiveForm(forms.Form):
    """Goods that came into a store, or what a count found."""

    item = forms.ModelChoiceField(label=_("Goods"), queryset=GoodsItem.objects.none())
    store = forms.ModelChoiceField(label=_("Store of"), queryset=UnionUnit.objects.none())
    quantity = forms.IntegerField(
        label=_("How many"), min_value=-100_000, max_value=100_000,
        help_text=_("After a count: minus for what is missing"),
    )  # fmt: skip
    is_count = forms.BooleanField(label=_("A count found this"), required=False)
    place = forms.CharField(
        label=_("Where to fetch it"), max_length=120, required=False,
        help_text=_("Shown to whoever fetches it: house, floor, hours"),
    )  # fmt: skip

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        set_choices(self, "item", GoodsItem.objects.order_by("code"))
        stores = UnionUnit.objects.visible_to(user, Permission.HAND_OUT)
        set_choices(self, "store", stores.filter(depth__lte=2).exclude(status="dissolved"))


class HandOutForm(forms.Form):
    """From which store, and the receiver's signature."""

    stock = StockChoice(label=_("From"), queryset=Stock.objects.none(), empty_label=None)
    signature = signature_field()

    def __init__(self, *args: Any, stocks: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        set_choices(self, "stock", stocks)


class RedeemForm(forms.Form):
    """What is taken for points."""

    stock = StockChoice(label=_("Goods"), queryset=Stock.objects.none(), empty_label=None)
    quantity = forms.IntegerField(label=_("How many"), min_value=1, max_value=1000, initial=1)

    def __init__(self, *args: Any, stocks: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        set_choices(self, "stock", stocks)
