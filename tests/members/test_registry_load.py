"""A register: members with their own dates and numbers, confirmed by a second person."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from members.imports import actions, loading, texts, undoing
from members.merging.actions import merge_people
from members.models import (
    Affiliation,
    Application,
    DuplicatePair,
    GroupMembership,
    ImportBatch,
    MemberCertificate,
    Membership,
    MonthlyFlow,
    Movement,
    Person,
)
from members.queries import members_as_of
from members.states import ImportState, Verdict
from tests.factories import members as make
from tests.members.registry_files import fresh, load_preview, member, register, undo, write
from tests.members.roster_files import id_number, phone
from unionportal.core import jobs
from unionportal.core.crypto import blind_index
from unionportal.core.errors import NotAllowed, Refused, Stale
from unionportal.core.models import AuditEvent

pytestmark = pytest.mark.django_db


@pytest.fixture
def second_officer(make_user):
    return make_user("second_officer", "district_officer")


def outcome(batch):
    """Return (row number, verdict, codes without notes) of every row."""
    return [
        (row.number, row.verdict, [p["code"] for p in row.problems if ":" not in p["code"]])
        for row in batch.rows.order_by("number")
    ]


def loaded(district, by, second, rows, **options):
    return write(load_preview(by, district.firm_a, register(rows), **options), second)


def test_new_rows_become_active_members(district, district_officer, second_officer):
    rows = [member(1, 会员证号="hy-7", 车牌号="豫A12345"), member(2, 手机号="")]
    batch = loaded(district, district_officer, second_officer, rows)
    assert (batch.state, batch.counts["new"], batch.counts["written"]) == ("done", 2, 2)
    first = Membership.objects.get(member_no="HY-7")
    person = first.person
    assert (person.name, person.id_number, person.phone) == ("测试员乙", id_number(1), phone(1))
    assert (person.id_index, person.phone_index, person.phone_state) == (
        blind_index(f"citizen:{id_number(1)}", "person"), blind_index(phone(1), "phone"), "claimed",
    )  # fmt: skip
    assert (person.sex, person.birth_date) == (1, dt.date(1990, 3, 7))
    assert (person.name_initials, person.phone_tail) == ("csyy", phone(1)[-4:])
    assert (first.state, first.joined_on, first.unit, first.group_id, first.source) == (
        "active", dt.date(2021, 3, 1), district.firm_a, "PARCEL_COURIER", "registry",
    )  # fmt: skip
    assert (first.vehicle_plate, first.confirmation) == ("豫A12345", "none")
    assert first.affiliations.get().started_on == first.joined_on
    assert first.group_history.get().group_id == "PARCEL_COURIER"
    assert first.certificate.issued_on == first.joined_on
    assert len(first.certificate.token) >= 20
    second = Membership.objects.exclude(pk=first.pk).get()
    assert second.member_no.startswith("GH2021")
    assert (second.person.phone, second.person.phone_state) == ("", "none")


def test_nothing_waits_in_the_clear(district, district_officer):
    rows = [member(1, 姓名="测试员特"), member(2, 姓名="测试员别", 手机号="12")]
    load_preview(district_officer, district.firm_a, register(rows))
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_tables WHERE tablename LIKE 'import\\_%'")
        assert cursor.fetchone() == (0,)
        cursor.execute("SELECT string_agg(r::text, '') FROM members_importrow r")
        kept = cursor.fetchone()[0]
    assert "测**特" in kept
    for word in ("测试员特", "测试员别", id_number(1), phone(1), "ceshiyuan"):
        assert word not in kept
        assert word.encode().hex() not in kept


def test_members_are_counted_from_their_own_day(district, district_officer, second_officer):
    rows = [member(1, 入会日期="2021-03-01"), member(2, 入会日期="2024-07-15")]
    loaded(district, district_officer, second_officer, rows)
    days = [dt.date(2021, 2, 28), dt.date(2021, 3, 1), dt.date(2024, 7, 15)]
    assert [members_as_of(district_officer, day) for day in days] == [0, 1, 2]
    assert list(MonthlyFlow.objects.values_list("came", "joined")) == [(1, 1), (1, 1)]
    assert Movement.objects.filter(kind="join", delta=1).count() == 2


def test_rows_name_their_union(district, district_officer, second_officer):
    rows = [
        member(1, 所属工会=district.firm_b.name),
        member(2, 所属工会=district.pool_a.name),
        member(3),
        member(4, 所属工会="没有的工会"),
    ]
    batch = load_preview(district_officer, district.unit, register(rows))
    assert outcome(batch) == [
        (2, "new", []), (3, "new", []), (4, "rejected", ["empty"]), (5, "rejected", ["unknown"]),
    ]  # fmt: skip
    write(batch, second_officer)
    units = set(Membership.objects.values_list("unit__name", flat=True))
    assert units == {district.firm_b.name, district.pool_a.name}


def test_uploader_cannot_confirm(district, district_officer, make_user):
    batch = load_preview(district_officer, district.firm_a, register([member(1)]))
    with pytest.raises(NotAllowed, match="did not upload it"):
        actions.confirm(by=district_officer, batch=batch)
    twin = make_user("twin", "district_officer", person="district_officer")
    with pytest.raises(NotAllowed, match="did not upload it"):
        actions.confirm(by=twin, batch=batch)
    assert fresh(batch).state == ImportState.PREVIEWED


def test_database_refuses_the_same_person(district, district_officer, make_user):
    batch = load_preview(district_officer, district.firm_a, register([member(1)]))
    twin = make_user("twin", "district_officer", person="district_officer")
    mine = ImportBatch.objects.filter(pk=batch.pk)
    for by in (district_officer, twin):
        with pytest.raises(IntegrityError), transaction.atomic():
            mine.update(state="writing", confirmed_by=by, confirmed_at=batch.created_at)
    with pytest.raises(IntegrityError), transaction.atomic():
        mine.update(state="writing")


def test_officers_without_the_right_load_nothing(district, subdistrict_officer, district_officer):
    with pytest.raises(NotAllowed):
        load_preview(subdistrict_officer, district.firm_a, register([member(1)]))
    batch = load_preview(district_officer, district.firm_a, register([member(1)]))
    with pytest.raises(NotAllowed):
        actions.confirm(by=subdistrict_officer, batch=batch)


def test_known_members_are_updated_with_the_differences(district, district_officer, second_officer):
    same = make.membership(district.firm_a, name="测试员乙", id_number=id_number(1),
                           phone=phone(1), joined_on=dt.date(2021, 3, 1))  # fmt: skip
    other = make.membership(district.firm_a, name="旧名字", id_number=id_number(2),
                            phone=phone(77), joined_on=dt.date(2021, 3, 1))  # fmt: skip
    rows = [member(1), member(2, 车牌号="豫A12345")]
    batch = load_preview(district_officer, district.firm_a, register(rows))
    assert outcome(batch) == [
        (2, "unchanged", []), (3, "update", ["changes", "changes_to", "changes"]),
    ]  # fmt: skip
    said = [texts.reason(p) for p in batch.rows.get(number=3).problems]
    assert said == [
        "Name: the record says otherwise and will be updated.",
        "Mobile number: was 199****0077, will be 199****0002.",
        "Plate number: the record says otherwise and will be updated.",
    ]
    batch = write(batch, second_officer)
    assert batch.counts["written"] == 1
    person = Person.objects.get(pk=other.person_id)
    assert (person.name, person.phone, person.name_initials) == ("测试员丙", phone(2), "csyb")
    assert Membership.objects.get(pk=other.pk).vehicle_plate == "豫A12345"
    assert Person.objects.get(pk=same.person_id).name == "测试员乙"
    assert Membership.objects.count() == 2


def test_verified_phone_does_not_yield(district, district_officer):
    make.membership(district.firm_a, name="测试员乙", id_number=id_number(1), phone=phone(77),
                    phone_is_verified=True, joined_on=dt.date(2021, 3, 1))  # fmt: skip
    batch = load_preview(district_officer, district.firm_a, register([member(1)]))
    assert outcome(batch) == [(2, "unchanged", ["verified_stays"])]


def test_what_would_rewrite_history_is_held(district, district_officer):
    for serial in (1, 2, 3):
        make.membership(district.firm_a, name=str(member(serial)[0]), id_number=id_number(serial),
                        phone=phone(serial), joined_on=dt.date(2021, 3, 1))  # fmt: skip
    make.membership(district.firm_b, id_number=id_number(4))
    make.application(district.firm_a, id_number=id_number(5))
    taken = Membership.objects.get(
        person__id_index=blind_index(f"citizen:{id_number(1)}", "person")
    )
    rows = [
        member(1, 会员证号="X-9"),
        member(2, 入会日期="2020-01-01"),
        member(3, 工作类别="保安员"),
        member(4),
        member(5),
        member(6, 会员证号=taken.member_no),
        member(7, 会员证号="N-1"),
        member(8, 会员证号="N-1"),
    ]
    batch = load_preview(district_officer, district.firm_a, register(rows))
    assert outcome(batch) == [
        (2, "held", ["recorded_number"]), (3, "held", ["recorded_day"]),
        (4, "held", ["recorded_group"]), (5, "elsewhere", ["other_union"]),
        (6, "held", ["decide_first"]), (7, "held", ["number_taken"]),
        (8, "held", ["number_twice"]), (9, "held", ["number_twice"]),
    ]  # fmt: skip


def test_member_who_left_joins_again_but_never_twice_in_one_time(district, district_officer):
    for serial in (1, 2):
        left = make.membership(district.firm_b, id_number=id_number(serial))
        Membership.objects.filter(pk=left.pk).update(
            state="resigned", joined_on="2022-01-01", ended_on="2023-01-01"
        )
    rows = [member(1, 入会日期="2023-01-01"), member(2, 入会日期="2022-12-31")]
    batch = load_preview(district_officer, district.firm_a, register(rows))
    assert outcome(batch) == [(2, "new", []), (3, "held", ["member_then"])]


def test_person_of_a_former_member_is_used_again(district, district_officer, second_officer):
    left = make.membership(district.firm_b, id_number=id_number(1))
    Membership.objects.filter(pk=left.pk).update(
        state="resigned", joined_on="2019-01-01", ended_on="2020-01-01"
    )
    loaded(district, district_officer, second_officer, [member(1)])
    assert Person.objects.count() == 1
    assert Membership.objects.filter(person=left.person).count() == 2


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"车牌号": "豫A12345"}, "other_vehicle_plate"), ({"手机号": phone(9)}, "other_phone")],
)
def test_rows_of_one_person_that_contradict_are_held(changes, code, district, district_officer):
    rows = register([member(1), member(1, **changes)])
    batch = load_preview(district_officer, district.firm_a, rows)
    assert [(verdict, codes) for _row, verdict, codes in outcome(batch)] == [("held", [code])] * 2


def test_somebody_who_came_first_is_not_written_twice(district, district_officer, second_officer):
    batch = load_preview(district_officer, district.firm_a, register([member(1), member(2)]))
    make.membership(district.firm_a, id_number=id_number(1))
    batch = write(batch, second_officer)
    assert (batch.counts["new"], batch.counts["known"], batch.counts["written"]) == (1, 1, 1)
    assert Membership.objects.count() == 2
    row = batch.rows.get(number=2)
    assert texts.reason(row.problems[0]) == "Became known after the check. Not written again."


def test_signed_list_makes_them_confirmed(district, district_officer, second_officer):
    batch = load_preview(district_officer, district.firm_a, register([member(1)]))
    ImportBatch.objects.filter(pk=batch.pk).update(signed_list=make.scan(district_officer))
    write(batch, second_officer)
    one = Membership.objects.get()
    assert (one.confirmation, one.person.consents.count()) == ("signed_list", 1)
    assert one.confirmed_at is not None


def test_every_membership_is_logged(district, district_officer, second_officer):
    batch = loaded(district, district_officer, second_officer, [member(1), member(2)])
    events = AuditEvent.objects.filter(verb="membership.open")
    assert {(e.actor_label, e.data["import"]) for e in events} == {
        ("second_officer", str(batch.pk))
    }
    ids = {str(pk) for pk in Membership.objects.values_list("pk", flat=True)}
    assert {event.target_id for event in events} == ids


def test_cards_are_asked_for_afterwards(district, district_officer, second_officer):
    batch = loaded(district, district_officer, second_officer, [member(1), member(2)])
    follow = jobs.Job.objects.get(kind="benefits.follow_import", subject_id=batch.pk)
    jobs.run(follow.pk)
    assert [one.cards.get().state for one in Membership.objects.all()] == ["requested"] * 2
    batch = undo(batch, second_officer)
    jobs.run(jobs.Job.objects.get(kind="benefits.follow_import", state="queued").pk)
    assert [one.cards.get().state for one in Membership.objects.all()] == ["closed"] * 2


def test_undo_annuls_and_nothing_was_ever_counted(district, district_officer, second_officer):
    batch = loaded(district, district_officer, second_officer, [member(1), member(2)])
    batch = undo(batch, second_officer)
    assert (batch.state, batch.counts["put_back"], batch.counts["kept"]) == ("undone", 2, 0)
    assert set(Membership.objects.values_list("state", flat=True)) == {"annulled"}
    for day in (dt.date(2021, 3, 1), dt.date(2026, 1, 1)):
        assert members_as_of(district_officer, day) == 0
    assert Affiliation.objects.filter(ended_on=None).count() == 0
    assert GroupMembership.objects.filter(ended_on=None).count() == 0
    assert MonthlyFlow.objects.get(month="2021-03-01").joined == 0


def test_undone_register_can_be_loaded_again(district, district_officer, second_officer):
    rows = [member(1, 会员证号="HY-1")]
    first = undo(loaded(district, district_officer, second_officer, rows), second_officer)
    again = loaded(district, district_officer, second_officer, rows)
    assert again.pk != first.pk
    assert Membership.objects.get(state="active").member_no == "HY-1"
    assert Person.objects.count() == 1
    assert MemberCertificate.objects.count() == 2


def test_undo_keeps_what_was_changed_since(district, district_officer, second_officer):
    rows = [member(1), member(2), member(3)]
    batch = loaded(district, district_officer, second_officer, rows)
    retained, touched, _plain = Membership.objects.order_by(
        "person__birth_date", "person__phone_tail"
    )
    make.memberships.close(membership=retained, verb="resign", by=district_officer, reason="left")
    make.people.verify_phone(person=touched.person, phone=phone(50), by=district_officer)
    batch = undo(batch, second_officer)
    kept = dict(batch.rows.exclude(kept_because="").values_list("membership_id", "kept_because"))
    assert kept == {retained.pk: "ended_since", touched.pk: "changed_since"}
    assert (batch.counts["kept"], batch.counts["put_back"]) == (2, 1)
    assert Membership.objects.get(pk=touched.pk).state == "active"
    assert members_as_of(district_officer, dt.date(2021, 3, 1)) == 2


@pytest.mark.parametrize("kept_place", [0, 1])
def test_undo_keeps_whom_a_merge_joined(kept_place, district, district_officer, second_officer):
    batch = loaded(district, district_officer, second_officer, [member(1), member(2)])
    people = list(Person.objects.order_by("pk"))
    pair = DuplicatePair.objects.create(first=people[0], second=people[1], evidence=[], strength=1)
    merge_people(
        by=district_officer, pair=pair, survivor=people[kept_place], reason="same", choices={}
    )
    batch = undo(batch, second_officer)
    active = Membership.objects.get(state="active")
    assert batch.rows.get(membership_id=active.pk).kept_because == "changed_since"


def test_undo_puts_updates_back_unless_changed_since(district, district_officer, second_officer):
    old = [
        make.membership(district.firm_a, name="旧名字", id_number=id_number(serial),
                        phone=phone(70 + serial), joined_on=dt.date(2021, 3, 1))
        for serial in (1, 2)
    ]  # fmt: skip
    batch = loaded(district, district_officer, second_officer, [member(1), member(2)])
    Person.objects.filter(pk=old[1].person_id).update(name="后来改")
    batch = undo(batch, second_officer)
    first, second = (Person.objects.get(pk=one.person_id) for one in old)
    assert (first.name, first.phone) == ("旧名字", phone(71))
    assert (second.name, second.phone) == ("后来改", phone(2))
    assert (batch.counts["put_back"], batch.counts["kept"]) == (1, 1)


def test_undo_needs_a_reason_and_happens_once(district, district_officer, second_officer):
    batch = loaded(district, district_officer, second_officer, [member(1)])
    with pytest.raises(Refused, match="reason"):
        actions.undo(by=second_officer, batch=batch, reason=" ")
    batch = undo(batch, second_officer)
    with pytest.raises(Stale):
        actions.undo(by=second_officer, batch=batch, reason="again")


def test_roster_undo_withdraws_what_nobody_decided(district, field_officer, district_officer):
    from tests.members.roster_files import worker, xlsx  # noqa: PLC0415
    from tests.members.test_roster_verdicts import preview  # noqa: PLC0415

    batch = preview(field_officer, district.firm_a, xlsx([worker(1), worker(2), worker(3)]))
    batch = write(batch, field_officer)
    approved, returned, _waiting = Application.objects.order_by("import_row__number")
    make.applications.approve(
        by=district_officer, applications=[approved], decided_on=dt.date(2026, 11, 1), signer="A"
    )
    make.applications.return_(by=district_officer, application=returned, reason="photo")
    batch = undo(batch, field_officer)
    states = list(
        Application.objects.order_by("import_row__number").values_list("state", flat=True)
    )
    assert states == ["approved", "withdrawn", "withdrawn"]
    assert batch.rows.exclude(kept_because="").get().kept_because == "approved_since"


def test_statements_do_not_grow_with_rows(district, district_officer, second_officer, monkeypatch):
    def statements(serials) -> int:
        rows = [member(serial) for serial in serials]
        with CaptureQueriesContext(connection) as seen:
            batch = loaded(district, district_officer, second_officer, rows)
        assert batch.counts["written"] == len(rows)
        return len(seen)

    statements(range(9_000, 9_001))  # what a process reads once
    few = statements(range(10_000, 10_010))
    assert statements(range(20_000, 20_900)) == few


def test_same_register_again_is_the_first_one(district, district_officer):
    content = register([member(1)])
    first = load_preview(district_officer, district.firm_a, content)
    looked = actions.Upload(content=content, filename="r.xlsx", kind="xlsx", rows=1)
    again, is_new = actions.upload(
        by=district_officer, unit=district.firm_a, roster=looked, kind="registry"
    )
    assert (again.pk, is_new) == (first.pk, False)


@pytest.mark.parametrize("module", [loading, undoing])
def test_work_of_another_state_is_left_alone(district, district_officer, module):
    batch = load_preview(district_officer, district.firm_a, register([member(1)]))
    work = {loading: loading.load, undoing: undoing.undo}[module]
    work(by=district_officer, batch=batch, report=lambda **_progress: None)
    assert fresh(batch).state == ImportState.PREVIEWED
    assert {row.verdict for row in batch.rows.all()} == {Verdict.NEW}
