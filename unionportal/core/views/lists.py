"""Saved filters and chosen columns of any list."""

from __future__ import annotations

from typing import cast
from urllib.parse import urlsplit
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from unionportal.core import saved
from unionportal.core.errors import Refused
from unionportal.core.models import SavedFilter, User
from unionportal.core.roles import Permission
from unionportal.core.views_base import desk

P = Permission


class SaveForm(forms.Form):
    """The name of a filter, whom it is shared with, the list's address."""

    name = forms.CharField(label=gettext_lazy("Name of the filter"), max_length=40)
    share = forms.ChoiceField(choices=saved.Share, required=False)
    back = forms.CharField(max_length=2_200)

    def clean_back(self) -> str:
        """Take an address of this portal only: a path with a query string."""
        parts = urlsplit(str(self.cleaned_data["back"]))
        if parts.scheme or parts.netloc or not parts.path.startswith("/desk/"):
            raise forms.ValidationError(gettext_lazy("This is no address of a list."))
        return f"{parts.path}?{parts.query}" if parts.query else parts.path


def _refusal(form: forms.Form) -> Refused:
    field, texts = next(iter(form.errors.items()))
    return Refused(str(texts[0]), field=field)


@desk(post=P.USE_DESK)
def filter_save(request: HttpRequest, name: str) -> HttpResponse:
    """Keep the filters in force under a name; the same name is written over."""
    form = SaveForm(request.POST)
    if not form.is_valid():
        raise _refusal(form)
    data, user = form.cleaned_data, cast(User, request.user)
    made = saved.keep(
        by=user,
        list_name=name,
        name=data["name"],
        query=urlsplit(data["back"]).query,
        share=data["share"] or saved.Share.NOBODY,
    )
    messages.success(request, _("The filter “%(name)s” was saved.") % {"name": made.name})
    return redirect(data["back"])


@desk(post=P.USE_DESK)
def filter_drop(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Forget an own filter."""
    one = get_object_or_404(SavedFilter, pk=pk, owner=request.user)
    saved.drop(by=cast(User, request.user), one=one)
    messages.success(request, _("The filter “%(name)s” was removed.") % {"name": one.name})
    back = urlsplit(request.POST.get("back", ""))
    return redirect(back.path if back.path.startswith("/desk/") else "/desk/")


@desk(post=P.USE_DESK)
def columns_save(request: HttpRequest, name: str) -> HttpResponse:
    """Remember the chosen columns and show the list with them."""
    parts = urlsplit(request.POST.get("back", ""))
    if parts.scheme or parts.netloc or not parts.path.startswith("/desk/"):
        raise Refused(_("This is no address of a list."), field="back")
    columns = request.POST.getlist("columns")[: saved.MOST_COLUMNS]
    saved.choose_columns(by=cast(User, request.user), list_name=name, columns=columns)
    query = QueryDict(parts.query, mutable=True)
    query["columns"] = ",".join(columns)
    return redirect(f"{parts.path}?{query.urlencode(safe=',')}")
