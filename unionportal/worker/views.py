"""The worker's pages: home, the answer page, confirming a wish to join, verifying a certificate."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from benefits.queries.cards import card_of
from benefits.queries.member import benefits_of
from members.actions import applications
from members.certificates import queries
from members.models import Application, MemberCertificate
from members.queries import status_of
from members.transfers.actions import open_of
from unionportal.core.errors import Refused
from unionportal.core.qr import svg_data_uri
from unionportal.worker import identity, next_steps
from unionportal.worker.forms import CardForm, CodeForm, StatusForm


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Show the four doors."""
    return render(request, "worker/home.html")


@require_safe
def help_page(request: HttpRequest) -> HttpResponse:
    """Say whom to call and what for."""
    return render(request, "worker/help.html")


@require_safe
def join_help(request: HttpRequest) -> HttpResponse:
    """Say how one joins: by the code on a poster, through the firm, at the sub-district."""
    return render(request, "worker/join_help.html")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def status(request: HttpRequest) -> HttpResponse:
    """Ask for name and document; the next page is the same whoever was typed."""
    form = StatusForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            identity.ask_for_code(request, **form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, str(refusal.message))
            return render(request, "worker/status.html", {"form": form}, status=refusal.status)
        return redirect("worker:status-code")
    return render(request, "worker/status.html", {"form": form})


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def status_code(request: HttpRequest) -> HttpResponse:
    """Take the code; one neutral sentence for every way in which it may not fit."""
    if not identity.has_asked(request):
        return redirect("worker:status")
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if identity.answer_code(request, form.cleaned_data["code"]):
            return redirect("worker:status-answer")
        form.add_error(
            "code",
            _(
                "This code does not fit. It works for 5 minutes and 5 tries. If no message came, "
                "the details do not match or another phone is on file: call your union."
            ),
        )
    return render(request, "worker/status_code.html", {"form": form})


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def status_answer(request: HttpRequest) -> HttpResponse:
    """Show the answer; on a claimed or shared phone only membership and the next step."""
    visiting = identity.visitor(request)
    if visiting is None:
        return redirect("worker:status")
    person = visiting.person
    if not visiting.may_see_all:
        return _short_answer(request, visiting)
    member = status_of(person)
    card, benefits = card_of(person), benefits_of(person)
    context = {
        "person": person,
        "member": member,
        "card": card,
        "benefits": benefits,
        "next": next_steps.choose(member, card, benefits),
        "qr": _certificate_qr(request, member.certificate),
        "transfer": open_of(member.membership) if member.membership else None,
    }
    return render(request, "worker/status_answer.html", context)


def _short_answer(request: HttpRequest, visiting: identity.Visitor) -> HttpResponse:
    person = visiting.person
    is_shared = identity.is_shared(person)
    card = card_of(person)
    card_no = card.card_no if card else ""
    form = CardForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and card_no and not is_shared:
        try:
            proven = identity.prove_with_card(
                request, visiting, typed=form.cleaned_data["digits"], card_no=card_no
            )
        except Refused as refusal:
            form.add_error("digits", str(refusal.message))
        else:
            if proven:
                return redirect("worker:status-answer")
            form.add_error("digits", _("These are not the last six digits of your member card."))
    context = {
        "member": status_of(person),
        "is_shared": is_shared,
        "form": form if card_no and not is_shared else None,
    }
    return render(request, "worker/status_short.html", context)


def _certificate_qr(request: HttpRequest, certificate: MemberCertificate | None) -> str:
    if certificate is None or certificate.revoked_at is not None:
        return ""
    return svg_data_uri(request.build_absolute_uri(f"/verify/{certificate.token}/"))


@require_POST
def status_leave(request: HttpRequest) -> HttpResponse:
    """Forget the visitor."""
    identity.leave(request)
    return redirect("worker:home")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Let a person confirm the wish to join that somebody typed; opening writes nothing."""
    context: dict[str, object] = {"token": token}
    if request.method == "POST":
        try:
            context["application"] = applications.confirm_by_link(token=token)
        except Refused as refusal:
            context["refusal"] = refusal.message
            return render(request, "worker/confirm.html", context, status=refusal.status)
        return render(request, "worker/confirm_done.html", context)
    rows = Application.objects.select_related("unit").defer("id_number", "phone")
    context["application"] = rows.filter(confirm_token=token).first()
    code = 200 if context["application"] else 404
    return render(request, "worker/confirm.html", context, status=code)


@require_safe
@never_cache
def verify(request: HttpRequest, token: str) -> HttpResponse:
    """Say whether a certificate is true and in force: a masked name, nothing else."""
    verdict = queries.verify(token)
    code = 404 if verdict.kind == "unknown" else 200
    return render(request, "worker/verify.html", {"verdict": verdict}, status=code)
