"""Choose a union unit by typing a part of its name: quick with 14,000 units, usable without JS.

With JavaScript the names appear while one types (static/js, data-union-picker). Without it, the
typed text is sent; one fit is taken, several come back as a short list to choose from.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from members.fields import LookupChoiceField
from members.models import UnionUnit
from unionportal.core.models import User
from unionportal.core.roles import Permission

MOST_SHOWN = 20
TYPED = "?"  # before text that was typed and not chosen


Purpose = Callable[[User], QuerySet[UnionUnit]]
_purposes: dict[str, Purpose] = {}


def offer_for(purpose: str, units: Purpose) -> None:
    """Let an upper app say which units its forms choose from."""
    _purposes[purpose] = units


def units_for(user: User, purpose: str) -> QuerySet[UnionUnit]:
    """Return the units somebody may choose: to enrol into, to move members to, to look at, or for
    what an upper app declared.
    """
    if purpose in _purposes:
        return _purposes[purpose](user)
    if purpose == "look":
        seen: QuerySet[UnionUnit] = UnionUnit.objects.visible_to(user)
        return seen
    right = Permission.ENROL if purpose == "enrol" else Permission.APPROVE_APPLICATION
    taking: QuerySet[UnionUnit] = (
        UnionUnit.objects.visible_to(user, right).taking_members().filter(is_external=False)
    )
    return taking


def find_units(rows: QuerySet[UnionUnit], text: str) -> list[UnionUnit]:
    """Return the first units whose name holds `text` or whose credit code it is, in tree order."""
    text = " ".join(text.split())
    if not text:
        return []
    fitting = rows.filter(Q(name__contains=text) | Q(credit_code=text.upper()))
    return list(fitting.select_related("area").order_by("path")[: MOST_SHOWN + 1])


class UnitPicker(forms.Widget):
    """A box to type in, the chosen unit's id beside it, and a short list when several fit."""

    template_name = "members/_unit_picker.html"
    purpose: ClassVar[str] = "enrol"

    def __init__(self, attrs: dict[str, Any] | None = None, purpose: str = "enrol") -> None:
        super().__init__(attrs)
        self.purpose = purpose  # type: ignore[misc]
        self.rows: QuerySet[UnionUnit] = UnionUnit.objects.none()
        self.matches: list[UnionUnit] = []
        self.choices: Any = ()

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        """Return the id picked, or `?` and the text when the text is not the chosen one's name."""
        picked = data.get(f"{name}_pick") or data.get(name) or ""
        text = " ".join(str(data.get(f"{name}_text", "")).split())
        if data.get(f"{name}_pick") or not text:
            return picked
        chosen = self.rows.filter(pk=picked).first() if _is_id(picked) else None
        return picked if chosen is not None and chosen.name == text else f"{TYPED}{text}"

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        typed, chosen = str(value or ""), None
        if typed.startswith(TYPED):
            typed = typed[1:]
        else:
            chosen = self.rows.filter(pk=typed).first() if _is_id(typed) else None
            typed = chosen.name if chosen else ""
        context["widget"] |= {
            "text": typed,
            "chosen": chosen,
            "matches": self.matches[:MOST_SHOWN],
            "url": f"{reverse('members:unit-pick')}?for={self.purpose}",
        }
        return context

    def id_for_label(self, id_: str) -> str:
        return id_


def _is_id(text: Any) -> bool:
    try:
        forms.UUIDField().clean(str(text))
    except ValidationError:
        return False
    return True


class UnitField(LookupChoiceField):
    """A union unit out of `queryset`, chosen by typing."""

    widget = UnitPicker
    default_error_messages = {
        "unknown": _("No union here has this in its name. Type another part of the name."),
        "several": _("Several unions have this in their name. Choose one of them."),
    }

    def _set_queryset(self, queryset: Any) -> None:
        super()._set_queryset(queryset)  # type: ignore[misc]
        self.widget.rows = self.queryset

    queryset = property(LookupChoiceField._get_queryset, _set_queryset)  # type: ignore[attr-defined]

    def to_python(self, value: Any) -> Any:
        if not str(value or "").startswith(TYPED):
            return super().to_python(value)
        text = str(value)[1:]
        found = find_units(self.queryset, text)
        exact = [unit for unit in found if unit.name == text]
        if len(found) == 1 or exact:
            return (exact or found)[0]
        self.widget.matches = found
        code = "several" if found else "unknown"
        raise ValidationError(self.error_messages[code], code=code)
