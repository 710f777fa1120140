"""The one search box: how text is read, whom it finds, in whose reach."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from django.urls import reverse

from members.actions import memberships
from members.lists import search
from members.lists.search import Kind
from members.models import MemberKey, Membership, Person
from tests.factories import members as make
from unionportal.core.pinyin import initials, pinyin_key, split_syllables

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("typed", "kind", "text"),
    [
        ("张", Kind.FIRST_CHARACTER, "张"),
        ("小芳", Kind.CHARACTERS, "小芳"),
        ("单 小芳", Kind.CHARACTERS, "单小芳"),
        ("艾力·努尔", Kind.CHARACTERS, "艾力努尔"),
        ("zhang wei", Kind.PINYIN, "zhang wei"),
        ("ZhangW", Kind.PINYIN, "zhangw"),
        ("ｚｈａｎｇ", Kind.PINYIN, "zhang"),
        ("zw", Kind.INITIALS, "zw"),
        ("zh", Kind.INITIALS, "zh"),
        ("x", Kind.INITIALS, "x"),
        ("5678", Kind.PHONE_TAIL, "5678"),
        ("GH 2026 0000 1234", Kind.MEMBER_NUMBER, "202600001234"),
        ("gh202600001234", Kind.MEMBER_NUMBER, "202600001234"),
        ("13912345678", Kind.LONG_NUMBER, "13912345678"),
        ("49010019900307123x", Kind.LONG_NUMBER, "49010019900307123x"),
        ("%", Kind.INITIALS, "%"),
        ("_", Kind.INITIALS, "_"),
    ],
)
def test_text_is_read(typed, kind, text):
    reading = search.read(typed)
    assert (reading.kind, reading.text) == (kind, text)
    assert reading.words


@pytest.mark.parametrize(
    ("name", "key", "letters"),
    [
        ("单小芳", "shan xiao fang", "sxf"),
        ("曾志伟", "zeng zhi wei", "zzw"),
        ("仇英", "qiu ying", "qy"),
        ("解珍", "xie zhen", "xz"),
        ("查良", "zha liang", "zl"),
        ("区少坤", "ou shao kun", "osk"),
        ("朴明", "piao ming", "pm"),
        ("盖叫天", "ge jiao tian", "gjt"),
        ("华佗", "hua tuo", "ht"),
        ("任盈", "ren ying", "ry"),
        ("乐毅", "yue yi", "yy"),
        ("缪斯", "miao si", "ms"),
        ("翟天", "zhai tian", "zt"),
        ("覃小", "qin xiao", "qx"),
        ("尉迟恭", "yu chi gong", "ycg"),
        ("万俟卨", "mo qi xie", "mqx"),
        ("澹台明", "tan tai ming", "ttm"),
        ("单于刚", "chan yu gang", "cyg"),
        ("欧阳海", "ou yang hai", "oyh"),
        ("么小红", "yao xiao hong", "yxh"),
        ("员半千", "yun ban qian", "ybq"),
        ("冼星海", "xian xing hai", "xxh"),
        ("长孙无忌", "zhang sun wu ji", "zswj"),
    ],
)
def test_surnames_are_read_as_surnames(name, key, letters):
    assert (pinyin_key(name), initials(name)) == (key, letters)


@pytest.mark.parametrize(
    ("typed", "split"),
    [
        ("danxiao", ["dan", "xiao"]),
        ("zhangw", ["zhang", "w"]),
        ("fan gang", ["fan", "gang"]),
        ("fangang", ["fang", "ang"]),
        ("lvbu", ["lv", "bu"]),
        ("zw", []),
    ],
)
def test_typed_pinyin_is_split(typed, split):
    assert split_syllables(typed) == split


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("shan", "单小芳"),
        ("dan", "单小芳"),
        ("danxiao", "单小芳"),
        ("chan xiao fang", "单小芳"),
        ("ceng", "曾志伟"),
        ("zeng zhi", "曾志伟"),
        ("chou", "仇英"),
        ("pu", "朴明"),
        ("wang le", "王乐"),
        ("wang yue", "王乐"),
        ("mu", "牟其中"),
        ("mou", "牟其中"),
        ("zzw", "曾志伟"),
        ("志伟", "曾志伟"),
        ("其中", "牟其中"),
        ("努尔", "艾力·努尔"),
        ("ailinuer", "艾力·努尔"),
    ],
)
def test_a_name_is_found_by_each_of_its_readings(
    typed, name, district, district_officer, client_for
):
    for one in ("单小芳", "曾志伟", "仇英", "朴明", "王乐", "牟其中", "艾力·努尔", "李雷"):
        make.membership(district.firm_a, name=one)

    page = client_for(district_officer).get(reverse("members:member-list"), {"q": typed})

    assert [row.person.name for row in page.context["page"].rows] == [name]


def test_letters_are_read_the_other_way_when_asked(district, district_officer, client_for):
    make.membership(district.firm_a, name="李安")
    make.membership(district.firm_a, name="罗一")
    client, url = client_for(district_officer), reverse("members:member-list")

    pinyin = client.get(url, {"q": "li"})
    letters = client.get(f"{url}{pinyin.context['read_otherwise']['url']}")

    assert [row.person.name for row in pinyin.context["page"].rows] == ["李安"]
    assert "Read as pinyin" in pinyin.content.decode()
    assert letters.context["reading"].kind == Kind.INITIALS
    assert [row.person.name for row in letters.context["page"].rows] == []


def test_a_search_stays_within_reach(district, subdistrict_officer, neighbour_officer, client_for):
    make.membership(district.firm_a, name="张明")
    make.membership(district.firm_b, name="张亮")
    url = reverse("members:member-list")

    here = client_for(subdistrict_officer).get(url, {"q": "张"})
    there = client_for(neighbour_officer).get("/api/v1/members/", {"q": "zhang"})

    assert [row.person.name for row in here.context["page"].rows] == ["张明"]
    assert [row["name"] for row in there.json()["results"]] == ["张亮"]


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("zhang", ["张大海", "张小白", "张小海", "张英"]),
        ("张", ["张大海", "张小海", "张小白", "张英"]),
        ("大海", ["张大海", "李大海", "李大海明", "王大海"]),
    ],
)
def test_pages_of_a_search_follow_each_other(
    typed, names, district, subdistrict_officer, district_officer, client_for
):
    for name in names[::-1]:
        make.membership(district.firm_a, name=name)
    for officer in (subdistrict_officer, district_officer):
        assert _walk(client_for(officer), typed) == names


def _walk(client, typed: str) -> list[str]:
    seen, url = [], f"/api/v1/members/?{urlencode({'q': typed, 'page_size': 3})}"

    while url:
        answer = client.get(url).json()
        seen += [row["name"] for row in answer["results"]]
        url = answer["next"]
    return seen


def test_keys_follow_names_phones_units_and_deletions(district, district_officer):
    member = make.membership(district.firm_a, name="张明", phone="13912345678")
    key = MemberKey.objects.get()
    assert (key.membership_id, key.unit_id, key.name) == (member.pk, district.firm_a.pk, "张明")
    assert (key.pinyin, key.initials, key.phone_tail) == ("zhangming", "zm", "5678")
    assert key.grams == ["张", "明", "张明"]

    Person.objects.filter(pk=member.person_id).update(
        name="单明", name_pinyin="shan ming", name_initials="sm", name_grams=["单", "明", "单明"]
    )
    memberships.move_to_unit(membership=member, unit=district.pool_a, by=district_officer)
    key.refresh_from_db()

    assert (key.name, key.pinyin, key.unit_id) == ("单明", "shanming", district.pool_a.pk)


def test_keys_are_removed_with_their_memberships(district):
    member = make.membership(district.firm_a)
    member.certificate.delete()
    copy = Membership(
        person=member.person, unit=district.firm_a, group=member.group, member_no="GHX",
        joined_on=member.joined_on, ended_on=member.joined_on, state="resigned", source="form",
    )  # fmt: skip
    copy.save()
    assert MemberKey.objects.count() == 2
    copy.delete()
    assert MemberKey.objects.get().membership_id == member.pk
