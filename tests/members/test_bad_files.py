"""Every class 1 to 41 of the bad-input corpus, as files an officer uploads, for both kinds."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from members.models import ImportBatch
from members.states import ImportKind
from tests.factories import members as make
from tests.members import registry_files
from tests.members.bad_files import FILES, MAPPING
from tests.members.bad_rows import ACCEPTED, DAYS, ROWS
from tests.members.roster_files import HEADER, id_number, worker, xlsx
from unionportal.core import jobs
from unionportal.core.models import Attachment

pytestmark = pytest.mark.django_db
PAGES = {ImportKind.ROSTER: "members:import-new", ImportKind.REGISTRY: "members:import-register"}
KINDS = list(PAGES)  # what comes as a file
HEADERS = {ImportKind.ROSTER: HEADER, ImportKind.REGISTRY: registry_files.HEADER}


def line(kind, serial, **changes):
    """Return a good row of a kind; a roster has no day of joining."""
    if kind == ImportKind.REGISTRY:
        return registry_files.member(serial, **changes)
    return worker(serial, **{title: v for title, v in changes.items() if title != "入会日期"})


@pytest.fixture
def upload(district, district_officer, client_for):
    """Upload a file as the district officer; return the answer."""
    client = client_for(district_officer)

    def send(kind, content, name="r.xlsx"):
        file = SimpleUploadedFile(name, content)
        fields = {"unit": str(district.firm_a.pk), "file": file, "form_id": f"{kind}{name}"}
        return client.post(reverse(PAGES[kind]), fields)

    send.client = client
    return send


def read(upload, kind, content, name="r.xlsx"):
    """Upload a file that is to be accepted and read it; return the import and its page."""
    answer = upload(kind, content, name)
    assert answer.status_code == 302, answer.content.decode()[-3_000:]
    batch = ImportBatch.objects.latest("created_at")
    jobs.run(batch.job.pk)
    page = upload.client.get(answer.url, {"rows": "all"})
    assert page.status_code == 200
    batch.refresh_from_db()
    assert batch.state == "previewed", batch.error
    return batch, page.content.decode()


def outcomes(batch):
    return [
        (row.verdict, [p["code"] for p in row.problems if not p["code"].startswith("note:")])
        for row in batch.rows.order_by("number")
    ]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("number", sorted(ROWS))
def test_row_class(upload, number, kind):
    cases = ROWS[number]
    rows = [line(kind, 500 + 10 * number + n, **cells) for n, (_w, cells, _o) in enumerate(cases)]
    batch, page = read(upload, kind, xlsx(rows, HEADERS[kind]))
    wanted = [("rejected", [o]) if o != ACCEPTED else ("new", []) for _w, _cells, o in cases]
    assert outcomes(batch) == wanted
    assert id_number(500 + 10 * number) not in page


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("number", sorted(DAYS))
def test_day_class(upload, number, kind):
    rows, header = [], [*HEADERS[kind], "入会日期"]
    for n, (_words, cells, _outcome) in enumerate(DAYS[number]):
        row = line(kind, 500 + n, **cells)
        rows.append(row if kind == ImportKind.REGISTRY else [*row, *cells.values()])
    header = HEADERS[kind] if kind == ImportKind.REGISTRY else header
    batch, _page = read(upload, kind, xlsx(rows, header))
    for (_words, _cells, outcome), found in zip(DAYS[number], outcomes(batch), strict=True):
        is_good = outcome == ACCEPTED or kind == ImportKind.ROSTER
        assert found == (("new", []) if is_good else ("rejected", [outcome]))


FILE_CASES = [
    pytest.param(number, words, make_file, outcome, id=f"{number}-{words}")
    for number, cases in FILES.items()
    for words, make_file, outcome in cases
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("number", "words", "make_file", "outcome"), FILE_CASES)
def test_file_class(upload, kind, number, words, make_file, outcome):
    content, name = make_file(HEADERS[kind], [line(kind, 600), line(kind, 601)])
    if outcome == ACCEPTED:
        batch, _page = read(upload, kind, content, name)
        assert [verdict for verdict, _codes in outcomes(batch)][:2] == ["new", "new"]
        return
    answer = upload(kind, content, name)
    if outcome == MAPPING:
        assert ImportBatch.objects.get().state == "mapping"
        return
    codes = [fault.code for fault in answer.context["form"].errors.as_data()["file"]]
    assert (codes, answer.status_code) == ([outcome], 413 if number == 22 else 400)
    assert (ImportBatch.objects.count(), Attachment.objects.count()) == (0, 0)


@pytest.mark.parametrize("kind", KINDS)
def test_classes_17_and_18_one_person_twice(upload, kind):
    rows = [line(kind, 1), line(kind, 1), line(kind, 2), line(kind, 2, 姓名="另一人")]
    batch, _page = read(upload, kind, xlsx(rows, HEADERS[kind]))
    assert outcomes(batch) == [
        ("new", []), ("duplicate", ["same_row"]),
        ("held", ["other_name"]), ("held", ["other_name"]),
    ]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_class_19_member_of_another_union(upload, district, kind):
    make.membership(district.firm_b, id_number=id_number(3))
    batch, page = read(upload, kind, xlsx([line(kind, 3)], HEADERS[kind]))
    # The district's officer sees both unions: a roster's row is known, a register's elsewhere.
    known = {"roster": ("known", ["member_here"]), "registry": ("elsewhere", ["other_union"])}
    assert outcomes(batch) == [known[kind]]
    assert district.firm_b.name not in page


@pytest.mark.parametrize(
    "kind", [ImportKind.ROSTER, pytest.param(ImportKind.REGISTRY, marks=pytest.mark.deep)]
)
def test_class_24_too_many_rows(upload, kind):
    limit = {"roster": 50_000, "registry": 200_000}[kind]
    cells = ",".join(map(str, line(kind, 1)))
    text = "\n".join([",".join(HEADERS[kind]), *[cells] * (limit + 1)])
    if kind == ImportKind.REGISTRY and len(text.encode()) > 25 * 1024 * 1024:
        text = text.replace("测试员乙", "乙")
    answer = upload(kind, text.encode("gb18030"), "r.csv")
    [fault] = answer.context["form"].errors.as_data()["file"]
    assert fault.code == "too_many_rows"
    assert f"more than {limit} rows" in str(fault.message)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("title", ["姓名", "证件号码", "手机号", "工作类别"])
def test_class_27_formula(upload, kind, title):
    place = HEADERS[kind].index(title)

    def edit(_book, sheet):
        sheet.write_formula(1, place, "=A9", None, "乙")

    batch, _page = read(
        upload, kind, xlsx([line(kind, 4), line(kind, 5)], HEADERS[kind], edit=edit)
    )
    assert outcomes(batch) == [("rejected", ["formula"]), ("new", [])]


def test_class_33_days_of_a_workbook(upload):
    def edit(book, sheet):
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write_datetime(1, 2, dt.datetime(2021, 3, 1), day)  # noqa: DTZ001 - a cell has none
        sheet.write_number(2, 2, 60, day)  # 29 February 1900 never was

    rows = [line("registry", 6), line("registry", 7)]
    batch, _page = read(upload, ImportKind.REGISTRY, xlsx(rows, HEADERS["registry"], edit=edit))
    assert outcomes(batch) == [("new", []), ("rejected", ["error_cell"])]
    assert json.loads(batch.rows.get(number=2).cleaned)["joined_on"] == "2021-03-01"


def test_class_40_dots_are_stored_as_one(upload):
    cases = ROWS[40]
    rows = [line("roster", 40 + n, **cells) for n, (_w, cells, _o) in enumerate(cases)]
    batch, _page = read(upload, ImportKind.ROSTER, xlsx(rows, HEADER))
    names = {json.loads(row.cleaned)["name"] for row in batch.rows.all()}
    assert names == {"买买提\u00b7艾力"}


def test_there_are_enough_cases():
    rows = sum(map(len, [*ROWS.values(), *DAYS.values()]))
    alone = {17, 18, 19, 24, 27, 33}
    assert {*ROWS, *DAYS, *FILES, *alone} == set(range(1, 42))
    assert 2 * (rows + len(FILE_CASES)) >= 150
