"""National code lists as files, and how they come into the database: by migration.

A changed file needs a migration that calls `load` again; codes are added or renamed, never deleted.
GB/T 2261.1 (sex) is `core.identifiers.Sex` and a check constraint.
"""

from __future__ import annotations

import csv
import unicodedata
from functools import cache
from pathlib import Path
from typing import Any

from django.utils.translation import get_language

FOLDER = Path(__file__).parent
FILES = {
    "Ethnicity": "gbt_3304_ethnicity.csv",
    "PoliticalAffiliation": "gbt_4762_political_affiliation.csv",
    "Education": "gbt_4658_education.csv",
}
INDUSTRIES = "gbt_4754_industry.csv"
# Usual words of spreadsheets that are in no standard.
SHORT_FORMS = {
    "Education": {
        "研究生": "10", "博士": "11", "硕士": "14", "本科": "20", "大学": "20", "大学本科": "20",
        "大专": "30", "专科": "30", "中专": "40", "中职": "40", "中技": "40", "技校": "40",
        "职高": "40", "高中": "60", "初中": "70", "小学": "80",
    },
    "PoliticalAffiliation": {
        "党员": "01", "共产党员": "01", "中国共产党党员": "01", "预备党员": "02", "团员": "03",
        "共青团": "03", "无党派": "12", "无党派民主人士": "12", "普通公民": "13",
    },
}  # fmt: skip


def load(apps: Any, name: str) -> None:
    """Write the rows of the file behind the model `name`, as the model is in `apps`."""
    model = apps.get_model("members", name)
    for row in _rows(FILES[name]):
        code = row.pop("code")
        values: dict[str, Any] = dict(row)
        if "is_level" in values:
            values["is_level"] = values["is_level"] == "1"
        model.objects.update_or_create(code=code, defaults=values)


def load_industries(apps: Any) -> None:
    """Write the sections and divisions of GB/T 4754, as the model is in `apps`."""
    model = apps.get_model("members", "Industry")
    for order, row in enumerate(_rows(INDUSTRIES), start=1):
        names = {"name_zh": row["name_zh"], "name_en": row["name_en"]}
        values = {**names, "section_id": row["section"] or None, "order": order}
        model.objects.update_or_create(code=row["code"], defaults=values)


def _rows(file: str) -> list[dict[str, str]]:
    with (FOLDER / file).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@cache
def rows(name: str) -> tuple[dict[str, str], ...]:
    """Return the rows of the list behind the model `name`, as in its file."""
    return tuple(_rows(FILES[name]))


@cache
def words(name: str) -> dict[str, str]:
    """Return what may be written for each code → the code: the code, both names, short forms.

    汉 without 族, 本科 for 大学本科教育: what spreadsheets hold.
    """
    known: dict[str, str] = {}
    for row in rows(name):
        code, chinese = row["code"], row["name_zh"]
        shorts = [chinese.removesuffix("族"), chinese.removesuffix("教育"), row.get("letters", "")]
        for word in (code, code.lstrip("0"), chinese, row["name_en"], *shorts):
            if word:
                known.setdefault(key_of(word), code)
    for word, code in SHORT_FORMS.get(name, {}).items():
        known.setdefault(key_of(word), code)
    return known


def key_of(text: str) -> str:
    """Return `text` as words are compared: narrow, without spaces, in small letters."""
    return "".join(unicodedata.normalize("NFKC", text).split()).casefold()


def name_of(row: dict[str, str]) -> str:
    """Return the name of a row in the reader's language."""
    is_english = (get_language() or "").startswith("en")
    return row["name_en"] if is_english and row["name_en"] else row["name_zh"]
