"""Accounts, units, areas, employers, lists and their files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils import timezone

from members.models import (
    CertificateFiling,
    CommitteeSeat,
    EmployerLink,
    LegalPersonCertificate,
    UnitChange,
    UnitFeed,
    UnitPlaque,
)
from tests.architecture.things.registry import thing
from tests.conftest import SINCE, make_unit
from tests.factories import members as make
from unionportal.core.models import (
    ExportRequest,
    Job,
    SavedFilter,
    User,
)
from unionportal.core.models.jobs import JobState

if TYPE_CHECKING:
    from tests.architecture.cast import Cast


@thing
def account(cast: Cast) -> dict[str, Any]:
    return {"pk": cast.users["nobody"].pk}


@thing
def grant(cast: Cast) -> dict[str, Any]:
    return {"pk": cast.users["field_officer"].grants.get().pk}


@thing
def committee(cast: Cast) -> dict[str, Any]:
    return {"pk": make.committee(cast.place.firm_a).pk}


@thing
def committee_seat(cast: Cast) -> dict[str, Any]:
    return {"pk": CommitteeSeat.objects.get(committee=cast.address_of("committee")["pk"]).pk}


@thing
def unit_certificate(cast: Cast) -> dict[str, Any]:
    return {"pk": make.legal_certificate(cast.place.firm_a).pk}


@thing
def certificate_filing(cast: Cast) -> dict[str, Any]:
    held = LegalPersonCertificate.objects.get(pk=cast.address_of("unit_certificate")["pk"])
    filing = CertificateFiling.objects.create(
        certificate=held, what="address", happened_on=held.issued_on
    )
    return {"pk": filing.pk}


@thing
def contract(cast: Cast) -> dict[str, Any]:
    make.employer(cast.place.area_a, covered_by=cast.place.firm_a)
    return {"pk": make.contract(cast.place.firm_a, reach="area").pk}


@thing
def plaque(cast: Cast) -> dict[str, Any]:
    made = UnitPlaque.objects.create(unit=cast.place.firm_a, title="职工之家", granted_on=SINCE)
    return {"pk": made.pk}


@thing
def unit_change(cast: Cast) -> dict[str, Any]:
    made = UnitChange.objects.create(
        unit=cast.place.firm_a, kind="split", happened_on=SINCE, reason="grew"
    )
    return {"pk": made.pk}


@thing
def unit_feed(cast: Cast) -> dict[str, Any]:
    head = make_unit(None, "示例速递集团总部工会", "employer_union", None, is_external=True)
    made = UnitFeed.objects.create(
        unit=head, as_of=SINCE, members=9, received_by=cast.users["district_officer"]
    )
    return {"pk": made.pk}


@thing
def job(cast: Cast) -> dict[str, Any]:
    """One finished job each; the address names the caller's own."""
    owned: dict[str, Any] = {}
    for name, user in cast.users.items():
        made = Job.objects.create(
            kind="test", owner=user, state=JobState.DONE, result=make.scan(user),
            finished_at=timezone.now(),
        )  # fmt: skip
        owned[name] = made.pk
    return owned


@thing
def list_of_members(cast: Cast) -> dict[str, Any]:
    return {"name": "members"}


@thing
def export(cast: Cast) -> dict[str, Any]:
    """A file somebody of sub-district A waits for."""
    return {"pk": _export(cast, cast.users["nobody"], "waiting").pk}


@thing
def own_export(cast: Cast) -> dict[str, Any]:
    return {name: _export(cast, user, "ready").pk for name, user in cast.users.items()}


def _export(cast: Cast, user: User, state: str) -> ExportRequest:
    return ExportRequest.objects.create(
        list_name="members", columns=["name"], format="csv", language="en", row_count=1,
        state=state, unit=cast.place.unit_a, requested_by=user,
        file=make.scan(user) if state == "ready" else None,
    )  # fmt: skip


@thing
def own_filter(cast: Cast) -> dict[str, Any]:
    return {
        name: SavedFilter.objects.create(list_name="members", name="x", owner=user).pk
        for name, user in cast.users.items()
    }


@thing
def area(cast: Cast) -> dict[str, Any]:
    return {"pk": cast.place.area_a.pk}


@thing
def unit(cast: Cast) -> dict[str, Any]:
    return {"pk": cast.place.firm_a.pk}


@thing
def employer(cast: Cast) -> dict[str, Any]:
    return {"pk": make.employer(cast.place.area_a, covered_by=cast.place.firm_a).pk}


@thing
def employer_link(cast: Cast) -> dict[str, Any]:
    host = make.employer(cast.place.area_a)
    made = EmployerLink.objects.create(
        kind="hosted", host=host, vehicle_plate="豫A12345", started_on=make.SINCE
    )
    return {"pk": made.pk}


@thing
def coverage(cast: Cast) -> dict[str, Any]:
    firm = make.employer(cast.place.area_a, covered_by=cast.place.firm_a)
    return {"pk": firm.coverages.get().pk}
