"""Nobody belongs to a dissolved unit: not by raw SQL, not by two hands at the same moment."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace

import pytest
from django.db import IntegrityError, transaction
from django.test import override_settings
from django.utils import timezone

from members.actions import applications, memberships, reorganisation, unit_changes
from members.models import Affiliation, Application, Membership, UnionUnit
from tests.conftest import SINCE, make_area, make_unit
from tests.factories import members as make
from tests.members.committed import committed_rows, race
from unionportal.core.actors import SYSTEM
from unionportal.core.crypto import blind_index
from unionportal.core.errors import Stale
from unionportal.core.models import Grant, User

DAY = date(2026, 6, 1)


def dissolve(unit) -> None:
    UnionUnit.objects.filter(pk=unit.pk).update(status="dissolved", dissolved_on=DAY)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("model", "constraint"),
    [
        (Membership, "membership_unit_stands"),
        (Affiliation, "affiliation_unit_stands"),
        (Application, "application_unit_stands"),
    ],
)
def test_raw_sql_puts_nobody_into_a_dissolved_unit(district, model, constraint):
    make.membership(district.firm_a)
    make.application(district.firm_a)
    dissolve(district.firm_b)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        model.objects.update(unit=district.firm_b)


@pytest.mark.django_db
@pytest.mark.parametrize("join", [make.membership, make.application])
def test_raw_sql_dissolves_no_unit_somebody_belongs_to(district, join):
    join(district.firm_a)
    with pytest.raises(IntegrityError, match="unit_dissolved_is_empty"), transaction.atomic():
        dissolve(district.firm_a)


@pytest.mark.django_db
def test_what_is_over_may_stay_in_a_dissolved_unit(district):
    made = make.membership(district.firm_a)
    memberships.close(membership=made, verb="move_away", by=SYSTEM)
    dissolve(district.firm_a)
    Membership.objects.update(occupation="司机")
    assert Affiliation.objects.get().unit_id == district.firm_a.pk


@pytest.mark.django_db
def test_an_application_cannot_be_sent_to_a_unit_that_was_just_dissolved(district):
    dissolve(district.firm_a)  # the instance in hand still says it stands
    with pytest.raises(Stale, match="was dissolved meanwhile"):
        make.application(district.firm_a)


@pytest.fixture
def place(django_db_setup, django_db_blocker, tmp_path):
    """A union, another one, an officer and an application, all committed."""
    with django_db_blocker.unblock(), committed_rows(), override_settings(FILES_ROOT=str(tmp_path)):
        area = make_area(None, "示例区", "district", "490100")
        root = make_unit(None, "示例区总工会", "district", area)
        units = []
        for name in ("甲物流有限公司工会", "乙快递有限公司工会", "丙工会"):
            root.refresh_from_db()
            units.append(make_unit(root, name, "employer_union", area))
        officer = User.objects.create_user(
            username="officer", password="x", display_name="o",
            person_key=blind_index("officer", "staff"),
        )  # fmt: skip
        Grant.objects.create(user=officer, role="district_officer", unit=root, started_on=SINCE)
        yield SimpleNamespace(old=units[0], new=units[1], third=units[2], officer=officer)


def approve(place, application):
    return applications.approve(
        by=place.officer, applications=[application], decided_on=timezone.localdate(), signer="王"
    )


def close(place):
    return unit_changes.close_unit(
        by=place.officer, unit=place.old, to=place.new, paper=unit_changes.Paper(reason="over")
    )


def homes() -> set[str]:
    open_ones = Affiliation.objects.filter(ended_on=None).values_list("unit__name", flat=True)
    return set(open_ones) | set(Membership.objects.values_list("unit__name", flat=True))


def test_who_is_approved_while_the_unit_closes_goes_along(place):
    application = make.application(place.old)
    race(lambda: approve(place, application), lambda: close(place))
    assert homes() == {"乙快递有限公司工会"}
    assert UnionUnit.objects.get(pk=place.old.pk).status == "dissolved"


def test_a_unit_that_closes_first_leaves_the_approval_stale(place):
    application = make.application(place.old)
    _closed, refused = race(lambda: close(place), lambda: approve(place, application))
    assert isinstance(refused, Stale)
    assert "dissolved meanwhile" in str(refused.message)
    application.refresh_from_db()
    assert (application.state, application.unit_id) == ("submitted", place.new.pk)
    approve(place, application)
    assert homes() == {"乙快递有限公司工会"}


def test_an_application_sent_in_while_the_unit_closes_is_refused(place):
    _closed, refused = race(lambda: close_empty(place), lambda: make.application(place.old))
    assert isinstance(refused, Stale)
    assert not Application.objects.exists()


def close_empty(place):
    return unit_changes.close_unit(
        by=place.officer, unit=place.old, paper=unit_changes.Paper(reason="over")
    )


def test_a_member_moved_in_while_the_unit_closes_goes_on_with_the_others(place):
    moving, staying = make.membership(place.new), make.membership(place.old)
    race(
        lambda: memberships.move_to_unit(membership=moving, unit=place.old, by=SYSTEM),
        lambda: close(place),
    )
    assert homes() == {"乙快递有限公司工会"}
    assert staying.affiliations.count() == 2
    assert moving.affiliations.count() == 3


def test_a_member_moved_out_meanwhile_is_not_moved_back(place):
    moving = make.membership(place.old)
    race(
        lambda: memberships.move_to_unit(membership=moving, unit=place.third, by=SYSTEM),
        lambda: close(place),
    )
    assert homes() == {"丙工会"}


def test_many_moved_in_while_the_unit_closes_go_on_or_stay(place):
    make.membership(place.new)
    _closed, refused = race(
        lambda: close_empty(place),
        lambda: reorganisation.transfer_members(
            by=SYSTEM, memberships=Membership.objects.all(), unit=place.old
        ),
    )
    assert "does not take members" in str(refused.message)
    assert homes() == {"乙快递有限公司工会"}
