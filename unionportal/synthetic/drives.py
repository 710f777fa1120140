"""Make one running and one ended drive, the applications that came in, and those that wait."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter
from dataclasses import dataclass, field

from django.db.backends.utils import CursorWrapper
from django.utils import timezone

from members.actions.candidates import person_index
from members.models import Application, ApprovalDecision, WorkerGroup
from members.states import ApplicationState, Confirmation, Source
from outreach import actions
from outreach.models import Drive, DriveEnrolment, Target
from outreach.states import DriveState
from unionportal.core.crypto import blind_index
from unionportal.core.masking import mask_id, mask_phone
from unionportal.core.models import User
from unionportal.synthetic.bulk import Table
from unionportal.synthetic.lots import Lot
from unionportal.synthetic.names import full_name, misheard, mistyped
from unionportal.synthetic.people import CITIZEN, CONFIRMATIONS, DRIVERS, SOURCES
from unionportal.synthetic.plans import Person, Plan
from unionportal.synthetic.words import RETURNED
from unionportal.synthetic.world import Place, Slot, World, months_before

A, C = ApplicationState, Confirmation
RUNNING_GROUPS = ("TRUCK_DRIVER", "PARCEL_COURIER", "FOOD_RIDER", "RIDE_HAILING_DRIVER")
ENDED_GROUPS = ("DOMESTIC_WORKER", "CARE_WORKER", "SECURITY_GUARD", "PARCEL_COURIER")
RUNNING_PLACES = range(8)
# How far the cells of the running drive are, in parts of their targets.
PROGRESS = (0.25, 1.15)
OPEN_STATES = Lot((A.SUBMITTED, 75), (A.RETURNED, 15), (A.REJECTED, 6), (A.WITHDRAWN, 4))
KNOWN_SHARE = 0.1
NEWEST_DAYS = 20


@dataclass
class RunningDrive:
    """A drive with the branches of the area tree it is held in."""

    drive: Drive
    areas: dict[str, Place]
    groups: frozenset[str]
    joined: Counter[tuple[uuid.UUID, str]] = field(default_factory=Counter)

    def place_for(self, slot: Slot, group: str, day: dt.date) -> Place | None:
        """Return the drive's place somebody counts for, or None."""
        is_in_time = self.drive.started_on <= day < self.drive.ended_on
        if not is_in_time or group not in self.groups:
            return None
        return self.areas.get(slot.branch)


class Drives:
    """Makes applications and counts them for the drives."""

    def __init__(self, world: World, users: dict[str, User]) -> None:
        self.world = world
        self.users = users
        self.counts: dict[str, Counter[str]] = {"applications": Counter(), "drives": Counter()}
        self._decisions: dict[tuple[uuid.UUID, dt.date], uuid.UUID] = {}
        self.decisions = Table(ApprovalDecision, "id", "decided_on", "signer", "recorded_by")
        self.applications = Table(
            Application, "id", "state", "source", "area", "unit", "employer", "group", "name",
            "id_type", "id_number", "id_index", "id_masked", "phone", "phone_index",
            "phone_masked", "phone_is_verified", "vehicle_plate", "confirmation", "confirmed_at",
            "confirm_token", "person", "membership", "decision", "answer", "submitted_by",
            "submitted_at", "closed_at",
        )  # fmt: skip
        self.enrolments = Table(
            DriveEnrolment, "id", "application", "drive", "area", "group", "created_at"
        )
        self.ended = self._create_ended()
        self.running = self._create_running()

    def flush(self, cursor: CursorWrapper) -> None:
        """Send the rows made since the last time."""
        for table in (self.decisions, self.applications, self.enrolments):
            table.flush(cursor)

    def _create_running(self) -> RunningDrive:
        first = months_before(self.world.today, 1)
        places = [self.world.places[number] for number in RUNNING_PLACES]
        drive = actions.create_drive(
            by=self.users["district"], name="货车司机、快递员集中入会行动", started_on=first,
            ended_on=months_before(self.world.today, -3), owner=self.world.units[0],
            groups=list(WorkerGroup.objects.filter(pk__in=RUNNING_GROUPS)),
            areas=[place.area for place in places],
        )  # fmt: skip
        return RunningDrive(drive, _by_path(places), frozenset(RUNNING_GROUPS))

    def _create_ended(self) -> RunningDrive:
        """Only the past is written directly; no action opens a drive that is over."""
        first, end = months_before(self.world.today, 8), months_before(self.world.today, 5)
        drive = Drive.objects.create(
            id=self.world.numbers.key(), name="春季家政、护理、保安入会行动",
            state=DriveState.CLOSED, started_on=first, ended_on=end, owner=self.world.units[0],
            opened_at=_noon(first), closed_at=_noon(end), created_by=self.users["district"],
        )  # fmt: skip
        drive.groups.set(WorkerGroup.objects.filter(pk__in=ENDED_GROUPS))
        drive.areas.set([place.area for place in self.world.places])
        return RunningDrive(drive, _by_path(self.world.places), frozenset(ENDED_GROUPS))

    def enrol(self, plan: Plan, key: uuid.UUID, source: str, confirmation: str) -> None:
        """Give a member who joined in a drive's time the application that was approved."""
        person, group = plan.person, plan.first_group or plan.group
        if source == Source.REGISTRY or plan.is_annulled or person is None or not person.phone:
            return
        for drive in (self.running, self.ended):
            place = drive.place_for(plan.entry, group, plan.joined_on)
            if place is not None:
                submitted = max(drive.drive.started_on, plan.joined_on - dt.timedelta(days=2))
                application = self._application(
                    plan.entry, group, source, confirmation, A.APPROVED, submitted, person,
                    (person.key, key, self._decision(plan.entry, plan.joined_on)), plan.joined_on,
                )  # fmt: skip
                self._count_for(drive, place, group, application, submitted)
                drive.joined[place.area.pk, group] += 1
                return

    def _decision(self, slot: Slot, day: dt.date) -> uuid.UUID:
        """Return the decision of a unit's day; one paper decides on all of them."""
        found = self._decisions.get((slot.unit.pk, day))
        if found is None:
            found = self._decisions[slot.unit.pk, day] = self.world.numbers.key()
            officer = self._officer(slot)
            self.decisions.add(found, day, slot.unit.contact_name, officer.pk)
        return found

    def _officer(self, slot: Slot) -> User:
        owners = {0: "street.yunhe", 1: "street.beiyuan"}
        for number, username in owners.items():
            if slot.branch == self.world.places[number].area.path:
                return self.users[username]
        return self.users["district"]

    def _count_for(
        self, drive: RunningDrive, place: Place, group: str, application: uuid.UUID, day: dt.date
    ) -> None:
        word = "ended" if drive is self.ended else "running"
        self.counts["drives"][f"came_in_{word}"] += 1
        self.enrolments.add(
            self.world.numbers.key(), application, drive.drive.pk, place.area.pk, group, _noon(day)
        )

    def _application(
        self,
        slot: Slot,
        group: str,
        source: str,
        confirmation: str,
        state: str,
        submitted: dt.date,
        person: Person,
        results: tuple[uuid.UUID | None, uuid.UUID | None, uuid.UUID | None] = (None, None, None),
        closed: dt.date | None = None,
    ) -> uuid.UUID:
        world, key = self.world, self.world.numbers.key()
        at, is_confirmed = world.moment(submitted), confirmation != C.NONE
        asks = not is_confirmed and state in (A.SUBMITTED, A.RETURNED)
        employer = world.dice.choice(slot.employers) if slot.employers else None
        self.applications.add(
            key, str(state), source, slot.unit.area_id, slot.unit.pk, employer and employer.pk,
            group, person.name, CITIZEN, person.id_number,
            person_index(CITIZEN, person.id_number), mask_id(person.id_number), person.phone,
            blind_index(person.phone, "phone"), mask_phone(person.phone),
            source == Source.SELF_JOIN, world.numbers.plate() if group in DRIVERS else "",
            confirmation, at if is_confirmed else None, world.numbers.token() if asks else None,
            *results, world.dice.choice(RETURNED) if state in (A.RETURNED, A.REJECTED) else "",
            None if source == Source.SELF_JOIN else self._officer(slot).pk, at,
            max(at, world.moment(closed)) if closed else None,
        )  # fmt: skip
        self.counts["applications"][str(state)] += 1
        return key

    def draw_waiting(self, former: list[Person]) -> None:
        """Draw applications that wait, were returned or refused; some by people known before."""
        near = {place.area.path for place in self.world.places[: len(RUNNING_PLACES)]}
        slots = [slot for slot in self.world.slots if slot.branch in near]
        weights = [slot.weight for slot in slots]
        for slot in self.world.dice.choices(slots, weights, k=self.world.size.open_applications):
            state = OPEN_STATES.draw(self.world.dice)
            self._draw_waiting(slot, state, self._applicant(former))

    def _draw_waiting(self, slot: Slot, state: ApplicationState, person: Person) -> None:
        dice, group = self.world.dice, self.world.dice.choice(slot.groups)
        source = SOURCES.draw(dice)
        confirmation = CONFIRMATIONS[source].draw(dice)
        first = max(self.running.drive.started_on, self.world.ago(NEWEST_DAYS))
        submitted = self.world.day(first, self.world.today)
        is_closed = state in (A.REJECTED, A.WITHDRAWN)
        application = self._application(
            slot, group, source, confirmation, state, submitted, person,
            closed=self.world.day(submitted, self.world.today) if is_closed else None,
        )  # fmt: skip
        place = self.running.place_for(slot, group, submitted)
        if place is not None:
            self._count_for(self.running, place, group, application, submitted)

    def _applicant(self, former: list[Person]) -> Person:
        """Return somebody new, or a former member whose name and phone were written wrongly."""
        dice, numbers = self.world.dice, self.world.numbers
        if former and dice.random() < KNOWN_SHARE:
            known = former.pop()
            phone = mistyped(known.phone or numbers.phone(), dice)
            return Person(known.key, misheard(known.name), known.id_number, phone)
        is_male = dice.random() < 0.68
        born = self.world.ago(dice.randrange(20 * 365, 55 * 365))
        number = numbers.id_number(born, is_male=is_male)
        return Person(numbers.key(), full_name(dice, is_male=is_male), number, numbers.phone())

    def finish(self) -> None:
        """Set targets, open the drive that runs, give it officers and codes."""
        Target.objects.bulk_create(
            Target(drive=self.ended.drive, area_id=area, group_id=group, count=count)
            for (area, group), count in self._targets(self.ended, (0.7, 1.2)).items()
        )
        by, drive = self.users["district"], self.running.drive
        counts = self._targets(self.running, PROGRESS)
        actions.set_targets(by=by, drive=drive, counts=counts, version=drive.version)
        actions.open_drive(by=by, drive=drive)
        yunhe, beiyuan = (self.world.places[number].area for number in (0, 1))
        for officer, areas in (("officer.yunhe", [yunhe]), ("street.beiyuan", [beiyuan])):
            actions.assign_patches(
                by=by, officer=self.users[officer], areas=areas, drive=drive,
                started_on=drive.started_on, ended_on=drive.ended_on,
            )  # fmt: skip
        for number in RUNNING_PLACES:
            self._add_code(self.world.places[number])

    def _targets(
        self, running: RunningDrive, progress: tuple[float, float]
    ) -> dict[tuple[uuid.UUID, str], int]:
        return {
            (place.area.pk, group): max(
                3, round(running.joined[place.area.pk, group] / self.world.dice.uniform(*progress))
            )
            for place in running.areas.values()
            for group in sorted(running.groups)
        }

    def _add_code(self, place: Place) -> None:
        actions.add_code(
            by=self.users["district"], drive=self.running.drive, unit=place.pool.unit,
            area=place.area, place=f"{place.area.name_zh}司机之家入口",
            expires_on=self.running.drive.last_on,
        )  # fmt: skip


def _by_path(places: list[Place]) -> dict[str, Place]:
    return {place.area.path: place for place in places}


def _noon(day: dt.date) -> dt.datetime:
    return dt.datetime(day.year, day.month, day.day, 12, tzinfo=timezone.get_current_timezone())
