from django.urls import path

from unionportal.reports import views

app_name = "reports"
urlpatterns = [
    path("coverage/", views.coverage, name="coverage"),
    path("coverage.xlsx", views.coverage_xlsx, name="coverage-xlsx"),
    path("figures/", views.figure_list, name="figure-list"),
]
