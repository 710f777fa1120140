"""Member cards and the card files exchanged with the bank."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from benefits.actions import bankfiles, cardfiles, cards, matching, results
from benefits.forms import BankFileForm, CardSearchForm, ReasonForm
from benefits.models import BankFile, CardEvent, MemberCard
from benefits.queries.cards import card_list, counts_by_state, request_queue
from benefits.states.cards import CardState, Direction, FileState, Transport
from benefits.tables import CARD_KINDS, FILE_KINDS, BankFileTable, CardTable, count_words
from benefits.transports import manual
from benefits.words import card_refusal, problem_rows
from members.models import Membership
from members.views.shared import staff
from unionportal.core.errors import NotAllowed, Refused
from unionportal.core.idempotency import submit_once
from unionportal.core.paging import Keyset
from unionportal.core.roles import Permission, has_permission
from unionportal.core.tables import Empty
from unionportal.core.transitions import buttons_for
from unionportal.core.views_base import desk

P = Permission
CARDS, FILES = Keyset("-requested_at", "-pk"), Keyset("-created_at", "-pk")
PLAIN_VERBS: dict[str, Callable[..., MemberCard]] = {
    "request_again": cards.request_again,
    "hand_out": cards.hand_out,
}
REASONED_VERBS: dict[str, Callable[..., MemberCard]] = {
    "report_lost": cards.report_lost,
    "close": cards.close,
}


@desk(P.VIEW_CARDS)
def card_list_page(request: HttpRequest) -> HttpResponse:
    """List cards by state, name, last four digits or request file; newest request first."""
    form = CardSearchForm(request.GET)
    rows = card_list(request.user)
    rows = form.narrow(rows) if form.is_valid() else rows.none()
    page = CARDS.page(rows, request)
    empty = Empty(_("No cards here"), _("A card is asked for when an application is approved."))
    state = request.GET.get("state", "")
    context = {
        "page": page,
        "form": form,
        "chosen": state,
        "table": CardTable(page.rows, request=request, empty=empty),
        "tabs": _tabs(request, state),
        "waiting": request_queue(request.user).fitting,
        "may_manage": has_permission(request.user, P.MANAGE_CARDS),
    }
    status = 200 if form.is_valid() else 400
    return render(request, "benefits/card_list.html", context, status=status)


def _tabs(request: HttpRequest, chosen: str) -> list[dict[str, object]]:
    counts = counts_by_state(request.user)
    here = reverse("benefits:card-list")
    every = {"label": _("All"), "url": here, "count": sum(counts.values()), "current": not chosen}
    return [every] + [
        {"label": state.label, "url": f"{here}?state={state}", "count": counts[state],
         "current": chosen == state}
        for state in CardState if counts.get(state)
    ]  # fmt: skip


@desk(P.VIEW_CARDS)
def card_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show one card with everything that happened to it."""
    return _card_page(request, pk, ReasonForm())


def _card_page(request: HttpRequest, pk: UUID, form: ReasonForm, status: int = 200) -> HttpResponse:
    card = get_object_or_404(card_list(request.user).select_related("request_file"), pk=pk)
    may_manage = has_permission(request.user, P.MANAGE_CARDS)
    verbs = buttons_for(card, {P.MANAGE_CARDS}) if may_manage else []
    context = {
        "card": card,
        "kind": CARD_KINDS[CardState(card.state)],
        "refusal": card_refusal(card.refusal_code),
        "events": [
            {"at": event.at, "text": event.get_kind_display(),
             "note": _event_note(event)}
            for event in card.events.select_related("file").order_by("-at", "-pk")
        ],
        "plain_verbs": [verb for verb in PLAIN_VERBS if verb in verbs],
        "reasoned_verbs": [verb for verb in REASONED_VERBS if verb in verbs],
        "form": form,
    }  # fmt: skip
    return render(request, "benefits/card_detail.html", context, status=status)


def _event_note(event: CardEvent) -> str:
    """Say which line of which file, and the bank's reason."""
    where = ""
    if event.file:
        where = _("%(file)s, line %(line)s") % {"file": event.file.name, "line": event.line}
    return " · ".join(part for part in (where, card_refusal(event.code)) if part)


@desk(post=P.MANAGE_CARDS)
def card_move(request: HttpRequest, pk: UUID, verb: str) -> HttpResponse:
    """Do one of the officers' steps of a card: request_again, hand_out, report_lost, close."""
    card = get_object_or_404(MemberCard.objects.visible_to(request.user, P.MANAGE_CARDS), pk=pk)
    if verb in PLAIN_VERBS:
        PLAIN_VERBS[verb](by=staff(request), card=card)
    elif verb in REASONED_VERBS:
        form = ReasonForm(request.POST)
        if status := _refused(form, partial(REASONED_VERBS[verb], by=staff(request), card=card)):
            return _card_page(request, pk, form, status)
    else:
        raise Refused(_("There is no such step."), code="unknown_verb")
    messages.success(request, _("The card is now: %(state)s") % {"state": card.get_state_display()})
    return redirect("benefits:card-detail", pk=card.pk)


def _refused(form: ReasonForm, step: Callable[..., object]) -> int:
    """Do a step with the form's reason; return 0, or the status of the page to show again."""
    if not form.is_valid():
        return Refused.status
    try:
        step(**form.cleaned_data)
    except Refused as refusal:
        form.add_error(None, str(refusal.message))
        return refusal.status
    return 0


@desk(P.VIEW_CARDS)
@never_cache
def cardfile_list(request: HttpRequest) -> HttpResponse:
    """List card files, with the buttons to build, upload and hand over."""
    return _files_page(request, BankFileForm())


def _files_page(request: HttpRequest, form: BankFileForm, status: int = 200) -> HttpResponse:
    queue = request_queue(request.user)
    page = FILES.page(BankFile.objects.visible_to(request.user).of_cards(), request)
    empty = Empty(_("No files yet"), _("Build a request when cards wait for the bank."))
    context = {
        "page": page,
        "table": BankFileTable(page.rows, request=request, empty=empty),
        "form": form,
        "waiting": queue.fitting,
        "unwritable": queue.unwritable[:50],
        "may_manage": has_permission(request.user, P.MANAGE_CARDS),
    }
    return render(request, "benefits/cardfile_list.html", context, status=status)


@desk(post=P.MANAGE_CARDS)
def cardfile_request(request: HttpRequest) -> HttpResponse:
    """Build the next request file for the waiting cards."""
    chosen = request.POST.get("transport", Transport.FOLDER)
    transport = Transport(chosen) if chosen in Transport.values else Transport.FOLDER

    def run() -> str:
        file = cardfiles.build_request(by=staff(request), transport=transport)
        messages.success(
            request,
            _("%(name)s is built with %(count)d cards.")
            % {"name": file.name, "count": file.line_count},
        )
        return reverse("benefits:cardfile-detail", args=[file.pk])

    return submit_once(request, run)


@desk(post=P.MANAGE_CARDS)
def cardfile_upload(request: HttpRequest) -> HttpResponse:
    """Take a file the bank gave by hand; the same content again changes nothing."""
    form = BankFileForm(request.POST, request.FILES)
    if not form.is_valid():
        return _files_page(request, form, status=400)
    try:
        content = form.content()
        if results.is_about_payouts(content) or matching.is_statement(content):
            raise NotAllowed(
                _("This file is about payouts. The maker or the checker uploads it."), code="money"
            )
        receipt = bankfiles.receive(
            content=content, name=form.cleaned_data["file"].name or "file",
            by=staff(request),
        )  # fmt: skip
    except Refused as refusal:
        form.add_error("file", str(refusal.message))
        return _files_page(request, form, status=refusal.status)
    _tell(request, receipt)
    return redirect("benefits:cardfile-detail", pk=receipt.file.pk)


def _tell(request: HttpRequest, receipt: bankfiles.Receipt) -> None:
    if receipt.is_repeat:
        messages.info(request, _("This file came before. Nothing was changed."))
    elif receipt.file.state == FileState.APPLIED:
        messages.success(request, _("The file is applied."))
    else:
        messages.error(request, _("Nothing of this file was applied. See what is wrong below."))


@desk(P.VIEW_CARDS)
@never_cache
def cardfile_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show one file: its state, what it did, what is wrong with it."""
    files = BankFile.objects.visible_to(request.user).of_cards().select_related("answers")
    return _file_page(request, get_object_or_404(files, pk=pk), ReasonForm())


def _file_page(
    request: HttpRequest, file: BankFile, form: ReasonForm, status: int = 200
) -> HttpResponse:
    may_manage = has_permission(request.user, P.MANAGE_CARDS)
    context = {
        "file": file,
        "kind": FILE_KINDS[FileState(file.state)],
        "problems": problem_rows(file.problems),
        "may_manage": may_manage,
        "by_hand": may_manage
        and file.direction == Direction.OUT
        and file.transport == Transport.MANUAL,
        "did": count_words(file.counts),
        "may_ignore": may_manage and file.state == FileState.QUARANTINED,
        "form": form,
    }
    return render(request, "benefits/cardfile_detail.html", context, status=status)


def _managed_file(request: HttpRequest, pk: UUID) -> BankFile:
    files = BankFile.objects.visible_to(request.user, P.MANAGE_CARDS).of_cards()
    return get_object_or_404(files, pk=pk)


@desk(post=P.MANAGE_CARDS)
def cardfile_download(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Download a request file; logged as a look at every person in it."""
    name, content = cardfiles.download(by=staff(request), file=_managed_file(request, pk))
    return manual.download(name, content)


@desk(post=P.MANAGE_CARDS)
def cardfile_handover(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Record that the bank has the file."""
    file = cardfiles.hand_over(by=staff(request), file=_managed_file(request, pk))
    messages.success(request, _("%(name)s is with the bank.") % {"name": file.name})
    return redirect("benefits:cardfile-detail", pk=file.pk)


@desk(post=P.MANAGE_CARDS)
def cardfile_again(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Try a file that was set apart once more."""
    file = bankfiles.read_again(by=staff(request), file=_managed_file(request, pk))
    _tell(request, bankfiles.Receipt(file, is_repeat=False))
    return redirect("benefits:cardfile-detail", pk=file.pk)


@desk(post=P.MANAGE_CARDS)
def cardfile_ignore(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Put a file that was set apart aside for good, with a reason."""
    file, form = _managed_file(request, pk), ReasonForm(request.POST)
    if status := _refused(form, partial(bankfiles.ignore, by=staff(request), file=file)):
        file.refresh_from_db()
        return _file_page(request, file, form, status)
    messages.success(request, _("%(name)s is not used.") % {"name": file.name})
    return redirect("benefits:cardfile-detail", pk=file.pk)


def member_panel(request: HttpRequest, membership: Membership) -> str:
    """Show the member's card on the member page, to those who may see cards."""
    if not has_permission(request.user, P.VIEW_CARDS):
        return ""
    card = card_list(request.user).filter(membership=membership).order_by("-requested_at").first()
    kind = CARD_KINDS[CardState(card.state)] if card else ""
    context = {
        "card": card,
        "kind": kind,
        "membership": membership,
        "may_enter": has_permission(request.user, P.ENTER_ACCOUNTS),
    }
    return render_to_string("benefits/_card_panel.html", context, request)
