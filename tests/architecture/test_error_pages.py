"""An uncaught refusal becomes a page that says why, with its own status."""

from __future__ import annotations

import pytest
from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path

from unionportal.core.errors import KeyReused, NotAllowed, Refused, Stale, TooMany
from unionportal.urls import urlpatterns as portal

ERRORS = {
    "refused": (Refused("This firm has no union."), 400),
    "notallowed": (NotAllowed("This unit is not yours."), 403),
    "stale": (Stale("It is now approved."), 409),
    "reused": (KeyReused("Used before."), 422),
    "toomany": (TooMany("Wait 5 minutes."), 429),
    "bad": (BadRequest("The month is missing."), 400),
}


def raising(request: HttpRequest, name: str) -> HttpResponse:
    raise ERRORS[name][0]


def suspicious(request: HttpRequest) -> HttpResponse:
    raise SuspiciousOperation("internal words")


urlpatterns = [
    path("planted/suspicious/", suspicious),
    path("planted/<str:name>/", raising),
    *portal,
]
handler400 = "unionportal.core.views.errors.bad_request"


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(ERRORS))
@override_settings(ROOT_URLCONF=__name__)
def test_a_refusal_is_told_with_its_status(name):
    error, status = ERRORS[name]
    answer = Client(headers={"accept-language": "en"}).post(f"/planted/{name}/")
    assert answer.status_code == status
    assert str(getattr(error, "message", error)) in answer.content.decode()


@pytest.mark.django_db
@override_settings(ROOT_URLCONF=__name__)
def test_words_of_the_machine_stay_inside():
    answer = Client().get("/planted/suspicious/")
    assert answer.status_code == 400
    assert "internal words" not in answer.content.decode()
