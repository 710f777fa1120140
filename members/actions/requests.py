"""Requests of people about their own data: file, take back, fulfil, refuse (PIPL 44 to 50)."""

from __future__ import annotations

from datetime import timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from members.actions.anonymising import anonymise_person
from members.models import DataRequest, Person
from unionportal.core import audit
from unionportal.core.actors import ServiceActor
from unionportal.core.errors import NotAllowed, Refused
from unionportal.core.models import Attachment, User
from unionportal.core.roles import Permission
from unionportal.core.transitions import move

# The law says "in time"; GB/T 35273 8.7 names thirty days.
ANSWER_WITHIN = timedelta(days=30)


@transaction.atomic
def file(
    *, person: Person, kind: str, by: User | ServiceActor, subject: str = "", text: str = ""
) -> DataRequest:
    """File a request with its deadline.

    Raises `Refused`: `subject_needed` for a correction of nothing, `open_request` while one of
    the same kind waits.
    """
    if (kind == DataRequest.Kind.CORRECT) != bool(subject):
        raise Refused(_("Say what is to be corrected."), code="subject_needed", field="subject")
    request = DataRequest(
        person=person, kind=kind, subject=subject, text=text.strip()[:1000],
        due_on=timezone.localdate() + ANSWER_WITHIN,
    )  # fmt: skip
    try:
        with transaction.atomic():
            request.save(force_insert=True)
    except IntegrityError as error:
        raise Refused(
            _("You asked for this already. Your union answers by the day shown below."),
            code="open_request",
        ) from error
    audit.record(by=by, verb="request.file", target=request, to_state=request.state)
    return request


@transaction.atomic
def take_back(*, request: DataRequest, by: User | ServiceActor) -> DataRequest:
    """Close a request at the person's own wish; raise `Stale` when it was answered."""
    return move(request, "take_back", by=by, closed_at=timezone.now())


@transaction.atomic
def fulfil(
    *,
    request: DataRequest,
    by: User,
    answer: str = "",
    evidence: Attachment | None = None,
) -> DataRequest:
    """Close a request as done, saying what was done; a deletion is done by this very step.

    Raises `Refused` (`still_member`, `open_application`) while a deletion is not possible.
    """
    closed = _decide(request, "fulfil", by, answer, evidence)
    if request.kind == DataRequest.Kind.DELETE:
        anonymise_person(person=request.person, by=by, reason="asked for")
    return closed


@transaction.atomic
def refuse(
    *,
    request: DataRequest,
    by: User,
    answer: str,
    evidence: Attachment | None = None,
) -> DataRequest:
    """Refuse a request with the reason the person reads (PIPL 50)."""
    return _decide(request, "refuse", by, answer, evidence)


def _decide(
    request: DataRequest, verb: str, by: User, answer: str, evidence: Attachment | None
) -> DataRequest:
    rows = DataRequest.objects.visible_to(by, Permission.APPROVE_APPLICATION)
    if not rows.filter(pk=request.pk).exists():
        raise NotAllowed(_("You cannot answer this request. Ask the office it belongs to."))
    if verb == "refuse" and not answer.strip():
        raise Refused(_("Give a reason."), code="reason_needed", field="answer")
    return move(
        request, verb, by=by, reason="answered" if verb == "refuse" else "",
        answer=answer.strip()[:300], evidence=evidence, closed_by=by, closed_at=timezone.now(),
    )  # fmt: skip
