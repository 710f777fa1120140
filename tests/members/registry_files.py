"""Registers as old systems export them, made for the tests; every number is synthetic."""

from __future__ import annotations

from members.imports import actions
from members.imports.checking import look
from members.models import ImportBatch
from members.states import ImportKind
from tests.members.roster_files import id_number, phone, xlsx
from unionportal.core import jobs

HEADER = ["姓名", "证件号码", "入会日期", "手机号", "工作类别", "会员证号", "所属工会", "车牌号"]


def member(serial: int, **changes: object) -> list[object]:
    """Return a good row; `changes` by Chinese title."""
    values = {
        "姓名": "测试员" + "甲乙丙丁戊己庚辛壬癸"[serial % 10],
        "证件号码": id_number(serial),
        "入会日期": "2021-03-01",
        "手机号": phone(serial),
        "工作类别": "快递员",
        "会员证号": "",
        "所属工会": "",
        "车牌号": "",
    }
    return list({**values, **changes}.values())


def register(rows: list[list[object]]) -> bytes:
    return xlsx(rows, HEADER)


def load_preview(by, unit, content: bytes, filename: str = "register.xlsx", **options):
    """Upload a register and run its reading job."""
    looked = look(content, filename, ImportKind.REGISTRY, {})
    batch, _is_new = actions.upload(
        by=by, unit=unit, roster=looked.upload, kind=ImportKind.REGISTRY, **options
    )
    assert jobs.run(batch.job.pk) is True
    return fresh(batch)


def write(batch: ImportBatch, by) -> ImportBatch:
    """Confirm and write as another person."""
    jobs.run(actions.confirm(by=by, batch=fresh(batch)).pk)
    return fresh(batch)


def undo(batch: ImportBatch, by, reason: str = "wrong file") -> ImportBatch:
    jobs.run(actions.undo(by=by, batch=fresh(batch), reason=reason).pk)
    return fresh(batch)


def fresh(batch: ImportBatch) -> ImportBatch:
    return ImportBatch.objects.select_related("job", "created_by", "unit").get(pk=batch.pk)
