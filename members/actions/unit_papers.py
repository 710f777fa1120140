"""A unit's papers: certificate and filings, replies from above, plaques (domain.md 1.2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from members.actions.bodies import years_after
from members.actions.rights import require_units
from members.actions.structure import refuse_future
from members.models import (
    CertificateFiling,
    CommitteeSeat,
    Employer,
    LegalPersonCertificate,
    UnionUnit,
    UnitPlaque,
    UnitReply,
)
from members.states import BODILESS_KINDS, UnitKind, UnitStatus
from unionportal.core import audit
from unionportal.core.actors import ServiceActor
from unionportal.core.errors import Refused, Stale
from unionportal.core.identifiers import parse_credit_code
from unionportal.core.input_errors import InputError
from unionportal.core.models import User
from unionportal.core.roles import Permission

# The certificate is valid as long as the term, five years at most.
LONGEST_YEARS = 5


@dataclass(frozen=True, kw_only=True)
class Registration:
    """What a legal-person certificate says; without `representative` the chair of today."""

    credit_code: str
    issued_on: date
    valid_to: date
    number: str = ""
    representative: str = ""
    issued_by: str = ""


@transaction.atomic
def record_certificate(
    *, by: User | ServiceActor, unit: UnionUnit, registration: Registration
) -> LegalPersonCertificate:
    """Record a certificate or its renewal; the one before ends on the day of issue.

    Raises `Refused` (`credit_code`, `employer_code`, `code_taken`, `no_legal_person`, `validity`,
    `representative_needed`, `before_previous`, `future`), `Stale` for a dissolved unit.
    """
    require_units(by, Permission.KEEP_UNIT_RECORDS, [unit.pk])
    refuse_future(registration.issued_on, "issued_on")
    locked = UnionUnit.objects.select_for_update(of=("self",)).get(pk=unit.pk)
    _check_unit(locked)
    code = _code(registration.credit_code)
    _check_code(locked, code)
    _check_validity(registration)
    _end_previous(locked, registration.issued_on)
    made = LegalPersonCertificate.objects.create(
        unit=locked,
        credit_code=code,
        number=registration.number.strip(),
        representative=_representative(locked, registration),
        issued_by=registration.issued_by.strip(),
        issued_on=registration.issued_on,
        valid_to=registration.valid_to,
    )
    UnionUnit.objects.filter(pk=locked.pk).update(credit_code=code)
    audit.record(by=by, verb="unit.certify", target=locked, fields=["credit_code"])
    return made


def _check_unit(unit: UnionUnit) -> None:
    if unit.status == UnitStatus.DISSOLVED:
        raise Stale(_("This unit is dissolved. Look again before you act."), code="stale")
    if unit.kind in (*BODILESS_KINDS, UnitKind.BRANCH) or unit.status != UnitStatus.ESTABLISHED:
        raise Refused(
            _("Only an established union registers as a legal person, not a part of one."),
            code="no_legal_person",
        )


def _code(written: str) -> str:
    try:
        return parse_credit_code(written).code
    except InputError as error:
        raise Refused(error.message, code="credit_code", field="credit_code") from error


def _check_code(unit: UnionUnit, code: str) -> None:
    if Employer.objects.filter(credit_code=code).exists():
        raise Refused(
            _("This is the employer's credit code. A union and its employer have two codes."),
            code="employer_code",
            field="credit_code",
        )
    if UnionUnit.objects.filter(credit_code=code).exclude(pk=unit.pk).exists():
        raise Refused(
            _("Another union unit has this credit code."), code="code_taken", field="credit_code"
        )


def _check_validity(registration: Registration) -> None:
    latest = years_after(registration.issued_on, LONGEST_YEARS)
    if not registration.issued_on < registration.valid_to <= latest:
        raise Refused(
            _("A certificate is valid for the term, at most to %(day)s.") % {"day": latest},
            code="validity",
            field="valid_to",
        )


def _end_previous(unit: UnionUnit, day: date) -> None:
    held = LegalPersonCertificate.objects.filter(unit=unit).order_by("-issued_on").first()
    if held is None:
        return
    if day <= held.issued_on or (held.ended_on is not None and day < held.ended_on):
        raise Refused(
            _("The certificate before was issued on %(day)s. Choose a later day.")
            % {"day": held.issued_on},
            code="before_previous",
            field="issued_on",
        )
    if held.ended_on is None:
        held.ended_on = day
        held.save(update_fields=["ended_on"])
        # A renewal states the changes, so there is nothing left to file on the old one.
        held.filings.filter(filed_on=None, happened_on__lte=day).update(filed_on=day)


def chair_of(unit: UnionUnit) -> str:
    """Return the name of the unit's chair of today, or nothing."""
    seat = CommitteeSeat.objects.filter(
        committee__unit=unit, committee__kind="union", committee__ended_on=None,
        office=CommitteeSeat.Office.CHAIR, ended_on=None,
    )  # fmt: skip
    found = seat.select_related("person").first()
    return found.full_name if found else ""


def _representative(unit: UnionUnit, registration: Registration) -> str:
    name = registration.representative.strip() or chair_of(unit)
    if not name:
        raise Refused(
            _("Name the legal representative: the unit has no chair on record."),
            code="representative_needed",
            field="representative",
        )
    return name


@transaction.atomic
def note_change(
    *,
    by: User | ServiceActor,
    certificate: LegalPersonCertificate,
    what: str,
    happened_on: date,
) -> CertificateFiling:
    """Note a change that has to be filed within 30 days. Raises `Refused` (`future`)."""
    require_units(by, Permission.KEEP_UNIT_RECORDS, [certificate.unit_id])
    refuse_future(happened_on, "happened_on")
    _refuse_ended(certificate)
    filing = CertificateFiling.objects.create(
        certificate=certificate, what=what, happened_on=happened_on
    )
    audit.record(by=by, verb="certificate.note_change", target=certificate, data={"what": what})
    return filing


def _refuse_ended(certificate: LegalPersonCertificate) -> None:
    if certificate.ended_on is not None:
        raise Stale(_("This certificate has been replaced. Look again before you act."),
                    code="stale")  # fmt: skip


@transaction.atomic
def file_change(
    *,
    by: User | ServiceActor,
    filing: CertificateFiling,
    filed_on: date | None = None,
    document_no: str = "",
) -> CertificateFiling:
    """Record that the registration body was told; a new chair now represents the union.

    Raises `Refused` (`before_change`, `future`), `Stale` when it was filed already.
    """
    require_units(by, Permission.KEEP_UNIT_RECORDS, [filing.certificate.unit_id])
    day = filed_on or timezone.localdate()
    refuse_future(day, "filed_on")
    locked = CertificateFiling.objects.select_for_update(of=("self",)).get(pk=filing.pk)
    if locked.filed_on is not None:
        raise Stale(_("This change is filed already. Look again before you act."), code="stale")
    if day < locked.happened_on:
        raise Refused(
            _("The change happened on %(day)s. Choose that day or a later one.")
            % {"day": locked.happened_on},
            code="before_change",
            field="filed_on",
        )
    locked.filed_on, locked.document_no = day, document_no.strip()
    locked.save(update_fields=["filed_on", "document_no"])
    certificate = locked.certificate
    if locked.what == CertificateFiling.What.REPRESENTATIVE and (
        chair := chair_of(certificate.unit)
    ):
        certificate.representative = chair
        certificate.save(update_fields=["representative"])
    audit.record(by=by, verb="certificate.file_change", target=certificate)
    return locked


@transaction.atomic
def record_reply(
    *,
    by: User | ServiceActor,
    unit: UnionUnit,
    matter: str,
    document_no: str,
    replied_on: date,
    replied_by: str = "",
) -> UnitReply:
    """Record the upper union's formal answer on a step of the unit.

    Raises `Refused` (`paper_needed`, `reply_known`, `future`).
    """
    require_units(by, Permission.KEEP_UNIT_RECORDS, [unit.pk])
    refuse_future(replied_on, "replied_on")
    number = document_no.strip()
    if not number:
        raise Refused(_("Give the document number."), code="paper_needed", field="document_no")
    values = {"unit": unit, "matter": matter, "document_no": number}
    if UnitReply.objects.filter(**values).exists():
        raise Refused(_("This reply is recorded already."), code="reply_known", field="document_no")
    reply = UnitReply.objects.create(**values, replied_on=replied_on, replied_by=replied_by.strip())
    audit.record(by=by, verb="unit.record_reply", target=unit, data={"matter": matter})
    return reply


@transaction.atomic
def grant_plaque(
    *,
    by: User | ServiceActor,
    unit: UnionUnit,
    title: str,
    granted_on: date,
    number: str = "",
    granted_by: str = "",
) -> UnitPlaque:
    """Record that the unit may put up a sign. Raises `Refused` (`future`)."""
    require_units(by, Permission.KEEP_UNIT_RECORDS, [unit.pk])
    refuse_future(granted_on, "granted_on")
    plaque = UnitPlaque.objects.create(
        unit=unit, title=title.strip(), number=number.strip(), granted_by=granted_by.strip(),
        granted_on=granted_on,
    )  # fmt: skip
    audit.record(by=by, verb="unit.grant_plaque", target=unit, data={"plaque": str(plaque.pk)})
    return plaque


@transaction.atomic
def take_down_plaque(
    *, by: User | ServiceActor, plaque: UnitPlaque, taken_down_on: date | None = None
) -> UnitPlaque:
    """Record that the sign came down. Raises `Refused` (`future`, `before_grant`), `Stale`."""
    require_units(by, Permission.KEEP_UNIT_RECORDS, [plaque.unit_id])
    day = taken_down_on or timezone.localdate()
    refuse_future(day, "taken_down_on")
    locked = UnitPlaque.objects.select_for_update(of=("self",)).get(pk=plaque.pk)
    if locked.taken_down_on is not None:
        raise Stale(_("This plaque came down already. Look again before you act."), code="stale")
    if day < locked.granted_on:
        raise Refused(
            _("The plaque was granted on %(day)s. Choose that day or a later one.")
            % {"day": locked.granted_on},
            code="before_grant",
            field="taken_down_on",
        )
    locked.taken_down_on = day
    locked.save(update_fields=["taken_down_on"])
    audit.record(by=by, verb="unit.take_down_plaque", target=locked.unit)
    return locked
