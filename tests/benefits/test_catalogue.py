"""Programmes to start from, and what a worker reads of goods, points and conditions."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from django.utils import timezone

from benefits import catalogue
from benefits.actions import goods, versions
from benefits.actions.versions import Gift, Rules
from benefits.models import Programme
from benefits.programme_forms import ProgrammeForm
from benefits.queries.member import benefits_of, points_history
from tests.factories import members, payouts
from unionportal.core.actors import SYSTEM

pytestmark = pytest.mark.django_db
ANYBODY = Rules(timing="held_inside", needs_card=False)


def test_the_four_seasons_are_there() -> None:
    seasons = {one.season for one in catalogue.templates()}
    assert seasons == {"spring", "summer", "autumn", "winter", "all"}
    assert {one.benefit for one in catalogue.templates()} == {"cash", "goods", "points"}


@pytest.mark.parametrize("template", catalogue.templates(), ids=lambda one: one.code)
def test_each_template_becomes_a_programme(district, district_officer, template) -> None:
    if template.item:
        goods.add_item(by=SYSTEM, code=template.item.code, name_zh="x", name_en="x", value_fen=1)
    initial = ProgrammeForm.initial_of(template)
    data = {name: value for name, value in initial.items() if not (value is None or value is False)}
    if template.item:
        data["item"] = str(data["item"].pk)
    data |= {"budget": "100000", "channel": "bank_file", "transport": "folder"}
    form = ProgrammeForm(data, user=district_officer)
    assert form.is_valid(), form.errors
    made = payouts.programmes.create_programme(by=district_officer, **form.values())
    assert (made.state, made.amount_fen) == ("draft", template.amount_fen)
    assert made.cycle.window_to >= timezone.localdate()


def test_a_window_that_is_over_begins_next_year() -> None:
    template = catalogue.find("summer-cooling")
    assert template.window(date(2026, 8, 31)) == (date(2026, 6, 15), date(2026, 8, 31))
    assert template.window(date(2026, 9, 1)) == (date(2027, 6, 15), date(2027, 8, 31))


def test_the_catalogue_fills_the_form(client_for, district_officer) -> None:
    client = client_for(district_officer)
    assert 'data-template="summer-cooling"' in client.get("/desk/programmes/new/").text
    page = client.get("/desk/programmes/new/?template=card-activation").text
    assert re.search(r'name="amount"[^>]*value="50.00"', page)
    assert 'value="会员卡激活补贴"' in page
    page = client.get("/desk/programmes/new/?template=winter-warmth").text
    assert "Name these goods first" in page
    assert not Programme.objects.exists()


def test_a_worker_reads_where_to_fetch_goods_and_until_when(district) -> None:
    oil = goods.add_item(by=SYSTEM, code="oil", name_zh="食用油", name_en="Cooking oil",
                         value_fen=4_500)  # fmt: skip
    goods.receive(by=SYSTEM, item=oil, store=district.unit_a, quantity=3, place="Hall 1")
    member = members.membership(district.firm_a)
    until = timezone.localdate() + timedelta(days=9)
    gift = Gift(item=oil, quantity=2, fetch_until=until)
    payouts.programme(benefit="goods", amount_fen=4_500, gift=gift, rules=ANYBODY)
    (line,) = benefits_of(member.person)
    assert (line.gift, line.label) == ("Cooking oil × 2", "Ready to be fetched")
    assert line.text.startswith(f"Fetch it: {district.unit_a.name} Hall 1. Until ")
    assert line.text.endswith("Bring your ID card; you sign for it.")


def test_a_worker_reads_points(district) -> None:
    member = members.membership(district.firm_a)
    payouts.programme(benefit="points", amount_fen=60, gift=Gift(points=60), rules=ANYBODY)
    (line,) = benefits_of(member.person)
    assert (line.gift, line.label, line.text) == ("60 points", "Credited", "")
    balance, moves = points_history(member.person)
    assert (balance, [move.delta for move in moves]) == (60, [60])


def test_terms_in_words_name_everything_asked(district, client_for, district_officer) -> None:
    rules = Rules(
        groups=("FOOD_RIDER",), areas=(district.area_a.pk,), units=(district.unit_a.pk,),
        joined_from=date(2026, 1, 1), needs_card=False, needs_dues=True,
    )  # fmt: skip
    programme = payouts.programme(rules=rules)
    page = client_for(district_officer).get(f"/desk/programmes/{programme.pk}/").text
    for word in (
        "Food-delivery rider",
        district.area_a.name,
        district.unit_a.name,
        "Must pay union dues",
    ):
        assert word in page
    versions.change_terms(
        by=SYSTEM, programme=programme, amount_fen=100, rules=ANYBODY, note="wider"
    )
    page = client_for(district_officer).get(f"/desk/programmes/{programme.pk}/").text
    assert 'data-version="1"' in page
