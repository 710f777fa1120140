"""Terms that change make a new version; a period of its own gives everybody a right once more."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from types import SimpleNamespace
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from benefits import ledger
from benefits.actions import entitlements, versions
from benefits.actions.versions import Rules
from benefits.models import Cycle, Entitlement, MemberCard, ProgrammeVersion
from benefits.queries.why import why
from members.actions.employer_merge import merge
from tests.factories import members, payouts, stations
from unionportal.core.actors import SYSTEM
from unionportal.core.errors import NotAllowed, Refused, Stale

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_books_agree")]
CHINA = ZoneInfo("Asia/Shanghai")
GROUPS = Rules(groups=("PARCEL_COURIER",))
NEXT = (date(2028, 1, 1), date(2028, 12, 31))


def change(programme, **fields) -> ProgrammeVersion:
    values = {"amount_fen": 8_000, "rules": GROUPS, "note": "会议决定", **fields}
    return versions.change_terms(by=SYSTEM, programme=programme, **values)


def add_cycle(programme, code="2028", first=NEXT[0], last=NEXT[1]) -> Cycle:
    return versions.add_cycle(
        by=SYSTEM, programme=programme, code=code, window_from=first, window_to=last
    )


def test_a_change_of_terms_makes_a_version_and_leaves_rights_alone(money_desk) -> None:
    payouts.entitled_member(money_desk.unit)
    programme = payouts.programme(budget_fen=100_000)
    change(programme)
    payouts.entitled_member(money_desk.unit)
    entitlements.sweep()
    rows = Entitlement.objects.order_by("created_at").values_list("amount_fen", "version__number")
    assert list(rows) == [(5_000, 1), (8_000, 2)]
    assert payouts.money(programme).reserved == 13_000
    programme.refresh_from_db()
    assert (programme.amount_fen, programme.terms.note) == (8_000, "会议决定")


def test_terms_and_days_are_fixed_for_the_owner_of_the_tables_too(money_desk) -> None:
    payouts.entitled_member(money_desk.unit)
    programme = payouts.programme()
    attempts = [
        lambda: ProgrammeVersion.objects.update(amount_fen=1),
        lambda: ProgrammeVersion.objects.all().delete(),
        lambda: type(programme).objects.update(code="x"),
        lambda: type(programme).objects.update(beneficiary="employer"),
        lambda: Cycle.objects.update(window_from=date(2020, 1, 1)),
        lambda: Cycle.objects.update(window_to=date(2026, 2, 1)),
        lambda: Entitlement.objects.update(results={}),
        lambda: Entitlement.objects.update(qualified_on=date(2020, 1, 1)),
    ]
    for attempt in attempts:
        with pytest.raises(DatabaseError), transaction.atomic():
            attempt()
    assert Cycle.objects.update(window_to=date(2027, 12, 31)) == 1


def test_the_results_are_kept_with_the_right(money_desk) -> None:
    membership = payouts.entitled_member(money_desk.unit, joined_on=date(2026, 2, 3))
    payouts.programme()
    right = Entitlement.objects.get()
    assert right.results["standing"] == "2026-02-03"
    assert set(right.results) == {"standing", "placed", "confirmed", "card", "group"}
    assert max(right.results.values()) == right.qualified_on.isoformat()
    (answer,) = why(membership.person)
    assert (answer.is_entitled, len(answer.conditions)) == (True, 5)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"note": " "}, "reason_needed"),
        ({"amount_fen": 0}, "amount"),
        ({"rules": Rules(standings=("resigned",))}, "standings"),
        ({"rules": Rules(groups=("NOBODY",))}, "unknown"),
        ({"rules": Rules(areas=(uuid4(),))}, "unknown"),
        ({"rules": Rules(joined_from=date(2026, 2, 1), joined_to=date(2026, 1, 1))}, "joined"),
        ({"seen": 7}, "stale"),
    ],
)
def test_terms_that_cannot_be_are_refused(money_desk, fields, code) -> None:
    programme = payouts.programme()
    with pytest.raises(Refused) as refusal:
        change(programme, **fields)
    assert refusal.value.code == code
    assert programme.versions.count() == 1


def test_only_who_manages_programmes_changes_them(money_desk) -> None:
    programme = payouts.programme()
    for act in (
        lambda: versions.change_terms(
            by=money_desk.maker, programme=programme, amount_fen=1, rules=GROUPS, note="x"
        ),
        lambda: versions.close_cycle(by=money_desk.maker, cycle=programme.cycle),
    ):
        with pytest.raises(NotAllowed):
            act()


def test_each_cycle_entitles_once(money_desk) -> None:
    payouts.entitled_member(money_desk.unit)
    programme = payouts.programme(rules=replace(GROUPS, timing="held_inside"))
    first = programme.cycle
    past = add_cycle(programme, "2025", date(2025, 1, 1), date(2025, 12, 31))
    assert payouts.rights(programme) == ["reserved"]
    assert Entitlement.objects.get().cycle == first
    versions.close_cycle(by=SYSTEM, cycle=past)
    with pytest.raises(Stale):
        versions.close_cycle(by=SYSTEM, cycle=past)


@pytest.mark.parametrize(
    ("code", "first", "last", "problem"),
    [
        ("1", *NEXT, "code_used"),
        ("2027", date(2027, 12, 31), date(2028, 1, 1), "days"),
        ("2029", NEXT[1], NEXT[0], "window"),
    ],
)
def test_a_cycle_that_cannot_be_is_refused(money_desk, code, first, last, problem) -> None:
    programme = payouts.programme()
    with pytest.raises(Refused) as refusal:
        add_cycle(programme, code, first, last)
    assert refusal.value.code == problem
    assert programme.cycles.count() == 1


def test_a_replaced_card_gives_no_benefit_again(money_desk) -> None:
    """The new card is activated in the new window, but the first activation was before it."""
    membership = members.membership(money_desk.unit, joined_on=date(2024, 1, 5))
    membership.confirmed_at = datetime(2024, 2, 1, tzinfo=CHINA)
    membership.save()
    first = payouts.card(membership, activated_at=datetime(2024, 3, 1, tzinfo=CHINA))
    for state in ("lost", "replaced"):
        MemberCard.objects.filter(pk=first.pk).update(state=state)
    account = payouts.account(membership)
    MemberCard.objects.create(
        membership=membership, person=membership.person, state="activated",
        card_index=account.number_index, payee_account=account,
        issued_at=datetime(2026, 2, 1, tzinfo=CHINA),
        activated_at=datetime(2026, 2, 2, tzinfo=CHINA),
    )  # fmt: skip
    programme = payouts.programme()
    assert payouts.rights(programme) == []
    (answer,) = why(membership.person)
    assert str(answer.reason) == "The card was activated before the programme's first day"


def test_units_and_areas_mean_all_below_them(money_desk, district) -> None:
    here, there = (payouts.entitled_member(unit) for unit in (district.firm_a, district.firm_b))
    by_unit = payouts.programme(rules=Rules(units=(district.unit_a.pk,)))
    by_area = payouts.programme(rules=Rules(areas=(district.area_a.pk,)))
    for programme in (by_unit, by_area):
        assert [right.person for right in programme.entitlements.all()] == [here.person]
    answers = why(there.person)
    assert {str(answer.reason) for answer in answers} == {
        "The programme is not for this union or area"
    }


def host(district) -> SimpleNamespace:
    employer = members.employer(district.area_a)
    stations.make_point(district.area_a, host=employer, host_name="")
    return employer


def for_hosts(**fields):
    return payouts.programme(beneficiary="employer", rules=Rules(), **fields)


def test_the_host_of_a_published_station_is_entitled(money_desk, district) -> None:
    employer = host(district)
    members.employer(district.area_a)
    programme = for_hosts()
    right = Entitlement.objects.get()
    assert (right.employer, right.person, right.membership) == (employer, None, None)
    assert (right.results["station"], right.state) == ("2026-03-04", "reserved")
    assert entitlements.evaluate(programme) == 0
    (answer,) = why(employer)
    assert answer.is_entitled


def test_a_right_is_a_persons_or_an_employers(money_desk, district) -> None:
    membership = payouts.entitled_member(money_desk.unit)
    host(district)
    for_hosts()
    for fields in (
        {"employer": None},
        {"person": membership.person, "membership": membership},
    ):
        right = Entitlement.objects.get()
        for name, value in {"pk": uuid4(), "state": "void", **fields}.items():
            setattr(right, name, value)
        with pytest.raises(IntegrityError, match="of_person_or_employer"), transaction.atomic():
            right.save(force_insert=True)
    again = Entitlement.objects.get()
    again.pk = uuid4()
    with pytest.raises(IntegrityError, match="once_per_employer"), transaction.atomic():
        again.save(force_insert=True)


def test_merged_employers_have_one_right(money_desk, district) -> None:
    keep, double = host(district), host(district)
    double.credit_code = None
    double.save()
    programme = for_hosts(people=5)
    assert payouts.rights(programme) == ["reserved", "reserved"]
    merge(by=SYSTEM, keep=keep, double=double, reason="same firm")
    rows = Entitlement.objects.values_list("employer", "state").order_by("state")
    assert list(rows) == [(keep.pk, "reserved"), (keep.pk, "void")]
    assert payouts.money(programme).reserved == 5_000
    assert ledger.check() == []


def test_an_employers_right_never_goes_to_another(money_desk, district) -> None:
    host(district)
    other = members.employer(district.area_a)
    for_hosts()

    def give_away() -> None:
        Entitlement.objects.update(employer=other)
        connection.cursor().execute("SET CONSTRAINTS ALL IMMEDIATE")

    with pytest.raises(DatabaseError, match="only when two are merged"), transaction.atomic():
        give_away()


def test_many_cost_no_more_statements_than_one(money_desk, django_assert_num_queries) -> None:
    programme = payouts.programme(is_open=False)
    payouts.entitled_member(money_desk.unit)
    payouts.programmes.open_programme(by=SYSTEM, programme=programme)
    payouts.entitled_member(money_desk.unit)
    with django_assert_num_queries(16) as one:
        assert entitlements.evaluate(programme) == 1
    for _n in range(6):
        payouts.entitled_member(money_desk.unit)
    with django_assert_num_queries(len(one.captured_queries)):
        assert entitlements.evaluate(programme) == 6


def test_pages_of_terms_cycles_and_why(money_desk, client_for, district_officer) -> None:
    membership = payouts.entitled_member(money_desk.unit)
    programme = payouts.programme()
    client = client_for(district_officer)
    page = client.get(f"/desk/members/{membership.pk}/benefits/").text
    assert 'data-entitled="yes"' in page
    address = f"/desk/programmes/{programme.pk}"
    form = {"form_id": str(uuid4()), "amount": "80", "timing": "met_inside", "seen": "1",
            "standings": "active", "groups": "FOOD_RIDER", "note": "只给骑手"}  # fmt: skip
    assert client.post(f"{address}/terms/", form).status_code == 302
    programme.refresh_from_db()
    assert (programme.terms.groups, programme.terms.needs_card) == (["FOOD_RIDER"], False)
    stale = client.post(f"{address}/terms/", {**form, "form_id": str(uuid4())})
    assert (stale.status_code, "Look again" in stale.text) == (409, True)
    days = {"cycle": "2028", "window_from": "2028-01-01", "window_to": "2028-12-31"}
    client.post(f"{address}/cycles/", days)
    cycle = programme.cycles.get(code="2028")
    client.post(f"/desk/cycles/{cycle.pk}/close/")
    page = client.get(f"{address}/").text
    assert 'data-cycle="2028"' in page
    assert 'data-version="2"' in page
    other = payouts.entitled_member(money_desk.unit)
    page = client.get(f"/desk/members/{other.pk}/benefits/").text
    assert "The programme is not for this group" in page


def test_rights_of_one_moment_lie_in_the_order_of_membership(money_desk) -> None:
    programme = payouts.programme(is_open=False)
    made = [payouts.entitled_member(money_desk.unit).pk for _n in range(5)]
    payouts.programmes.open_programme(by=SYSTEM, programme=programme)
    rows = Entitlement.objects.in_turn().values_list("membership", "pk")
    assert [membership for membership, _pk in rows] == made
    assert {pk.version for _membership, pk in rows} == {7}
