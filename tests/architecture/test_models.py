"""What every model owes: a scope, a machine, pairs that go together, a name for its migrations."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection, models, transaction
from django.db.migrations.loader import MigrationLoader

from unionportal.core.fields import EncryptedTextField
from unionportal.core.scope import ScopedQuerySet
from unionportal.core.transitions import Machine

LABELS = ("core", "members", "stations", "outreach", "benefits")
MODELS = [model for label in LABELS for model in apps.get_app_config(label).get_models()]
BY_LABEL = {model._meta.label: model for model in MODELS}

# Rows of these hang on a row that is scoped, and are only read through it; or they hold no
# member's, firm's or money's data. The reason stands beside each.
UNSCOPED = {
    "members.Industry": "a code list that points at itself",
    "core.Attachment": "opened only through what it belongs to",
    "core.Grant": "read by the security administrator, who sees every account",
    "core.Job": "read by its owner",
    "core.RetentionTerm": "a setting of the whole district, no person's data",
    "core.SavedFilter": "read by its owner and those it is shared with",
    "core.ListPreference": "read by its user",
    "members.UnitPlacement": "shown on its unit's page",
    "members.IndustrialPlacement": "shown on its unit's page",
    "members.CommitteeSeat": "shown on its unit's page, read through its committee",
    "members.TermExtension": "shown on its unit's page",
    "members.CertificateFiling": "shown on its unit's page",
    "members.UnitPlaque": "shown on its unit's page",
    "members.EmployerCoverage": "shown on its unit's and its employer's page",
    "members.ContractEmployer": "counted on its contract's union's page",
    "members.Affiliation": "shown on its membership's page",
    "members.GroupMembership": "shown on its membership's page",
    "members.Movement": "shown on its membership's page; counted by area in reports",
    "members.MonthlyFlow": "counts by area, no person",
    "members.MemberCertificate": "shown on its membership's page, or to who holds its token",
    "members.MemberKey": "only says which memberships a search means",
    "members.SortedKey": "a view of MemberKey",
    "members.Consent": "read through its person",
    "members.StatusChange": "shown on its membership's page",
    "members.MemberVehicle": "shown on its membership's page",
    "members.ApprovalDecision": "shown on its applications' pages",
    "members.PersonMerge": "shown on its pair's page",
    "members.ApplicationFile": "opened through its application",
    "members.RevokedCertificate": "shown on its membership's page, or to who holds its token",
    "members.ImportRow": "shown on its import's pages",
    "members.BulkRow": "shown on its change's pages",
    "outreach.Target": "shown on its drive's board",
    "outreach.KnownJoin": "shown on its drive's page",
    "benefits.CardRequestLine": "a line of a bank file",
    "benefits.CardEvent": "shown on its card's page",
    "benefits.PayoutOrder": "what the relay does next about a line",
    "benefits.ChannelNotice": "what a channel told about an order",
    "benefits.CashReceipt": "shown on its batch's page",
    "benefits.CashReceiptLine": "a line of a receipt, shown on its batch's page",
    "benefits.Cycle": "a period of a programme",
    "benefits.StockMovement": "what changed a store's number",
    "benefits.PointsMovement": "shown on its person's page of points",
    "benefits.ProgrammeVersion": "shown on its programme's page",
    "benefits.BooksCheck": "codes and numbers, no person's data; shown on the page of the books",
    "benefits.Account": "an account of the ledger; postings are scoped",
    "benefits.RecordLine": "shown on its day's page",
    "benefits.LineSettlement": "shown on its line's page",
    "benefits.LineEvidence": "shown on its line's page",
    "stations.PointFacility": "shown on its point's page",
    "stations.OpeningHours": "shown on its point's page",
    "stations.HolidayHours": "shown on its point's page",
}
SCOPED_RELATIONS = {"core.User", "core.Attachment", "members.WorkerGroup", "members.Area"}

# A column named so without a machine: why.
NO_MACHINE = {
    "benefits.PayoutOrder.channel_state": "the channel's own word, as it was last heard",
    "benefits.ChannelNotice.said_state": "the channel's own word, never believed",
    "core.IdempotencyKey.status": "the HTTP status of the first answer",
    "members.Employer.union_state": "computed from its coverages, or recorded as reported",
    "members.Person.phone_state": "one step, claimed to verified, and back when the phone changes",
    "core.AuditEvent.from_state": "what a machine did",
    "core.AuditEvent.to_state": "what a machine did",
    "members.StatusChange.from_state": "what a machine did",
    "members.StatusChange.to_state": "what a machine did",
}

# The stored bytes are bound to these names: a renamed field cannot be decrypted any more.
ENCRYPTED = {
    "core.attachment.name",
    "core.outboxmessage.body",
    "core.outboxmessage.phone",
    "members.person.id_number",
    "members.person.phone",
    "members.person.residence_text",
    "members.datarequest.text",
    "members.application.id_number",
    "members.application.phone",
    "members.personmerge.undo_log",
    "members.importrow.cleaned",
    "members.importrow.typed",
    "members.importrow.before",
    "members.importrow.line",
    "benefits.objection.answer",
    "benefits.objection.phone",
    "benefits.objection.text",
    "benefits.payeeaccount.notice_phone",
    "benefits.payeeaccount.number",
    "benefits.payoutorder.package",
    "benefits.membercard.card_no",
    "benefits.cardrequestline.id_number",
    "benefits.cardrequestline.phone",
}

APPEND_ONLY = {
    "core.AuditEvent",
    "core.RevealEvent",
    "members.Movement",
    "members.ConsentNotice",
    "members.StatusChange",
    "members.UnitChange",
    "members.UnitFeed",
    "benefits.CardEvent",
    "benefits.ProgrammeVersion",
    "benefits.StockMovement",
    "benefits.PointsMovement",
    "benefits.LineEvidence",
    "benefits.Posting",
    "benefits.RecordLine",
    "benefits.BooksCheck",
}

# Who and when that need not go together, and why.
UNPAIRED = {
    "core.ExportRequest.requested_by": "both are required columns",
    "core.RetentionTerm.set_by": "both are required columns",
    "core.Attachment.created_by": "the portal itself makes files too",
    "members.Application.submitted_by": "a worker sends it in without an account",
    "members.PersonMerge.merged_by": "a job merges as the portal itself",
    "members.PersonMerge.undone_by": "a job takes apart as the portal itself",
    "members.Transfer.requested_by": "a worker asks without an account",
    "members.ApplicationFile.added_by": "a worker adds one without an account",
    "members.BulkChange.created_by": "both are required columns",
    "members.ImportBatch.created_by": "both are required columns",
    "members.HeaderAlias.created_by": "both are required columns",
    "members.UnitFeed.received_by": "both are required columns",
    "members.ApprovalDecision.recorded_by": "both are required columns",
    "members.StatusChange.recorded_by": "an import or a worker's own phone changes things too",
    "outreach.Drive.created_by": "a seed or a command makes drives too",
    "benefits.BankFile.confirmed_by": "the bank's own copy confirms without an account",
    "benefits.Difference.proposed_by": "a resolved one has both persons by constraint",
    "benefits.Difference.decided_by": "a resolved one has both persons by constraint",
    "benefits.BankFile.created_by": "files come in from the bank's folder by themselves",
    "benefits.BankFile.handed_over_by": "the folder transport hands over by itself",
    "benefits.PayoutBatch.submitted_by": "the person is held by trigger, the moment by the audit",
    "benefits.PayoutBatch.second_by": "the person is held by trigger, the moment by the audit",
    "benefits.PayeeAccount.created_by": "the bank's card file makes accounts too",
    "benefits.HandOut.given_by": "a seed or a command hands out too",
    "benefits.HandOut.undone_by": "a command takes back too",
    "benefits.StockMovement.moved_by": "a seed or a command moves goods too",
    "benefits.PointsMovement.moved_by": "the portal itself credits points",
    "benefits.Programme.created_by": "a seed or a command makes programmes too",
    "benefits.ProgrammeVersion.created_by": "a seed or a command makes programmes too",
    "benefits.PayoutBatch.made_by": "both are required columns",
    "benefits.CashReceipt.recorded_by": "written together, never without",
    "benefits.LineSettlement.proposed_by": "both are required columns",
    "benefits.BudgetChange.proposed_by": "both are required columns",
}


def _is_scoped(model: type[models.Model]) -> bool:
    return isinstance(model._default_manager.all(), ScopedQuerySet)


def _points_at_scoped(model: type[models.Model]) -> bool:
    targets = {
        field.related_model._meta.label
        for field in model._meta.get_fields()
        if field.is_relation and field.concrete and field.related_model in MODELS
    }
    return bool(targets - {"members.WorkerGroup"})


def test_models_of_organisations_and_people_are_scoped():
    unscoped = {
        model._meta.label for model in MODELS if _points_at_scoped(model) and not _is_scoped(model)
    }
    assert unscoped == set(UNSCOPED)


def test_a_planted_model_without_scope_is_found():
    class Planted(models.Model):
        unit = models.ForeignKey("members.UnionUnit", on_delete=models.PROTECT, related_name="+")

        class Meta:
            app_label = "members"

        def __str__(self) -> str:
            return "planted"

    try:
        assert (_points_at_scoped(Planted), _is_scoped(Planted)) == (True, False)
    finally:
        del apps.all_models["members"]["planted"]
        apps.clear_cache()


def test_every_scoped_model_names_its_right_and_a_filter():
    for model in MODELS:
        if _is_scoped(model):
            queryset = type(model._default_manager.all())
            assert queryset.view_permission, model._meta.label
            has_own = queryset.scope_filter is not ScopedQuerySet.scope_filter
            has_lookup = queryset.unit_lookup or queryset.area_lookup
            is_districts = model._meta.label in DISTRICTS
            assert bool(has_own or has_lookup) != is_districts, model._meta.label


DISTRICTS = {
    "benefits.BankFile",
    "benefits.PayoutBatch",
    "benefits.PayoutLine",
    "benefits.Posting",
    "benefits.Programme",
    "benefits.BudgetChange",
    "benefits.DayRecord",
    "benefits.Difference",
    "benefits.Objection",
    "benefits.SendingLock",
}


def test_every_state_column_has_a_machine():
    columns = {
        f"{model._meta.label}.{field.name}"
        for model in MODELS
        for field in model._meta.concrete_fields
        if field.name in {"state", "status"} or field.name.endswith("_state")
    }
    driven = {
        f"{model._meta.label}.{model.machine.field}"
        for model in MODELS
        if isinstance(getattr(model, "machine", None), Machine)
    }
    assert columns - driven == set(NO_MACHINE)
    assert driven <= columns


def test_machines_speak_of_the_states_of_their_column():
    for model in MODELS:
        machine = getattr(model, "machine", None)
        if machine is None:
            continue
        known = set(dict(model._meta.get_field(machine.field).flatchoices))
        named = {state for step in machine.steps for state in (*step.sources, step.target)}
        assert named <= known, model._meta.label
        assert _reachable(machine, _starts(model)) == known, model._meta.label


# Lives that begin in another state than the default: a file that waits for a second person, files
# on the way out and on the way in, texts to send and texts that only make an unknown asker cost
# what a known one does, imports whose columns an officer has to name first.
STARTS = {
    "core.ExportRequest": {"waiting", "queued"},
    "members.ImportBatch": {"uploaded", "mapping"},
    "benefits.BankFile": {"ready", "received"},
    "core.OutboxMessage": {"queued", "discarded"},
}


def _starts(model: type[models.Model]) -> set[str]:
    default = str(model._meta.get_field(model.machine.field).default)
    return STARTS.get(model._meta.label, {default})


def _reachable(machine: Machine, starts: set[str]) -> set[str]:
    found, waiting = set(starts), list(starts)
    while waiting:
        state = waiting.pop()
        new = {str(s.target) for s in machine.steps if state in s.sources} - found
        found |= new
        waiting += new
    return found


def test_who_and_when_go_together():
    """Each `<verb>_by` beside a `<verb>_at` is held to it by the database, or told why not."""
    loose = {
        f"{model._meta.label}.{who}"
        for model in MODELS
        for who, when in _pairs(model)
        if not any(_names_both(constraint, who, when) for constraint in model._meta.constraints)
    }
    assert loose == set(UNPAIRED)


def _pairs(model: type[models.Model]) -> list[tuple[str, str]]:
    names = {field.name for field in model._meta.concrete_fields}
    verbs = [name.removesuffix("_by") for name in names if name.endswith("_by")]
    return [(f"{verb}_by", f"{verb}_at") for verb in verbs if f"{verb}_at" in names]


def _names_both(constraint: models.BaseConstraint, who: str, when: str) -> bool:
    text = str(getattr(constraint, "condition", ""))
    person = who.replace("_by", "_key")  # a trigger holds the key to the account
    return when in text and (who in text or person in text)


def test_every_model_says_what_it_is():
    silent = [
        model._meta.label
        for model in MODELS
        if not model.__doc__ or model.__doc__.startswith(f"{model.__name__}(")
    ]
    assert silent == []


def test_names_of_encrypted_fields_stay():
    found = {
        field.context
        for model in MODELS
        for field in model._meta.concrete_fields
        if isinstance(field, EncryptedTextField)
    }
    assert found == ENCRYPTED


def test_tables_with_a_no_truncate_trigger_are_the_append_only_ones():
    guarded = {
        model._meta.label
        for model in MODELS
        if any(trigger.name.endswith("_append_only") for trigger in _triggers(model))
    }
    assert guarded == APPEND_ONLY


def _triggers(model: type[models.Model]) -> list:
    return list(getattr(model._meta, "triggers", []))


@pytest.mark.django_db
@pytest.mark.parametrize("label", sorted(APPEND_ONLY))
def test_append_only_tables_refuse_truncate(label):
    table = BY_LABEL[label]._meta.db_table
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        _run(f'TRUNCATE "{table}" CASCADE')


@pytest.mark.django_db
@pytest.mark.parametrize("label", ["core.AuditEvent", "core.RevealEvent"])
def test_logs_refuse_update_and_delete_in_sql(label):
    model = BY_LABEL[label]
    values = {"actor_id": "00000000-0000-7000-8000-000000000000", "actor_label": "x",
              "target_type": "t", "target_id": "1", "reason": "r"}  # fmt: skip
    model.objects.create(**values)
    for sql in (f"UPDATE {model._meta.db_table} SET reason = 'other'",
                f"DELETE FROM {model._meta.db_table}"):  # fmt: skip
        with pytest.raises(DatabaseError, match="Cannot update or delete"), transaction.atomic():
            _run(sql)
    assert model.objects.get().reason == "r"


@pytest.mark.django_db
@pytest.mark.parametrize("label", sorted(APPEND_ONLY))
def test_append_only_tables_have_their_row_trigger_in_the_database(label):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgtype FROM pg_trigger WHERE tgrelid = %s::regclass AND NOT tgisinternal "
            "AND tgenabled <> 'D'",
            [BY_LABEL[label]._meta.db_table],
        )
        kinds = [row[0] for row in cursor.fetchall()]
    # Bits of tgtype: 8 delete, 16 update, 32 truncate.
    assert {bit for kind in kinds for bit in (8, 16, 32) if kind & bit} == {8, 16, 32}


def _run(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


@cache
def _test_sources() -> str:
    folder = Path(settings.BASE_DIR) / "tests"
    return "\n".join(path.read_text(encoding="utf-8") for path in folder.rglob("*.py"))


def test_every_model_is_named_in_a_test():
    """A model no test ever names was never thought through."""
    unnamed = [
        m._meta.label for m in MODELS if not re.search(rf"\b{m.__name__}\b", _test_sources())
    ]
    assert unnamed == []


@pytest.mark.django_db
def test_migrations_are_linear_named_and_complete():
    loader = MigrationLoader(connection)
    for label in LABELS:
        names = sorted(name for app, name in loader.disk_migrations if app == label)
        numbers = [int(name[:4]) for name in names]
        assert numbers == list(range(1, len(names) + 1)), label
        assert [name for name in names if re.search(r"_auto_\d", name)] == []
        assert len(loader.graph.leaf_nodes(label)) == 1, label
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)
