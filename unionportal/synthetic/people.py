"""Turn planned memberships into rows: person, history, movements, certificate, consent."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable

from django.db.backends.utils import CursorWrapper

from members.actions.candidates import person_index
from members.actions.memberships import CONSENT_VERSION
from members.models import (
    Affiliation,
    Consent,
    GroupMembership,
    MemberCertificate,
    Membership,
    MemberVehicle,
    MonthlyFlow,
    Movement,
    Person,
)
from members.models.people import IdType
from members.states import Confirmation, MovementKind, PhoneState, Source
from unionportal.core.crypto import blind_index
from unionportal.core.masking import mask_id, mask_phone
from unionportal.core.pinyin import bigrams, initials, pinyin_key
from unionportal.synthetic import plans
from unionportal.synthetic.bulk import Table
from unionportal.synthetic.lots import Lot
from unionportal.synthetic.names import full_name, mistyped
from unionportal.synthetic.plans import Plan
from unionportal.synthetic.words import PLATFORMS
from unionportal.synthetic.world import Slot, World

CITIZEN = IdType.CITIZEN.value
NO_PHONE_SHARE, CLAIMED_SHARE, SHARED_SHARE, TYPO_SHARE = 0.03, 0.09, 0.35, 0.3
YOUNGEST, OLDEST, USUAL = 23 * 365, 61 * 365, 35 * 365
DRIVERS = ("TRUCK_DRIVER", "RIDE_HAILING_DRIVER")
ON_PLATFORMS = ("FOOD_RIDER", "RIDE_HAILING_DRIVER", "PARCEL_COURIER")
S, C = Source, Confirmation
SOURCES = Lot((S.ROSTER.value, 55), (S.FORM.value, 25), (S.SELF_JOIN.value, 20))
# How the own will is evidenced, by the way the person came in.
CONFIRMATIONS = {
    S.REGISTRY.value: Lot((C.PAPER_FORM.value, 70), (C.SIGNED_LIST.value, 20), (C.NONE.value, 10)),
    S.ROSTER.value: Lot((C.SIGNED_LIST.value, 70), (C.SMS_LINK.value, 22), (C.NONE.value, 8)),
    S.FORM.value: Lot((C.PAPER_FORM.value, 93), (C.NONE.value, 7)),
    S.SELF_JOIN.value: Lot((C.SELF.value, 1)),
}
# kind, day, delta, slot, group
Step = tuple[MovementKind, dt.date, int, Slot, str]
# Told of each membership once its rows are made: (plan, membership key, source, confirmation).
Listener = Callable[[Plan, uuid.UUID, str, str], None]


class People:
    """Makes the rows of memberships one after another and sends them in portions."""

    def __init__(self, world: World, listeners: list[Listener]) -> None:
        self.world = world
        self.listeners = listeners
        self.serial = 0
        self.flows: dict[tuple[uuid.UUID, str, dt.date], list[int]] = defaultdict(lambda: [0, 0, 0])
        self.counts: dict[str, Counter[str]] = defaultdict(Counter)
        self.former: list[plans.Person] = []
        self._phone_states: dict[uuid.UUID, str] = {}
        self.people = Table(
            Person, "id", "name", "name_pinyin", "name_initials", "name_grams", "id_type",
            "id_number", "id_index", "id_masked", "sex", "birth_date", "phone", "phone_index",
            "phone_masked", "phone_tail", "phone_state", "phone_verified_at",
        )  # fmt: skip
        self.memberships = Table(
            Membership, "id", "person", "state", "member_no", "joined_on", "ended_on", "unit",
            "group", "employer", "vehicle_plate", "platform_name", "source", "confirmation",
            "confirmed_at",
        )  # fmt: skip
        self.affiliations = Table(
            Affiliation, "id", "membership", "unit", "employer", "started_on", "ended_on", "reason"
        )
        self.groups = Table(GroupMembership, "id", "membership", "group", "started_on", "ended_on")
        self.movements = Table(
            Movement, "membership", "unit", "area", "group", "day", "delta", "kind"
        )
        self.certificates = Table(MemberCertificate, "id", "membership", "token", "issued_on")
        self.vehicles = Table(MemberVehicle, "id", "membership", "plate", "started_on", "ended_on")
        self.consents = Table(Consent, "id", "person", "purpose", "version", "given_at")

    def flush(self, cursor: CursorWrapper) -> None:
        """Send the rows made since the last time."""
        for table in (
            self.people, self.memberships, self.affiliations, self.groups, self.movements,
            self.certificates, self.vehicles, self.consents,
        ):  # fmt: skip
            table.flush(cursor)

    def write(self, plan: Plan) -> None:
        """Make all rows of one membership."""
        person = self._person_of(plan)
        source = S.REGISTRY.value if plan.is_loaded else SOURCES.draw(self.world.dice)
        confirmation = CONFIRMATIONS[source].draw(self.world.dice)
        key = self.world.numbers.key()
        self._membership(plan, key, person, source, confirmation)
        self._history(plan, key)
        self.certificates.add(
            self.world.numbers.key(), key, self.world.numbers.token(), plan.joined_on
        )
        self._count(plan, person, source, confirmation)
        for listener in self.listeners:
            listener(plan, key, source, confirmation)
        self._forget(plan, person)

    def _person_of(self, plan: Plan) -> plans.Person:
        if plan.earlier is not None and plan.earlier.person is not None:
            plan.person = plan.earlier.person
        else:
            plan.person = self._new_person(plan)
        return plan.person

    def _new_person(self, plan: Plan) -> plans.Person:
        world, dice = self.world, self.world.dice
        is_male = dice.random() < 0.68
        age = dt.timedelta(days=int(dice.triangular(YOUNGEST, OLDEST, USUAL)))
        born, name = world.today - age, full_name(dice, is_male=is_male)
        number = world.numbers.id_number(born, is_male=is_male)
        phone, state, verified_at = self._phone(plan)
        key = world.numbers.key()
        self.people.add(
            key, name, pinyin_key(name), initials(name), bigrams(name), CITIZEN, number,
            person_index(CITIZEN, number), mask_id(number), 1 if is_male else 2, born, phone,
            blind_index(phone, "phone") if phone else None, mask_phone(phone) if phone else "",
            phone[-4:], state, verified_at,
        )  # fmt: skip
        self._phone_states[key] = state
        self.counts["phones"][state] += 1
        return plans.Person(key, name, number, phone)

    def _phone(self, plan: Plan) -> tuple[str, str, dt.datetime | None]:
        """Draw a phone: none, claimed (own, a foreman's, or mistyped) or verified."""
        dice, slot = self.world.dice, plan.entry
        roll = dice.random()
        if roll < NO_PHONE_SHARE:
            return "", PhoneState.NONE.value, None
        phone = self.world.numbers.phone()
        if roll < NO_PHONE_SHARE + CLAIMED_SHARE:
            return self._claimed(slot, phone), PhoneState.CLAIMED.value, None
        slot.shared_phone = slot.shared_phone or phone
        return phone, PhoneState.VERIFIED.value, self.world.moment(plan.joined_on)

    def _claimed(self, slot: Slot, phone: str) -> str:
        roll = self.world.dice.random()
        if slot.shared_phone and roll < SHARED_SHARE:
            self.counts["claimed_phones"]["of_a_foreman"] += 1
            return slot.shared_phone
        if roll < SHARED_SHARE + TYPO_SHARE:
            self.counts["claimed_phones"]["mistyped"] += 1
            return mistyped(phone, self.world.dice)
        self.counts["claimed_phones"]["own"] += 1
        return phone

    def _membership(
        self, plan: Plan, key: uuid.UUID, person: plans.Person, source: str, confirmation: str
    ) -> None:
        world, dice = self.world, self.world.dice
        self.serial += 1
        confirmed_at = None
        if confirmation != C.NONE.value:
            confirmed_at = world.moment(plan.joined_on)
            self._consent(person, confirmed_at)
        has_platform = plan.group in ON_PLATFORMS and dice.random() < 0.5
        self.memberships.add(
            key, person.key, plan.state, f"GH{plan.joined_on.year}{self.serial:08d}",
            plan.joined_on, plan.ended_on, plan.slot.unit.pk, plan.group,
            plan.employer.pk if plan.employer else None,
            self._vehicle(plan, key),
            dice.choice(PLATFORMS) if has_platform else "", source, confirmation, confirmed_at,
        )  # fmt: skip

    def _vehicle(self, plan: Plan, key: uuid.UUID) -> str:
        """Give a driver a vehicle; return its plate."""
        if plan.group not in DRIVERS:
            return ""
        plate = self.world.numbers.plate()
        # Drawn from the dice, the key would change everything that is drawn after it.
        self.vehicles.add(uuid.uuid5(key, plate), key, plate, plan.joined_on, plan.ended_on)
        return plate

    def _consent(self, person: plans.Person, at: dt.datetime) -> None:
        if not person.has_consented:
            person.has_consented = True
            purpose = Consent.Purpose.MEMBERSHIP.value
            self.consents.add(self.world.numbers.key(), person.key, purpose, CONSENT_VERSION, at)

    def _history(self, plan: Plan, key: uuid.UUID) -> None:
        new_key = self.world.numbers.key
        employer = plan.employer.pk if plan.employer else None
        for slot, started, ended, reason in _stays(plan):
            own = employer if slot is plan.slot else None
            self.affiliations.add(new_key(), key, slot.unit.pk, own, started, ended, reason)
        for group, started, ended in _trades(plan):
            self.groups.add(new_key(), key, group, started, ended)
        for kind, day, delta, slot, group in _steps(plan):
            unit = slot.unit
            self.movements.add(key, unit.pk, unit.area_id, group, day, delta, kind.value)
            flow = self.flows[unit.area_id, group, day.replace(day=1)]
            flow[0 if delta > 0 else 1] += 1
            flow[2] += kind == MovementKind.JOIN and not plan.is_annulled

    def _count(self, plan: Plan, person: plans.Person, source: str, confirmation: str) -> None:
        state = self._phone_states[person.key]
        if plan.is_open:
            self.counts["members_by_source"][source] += 1
            self.counts["members_by_confirmation"][confirmation] += 1
            self.counts["members_by_phone"][state] += 1
            if confirmation != C.NONE.value and state == PhoneState.VERIFIED.value:
                self.counts["members"]["qualified"] += 1
        elif not plan.is_kept and len(self.former) < self.world.size.open_applications:
            self.former.append(person)

    def _forget(self, plan: Plan, person: plans.Person) -> None:
        """Keep in memory only those whose person comes again."""
        if not plan.is_kept:
            plan.person = None
            del self._phone_states[person.key]

    def write_flows(self, cursor: CursorWrapper) -> None:
        """Send the monthly flows: the movements folded per area, group and month."""
        table = Table(MonthlyFlow, "area", "group", "month", "came", "went", "joined")
        for (area, group, month), (came, went, joined) in self.flows.items():
            table.add(area, group, month, came, went, joined)
        table.flush(cursor)


def _stays(plan: Plan) -> list[tuple[Slot, dt.date, dt.date | None, str]]:
    if plan.first_slot is None or plan.moved_on is None:
        return [(plan.slot, plan.joined_on, plan.ended_on, "joined")]
    return [
        (plan.first_slot, plan.joined_on, plan.moved_on, "joined"),
        (plan.slot, plan.moved_on, plan.ended_on, "moved"),
    ]


def _trades(plan: Plan) -> list[tuple[str, dt.date, dt.date | None]]:
    if plan.reclassified_on is None:
        return [(plan.group, plan.joined_on, plan.ended_on)]
    return [
        (plan.first_group, plan.joined_on, plan.reclassified_on),
        (plan.group, plan.reclassified_on, plan.ended_on),
    ]


def _steps(plan: Plan) -> list[Step]:
    """Return the movements of a membership, as the actions would have written them."""
    kind, slot, group = MovementKind, plan.slot, plan.group
    steps: list[Step] = [(kind.JOIN, plan.joined_on, 1, plan.entry, plan.first_group or group)]
    if plan.moved_on is not None:
        steps.append((kind.TRANSFER_OUT, plan.moved_on, -1, plan.entry, group))
        steps.append((kind.TRANSFER_IN, plan.moved_on, 1, slot, group))
    if plan.reclassified_on is not None:
        steps.append((kind.RECLASSIFY_OUT, plan.reclassified_on, -1, slot, plan.first_group))
        steps.append((kind.RECLASSIFY_IN, plan.reclassified_on, 1, slot, group))
    if plan.is_annulled:
        steps.append((kind.ANNUL, plan.joined_on, -1, slot, group))
    elif plan.ended_on is not None:
        steps.append((kind.LEAVE, plan.ended_on, -1, slot, group))
    return steps
