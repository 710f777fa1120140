"""Of allauth's addresses the ones staff use.

There is no sign-up, no e-mail and no reset by mail: accounts come from the system administrator.
"""

from allauth.account.urls import urlpatterns as account
from django.urls import URLPattern, URLResolver, include, path

USED = {
    "account_login",
    "account_logout",
    "account_inactive",
    "account_reauthenticate",
    "account_change_password",
}

urlpatterns: list[URLPattern | URLResolver] = [
    *(pattern for pattern in account if pattern.name in USED),
    path("2fa/", include("allauth.mfa.urls")),
    path("sessions/", include("allauth.usersessions.urls")),
]
