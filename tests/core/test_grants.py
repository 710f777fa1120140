"""The role of the portal's programs: it does all their work, and cannot touch what is written."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from benefits import proofs
from tests.architecture.test_models import APPEND_ONLY, BY_LABEL
from tests.factories import members, payouts
from unionportal.core import grants
from unionportal.core.models import AuditEvent

ROLE = "unionportal_app_test"


@pytest.fixture
def as_program(db) -> Iterator[None]:
    """Work as the role of web, worker and scheduler for the rest of the test."""
    assert grants.make_role(ROLE, None)
    assert not grants.make_role(ROLE, None)
    grants.grant(ROLE)
    _run(f"SET LOCAL ROLE {ROLE}")
    yield
    _run("SET CONSTRAINTS ALL IMMEDIATE")
    _run("RESET ROLE")


def _run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def test_tables_that_are_only_added_to_are_the_append_only_ones() -> None:
    found = dict(grants.append_only_tables())
    assert set(found) == {BY_LABEL[label]._meta.db_table for label in APPEND_ONLY}
    assert {table: column for table, column in found.items() if column} == {
        "members_statuschange": "reason"
    }


@pytest.mark.parametrize("label", sorted(APPEND_ONLY))
def test_what_is_written_cannot_be_touched(as_program, label) -> None:
    table = BY_LABEL[label]._meta.db_table
    for statement in (f"UPDATE {table} SET id = id", f"DELETE FROM {table}", f"TRUNCATE {table}",
                      f"ALTER TABLE {table} DISABLE TRIGGER ALL"):  # fmt: skip
        with pytest.raises(DatabaseError, match="permission denied|must be owner"):
            _try(statement)


@pytest.mark.parametrize(
    "statement",
    ["SET session_replication_role = replica", "DROP TABLE benefits_posting",
     "ALTER TABLE benefits_budget DISABLE TRIGGER ALL", "CREATE TABLE loot (id int)",
     "UPDATE django_migrations SET name = name", "CREATE ROLE other",
     "DROP TABLE core_auditevent CASCADE"],
)  # fmt: skip
def test_guards_cannot_be_switched_off(as_program, statement) -> None:
    with pytest.raises(DatabaseError, match="permission denied|must be owner|Only roles"):
        _try(statement)


def _try(statement: str) -> None:
    with transaction.atomic():
        _run(statement)


def test_its_work_is_done_all_the_same(
    district, finance_maker, finance_checker, as_program, tmp_path
) -> None:
    """Members, rights, a list, its file, the bank's answer: with the rights of the programs."""
    for name in ("张三", "李四"):
        payouts.entitled_member(district.firm_a, name=name)
    programme = payouts.programme()
    batch = payouts.released(programme, maker=finance_maker, checker=finance_checker)
    payouts.answer(batch, failed={2: ("0014", "户名不符")})
    assert payouts.states(batch) == ["paid", "failed"]
    assert proofs.check() == []
    assert AuditEvent.objects.filter(target_id=str(batch.pk)).exists()
    _run("SELECT core_analyze('members_importrow')")


def test_reason_of_a_step_can_be_emptied_and_no_more(district, as_program) -> None:
    members.membership(district.firm_a)
    _run("UPDATE members_statuschange SET reason = ''")
    with pytest.raises(DatabaseError, match="permission denied"):
        _try("UPDATE members_statuschange SET recorded_at = now()")


def test_command_sets_up_the_role_of_its_address(db, monkeypatch, capsys) -> None:
    call_command("grant_rights")
    assert "is not set" in capsys.readouterr().out
    monkeypatch.setenv("APP_DATABASE_URL", f"postgres://{ROLE}:secret@db/portal")
    call_command("grant_rights")
    assert f"{ROLE} reads and writes; in {len(APPEND_ONLY)} tables" in capsys.readouterr().out
    owner = connection.settings_dict["USER"]
    monkeypatch.setenv("APP_DATABASE_URL", f"postgres://{owner}@db/portal")
    with pytest.raises(CommandError, match="another role"):
        call_command("grant_rights")
