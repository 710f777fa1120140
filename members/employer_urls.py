"""Pages about employers."""

from django.urls import URLPattern, path

from members.views import employers

urlpatterns: list[URLPattern] = [
    path("employers/", employers.employer_index, name="employer-list"),
    path("employers/new/", employers.employer_new, name="employer-new"),
    path("employers/<uuid:pk>/", employers.employer_detail, name="employer-detail"),
    path("employers/<uuid:pk>/edit/", employers.employer_edit, name="employer-edit"),
    path("employers/<uuid:pk>/headcount/", employers.headcount_new, name="headcount-new"),
    path("employers/<uuid:pk>/coverage/", employers.coverage_new, name="coverage-new"),
    path("coverages/<uuid:pk>/end/", employers.coverage_end, name="coverage-end"),
]
