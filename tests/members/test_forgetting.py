"""Nothing that was typed about a person outlives the person: no column can be forgotten."""

from __future__ import annotations

import json

import pytest
from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db import DatabaseError, connection, models, transaction

from members.actions import anonymising, memberships, standing
from members.actions.forgetting import ERASED, GONE, NO_ROW
from members.models import (
    Affiliation,
    DataRequest,
    ImportRow,
    Membership,
    Person,
    StatusChange,
    Transfer,
)
from members.transfers import actions as transfers
from tests.factories import members as make
from tests.members.registry_files import load_preview, member, register, write
from unionportal.core.actors import SYSTEM
from unionportal.core.fields import EncryptedTextField
from unionportal.core.models import Attachment

pytestmark = pytest.mark.django_db
TEXTS = (models.CharField, models.TextField, models.JSONField, models.BinaryField,
         EncryptedTextField, ArrayField)  # fmt: skip
# About units, places, programmes and files, never about one member.
OF_NOBODY = {
    "members": {
        "Area", "WorkerGroup", "UnionUnit", "UnitPlacement", "Employer", "Ethnicity", "Education",
        "PoliticalAffiliation", "Committee", "TermExtension", "ConsentNotice", "Industry",
        "EmployerHeadcount", "ImportBatch", "HeaderAlias", "IndustrialPlacement", "UnitChange",
        "LegalPersonCertificate", "CertificateFiling", "UnitReply", "UnitPlaque",
        "CollectiveContract", "ContractEmployer",
    },
    "outreach": {"Drive", "JoinCode"},
    "stations": {"ServicePoint", "HolidayHours"},
    "benefits": {"BankFile", "Budget", "Programme", "Cycle", "Account", "PayoutBatch",
                 "DayRecord", "SendingLock", "ProgrammeVersion", "GoodsItem", "Stock",
                 "StockMovement", "ChannelPace", "ChannelNotice", "RefusedNotice", "BooksCheck",
                 "BudgetChange"},
}  # fmt: skip
KEPT = {
    # Codes, never words.
    "members.Affiliation": set(), "members.Consent": {"version"},
    "members.Person": {"district"}, "members.Membership": {"district", "member_no"},
    "members.MemberCertificate": {"token"}, "members.RevokedCertificate": {"token"},
    "members.DuplicatePair": {"evidence"}, "members.PersonMerge": {"choices", "kept"},
    "members.StatusChange": {"verb"}, "members.ImportRow": {"kept_because"},
    # Said of many at once; the address of a list without its search.
    "members.BulkChange": {"params", "reason", "undo_reason", "query", "found", "counts"},
    "members.BulkRow": {"state_was", "group_was", "reason_was"},
    # A union's name, and who decided for it.
    "members.Transfer": {"outside_name"}, "members.ApprovalDecision": {"signer"},
    # An elected officer: the name is the person's record, `name` is for people not known here.
    "members.CommitteeSeat": {"name", "reason"},
    # Follows the person's record by trigger.
    "members.MemberKey": {"name", "pinyin", "initials", "phone_tail", "grams"},
    "members.SortedKey": {"name", "grams"},
    # Deleted with the vehicle.
    "members.MemberVehicle": {"plate"},
    # Vouchers of money that was paid: kept by the law on accounting.
    "benefits.PayeeAccount": None, "benefits.MemberCard": None, "benefits.CardEvent": {"code"},
    "benefits.Entitlement": {"review", "results"}, "benefits.PayoutLine": None,
    "benefits.LineSettlement": {"note"}, "benefits.LineEvidence": None,
    "benefits.RecordLine": None, "benefits.Difference": None,
    # Said against a list by somebody the portal knows by phone only; kept with the list.
    "benefits.Objection": None,
    # Emptied by the app itself when it hears `person_anonymised`.
    "benefits.CardRequestLine": None,
    "benefits.HandOut": {"undone_reason"},
    "benefits.PayoutOrder": {"bill_no", "package", "channel_state"},
}  # fmt: skip


def text_columns():
    for app in OF_NOBODY:
        for model in apps.get_app_config(app).get_models():
            if model.__name__ not in OF_NOBODY[app]:
                found = {
                    field.name for field in model._meta.concrete_fields
                    if isinstance(field, TEXTS) and not field.choices
                }  # fmt: skip
                yield model._meta.label, found


ERASED_COLUMNS = {
    **{model._meta.label: set(columns) for model, _ways, columns in ERASED},
    "members.Person": set(anonymising.NO_PERSON),
    "members.Application": set(anonymising.NO_APPLICATION),
    "members.ImportRow": set(NO_ROW),
}


@pytest.mark.parametrize(("label", "columns"), list(text_columns()))
def test_every_text_column_is_emptied_or_said_to_hold_nothing(label, columns):
    kept = KEPT.get(label, set())
    if kept is not None:
        assert columns - ERASED_COLUMNS.get(label, set()) - kept == set()


@pytest.fixture
def former(district, subdistrict_officer, neighbour_officer) -> Person:
    """Somebody about whom much was typed, who left."""
    member = make.membership(district.firm_a)
    case = transfers.push(
        by=subdistrict_officer, membership=member, unit=district.firm_b, reason="王小明想走",
        paper=make.scan(),
    )  # fmt: skip
    transfers.refuse(by=neighbour_officer, transfer=case, reason="王小明不在这里")
    memberships.move_to_unit(
        membership=member, unit=district.pool_a, by=SYSTEM, reason="王小明换了单位"
    )
    member.refresh_from_db()
    standing.change(
        membership=member, by=subdistrict_officer,
        change=standing.Change(
            verb="resign", day=member.affiliations.get(ended_on=None).started_on,
            reason="王小明回老家了",
        ),
    )  # fmt: skip
    DataRequest.objects.create(
        person=member.person, kind="copy", text="王小明的来信", answer="答复王小明",
        due_on="2026-01-01",
    )  # fmt: skip
    Attachment.objects.update(name="王小明.pdf")
    return Person.objects.get(pk=member.person_id)


def test_no_table_says_the_name_any_more(former):
    Person.objects.update(name="王小明")
    anonymising.anonymise_person(person=former, by=SYSTEM)
    assert tables_with("王小明") == {"core_auditevent"}  # sealed; whoever reads it is logged


def tables_with(text: str) -> set[str]:
    found = set()
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(
                f'SELECT EXISTS (SELECT 1 FROM "{table}" t WHERE to_jsonb(t)::text LIKE %s)',
                [f"%{text}%"],
            )
            if cursor.fetchone()[0]:
                found.add(table)
    return found


def test_what_the_words_said_is_gone_and_the_steps_stay(former):
    anonymising.anonymise_person(person=former, by=SYSTEM)
    assert set(StatusChange.objects.values_list("verb", "reason")) == {("resign", "")}
    assert set(Affiliation.objects.values_list("reason", flat=True)) == {""}
    case = Transfer.objects.get()
    assert (case.state, case.reason, case.answer, case.token) == ("refused", "", "", None)
    request = DataRequest.objects.get()
    assert (request.text, request.answer) == ("", GONE)
    assert set(Attachment.objects.values_list("name", flat=True)) == {""}


def test_rows_of_a_register_are_emptied_with_the_member(district, make_user):
    upload, confirm = (make_user(name, "district_officer") for name in ("one", "two"))
    batch = load_preview(upload, district.firm_a, register([member(1), member(2)]))
    write(batch, confirm)
    one, other = Membership.objects.order_by("member_no").select_related("person")
    memberships.close(membership=one, verb="resign", by=SYSTEM, reason="x")
    anonymising.anonymise_person(person=one.person, by=SYSTEM)
    empty, full = (ImportRow.objects.get(membership_id=pk) for pk in (one.pk, other.pk))
    assert (empty.typed, empty.cleaned, empty.id_index, empty.name_masked) == ("", "", None, "")
    assert json.loads(full.cleaned)["name"]


@pytest.mark.parametrize("change", [{"reason": "other"}, {"verb": "expel"}, {"day": "2026-01-01"}])
def test_a_step_may_lose_its_words_and_nothing_else(former, change):
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        StatusChange.objects.update(**change)
