"""The demo district: what the seed says it built is what the portal's own queries find."""

from __future__ import annotations

import json
import stat
from collections import Counter
from datetime import timedelta

import pytest
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.db.models import Count, F, Q
from django.utils import timezone

from benefits import ledger, outbound, profiles
from benefits.models import (
    BankFile,
    CardEvent,
    Entitlement,
    MemberCard,
    PayeeAccount,
    PointsBalance,
    Programme,
)
from members import queries
from members.actions.employers import derive_union_states
from members.models import (
    Affiliation,
    Application,
    Area,
    Consent,
    Employer,
    EmployerCoverage,
    EmployerHeadcount,
    EmployerLink,
    GroupMembership,
    Membership,
    MonthlyFlow,
    Movement,
    Person,
    UnionUnit,
    UnitPlacement,
)
from members.states import MEMBER_KINDS, MovementKind, PhoneState
from outreach.models import Drive, DriveEnrolment, JoinCode, PatchAssignment, Target
from outreach.queries import running_drives
from stations.models import OpeningHours, ServicePoint
from unionportal.core import files
from unionportal.core.crypto import blind_index
from unionportal.core.identifiers import parse_citizen_id, parse_phone, parse_plate
from unionportal.core.identifiers.credit_code import parse as parse_credit_code
from unionportal.core.models import Grant, Installation, User
from unionportal.core.pinyin import bigrams, initials, pinyin_key
from unionportal.core.roles import ROLES
from unionportal.synthetic.world import months_before

pytestmark = pytest.mark.usefixtures("built", "db")


def by(rows, field):
    return dict(rows.order_by().values_list(field).annotate(n=Count("pk")))


def test_recorded_members_equal_the_counts(built, officer):
    today = timezone.localdate()
    assert built.parts["members"]["recorded"] == 2_000
    assert Membership.objects.recorded().count() == 2_000
    assert queries.members_as_of(officer, today) == 2_000
    assert by(Membership.objects, "state") == built.parts["memberships_by_state"]


def test_members_by_group_equal_the_counts(built, officer):
    today = timezone.localdate()
    found = {code: n for code, n in queries.members_by_group(officer, today).items() if n}
    assert found == built.parts["members_by_group"]
    assert by(Membership.objects.recorded(), "group_id") == built.parts["members_by_group"]
    assert len(found) == 9


def test_qualified_members_equal_the_counts(built):
    assert Membership.objects.qualified().count() == built.parts["members"]["qualified"]


def test_joined_this_month_equals_the_counts(built, officer):
    today = timezone.localdate()
    joined = queries.joined_between(officer, today.replace(day=1), today)
    assert joined == built.parts["members"]["joined_this_month"]


def test_coverage_of_past_months_equals_a_full_recount(built, officer):
    """Month ends from the flows, from the movements and from the affiliations are one number."""
    this_month = timezone.localdate().replace(day=1)
    for back in (1, 7, 31):
        month = months_before(this_month, back)
        last = months_before(month, -1) - timedelta(days=1)
        cells = queries.coverage_cells(officer, month_from=month, month_to=month)
        recount = Affiliation.objects.filter(
            Q(ended_on=None) | Q(ended_on__gt=last), started_on__lte=last
        ).exclude(membership__state="annulled")
        said = built.parts["members_at_month_end"][f"{month:%Y-%m}"]
        assert sum(cell.members for cell in cells) == said
        assert queries.members_as_of(officer, last) == said
        assert recount.count() == said


def test_members_by_area_equal_the_coverage_page(built, officer):
    month = timezone.localdate()
    cells = queries.coverage_cells(officer, month_from=month, month_to=month)
    found = Counter()
    for cell in cells:
        found[cell.area.code] += cell.members
    assert dict(found) == built.parts["members_by_area"]
    assert len(found) == 22


def test_unionisation_parts_equal_the_counts(built, officer):
    rate = queries.total(queries.unionisation(officer, timezone.localdate()))
    assert {
        "numerator": rate.numerator, "denominator": rate.denominator, "missing": rate.missing
    } == built.parts["unionisation"]  # fmt: skip
    assert 0 < rate.numerator < rate.denominator
    assert rate.missing > 0


def test_membership_rate_parts_equal_the_counts(built, officer):
    rate = queries.total(queries.membership_rate(officer, timezone.localdate()))
    assert {
        "numerator": rate.numerator, "denominator": rate.denominator, "missing": rate.missing
    } == built.parts["membership_rate"]  # fmt: skip
    assert 0 < rate.numerator < rate.denominator


def test_monthly_flow_is_the_fold_of_movements(built):
    folded = {}
    columns = ("area", "group", "day", "delta", "kind", "membership__state")
    for area, group, day, delta, kind, state in Movement.objects.values_list(*columns):
        flow = folded.setdefault((area, group, day.replace(day=1)), [0, 0, 0])
        flow[0 if delta > 0 else 1] += 1
        flow[2] += kind == MovementKind.JOIN and state != "annulled"
    stored = {
        (area, group, month): [came, went, joined]
        for area, group, month, came, went, joined in MonthlyFlow.objects.values_list(
            "area", "group", "month", "came", "went", "joined"
        )
    }
    assert stored == folded
    assert all(came >= joined >= 0 for came, _went, joined in stored.values())


def test_movements_of_each_membership_follow_its_history(built):
    """An open membership is counted once, where it is now; a closed one nowhere."""
    counted = Counter()
    for membership, unit, group, delta in Movement.objects.values_list(
        "membership", "unit", "group", "delta"
    ):
        counted[membership, unit, group] += delta
    left = {key for key, count in counted.items() if count}
    assert set(counted.values()) <= {0, 1}
    assert left == set(Membership.objects.recorded().values_list("pk", "unit", "group"))


def test_each_open_membership_has_one_open_affiliation_and_group(built):
    here = set(Membership.objects.recorded().values_list("pk", "unit"))
    assert set(Affiliation.objects.filter(ended_on=None).values_list("membership", "unit")) == here
    trades = set(Membership.objects.recorded().values_list("pk", "group"))
    open_groups = GroupMembership.objects.filter(ended_on=None)
    assert set(open_groups.values_list("membership", "group")) == trades
    assert Affiliation.objects.filter(started_on__lt=F("membership__joined_on")).count() == 0
    employers = Affiliation.objects.filter(ended_on=None).exclude(
        employer=F("membership__employer")
    )
    assert employers.filter(employer__isnull=False).count() == 0


def test_nobody_joins_a_unit_before_it_was_founded(built):
    early = Affiliation.objects.filter(started_on__lt=F("unit__established_on"))
    assert early.count() == 0
    assert set(Membership.objects.values_list("unit__status", flat=True)) == {"established"}
    assert set(Membership.objects.values_list("unit__kind", flat=True)) <= set(MEMBER_KINDS)
    assert Membership.objects.filter(joined_on__gt=timezone.localdate()).count() == 0


def test_members_joined_over_sixty_months(built):
    months = set(Membership.objects.values_list("joined_on__year", "joined_on__month"))
    assert len(months) == 60
    assert len(built.parts["members_at_month_end"]) == 60


def test_each_certificate_and_number_is_there_once(built):
    memberships = Membership.objects.count()
    assert Membership.objects.filter(certificate__isnull=False).count() == memberships
    numbers = Membership.objects.order_by("member_no").values_list("member_no", flat=True)
    assert sorted(int(number[6:]) for number in numbers) == list(range(1, memberships + 1))


def test_encrypted_columns_open_and_agree_with_their_indexes(built):
    for person in Person.objects.order_by("?")[:60]:
        document = parse_citizen_id(person.id_number)
        assert person.id_number.startswith("49")
        assert person.id_index == blind_index(f"citizen:{person.id_number}", "person")
        assert (document.birth_date, int(document.sex)) == (person.birth_date, person.sex)
        assert person.id_masked == f"{person.id_number[:4]}**********{person.id_number[-4:]}"
        assert person.name_pinyin == pinyin_key(person.name)
        assert person.name_initials == initials(person.name)
        assert person.name_grams == bigrams(person.name)


def test_every_id_number_is_synthetic_and_valid(built):
    numbers = [person.id_number for person in Person.objects.only("id_number")]
    numbers += [row.id_number for row in Application.objects.only("id_number")]
    assert {number[:2] for number in numbers} == {"49"}
    assert all(parse_citizen_id(number).number == number for number in numbers)


def test_no_phone_is_outside_the_ranges(built):
    people = Person.objects.exclude(phone_state=PhoneState.NONE).only("phone", "phone_index")
    for person in people:
        assert person.phone[:3] in {"190", "199"}
        assert parse_phone(person.phone).number == person.phone
        assert person.phone_index == blind_index(person.phone, "phone")
    contacts = set(UnionUnit.objects.values_list("contact_phone", flat=True))
    contacts |= set(ServicePoint.objects.values_list("phone", flat=True))
    assert {phone[:3] for phone in contacts} == {"190", "199"}


def test_phone_states_are_as_said_and_a_verified_phone_has_one_holder(built):
    assert by(Person.objects, "phone_state") == built.parts["phones"]
    verified = Person.objects.filter(phone_state=PhoneState.VERIFIED)
    assert 0.84 < verified.count() / Person.objects.count() < 0.92
    assert verified.values("phone_index").distinct().count() == verified.count()


def test_some_phones_are_shared_by_a_whole_team(built):
    shared = (
        Person.objects.exclude(phone_index=None)
        .order_by()
        .values("phone_index")
        .annotate(n=Count("pk"))
        .filter(n__gt=1)
    )
    assert shared.count() > 10
    assert max(row["n"] for row in shared) > 2


def test_plates_and_credit_codes_are_valid(built):
    plates = Membership.objects.exclude(vehicle_plate="").values_list("vehicle_plate", flat=True)
    assert plates
    assert all(parse_plate(plate).number == plate for plate in plates)
    drivers = Membership.objects.filter(group__needs_plate=True)
    assert drivers.filter(vehicle_plate="").count() == 0
    codes = [*UnionUnit.objects.values_list("credit_code", flat=True)]
    codes += Employer.objects.values_list("credit_code", flat=True)
    assert {parse_credit_code(code).kind for code in codes if code} == {"81", "91"}


def test_trees_are_sound(built):
    for model in (Area, UnionUnit):
        assert model.objects.find_problems() == ([], [], [], [], [])


def test_organisation_equals_the_counts(built):
    assert UnionUnit.objects.count() == built.parts["units"]["total"] == 170
    assert by(UnionUnit.objects, "kind") == built.parts["units_by_kind"]
    assert by(UnionUnit.objects, "status") == built.parts["units_by_status"]
    assert by(Area.objects, "level") == built.parts["areas_by_level"]
    assert by(Employer.objects, "union_state") == built.parts["employers_by_union_state"]
    assert (
        Employer.objects.filter(headcount=None).count()
        == (built.parts["employers"]["without_headcount"])
    )
    assert Area.objects.filter(depth=2).count() == 22


def test_employers_have_a_union_exactly_when_one_covers_them(built):
    standing = EmployerCoverage.objects.filter(ended_on=None, unit__status="established")
    unionised = Employer.objects.filter(union_state="unionised")
    assert set(unionised.values_list("pk", flat=True)) == set(
        standing.values_list("employer", flat=True)
    )
    methods = set(EmployerCoverage.objects.values_list("method", flat=True))
    assert methods == {"standalone", "lead_firm", "sector_led", "community"}


def test_courier_company_has_three_tiers_with_the_head_outside(built):
    head = UnionUnit.objects.get(is_external=True)
    branch = UnionUnit.objects.get(industrial_parent=head)
    outlets = UnionUnit.objects.get_children(branch)
    assert (head.depth, head.area) == (1, None)
    assert branch.kind == "branch"
    assert {outlet.kind for outlet in outlets} == {"group"}
    assert len({outlet.area_id for outlet in outlets}) > 1
    assert Membership.objects.filter(unit__in=outlets, group="PARCEL_COURIER").exists()


def test_affiliated_drivers_belong_to_the_sector_through_a_vehicle_firm(built):
    drivers = Membership.objects.recorded().filter(
        group="TRUCK_DRIVER", unit__kind="sector_federation"
    )
    assert drivers.exists()
    assert drivers.filter(employer=None).count() == 0
    assert drivers.exclude(employer__name__contains="货运").count() == 0


def test_every_unit_hangs_where_its_placement_says(built):
    for placed in UnitPlacement.objects.filter(ended_on=None).select_related("unit", "parent"):
        above = placed.unit.path[:-4]
        assert (placed.parent.path if placed.parent else "") == above
    assert UnitPlacement.objects.exclude(ended_on=None).exists()
    assert UnitPlacement.objects.filter(ended_on=None).count() == UnionUnit.objects.count()


def test_reported_figures_are_near_the_recorded_ones_and_not_the_same(built):
    units = UnionUnit.objects.exclude(reported_members=None).annotate(
        recorded=Count("memberships", filter=Q(memberships__state__in=["active", "retained"]))
    )
    assert units.count() > 40
    assert units.exclude(reported_members=F("recorded")).exists()
    for unit in units:
        assert abs(unit.reported_members - unit.recorded) <= 0.13 * unit.recorded + 1


def test_consents_are_of_those_who_confirmed(built):
    confirmed = Membership.objects.exclude(confirmation="none").values("person")
    assert set(Consent.objects.values_list("person", flat=True)) == set(
        confirmed.values_list("person", flat=True)
    )


def test_cards_equal_the_counts_and_are_in_every_state(built):
    assert by(MemberCard.objects, "state") == built.parts["cards_by_state"]
    assert set(built.parts["cards_by_state"]) == {
        "requested", "sent_to_bank", "rejected", "issued", "handed_out", "activated", "lost",
        "replaced", "closed",
    }  # fmt: skip


def test_card_numbers_open_and_lead_to_their_account(built):
    cards = MemberCard.objects.filter(state="activated").select_related("payee_account", "person")
    for card in cards[:40]:
        account = card.payee_account
        assert card.card_no == account.number
        assert card.card_index == account.number_index == blind_index(card.card_no, "card")
        assert account.holder_name == card.person.name
        assert (account.state, card.card_tail) == ("active", card.card_no[-4:])
    assert PayeeAccount.objects.usable().count() > 1_000


def test_a_lost_card_is_followed_by_another(built):
    lost = MemberCard.objects.filter(state__in=["lost", "replaced"]).values("person")
    cards = MemberCard.objects.filter(person__in=lost).order_by().values("person")
    counts = [row["n"] for row in cards.annotate(n=Count("pk"))]
    assert counts
    assert min(counts) > 1


def test_card_events_tell_how_each_card_got_where_it_is(built):
    activated = CardEvent.objects.filter(kind="activated")
    cards = MemberCard.objects.exclude(activated_at=None)
    assert set(activated.values_list("card", "at")) == set(cards.values_list("pk", "activated_at"))
    assert activated.filter(Q(file=None) | ~Q(file__kind="card_activation")).count() == 0
    assert CardEvent.objects.filter(at__gt=timezone.now()).count() == 0


def test_request_files_render_to_their_digest(built):
    for file in BankFile.objects.filter(kind="card_request"):
        assert outbound.digest(outbound.content_of(file)) == file.sha256
    assert by(BankFile.objects, "kind") == built.parts["bank_files"]


def test_kept_bank_files_are_whole_in_the_banks_form(built, settings):
    settings.FILES_ROOT = built.folder / "files"
    kept = BankFile.objects.filter(direction="in", attachment__dropped_at=None)
    kinds = set()
    for file in kept.select_related("attachment"):
        content = files.open_content(file.attachment)
        assert outbound.digest(content) == file.sha256
        assert profiles.current().identify(content) == file.kind
        parse = {
            "card_answer": profiles.current().parse_card_answers,
            "card_activation": profiles.current().parse_activations,
        }[file.kind]
        assert len(parse(content).rows) == file.line_count
        kinds.add(file.kind)
    assert kinds == {"card_answer", "card_activation"}


def test_events_lead_to_the_line_of_the_bank_file(built, settings):
    settings.FILES_ROOT = built.folder / "files"
    event = (
        CardEvent.objects.filter(kind="activated", file__attachment__dropped_at=None)
        .select_related("file__attachment", "card")
        .latest("at")
    )
    lines = files.open_content(event.file.attachment).decode("gbk").split("\r\n")
    assert lines[event.line - 1].split("|")[3] == event.card.card_no


def test_programme_is_open_and_its_books_agree(built):
    programme = Programme.objects.get(code="green-travel")
    assert (programme.state, programme.amount_fen, programme.notice_days) == ("open", 5_000, 0)
    assert by(programme.entitlements, "state") == {
        "reserved": built.parts["green_travel"]["reserved"]
    }
    assert programme.budget.free_fen > 0
    assert by(Programme.objects, "benefit") == {"cash": 2, "goods": 1, "points": 1}
    assert Entitlement.objects.filter(programme__benefit="goods", state="reserved").exists()
    assert PointsBalance.objects.filter(balance=60).exists()
    assert list(ledger.check()) == []


def test_applications_equal_the_counts(built):
    assert by(Application.objects, "state") == built.parts["applications"]
    waiting = Application.objects.filter(state="submitted")
    assert waiting.values("area__path").distinct().count() > 2
    people = Person.objects.values("id_index")
    assert Application.objects.filter(
        state__in=["submitted", "returned"], id_index__in=people
    ).exists()


def test_drives_have_targets_officers_and_codes(built):
    running = running_drives(timezone.localdate())
    assert [entry.drive.state for entry in running] == ["open"]
    drive, ended = running[0].drive, Drive.objects.get(state="closed")
    assert Target.objects.filter(drive=drive).count() == 8 * 4
    assert Target.objects.filter(drive=ended).count() == 22 * 4
    assert PatchAssignment.objects.filter(drive=drive).count() == 2
    assert all(code.works for code in JoinCode.objects.select_related("drive", "unit"))
    assert (
        DriveEnrolment.objects.filter(drive=drive).count()
        == (built.parts["drives"]["came_in_running"])
    )
    assert DriveEnrolment.objects.joined().filter(drive=ended).exists()


def test_union_states_follow_from_the_coverages(built):
    before = dict(Employer.objects.values_list("pk", "union_state"))
    derive_union_states(before)
    assert dict(Employer.objects.values_list("pk", "union_state")) == before


def test_headcounts_and_links_are_those_of_operating_firms(built):
    open_counts = EmployerHeadcount.objects.filter(ended_on=None)
    firms = Employer.objects.exclude(headcount=None)
    assert dict(open_counts.values_list("employer", "employees")) == dict(
        firms.values_list("pk", "headcount")
    )
    assert EmployerHeadcount.objects.exclude(ended_on=None).exists()
    links = EmployerLink.objects.values_list("kind", "host__is_operating").distinct()
    assert set(links) == {("hosted", True), ("contractor", True)}


def test_service_points_equal_the_counts(built):
    assert by(ServicePoint.objects, "state") == built.parts["service_points_by_state"]
    assert len(built.parts["service_points_by_state"]) == 7
    published = ServicePoint.objects.published()
    assert published.count() > 25
    assert published.filter(facilities=None).count() == 0
    has_hours = Q(is_24h=True) | Q(pk__in=OpeningHours.objects.values("point"))
    assert published.exclude(has_hours).count() == 0
    assert {round(point.lon_wgs84) for point in published} == {114}
    assert ServicePoint.objects.exclude(datum="WGS84").exists()


def test_accounts_can_sign_in_and_are_told_to_the_owner_only(built):
    path = built.folder / "accounts.json"
    notes = json.loads(path.read_text(encoding="utf-8"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert {note["role"] for note in notes} == set(ROLES)
    for note in notes:
        user = User.objects.get(username=note["username"])
        assert user.check_password(note["password"])
        assert Grant.objects.get(user=user).unit.name == note["unit"]
        second = TOTP(user.authenticator_set.get())
        code = format_hotp_value(hotp_value(note["totp_secret"], _counter()))
        assert second.validate_code(code)
    assert len({note["password"] for note in notes}) == len(notes)


def _counter():
    return int(timezone.now().timestamp()) // 30


def test_database_is_marked_as_demo(built):
    marker = Installation.objects.get()
    assert (marker.is_demo, marker.random_seed) == (True, 7)


def test_statements_do_not_grow_with_the_members(built):
    assert built.statements < 400


def test_lines_and_json_tell_the_same(built, tmp_path):
    built.counts.write(tmp_path / "counts.json")
    said = json.loads((tmp_path / "counts.json").read_text(encoding="utf-8"))
    text = "\n".join(built.counts.lines())
    assert said["members"]["recorded"] == 2_000
    assert "recorded 2,000" in text
    assert set(said) == {"size", "random_seed", "as_of", *built.parts}
