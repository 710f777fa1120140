"""Members, applications, imports, changes, transfers and their links."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils import timezone

from members.actions import applications, classification, memberships, requests
from members.bulk.actions import Plan, stage
from members.bulk.selection import Selection
from members.models import (
    Application,
    ApplicationFile,
    DuplicatePair,
    HeaderAlias,
    ImportBatch,
    MemberCertificate,
    Membership,
    Transfer,
)
from members.models.bulk import BulkKind
from members.states import Confirmation, Verdict
from members.transfers import actions as transfers
from tests.architecture.things.registry import thing
from tests.factories import members as make
from unionportal.core.actors import SYSTEM

if TYPE_CHECKING:
    from tests.architecture.cast import Cast


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
