"""Background jobs: what runs, how far it is, what came out."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.http import content_disposition_header

from unionportal.core import files, reveal
from unionportal.core.models import Job, User
from unionportal.core.paging import Keyset
from unionportal.core.roles import Permission, has_permission
from unionportal.core.views_base import desk

ORDER = Keyset("-created_at", "-pk")


def _mine(user: User) -> QuerySet[Job]:
    jobs = Job.objects.select_related("owner")
    return jobs if has_permission(user, Permission.VIEW_AUDIT) else jobs.filter(owner=user)


@desk(Permission.USE_DESK)
def job_list(request: HttpRequest) -> HttpResponse:
    """List one's own jobs, newest first (an auditor sees all)."""
    page = ORDER.page(_mine(request.user), request)  # type: ignore[arg-type]
    return render(request, "core/job_list.html", {"page": page})


@desk(Permission.USE_DESK)
def job_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show one job with its progress; the progress part asks again by itself while it runs."""
    job = get_object_or_404(_mine(request.user), pk=pk)  # type: ignore[arg-type]
    template = "core/_job_state.html" if request.htmx else "core/job_detail.html"  # type: ignore[attr-defined]
    return render(request, template, {"job": job})


@desk(post=Permission.USE_DESK)
def job_download(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Give the owner the job's file; taken out personal data is logged."""
    job = get_object_or_404(Job, pk=pk, owner=request.user, result__isnull=False)
    assert job.result is not None
    content = b"".join(files.open_blocks(job.result))
    reveal.log(job, by=request.user, fields=["result"], reason=f"download of {job.kind}")  # type: ignore[arg-type]
    return attachment_response(content, job.result.content_type, job.result.name)


def attachment_response(content: bytes, content_type: str, name: str) -> HttpResponse:
    """Send a file to be saved, never shown in the page."""
    response = HttpResponse(content, content_type=content_type)
    disposition = content_disposition_header(True, name)
    response["Content-Disposition"] = disposition or "attachment"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cache-Control"] = "no-store"
    return response
