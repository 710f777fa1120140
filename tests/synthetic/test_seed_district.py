"""The command: same seed, same district; where it refuses to work; the large size."""

from __future__ import annotations

import hashlib
import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone

from members import queries
from members.models import Membership, Movement, Person, UnionUnit
from tests.factories import members as factories
from unionportal.core import demo
from unionportal.core.models import Installation, User
from unionportal.synthetic.build import build_district
from unionportal.synthetic.sizes import Size

TINY = Size("tiny", 130, 300, 1, 30, 4, 20, 30)


@pytest.fixture
def data(monkeypatch, tmp_path):
    """The folder the accounts are written to."""
    monkeypatch.setattr(demo, "ACCOUNTS_FILE", tmp_path / "accounts.json")
    return tmp_path


def seed(**options):
    out = StringIO()
    call_command("seed_district", stdout=out, **options)
    return out.getvalue()


def build_tiny(folder, random_seed=1):
    return build_district(
        size=TINY, random_seed=random_seed, accounts_file=folder / "accounts.json"
    )


def digest():
    """One digest of what people, their history and their numbers are."""
    facts = [
        *Person.objects.order_by("pk").values_list("pk", "name", "id_index", "phone_index"),
        *Membership.objects.order_by("pk").values_list("member_no", "joined_on", "unit__name"),
        *Movement.objects.order_by("pk").values_list("day", "delta", "kind", "unit__name"),
        *UnionUnit.objects.order_by("path").values_list("path", "name", "contact_phone"),
    ]
    return hashlib.sha256(repr(facts).encode()).hexdigest()


@pytest.fixture
def build_again(tmp_path):
    """Build and undo a tiny district; return its counts and the digest of its rows."""

    class Undo(Exception):
        """Takes everything back."""

    def build_it(random_seed):
        found = None
        try:
            with transaction.atomic():
                counts = build_tiny(tmp_path, random_seed)
                found = counts.parts, digest()
                raise Undo
        except Undo:
            return found

    return build_it


@pytest.mark.django_db
def test_same_seed_gives_the_same_district_and_another_seed_another(build_again):
    first, again, other = build_again(3), build_again(3), build_again(4)
    assert first == again
    assert first[1] != other[1]
    assert first[0]["members"]["recorded"] == other[0]["members"]["recorded"] == 300
    assert first[0]["members_by_group"] != other[0]["members_by_group"]


@pytest.mark.django_db
def test_command_prints_the_counts_and_writes_them(data):
    text = seed(size="demo", random_seed=5, json=data / "counts.json")
    said = json.loads((data / "counts.json").read_text(encoding="utf-8"))
    assert "recorded 2,000" in text
    assert said["members"]["recorded"] == Membership.objects.recorded().count() == 2_000
    assert said["units"]["total"] == UnionUnit.objects.count() == 170
    assert str(data / "accounts.json") in text
    assert len(demo.accounts()) == 10


@pytest.mark.django_db
def test_member_numbers_go_on_after_the_seeded_ones(tmp_path):
    build_tiny(tmp_path)
    last = max(number[6:] for number in Membership.objects.values_list("member_no", flat=True))
    unit = UnionUnit.objects.filter(kind="holding_pool").first()
    agent = factories.group("PROPERTY_AGENT")
    new = factories.membership(unit, joined_on=timezone.localdate(), group=agent)
    assert int(new.member_no[6:]) == int(last) + 1


@pytest.mark.django_db
def test_database_with_members_is_left_alone(data, district):
    factories.membership(district.firm_a)
    with pytest.raises(CommandError, match="already has members, units or accounts"):
        seed()
    assert Membership.objects.count() == 1
    assert not (data / "accounts.json").exists()


@pytest.mark.django_db
def test_database_with_an_account_is_left_alone(data):
    User.objects.create_user(username="somebody", display_name="Somebody")
    with pytest.raises(CommandError, match="nothing was written"):
        seed()
    assert Installation.objects.count() == 0


@pytest.mark.django_db
def test_production_is_refused(data, settings):
    settings.DEMO_MODE = False
    with pytest.raises(CommandError, match="not in demo mode"):
        seed()
    assert Person.objects.count() == 0


@pytest.mark.django_db
def test_failure_leaves_nothing_behind(tmp_path):
    (tmp_path / "occupied").write_text("a file where the folder should be")
    with pytest.raises(OSError, match="occupied"):
        build_tiny(tmp_path / "occupied")
    assert Person.objects.count() == User.objects.count() == UnionUnit.objects.count() == 0


@pytest.mark.deep
@pytest.mark.django_db
def test_district_size_is_exact(data):
    seed(size="district", json=data / "counts.json")
    said = json.loads((data / "counts.json").read_text(encoding="utf-8"))
    officer = User.objects.get(username="district")
    assert UnionUnit.objects.count() == said["units"]["total"] == 3_269
    assert Membership.objects.recorded().count() == said["members"]["recorded"] == 120_296
    assert queries.members_as_of(officer, timezone.localdate()) == 120_296
    assert Membership.objects.qualified().count() == said["members"]["qualified"]
