"""States and transition tables of the members app (domain.md sections 1 and 2)."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from unionportal.core.roles import Permission
from unionportal.core.transitions import Machine, Step

P = Permission


class UnitStatus(TextChoices):
    PREPARING = "preparing", _("Preparing")
    ESTABLISHED = "established", _("Established")
    DISSOLVED = "dissolved", _("Dissolved")


UNIT_MACHINE = Machine(
    name="unit",
    field="status",
    steps=(
        Step("establish", (UnitStatus.PREPARING,), UnitStatus.ESTABLISHED, P.MANAGE_ORGANISATION),
        Step(
            "dissolve",
            (UnitStatus.PREPARING, UnitStatus.ESTABLISHED),
            UnitStatus.DISSOLVED,
            P.MANAGE_ORGANISATION,
            needs_reason=True,
        ),
    ),
)


class MembershipState(TextChoices):
    ACTIVE = "active", _("Active")
    RETAINED = "retained", _("Retained")
    RESIGNED = "resigned", _("Resigned")
    EXPELLED = "expelled", _("Expelled")
    MOVED_AWAY = "moved_away", _("Moved away")
    DECEASED = "deceased", _("Deceased")
    ANNULLED = "annulled", _("Annulled")


OPEN_MEMBERSHIP = (MembershipState.ACTIVE, MembershipState.RETAINED)

MEMBERSHIP_MACHINE = Machine(
    name="membership",
    steps=(
        Step("retain", (MembershipState.ACTIVE,), MembershipState.RETAINED, P.APPROVE_APPLICATION),
        Step(
            "reactivate", (MembershipState.RETAINED,), MembershipState.ACTIVE, P.APPROVE_APPLICATION
        ),
        Step(
            "resign",
            OPEN_MEMBERSHIP,
            MembershipState.RESIGNED,
            P.APPROVE_APPLICATION,
            needs_reason=True,
        ),
        Step(
            "expel",
            (MembershipState.ACTIVE,),
            MembershipState.EXPELLED,
            P.APPROVE_APPLICATION,
            needs_reason=True,
        ),
        Step("move_away", OPEN_MEMBERSHIP, MembershipState.MOVED_AWAY, P.APPROVE_APPLICATION),
        Step("record_death", OPEN_MEMBERSHIP, MembershipState.DECEASED, P.APPROVE_APPLICATION),
        Step(
            "annul",
            tuple(s for s in MembershipState if s != MembershipState.ANNULLED),
            MembershipState.ANNULLED,
            P.APPROVE_APPLICATION,
            needs_reason=True,
        ),
    ),
)


class RequestState(TextChoices):
    OPEN = "open", pgettext_lazy("request", "Open")
    DONE = "done", pgettext_lazy("request", "Done")
    REFUSED = "refused", pgettext_lazy("request", "Refused")
    WITHDRAWN = "withdrawn", pgettext_lazy("request", "Taken back")


REQUEST_MACHINE = Machine(
    name="request",
    steps=(
        Step("fulfil", (RequestState.OPEN,), RequestState.DONE, P.APPROVE_APPLICATION),
        Step(
            "refuse",
            (RequestState.OPEN,),
            RequestState.REFUSED,
            P.APPROVE_APPLICATION,
            needs_reason=True,
        ),
        Step("take_back", (RequestState.OPEN,), RequestState.WITHDRAWN),
    ),
)


class ApplicationState(TextChoices):
    SUBMITTED = "submitted", _("Waiting for approval")
    RETURNED = "returned", _("Returned to complete")
    APPROVED = "approved", _("Approved")
    REJECTED = "rejected", _("Not approved")
    WITHDRAWN = "withdrawn", _("Withdrawn")


OPEN_APPLICATION = (ApplicationState.SUBMITTED, ApplicationState.RETURNED)

APPLICATION_MACHINE = Machine(
    name="application",
    steps=(
        Step(
            "approve",
            (ApplicationState.SUBMITTED,),
            ApplicationState.APPROVED,
            P.APPROVE_APPLICATION,
        ),
        Step(
            "return",
            (ApplicationState.SUBMITTED,),
            ApplicationState.RETURNED,
            P.APPROVE_APPLICATION,
            needs_reason=True,
        ),
        Step(
            "reject",
            OPEN_APPLICATION,
            ApplicationState.REJECTED,
            P.APPROVE_APPLICATION,
            needs_reason=True,
        ),
        Step("resubmit", (ApplicationState.RETURNED,), ApplicationState.SUBMITTED, P.ENROL),
        Step("withdraw", OPEN_APPLICATION, ApplicationState.WITHDRAWN, P.ENROL),
    ),
)


class ImportKind(TextChoices):
    """What the rows of a file become."""

    ROSTER = "roster", _("Enrolment roster")
    REGISTRY = "registry", _("Registry load")
    # A page of members that a head office's own system sent.
    FEED = "feed", _("Sent by its own system")


class ImportState(TextChoices):
    MAPPING = "mapping", _("Columns to be named")
    UPLOADED = "uploaded", _("Being read")
    PREVIEWED = "previewed", _("Waiting for confirmation")
    WRITING = "writing", _("Being written")
    DONE = "done", _("Written")
    FAILED = "failed", _("Could not be read")
    CANCELLED = "cancelled", _("Cancelled")
    UNDOING = "undoing", _("Being undone")
    UNDONE = "undone", _("Undone")


# Who may take a step depends on the kind: members.imports.actions asks.
IMPORT_MACHINE = Machine(
    name="import",
    steps=(
        Step("name_columns", (ImportState.MAPPING,), ImportState.UPLOADED),
        Step("preview", (ImportState.UPLOADED,), ImportState.PREVIEWED),
        Step("fail", (ImportState.UPLOADED,), ImportState.FAILED),
        Step("confirm", (ImportState.PREVIEWED,), ImportState.WRITING),
        Step("finish", (ImportState.WRITING,), ImportState.DONE),
        Step(
            "cancel",
            (ImportState.MAPPING, ImportState.UPLOADED, ImportState.PREVIEWED),
            ImportState.CANCELLED,
        ),
        Step("undo", (ImportState.DONE,), ImportState.UNDOING, needs_reason=True),
        Step("finish_undo", (ImportState.UNDOING,), ImportState.UNDONE),
    ),
)


class BulkState(TextChoices):
    """How far a change of many members is."""

    PREVIEWED = "previewed", _("Waiting for confirmation")
    WRITING = "writing", _("Being made")
    DONE = "done", pgettext_lazy("change of many members", "Made")
    CANCELLED = "cancelled", _("Cancelled")
    UNDOING = "undoing", _("Being undone")
    UNDONE = "undone", _("Undone")


BULK_MACHINE = Machine(
    name="bulk",
    steps=(
        Step("confirm", (BulkState.PREVIEWED,), BulkState.WRITING, P.APPROVE_APPLICATION),
        Step("finish", (BulkState.WRITING,), BulkState.DONE),
        Step("cancel", (BulkState.PREVIEWED,), BulkState.CANCELLED, P.APPROVE_APPLICATION),
        Step(
            "undo", (BulkState.DONE,), BulkState.UNDOING, P.APPROVE_APPLICATION, needs_reason=True
        ),
        Step("finish_undo", (BulkState.UNDOING,), BulkState.UNDONE),
    ),
)


class UnitKind(TextChoices):
    NATIONAL = "national", _("National federation of trade unions")
    PROVINCIAL = "provincial", _("Provincial federation of trade unions")
    MUNICIPAL = "municipal", _("Municipal federation of trade unions")
    DISTRICT = "district", _("District federation of trade unions")
    INDUSTRIAL = "industrial", _("Industrial union")
    SUBDISTRICT = "subdistrict", _("Sub-district union")
    TOWNSHIP = "township", _("Township union")
    PARK = "park", _("Park union")
    AREA_FEDERATION = "area_federation", _("Area federation")
    SECTOR_FEDERATION = "sector_federation", _("Sector federation")
    EMPLOYER_UNION = "employer_union", _("Employer's union")
    JOINT_UNION = "joint_union", _("Joint union")
    COMMUNITY_UNION = "community_union", _("Community union")
    BRANCH = "branch", _("Branch")
    GROUP = "group", _("Group")
    HOLDING_POOL = "holding_pool", _("Holding pool")


# Where a kind stands on the ladder (domain.md 1.1): no unit hangs under one of a lower rung.
RUNGS: dict[str, int] = {
    UnitKind.NATIONAL: 0,
    UnitKind.PROVINCIAL: 1,
    UnitKind.MUNICIPAL: 2,
    UnitKind.INDUSTRIAL: 3,
    UnitKind.DISTRICT: 3,
    UnitKind.SUBDISTRICT: 4,
    UnitKind.TOWNSHIP: 4,
    UnitKind.PARK: 5,
    UnitKind.AREA_FEDERATION: 6,
    UnitKind.SECTOR_FEDERATION: 6,
    UnitKind.COMMUNITY_UNION: 7,
    UnitKind.JOINT_UNION: 7,
    UnitKind.EMPLOYER_UNION: 7,
    UnitKind.HOLDING_POOL: 7,
    UnitKind.BRANCH: 8,
    UnitKind.GROUP: 9,
}
# Above the district: they stand in no area of it.
UPPER_KINDS = (UnitKind.NATIONAL, UnitKind.PROVINCIAL, UnitKind.MUNICIPAL, UnitKind.INDUSTRIAL)
# Local and industrial committees serve five years, the others three or five (TUL 16).
FIVE_YEAR_KINDS = (*UPPER_KINDS, UnitKind.DISTRICT)
# Kinds without elected bodies of their own.
BODILESS_KINDS = (UnitKind.HOLDING_POOL, UnitKind.GROUP)
# Units that answer for a whole area: a grant on one reaches every row of that area.
AREA_SERVING_KINDS = (
    UnitKind.DISTRICT,
    UnitKind.SUBDISTRICT,
    UnitKind.TOWNSHIP,
    UnitKind.PARK,
    UnitKind.COMMUNITY_UNION,
)
# Kinds that take members directly (domain.md 1.1).
MEMBER_KINDS = (
    UnitKind.AREA_FEDERATION,
    UnitKind.SECTOR_FEDERATION,
    UnitKind.EMPLOYER_UNION,
    UnitKind.JOINT_UNION,
    UnitKind.COMMUNITY_UNION,
    UnitKind.BRANCH,
    UnitKind.GROUP,
    UnitKind.HOLDING_POOL,
)


class FormationMethod(TextChoices):
    STANDALONE = "standalone", _("Formed alone")
    LEAD_FIRM = "lead_firm", _("Led by a firm")
    SECTOR_LED = "sector_led", _("Led by the sector")
    COMMUNITY = "community", _("Formed in the community")


class UnionisedState(TextChoices):
    NOT_UNIONISED = "not_unionised", _("No union")
    PREPARING = "preparing", _("Preparing a union")
    UNIONISED = "unionised", _("Has a union")
    UNIONISED_ELSEWHERE = "unionised_elsewhere", _("Has a union elsewhere")


class HeadcountSource(TextChoices):
    """Whose count of an employer's people it is."""

    SELF_REPORTED = "self_reported", _("Reported by the employer")
    VISIT = "visit", _("Counted on a visit")
    TAX = "tax", _("Tax office")
    SOCIAL_INSURANCE = "social_insurance", _("Social insurance")
    REGISTER = "register", _("Business register")
    OTHER = "other", pgettext_lazy("source of a count", "Another source")


class LinkKind(TextChoices):
    HOSTED = "hosted", _("Registered under its name")
    CONTRACTOR = "contractor", _("Contractor of the platform")


class PhoneState(TextChoices):
    NONE = "none", _("No phone")
    CLAIMED = "claimed", _("Not verified")
    VERIFIED = "verified", _("Verified")


class Confirmation(TextChoices):
    """How the person's own will to join is evidenced."""

    NONE = "none", _("Not confirmed")
    PAPER_FORM = "paper_form", _("Signed form")
    SIGNED_LIST = "signed_list", _("Signed list")
    SMS_LINK = "sms_link", _("Confirmed by text message")
    SELF = "self", _("Joined in person")


class Source(TextChoices):
    FORM = "form", _("Entered by an officer")
    ROSTER = "roster", _("Firm's roster")
    SELF_JOIN = "self_join", _("Own phone")
    REGISTRY = "registry", _("Registry load")
    FEED = "feed", _("Head office's own system")


class Verdict(TextChoices):
    NEW = "new", pgettext_lazy("row of a roster", "New")
    UPDATE = "update", pgettext_lazy("row of a roster", "To update")
    UNCHANGED = "unchanged", pgettext_lazy("row of a roster", "Unchanged")
    KNOWN = "known", pgettext_lazy("row of a roster", "Already known")
    DUPLICATE = "duplicate", pgettext_lazy("row of a roster", "Twice in the file")
    ELSEWHERE = "elsewhere", pgettext_lazy("row of a roster", "Known elsewhere")
    HELD = "held", pgettext_lazy("row of a roster", "To decide")
    REJECTED = "rejected", pgettext_lazy("row of a roster", "Rejected")


class MovementKind(TextChoices):
    JOIN = "join", _("Joined")
    LEAVE = "leave", _("Left")
    TRANSFER_IN = "transfer_in", _("Moved in")
    TRANSFER_OUT = "transfer_out", _("Moved out")
    RECLASSIFY_IN = "reclassify_in", _("Came to this group")
    RECLASSIFY_OUT = "reclassify_out", _("Left this group")
    ANNUL = "annul", _("Annulled")
    CORRECTION = "correction", _("Corrected")
    RELOCATE_IN = "relocate_in", _("Came with the unit")
    RELOCATE_OUT = "relocate_out", _("Left with the unit")


class PairState(TextChoices):
    OPEN = "open", _("To decide")
    MERGED = "merged", _("Merged")
    DISMISSED = "dismissed", _("Two people")


PAIR_MACHINE = Machine(
    name="pair",
    steps=(
        Step("merge", (PairState.OPEN,), PairState.MERGED, P.APPROVE_APPLICATION),
        Step("unmerge", (PairState.MERGED,), PairState.OPEN, P.APPROVE_APPLICATION),
        Step(
            "dismiss",
            (PairState.OPEN,),
            PairState.DISMISSED,
            P.APPROVE_APPLICATION,
            needs_reason=True,
        ),
        # By the search alone, when it finds stronger evidence than the officer had.
        Step("reopen", (PairState.DISMISSED,), PairState.OPEN),
    ),
)
