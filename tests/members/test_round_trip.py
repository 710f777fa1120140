"""An export comes back as a register: nothing changes but what somebody changed in it."""

from __future__ import annotations

import datetime as dt
import io

import pytest
import python_calamine as calamine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import translation

from members import record
from members.actions import memberships, records
from members.imports import actions, columns, texts
from members.lists.exporting import MEMBER_COLUMNS
from members.models import ImportBatch, Membership, Person
from members.states import ImportKind, MembershipState
from tests.factories import members as make
from tests.members.registry_files import fresh, load_preview, undo, write
from tests.members.roster_files import xlsx
from tests.members.test_registry_load import outcome
from tests.members.test_roster_verdicts import preview
from unionportal.core import files, jobs
from unionportal.core.actors import SYSTEM
from unionportal.core.errors import Refused
from unionportal.core.exports import actions as export_actions
from unionportal.core.models import AuditEvent, ExportRequest, Job

pytestmark = pytest.mark.django_db
ALL = [one.name for one in MEMBER_COLUMNS]


@pytest.fixture
def second_officer(make_user):
    return make_user("second_officer", "district_officer")


@pytest.fixture
def members(district):
    """A plain member, one with the whole record, one retained, one who left and came back."""
    firm = make.employer(district.area_a, covered_by=district.firm_a)
    plain = make.membership(district.firm_a, name="测试员甲")
    full = make.membership(district.firm_b, name="买买提·艾力", vehicle_plate="豫A12345",
                           employer=firm)  # fmt: skip
    values = {
        "id_expires_on": dt.date(2033, 5, 1), "ethnicity": "05", "political_affiliation": "13",
        "education": "21", "household_type": "rural", "is_migrant_worker": False,
        "employment_form": "platform", "employment_status": "employed", "occupation": "-骑手",
        "skill_level": 3, "residence_division": "490103001", "residence_text": "示例路1号",
    }  # fmt: skip
    records.edit(membership=full, values=values, by=SYSTEM)
    retained = make.membership(district.firm_a, name="测试员乙", phone_is_verified=True)
    memberships.retain(membership=retained, by=SYSTEM, reason_code="retirement")
    left = make.membership(district.firm_b, name="测试员丙", joined_on=dt.date(2020, 1, 1))
    memberships.close(membership=left, verb="resign", by=SYSTEM, reason="x",
                      ended_on=dt.date(2021, 1, 1))  # fmt: skip
    again = memberships.open_membership(
        by=SYSTEM,
        opening=memberships.Opening(
            person=left.person, unit=district.firm_a, group=left.group,
            joined_on=dt.date(2022, 1, 1),
        ),
    )  # fmt: skip
    stranger = make.membership(district.firm_a, id_type="passport", id_number="E12345678")
    return [plain, full, retained, left, again, stranger]


def exported(by, second, *, kind="xlsx", is_unmasked=False, language="en", chosen=ALL) -> bytes:
    wish = export_actions.Wish(
        list_name="members", columns=chosen, format=kind, is_unmasked=is_unmasked, reason="check"
    )
    with translation.override(language):
        request = export_actions.request(by=by, wish=wish)
    if request.state == "waiting":
        export_actions.approve(by=second, export=request)
    jobs.run(Job.objects.get(kind=export_actions.JOB, subject_id=request.pk).pk)
    return b"".join(files.open_blocks(ExportRequest.objects.get(pk=request.pk).file))


def cells(content: bytes) -> list[list[str]]:
    return (
        calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        .get_sheet_by_index(0)
        .to_python()
    )


def record_now() -> list[tuple]:
    people = [
        (one.pk, *(getattr(one, field.attname) for field in Person._meta.concrete_fields))
        for one in Person.objects.order_by("pk")
    ]
    return [*people, *Membership.objects.order_by("pk").values_list()]


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("is_unmasked", [False, True])
@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_export_comes_back_without_a_change(
    members, district, district_officer, second_officer, client_for, kind, is_unmasked, language
):
    content = exported(
        district_officer, second_officer, kind=kind, is_unmasked=is_unmasked, language=language
    )
    before, events = record_now(), AuditEvent.objects.filter(verb="membership.update").count()
    client = client_for(district_officer)
    response = client.post(
        reverse("members:import-register"),
        {"unit": str(district.unit.pk), "file": SimpleUploadedFile(f"e.{kind}", content),
         "form_id": "f"},
    )  # fmt: skip
    assert response.status_code == 302
    batch = ImportBatch.objects.get()
    jobs.run(batch.job.pk)
    batch = fresh(batch)
    assert [(verdict, codes) for _n, verdict, codes in outcome(batch)] == [
        ("unchanged", [])
    ] * len(members)  # fmt: skip
    page = client.get(batch.get_absolute_url()).content.decode()
    assert "0 changes: the record says the same as every row." in page
    other = client_for(second_officer)
    url = reverse("members:import-confirm", args=[batch.pk])
    assert other.post(url, {"form_id": "a"}).status_code == 400
    with pytest.raises(Refused, match="nothing to write"):
        actions.confirm(by=second_officer, batch=batch)
    assert record_now() == before
    assert AuditEvent.objects.filter(verb="membership.update").count() == events


def test_masked_cells_are_said_to_be_left(members, district, district_officer, second_officer):
    content = exported(district_officer, second_officer)
    batch = load_preview(district_officer, district.unit, content)
    row = batch.rows.exclude(name_masked="").order_by("number").first()
    said = [texts.reason(p) for p in row.problems]
    assert said == [
        "ID number: masked in the file, left as it is",
        "Mobile number: masked in the file, left as it is",
    ]


@pytest.mark.parametrize("is_unmasked", [False, True])
@pytest.mark.parametrize(
    ("title", "value", "field"),
    [("Education", "大专", "education"), ("Full name", "测试员新", "name"),
     ("Address", "示例路2号", "residence_text"), ("Plate", "豫B54321", "vehicle_plate"),
     ("Phone", "19912345678", "phone"), ("Skill grade", "一级", "skill_level")],
)  # fmt: skip
def test_one_edited_cell_is_the_one_difference(
    members,
    district,
    district_officer,
    second_officer,
    client_for,
    is_unmasked,
    title,
    value,
    field,
):
    lines = cells(exported(district_officer, second_officer, is_unmasked=is_unmasked))
    head, number = lines[0], members[1].member_no
    line = next(one for one in lines if number in one)
    line[head.index(title)] = value
    batch = load_preview(district_officer, district.unit, xlsx(lines[1:], head))
    changed = [row for row in batch.rows.all() if row.verdict != "unchanged"]
    assert [(row.verdict, [p["field"] for p in row.problems if ":" not in p["code"]])
            for row in changed] == [("update", [field])]  # fmt: skip
    assert (batch.counts["update"], batch.counts["unchanged"]) == (1, len(members) - 1)
    page = client_for(second_officer).get(f"{batch.get_absolute_url()}?rows=update")
    told = {"education": "Education: was ", "phone": "Mobile number: was "}
    if field in told:
        assert told[field] in page.content.decode()
    before = record_now()
    batch = write(batch, second_officer)
    assert batch.counts["written"] == 1
    one = Membership.objects.select_related("person").get(pk=members[1].pk)
    stored = {"education": "30", "skill_level": 1}.get(field, value)
    assert record.stored_value(one, record.BY_NAME[field]) == stored
    assert record_now() != before
    undo(batch, second_officer)
    plain = [tuple(row) for row in record_now()]
    assert plain == [tuple(row) for row in before]


def test_rows_are_never_guessed(members, district, district_officer, second_officer):
    chosen = ["name", "id_number", "group", "unit", "joined_on", "member_no"]
    lines = cells(exported(district_officer, second_officer, chosen=chosen))
    head = lines[0]
    line = next(one for one in lines if members[0].member_no in one)
    number, digits = head.index("Member number"), head.index("ID number")
    strange = [*line]
    strange[digits] = "4901**********9999"
    unknown = [*line]
    unknown[number] = "HY-404"
    without = [*line]
    without[number] = ""
    by_name = [*line]
    by_name[digits] = ""
    wrong_name = [*by_name]
    wrong_name[head.index("Full name")] = "别的人"
    found = {
        name: outcome(load_preview(district_officer, district.unit, xlsx([one], head)))[0][1:]
        for name, one in {
            "other digits": strange, "no such number": unknown, "no number": without,
            "name fits": by_name, "name differs": wrong_name,
        }.items()
    }  # fmt: skip
    assert found == {
        "other digits": ("rejected", ["not_recognised"]),
        "no such number": ("rejected", ["not_recognised"]),
        "no number": ("rejected", ["masked_alone"]),
        "name fits": ("unchanged", []),
        "name differs": ("rejected", ["not_recognised"]),
    }


def test_member_of_a_union_out_of_reach_is_not_recognised(
    members, district, district_officer, second_officer
):
    """A file for one union says nothing about the members of another."""
    chosen = ["name", "id_number", "group", "joined_on", "member_no"]
    lines = cells(exported(district_officer, second_officer, chosen=chosen))
    line = next(one for one in lines if members[1].member_no in one)
    batch = load_preview(district_officer, district.firm_a, xlsx([line], lines[0]))
    assert outcome(batch) == [(2, "rejected", ["not_recognised"])]


def test_ended_membership_without_its_standing_is_held(
    members, district, district_officer, second_officer
):
    chosen = ["name", "id_number", "group", "unit", "joined_on", "member_no"]
    lines = cells(exported(district_officer, second_officer, chosen=chosen))
    batch = load_preview(district_officer, district.unit, xlsx(lines[1:], lines[0]))
    verdicts = sorted((verdict, codes) for _n, verdict, codes in outcome(batch))
    assert verdicts == [("held", ["has_ended"]), *[("unchanged", [])] * 5]


def test_standing_is_never_changed_by_a_file(members, district, district_officer, second_officer):
    lines = cells(exported(district_officer, second_officer))
    head, place = lines[0], lines[0].index("Membership")
    retained = next(one for one in lines if members[2].member_no in one)
    retained[place] = "Active"
    fresh_one = [*next(one for one in lines if members[0].member_no in one)]
    fresh_one[head.index("ID number")] = make.id_number()
    fresh_one[head.index("Member number")] = ""
    fresh_one[place] = str(MembershipState.RESIGNED.label)
    for title in ("Sex", "Born on"):
        fresh_one[head.index(title)] = ""
    batch = load_preview(district_officer, district.unit, xlsx([retained, fresh_one], head))
    assert outcome(batch) == [
        (2, "held", ["recorded_state"]), (3, "held", ["not_active"]),
    ]  # fmt: skip


def test_roster_of_an_export_knows_everybody(members, district, district_officer, second_officer):
    content = exported(district_officer, second_officer, is_unmasked=True)
    batch = preview(district_officer, district.firm_a, content)
    verdicts = {verdict for _n, verdict, _codes in outcome(batch)}
    assert verdicts <= {"known", "duplicate", "held", "rejected"}
    assert batch.counts["new"] == 0
    masked = preview(district_officer, district.firm_a, exported(district_officer, second_officer))
    assert outcome(masked)[0][1:] == ("rejected", ["masked", "letters"])


def test_titles_of_exports_are_known():
    for language in ("en", "zh-hans"):
        with translation.override(language):
            layout = columns.LAYOUTS[ImportKind.REGISTRY]
            known = columns.aliases(layout.data, {})
            for one in record.FIELDS:
                assert str(one.label) in known[one.name] or str(one.label).casefold() in {
                    title.casefold() for title in known[one.name]
                }
