"""Public notices of lists of subsidies: masked names, and objections with a proven phone."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from benefits.actions import notices as actions
from benefits.models import Objection, PayoutBatch, PayoutLine
from benefits.queries.notices import ON_NOTICE, in_public, notice_lines, notices, open_notices
from benefits.states.notices import ObjectionState
from unionportal.core import limits
from unionportal.core.accounts import client_ip
from unionportal.core.errors import Refused, TooMany
from unionportal.core.idempotency import submit_once
from unionportal.core.messaging import codes, outbox
from unionportal.core.paging import Keyset
from unionportal.worker.forms import CodeForm, ObjectionForm

PURPOSE, ASKED = "objection", "objection_asked"
PER_ADDRESS = limits.Limit("objection-address", 20, 3600)
PER_PHONE = limits.Limit("objection-phone", 3, 86_400)
SHOWN = 50


@require_safe
@never_cache
def notice_list(request: HttpRequest) -> HttpResponse:
    """Show which lists hang out now, and until when."""
    return render(request, "worker/notice_list.html", {"notices": open_notices()[:SHOWN]})


@require_safe
@never_cache
def notice_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show who gets what by a list, masked; once it is over only that it is."""
    batch = get_object_or_404(notices(), pk=pk)
    context: dict[str, object] = {"batch": batch, "hangs": batch.state in ON_NOTICE}
    if batch.state in ON_NOTICE:
        page = Keyset("seq").page(notice_lines(batch), request, SHOWN)
        context |= {"page": page, "lines": in_public(page.rows)}
    return render(request, "worker/notice_detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def notice_object(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take an objection to a list, or to one line of it; a code proves the phone next."""
    batch = get_object_or_404(notices().filter(state__in=ON_NOTICE), pk=pk)
    typed = (request.POST or request.GET).get("line", "")[:6]
    form = ObjectionForm(request.POST or None, initial={"line": typed})
    if request.method == "POST" and form.is_valid():
        try:
            _count(request, form.cleaned_data["phone"])
            return submit_once(request, lambda: _ask(request, batch, form))
        except Refused as refusal:
            form.add_error(
                refusal.field if refusal.field in form.fields else None, str(refusal.message)
            )
            context = {"form": form, "batch": batch}
            return render(request, "worker/notice_object.html", context, status=refusal.status)
    status = 400 if form.errors else 200
    return render(
        request, "worker/notice_object.html", {"form": form, "batch": batch}, status=status
    )


def _count(request: HttpRequest, phone: str) -> None:
    limits.require(PER_ADDRESS, client_ip(request))
    if not limits.take(PER_PHONE, phone) or not outbox.may_text(phone):
        raise TooMany(_("This phone got too many messages. Try again later."), code="too_many")


def _ask(request: HttpRequest, batch: PayoutBatch, form: ObjectionForm) -> str:
    data = form.cleaned_data
    made = actions.object_to(
        batch=batch, line=_line(batch, data["line"]), text=data["text"], phone=data["phone"]
    )
    if not request.session.session_key:
        request.session.create()
    codes.issue(
        purpose=PURPOSE, subject_key=made.pk, session_key=str(request.session.session_key),
        phone=made.phone,
    )  # fmt: skip
    request.session[ASKED] = str(made.pk)
    return reverse("worker:notice-code")


def _line(batch: PayoutBatch, seq: int | None) -> PayoutLine | None:
    if seq is None:
        return None
    line = notice_lines(batch).filter(seq=seq).first()
    if line is None:
        raise Refused(
            _("There is no such line on this notice. Look again, or leave it empty."),
            code="line", field="line",
        )  # fmt: skip
    return line


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def notice_code(request: HttpRequest) -> HttpResponse:
    """Take the code that proves the phone; the objection counts from then on."""
    waiting = Objection.objects.filter(state=ObjectionState.UNCONFIRMED).select_related("batch")
    key = request.session.get(ASKED)
    asked = waiting.filter(pk=str(key)).first() if key else None
    if asked is None:
        return redirect("worker:notice-list")
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if codes.check(
            purpose=PURPOSE, subject_key=asked.pk, code=form.cleaned_data["code"],
            session_key=str(request.session.session_key),
        ):  # fmt: skip
            actions.confirm(objection=asked)
            del request.session[ASKED]
            messages.success(
                request, _("Your objection counts. The union answers it by text message.")
            )
            return redirect("worker:notice-detail", pk=asked.batch_id)
        form.add_error("code", _("This code does not fit. It works for 5 minutes and 5 tries."))
    context = {"form": form, "batch": asked.batch}
    return render(request, "worker/notice_code.html", context, status=400 if form.errors else 200)
