"""The pages of a roster as an officer meets them."""

from __future__ import annotations

import io
import re
import zipfile

import pytest
import python_calamine as calamine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from members.models import Application, HeaderAlias, ImportBatch, WorkerGroup
from members.states import ImportState
from tests.factories import members as make
from tests.members.roster_files import (
    HEADER,
    delimited,
    id_number,
    phone,
    worker,
    xlsx,
    zip_bomb,
)
from tests.members.test_roster_verdicts import preview
from unionportal.core import files, jobs
from unionportal.core.models import Attachment, RevealEvent

pytestmark = pytest.mark.django_db
NEW = reverse("members:import-new")


def post(client, unit, content, name="roster.xlsx", form_id="f1", **fields):
    data = {"unit": str(unit.pk), "file": SimpleUploadedFile(name, content), "form_id": form_id}
    return client.post(NEW, {**data, **fields})


@pytest.fixture
def client(client_for, field_officer):
    return client_for(field_officer)


@pytest.fixture
def mixed(district, field_officer):
    """One row of every verdict: new 2, known 3, duplicate 4, elsewhere 5, rejected 6."""
    make.membership(district.firm_a, id_number=id_number(2))
    make.membership(district.firm_b, id_number=id_number(3))
    rows = [worker(1), worker(2), worker(1), worker(3), worker(4, 手机号="1990000000")]
    return preview(field_officer, district.firm_a, xlsx(rows))


def test_upload_keeps_the_file_and_starts_reading(client, district, field_officer):
    employer = make.employer(district.area_a, covered_by=district.firm_a)
    response = post(client, district.firm_a, xlsx([worker(1)]), "示例 名册.xlsx")
    batch = ImportBatch.objects.get()
    assert (response.status_code, response.url) == (302, batch.get_absolute_url())
    assert (batch.state, batch.employer, batch.created_by) == ("uploaded", employer, field_officer)
    assert batch.file.name == "示例 名册.xlsx"
    assert b"PK" not in (files._path(batch.file)).read_bytes()[:40]
    assert (batch.job.kind, batch.job.total) == ("members.read_import", 1)
    page = client.get(response.url)
    assert b"File uploaded: 1 row." in page.content
    assert b'hx-trigger="every 1s"' in page.content


def renamed_text():
    return "这不是表格".encode(), "roster.xlsx"


def too_many():
    line = ",".join(str(cell) for cell in worker(1)).encode("gbk")
    return ",".join(HEADER).encode("gbk") + b"\n" + b"\n".join([line] * 60_000), "roster.csv"


def nothing_but_header():
    return xlsx([]), "roster.xlsx"


def broken_archive():
    return xlsx([worker(1)])[:2_000], "roster.xlsx"


def other_archive():
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as package:
        package.writestr("a.txt", "a")
    return target.getvalue(), "roster.xlsx"


def column_twice():
    return xlsx([[*worker(1), phone(1)]], [*HEADER, "手机"]), "roster.xlsx"


@pytest.mark.parametrize(
    ("make_file", "status", "words"),
    [
        (renamed_text, 400, "By its content this is a .csv file"),
        (too_many, 400, "more than 50000 rows. Split it"),
        (nothing_but_header, 400, "There are no data rows. Fill in the rows below the header."),
        (lambda: (b"", "roster.xlsx"), 400, "The file is empty."),
        (broken_archive, 400, "The file is damaged or cut off."),
        (other_archive, 400, "spreadsheet"),
        (column_twice, 400, "is there twice (columns C, G). Keep one of them."),
        (lambda: (zip_bomb(), "roster.xlsx"), 400, "far larger than a roster can be"),
        (lambda: (b"\x89PNG" + b"x" * 100, "roster.xlsx"), 400, "spreadsheet"),
        (lambda: (b"PK" + b"x" * 26 * 1024 * 1024, "r.xlsx"), 413, "larger than 25 MB"),
    ],
)
def test_bad_file_is_a_field_error_and_nothing_is_kept(client, district, make_file, status, words):
    content, name = make_file()
    response = post(client, district.firm_a, content, name, default_group="TRUCK_DRIVER")
    assert response.status_code == status
    page = response.content.decode().replace("&#x27;", "'")
    assert words in page
    assert f'name="unit" value="{district.firm_a.pk}"' in page
    assert 'value="TRUCK_DRIVER" selected' in page
    assert ImportBatch.objects.count() == 0
    assert Attachment.objects.count() == 0


def test_file_without_kinds_of_work_needs_one_for_all(client, district):
    content = delimited([worker(1)[:3]], "utf-8", HEADER[:3])
    response = post(client, district.firm_a, content, "r.csv")
    assert response.status_code == 400
    assert "The file has no column “Kind of work”." in response.content.decode()
    again = post(client, district.firm_a, content, "r.csv", default_group="SECURITY_GUARD")
    assert again.status_code == 302
    guard = WorkerGroup.objects.get(code="SECURITY_GUARD")
    assert ImportBatch.objects.get().default_group == guard


def test_scan_must_be_a_scan(client, district):
    scan = SimpleUploadedFile("list.pdf", b"not a scan")
    response = post(client, district.firm_a, xlsx([worker(1)]), signed_list=scan)
    assert response.status_code == 400
    assert b"This is not a PDF, PNG or JPEG file." in response.content


def test_signed_list_is_kept(client, district):
    scan = SimpleUploadedFile("list.pdf", make.PDF)
    post(client, district.firm_a, xlsx([worker(1)]), signed_list=scan)
    batch = ImportBatch.objects.get()
    assert (batch.signed_list.kind, batch.signed_list.expires_at) == ("signed_list", None)
    assert files.open_content(batch.signed_list) == make.PDF


def test_same_file_again_leads_to_the_first_import(client, district):
    content = xlsx([worker(1)])
    first = post(client, district.firm_a, content)
    second = post(client, district.firm_a, content, form_id="f2", follow=True)
    assert second.url == first.url
    assert b"This file was uploaded for this unit before." in client.get(second.url).content
    assert (ImportBatch.objects.count(), Attachment.objects.count()) == (1, 1)


def test_same_file_for_another_unit_is_another_import(client, district):
    content = xlsx([worker(1)])
    post(client, district.firm_a, content)
    post(client, district.pool_a, content, form_id="f2")
    assert ImportBatch.objects.count() == 2


def test_double_click_uploads_once(client, district):
    content = xlsx([worker(1)])
    urls = {post(client, district.firm_a, content).url for _click in range(2)}
    assert len(urls) == 1
    assert ImportBatch.objects.count() == 1


def test_unit_out_of_reach_is_no_choice(client, district):
    response = post(client, district.firm_b, xlsx([worker(1)]))
    assert response.status_code == 400
    assert b"Choose one from the list." in response.content


def test_unit_that_takes_no_members_is_no_choice(client, district):
    assert post(client, district.unit_a, xlsx([worker(1)])).status_code == 400


def test_preview_shows_counts_and_reasons_masked(client, mixed):
    page = client.get(mixed.get_absolute_url()).content.decode()
    counts = dict(re.findall(r'data-count="(\w+)">([\d,]+)<', page))
    assert counts == {
        "new": "1", "known": "1", "duplicate": "1", "elsewhere": "1", "held": "0", "rejected": "1",
        "reported": "5", "recorded": "1", "qualified": "0",
    }  # fmt: skip
    assert "One digit is missing; 11 are needed." in page
    assert "Same person as row 2. Counted once." in page
    assert "Write 1 row" in page
    assert "each worker gets a text message" in page
    assert id_number(4) not in page
    assert phone(3) not in page
    assert f'data-object-id="{mixed.pk}" data-object-kind="import"' in page


@pytest.mark.parametrize(
    ("tab", "numbers"),
    [
        ("look", [3, 4, 5, 6]),
        ("new", [2]),
        ("known", [3]),
        ("duplicate", [4]),
        ("elsewhere", [5]),
        ("rejected", [6]),
        ("all", [2, 3, 4, 5, 6]),
    ],
)
def test_tab_shows_its_rows(client, mixed, tab, numbers):
    response = client.get(mixed.get_absolute_url(), {"rows": tab})
    assert [row.number for row in response.context["rows"]] == numbers


def test_unknown_tab_is_refused(client, mixed):
    assert client.get(mixed.get_absolute_url(), {"rows": "nosuch"}).status_code == 400


def test_rows_are_paged_by_keyset(client, district, field_officer):
    rows = [worker(serial) for serial in range(60)]
    batch = preview(field_officer, district.firm_a, xlsx(rows))
    first = client.get(batch.get_absolute_url(), {"rows": "new"})
    assert [row.number for row in first.context["rows"]] == list(range(2, 52))
    cursor = first.context["page"].next
    second = client.get(batch.get_absolute_url(), {"rows": "new", "after": cursor})
    assert [row.number for row in second.context["rows"]] == list(range(52, 62))


def test_preview_costs_the_same_for_many_rows(client, district, field_officer):
    small = preview(field_officer, district.firm_a, xlsx([worker(1)]))
    big = preview(field_officer, district.firm_a, xlsx([worker(n) for n in range(2, 60)]))
    client.get(small.get_absolute_url())
    with CaptureQueriesContext(connection) as few:
        client.get(small.get_absolute_url())
    with CaptureQueriesContext(connection) as many:
        client.get(big.get_absolute_url())
    assert len(few) == len(many)


def test_markup_in_a_cell_is_shown_as_text(client, district, field_officer):
    row = worker(1, 姓名="<script>alert(1)</script>", 工作类别="<b>x</b>")
    batch = preview(field_officer, district.firm_a, xlsx([row]))
    page = client.get(batch.get_absolute_url()).content.decode()
    assert "<b>x" not in page
    assert "&lt;b&gt;x" in page


def test_confirm_writes_and_shows_the_result(client, mixed):
    url = reverse("members:import-confirm", args=[mixed.pk])
    response = client.post(url, {"form_id": "c1"})
    assert response.url == mixed.get_absolute_url()
    assert b"Writing 1 row." in client.get(response.url).content
    again = client.post(url, {"form_id": "c1"})
    assert again.url == mixed.get_absolute_url()
    mixed.refresh_from_db()
    jobs.run(mixed.job.pk)
    page = client.get(mixed.get_absolute_url()).content.decode()
    assert '<span data-count="written">1</span> row written' in page
    assert "4 rows were not written" in page
    assert reverse("members:application-list") in page
    assert Application.objects.filter(source="roster").count() == 1


def test_confirm_of_a_written_roster_is_409(client, mixed):
    url = reverse("members:import-confirm", args=[mixed.pk])
    client.post(url, {"form_id": "c1"})
    assert client.post(url, {"form_id": "c2"}).status_code == 409


def test_progress_asks_again_until_the_work_is_over(client, district):
    post(client, district.firm_a, xlsx([worker(1)]))
    batch = ImportBatch.objects.get()
    asked = client.get(batch.get_absolute_url(), headers={"HX-Request": "true"})
    assert b'hx-trigger="every 1s"' in asked.content
    jobs.run(batch.job.pk)
    over = client.get(batch.get_absolute_url(), headers={"HX-Request": "true"})
    assert over.headers["HX-Refresh"] == "true"


def test_broken_writing_can_be_gone_on_with(client, mixed):
    url = reverse("members:import-confirm", args=[mixed.pk])
    client.post(url, {"form_id": "c1"})
    mixed.refresh_from_db()
    jobs.fail(mixed.job, error="internal")
    assert b"Go on writing" in client.get(mixed.get_absolute_url()).content
    assert client.post(url, {"form_id": "c2"}).status_code == 302


def test_cancel_drops_the_roster(client, mixed):
    response = client.post(reverse("members:import-cancel", args=[mixed.pk]))
    assert response.url == reverse("members:import-list")
    assert ImportBatch.objects.get().state == ImportState.CANCELLED
    page = client.get(mixed.get_absolute_url())
    assert b"This import was dropped." in page.content


def test_list_shows_own_rosters_only(client, mixed, client_for, neighbour_officer):
    url = reverse("members:import-list")
    assert mixed.get_absolute_url() in client.get(url).content.decode()
    other = client_for(neighbour_officer).get(url).content.decode()
    assert mixed.get_absolute_url() not in other
    assert "No imports yet" in other


def test_other_officers_roster_is_not_found(mixed, client_for, neighbour_officer):
    other = client_for(neighbour_officer)
    assert other.get(mixed.get_absolute_url()).status_code == 404
    for name in ("confirm", "cancel", "rejected"):
        url = reverse(f"members:import-{name}", args=[mixed.pk])
        assert other.post(url, {"form_id": "x"}).status_code == 404
        assert other.get(url).status_code == 405


@pytest.mark.parametrize("role", ["auditor", "finance_maker", "system_admin"])
def test_who_may_not_enrol_sees_no_roster(mixed, client_for, request, role):
    other = client_for(request.getfixturevalue(role))
    for name in ("list", "new", "template"):
        assert other.get(reverse(f"members:import-{name}")).status_code == 403
    assert other.get(mixed.get_absolute_url()).status_code == 403


def rejected(client, batch):
    return client.post(reverse("members:import-rejected", args=[batch.pk]))


def cells(content):
    """Return the rows of the first sheet."""
    return calamine.load_workbook(io.BytesIO(content)).get_sheet_by_index(0).to_python()


def part(content, name):
    """Return one XML part of a workbook."""
    return zipfile.ZipFile(io.BytesIO(content)).read(name).decode()


def test_rows_to_correct_come_back_as_typed(client, mixed):
    content = rejected(client, mixed).content
    lines = cells(content)
    assert lines[0] == [*HEADER, "Result", "Returned because"]
    assert [line[:4] for line in lines[1:]] == [
        ["测试员丁", id_number(3), phone(3), "货车司机"],
        ["测试员戊", id_number(4), "1990000000", "货车司机"],
    ]
    assert lines[2][-1] == "One digit is missing; 11 are needed."
    sheet = part(content, "xl/worksheets/sheet1.xml")
    styles = dict(re.findall(r'<c r="([A-G]3)" s="(\d+)"', sheet))
    assert styles["C3"] != styles["A3"] == styles["B3"]
    assert 'sqref="D2:D3"' in sheet  # the kinds of work to choose from
    comments = part(content, "xl/comments1.xml")
    assert 'ref="C3"' in comments
    assert "One digit is missing; 11 are needed." in comments
    event = RevealEvent.objects.get()
    assert (event.actor_label, event.target_id, event.row_count) == (
        "field_officer",
        str(mixed.pk),
        2,
    )


def test_corrected_rows_can_be_uploaded_again(client, district, field_officer):
    batch = preview(field_officer, district.firm_a, xlsx([worker(4, 手机号="1990000000")]))
    header, line = cells(rejected(client, batch).content)
    line[2] = phone(4)
    again = preview(field_officer, district.firm_a, xlsx([line], header))
    assert [(row.number, row.verdict) for row in again.rows.all()] == [(2, "new")]
    assert again.notes == []


def test_rows_wrong_again_come_back_with_one_reason_column(client, district, field_officer):
    batch = preview(field_officer, district.firm_a, xlsx([worker(4, 手机号="1990000000")]))
    again = preview(field_officer, district.firm_a, rejected(client, batch).content)
    assert cells(rejected(client, again).content)[0] == [*HEADER, "Result", "Returned because"]


def test_destroyed_number_stays_destroyed(client, district, field_officer):
    row = worker(1, 证件号码=490103199003070000, 工作类别="")
    content = xlsx([[*row[:3], *row[4:]]], [*HEADER[:3], *HEADER[4:]])
    batch = preview(field_officer, district.firm_a, content)
    lines = cells(rejected(client, batch).content)
    assert lines[1][1] == "4.90103E+17"
    assert "The spreadsheet destroyed the number" in lines[1][-1]
    assert "No kind of work is filled in." in lines[1][-1]
    again = preview(field_officer, district.firm_a, xlsx(lines[1:], lines[0]))
    assert again.rows.get().problems[0]["code"] == "number_cell"


def test_only_the_uploader_or_who_may_reveal_takes_rows_out(
    mixed, client_for, make_user, district, subdistrict_officer
):
    colleague = make_user("colleague", "field_officer", district.unit_a)
    assert rejected(client_for(colleague), mixed).status_code == 403
    assert rejected(client_for(subdistrict_officer), mixed).status_code == 200
    assert RevealEvent.objects.count() == 1


@pytest.mark.parametrize(("language", "title"), [("en", "Name*"), ("zh-hans", "姓名*")])
def test_template_is_a_form_to_fill_in(client_for, field_officer, language, title):
    url = reverse("members:import-template")
    content = client_for(field_officer, language).get(url).content
    assert cells(content)[0][0] == title
    sheet = part(content, "xl/worksheets/sheet1.xml")
    assert 'topLeftCell="A2"' in sheet
    assert 'state="frozen"' in sheet
    assert 'sqref="D2:D1001"' in sheet
    [choices] = re.findall(r"<formula1>&quot;(.*)&quot;</formula1>|<formula1>\"(.*)\"<", sheet)
    assert len("".join(choices).split(",")) == WorkerGroup.objects.count()
    workbook = part(content, "xl/workbook.xml")
    assert 'name="_portal"' in workbook
    assert 'state="veryHidden"' in workbook


def test_filled_in_template_is_new(client, district, field_officer):
    content = client.get(reverse("members:import-template")).content
    line = ["测试员甲", id_number(1), phone(1), "Truck driver", "", ""]
    batch = preview(field_officer, district.firm_a, xlsx([line], cells(content)[0]))
    assert [row.verdict for row in batch.rows.all()] == ["new"]
    assert batch.notes == []


def test_whole_file_comes_back_with_results(client, mixed):
    url = reverse("members:import-rejected", args=[mixed.pk])
    lines = cells(client.post(url, {"what": "all"}).content)
    assert lines[0] == [*HEADER, "Result", "Returned because"]
    assert [line[-2] for line in lines[1:]] == [
        "New", "Already known", "Twice in the file", "Known elsewhere", "Rejected",
    ]  # fmt: skip
    assert lines[2][-1] == "Already a member here. Not written again."
    assert RevealEvent.objects.get().row_count == 5


def test_large_file_comes_back_as_a_job(client, mixed, field_officer, monkeypatch):
    monkeypatch.setattr("members.imports.views.MOST_AT_ONCE", 4)
    url = reverse("members:import-rejected", args=[mixed.pk])
    answer = client.post(url, {"what": "all"})
    job = jobs.Job.objects.get(kind="members.give_back_import")
    assert answer.url == reverse("core:job-detail", args=[job.pk])
    jobs.run(job.pk)
    job.refresh_from_db()
    assert job.state == "done"
    assert len(cells(files.open_content(job.result))) == 6


def test_corrected_rows_continue_the_import(client, mixed, district):
    header, elsewhere, bad = cells(rejected(client, mixed).content)
    content = rejected(client, mixed).content
    post(client, district.firm_a, content, form_id="again")
    again = ImportBatch.objects.exclude(pk=mixed.pk).get()
    assert again.continues == mixed
    page = client.get(mixed.get_absolute_url()).content.decode()
    assert again.get_absolute_url() in page
    assert mixed.get_absolute_url() in client.get(again.get_absolute_url()).content.decode()
    assert (header[0], elsewhere[-2], bad[-2]) == ("姓名", "Known elsewhere", "Rejected")


ODD = ["员工", "证件号码", "联络方式一", "工作类别"]


def odd_file(serial=1):
    return xlsx([["测试员甲", id_number(serial), phone(serial), "货车司机"]], ODD)


def test_unknown_columns_are_named_once(client, district):
    answer = post(client, district.firm_a, odd_file())
    batch = ImportBatch.objects.get()
    assert (answer.url, batch.state) == (batch.get_absolute_url(), "mapping")
    page = client.get(answer.url).content.decode()
    assert "Which column holds what?" in page
    assert '<option value="证件号码" selected>' in page
    url = reverse("members:import-columns", args=[batch.pk])
    named = {"name": "员工", "id_number": "证件号码", "phone": "联络方式一", "group": "工作类别"}
    assert client.post(url, named).url == batch.get_absolute_url()
    batch.refresh_from_db()
    jobs.run(batch.job.pk)
    assert [row.verdict for row in batch.rows.all()] == ["new"]
    post(client, district.firm_a, odd_file(2), form_id="f2")
    second = ImportBatch.objects.exclude(pk=batch.pk).get()
    assert (second.state, second.counts["rows"]) == ("uploaded", 1)


@pytest.mark.parametrize(
    ("named", "words"),
    [
        (["员工", "证件号码", ""], "“Mobile number”"),
        (["员工", "员工", "联络方式一"], "This column is chosen twice."),
        (["没有", "证件号码", "联络方式一"], "Select a valid choice."),
    ],
)
def test_wrong_naming_is_said_and_nothing_learnt(client, district, named, words):
    named = dict(zip(("name", "id_number", "phone"), named, strict=True))
    post(client, district.firm_a, odd_file())
    batch = ImportBatch.objects.get()
    answer = client.post(reverse("members:import-columns", args=[batch.pk]), named)
    assert answer.status_code == 400
    assert words in answer.content.decode()
    assert ImportBatch.objects.get().state == "mapping"
    assert HeaderAlias.objects.count() == 0


def test_columns_of_another_unit_are_not_known(client, district):
    post(client, district.firm_a, odd_file())
    url = reverse("members:import-columns", args=[ImportBatch.objects.get().pk])
    client.post(url, {"name": "员工", "id_number": "证件号码", "phone": "联络方式一"})
    post(client, district.pool_a, odd_file(3), form_id="f3")
    assert ImportBatch.objects.get(unit=district.pool_a).state == "mapping"


def test_what_was_normalised_is_shown(client, district, field_officer):
    row = worker(1, 手机号="+86 " + phone(1))
    batch = preview(field_officer, district.firm_a, xlsx([row]))
    page = client.get(batch.get_absolute_url(), {"rows": "new"}).content.decode()
    assert f"Read as Mobile number: {phone(1)[:3]}****{phone(1)[-4:]}" in page
