"""Roles, grants, scope, audit, limits, idempotency: the database refuses nonsense."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction

from members.models import UnionUnit
from unionportal.core import audit, limits
from unionportal.core.errors import KeyReused, Refused
from unionportal.core.idempotency import Outcome, once
from unionportal.core.models import AuditEvent, Grant, IdempotencyKey, LimitBucket, User
from unionportal.core.roles import EXCLUSIVE_ROLES, ROLES, Permission, has_permission
from unionportal.core.scope import scope_of

P = Permission


def test_field_officer_approves_reveals_and_exports_nothing(field_officer):
    refused = (P.APPROVE_APPLICATION, P.REVEAL, P.EXPORT)
    assert [has_permission(field_officer, right) for right in refused] == [False] * 3
    assert has_permission(field_officer, P.ENROL) is True


def test_system_administrator_has_no_member_data_and_no_money():
    assert ROLES["system_administrator"].permissions == {P.USE_DESK, P.MANAGE_ACCOUNTS}
    assert ROLES["security_administrator"].permissions == {
        P.USE_DESK,
        P.MANAGE_ROLES,
        P.MANAGE_RETENTION,
    }


@pytest.mark.parametrize("second", EXCLUSIVE_ROLES)
@pytest.mark.parametrize("first", EXCLUSIVE_ROLES)
def test_one_person_holds_one_exclusive_role(make_user, first, second):
    make_user("one", first, person="same")
    if first == second:
        make_user("two", second, person="same")
        assert Grant.objects.count() == 2
        return
    with pytest.raises(IntegrityError, match="grant_one_exclusive_role_per_person"):
        make_user("two", second, person="same")


def test_exclusive_role_without_person_is_refused(district):
    user = User.objects.create_user(username="nobody", password="x", display_name="Nobody")
    with pytest.raises(IntegrityError, match="grant_exclusive_role_needs_person"):
        Grant.objects.create(
            user=user, role="finance_maker", unit=district.unit, started_on=date(2026, 1, 1)
        )


def test_exclusive_roles_may_follow_each_other(make_user, district):
    user = make_user("mover")
    Grant.objects.create(user=user, role="finance_maker", unit=district.unit,
                         started_on=date(2025, 1, 1), ended_on=date(2026, 1, 1))  # fmt: skip
    Grant.objects.create(
        user=user, role="finance_checker", unit=district.unit, started_on=date(2026, 1, 1)
    )
    assert [grant.role for grant in User.objects.get(pk=user.pk).grants_today()] == [
        "finance_checker"
    ]


def test_person_key_cannot_be_changed_afterwards(finance_maker, finance_checker):
    finance_maker.person_key = finance_checker.person_key
    with pytest.raises(ProgrammingError, match="Cannot update"):
        finance_maker.save()


def test_ended_grant_gives_nothing_at_once(field_officer):
    assert has_permission(field_officer, P.ENROL) is True
    Grant.objects.filter(user=field_officer).update(ended_on=date(2021, 1, 1))
    assert has_permission(User.objects.get(pk=field_officer.pk), P.ENROL) is False


def test_scope_covers_subtree_and_served_areas(subdistrict_officer, district):
    scope = scope_of(subdistrict_officer, P.VIEW_MEMBERS)
    assert scope.everything is False
    assert scope.unit_paths == {district.unit_a.path}
    assert scope.area_paths == {district.area_a.path}
    assert set(UnionUnit.objects.visible_to(subdistrict_officer)) == {
        district.unit_a, district.firm_a, district.pool_a,
    }  # fmt: skip


def test_scope_is_per_permission(make_user, district):
    user = make_user("double", "field_officer", district.unit_a)
    Grant.objects.create(
        user=user, role="subdistrict_officer", unit=district.unit_b, started_on=date(2020, 1, 1)
    )
    approve = scope_of(user, P.APPROVE_APPLICATION)
    assert approve.unit_paths == {district.unit_b.path}
    assert scope_of(user, P.ENROL).unit_paths == {district.unit_a.path, district.unit_b.path}


def test_officer_without_right_sees_no_row(system_admin, district):
    assert list(UnionUnit.objects.visible_to(system_admin)) == []


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE core_auditevent SET verb = 'other'",
        "DELETE FROM core_auditevent",
        "TRUNCATE core_auditevent",
    ],
)
def test_audit_log_is_append_only_for_the_owner_too(district_officer, sql):
    audit.record(by=district_officer, verb="test.done", target=district_officer)
    with (
        pytest.raises(Exception, match="append-only|Cannot update or delete"),
        transaction.atomic(),
    ):
        connection.cursor().execute(sql)
    assert AuditEvent.objects.get(verb="test.done").actor_id == district_officer.pk


def test_limit_counts_per_key_and_stops(db):
    limit = limits.Limit("test", 2, 3600)
    assert [limits.take(limit, "one") for _try in range(4)] == [True, True, False, False]
    assert limits.take(limit, "two") is True
    assert LimitBucket.objects.filter(name="test").count() == 2


def test_repeat_with_same_body_gets_the_first_answer(db):
    ran = []

    def run() -> Outcome:
        ran.append(1)
        return Outcome(201, {"id": "first"})

    def ask() -> Outcome:
        return once(owner="user:1", key="k", route="POST /x", body=b"same", run=run)

    assert (ask(), ask()) == (Outcome(201, {"id": "first"}),) * 2
    assert ran == [1]


def test_key_with_another_body_is_refused(db):
    once(owner="u", key="k", route="r", body=b"one", run=lambda: Outcome(201))
    with pytest.raises(KeyReused):
        once(owner="u", key="k", route="r", body=b"two", run=lambda: Outcome(201))


def test_failed_run_frees_the_key(db):
    def fail() -> Outcome:
        raise Refused("no")

    with pytest.raises(Refused):
        once(owner="u", key="k", route="r", body=b"", run=fail)
    assert IdempotencyKey.objects.count() == 0


@pytest.mark.parametrize("key", ["", "x" * 101])
def test_key_of_wrong_length_is_refused(db, key):
    with pytest.raises(Refused, match="1 to 100"):
        once(owner="u", key=key, route="r", body=b"", run=lambda: Outcome(201))
