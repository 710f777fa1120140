"""Pages about employers and areas."""

from django.urls import URLPattern, path

from members.views import areas, employer_links, employers

urlpatterns: list[URLPattern] = [
    path("employers/", employers.employer_index, name="employer-list"),
    path("employers/new/", employers.employer_new, name="employer-new"),
    path("employers/<uuid:pk>/", employers.employer_detail, name="employer-detail"),
    path("employers/<uuid:pk>/edit/", employers.employer_edit, name="employer-edit"),
    path("employers/<uuid:pk>/headcount/", employers.headcount_new, name="headcount-new"),
    path("employers/<uuid:pk>/coverage/", employers.coverage_new, name="coverage-new"),
    path("employers/<uuid:pk>/merge/", employers.employer_merge, name="employer-merge"),
    path("employers/<uuid:pk>/link/", employer_links.link_new, name="link-new"),
    path("links/<uuid:pk>/end/", employer_links.link_end, name="link-end"),
    path("areas/", areas.area_tree, name="area-tree"),
    path("areas/<uuid:pk>/", areas.area_detail, name="area-detail"),
    path("areas/<uuid:pk>/new/", areas.area_new, name="area-new"),
    path("areas/<uuid:pk>/end/", areas.area_end, name="area-end"),
    path("coverages/<uuid:pk>/end/", employers.coverage_end, name="coverage-end"),
]
