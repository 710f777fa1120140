"""A page costs the same number of queries whatever the size of the district."""

from __future__ import annotations

import pytest

from members.models import Membership, UnionUnit
from tests.scale.districts import SMALL, district_of
from tests.scale.walk import Answer, differences, lists, walk
from unionportal.synthetic.sizes import DEMO, DISTRICT, Size

pytestmark = pytest.mark.django_db


def _walked(size: Size):
    """Make a fixture that builds a district of `size` once and says what a walk found there."""

    @pytest.fixture(scope="module")
    def fixture(django_db_setup, django_db_blocker, tmp_path_factory) -> dict[str, Answer]:
        folder = tmp_path_factory.mktemp(size.name)
        with django_db_blocker.unblock(), district_of(size, folder):
            assert UnionUnit.objects.count() == size.units
            assert Membership.objects.recorded().count() == size.members
            return walk()

    return fixture


small, demo, district_size = _walked(SMALL), _walked(DEMO), _walked(DISTRICT)


def test_walk_covers_every_list(small):
    seen = {name.split(" as ")[0].split("?")[0] for name in small}
    assert seen == {route.name for route, _who in lists()}


def test_every_list_answers(demo):
    wrong = {name: answer.status for name, answer in demo.items() if answer.status != 200}
    assert wrong == {}


def test_query_counts_do_not_grow_from_700_to_2000_members(small, demo):
    assert differences(small, demo) == []


@pytest.mark.deep
def test_query_counts_do_not_grow_from_2000_to_120296_members(demo, district_size):
    assert differences(demo, district_size) == []


def test_planted_growth_is_seen():
    one = {"page": Answer(200, ("SELECT 1",))}
    other = {"page": Answer(200, ("SELECT 1", "SELECT 1", "SELECT 2"))}
    assert differences(one, one) == []
    assert differences(one, other) == [
        "page: 200 with 1 queries, then 200 with 3: SELECT 1; SELECT 2"
    ]
