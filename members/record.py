"""The real-name record: every field of a member once (domain.md 2.2).

Forms, imports, exports and the API read this list, so that a field is named, read, checked, shown
and hidden in one way everywhere. `read` turns text of a form or a cell into the stored value,
`shown` a stored value into words.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from members import reference
from members.models.codes import (
    Education,
    EmploymentForm,
    EmploymentStatus,
    Ethnicity,
    HouseholdType,
    PoliticalAffiliation,
    SkillLevel,
)
from members.models.people import IdType
from unionportal.core import dates, identifiers
from unionportal.core.identifiers.cleaning import clean
from unionportal.core.input_errors import InputError

if TYPE_CHECKING:
    from members.models import Membership
    from members.models.organisation import CodeList

DIVISION = re.compile(r"[0-9]{6}([0-9]{3}([0-9]{3})?)?")
YES = {"是", "yes", "y", "true", "1", "农民工"}
NO = {"否", "no", "n", "false", "0", "非农民工", "不是"}
FOREVER = {"长期", "长期有效", "permanent", "long-term", "longterm"}


class Kind(StrEnum):
    """How a value is read and shown."""

    TEXT = "text"
    NAME = "name"
    ID_NUMBER = "id_number"
    PHONE = "phone"
    PLATE = "plate"
    DATE = "date"
    YES_NO = "yes_no"
    CHOICE = "choice"  # one of `choices`
    CODE = "code"  # a row of `code_list`
    DIVISION = "division"
    ROW = "row"  # a foreign key to a unit, an employer, a group


class Sensitivity(StrEnum):
    """Who sees a value: everybody who may see members; deciders; nobody without a reveal."""

    PERSONAL = "personal"
    GUARDED = "guarded"
    NUMBER = "number"


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberField:
    """One field: `stored` is the path from a membership, `person.education` or `occupation`."""

    name: str
    label: str | Promise
    kind: Kind
    stored: str
    sensitivity: Sensitivity = Sensitivity.PERSONAL
    code_list: type[CodeList] | None = None
    choices: type[models.TextChoices] | type[models.IntegerChoices] | None = None
    is_required: bool = False
    # Said by the ID number: never typed over it, only compared with it.
    is_derived: bool = False
    # Officers may change it on the edit form; the others have an action of their own.
    is_editable: bool = False
    max_length: int = 0

    @property
    def on_person(self) -> bool:
        return self.stored.startswith("person.")

    @property
    def attribute(self) -> str:
        """The model's attribute that holds the stored value (a code for a code list)."""
        name = self.stored.removeprefix("person.")
        return f"{name}_id" if self.kind in (Kind.CODE, Kind.ROW) else name


def _field(name: str, label: Any, kind: Kind, stored: str, **more: Any) -> MemberField:
    return MemberField(name=name, label=label, kind=kind, stored=stored, **more)


G, N = Sensitivity.GUARDED, Sensitivity.NUMBER
K = Kind
FIELDS: tuple[MemberField, ...] = (
    _field("name", _("Full name"), K.NAME, "person.name", is_required=True, max_length=50),
    _field("id_type", _("Document"), K.CHOICE, "person.id_type", choices=IdType, is_required=True),
    _field("id_number", _("ID number"), K.ID_NUMBER, "person.id_number", sensitivity=N,
           is_required=True, max_length=20),
    _field("id_expires_on", _("Valid until"), K.DATE, "person.id_expires_on", is_editable=True),
    _field("sex", _("Sex"), K.CHOICE, "person.sex", choices=identifiers.Sex, is_derived=True),
    _field("birth_date", _("Born on"), K.DATE, "person.birth_date", is_derived=True),
    _field("ethnicity", _("Ethnicity"), K.CODE, "person.ethnicity", code_list=Ethnicity,
           sensitivity=G, is_editable=True),
    _field("political_affiliation", _("Political affiliation"), K.CODE,
           "person.political_affiliation", code_list=PoliticalAffiliation, sensitivity=G,
           is_editable=True),
    _field("education", _("Education"), K.CODE, "person.education", code_list=Education,
           is_editable=True),
    _field("phone", _("Phone"), K.PHONE, "person.phone", sensitivity=N, is_required=True,
           max_length=11),
    _field("household_type", _("Household"), K.CHOICE, "person.household_type",
           choices=HouseholdType, is_editable=True),
    _field("is_migrant_worker", _("Migrant worker"), K.YES_NO, "person.is_migrant_worker",
           is_editable=True),
    _field("employment_form", _("Form of employment"), K.CHOICE, "employment_form",
           choices=EmploymentForm, is_editable=True),
    _field("employment_status", _("Employment"), K.CHOICE, "employment_status",
           choices=EmploymentStatus, is_editable=True),
    _field("employer", _("Employer"), K.ROW, "employer"),
    _field("occupation", _("Occupation"), K.TEXT, "occupation", is_editable=True, max_length=40),
    _field("group", _("Group"), K.ROW, "group", is_required=True),
    _field("skill_level", _("Skill grade"), K.CHOICE, "person.skill_level", choices=SkillLevel,
           is_editable=True),
    _field("platform_name", _("Platform"), K.TEXT, "platform_name", is_editable=True,
           max_length=40),
    _field("vehicle_plate", _("Plate"), K.PLATE, "vehicle_plate", max_length=10),
    _field("residence_division", _("Division of residence"), K.DIVISION,
           "person.residence_division", is_editable=True, max_length=12),
    _field("residence_text", _("Address"), K.TEXT, "person.residence_text", sensitivity=G,
           is_editable=True, max_length=120),
    _field("unit", _("Union unit"), K.ROW, "unit", is_required=True),
    _field("joined_on", _("Joined on"), K.DATE, "joined_on"),
    _field("member_no", _("Member number"), K.TEXT, "member_no", max_length=20),
)  # fmt: skip
BY_NAME = {one.name: one for one in FIELDS}
EDITABLE = tuple(one for one in FIELDS if one.is_editable)


def seen_by(*, may_reveal: bool) -> tuple[MemberField, ...]:
    """Return the fields a reader may see at all; numbers are among them, masked."""
    return tuple(one for one in FIELDS if may_reveal or one.sensitivity != Sensitivity.GUARDED)


def stored_value(membership: Membership, one: MemberField) -> Any:
    """Return the stored value of a field: a code, a date, a text, an id."""
    return getattr(membership.person if one.on_person else membership, one.attribute)


def read(one: MemberField, text: object) -> Any:
    """Return the stored value for what a form or a cell holds; the empty value for nothing.

    Raises `InputError` that says what is wrong. Rows (unit, employer, group) are not read here.
    """
    if text is None or (isinstance(text, str) and not text.strip()):
        return empty(one)
    return _READERS[one.kind](one, text)


def empty(one: MemberField) -> Any:
    """Return what is stored for a value that was not asked."""
    if one.choices is SkillLevel or one.name == "residence_text":
        return None
    return None if one.kind in (Kind.DATE, Kind.YES_NO, Kind.CODE, Kind.ROW) else ""


def _read_text(one: MemberField, text: object) -> str:
    cleaned = clean(str(text)).text
    if one.max_length and len(cleaned) > one.max_length:
        raise InputError(
            "too_long", _("At most %(limit)d characters fit here."), limit=one.max_length
        )
    return cleaned


def _read_code(one: MemberField, text: object) -> str:
    assert one.code_list is not None
    code = reference.words(one.code_list.__name__).get(reference.key_of(str(text)))
    if code is None:
        raise _unknown(str(text))
    return code


def _read_choice(one: MemberField, text: object) -> Any:
    assert one.choices is not None
    key = reference.key_of(str(text))
    words = choice_words(one.choices) | CHOICE_WORDS.get(one.name, {})
    if key not in words:
        raise _unknown(str(text))
    return words[key]


@cache
def choice_words(
    choices: type[models.TextChoices] | type[models.IntegerChoices],
) -> dict[str, Any]:
    """Return what stands for each choice: its code, and its label in every language.

    A file may come from somebody who reads the portal in the other language.
    """
    words = {reference.key_of(str(choice.value)): choice.value for choice in choices}
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            words |= {reference.key_of(str(choice.label)): choice.value for choice in choices}
    return words


def _unknown(text: str) -> InputError:
    return InputError("unknown_code", _("“%(text)s” is not in the list."), text=text[:40])


def _read_yes_no(one: MemberField, text: object) -> bool:
    key = reference.key_of(str(text))
    if key in YES or key in NO:
        return key in YES
    raise InputError("yes_no", _("Write yes or no."))


def _read_date(one: MemberField, text: object) -> dt.date | None:
    if one.name == "id_expires_on" and str(text).strip().casefold() in FOREVER:
        return None
    return dates.parse_date(text)


def _read_division(one: MemberField, text: object) -> str:
    code = clean(str(text)).text
    if not DIVISION.fullmatch(code):
        raise InputError("division", _("A division code has 6, 9 or 12 digits."))
    return code


_READERS: dict[Kind, Callable[[MemberField, Any], Any]] = {
    Kind.TEXT: _read_text,
    Kind.NAME: lambda _one, text: identifiers.parse_name(text).name,
    Kind.ID_NUMBER: _read_text,
    Kind.PHONE: lambda _one, text: identifiers.parse_phone(text).number,
    Kind.PLATE: lambda _one, text: identifiers.parse_plate(text).number,
    Kind.DATE: _read_date,
    Kind.YES_NO: _read_yes_no,
    Kind.CHOICE: _read_choice,
    Kind.CODE: _read_code,
    Kind.DIVISION: _read_division,
}
# Other words of spreadsheets; the labels of both languages are known by themselves.
CHOICE_WORDS: dict[str, dict[str, Any]] = {
    "id_type": {
        "身份证": "citizen", "居民身份证": "citizen", "居住证": "citizen", "护照": "passport",
        "通行证": "passport",
    },
    "sex": {"男": 1, "女": 2, "男性": 1, "女性": 2, "m": 1, "f": 2},
    "household_type": {
        "农业": "rural", "农业户口": "rural", "农村": "rural", "非农业": "urban",
        "非农业户口": "urban", "城镇": "urban", "城镇户口": "urban", "居民户口": "resident",
    },
    "employment_form": {
        "劳动合同": "regular", "合同工": "regular", "正式": "regular", "劳务派遣": "dispatch",
        "派遣": "dispatch", "非全日制": "part_time", "灵活就业": "flexible", "平台": "platform",
        "平台就业": "platform", "新就业形态": "platform", "其他": "other",
    },
    "employment_status": {
        "在职": "employed", "在岗": "employed", "离岗": "leave", "内退": "leave",
        "失业": "unemployed", "待业": "unemployed", "退休": "retired", "参军": "army",
        "服兵役": "army",
    },
    "skill_level": {
        "高级技师": 1, "一级": 1, "技师": 2, "二级": 2, "高级工": 3, "三级": 3, "中级工": 4,
        "四级": 4, "初级工": 5, "五级": 5,
    },
}  # fmt: skip


def shown(one: MemberField, value: Any) -> str | Promise:
    """Return a stored value in the reader's words; "" for nothing. Numbers come masked already."""
    if value is None or value == "":
        return ""
    if one.kind == Kind.CODE:
        assert one.code_list is not None
        return _code_names(one.code_list.__name__, str(value))
    if one.kind == Kind.CHOICE:
        assert one.choices is not None
        return one.choices(value).label
    if one.kind == Kind.YES_NO:
        return _("Yes") if value else _("No")
    return value.isoformat() if isinstance(value, dt.date) else str(value)


def _code_names(name: str, code: str) -> str:
    row = next((row for row in reference.rows(name) if row["code"] == code), None)
    return reference.name_of(row) if row else code


def derived(id_type: str, id_number: str) -> dict[str, Any]:
    """Return sex and birth date as the document says them; nothing for a passport."""
    if id_type != IdType.CITIZEN:
        return {}
    document = identifiers.parse_citizen_id(id_number, minimum_age=None)
    return {"sex": int(document.sex), "birth_date": document.birth_date}


def contradictions(id_type: str, id_number: str, told: dict[str, Any]) -> list[str]:
    """Return the names of derived fields in `told` that the ID number contradicts."""
    says = derived(id_type, id_number)
    return [
        name for name, value in says.items()
        if told.get(name) not in (None, "", 0, 9) and told[name] != value
    ]  # fmt: skip
