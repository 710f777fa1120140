"""Codes, states and the transition table of service points (domain.md section 7)."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from unionportal.core.roles import Permission
from unionportal.core.transitions import Machine, Step

RECORD, ACCEPT = Permission.RECORD_STATION, Permission.ACCEPT_STATION


class PointKind(TextChoices):
    OUTDOOR_STATION = "OUTDOOR_STATION", _("Outdoor workers' station")
    DRIVER_HOME = "DRIVER_HOME", _("Drivers' home")
    COURIER_HOME = "COURIER_HOME", _("Couriers' home")
    READING_ROOM = "READING_ROOM", _("Reading room")
    WORKERS_HOME = "WORKERS_HOME", _("Workers' home")


class BuildMode(TextChoices):
    UNION_BUILT = "UNION_BUILT", _("Built by the union")
    SHARED = "SHARED", _("Shared with a host")


class EntryWay(TextChoices):
    OPEN = "OPEN", _("Just walk in")
    CODE = "CODE", _("Scan a code")
    FACE = "FACE", _("Face recognition")


class HolidayRule(TextChoices):
    """What a public holiday, or a weekend day that is worked, does to the weekly hours."""

    SAME = "SAME", _("The same hours as in any week")
    SUNDAY = "SUNDAY", _("Holidays like Sunday, worked weekends like Monday")
    CLOSED = "CLOSED", _("Closed on holidays, worked weekends like Monday")


class Facility(TextChoices):
    WATER = "WATER", _("Hot water")
    MICROWAVE = "MICROWAVE", _("Hot meals")
    FRIDGE = "FRIDGE", _("Fridge")
    AIRCON = "AIRCON", _("Air conditioning")
    REST_SEATS = "REST_SEATS", _("Seats")
    PHONE_CHARGING = "PHONE_CHARGING", _("Phone charging")
    EBIKE_CHARGING = "EBIKE_CHARGING", _("E-bike charging")
    BATTERY_SWAP = "BATTERY_SWAP", _("Battery swap")
    WIFI = "WIFI", _("Wi-Fi")
    TOILET = "TOILET", _("Toilet")
    FIRST_AID = "FIRST_AID", _("Medicine box")
    BP_METER = "BP_METER", _("Blood pressure meter")
    BOOKS = "BOOKS", _("Books")
    UMBRELLA = "UMBRELLA", _("Umbrellas")
    TOOLBOX = "TOOLBOX", _("Tools")
    LOCKER = "LOCKER", _("Lockers")
    MEAL_LOCKER = "MEAL_LOCKER", _("Heated meal lockers")
    TV = "TV", _("Television")
    PARKING = "PARKING", _("Parking")
    SHOWER = "SHOWER", _("Shower")
    LAUNDRY = "LAUNDRY", _("Laundry")
    DINING = "DINING", _("Canteen")
    LODGING = "LODGING", _("Beds")
    SHOP = "SHOP", _("Shop")
    VEHICLE_REPAIR = "VEHICLE_REPAIR", _("Vehicle repair")
    LEGAL_HELP = "LEGAL_HELP", _("Legal help")
    ACCESSIBLE = "ACCESSIBLE", _("Step-free access")


class PointState(TextChoices):
    DRAFT = "draft", pgettext_lazy("state of a service point", "Being prepared")
    APPLIED = "applied", pgettext_lazy("state of a service point", "Applied for")
    ACCEPTED = "accepted", pgettext_lazy("state of a service point", "Accepted")
    PUBLISHED = "published", pgettext_lazy("state of a service point", "Published")
    SUSPENDED = "suspended", pgettext_lazy("state of a service point", "Suspended")
    CLOSED = "closed", pgettext_lazy("state of a service point", "Closed down")
    REJECTED = "rejected", pgettext_lazy("state of a service point", "Rejected")


S = PointState
# Built and accepted: everything else is a plan, an application or history.
BUILT = (S.ACCEPTED, S.PUBLISHED, S.SUSPENDED)
STATE_KINDS = {
    S.DRAFT: "rest",
    S.APPLIED: "wait",
    S.ACCEPTED: "move",
    S.PUBLISHED: "ok",
    S.SUSPENDED: "wait",
    S.CLOSED: "rest",
    S.REJECTED: "bad",
}

POINT_MACHINE = Machine(
    name="servicepoint",
    steps=(
        Step("apply", (S.DRAFT, S.REJECTED), S.APPLIED, RECORD),
        Step("accept", (S.APPLIED,), S.ACCEPTED, ACCEPT),
        Step("reject", (S.APPLIED,), S.REJECTED, ACCEPT, needs_reason=True),
        Step("publish", (S.ACCEPTED,), S.PUBLISHED, ACCEPT),
        Step("suspend", (S.PUBLISHED,), S.SUSPENDED, ACCEPT, needs_reason=True),
        Step("resume", (S.SUSPENDED,), S.PUBLISHED, ACCEPT),
        Step("close", BUILT, S.CLOSED, ACCEPT, needs_reason=True),
    ),
)
