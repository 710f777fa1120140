"""Applications: submit, decide, confirm. Approval writes person and membership."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from members import signals
from members.actions import completion, memberships, papers, people
from members.actions.candidates import Candidate, checked
from members.actions.confirmation import confirm_by_link
from members.actions.rights import require_units
from members.actions.unit_locks import hold_standing
from members.models import Application, ApprovalDecision, Membership, Person
from members.queries.people import owners_of, under_number
from members.states import (
    OPEN_APPLICATION,
    OPEN_MEMBERSHIP,
    ApplicationState,
    Confirmation,
    Source,
)
from unionportal.core import audit
from unionportal.core.actors import ServiceActor
from unionportal.core.errors import Refused, Stale
from unionportal.core.masking import mask_id, mask_phone
from unionportal.core.messaging import outbox
from unionportal.core.models import Attachment, User
from unionportal.core.roles import Permission
from unionportal.core.transitions import move, move_all

__all__ = [
    "Candidate",
    "approve",
    "confirm_by_link",
    "reject",
    "resubmit",
    "return_",
    "submit",
    "submit_many",
    "withdraw",
]

EARLIEST_DECISION = date(2000, 1, 1)
ASKABLE_SOURCES = (Source.FORM, Source.ROSTER)


@transaction.atomic
def submit(
    *,
    by: User | ServiceActor,
    candidate: Candidate,
    context: dict[str, str] | None = None,
    ask_by_sms: bool = False,
) -> Application:
    """Write one application.

    Raises `Refused` with the field that is wrong, `already_member` or `open_application` (both
    silent about other areas), `NotAllowed` when the unit is out of `by`'s reach. The same
    `client_ref` again returns the first application.
    """
    candidate = checked(candidate)
    require_units(by, Permission.ENROL, [candidate.unit.pk])
    hold_standing([candidate.unit.pk])
    if candidate.client_ref is not None:
        first = Application.objects.filter(client_ref=candidate.client_ref).first()
        if first is not None:
            return first
    _refuse_known(candidate, by)
    application = _application(candidate, by, ask_by_sms=ask_by_sms)
    try:
        with transaction.atomic():
            application.save(force_insert=True)
    except IntegrityError as error:
        raise _neutral("open_application") from error
    audit.record(by=by, verb="application.submit", target=application, to_state=application.state)
    _announce([application], by, context or {})
    return application


@transaction.atomic
def submit_many(
    *,
    by: User | ServiceActor,
    candidates: Iterable[Candidate],
    context: dict[str, str] | None = None,
    ask_by_sms: bool = False,
) -> list[Application]:
    """Write many applications in a bounded number of statements; return them.

    Somebody who became a member or got an open application meanwhile is left out; those whose
    `client_ref` was written before come first, as they are. Raises `Refused` for the first
    candidate that breaks a rule.
    """
    ready = [checked(candidate, plate_is_required=False) for candidate in candidates]
    units = {candidate.unit.pk for candidate in ready}
    require_units(by, Permission.ENROL, units)
    hold_standing(units)
    earlier = _written_before(ready)
    taken = _taken_indexes(ready)
    fresh: list[Application] = []
    for candidate in ready:
        if candidate.client_ref not in earlier and candidate.id_index not in taken:
            taken.add(candidate.id_index)
            fresh.append(_application(candidate, by, ask_by_sms=ask_by_sms))
    Application.objects.bulk_create(fresh)
    audit.record_many(
        by=by,
        verb="application.submit",
        model=Application,
        moves=[(row.pk, "", row.state) for row in fresh],
    )
    _announce(fresh, by, context or {})
    return [*earlier.values(), *fresh]


def _written_before(candidates: Sequence[Candidate]) -> dict[object, Application]:
    refs = [candidate.client_ref for candidate in candidates if candidate.client_ref]
    rows = Application.objects.filter(client_ref__in=refs) if refs else Application.objects.none()
    return {row.client_ref: row for row in rows.defer("id_number", "phone")}


def _taken_indexes(candidates: Sequence[Candidate]) -> set[object]:
    indexes = [candidate.id_index for candidate in candidates]
    owners = owners_of(indexes)
    of_members = Membership.objects.filter(
        person__in=set(owners.values()), state__in=OPEN_MEMBERSHIP
    ).values_list("person", flat=True)
    known = set(of_members)
    members = {index for index, owner in owners.items() if owner in known}
    waiting = Application.objects.filter(
        id_index__in=indexes, state__in=OPEN_APPLICATION
    ).values_list("id_index", flat=True)
    return {*members, *waiting}


def _refuse_known(candidate: Candidate, by: User | ServiceActor) -> None:
    member = Membership.objects.filter(
        under_number(candidate.id_index, prefix="person__"), state__in=OPEN_MEMBERSHIP
    )
    if member.exists():
        if isinstance(by, User) and member.visible_to(by).exists():
            raise Refused(
                _("This person is a member here already."), code="already_member", field="id_number"
            )
        raise _neutral("already_member")
    waiting = Application.objects.filter(id_index=candidate.id_index, state__in=OPEN_APPLICATION)
    if waiting.exists():
        if isinstance(by, User) and waiting.visible_to(by).exists():
            raise Refused(
                _("This person has an open application already. Look in the list of applications."),
                code="open_application",
                field="id_number",
            )
        raise _neutral("open_application")


def _neutral(code: str) -> Refused:
    """One sentence for everything the asker may not know about."""
    return Refused(
        _(
            "This person cannot be added here. If the person is a member elsewhere, ask for a "
            "transfer."
        ),
        code=code,
        field="id_number",
    )


def _application(candidate: Candidate, by: User | ServiceActor, *, ask_by_sms: bool) -> Application:
    is_confirmed = candidate.confirmation != Confirmation.NONE
    asks = ask_by_sms and not is_confirmed and candidate.source in ASKABLE_SOURCES
    return Application(
        client_ref=candidate.client_ref,
        source=candidate.source,
        area=candidate.area,
        unit=candidate.unit,
        employer=candidate.employer,
        group=candidate.group,
        name=candidate.name,
        id_type=candidate.id_type,
        id_number=candidate.id_number,
        id_index=candidate.id_index,
        id_masked=mask_id(candidate.id_number),
        phone=candidate.phone,
        phone_index=candidate.phone_index,
        phone_masked=mask_phone(candidate.phone),
        phone_is_verified=candidate.phone_is_verified,
        vehicle_plate=candidate.vehicle_plate,
        platform_name=candidate.platform_name,
        confirmation=candidate.confirmation,
        confirmed_at=timezone.now() if is_confirmed else None,
        evidence=candidate.evidence,
        confirm_token=secrets.token_urlsafe(16) if asks else None,
        submitted_by_id=by.pk,
    )


def _announce(
    applications: list[Application], by: User | ServiceActor, context: dict[str, str]
) -> None:
    for application in applications:
        if application.confirm_token:
            _ask(application, by)
    signals.application_submitted.send(Application, applications=applications, context=context)


def _ask(application: Application, by: User | ServiceActor) -> None:
    """Text the confirmation link, in the workers' language, whoever typed the application."""
    with translation.override(settings.LANGUAGE_CODE):
        body = _(
            "%(unit)s has entered your wish to join the trade union. Confirm it here: %(link)s "
            "If you did not ask for this, ignore this message."
        ) % {
            "unit": application.unit.name,
            "link": f"{settings.PUBLIC_URL}/confirm/{application.confirm_token}/",
        }
    outbox.queue(by=by, purpose="confirm", phone=application.phone, body=body)


@transaction.atomic
def approve(
    *,
    by: User,
    applications: Iterable[Application],
    decided_on: date,
    signer: str,
    scan: Attachment | None = None,
) -> ApprovalDecision:
    """Record the grassroots union's decision and write the memberships it makes.

    A bounded number of statements for any number of applications. Raises `Refused` (`no_signer`,
    `decision_date`, `nothing_picked`, `already_member`), `NotAllowed` when a unit is out of reach,
    `Stale` when some are no longer waiting. Rule: domain.md 2.1.
    """
    _check_decision(decided_on, signer)
    rows = _lock_in_their_units([application.pk for application in applications])
    require_units(by, Permission.APPROVE_APPLICATION, {row.unit_id for row in rows})
    decision = ApprovalDecision.objects.create(
        decided_on=decided_on, signer=signer.strip(), scan=scan, recorded_by=by
    )
    persons = people.write_people(rows)
    openings = [_opening(row, persons[row.id_index], decided_on) for row in rows]
    memberships.refuse_members(openings)
    made = memberships.write_memberships(by=by, openings=openings)
    for row, membership in zip(rows, made, strict=True):
        row.person, row.membership, row.decision = membership.person, membership, decision
    Application.objects.bulk_update(rows, ["person", "membership", "decision"])
    move_all(
        Application.objects.filter(pk__in=[row.pk for row in rows]),
        "approve",
        by=by,
        closed_at=timezone.now(),
    )
    signals.membership_activated.send(Membership, memberships=made, by=by)
    return decision


def _check_decision(decided_on: date, signer: str) -> None:
    if not signer.strip():
        raise Refused(
            _("Name the person who signed the decision."), code="no_signer", field="signer"
        )
    if not EARLIEST_DECISION <= decided_on <= timezone.localdate():
        raise Refused(
            _("The decision's date cannot be in the future or before 2000."),
            code="decision_date",
            field="decided_on",
        )


def _lock_in_their_units(ids: Sequence[UUID]) -> list[Application]:
    """Lock the units, then the applications; one that went to another unit meanwhile is stale."""
    units = Application.objects.filter(pk__in=ids).order_by().values_list("unit_id", flat=True)
    held = hold_standing(set(units))
    rows = _lock_waiting(ids)
    for row in rows:
        if row.unit_id not in held:
            raise Stale(
                _("An application waits in “%(unit)s” now. Nothing was approved. Look again.")
                % {"unit": row.unit.name},
                code="stale",
            )
    return rows


def _lock_waiting(ids: Sequence[UUID]) -> list[Application]:
    if not ids:
        raise Refused(_("Pick at least one application."), code="nothing_picked")
    locked = Application.objects.select_for_update(of=("self",)).filter(pk__in=ids).order_by("pk")
    rows = [
        row
        for row in locked.select_related("unit", "group", "employer", "evidence")
        if row.state == ApplicationState.SUBMITTED
    ]
    gone = len(set(ids)) - len(rows)
    if gone:
        raise Stale(
            _(
                "%(count)d of the applications you picked were decided or returned meanwhile. "
                "Nothing was approved. Look at the list again."
            )
            % {"count": gone},
            code="stale",
        )
    return rows


def _opening(row: Application, person: Person, decided_on: date) -> memberships.Opening:
    return memberships.Opening(
        person=person,
        unit=row.unit,
        group=row.group,
        employer=row.employer,
        joined_on=decided_on,
        source=row.source,
        vehicle_plate=row.vehicle_plate,
        platform_name=row.platform_name,
        confirmation=row.confirmation,
        confirmed_at=row.confirmed_at,
        evidence=row.evidence,
    )


@transaction.atomic
def return_(*, by: User, application: Application, reason: str) -> Application:
    """Send `application` back to be completed, saying what is missing; text the applicant."""
    _require_approver(by, application)
    returned = move(application, "return", by=by, reason=reason, answer=reason[:200])
    completion.ask(returned, by)
    return returned


@transaction.atomic
def reject(*, by: User, application: Application, reason: str) -> Application:
    """Refuse `application`, saying why; the person may apply again."""
    _require_approver(by, application)
    return _close(application, "reject", by, reason)


@transaction.atomic
def withdraw(*, by: User | ServiceActor, application: Application) -> Application:
    """Take `application` back at the person's wish."""
    require_units(by, Permission.ENROL, [application.unit_id])
    return _close(application, "withdraw", by)


@transaction.atomic
def resubmit(
    *, by: User | ServiceActor, application: Application, evidence: Attachment | None = None
) -> Application:
    """Send a returned application in again, with the signed form it may have been missing."""
    require_units(by, Permission.ENROL, [application.unit_id])
    changes: dict[str, Any] = {}
    if evidence is not None:
        changes["evidence"] = evidence
        if application.confirmation == Confirmation.NONE:
            changes |= {
                "confirmation": Confirmation.PAPER_FORM,
                "confirmed_at": timezone.now(),
            }
    return move(application, "resubmit", by=by, **changes)


def _require_approver(by: User, application: Application) -> None:
    require_units(by, Permission.APPROVE_APPLICATION, [application.unit_id])


def _close(
    application: Application, verb: str, by: User | ServiceActor, reason: str = ""
) -> Application:
    closed = move(
        application, verb, by=by, reason=reason, answer=reason[:200], closed_at=timezone.now()
    )
    papers.expire_files(closed)
    signals.application_closed.send(Application, application=closed)
    return closed
