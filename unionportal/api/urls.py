"""Routes of the REST API, /api/v1/."""

from django.urls import path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView
from rest_framework.routers import SimpleRouter

from benefits.api import urls as benefits
from members.api import urls as members
from outreach.api import urls as outreach
from stations.api import urls as stations
from unionportal.core.api import urls as core
from unionportal.reports import api as reports

router = SimpleRouter(use_regex_path=False)
for app in (core, members, stations, outreach, benefits):
    app.register(router)

app_name = "api"
urlpatterns = [
    *router.urls,
    path("coverage/", reports.CoverageView.as_view(), name="coverage"),
    path("coverage/rates/", reports.RatesView.as_view(), name="coverage-rates"),
    path("figures/", reports.FiguresView.as_view(), name="figures"),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", SpectacularSwaggerView.as_view(url_name="api:schema"), name="docs"),
]
