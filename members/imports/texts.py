"""Every reason and note of an import in words: code → text, put together when somebody reads it.

Stored problems hold code, field and numbers only, so a page in either language says the same.
Sentences shared with `core.identifiers` and `core.spreadsheets` are written alike on purpose: they
are translated once.
"""

from __future__ import annotations

from typing import Any, TypedDict

from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _

from members.imports.columns import title_of
from unionportal.core.identifiers import Note

NOTE = "note:"
MASKED = f"{NOTE}masked"


class Problem(TypedDict):
    """Why a row is not simply new: the column it is about, a code, its numbers."""

    field: str
    code: str
    params: dict[str, Any]


Text = str | Promise

# Codes of one column, then codes that mean the same in every column.
REASONS: dict[tuple[str, str], Text] = {
    ("name", "empty"): _("No name is filled in."),
    ("name", "number_cell"): _("The cell holds a number. Type the name as text."),
    ("name", "emoji"): _("A name cannot hold pictures or symbols. Take them out."),
    ("name", "combining"): _("There are loose accents in the name. Type it again."),
    ("name", "characters"): _("“%(char)s” does not belong in a name. Use the name on the ID card."),
    ("name", "edge"): _("A name does not begin or end with a mark. Take it out."),
    ("name", "length"): _("A name has at most 50 characters; this one has %(found)d."),
    ("id_number", "empty"): _("No ID number is filled in."),
    ("id_number", "number_cell"): _(
        "The spreadsheet destroyed the number: the cell holds a number, not text, so the last "
        "digits are lost. Format the column as text and type the ID again."
    ),
    ("id_number", "masked"): _(
        "The number is masked, as our own files show it. A roster needs the whole number."
    ),
    ("id_number", "masked_alone"): _(
        "The number is masked and no member number stands beside it. Add one of the two."
    ),
    ("id_number", "not_recognised"): _(
        "No member here has this member number with these digits, or this name. Type the whole "
        "ID number."
    ),
    ("id_number", "passport_form"): _(
        "A passport or permit number has 5 to 20 letters and digits."
    ),
    ("id_type", "other_document"): _(
        "New members with another document than an ID card are recorded one by one."
    ),
    ("", "contradiction"): _("The ID number says otherwise. Look which one is right."),
    ("", "recorded_sex"): _("The record says otherwise. It follows from the document."),
    ("", "recorded_birth"): _("The record says otherwise. It follows from the document."),
    ("", "unknown_code"): _("“%(text)s” is not in the list."),
    ("", "yes_no"): _("Write yes or no."),
    ("", "division"): _("A division code has 6, 9 or 12 digits."),
    ("", "too_long"): _("At most %(limit)d characters fit here."),
    ("state", "not_active"): _(
        "The file says this membership has ended. Only active ones are loaded."
    ),
    ("state", "recorded_state"): _(
        "The membership stands otherwise in the record. Change it on the member's page."
    ),
    ("member_no", "has_ended"): _("The membership with this number has ended. Not written."),
    ("phone", "verified_stays"): _(
        "The recorded mobile number was verified by the member and stays."
    ),
    ("id_number", "inner_space"): _("There is a space inside the ID number. Take it out."),
    ("id_number", "older_permit"): _(
        "This is the number of an older foreign residence card. Enter the 18-digit number of the "
        "new card."
    ),
    ("id_number", "letters"): _(
        "“%(char)s” at place %(place)d does not belong in an ID number. Use digits only; the last "
        "one may be the letter X."
    ),
    ("id_number", "old_id"): _("This is an old ID number of 15 digits. Enter the 18 digits."),
    ("id_number", "length"): _("An ID number has 18 characters; this one has %(found)d."),
    ("id_number", "impossible_date"): _(
        "The birth date inside the ID number, %(date)s, does not exist. Copy the number from the "
        "card."
    ),
    ("id_number", "check_digit"): _(
        "The last digit of the ID number is wrong. Copy it from the card."
    ),
    ("id_number", "future_date"): _(
        "The birth date inside the ID number is in the future. Copy the number from the card."
    ),
    ("id_number", "under_age"): _("This person is under %(age)d and cannot join yet."),
    ("phone", "empty"): _("No mobile number is filled in."),
    ("phone", "number_cell"): _(
        "The cell does not hold a mobile number. Type the 11 digits as text."
    ),
    ("phone", "letters"): _("A mobile number has digits only. Type the 11 digits."),
    ("phone", "landline"): _(
        "This is not a mobile number. Text messages need one of 11 digits."
    ),
    ("phone", "missing_digits"): ngettext_lazy(
        "One digit is missing; %(needed)d are needed.",
        "%(count)d digits are missing; %(needed)d are needed.",
        "count",
    ),
    ("phone", "extra_digits"): ngettext_lazy(
        "There is one digit too many; %(needed)d are needed.",
        "There are %(count)d digits too many; %(needed)d are needed.",
        "count",
    ),
    ("phone", "prefix"): _(
        "A mobile number starts with 13 to 19. Look at the first two digits."
    ),
    ("group", "empty"): _("No kind of work is filled in. Choose one from the list."),
    ("group", "unknown"): _(
        "“%(found)s” is not a kind of work on the list. Choose one from the template."
    ),
    ("group", "unknown_but"): _("“%(found)s” is not on the list. Choose “%(closest)s”."),
    ("vehicle_plate", "length"): _(
        "A plate has 7 characters, 8 for new energy; this one has %(found)d."
    ),
    ("vehicle_plate", "province"): _(
        "A plate starts with the short name of a province, such as 豫."
    ),
    ("vehicle_plate", "letters"): _("Plates have no letter I or O. Is it the digit 1 or 0?"),
    ("vehicle_plate", "form"): _("This is not the form of a plate. Example: 豫A12345."),
    ("platform_name", "length"): _(
        "A platform's name has at most %(limit)d characters; this one has %(found)d."
    ),
    ("", "control"): _("There is a hidden control character. Type it again."),
    ("", "direction_mark"): _(
        "There is a hidden mark that turns the writing direction. Type it again."
    ),
    ("", "foreign_digits"): _(
        "“%(char)s” at place %(place)d is not an ordinary digit. Use 0 to 9."
    ),
    ("", "formula"): _("The cell holds a formula. Type the value itself."),
    ("", "error_cell"): _("The cell holds an error or an impossible date. Type the value again."),
    ("", "same_row"): _("Same person as row %(row)d. Counted once."),
    ("", "other_name"): _("Same ID number as row %(row)d, but another name. Keep the right row."),
    ("", "other_phone"): _(
        "Same ID number as row %(row)d, but another mobile number. Keep the right row."
    ),
    ("", "other_group"): _(
        "Same ID number as row %(row)d, but another kind of work. Keep the right row."
    ),
    ("", "member_here"): _("Already a member here. Not written again."),
    ("", "applied_here"): _("An application is waiting already. Not written again."),
    # Says the same whether the person is a member elsewhere or has applied elsewhere.
    ("", "not_here"): _(
        "Cannot be added here. The person can ask for a transfer on the phone or at the "
        "sub-district union."
    ),
    ("", "came_first"): _("Became known after the check. Not written again."),
    ("joined_on", "empty"): _("No joining date is filled in."),
    ("joined_on", "form"): _("Write the date as year-month-day, such as 2026-03-01."),
    ("joined_on", "ambiguous"): _(
        "“%(text)s” can be read in more than one way. Write it as 2026-03-01."
    ),
    ("joined_on", "impossible"): _("There is no such day: %(text)s."),
    ("joined_on", "range"): _("The date must be between %(earliest)s and %(latest)s."),
    ("", "form"): _("Write the date as year-month-day, such as 2026-03-01."),
    ("", "ambiguous"): _(
        "“%(text)s” can be read in more than one way. Write it as 2026-03-01."
    ),
    ("", "impossible"): _("There is no such day: %(text)s."),
    ("", "range"): _("The date must be between %(earliest)s and %(latest)s."),
    ("member_no", "number_cell"): _("The cell does not hold a member number. Type it as text."),
    ("member_no", "length"): _(
        "A member number has at most %(limit)d characters; this one has %(found)d."
    ),
    ("member_no", "form"): _("A member number has letters, digits and hyphens only."),
    ("member_no", "number_twice"): _("Another person in this file has the same member number."),
    ("member_no", "number_taken"): _("This member number belongs to another membership."),
    ("member_no", "recorded_number"): _(
        "The person is recorded with another member number. Look which one is right."
    ),
    ("joined_on", "recorded_day"): _(
        "The person is recorded with another joining date. Look which one is right."
    ),
    ("group", "recorded_group"): _(
        "The person is recorded with another kind of work. Change it on the member's page."
    ),
    ("unit", "empty"): _("No union unit is filled in, and none stands for the whole file."),
    ("unit", "unknown"): _(
        "“%(found)s” is no union here that takes members. Copy its full name or credit code."
    ),
    ("unit", "several"): _("Several unions are called “%(found)s”. Give the credit code."),
    ("unit", "other_union"): _("Member of another union here. Ask for a transfer."),
    ("employer", "unknown"): _(
        "“%(found)s” is no employer on the list. Copy its full name or credit code."
    ),
    ("employer", "several"): _("Several employers are called “%(found)s”. Give the credit code."),
    ("", "member_then"): _(
        "The person was a member until after this date. Look which date is right."
    ),
    ("", "stopped"): _("This person withdrew consent: the record is not written any more."),
    ("", "decide_first"): _("An application of this person waits. Decide it first."),
    ("", "ended_meanwhile"): _("The membership ended after the check. Not written."),
    ("unit", "unit_closed"): _("The union was dissolved after the check. Not written."),
    ("", "changes"): _("%(column)s: the record says otherwise and will be updated."),
    ("", "changes_to"): _("%(column)s: was %(was)s, will be %(now)s."),
    ("", "other_unit"): _(
        "Same ID number as row %(row)d, but another union. Keep the right row."
    ),
    ("", "other_joined_on"): _(
        "Same ID number as row %(row)d, but another joining date. Keep the right row."
    ),
    ("", "other_member_no"): _(
        "Same ID number as row %(row)d, but another member number. Keep the right row."
    ),
    ("", "other_state"): _(
        "Same ID number as row %(row)d, but another standing. Keep the right row."
    ),
    ("", "other_employer"): _(
        "Same ID number as row %(row)d, but another employer. Keep the right row."
    ),
    ("", "other_vehicle_plate"): _(
        "Same ID number as row %(row)d, but another plate. Keep the right row."
    ),
    ("", "other_record"): _(
        "Same ID number as row %(row)d, but other details. Keep the right row."
    ),
    ("", "approved_since"): _("Kept: the application was approved since."),
    ("", "decided_since"): _("Kept: the application was decided or withdrawn since."),
    ("", "changed_since"): _("Kept: the record was changed since."),
    ("", "emptied_since"): _("Kept: what the row held was removed since."),
    ("", "ended_since"): _("Kept: the membership was retained or ended since."),
    ("", "card_since"): _("Kept: a bank card was ordered or money was paid since."),
    (NOTE, "other_word"): _("“%(found)s” was read as “%(name)s”."),
}  # fmt: skip

CHANGES = frozenset({"changes", "changes_to"})
# Faults any cell can have: said with the column's name in front.
CELL_FAULTS = frozenset({
    "control", "direction_mark", "foreign_digits", "formula", "error_cell", "unknown_code",
    "yes_no", "division", "too_long", "contradiction", "recorded_sex", "recorded_birth", "form",
    "ambiguous", "impossible", "range",
})  # fmt: skip
CELL_NOTES: dict[str, Text] = {"masked": _("masked in the file, left as it is")}

NOTES: dict[str, Text] = {
    "title_rows": _("Rows left out above the header: %(count)d."),
    "unknown_columns": _("Columns that are not used: %(columns)s."),
    "gap": _("Reading stopped at row %(row)d, after %(count)d blank rows."),
    "external_links": _("Links to other files were not followed."),
    "embedded": _("Pictures and embedded files were left out."),
    "formulas_unseen": _(
        "In .xls files formulas and hidden rows cannot be seen. Save as .xlsx to be sure."
    ),
    "encoding": _("Read as %(encoding)s."),
    "delimiter": _("Columns are split at %(delimiter)s."),
    "other_sheets": _("Only the sheet “%(name)s” was read; other sheets: %(count)d."),
    "hidden_rows": _("Hidden rows, read like all others: %(count)d."),
    "shared_phones": ngettext_lazy(
        "One mobile number stands for more than %(most)d people (rows %(rows)s). Is it a "
        "foreman's or a family's?",
        "%(count)d mobile numbers stand for more than %(most)d people each (rows %(rows)s). Are "
        "they a foreman's or a family's?",
        "count",
    ),
    "default_group": _("Rows without a kind of work took “%(name)s”: %(count)d."),
    "other_word": _("Other words for a kind of work were understood: %(count)d."),
}


def reason(problem: Problem) -> str:
    """Return one problem as a sentence in the reader's language."""
    code, field = problem["code"], problem["field"]
    if code.startswith(NOTE):
        return _note_of_cell(code.removeprefix(NOTE), field, problem["params"])
    own = REASONS.get((field, code))
    text = own or REASONS[("", code)]
    params = problem["params"]
    if code in CHANGES:
        params = {"column": title_of(field), **params}
    sentence = fill(text, params)
    return _of_column(field, sentence) if code in CELL_FAULTS and not own else sentence


def note(code: str, params: dict[str, Any]) -> str:
    """Return one note about the file as a sentence in the reader's language."""
    if code.startswith(NOTE):
        label = _label(code.removeprefix(NOTE))
        told = _of_column(params["field"], label)
        return gettext("%(note)s (rows: %(count)d)") % {"note": told, "count": params["count"]}
    return fill(NOTES[code], params)


def fill(text: Text, params: dict[str, Any]) -> str:
    """Put the numbers into a text, plural forms included."""
    return str(text % params) if params else str(text)


def _note_of_cell(code: str, field: str, params: dict[str, Any]) -> str:
    if (NOTE, code) in REASONS:
        return fill(REASONS[(NOTE, code)], params)
    return _of_column(field, _label(code))


def _label(code: str) -> Text:
    return CELL_NOTES.get(code) or Note(code).label


def _of_column(field: str, sentence: Text) -> str:
    return gettext("%(label)s: %(problem)s") % {"label": title_of(field), "problem": sentence}
