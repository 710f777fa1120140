"""GET never writes: a page that tries breaks in tests and in development."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path

from unionportal.core.middleware import GetWrote
from unionportal.core.models import Installation


def planted(request: HttpRequest) -> HttpResponse:
    """Write on any method."""
    Installation.objects.update_or_create(pk=1, defaults={"random_seed": 1})
    return HttpResponse("written")


def planted_sql(request: HttpRequest) -> HttpResponse:
    """Write by hand, with a common table expression before it."""
    with connection.cursor() as cursor:
        cursor.execute("WITH one AS (SELECT 1) DELETE FROM core_installation")
    return HttpResponse("written")


urlpatterns = [path("planted/", planted), path("sql/", planted_sql)]


def test_the_guard_is_on_in_tests_and_off_in_production():
    assert settings.GUARD_GET is True
    text = (settings.BASE_DIR / "unionportal/settings/base.py").read_text(encoding="utf-8")
    assert "GUARD_GET = False" in text


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "head"])
@pytest.mark.parametrize("address", ["/planted/", "/sql/"])
@override_settings(ROOT_URLCONF=__name__)
def test_a_planted_write_on_get_raises(method, address):
    with pytest.raises(GetWrote):
        getattr(Client(), method)(address)


@pytest.mark.django_db
@override_settings(ROOT_URLCONF=__name__)
def test_the_same_write_on_post_passes():
    assert Client().post("/planted/").content == b"written"


@pytest.mark.django_db
@override_settings(ROOT_URLCONF=__name__, GUARD_GET=False)
def test_without_the_guard_nothing_is_watched():
    assert Client().get("/planted/").content == b"written"
