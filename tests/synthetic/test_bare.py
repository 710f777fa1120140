"""Filling bare tables leaves the same rows, indexes and constraints as filling them with theirs."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction

from members.models import Affiliation
from tests.factories import members as factories
from tests.synthetic.test_seed_district import TINY, build_tiny, digest
from unionportal.synthetic import sizes
from unionportal.synthetic.bare import without_indexes
from unionportal.synthetic.build import LARGE_TABLES

CATALOGUE = """
    SELECT conrelid::regclass::text, conname, contype::text, convalidated, condeferred
      FROM pg_constraint WHERE conrelid = ANY(%s::regclass[])
    UNION ALL
    SELECT indrelid::regclass::text, indexrelid::regclass::text,
           CASE WHEN indisunique THEN 'U' ELSE 'I' END, indisvalid, indpred IS NULL
      FROM pg_index WHERE indrelid = ANY(%s::regclass[])
"""


def catalogue():
    tables = [model._meta.db_table for model in LARGE_TABLES]
    with connection.cursor() as cursor:
        cursor.execute(CATALOGUE, [tables, tables])
        return sorted(cursor.fetchall())


@pytest.fixture
def rolled_back(db):
    """Run something, return its value, take back what it wrote."""

    def run(build):
        with transaction.atomic():
            value = build()
            transaction.set_rollback(True)
        return value

    return run


def test_bare_tables_end_with_the_same_rows_and_rules(rolled_back, monkeypatch, tmp_path):
    before = catalogue()
    plain = rolled_back(lambda: (build_tiny(tmp_path).parts, digest()))
    monkeypatch.setattr(sizes, "LARGE", TINY.members)
    bare = rolled_back(lambda: (build_tiny(tmp_path).parts, digest(), catalogue()))
    assert bare[:2] == plain
    assert bare[2] == before


def test_a_row_that_breaks_a_rule_is_refused_at_the_end(district):
    member = factories.membership(district.firm_a)
    before = catalogue()
    with pytest.raises(IntegrityError, match="affiliation_one_a_day"):
        fill_twice(member)
    assert catalogue() == before
    assert Affiliation.objects.count() == 1


def fill_twice(member):
    """Let a member belong twice on the same days, while nothing forbids it."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with without_indexes(cursor, [Affiliation]):
            Affiliation.objects.create(
                membership=member, unit=member.unit, started_on=member.joined_on
            )
