"""Lists as files: masked alone, a second person for more, seven days, logged."""

from __future__ import annotations

import csv
import io

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from python_calamine import CalamineWorkbook

from members.models import Membership, Person
from tests.factories import members as make
from unionportal.core import jobs
from unionportal.core.errors import NotAllowed, Refused, Stale
from unionportal.core.exports import actions, writing
from unionportal.core.exports.actions import Wish
from unionportal.core.models import ExportRequest, Job, RevealEvent

pytestmark = pytest.mark.django_db


def wish(**more):
    values = {"list_name": "members", "columns": ["name", "id_number", "group"], "format": "csv"}
    return Wish(**{**values, **more})


def run(export):
    jobs.run(Job.objects.get(kind=actions.JOB, subject_id=export.pk).pk)
    export.refresh_from_db()
    return export


def rows_of(export, by):
    content = b"".join(actions.download(by=by, export=export))
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


def test_a_small_masked_file_needs_nobody_else(district, subdistrict_officer):
    mine = make.membership(district.firm_a, name="张明")
    make.membership(district.firm_b, name="李雷")
    Person.objects.filter(pk=mine.person_id).update(name="=张明")

    export = run(actions.request(by=subdistrict_officer, wish=wish()))

    assert (export.state, export.row_count, export.written) == ("ready", 1, 1)
    assert rows_of(export, subdistrict_officer) == [
        ["Full name", "ID number", "Group"],
        ["'=张明", mine.person.id_masked, "Parcel courier"],
    ]
    event = RevealEvent.objects.get()
    assert (event.row_count, event.fields) == (2, ["name", "id_number", "group"])


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_file_of_several_chunks_is_written_to_its_end(
    kind, district, district_officer, monkeypatch
):
    monkeypatch.setattr(writing, "CHUNK", 1)
    for _n in range(3):
        make.membership(district.firm_a)
    export = run(actions.request(by=district_officer, wish=wish(format=kind)))
    assert (export.state, export.written) == ("ready", 3)


def test_filters_narrow_the_file_and_a_wrong_one_is_refused(district, district_officer):
    make.membership(district.firm_a, name="张明")
    make.membership(district.firm_b, name="李雷")
    unit = district.unit_b.pk

    export = run(actions.request(by=district_officer, wish=wish(query=f"unit={unit}")))

    assert [row[0] for row in rows_of(export, district_officer)][1:] == ["李雷"]
    for query in ("untt=1", "unit=1", "joined_from=2026-13-01"):
        with pytest.raises(Refused):
            actions.request(by=district_officer, wish=wish(query=query))


def test_full_numbers_wait_for_a_second_person(
    district, subdistrict_officer, neighbour_officer, district_officer
):
    member = make.membership(district.firm_a)
    asked = wish(is_unmasked=True, reason="bank asks for the list")

    with pytest.raises(Refused, match="what the file is for"):
        actions.request(by=subdistrict_officer, wish=wish(is_unmasked=True))
    export = actions.request(by=subdistrict_officer, wish=asked)
    assert (export.state, Job.objects.count()) == ("waiting", 0)
    with pytest.raises(NotAllowed, match="nobody approves an own request"):
        actions.approve(by=subdistrict_officer, export=export)
    with pytest.raises(NotAllowed, match="outside your area"):
        actions.approve(by=neighbour_officer, export=export)
    actions.approve(by=district_officer, export=export)
    with pytest.raises(Stale):
        actions.refuse(by=district_officer, export=export, reason="too late")
    run(export)

    assert rows_of(export, subdistrict_officer)[1][1] == member.person.id_number
    with pytest.raises(NotAllowed, match="Only the person who asked"):
        actions.download(by=district_officer, export=export)


def test_the_database_refuses_a_file_agreed_by_its_asker(district, subdistrict_officer):
    make.membership(district.firm_a)
    export = actions.request(by=subdistrict_officer, wish=wish())
    with pytest.raises(IntegrityError), transaction.atomic():
        ExportRequest.objects.filter(pk=export.pk).update(decided_by=subdistrict_officer)


def test_many_rows_wait_for_a_second_person(district, district_officer, monkeypatch):
    monkeypatch.setattr(actions, "ROWS_ALONE", 1)
    make.membership(district.firm_a)
    make.membership(district.firm_a)
    export = actions.request(by=district_officer, wish=wish(reason="yearly report"))
    assert export.state == "waiting"


def test_a_workbook_holds_the_same_rows(district, district_officer):
    member = make.membership(district.firm_a, name="㛃𬭎")
    export = run(actions.request(by=district_officer, wish=wish(format="xlsx")))
    content = b"".join(actions.download(by=district_officer, export=export))
    [sheet] = CalamineWorkbook.from_filelike(io.BytesIO(content)).sheet_names
    cells = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_name(sheet)
    assert cells.to_python()[-1] == ["㛃𬭎", member.person.id_masked, "Parcel courier"]


@pytest.mark.parametrize("name", ["applications", "employers", "units"])
def test_other_lists_are_files_as_well(name, district, subdistrict_officer):
    make.application(district.firm_a)
    make.employer(district.area_a)
    make.employer(district.area_b)
    source = actions.registry.get(name)
    columns = [one.name for one in source.columns]

    export = run(
        actions.request(by=subdistrict_officer, wish=wish(list_name=name, columns=columns))
    )

    found = rows_of(export, subdistrict_officer)
    assert found[0] == [str(one.title) for one in source.columns]
    expected = {"applications": 1, "employers": 1, "units": 3}[name]
    assert len(found) - 1 == export.row_count == expected


def test_rights_are_read_again_when_the_file_is_written(district, subdistrict_officer):
    make.membership(district.firm_a)
    export = actions.request(by=subdistrict_officer, wish=wish())
    subdistrict_officer.grants.all().delete()

    run(export)

    assert (export.state, export.written) == ("ready", 0)


def test_the_pages_lead_from_the_list_to_the_file(
    district, subdistrict_officer, district_officer, client_for
):
    make.membership(district.firm_a)
    client, chief = client_for(subdistrict_officer), client_for(district_officer)
    form = client.get(reverse("core:export-new", args=["members"]), {"group": "PARCEL_COURIER"})
    assert form.context["form"]["query"].value() == "group=PARCEL_COURIER"

    data = {
        "query": "group=PARCEL_COURIER", "columns": ["name", "id_number"], "format": "csv",
        "is_unmasked": "on", "reason": "bank asks",
        "form_id": "01a2008d-7400-702b-a0a6-a1550e818d3a",
    }  # fmt: skip
    asked = client.post(reverse("core:export-new", args=["members"]), data)
    export = ExportRequest.objects.get()
    seen = chief.get(reverse("core:export-list")).content.decode()
    agreed = chief.post(reverse("core:export-approve", args=[export.pk]))
    run(export)
    taken = client.post(reverse("core:export-download", args=[export.pk]))
    by_chief = chief.post(reverse("core:export-download", args=[export.pk]))

    assert asked.url == reverse("core:export-detail", args=[export.pk])
    assert asked.url in seen
    assert (agreed.status_code, by_chief.status_code) == (302, 404)
    text = b"".join(taken.streaming_content).decode("utf-8-sig")
    assert Membership.objects.get().person.id_number in text
    assert "no-store" in taken["Cache-Control"]
