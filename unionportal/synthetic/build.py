"""Build the whole district in one transaction."""

from __future__ import annotations

import datetime as dt
import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import islice
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import Model
from django.utils import timezone

from benefits.models import CardEvent, CardRequestLine, MemberCard, PayeeAccount
from members.models import (
    Affiliation,
    Application,
    ApprovalDecision,
    Area,
    Consent,
    Employer,
    EmployerCoverage,
    EmployerHeadcount,
    EmployerLink,
    GroupMembership,
    MemberCertificate,
    Membership,
    MemberVehicle,
    Movement,
    Person,
    UnionUnit,
    UnitPlacement,
)
from members.states import MEMBER_KINDS, UnitStatus
from outreach.models import DriveEnrolment
from unionportal.core import audit
from unionportal.core.actors import SYSTEM
from unionportal.core.errors import Refused
from unionportal.core.models import Installation, User
from unionportal.synthetic import employers
from unionportal.synthetic.accounts import make_accounts, write_notes
from unionportal.synthetic.bankfiles import BankFiles
from unionportal.synthetic.bare import without_indexes
from unionportal.synthetic.cards import Cards
from unionportal.synthetic.counts import Counts, count_members, count_organisation
from unionportal.synthetic.drives import Drives
from unionportal.synthetic.links import draw_links
from unionportal.synthetic.people import People
from unionportal.synthetic.plans import Plan, plan_memberships
from unionportal.synthetic.points import Points
from unionportal.synthetic.programme import open_programme
from unionportal.synthetic.sizes import Size
from unionportal.synthetic.units import draw_units
from unionportal.synthetic.world import World

# Memberships made before their rows are sent: bounds memory, not meaning.
PORTION = 5_000
BATCH = 1_000
SAID_EVERY = 200_000
# What grows with the members.
LARGE_TABLES = (
    Person, Membership, Affiliation, GroupMembership, Movement, MemberCertificate, Consent,
    MemberVehicle, ApprovalDecision, Application, DriveEnrolment, MemberCard, PayeeAccount,
    CardRequestLine, CardEvent,
)  # fmt: skip
REPORTING_SHARE = 0.75
REPORTED_OFF = (0.88, 1.12)


def build_district(
    *, size: Size, random_seed: int, accounts_file: Path, say: Callable[[str], object] = str
) -> Counts:
    """Write a synthetic district and return the true counts of it.

    All or nothing. Raises `Refused` outside demo mode and for a database that is in use.
    """
    refuse_wrong_place()
    with _without_collector():
        return _build(size, random_seed, accounts_file, say)


@contextmanager
def _without_collector() -> Iterator[None]:
    """Stop looking for cycles: among millions of live rows there are none, and it takes a third."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _build(
    size: Size, random_seed: int, accounts_file: Path, say: Callable[[str], object]
) -> Counts:
    today = timezone.localdate()
    world = World(size, random_seed, today)
    counts = Counts(size.name, random_seed, today)
    say("Drawing areas, units and employers…")
    draw_units(world)
    employers.draw_apart(world)
    plans = plan_memberships(world)
    employers.set_headcounts(world)
    _set_reported(world)
    with transaction.atomic(), connection.cursor() as cursor:
        # Checked while the rows are still at hand, not all at the end; and through indexes, for
        # the plan of a check is made while the table referred to looks small.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL enable_seqscan = off")
        _write_organisation(world)
        users, notes = make_accounts(world)
        say(f"Writing {len(plans):,} memberships…")
        with _filling(size, cursor):
            _write_members(world, plans, users, cursor, counts, say)
            say("Building indexes…" if size.is_large else "Counting…")
        counts.add("service_points_by_state", Points(world).write())
        count_organisation(counts, world)
        count_members(counts, world, plans)
        audit.record(by=SYSTEM, verb="district.seed", target=world.units[0])
        cursor.execute("SET LOCAL enable_seqscan = on")
        cursor.execute("ANALYZE")
        # A budget and its accounts agree at the end of what writes both.
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        counts.add("green_travel", open_programme(world, users))
        write_notes(accounts_file, notes)
    return counts


def refuse_wrong_place() -> None:
    """Raise `Refused` unless this is a demo installation with an empty database."""
    if not settings.DEMO_MODE:
        raise Refused(
            "Synthetic people belong in a demo only, and this installation is not in demo mode.",
            code="not_demo",
        )
    if Person.objects.exists() or UnionUnit.objects.exists() or User.objects.exists():
        raise Refused(
            "This database already has members, units or accounts; nothing was written.",
            code="not_empty",
        )


def _set_reported(world: World) -> None:
    """Let most units have stated their own figure at the last half-year's end, a little off."""
    half = dt.date(world.today.year, 6, 30)
    stated_on = half if world.today > half else dt.date(world.today.year - 1, 12, 31)
    members = {slot.unit.pk: slot.members for slot in world.slots}
    for unit in world.units:
        takes = unit.kind in MEMBER_KINDS and unit.status == UnitStatus.ESTABLISHED
        is_older = unit.established_on is not None and unit.established_on < stated_on
        if takes and is_older and world.dice.random() < REPORTING_SHARE:
            off = world.dice.uniform(*REPORTED_OFF)
            unit.reported_members = round(members.get(unit.pk, 0) * off)
            unit.reported_on = stated_on


def _write_organisation(world: World) -> None:
    Installation.objects.update_or_create(
        id=1, defaults={"is_demo": True, "random_seed": world.random_seed}
    )
    tables: tuple[tuple[type[Model], Sequence[Model]], ...] = (
        (Area, world.areas), (UnionUnit, world.units), (UnitPlacement, world.placements),
        (Employer, world.employers), (EmployerCoverage, world.coverages),
        (EmployerHeadcount, world.headcounts), (EmployerLink, draw_links(world)),
    )  # fmt: skip
    for model, rows in tables:
        model._default_manager.bulk_create(rows, batch_size=BATCH)


def _filling(size: Size, cursor: CursorWrapper) -> AbstractContextManager[None]:
    """Choose how tables are filled: many rows go into bare ones, few along with their indexes."""
    return without_indexes(cursor, [*LARGE_TABLES]) if size.is_large else nullcontext()


def _write_members(
    world: World,
    plans: list[Plan],
    users: dict[str, User],
    cursor: CursorWrapper,
    counts: Counts,
    say: Callable[[str], object],
) -> None:
    """Make and send the rows of memberships, portion by portion."""
    drives, files = Drives(world, users), BankFiles(world)
    cards = Cards(world, files)
    people = People(world, [drives.enrol, cards.request])
    waiting = iter(plans)
    while portion := list(islice(waiting, PORTION)):
        for plan in portion:
            people.write(plan)
        if people.serial % SAID_EVERY == 0:
            say(f"  {people.serial:,} memberships made…")
        people.flush(cursor)
        drives.flush(cursor)
        cards.flush(cursor)
    people.write_flows(cursor)
    cards.finish()
    cards.flush(cursor)
    counts.add("bank_files", files.counts)
    drives.draw_waiting(people.former)
    drives.flush(cursor)
    drives.finish()
    cursor.execute("SELECT setval('members_member_number', %s)", [people.serial])
    counts.add("cards_by_state", cards.counts)
    for part, values in {**people.counts, **drives.counts}.items():
        counts.add(part, values)
