"""Choose one unit among thousands by typing its name: exact, or one of those that are near."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from members.models import UnionUnit

# More near names than this are not offered: type more of the name.
MOST = 20


class PicksUnit(forms.Form):
    """Base of forms with typed unit names.

    `pick("into", rows)` turns what was typed into a unit, or adds the error and, when several
    names are near, a field `into_pick` to choose from. Works without JavaScript.
    """

    def pick(self, name: str, rows: QuerySet[UnionUnit]) -> UnionUnit | None:
        """Return the unit typed in the field `name`; nothing typed is None."""
        text = (self.cleaned_data.get(name) or "").strip()
        if not text:
            return None
        chosen = self._chosen(name, rows)
        if chosen is not None and text in chosen.name:
            return self._settle(name, chosen)
        exact = list(rows.filter(name=text)[:2])
        near = exact if len(exact) == 1 else list(rows.filter(name__contains=text)[: MOST + 1])
        if len(near) == 1:
            return self._settle(name, near[0])
        self._tell(name, near)
        return None

    def _chosen(self, name: str, rows: QuerySet[UnionUnit]) -> UnionUnit | None:
        try:
            return rows.filter(pk=UUID(self.data.get(f"{name}_pick", ""))).first()
        except ValueError:
            return None

    def _settle(self, name: str, unit: UnionUnit) -> UnionUnit:
        self.fields[f"{name}_pick"] = forms.CharField(
            widget=forms.HiddenInput, required=False, initial=str(unit.pk)
        )
        self.data = self.data.copy()  # type: ignore[union-attr]
        self.data[name], self.data[f"{name}_pick"] = unit.name, str(unit.pk)  # type: ignore[index]
        return unit

    def _tell(self, name: str, near: list[UnionUnit]) -> None:
        if not near:
            self.add_error(name, _("No unit you may choose here has these words in its name."))
        elif len(near) > MOST:
            self.add_error(name, _("Many units have these words in their name. Type more of it."))
        else:
            self._offer(name, near)
            self.add_error(name, _("Several units have these words in their name. Choose one."))

    def _offer(self, name: str, near: list[UnionUnit]) -> None:
        above = {unit.path[: -unit.steplen] for unit in near}
        parents = dict(UnionUnit.objects.filter(path__in=above).values_list("path", "name"))
        choices = [
            (str(unit.pk), f"{unit.name} · {parents.get(unit.path[: -unit.steplen], '')}")
            for unit in near
        ]
        field: Any = forms.ChoiceField(
            label=_("Which unit"), choices=choices,
            widget=forms.RadioSelect(attrs={"class": "up-list"}),
        )  # fmt: skip
        fields = list(self.fields.items())
        place = [key for key, _field in fields].index(name) + 1
        fields.insert(place, (f"{name}_pick", field))
        self.fields = dict(fields)
