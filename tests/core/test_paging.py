"""Keyset pages walk a list forwards and backwards without gaps or repeats."""

from __future__ import annotations

from uuid import UUID

import pytest
from django.core.exceptions import BadRequest
from django.db.models import Q
from django.test import RequestFactory
from django.utils import timezone

from members.models import Employer
from tests.factories import members as make
from unionportal.core.models import LimitBucket
from unionportal.core.paging import Keyset

pytestmark = pytest.mark.django_db

ORDER = Keyset("-window", "pk")


@pytest.fixture
def buckets():
    now = timezone.now()
    LimitBucket.objects.bulk_create(
        LimitBucket(name=f"n{n}", key=UUID(int=n), window=n // 3, expires_at=now) for n in range(10)
    )
    return LimitBucket.objects.all()


def page(queryset, **query):
    return ORDER.page(queryset, RequestFactory().get("/", query))


def names(page):
    return [row.name for row in page]


def test_pages_follow_each_other_without_gap_or_repeat(buckets):
    seen, cursor = [], {}
    for _turn in range(4):
        one = page(buckets, size=3, **cursor)
        seen += names(one)
        cursor = {"after": one.next}
    expected = names(buckets.order_by("-window", "pk"))
    assert seen == expected
    assert one.next == ""


def test_going_back_gives_the_same_page(buckets):
    first = page(buckets, size=4)
    second = page(buckets, size=4, after=first.next)
    back = page(buckets, size=4, before=second.previous)
    assert names(back) == names(first)
    assert first.previous == back.previous == ""
    assert back.next == first.next


@pytest.mark.parametrize("cursor", ["x", "WyJhIl0:1:2", "é"])
def test_a_cursor_of_somebody_elses_making_is_refused(buckets, cursor):
    with pytest.raises(BadRequest):
        page(buckets, after=cursor)


def test_a_cursor_of_another_order_is_refused(buckets):
    cursor = page(buckets, size=3).next
    with pytest.raises(BadRequest):
        Keyset("window", "pk").page(buckets, RequestFactory().get("/", {"after": cursor}))


@pytest.mark.parametrize("size", ["0", "101", "1000000000", "-5", "ten", "²"])
def test_a_size_out_of_range_is_refused(buckets, size):
    with pytest.raises(BadRequest):
        page(buckets, size=size)


def test_a_page_is_one_query(buckets, django_assert_num_queries):
    with django_assert_num_queries(1):
        page(buckets, size=3)


def test_parts_are_merged_in_the_order_and_paged_through(district):
    names = ["甲", "乙", "丙", "丁", "戊"]
    for name in names:
        make.employer(district.area_a, name=name)
    rows, order = Employer.objects.filter(name__in=names), Keyset("name", "pk")
    parts = [Q(name__in=["甲", "丙"]), Q(name__in=["丙", "乙", "戊", "丁"])]
    seen, page = [], order.cut(rows, 2, parts=parts)
    while True:
        seen += [row.name for row in page.rows]
        if not page.next:
            break
        page = order.cut(rows, 2, after=page.next, parts=parts)

    assert seen == [row.name for row in rows.order_by("name")]
    back = order.cut(rows, 2, before=page.previous, parts=parts)
    assert [row.name for row in back.rows] == seen[2:4]
