"""Every address of the portal: worker pages at the root, the desk, the API."""

from django.urls import include, path

from unionportal.core import health

urlpatterns = [
    path("health/live", health.live, name="health-live"),
    path("health/ready", health.ready, name="health-ready"),
    path("i18n/", include("django.conf.urls.i18n")),
    path("accounts/", include("unionportal.core.account_urls")),
    path("desk/", include("unionportal.dashboard.urls")),
    path("desk/", include("members.urls")),
    path("desk/", include("outreach.urls")),
    path("desk/", include("benefits.urls")),
    path("desk/", include("stations.urls")),
    path("desk/", include("unionportal.reports.urls")),
    path("pay/", include("benefits.pay_urls")),
    path("api/v1/", include("unionportal.api.urls")),
    path("", include("unionportal.core.urls")),
    path("", include("unionportal.worker.urls")),
]
handler400 = "unionportal.core.views.errors.bad_request"
handler403 = "unionportal.core.views.errors.permission_denied"
handler404 = "unionportal.core.views.errors.not_found"
handler500 = "unionportal.core.views.errors.server_error"
