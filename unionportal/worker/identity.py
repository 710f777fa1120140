"""Who is asking: name + document + a code to the phone on file, and nothing is given away.

Known or unknown, right or wrong name: the same statements, the same pages (security.md 2 rows 1-4).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from members.actions import people
from members.actions.candidates import person_index
from members.models import Person
from members.models.people import IdType
from members.queries import person_of
from members.states import PhoneState
from unionportal.core import limits
from unionportal.core.accounts import client_ip
from unionportal.core.actors import WORKER_SELF
from unionportal.core.identifiers import compare_key
from unionportal.core.messaging import codes, outbox

PURPOSE = "status"
PER_ADDRESS = limits.Limit("status-address", 60, 3600)
PER_DOCUMENT = limits.Limit("status-document", 10, 3600)
CARD_TRIES = limits.Limit("status-card", 5, 86_400)
LOOK_FOR = timedelta(minutes=15)
ASKED, SHOWN = "status_asked", "status_shown"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who answered a code. `may_see_all` is False on a claimed or shared phone."""

    person: Person
    may_see_all: bool


def ask_for_code(request: HttpRequest, *, name: str, id_number: str) -> None:
    """Text a code to the phone on file when name and document fit; else do as much and text nobody.

    Raises `TooMany` per address and per document.
    """
    limits.require(PER_ADDRESS, client_ip(request))
    subject = person_index(IdType.CITIZEN, id_number)
    limits.require(PER_DOCUMENT, str(subject))
    person = person_of(subject)
    fits = person is not None and compare_key(person.name) == compare_key(name)
    phone = person.phone if person is not None and fits else ""
    may = outbox.may_text(phone or f"nobody:{subject}")
    codes.issue(
        purpose=PURPOSE,
        subject_key=subject,
        session_key=_session_key(request),
        phone=phone if may else "",
    )
    request.session[ASKED] = str(subject)


def has_asked(request: HttpRequest) -> bool:
    return ASKED in request.session


def answer_code(request: HttpRequest, code: str) -> bool:
    """Open the answer when `code` is right; the session knows the asker from then on."""
    subject = UUID(request.session[ASKED])
    is_right = codes.check(
        purpose=PURPOSE, subject_key=subject, session_key=_session_key(request), code=code
    )
    person = person_of(subject)
    if not is_right or person is None:
        return False
    request.session.cycle_key()
    del request.session[ASKED]
    until = timezone.now() + LOOK_FOR
    request.session[SHOWN] = {"person": str(person.pk), "until": until.isoformat()}
    return True


def visitor(request: HttpRequest) -> Visitor | None:
    """Return who may look in this session, for fifteen minutes after the code."""
    shown: dict[str, Any] | None = request.session.get(SHOWN)
    if not shown or _ended(parse_datetime(shown["until"])):
        return None
    person = Person.objects.defer("id_number", "phone").filter(pk=shown["person"]).first()
    return Visitor(person, is_own_phone(person)) if person else None


def _ended(until: datetime | None) -> bool:
    return until is None or until < timezone.now()


def is_own_phone(person: Person) -> bool:
    """Say whether the phone on file is verified and nobody else's."""
    if person.phone_state != PhoneState.VERIFIED:
        return False
    return not is_shared(person)


def is_shared(person: Person) -> bool:
    """Say whether somebody else is known by this person's phone too."""
    others = Person.objects.filter(phone_index=person.phone_index).exclude(pk=person.pk)
    return others.exists()


def leave(request: HttpRequest) -> None:
    """Forget who asked."""
    request.session.flush()


def prove_with_card(request: HttpRequest, visiting: Visitor, *, typed: str, card_no: str) -> bool:
    """Verify the phone of a visitor who also knows the member card's last six digits.

    The code proves the phone, the card proves the person: together the phone is the owner's.
    Raises `TooMany` after five tries a day.
    """
    limits.require(CARD_TRIES, str(visiting.person.pk))
    if not card_no or card_no[-6:] != typed:
        return False
    person = Person.objects.get(pk=visiting.person.pk)
    people.verify_phone(person=person, phone=person.phone, by=WORKER_SELF)
    return True


def _session_key(request: HttpRequest) -> str:
    if not request.session.session_key:
        request.session.create()
    return str(request.session.session_key)
