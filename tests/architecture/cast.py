"""The people and the things the matrix is walked with: made once for a module, then rolled back."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.cookies import SimpleCookie
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.db import transaction
from django.test import Client
from django.utils import timezone, translation

from benefits.actions import cardfiles
from benefits.models import LineSettlement, PayoutLine
from benefits.states.cards import Transport
from members.actions import applications, classification, memberships, requests
from members.bulk.actions import Plan, stage
from members.bulk.selection import Selection
from members.models import (
    Application,
    ApplicationFile,
    CertificateFiling,
    CommitteeSeat,
    DuplicatePair,
    EmployerLink,
    HeaderAlias,
    ImportBatch,
    LegalPersonCertificate,
    MemberCertificate,
    Membership,
    Transfer,
    UnitChange,
    UnitFeed,
    UnitPlaque,
)
from members.models.bulk import BulkKind
from members.states import Confirmation, Verdict
from members.transfers import actions as transfers
from tests.architecture.matrix import ROLES, TABLE
from tests.conftest import SINCE, make_area, make_unit
from tests.factories import members as make
from tests.factories import outreach, payouts, stations
from unionportal.core.actors import SYSTEM
from unionportal.core.crypto import blind_index
from unionportal.core.models import (
    ExportRequest,
    Grant,
    Heartbeat,
    Installation,
    Job,
    SavedFilter,
    User,
)
from unionportal.core.models.jobs import JobState

NOBODYS = UUID("00000000-0000-7000-8000-000000000000")

_things: dict[str, Callable[[Cast], dict[str, Any]]] = {}


def thing(build: Callable[[Cast], dict[str, Any]]) -> Callable[[Cast], dict[str, Any]]:
    """Register what stands in the address of a route: a function of the cast."""
    _things[build.__name__] = build
    return build


class Cast:
    """Officers of every role: of the district, of sub-district A (`@a`) and of B (`@b`)."""

    def __init__(self) -> None:
        self.place = _district()
        self.clients: dict[str, Client] = {"anonymous": Client()}
        self.users: dict[str, User] = {}
        units = {"": self.place.unit, "@a": self.place.unit_a, "@b": self.place.unit_b}
        for role in ROLES:
            for place, unit in units.items():
                self._join(f"{role}{place}", role, unit)
        self._join("nobody", None, None)
        self._known: dict[str, dict[str, Any]] = {}
        for name in sorted({row.thing for row in TABLE.values()}):
            self.address_of(name)

    def _join(self, name: str, role: str | None, unit: Any) -> None:
        user = User.objects.create_user(
            username=name, password="correct horse battery", display_name=name,
            person_key=blind_index(name, "staff"),
        )  # fmt: skip
        if role:
            Grant.objects.create(user=user, role=role, unit=unit, started_on=SINCE)
        TOTP.activate(user, generate_totp_secret())
        client = Client(headers={"accept-language": "en"})
        client.force_login(user)
        self.users[name], self.clients[name] = user, client

    def address_of(self, name: str) -> dict[str, Any]:
        """Return the URL arguments of a thing; nothing for a route without one."""
        if name and name not in self._known:
            self._known[name] = _things[name](self)
        return self._known.get(name, {})

    def call(self, who: str, method: str, path: str, language: str = "en") -> Any:
        """Send an empty request as `who`; what it writes is rolled back, its cookies dropped."""
        client = self.clients[who]
        kept = SimpleCookie({key: morsel.value for key, morsel in client.cookies.items()})
        client.cookies["django_language"] = language
        has_json = path.startswith("/api/") and method not in {"GET", "HEAD"}
        extra = {"content_type": "application/json"} if has_json else {}
        try:
            with transaction.atomic():
                answer = getattr(client, method.lower())(path, **extra)
                transaction.set_rollback(True)
        finally:
            client.cookies = kept
        return answer


@contextmanager
def standing() -> Iterator[Cast]:
    """Build the cast in a transaction that is rolled back at the end."""
    logging.disable(logging.CRITICAL)  # two lines for each of thousands of requests
    try:
        yield from _standing()
    finally:
        logging.disable(logging.NOTSET)


def _standing() -> Iterator[Cast]:
    with translation.override("en"), transaction.atomic():
        Installation.objects.update_or_create(pk=1, defaults={"is_demo": True})
        soon = timezone.now() + dt.timedelta(hours=1)
        Heartbeat.objects.bulk_create(
            [Heartbeat(name=name, at=soon) for name in ("worker", "beat")]
        )
        yield Cast()
        transaction.set_rollback(True)


def _district() -> SimpleNamespace:
    root_area = make_area(None, "示例区", "district", "490100", name_en="Shili District")
    area_a = make_area(root_area, "甲街道", "subdistrict", "490100001", name_en="Jia Sub-district")
    area_b = make_area(root_area, "乙街道", "subdistrict", "490100002", name_en="Yi Sub-district")
    root = make_unit(None, "示例区总工会", "district", root_area)
    unit_a = make_unit(root, "甲街道总工会", "subdistrict", area_a)
    root.refresh_from_db()
    unit_b = make_unit(root, "乙街道总工会", "subdistrict", area_b)
    firm_a = make_unit(unit_a, "甲物流有限公司工会", "employer_union", area_a)
    for unit in (root, unit_a):
        unit.refresh_from_db()
    return SimpleNamespace(
        area=root_area, area_a=area_a, area_b=area_b, unit=root, unit_a=unit_a, unit_b=unit_b,
        firm_a=firm_a,
    )  # fmt: skip


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


@thing
def member(cast: Cast) -> dict[str, Any]:
    return {"pk": make.membership(cast.place.firm_a).pk}


@thing
def pair(cast: Cast) -> dict[str, Any]:
    # Of a group that no drive of the cast is for.
    care = make.group("CARE_WORKER")
    people = [make.person(cast.place.firm_a, group=care) for _each in range(2)]
    people.sort(key=lambda person: person.pk)
    made = DuplicatePair.objects.create(
        first=people[0], second=people[1], evidence=["name_employer"], strength=1
    )
    return {"pk": made.pk}


@thing
def member_subject(cast: Cast) -> dict[str, Any]:
    return {**cast.address_of("member"), "subject": "name"}


@thing
def member_step(cast: Cast) -> dict[str, Any]:
    return {**cast.address_of("member"), "verb": "retain"}


@thing
def member_purpose(cast: Cast) -> dict[str, Any]:
    return {**cast.address_of("member"), "purpose": "payout"}


@thing
def former_member(cast: Cast) -> dict[str, Any]:
    # Of a group that no drive of the cast is for.
    made = make.membership(cast.place.firm_a, group=make.group("CARE_WORKER"))
    memberships.close(membership=made, verb="resign", by=SYSTEM, reason="本人申请")
    return {"pk": made.pk}


@thing
def vehicle(cast: Cast) -> dict[str, Any]:
    driver = Membership.objects.get(pk=cast.address_of("member")["pk"])
    return {"pk": classification.add_vehicle(membership=driver, plate="豫A12345", by=SYSTEM).pk}


@thing
def data_request(cast: Cast) -> dict[str, Any]:
    person = make.person(cast.place.firm_a)
    return {"pk": requests.file(person=person, kind="delete", by=SYSTEM).pk}


@thing
def data_request_step(cast: Cast) -> dict[str, Any]:
    return {**cast.address_of("data_request"), "verb": "refuse"}


@thing
def application(cast: Cast) -> dict[str, Any]:
    return {"pk": make.application(cast.place.firm_a).pk}


@thing
def roster(cast: Cast) -> dict[str, Any]:
    file = make.scan(SYSTEM, kind="roster")
    made = ImportBatch.objects.create(
        unit=cast.place.firm_a, file=file, file_sha256="0" * 64, state="previewed",
        created_by=cast.users["subdistrict_officer@a"],
        counts={**dict.fromkeys((*Verdict, "written"), 0), "rows": 1, "new": 1, "rejected": 1},
        layout={"titles": [], "columns": {}},
    )  # fmt: skip
    return {"pk": made.pk}


@thing
def title(cast: Cast) -> dict[str, Any]:
    made = HeaderAlias.objects.create(
        unit=cast.place.firm_a, title=f"t{HeaderAlias.objects.count()}", field="name",
        created_by=cast.users["subdistrict_officer@a"],
    )  # fmt: skip
    return {"pk": made.pk}


@thing
def kind_of_change(cast: Cast) -> dict[str, Any]:
    return {"kind": "retain"}


@thing
def bulk_change(cast: Cast) -> dict[str, Any]:
    """A change an officer of sub-district A looks at."""
    plan = Plan(kind=BulkKind.RETAIN, day=timezone.localdate(), reason="x",
                params={"reason_code": "army"})  # fmt: skip
    picked = Selection(ids=(make.membership(cast.place.firm_a).pk,))
    officer = cast.users["subdistrict_officer@a"]
    return {"pk": stage(by=officer, plan=plan, selection=picked).pk}


@thing
def confirm_link(cast: Cast) -> dict[str, Any]:
    asked = {"confirmation": Confirmation.NONE}
    candidate = make.candidate(cast.place.firm_a, **asked)
    made = applications.submit(by=SYSTEM, candidate=candidate, ask_by_sms=True)
    return {"token": made.confirm_token}


@thing
def application_file(cast: Cast) -> dict[str, Any]:
    found = Application.objects.get(pk=cast.address_of("application")["pk"])
    made = ApplicationFile.objects.create(
        application=found, kind="photo", file=make.picture(kind="photo")
    )
    return {"pk": found.pk, "file_pk": made.pk}


@thing
def picture(cast: Cast) -> dict[str, Any]:
    made = ApplicationFile.objects.get(pk=cast.address_of("application_file")["file_pk"])
    return {"pk": made.file_id}


@thing
def complete_link(cast: Cast) -> dict[str, Any]:
    made = make.application(cast.place.firm_a)
    by = cast.users["subdistrict_officer@a"]
    return {"token": applications.return_(by=by, application=made, reason="缺照片").complete_token}


@thing
def transfer(cast: Cast) -> dict[str, Any]:
    """Both sides lie in sub-district A."""
    member = Membership.objects.get(pk=cast.address_of("member")["pk"])
    other = make.employer_union(cast.place.unit_a)
    made = transfers.push(
        by=cast.users["subdistrict_officer@a"], membership=member, unit=other, reason="换了单位"
    )
    return {"pk": made.pk}


@thing
def letter(cast: Cast) -> dict[str, Any]:
    """A case of a member who goes to a union outside, with the signed wish."""
    leaver = make.membership(cast.place.firm_a, group=make.group("CARE_WORKER"))
    made = transfers.send_away(
        by=cast.users["subdistrict_officer@a"], membership=leaver,
        outside_name="示例市邮政工会", paper=make.scan(),
    )  # fmt: skip
    return {"pk": made.pk}


@thing
def transfer_link(cast: Cast) -> dict[str, Any]:
    return {"token": Transfer.objects.get(pk=cast.address_of("transfer")["pk"]).token}


@thing
def certificate_link(cast: Cast) -> dict[str, Any]:
    made = MemberCertificate.objects.get(membership=cast.address_of("member")["pk"])
    return {"token": made.token}


@thing
def card(cast: Cast) -> dict[str, Any]:
    member = Membership.objects.get(pk=cast.address_of("member")["pk"])
    waiting = {"membership": member, "person": member.person}
    return {"pk": payouts.MemberCard.objects.get_or_create(**waiting)[0].pk}


@thing
def card_step(cast: Cast) -> dict[str, Any]:
    return {**cast.address_of("card"), "verb": "close"}


@thing
def cardfile(cast: Cast) -> dict[str, Any]:
    cast.address_of("card")
    by = cast.users["district_officer"]
    return {"pk": cardfiles.build_request(by=by, transport=Transport.MANUAL).pk}


@thing
def programme(cast: Cast) -> dict[str, Any]:
    cast.address_of("card")
    payouts.entitled_member(cast.place.firm_a)
    made = payouts.programme()
    payouts.entitlements.evaluate(made)
    return {"pk": made.pk}


@thing
def entitlement(cast: Cast) -> dict[str, Any]:
    return {"pk": payouts.Entitlement.objects.get(programme=cast.address_of("programme")["pk"]).pk}


@thing
def batch(cast: Cast) -> dict[str, Any]:
    rows = payouts.Programme.objects.get(pk=cast.address_of("programme")["pk"])
    return {"pk": payouts.batches.build(by=cast.users["finance_maker"], programme=rows).pk}


@thing
def line(cast: Cast) -> dict[str, Any]:
    return {"pk": PayoutLine.objects.get(batch=cast.address_of("batch")["pk"]).pk}


@thing
def settlement(cast: Cast) -> dict[str, Any]:
    maker = cast.users["finance_maker"]
    made = LineSettlement.objects.create(
        line_id=cast.address_of("line")["pk"], outcome="paid", note="对账单上有这一笔",
        document=make.scan(maker), proposed_by=maker, proposed_key=maker.person_key,
    )  # fmt: skip
    return {"pk": made.pk}


@thing
def drive(cast: Cast) -> dict[str, Any]:
    place = cast.place
    return {"pk": outreach.drive(place.unit_a, areas=[place.area_a]).pk}


@thing
def joincode(cast: Cast) -> dict[str, Any]:
    return {"pk": _code(cast).pk}


@thing
def poster(cast: Cast) -> dict[str, Any]:
    return {"code": _code(cast).code}


def _code(cast: Cast) -> Any:
    place = cast.place
    made = outreach.Drive.objects.get(pk=cast.address_of("drive")["pk"])
    return outreach.code(made, place.firm_a, place.area_a)


@thing
def patch(cast: Cast) -> dict[str, Any]:
    # Nobody's scope may widen by it, so its officer is none of those who are asked.
    officer = cast.users["nobody"]
    Grant.objects.create(
        user=officer, role="field_officer", unit=cast.place.firm_a, started_on=SINCE
    )
    made = outreach.patch(officer, cast.place.area_a)
    officer.grants.all().delete()
    return {"pk": made.pk}


@thing
def point(cast: Cast) -> dict[str, Any]:
    return {"pk": stations.make_point(cast.place.area_a, "draft").pk}


@thing
def point_step(cast: Cast) -> dict[str, Any]:
    return {**cast.address_of("point"), "verb": "apply"}


@thing
def holiday(cast: Cast) -> dict[str, Any]:
    made = stations.ServicePoint.objects.get(pk=cast.address_of("point")["pk"])
    day = timezone.localdate() + dt.timedelta(days=3)
    stations.actions.set_holiday(by=SYSTEM, point=made, day=day, spans=[], note="")
    return {"pk": made.pk, "day_pk": made.holidays.get().pk}


@thing
def published_point(cast: Cast) -> dict[str, Any]:
    return {"pk": stations.make_point(cast.place.area_a).pk}
