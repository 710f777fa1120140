"""New, known, duplicate, held, rejected: exact rows, counts and words."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from members.imports import actions, texts
from members.imports.actions import Upload
from members.imports.reading import open_file
from members.imports.staging import BLOCK_ROWS as CHUNK
from members.models import Application, ImportBatch, WorkerGroup
from members.states import ImportState
from tests.factories import members as make
from tests.members.roster_files import delimited, id_number, phone, worker, xlsx
from unionportal.core import jobs

pytestmark = pytest.mark.django_db


def preview(by, unit, content, filename="roster.xlsx", **options) -> ImportBatch:
    """Upload a roster and run its reading job."""
    table = open_file(content, filename, "roster")
    rows = sum(1 for _row in table.rows)
    roster = Upload(content=content, filename=filename, kind=table.kind, rows=rows)
    batch, _is_new = actions.upload(by=by, unit=unit, roster=roster, **options)
    assert jobs.run(batch.job.pk) is True
    return ImportBatch.objects.get(pk=batch.pk)


def outcome(batch):
    """Return (row number, verdict, codes without notes) of every row."""
    return [
        (row.number, row.verdict, [p["code"] for p in row.problems if ":" not in p["code"]])
        for row in batch.rows.order_by("number")
    ]


def counts(batch):
    names = ("new", "known", "duplicate", "held", "rejected", "rows")
    return tuple(batch.counts[name] for name in names)


def test_new_rows_write_nothing_yet(district, field_officer):
    batch = preview(field_officer, district.firm_a, xlsx([worker(1), worker(2)]))
    assert batch.state == ImportState.PREVIEWED
    assert counts(batch) == (2, 0, 0, 0, 0, 2)
    assert outcome(batch) == [(2, "new", []), (3, "new", [])]
    assert Application.objects.count() == 0
    assert batch.layout["columns"]["id_number"] == 1


def test_rows_are_encrypted_and_masked(district, field_officer):
    batch = preview(field_officer, district.firm_a, xlsx([worker(1)]))
    row = batch.rows.get()
    assert (row.name_masked, row.id_masked) == (
        "测**乙",
        id_number(1)[:4] + "*" * 10 + id_number(1)[-4:],
    )
    assert id_number(1) in row.typed  # opened by the key; the database holds bytes


def test_same_person_twice_counts_once(district, field_officer):
    batch = preview(field_officer, district.firm_a, xlsx([worker(1), worker(2), worker(1)]))
    assert outcome(batch) == [(2, "new", []), (3, "new", []), (4, "duplicate", ["same_row"])]
    assert counts(batch) == (2, 0, 1, 0, 0, 3)
    row = batch.rows.get(number=4)
    assert texts.reason(row.problems[0]) == "Same person as row 2. Counted once."


@pytest.mark.parametrize(
    ("title", "value", "code"),
    [
        ("姓名", "测试员戊", "other_name"),
        ("手机号", phone(77), "other_phone"),
        ("工作类别", "保安员", "other_group"),
    ],
)
def test_rows_that_disagree_are_both_held(district, field_officer, title, value, code):
    rows = [worker(1), worker(2), worker(1, **{title: value})]
    batch = preview(field_officer, district.firm_a, xlsx(rows))
    assert outcome(batch) == [(2, "held", [code]), (3, "new", []), (4, "held", [code])]
    assert counts(batch) == (1, 0, 0, 2, 0, 3)
    held = batch.rows.filter(verdict="held").order_by("number")
    assert [row.problems[0]["params"] for row in held] == [
        {"row": 4}, {"row": 2},
    ]  # fmt: skip


def test_disagreement_is_found_across_chunks(district, field_officer):
    rows = [worker(serial) for serial in range(CHUNK + 1)]
    rows.append(worker(0, 姓名="测试员戊"))
    batch = preview(field_officer, district.firm_a, xlsx(rows))
    assert counts(batch) == (CHUNK, 0, 0, 2, 0, CHUNK + 2)
    assert batch.rows.get(number=2).verdict == "held"
    assert batch.rows.get(number=CHUNK + 3).verdict == "held"


def test_spellings_of_one_name_agree(district, field_officer):
    rows = [worker(1, 姓名="买买提·艾力"), worker(1, 姓名="买买提.艾力")]
    batch = preview(field_officer, district.firm_a, xlsx(rows))
    assert [verdict for _n, verdict, _c in outcome(batch)] == ["new", "duplicate"]


def test_member_here_is_known(district, field_officer):
    make.membership(district.firm_a, id_number=id_number(1))
    batch = preview(field_officer, district.firm_a, xlsx([worker(1), worker(2)]))
    assert outcome(batch) == [(2, "known", ["member_here"]), (3, "new", [])]
    problem = batch.rows.get(number=2).problems[0]
    assert texts.reason(problem) == "Already a member here. Not written again."


def test_member_elsewhere_is_told_in_neutral_words(district, field_officer):
    make.membership(district.firm_b, id_number=id_number(1))
    make.application(district.firm_b, id_number=id_number(2))
    batch = preview(field_officer, district.firm_a, xlsx([worker(1), worker(2)]))
    assert outcome(batch) == [(2, "elsewhere", ["not_here"]), (3, "elsewhere", ["not_here"])]
    words = {texts.reason(row.problems[0]) for row in batch.rows.all()}
    assert words == {
        "Cannot be added here. The person can ask for a transfer on the phone or at the "
        "sub-district union."
    }


def test_open_application_here_is_known(district, field_officer):
    make.application(district.pool_a, id_number=id_number(1))
    batch = preview(field_officer, district.firm_a, xlsx([worker(1)]))
    assert outcome(batch) == [(2, "known", ["applied_here"])]


def test_member_who_left_is_new(district, field_officer):
    row = make.membership(district.firm_b, id_number=id_number(1))
    type(row).objects.filter(pk=row.pk).update(state="resigned", ended_on=row.joined_on)
    batch = preview(field_officer, district.firm_a, xlsx([worker(1)]))
    assert outcome(batch) == [(2, "new", [])]


def test_rejected_row_does_not_shadow_a_good_one(district, field_officer):
    rows = [worker(1, 手机号="123"), worker(1)]
    batch = preview(field_officer, district.firm_a, xlsx(rows))
    assert outcome(batch) == [(2, "rejected", ["missing_digits"]), (3, "new", [])]


def test_phone_of_many_people_is_noted(district, field_officer):
    rows = [worker(serial, 手机号=phone(9)) for serial in range(4)]
    batch = preview(field_officer, district.firm_a, xlsx(rows))
    assert counts(batch) == (4, 0, 0, 0, 0, 4)
    assert batch.counts["shared_phones"] == 1
    assert said(batch) == [
        "One mobile number stands for more than 3 people (rows 2, 3, 4, 5). Is it a foreman's or "
        "a family's?"
    ]


def said(batch):
    return [texts.note(note["code"], note["params"]) for note in batch.notes]


def test_preview_tells_what_was_noticed(district, field_officer):
    def edit(_book, sheet):
        sheet.set_row(4, None, None, {"hidden": True})

    header = ["姓名", "证件号码", "手机号", "工作类别", "车牌号", "平台名称", "备注"]
    rows = [
        [*worker(1, 手机号=19900000001), "x"],
        [*worker(2, 工作类别="货运司机"), "x"],
        [*worker(3, 工作类别=""), "x"],
    ]
    content = xlsx(rows, header, above=[["示例公司职工名册"]], edit=edit)
    guard = WorkerGroup.objects.get(code="SECURITY_GUARD")
    batch = preview(field_officer, district.firm_a, content, default_group=guard)
    assert said(batch) == [
        "Hidden rows, read like all others: 1.",
        "Rows left out above the header: 1.",
        "Columns that are not used: 备注.",
        "Mobile number: The cell held a number; it was read as text (rows: 1)",
        "Other words for a kind of work were understood: 1.",
        "Rows without a kind of work took “保安员”: 1.",
    ]
    assert [number for number, _v, _c in outcome(batch)] == [3, 4, 5]


def test_encoding_of_text_is_said(district, field_officer):
    batch = preview(field_officer, district.firm_a, delimited([worker(1)], "gbk"), "r.csv")
    assert said(batch) == ["Read as GB18030."]
    with translation.override("zh-hans"):
        assert "GB18030" in said(batch)[0]


def test_queries_do_not_grow_with_rows(district, field_officer):
    few, many = xlsx([worker(1)]), xlsx([worker(serial) for serial in range(500)])
    with CaptureQueriesContext(connection) as first:
        preview(field_officer, district.firm_a, few)
    with CaptureQueriesContext(connection) as second:
        preview(field_officer, district.firm_a, many)
    assert len(second) <= len(first)


def test_reading_again_after_a_kill_starts_clean(district, field_officer):
    batch = preview(field_officer, district.firm_a, xlsx([worker(1), worker(2)]))
    ImportBatch.objects.filter(pk=batch.pk).update(state=ImportState.UPLOADED)
    job = jobs.start(kind=actions.READ, by=field_officer, subject_id=batch.pk, total=2)
    jobs.run(job.pk)
    batch.refresh_from_db()
    assert batch.state == ImportState.PREVIEWED
    assert counts(batch) == (2, 0, 0, 0, 0, 2)
    assert batch.rows.count() == 2


def test_reading_a_previewed_roster_does_nothing(district, field_officer):
    batch = preview(field_officer, district.firm_a, xlsx([worker(1)]))
    before = list(batch.rows.values_list("pk", flat=True))
    jobs.run(jobs.start(kind=actions.READ, by=field_officer, subject_id=batch.pk).pk)
    assert list(batch.rows.values_list("pk", flat=True)) == before


def test_file_that_is_gone_fails_the_import_with_words(district, field_officer, settings, tmp_path):
    content = xlsx([worker(1)])
    roster = Upload(content=content, filename="r.xlsx", kind="xlsx", rows=1)
    batch, _is_new = actions.upload(by=field_officer, unit=district.firm_a, roster=roster)
    settings.FILES_ROOT = tmp_path / "empty"
    jobs.run(batch.job.pk)
    batch.refresh_from_db()
    assert batch.state == ImportState.FAILED
    assert batch.error == "This file was deleted when its storage term ended."
