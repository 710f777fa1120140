"""What every template knows: the district, the reader's language, theme and care mode."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language

from unionportal.core.navigation import NavSection, navigation_for

if TYPE_CHECKING:
    from django.http import HttpRequest

THEME_COOKIE = "theme"
CARE_COOKIE = "care"
THEMES = ("light", "dark", "system")


def portal(request: HttpRequest) -> dict[str, Any]:
    """Return the page frame's values; the navigation costs queries only where it is drawn."""
    english = (get_language() or "").startswith("en")
    theme = request.COOKIES.get(THEME_COOKIE, "system")
    return {
        "district_name": settings.DISTRICT_NAME_EN if english else settings.DISTRICT_NAME_ZH,
        "district_short": settings.DISTRICT_SHORT_EN if english else settings.DISTRICT_NAME_ZH,
        "hotline": settings.HOTLINE,
        "theme": theme if theme in THEMES else "system",
        "care": request.COOKIES.get(CARE_COOKIE) == "on",
        "demo": settings.DEMO_MODE,
        "other_language": "zh-hans" if english else "en",
        "other_language_name": "中文" if english else "English",
        "here": request.get_full_path(),
        "nav": SimpleLazyObject(lambda: _navigation(request)),
    }


def _navigation(request: HttpRequest) -> list[NavSection]:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return []
    return navigation_for(user, request.path)
