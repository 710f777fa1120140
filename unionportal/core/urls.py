from django.urls import path

from unionportal.core.views import (
    accounts,
    audit,
    demo,
    exports,
    files,
    jobs,
    lists,
    preferences,
    retention,
)

app_name = "core"
urlpatterns = [
    path("preferences/", preferences.save, name="preferences"),
    path("demo/phone/", demo.phone, name="demo-phone"),
    path("desk/jobs/", jobs.job_list, name="job-list"),
    path("desk/jobs/<uuid:pk>/", jobs.job_detail, name="job-detail"),
    path("desk/jobs/<uuid:pk>/download/", jobs.job_download, name="job-download"),
    path("desk/files/<uuid:pk>/", files.attachment, name="attachment"),
    path("desk/exports/", exports.export_list, name="export-list"),
    path("desk/exports/new/<slug:name>/", exports.export_new, name="export-new"),
    path("desk/exports/<uuid:pk>/", exports.export_detail, name="export-detail"),
    path("desk/exports/<uuid:pk>/approve/", exports.export_approve, name="export-approve"),
    path("desk/exports/<uuid:pk>/refuse/", exports.export_refuse, name="export-refuse"),
    path("desk/exports/<uuid:pk>/download/", exports.export_download, name="export-download"),
    path("desk/lists/<slug:name>/filters/", lists.filter_save, name="filter-save"),
    path("desk/lists/filters/<uuid:pk>/drop/", lists.filter_drop, name="filter-drop"),
    path("desk/lists/<slug:name>/columns/", lists.columns_save, name="columns-save"),
    path("desk/audit/", audit.audit_list, name="audit-list"),
    path("desk/reveals/", audit.reveal_list, name="reveal-list"),
    path("desk/retention/", retention.schedule, name="retention"),
    path("desk/accounts/", accounts.account_list, name="account-list"),
    path("desk/accounts/new/", accounts.account_new, name="account-new"),
    path("desk/accounts/<uuid:pk>/close/", accounts.account_close, name="account-close"),
    path("desk/roles/", accounts.role_list, name="role-list"),
    path("desk/grants/", accounts.grant_list, name="grant-list"),
    path("desk/grants/<uuid:pk>/new/", accounts.grant_new, name="grant-new"),
    path("desk/grants/<uuid:pk>/end/", accounts.grant_end, name="grant-end"),
]
