"""What a roster holds: its columns, the titles firms give them, the kinds of work they write."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.utils.translation import get_language

from members.models import WorkerGroup
from members.states import ImportKind
from unionportal.core.spreadsheets.headers import title_key

TEMPLATE_VERSION = "roster 1"
WORD_BEGINNING = 2  # Chinese characters that are enough to guess a kind of work

# Field → titles; the first Chinese and the first English one are those of our own template.
TITLES: dict[str, tuple[str, ...]] = {
    "name": ("姓名", "Name", "名字", "职工姓名", "员工姓名", "会员姓名", "full name"),
    "id_number": (
        "证件号码", "ID number", "身份证号", "身份证号码", "身份证", "证件号", "公民身份号码",
        "ID no", "ID card", "ID",
    ),
    "phone": (
        "手机号", "Mobile number", "手机", "手机号码", "电话", "联系电话", "移动电话", "电话号码",
        "联系方式", "Mobile", "Phone", "Phone number",
    ),
    "group": (
        "工作类别", "Kind of work", "群体", "群体类别", "八大群体类别", "类别", "工种", "职业",
        "岗位", "worker group", "group",
    ),
    "vehicle_plate": ("车牌号", "Plate number", "车牌", "车牌号码", "plate", "vehicle plate"),
    "platform_name": ("平台名称", "Platform", "平台", "所属平台", "platform name"),
    "joined_on": (
        "入会日期", "Joined on", "入会时间", "入会年月日", "加入工会日期", "date joined",
        "join date", "joined",
    ),
    "member_no": (
        "会员证号", "Member number", "会员编号", "会员号", "会员证编号", "会籍号", "member no",
    ),
    "unit": ("所属工会", "Union unit", "所在工会", "工会名称", "基层工会", "工会", "union"),
    "employer": (
        "工作单位", "Employer", "单位名称", "所在单位", "单位", "公司", "公司名称", "company",
    ),
    "id_type": ("证件类型", "Document", "证件类别", "证件种类", "document type"),
    "id_expires_on": (
        "有效期至", "Valid until", "证件有效期", "证件有效期至", "有效期", "expires on",
    ),
    "sex": ("性别", "Sex", "gender"),
    "birth_date": ("出生日期", "Born on", "出生年月日", "生日", "birth date", "date of birth"),
    "ethnicity": ("民族", "Ethnicity", "民族成份", "ethnic group"),
    "political_affiliation": ("政治面貌", "Political affiliation", "党派"),
    "education": ("学历", "Education", "文化程度", "最高学历", "教育程度", "education level"),
    "household_type": ("户籍类型", "Household", "户口性质", "户籍性质", "户口类型"),
    "is_migrant_worker": ("农民工", "Migrant worker", "是否农民工"),
    "employment_form": ("用工形式", "Form of employment", "用工性质", "就业形式"),
    "employment_status": ("就业状态", "Employment", "就业状况", "employment status"),
    "occupation": ("岗位或职业", "Occupation", "职业", "岗位", "职务", "职位", "job", "position"),
    "skill_level": ("技能等级", "Skill grade", "职业技能等级", "技术等级", "skill level"),
    "residence_division": (
        "现居住地区划", "Division of residence", "居住地区划", "现居住地代码", "居住地代码",
    ),
    "residence_text": (
        "地址", "Address", "现居住地", "住址", "现住址", "家庭住址", "居住地址", "home address",
    ),
    "state": ("会籍", "Membership", "会籍状态", "会员状态", "membership state"),
    # Our own column on rows given back: known, so that it is not reported, and never read.
    "returned_because": ("退回原因", "Returned because"),
    "result": ("处理结果", "Result"),
}  # fmt: skip
IGNORED = ("returned_because", "result")


@dataclass(frozen=True)
class Layout:
    """What the files of one kind hold, and how many rows they may have."""

    required: tuple[str, ...]
    optional: tuple[str, ...]
    max_rows: int

    @property
    def data(self) -> tuple[str, ...]:
        """The fields that are read, in the order of the template."""
        return self.required + self.optional


LAYOUTS = {
    ImportKind.ROSTER: Layout(
        ("name", "id_number", "phone"), ("group", "vehicle_plate", "platform_name"), 50_000
    ),
    ImportKind.REGISTRY: Layout(
        ("name", "id_number", "joined_on"),
        (
            "phone",
            "group",
            "member_no",
            "unit",
            "employer",
            "vehicle_plate",
            "platform_name",
            "id_type",
            "id_expires_on",
            "sex",
            "birth_date",
            "ethnicity",
            "political_affiliation",
            "education",
            "household_type",
            "is_migrant_worker",
            "employment_form",
            "employment_status",
            "occupation",
            "skill_level",
            "residence_division",
            "residence_text",
            "state",
        ),
        200_000,
    ),
}

# Other words for the groups, from the source reports (domain.md section 3).
GROUP_WORDS = {
    "TRUCK_DRIVER": ("货运司机", "物流货运司机", "卡车司机", "危货司机"),
    "PARCEL_COURIER": ("快递小哥", "快递", "快递人员"),
    "CARE_WORKER": ("护工", "护理员"),
    "DOMESTIC_WORKER": ("家政", "家政人员", "家政服务"),
    "MALL_PROMOTER": ("促销员",),
    "FOOD_RIDER": ("外卖骑手", "外卖配送员", "外卖小哥", "送餐员", "骑手"),
    "PROPERTY_AGENT": ("房屋中介", "房产中介"),
    "SECURITY_GUARD": ("保安",),
}


def is_english() -> bool:
    return (get_language() or "").startswith("en")


def titles_of(field_name: str) -> tuple[str, ...]:
    """Return the accepted titles of a column, the one in the reader's language first."""
    titles = TITLES[field_name]
    return (titles[1], titles[0], *titles[2:]) if is_english() else titles


def title_of(field_name: str) -> str:
    return titles_of(field_name)[0]


def aliases(names: Iterable[str], learnt: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the titles of `names`, the reader's language first and learnt ones last."""
    found = {name: list(titles_of(name)) for name in names}
    if "occupation" in found:  # a register has a column of its own for what rosters call a job
        own = {title_key(title) for title in found["occupation"]}
        found["group"] = [title for title in found["group"] if title_key(title) not in own]
    for title, name in learnt.items():
        if name in found:
            found = {
                other: [known for known in titles if title_key(known) != title]
                for other, titles in found.items()
            }
            found[name].append(title)
    return found


@dataclass
class GroupWords:
    """Turns the words of a cell into a group code; `exact` holds what needs no note."""

    exact: dict[str, str] = field(default_factory=dict)
    other: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, groups: list[WorkerGroup]) -> GroupWords:
        words = cls()
        for group in groups:
            words.names[group.name_zh] = group.code
            for name in (group.name_zh, group.name_en, group.code):
                words.exact[_key(name)] = group.code
            for name in GROUP_WORDS.get(group.code, ()):
                words.other[_key(name)] = group.code
        words.exact.pop("", None)
        return words

    def closest(self, text: str) -> str:
        """Return the Chinese name of the group that looks most like `text`, or nothing."""
        words = {**self.exact, **self.other}
        key = _key(text)
        near = difflib.get_close_matches(key, words, n=1, cutoff=0.6)
        codes = {words[near[0]]} if near else set()
        if not codes and len(key) >= WORD_BEGINNING:
            beginning = key[:WORD_BEGINNING]
            codes = {code for word, code in words.items() if word.startswith(beginning)}
        return self.name_of(codes.pop()) if len(codes) == 1 else ""

    def name_of(self, code: str) -> str:
        """Return the Chinese name of a group."""
        return next(name for name, known in self.names.items() if known == code)


def _key(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split()).casefold()


def find_group(words: GroupWords, text: str) -> tuple[str, bool]:
    """Return the code for `text` and whether the name was exact; no code when nothing fits."""
    key = _key(text)
    if key in words.exact:
        return words.exact[key], True
    return words.other.get(key, ""), False
