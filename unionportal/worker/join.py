"""The public self-join: three short pages and a code by SMS, without a log-in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from members.actions.applications import Candidate, submit
from members.actions.candidates import person_index
from members.models import Application, WorkerGroup
from members.models.people import IdType
from members.states import Confirmation, Source
from outreach import queries
from outreach.actions import note_known
from outreach.models import JoinCode, KnownJoin
from outreach.rules import read_code
from outreach.states import KnownAs
from unionportal.core import limits
from unionportal.core.accounts import client_ip
from unionportal.core.actors import WORKER_SELF
from unionportal.core.crypto import blind_index
from unionportal.core.errors import Refused, TooMany
from unionportal.core.messaging import codes, outbox
from unionportal.worker import join_draft as drafts
from unionportal.worker.join_draft import Draft
from unionportal.worker.join_forms import AgreeForm, SmsCodeForm, VehicleForm, WhoForm, WorkForm

PURPOSE = "join"
# Texts asked for from one address and through one poster. On a drive day many phones share an
# address, so it is wider than the status page's; each number has its own limits besides.
PER_ADDRESS = limits.Limit("join-address", 60, 3600)
PER_CODE = limits.Limit("join-poster", 500, 3600)
# Answers that would tell a stranger whether somebody is known: the phone gets the usual page.
KNOWN = {"already_member": KnownAs.MEMBER, "open_application": KnownAs.APPLICANT}


@dataclass(frozen=True)
class Step:
    """One page of the join: the code it belongs to and what was typed before."""

    code: JoinCode
    kept: Draft | None

    @property
    def draft(self) -> Draft:
        """What was typed; only for views behind `with_draft`."""
        if self.kept is None:
            raise LookupError("nothing was typed yet")
        return self.kept

    def go(self, name: str) -> HttpResponse:
        return redirect(f"worker:{name}", code=self.code.code)


View = Callable[..., HttpResponse]


def with_code(view: View) -> View:
    """Give the view its working code and draft; otherwise say what to do instead."""

    @wraps(view)
    @never_cache
    def found(request: HttpRequest, code: str) -> HttpResponse:
        known = queries.join_code(code)
        if known is None or not known.works:
            context = {"code": known, "typed": code}
            return render(request, "worker/join_gone.html", context, status=410 if known else 404)
        return view(request, Step(known, drafts.load(request, known)))

    return found


def with_draft(view: View) -> View:
    """Send whoever has not typed a name yet (or has cookies off) to the first page."""

    @wraps(view)
    def checked(request: HttpRequest, step: Step) -> HttpResponse:
        if step.kept is None and not drafts.is_done(request, step.code):
            messages.error(
                request,
                _("Your answers are not here any more. Start again; it takes three minutes. If "
                  "this happens twice, allow cookies in your browser."),
            )  # fmt: skip
            return step.go("join")
        return step.go("join-done") if step.kept is None else view(request, step)

    return checked


@require_safe
@never_cache
def join_start(request: HttpRequest) -> HttpResponse:
    """Take the short code that is printed beside the QR."""
    typed = request.GET.get("code", "")
    if code := read_code(typed):
        return redirect("worker:join", code=code)
    return render(request, "worker/join_start.html", {"typed": typed}, status=400 if typed else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@with_code
def join_who(request: HttpRequest, step: Step) -> HttpResponse:
    form = WhoForm(_posted(request), initial=step.kept.who if step.kept else None)
    if request.method == "POST" and form.is_valid():
        draft = step.kept or drafts.new(step.code)
        draft.who = form.cleaned_data
        drafts.save(request, draft)
        return step.go("join-check" if draft.work else "join-work")
    return _page(request, step, form, "worker/join_who.html")


@require_http_methods(["GET", "HEAD", "POST"])
@with_code
@with_draft
def join_work(request: HttpRequest, step: Step) -> HttpResponse:
    draft = step.draft
    form = WorkForm(_posted(request), initial=draft.work)
    if request.method == "POST" and form.is_valid():
        group: WorkerGroup = form.cleaned_data["group"]
        if draft.work.get("group") != group.code:
            draft.work = {"group": group.code}
        drafts.save(request, draft)
        return step.go("join-vehicle" if _drives(group) else "join-check")
    return _page(request, step, form, "worker/join_work.html")


def _drives(group: WorkerGroup) -> bool:
    return group.needs_plate or group.is_new_form


@require_http_methods(["GET", "HEAD", "POST"])
@with_code
@with_draft
def join_vehicle(request: HttpRequest, step: Step) -> HttpResponse:
    draft, group = step.draft, _group_of(step.draft)
    if group is None:
        return step.go("join-work")
    form = VehicleForm(_posted(request), initial=draft.work, group=group)
    if request.method == "POST" and form.is_valid():
        draft.work = {"group": group.code, **form.cleaned_data}
        drafts.save(request, draft)
        return step.go("join-check")
    return _page(request, step, form, "worker/join_vehicle.html", group=group)


def _group_of(draft: Draft) -> WorkerGroup | None:
    return WorkerGroup.objects.filter(pk=draft.work.get("group")).first()


@require_http_methods(["GET", "HEAD", "POST"])
@with_code
@with_draft
def join_check(request: HttpRequest, step: Step) -> HttpResponse:
    draft, group = step.draft, _group_of(step.draft)
    if group is None:
        return step.go("join-work")
    if group.needs_plate and not draft.work.get("plate"):
        return step.go("join-vehicle")
    form = AgreeForm(_posted(request))
    if request.method == "POST" and form.is_valid():
        draft.has_agreed = True
        drafts.save(request, draft)
        return _send_and_go(request, step)
    return _page(
        request, step, form, "worker/join_check.html", group=group, draft=draft,
        has_vehicle=_drives(group),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@with_code
@with_draft
def join_code(request: HttpRequest, step: Step) -> HttpResponse:
    draft = step.draft
    if not draft.has_agreed:
        return step.go("join-check")
    form = SmsCodeForm(_posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            is_right = _send_in(request, step, form.cleaned_data["code"])
        except Refused as refusal:
            messages.error(request, str(refusal.message))
            return step.go("join-check")
        if is_right:
            drafts.finish(request, draft)
            return step.go("join-done")
        form.add_error("code", _wrong_code())
    return _page(request, step, form, "worker/join_code.html", phone=draft.who["phone"])


def _wrong_code() -> str:
    return _(
        "This code is not right, or its five minutes or five tries are over. Look at the newest "
        "message, or ask for a new code below."
    )


@require_POST
@with_code
@with_draft
def join_resend(request: HttpRequest, step: Step) -> HttpResponse:
    if not step.draft.has_agreed:
        return step.go("join-check")
    return _send_and_go(request, step)


@require_safe
@with_code
def join_done(request: HttpRequest, step: Step) -> HttpResponse:
    if not drafts.is_done(request, step.code):
        return step.go("join")
    return render(request, "worker/join_done.html", {"code": step.code})


def _posted(request: HttpRequest) -> QueryDict | None:
    return request.POST if request.method == "POST" else None


def _page(
    request: HttpRequest, step: Step, form: forms.Form, template: str, **context: object
) -> HttpResponse:
    status = 400 if form.is_bound and form.errors else 200
    return render(request, template, {"form": form, "code": step.code, **context}, status=status)


def _send_and_go(request: HttpRequest, step: Step) -> HttpResponse:
    try:
        _send_code(request, step)
    except TooMany as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, _("A code is on its way to your phone."))
    return step.go("join-code")


def _send_code(request: HttpRequest, step: Step) -> None:
    """Text a code to the phone that was typed; raise `TooMany` at a limit."""
    phone = step.draft.who["phone"]
    limits.require(PER_ADDRESS, client_ip(request))
    limits.require(PER_CODE, step.code.code)
    if not outbox.may_text(phone):
        raise TooMany(
            _("No new code was sent: one goes out a minute, five an hour, ten a day. An earlier "
              "code works for five minutes."),
            code="too_many",
        )  # fmt: skip
    codes.issue(
        purpose=PURPOSE, subject_key=blind_index(phone, "phone"),
        session_key=str(request.session.session_key), phone=phone,
    )  # fmt: skip


@transaction.atomic
def _send_in(request: HttpRequest, step: Step, typed: str) -> bool:
    """Send the application in when the code is right; say whether it was.

    Two clicks at once: the second waits, finds the first one's work and counts as right.
    """
    draft = step.draft
    drafts.lock(request)
    if _is_sent(draft):
        return True
    if not codes.check(
        purpose=PURPOSE, subject_key=blind_index(draft.who["phone"], "phone"),
        session_key=str(request.session.session_key), code=typed,
    ):  # fmt: skip
        return False
    try:
        submit(by=WORKER_SELF, candidate=_candidate(step), context={"join_code": str(step.code.pk)})
    except Refused as refusal:
        if refusal.code not in KNOWN:
            raise
        note_known(
            code=step.code, client_ref=draft.client_ref, known_as=KNOWN[refusal.code],
            id_index=person_index(IdType.CITIZEN, draft.who["id_number"]),
        )  # fmt: skip
    return True


def _is_sent(draft: Draft) -> bool:
    ref = draft.client_ref
    is_application = Application.objects.filter(client_ref=ref).exists()
    return is_application or KnownJoin.objects.filter(client_ref=ref).exists()


def _candidate(step: Step) -> Candidate:
    draft = step.draft
    return Candidate(
        name=draft.who["name"],
        id_number=draft.who["id_number"],
        phone=draft.who["phone"],
        group=WorkerGroup.objects.get(pk=draft.work["group"]),
        unit=step.code.unit,
        area=step.code.area,
        vehicle_plate=draft.work.get("plate", ""),
        platform_name=draft.work.get("platform_name", ""),
        source=Source.SELF_JOIN,
        confirmation=Confirmation.SELF,
        phone_is_verified=True,
        client_ref=draft.client_ref,
    )
