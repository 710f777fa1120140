"""The template components, the form renderer, the tables and the keyset pages."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace

import django_tables2 as tables
import pytest
from django import forms
from django.conf import settings
from django.template import engines
from django.test import RequestFactory
from django.utils import translation

from unionportal.core import navigation
from unionportal.core.forms import DateInput, DigitsInput
from unionportal.core.roles import DistrictOfficer, FinanceMaker, Permission
from unionportal.core.tables import (
    DayColumn,
    Empty,
    MoneyColumn,
    PickColumn,
    PortalTable,
    StateColumn,
)
from unionportal.core.templatetags import portal

ROOT = Path(settings.BASE_DIR)


def render(source: str, **context: object) -> str:
    template = engines["django"].from_string(source)
    request = RequestFactory().get("/desk/members/?q=li&after=x")
    return template.render({**context, "request": request}, request).strip()


# ---- numbers, money, dates


@pytest.mark.parametrize(
    ("fen", "text"),
    [(0, "0.00"), (5, "0.05"), (8630000, "86,300.00"), (-5000, "-50.00"), (None, "—")],
)
def test_yuan_amounts(fen, text):
    assert portal.yuan(fen) == text


def test_yuan_with_unit_in_both_languages():
    assert portal.yuan(5000, "unit") == "50.00 yuan"
    with translation.override("zh-hans"):
        assert portal.yuan(5000, "unit") == "50.00元"


@pytest.mark.parametrize(
    ("ratio", "text"), [(0.735, "73.5%"), (1, "100.0%"), (0.00049, "0.0%"), (None, "—")]
)
def test_percent_ratios(ratio, text):
    assert portal.percent(ratio) == text


@pytest.mark.parametrize(("value", "text"), [(118296, "118,296"), (0, "0"), (None, "—")])
def test_number_commas(value, text):
    assert portal.number(value) == text


def test_day_by_language():
    on = date(2024, 3, 18)
    assert portal.day(on) == '<time datetime="2024-03-18">18 March 2024</time>'
    assert portal.day(on, iso=True) == '<time datetime="2024-03-18">2024-03-18</time>'
    with translation.override("zh-hans"):
        assert portal.day(on) == '<time datetime="2024-03-18">2024年3月18日</time>'


def test_moment_is_shown_in_shanghai_time():
    at = datetime(2024, 3, 18, 16, 5, tzinfo=UTC)
    assert portal.moment(at, iso=True) == (
        '<time datetime="2024-03-19T00:05:00+08:00">2024-03-19 00:05</time>'
    )
    with translation.override("zh-hans"):
        assert "2024年3月19日 00:05" in portal.moment(at)


def test_day_missing():
    assert portal.day(None) == "—"


# ---- components


def test_state_has_icon_and_word():
    drawn = portal.state("wait", "Waiting")
    assert 'class="up-state wait"' in drawn
    assert "#alert-circle" in drawn
    assert drawn.endswith("Waiting</span>")


def test_state_of_unknown_kind_is_refused():
    with pytest.raises(KeyError):
        portal.state("green", "Fine")


def test_state_escapes_its_label():
    assert "&lt;b&gt;" in portal.state("ok", "<b>")


def test_every_icon_used_is_in_the_sprite():
    sprite = (ROOT / "static" / "icons.svg").read_text()
    for name in portal.STATE_ICONS.values():
        assert f'id="{name}"' in sprite


def test_every_icon_listed_is_built():
    lines = (ROOT / "frontend" / "icons.txt").read_text().splitlines()
    names = [line for line in lines if line and not line.startswith("#")]
    sprite = (ROOT / "static" / "icons.svg").read_text()
    assert [name for name in names if f'id="{name}"' not in sprite] == []


def test_bar_keeps_within_its_ends():
    drawn = render("{% bar 130 plan=-5 %}")
    assert 'width="100.0%" height="6"' in drawn
    assert 'x="0.0%"' in drawn
    assert "style=" not in drawn


def test_figure_names_base_and_date():
    drawn = render(
        "{% figure 'Recorded' 118296 unit='people' base='90.0%' asof=on url='/d/' %}",
        on=date(2026, 11, 23),
    )
    assert '<a href="/d/">Recorded</a>' in drawn
    assert "118,296<small>people</small>" in drawn
    assert "23 November 2026" in drawn


def test_crumbs_end_with_here():
    drawn = render("{% crumbs '/a/' 'Imports' 'No. 1' %}")
    assert '<a href="/a/">Imports</a>' in drawn
    assert drawn.endswith("No. 1</nav>")


def test_qs_changes_and_removes():
    assert render("{% qs after=None kind='b' %}") == "?q=li&amp;kind=b"


def test_pager_keeps_the_search():
    page = SimpleNamespace(rows=[1, 2], next="NEXT", previous="")
    drawn = render("{% pager page text='newest first' %}", page=page)
    assert 'href="?q=li&amp;after=NEXT"' in drawn
    assert "2 on this page · newest first" in drawn


def test_pager_of_an_empty_page_says_nothing():
    page = SimpleNamespace(rows=[], next="", previous="")
    assert render("{% pager page %}", page=page) == ""


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("id", "490001199001011911", "4900|**********|1911"),
        ("phone", "19012340410", "190|****|0410"),
        ("card", "6222000000000019", "|****| 0019"),
    ],
)
def test_mask_filters(name, value, shown):
    head, dots, tail = shown.split("|")
    expected = f'<span class="up-mask">{head}<span class="dots">{dots}</span>{tail}</span>'
    assert getattr(portal, f"mask_{name}")(value) == expected


# ---- forms


class SampleForm(forms.Form):
    name = forms.CharField(label="Name", help_text="As on the card")
    phone = forms.CharField(label="Phone", widget=DigitsInput, required=False)
    kind = forms.ChoiceField(
        label="Kind", choices=[("a", "A"), ("b", "B")], widget=forms.RadioSelect
    )
    group = forms.ChoiceField(
        label="Group", choices=[(str(n), f"G{n}") for n in range(7)], widget=forms.RadioSelect
    )
    on = forms.DateField(label="Day", widget=DateInput)
    agreed = forms.BooleanField(label="Agreed")


def test_field_has_label_hint_and_wiring():
    drawn = render("{% field form.name %}", form=SampleForm())
    assert '<label class="form-label" for="id_name">Name</label>' in drawn
    assert 'id="id_name_helptext">As on the card' in drawn
    assert 'aria-describedby="id_name_helptext"' in drawn
    assert 'class="form-control"' in drawn


def test_field_error_stands_between_hint_and_box():
    drawn = render("{% field form.name %}", form=SampleForm({}))
    assert "up-field is-wrong" in drawn
    assert drawn.index("As on the card") < drawn.index("Fill in “Name”") < drawn.index("<input")
    assert 'aria-describedby="id_name_helptext id_name_error"' in drawn
    assert 'aria-invalid="true"' in drawn


def test_field_that_may_be_empty_says_so():
    assert "(may be left empty)" in render("{% field form.phone %}", form=SampleForm())
    assert "(may be left empty)" not in render("{% field form.name %}", form=SampleForm())


def test_filter_form_does_not_mark_optional_fields():
    class FilterForm(SampleForm):
        mark_optional = False

    assert "(may be left empty)" not in render("{% field form.phone %}", form=FilterForm())


def test_radio_with_few_options_is_segments():
    assert 'class="up-segment"' in render("{% field form.kind %}", form=SampleForm())


def test_radio_with_many_options_is_a_ruled_list():
    assert 'class="up-list"' in render("{% field form.group %}", form=SampleForm())


def test_date_value_travels_as_iso():
    drawn = render("{% field form.on %}", form=SampleForm(initial={"on": date(2026, 1, 2)}))
    assert 'type="date"' in drawn
    assert 'value="2026-01-02"' in drawn


def test_error_summary_links_to_every_wrong_field():
    drawn = render("{% error_summary form %}", form=SampleForm({"on": "x"}))
    assert "There are 5 things to correct" in drawn
    assert '<a href="#id_kind_0">Choose one for “Kind”</a>' in drawn
    assert '<a href="#id_on">Day: Enter a valid date.</a>' in drawn
    assert '<a href="#id_agreed">Tick “Agreed” to go on</a>' in drawn


def test_error_summary_of_a_fresh_form_is_empty():
    assert render("{% error_summary form %}", form=SampleForm()) == ""


def test_whole_form_brings_its_summary_once():
    assert render("{{ form }}", form=SampleForm({})).count("data-union-errors") == 1


# ---- tables


class SampleTable(PortalTable):
    pick = PickColumn()
    name = tables.Column(verbose_name="Name")
    state = StateColumn(kinds={"on": "ok"}, verbose_name="State")
    fen = MoneyColumn(verbose_name="Amount (yuan)")
    since = DayColumn(verbose_name="Since")


def test_table_draws_numbers_states_and_days():
    row = SimpleNamespace(pk=7, name="A <b>", state="on", fen=5000, since=date(2026, 1, 2))
    table = SampleTable([row])
    drawn = render("{% load django_tables2 %}{% render_table table %}", table=table)
    assert '<table role="table" class="up-table stack">' in drawn
    assert '<td role="cell" data-label="Amount (yuan)" class="num">50.00</td>' in drawn
    assert "A &lt;b&gt;" in drawn
    assert '<span class="up-state ok">' in drawn
    assert '<time datetime="2026-01-02">2026-01-02</time>' in drawn
    assert 'name="pick" value="7" form="bulk"' in drawn


def test_table_without_rows_starts_something():
    table = SampleTable([], empty=Empty("No visits yet", "Record one.", "/new/", "Record"))
    drawn = render("{% load django_tables2 %}{% render_table table %}", table=table)
    assert "<table" not in drawn
    assert '<a class="btn" href="/new/">Record</a>' in drawn


# ---- navigation


def person(*roles: type) -> SimpleNamespace:
    grants = [SimpleNamespace(role=role.code) for role in roles]
    return SimpleNamespace(is_authenticated=True, is_active=True, grants_today=lambda: grants)


@pytest.fixture
def two_pages(monkeypatch):
    monkeypatch.setattr(navigation, "_items", {})
    for order, (name, permission) in enumerate(
        [("health-live", Permission.VIEW_MEMBERS), ("health-ready", Permission.VIEW_MONEY)]
    ):
        navigation.register(
            navigation.NavItem(
                section="members",
                order=order,
                label=name,
                url_name=name,
                permission=permission,
                count=lambda user: 3,
            )
        )


def labels(*roles: type) -> list[str]:
    return [str(n.label) for s in navigation.navigation_for(person(*roles)) for n in s.links]


@pytest.mark.usefixtures("two_pages")
def test_navigation_shows_only_what_the_role_may_open():
    assert labels(FinanceMaker) == ["health-ready"]
    assert labels(DistrictOfficer) == ["health-live", "health-ready"]
    assert labels() == []


@pytest.mark.usefixtures("two_pages")
def test_navigation_marks_the_current_page_and_counts():
    (section,) = navigation.navigation_for(person(DistrictOfficer), "/health/live/more")
    assert [(link.is_current, link.count) for link in section.links] == [(True, 3), (False, 3)]


def test_navigation_refuses_an_unknown_section():
    item = navigation.NavItem(section="nowhere", order=1, label="x", url_name="health-live")
    with pytest.raises(ValueError, match="nowhere"):
        navigation.register(item)
