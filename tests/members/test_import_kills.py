"""A worker killed with -9 anywhere: the next one goes on, and the end is the same.

Real processes and committed rows: the tests' own transactions would hide what a death leaves.
"""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.db import connection
from django.test import override_settings
from django.utils import timezone

from members.imports import actions
from members.models import ImportBatch, Membership, MonthlyFlow, Movement, Person
from members.states import ImportKind
from tests.conftest import SINCE, make_area, make_unit
from tests.factories import members as make
from tests.members.committed import committed_rows
from tests.members.killed_worker import counted
from tests.members.registry_files import fresh, member, register
from tests.members.roster_files import id_number, phone, worker, xlsx
from unionportal.core import jobs
from unionportal.core.crypto import blind_index
from unionportal.core.models import AuditEvent, Grant, Job, User

NEW, UPDATED = 35, 3
JOINED = dt.date(2021, 3, 1)
PHASES = ("read", "write", "undo")


@pytest.fixture(scope="module")
def place(django_db_setup, django_db_blocker, tmp_path_factory):
    """Two officers and a union whose rows are committed; every table is emptied afterwards."""
    folder = str(tmp_path_factory.mktemp("files"))
    with django_db_blocker.unblock(), committed_rows(), override_settings(FILES_ROOT=folder):
        yield _place()


def _place() -> SimpleNamespace:
    area = make_area(None, "示例区", "district", "490100")
    root = make_unit(None, "示例区总工会", "district", area)
    firm = make_unit(root, "甲物流有限公司工会", "employer_union", area)
    root.refresh_from_db()
    officers = [_officer(name, root) for name in ("maker", "checker")]
    return SimpleNamespace(firm=firm, area=area, maker=officers[0], checker=officers[1])


def _officer(name: str, unit) -> User:
    user = User.objects.create_user(
        username=name, password="x", display_name=name, person_key=blind_index(name, "staff")
    )
    Grant.objects.create(user=user, role="district_officer", unit=unit, started_on=SINCE)
    return user


def run(job: Job, die_at: int) -> int:
    """Do a job, after a worker was killed at it where told; return how many statements it took."""
    if die_at:
        _kill(job, die_at)
        # The sweep finds the dead worker's job, and another worker does it.
        Job.objects.filter(pk=job.pk).update(beat_at=timezone.now() - dt.timedelta(hours=1))
        jobs.requeue_stale()
    with counted() as seen:
        assert jobs.run(job.pk) is True
    job.refresh_from_db()
    assert job.state == "done"
    return seen()


def _kill(job: Job, die_at: int) -> None:
    words = [str(job.pk), connection.settings_dict["NAME"], settings.FILES_ROOT, str(die_at)]
    died = subprocess.run(
        [sys.executable, "-m", "tests.members.killed_worker", *words],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert died.returncode == -9, died.stderr[-2_000:]


def begin(place, first: int) -> tuple[ImportBatch, list[Membership]]:
    """Upload a register: new people, and some who are known by another name."""
    numbers = range(first, first + NEW + UPDATED)
    known = [
        make.membership(place.firm, name="旧名字", id_number=id_number(n), phone=phone(n),
                        joined_on=JOINED)
        for n in numbers[NEW:]
    ]  # fmt: skip
    content = register([member(n) for n in numbers])
    upload = actions.Upload(content=content, filename="r.xlsx", kind="xlsx", rows=NEW + UPDATED)
    batch, _is_new = actions.upload(
        by=place.maker, unit=place.firm, roster=upload, kind=ImportKind.REGISTRY
    )
    return batch, known


def life(place, first: int, **die_at: int) -> dict[str, int]:
    """Load and undo a register, dying where told; return the statements of each phase."""
    before = MonthlyFlow.objects.get_or_create(
        area=place.area, group_id="PARCEL_COURIER", month=JOINED
    )[0]
    counted = (before.came - before.went, before.joined)
    batch, known = begin(place, first)
    told = {"read": run(batch.job, die_at.get("read", 0))}
    told["write"] = run(
        actions.confirm(by=place.checker, batch=fresh(batch)), die_at.get("write", 0)
    )
    check_written(batch, known, counted)
    told["undo"] = run(
        actions.undo(by=place.checker, batch=fresh(batch), reason="wrong"), die_at.get("undo", 0)
    )
    check_undone(batch, known, counted)
    return told


def flow(place_counted: tuple[int, int]) -> tuple[int, int]:
    row = MonthlyFlow.objects.get(group_id="PARCEL_COURIER", month=JOINED)
    return row.came - row.went - place_counted[0], row.joined - place_counted[1]


def check_written(batch, known, counted) -> None:
    done = fresh(batch)
    assert (done.state, done.counts["new"], done.counts["update"], done.counts["written"]) == (
        "done", NEW, UPDATED, NEW + UPDATED,
    )  # fmt: skip
    ids = list(batch.rows.filter(verdict="new").values_list("membership_id", flat=True))
    assert len(set(ids)) == NEW
    members = Membership.objects.filter(pk__in=ids)
    assert members.values("person").distinct().count() == NEW
    assert Movement.objects.filter(membership__in=ids, kind="join").count() == NEW
    assert AuditEvent.objects.filter(
        verb="membership.open", target_id__in=[str(pk) for pk in ids]
    ).count() == NEW  # fmt: skip
    assert flow(counted) == (NEW + UPDATED, NEW + UPDATED)
    names = Person.objects.filter(memberships__in=known).values_list("name", flat=True)
    assert "旧名字" not in names


def check_undone(batch, known, counted) -> None:
    done = fresh(batch)
    assert (done.state, done.counts["put_back"], done.counts["kept"]) == (
        "undone", NEW + UPDATED, 0,
    )  # fmt: skip
    ids = batch.rows.filter(verdict="new").values_list("membership_id", flat=True)
    assert set(Membership.objects.filter(pk__in=ids).values_list("state", flat=True)) == {
        "annulled"
    }
    assert flow(counted) == (UPDATED, UPDATED)
    names = set(Person.objects.filter(memberships__in=known).values_list("name", flat=True))
    assert names == {"旧名字"}


def spread(total: int, count: int) -> list[int]:
    """Return `count` statements over the whole of a phase, its first and last among them."""
    return sorted({1 + round(step * (total - 1) / max(count - 1, 1)) for step in range(count)})


@pytest.mark.django_db
def test_nothing_is_left_by_others():
    """The mark also has the database made when these tests run alone."""
    assert ImportBatch.objects.count() == 0


def test_killed_once_in_each_phase(place):
    told = life(place, 10_000)
    middle = {phase: told[phase] // 2 for phase in PHASES}
    life(place, 11_000, **middle)


@pytest.mark.deep
def test_killed_at_twenty_points(place):
    told = life(place, 20_000)
    points = [
        (phase, point)
        for phase, count in (("read", 5), ("write", 10), ("undo", 5))
        for point in spread(told[phase], count)
    ]
    assert len(points) >= 20
    for number, (phase, point) in enumerate(points, start=1):
        life(place, 20_000 + 100 * number, **{phase: point})


def test_killed_roster_writes_nobody_twice(place):
    lines = [worker(30_000 + n) for n in range(25)]
    upload = actions.Upload(content=xlsx(lines), filename="r.xlsx", kind="xlsx", rows=25)
    batch, _is_new = actions.upload(by=place.maker, unit=place.firm, roster=upload)
    run(batch.job, 8)
    run(actions.confirm(by=place.maker, batch=fresh(batch)), 30)
    rows = batch.rows.filter(application__isnull=False)
    assert (rows.count(), fresh(batch).counts["written"]) == (25, 25)
