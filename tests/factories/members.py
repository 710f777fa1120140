"""Plain factories of the members app; memberships go through the real actions."""

from __future__ import annotations

import io
import itertools
from datetime import date
from typing import Any
from uuid import UUID

from django.db import transaction
from PIL import Image
from stdnum.cn import uscc
from stdnum.cn.ric import calc_check_digit

from members.actions import applications, bodies, contracts, memberships, people, unit_papers
from members.actions.candidates import person_index
from members.models import (
    Application,
    Area,
    CollectiveContract,
    Committee,
    Employer,
    EmployerCoverage,
    EmployerHeadcount,
    LegalPersonCertificate,
    Membership,
    Person,
    UnionUnit,
    UnitPlacement,
    WorkerGroup,
)
from members.states import Confirmation, FormationMethod, Source
from unionportal.core import files
from unionportal.core.actors import SYSTEM
from unionportal.core.models import Attachment, User

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
SINCE = date(2020, 1, 1)
_serial = itertools.count(1)


def id_number(
    serial: int | None = None, *, born: date = date(1990, 3, 7), is_male: bool = True
) -> str:
    """Return a valid synthetic ID number (prefix 49); the same for the same serial."""
    serial = next(_serial) if serial is None else serial
    order = (serial * 2 + (1 if is_male else 0)) % 1000
    place = 490100 + (serial * 2 // 1000) % 100
    stem = f"{place}{born:%Y%m%d}{order:03d}"
    return stem + calc_check_digit(f"{stem}0")


def index_of(number: str) -> UUID:
    """Return the blind index a citizen's number is found by."""
    return person_index("citizen", number)


def phone_number(serial: int | None = None) -> str:
    """Return a mobile number; the same for the same serial."""
    return f"139{(next(_serial) if serial is None else serial):08d}"


def group(code: str = "PARCEL_COURIER") -> WorkerGroup:
    """Return one of the groups every database has."""
    return WorkerGroup.objects.get(code=code)


def _fresh(node: Any) -> Any:
    """Return the node as it is in the tree now: treebeard counts children on the instance."""
    return type(node).objects.get(pk=node.pk)


def area(parent: Area | None = None, **fields: Any) -> Area:
    """Make an area; a sub-district under `parent`, a district without."""
    number = next(_serial)
    values = {
        "name_zh": f"第{number}街道",
        "name_en": f"Sub-district {number}",
        "level": Area.Level.SUBDISTRICT if parent else Area.Level.DISTRICT,
        "code": f"4902{number:08d}",
        "valid_from": SINCE,
        **fields,
    }
    if parent is None:
        return Area.objects.add_root(create_kwargs=values)
    return Area.objects.add_child(_fresh(parent), create_kwargs=values)


def unit(parent: UnionUnit | None = None, **fields: Any) -> UnionUnit:
    """Make an established unit; an employer's union unless `kind` says otherwise."""
    values = {
        "name": f"第{next(_serial)}工会",
        "kind": "employer_union",
        "status": "established",
        "established_on": SINCE,
        **fields,
    }
    values.setdefault("area", parent.area if parent else None)
    if parent is None:
        made = UnionUnit.objects.add_root(create_kwargs=values)
    else:
        made = UnionUnit.objects.add_child(_fresh(parent), create_kwargs=values)
    UnitPlacement.objects.create(unit=made, parent=parent, started_on=SINCE)
    return made


def district_unit(**fields: Any) -> UnionUnit:
    """Make a district's union with an area of its own."""
    return unit(**{"kind": "district", "name": "示例区总工会", "area": area(), **fields})


def subdistrict_unit(parent: UnionUnit, **fields: Any) -> UnionUnit:
    """Make a sub-district's union under `parent`, serving a new area."""
    own = fields.pop("area", None) or area(parent.area)
    return unit(parent, **{"kind": "subdistrict", "area": own, **fields})


def employer_union(parent: UnionUnit, **fields: Any) -> UnionUnit:
    """Make a firm's own union."""
    return unit(parent, **{"kind": "employer_union", **fields})


def employer(area: Area, *, covered_by: UnionUnit | None = None, **fields: Any) -> Employer:
    """Make an employer; with `covered_by` it has a union."""
    values = {
        "name": f"第{next(_serial)}物流有限公司",
        "headcount": 40,
        "headcount_on": SINCE,
        "union_state": "unionised" if covered_by else "not_unionised",
        **fields,
    }
    if values["union_state"] == "unionised_elsewhere":
        values.setdefault("union_elsewhere", "示例市总工会")
    made = Employer.objects.create(area=area, **values)
    if made.headcount is not None and made.headcount_on is not None:
        EmployerHeadcount.objects.create(
            employer=made, started_on=made.headcount_on, employees=made.headcount, source="visit"
        )
    if covered_by:
        EmployerCoverage.objects.create(
            unit=covered_by, employer=made, method=FormationMethod.STANDALONE, started_on=SINCE
        )
    return made


def candidate(unit: UnionUnit, **fields: Any) -> applications.Candidate:
    """Return somebody new who wants to join `unit`, confirmed by a signed form."""
    values = {
        "name": "张小明",
        "id_number": id_number(),
        "phone": phone_number(),
        "group": group(),
        "source": Source.FORM,
        "confirmation": Confirmation.PAPER_FORM,
        **fields,
    }
    return applications.Candidate(unit=unit, **values)


def application(unit: UnionUnit, *, by: Any = SYSTEM, **fields: Any) -> Application:
    """Submit somebody new for `unit`."""
    return applications.submit(by=by, candidate=candidate(unit, **fields))


@transaction.atomic
def membership(
    unit: UnionUnit,
    *,
    joined_on: date | None = None,
    phone_is_verified: bool = False,
    by: User | Any = SYSTEM,
    **fields: Any,
) -> Membership:
    """Open a membership for somebody new; confirmed by a signed form unless told otherwise."""
    made = application(unit, phone_is_verified=phone_is_verified, **fields)
    made_person = people.write_people([made])[made.id_index]
    opening = memberships.Opening(
        person=made_person,
        unit=unit,
        group=made.group,
        employer=made.employer,
        joined_on=joined_on or date(2026, 1, 15),
        source=Source.REGISTRY,
        confirmation=made.confirmation,
        confirmed_at=made.confirmed_at,
        vehicle_plate=made.vehicle_plate,
    )
    Application.objects.filter(pk=made.pk).delete()
    return memberships.open_membership(by=by, opening=opening)


def person(unit: UnionUnit, **fields: Any) -> Person:
    """Make a member and return the person."""
    return membership(unit, **fields).person


def scan(by: Any = SYSTEM, kind: str = "decision") -> Attachment:
    """Store a small PDF."""
    return files.store(PDF, by=by, kind=kind, name="scan.pdf", content_type="application/pdf")


def jpeg(size: tuple[int, int] = (300, 420), colour: str = "#c84b31", **options: Any) -> bytes:
    """Return a JPEG of one colour."""
    made = io.BytesIO()
    Image.new("RGB", size, colour).save(made, "JPEG", **options)
    return made.getvalue()


def picture(by: Any = SYSTEM, kind: str = "photo") -> Attachment:
    """Store a small JPEG."""
    return files.store(jpeg(), by=by, kind=kind, name="photo.jpg", content_type="image/jpeg")


def committee(unit: UnionUnit, **fields: Any) -> Committee:
    """Elect a union committee of `unit` with one chair."""
    values = {
        "kind": "union", "started_on": date(2025, 3, 1), "term_years": 3,
        "seats": [bodies.Seat(office="chair", name="张主席")], **fields,
    }  # fmt: skip
    return bodies.elect(by=SYSTEM, unit=unit, election=bodies.Election(**values))


def legal_certificate(unit: UnionUnit, **fields: Any) -> LegalPersonCertificate:
    """Register `unit` as a legal person."""
    stem = f"81490100MA{next(_serial):07d}"
    values = {
        "credit_code": stem + uscc.calc_check_digit(stem), "representative": "张主席",
        "issued_on": date(2025, 3, 1), "valid_to": date(2028, 3, 1), **fields,
    }  # fmt: skip
    registration = unit_papers.Registration(**values)
    return unit_papers.record_certificate(by=SYSTEM, unit=unit, registration=registration)


def contract(unit: UnionUnit, **fields: Any) -> CollectiveContract:
    """Sign a wage contract of the employer that `unit` covers."""
    values = {
        "kind": "wage", "reach": "employer", "signed_on": date(2026, 3, 1),
        "valid_to": date(2028, 3, 1), **fields,
    }  # fmt: skip
    return contracts.record_contract(by=SYSTEM, unit=unit, signed=contracts.Signed(**values))
