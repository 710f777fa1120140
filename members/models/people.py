"""Person, membership and affiliation: three things (architecture.md decision 3)."""

from __future__ import annotations

from django.apps import apps
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, RangeOperators
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from members.models.codes import (
    Education,
    EmploymentForm,
    EmploymentStatus,
    Ethnicity,
    HouseholdType,
    PoliticalAffiliation,
    SkillLevel,
    StopReason,
    choice_field,
    code_field,
)
from members.models.organisation import Employer, UnionUnit, WorkerGroup
from members.models.search_triggers import membership_triggers, person_triggers
from members.models.unit_triggers import standing_unit
from members.states import (
    MEMBERSHIP_MACHINE,
    OPEN_MEMBERSHIP,
    Confirmation,
    MembershipState,
    PhoneState,
    Source,
)
from unionportal.core.fields import EncryptedTextField
from unionportal.core.ids import new_id
from unionportal.core.ranges import day_range
from unionportal.core.roles import Permission
from unionportal.core.scope import Scope, ScopedQuerySet


class IdType(models.TextChoices):
    CITIZEN = "citizen", _("ID card or residence permit")
    PASSPORT = "passport", _("Passport or travel permit")


class PersonQuerySet(ScopedQuerySet["Person"]):
    view_permission = Permission.VIEW_MEMBERS

    def scope_filter(self, scope: Scope) -> Q:
        mine = Membership.objects.filter(Membership.objects.all().scope_filter(scope))
        return Q(pk__in=mine.values("person_id"))


PeopleOnFile = models.Manager.from_queryset(PersonQuerySet)


class PersonManager(PeopleOnFile["Person"]):
    """People, without those found to be somebody else on file."""

    def get_queryset(self) -> PersonQuerySet:
        return PersonQuerySet(self.model, using=self._db).filter(merged_into__isnull=True)


class Person(models.Model):
    """A natural person, once: `id_index` is the blind index of type and number.

    `merged_into` is the person this record turned out to be: `objects` leaves such records out,
    `everyone` has them, and their numbers lead to that person.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    district = models.CharField(max_length=6, default="000000", editable=False)
    name = models.CharField(_("name"), max_length=50)
    name_pinyin = models.CharField(max_length=200, blank=True, default="")
    name_initials = models.CharField(max_length=50, blank=True, default="")
    name_grams = ArrayField(models.CharField(max_length=2), default=list)
    id_type = models.CharField(max_length=10, choices=IdType, default=IdType.CITIZEN)
    id_number = EncryptedTextField()
    id_index = models.UUIDField(unique=True)
    id_masked = models.CharField(max_length=20)
    sex = models.PositiveSmallIntegerField(default=0)
    birth_date = models.DateField(null=True)
    phone = EncryptedTextField(blank=True, default="")
    phone_index = models.UUIDField(null=True, db_index=True)
    phone_masked = models.CharField(max_length=11, blank=True, default="")
    phone_tail = models.CharField(max_length=4, blank=True, default="")
    phone_state = models.CharField(max_length=10, choices=PhoneState, default=PhoneState.NONE)
    phone_verified_at = models.DateTimeField(null=True)
    # The optional part of the real-name record: null or "" is "not asked" (minimum collection).
    id_expires_on = models.DateField(_("valid until"), null=True, blank=True)
    ethnicity = code_field(Ethnicity, _("ethnicity"))
    political_affiliation = code_field(PoliticalAffiliation, _("political affiliation"))
    education = code_field(Education, _("education"))
    household_type = choice_field(HouseholdType, _("household"))
    is_migrant_worker = models.BooleanField(_("migrant worker"), null=True, blank=True)
    skill_level = models.PositiveSmallIntegerField(
        _("skill grade"), choices=SkillLevel, null=True, blank=True
    )
    residence_division = models.CharField(
        _("division of residence"), max_length=12, blank=True, default="", db_default=""
    )
    residence_text = EncryptedTextField(_("address"), max_length=120, null=True, blank=True)
    # Set when consent was withdrawn: nothing but storing and closing is done from then on.
    stopped_at = models.DateTimeField(null=True, blank=True, editable=False)
    stopped_reason = models.CharField(
        max_length=20, choices=StopReason, blank=True, default="", db_default=""
    )
    anonymised_at = models.DateTimeField(null=True, blank=True, editable=False)
    merged_into = models.ForeignKey(
        "self", null=True, editable=False, on_delete=models.PROTECT, related_name="merged",
        db_index=False,
    )  # fmt: skip
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = PersonManager()
    everyone = PersonQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["merged_into"], name="person_merged", condition=Q(merged_into__isnull=False)
            ),
            models.Index(fields=["birth_date"], name="person_by_birth"),
            # Few, so that counting those who are verified need not read the table.
            models.Index(
                fields=["id"], name="person_not_verified", condition=~Q(phone_state="verified")
            ),
        ]
        constraints = [
            models.CheckConstraint(name="person_sex_known_code", condition=Q(sex__in=[0, 1, 2, 9])),
            models.CheckConstraint(
                name="person_not_merged_into_itself", condition=~Q(merged_into=F("id"))
            ),
            models.CheckConstraint(
                name="person_phone_state_fits",
                condition=Q(phone_state="none", phone_index__isnull=True)
                | Q(phone_state="claimed", phone_index__isnull=False)
                | Q(
                    phone_state="verified",
                    phone_index__isnull=False,
                    phone_verified_at__isnull=False,
                ),
            ),
            models.CheckConstraint(
                name="person_citizen_is_born",
                condition=~Q(id_type="citizen")
                | Q(birth_date__isnull=False, sex__in=[1, 2])
                | Q(anonymised_at__isnull=False),
            ),
            models.CheckConstraint(
                name="person_household_known_code",
                condition=Q(household_type__in=["", *HouseholdType.values]),
            ),
            models.CheckConstraint(
                name="person_skill_known_grade",
                condition=Q(skill_level__isnull=True) | Q(skill_level__range=(1, 5)),
            ),
            models.CheckConstraint(
                name="person_residence_is_a_code",
                condition=Q(residence_division="")
                | Q(residence_division__regex=r"^[0-9]{6}([0-9]{3}([0-9]{3})?)?$"),
            ),
            models.CheckConstraint(
                name="person_stopped_says_why",
                condition=Q(stopped_at__isnull=True, stopped_reason="")
                | Q(stopped_at__isnull=False) & ~Q(stopped_reason=""),
            ),
            models.CheckConstraint(
                name="person_anonymised_is_empty",
                condition=Q(anonymised_at__isnull=True)
                | Q(
                    name="",
                    id_masked="",
                    phone_state="none",
                    birth_date__isnull=True,
                    residence_text__isnull=True,
                ),
            ),
        ]
        triggers = person_triggers()

    def __str__(self) -> str:
        return self.name


def unverified() -> Exists:
    """Match memberships whose person has no verified phone: a small set, kept in an index.

    EXISTS, so that its negation is an anti-join: NOT IN over more ids than the server's work_mem
    holds compares every membership with every id.
    """
    people = Person.everyone.exclude(phone_state=PhoneState.VERIFIED)
    return Exists(people.filter(pk=OuterRef("person_id")))


def maybe_twice() -> Q:
    """Match memberships whose person may be on file twice: an open pair nobody has decided.

    Two subqueries: one with OR could not be an anti-join.
    """
    pairs = apps.get_model("members", "DuplicatePair").objects.filter(state="open")
    me = OuterRef("person_id")
    return Q(Exists(pairs.filter(first=me))) | Q(Exists(pairs.filter(second=me)))


def transfer_expired() -> Q:
    """Match memberships whose latest transfer nobody answered in time: nobody knows where they
    belong."""
    cases = apps.get_model("members", "Transfer").objects
    later = cases.filter(
        membership=OuterRef("membership"), requested_at__gt=OuterRef("requested_at")
    )
    expired = cases.filter(membership=OuterRef("pk"), state="expired").filter(~Exists(later))
    return Q(Exists(expired))


class MembershipQuerySet(ScopedQuerySet["Membership"]):
    view_permission = Permission.VIEW_MEMBERS
    unit_lookup = "unit"

    def scope_filter(self, scope: Scope) -> Q:
        # Two subqueries over the small unit table keep the big table's plan an index scan.
        units = UnionUnit.objects.filter(scope.in_units("") | scope.in_areas("area"))
        return Q(unit_id__in=units.order_by().values("id"))

    def recorded(self) -> MembershipQuerySet:
        """Memberships that count as recorded: active or retained (domain.md section 9)."""
        return self.filter(state__in=OPEN_MEMBERSHIP)

    def qualified(self) -> MembershipQuerySet:
        """Recorded, own will evidenced, phone verified, unit established, no open duplicate and no
        expired transfer (domain.md section 9)."""
        return self.recorded().filter(
            ~Q(confirmation=Confirmation.NONE), ~unverified(), ~maybe_twice(),
            ~transfer_expired(), unit__status="established",
        )  # fmt: skip


class Membership(models.Model):
    """A member's standing. `unit` and `group` are today's; the dated rows are the history."""

    machine = MEMBERSHIP_MACHINE

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    district = models.CharField(max_length=6, default="000000", editable=False)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="memberships")
    state = models.CharField(max_length=12, choices=MembershipState, default=MembershipState.ACTIVE)
    member_no = models.CharField(_("member number"), max_length=20)
    joined_on = models.DateField(_("joined on"))
    ended_on = models.DateField(null=True, blank=True)
    unit = models.ForeignKey(UnionUnit, on_delete=models.PROTECT, related_name="memberships")
    group = models.ForeignKey(WorkerGroup, on_delete=models.PROTECT, related_name="memberships")
    employer = models.ForeignKey(
        Employer, null=True, blank=True, on_delete=models.PROTECT, related_name="memberships"
    )
    vehicle_plate = models.CharField(max_length=10, blank=True, default="")
    platform_name = models.CharField(max_length=40, blank=True, default="")
    employment_form = choice_field(EmploymentForm, _("form of employment"))
    employment_status = choice_field(EmploymentStatus, _("employment"))
    occupation = models.CharField(
        _("occupation"), max_length=40, blank=True, default="", db_default=""
    )
    source = models.CharField(max_length=10, choices=Source)
    confirmation = models.CharField(max_length=12, choices=Confirmation, default=Confirmation.NONE)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["-joined_on", "-id"], name="membership_newest"),
            models.Index(fields=["unit", "-joined_on", "-id"], name="membership_by_unit"),
            models.Index(fields=["group", "-joined_on", "-id"], name="membership_by_group"),
            models.Index(fields=["employer", "-joined_on", "-id"], name="membership_of_employer"),
            models.Index(fields=["member_no"], name="membership_by_number"),
            # Few, so that counts of the others need not read the table.
            models.Index(fields=["id"], name="membership_annulled", condition=Q(state="annulled")),
        ]
        constraints = [
            models.UniqueConstraint(
                name="membership_one_open_per_person",
                fields=["person"],
                condition=Q(state__in=["active", "retained"]),
                violation_error_message=_("This person already is a member."),
            ),
            # Nobody is counted twice on a day, open or ended.
            ExclusionConstraint(
                name="membership_one_a_day",
                expressions=[
                    ("person", RangeOperators.EQUAL),
                    (day_range("joined_on"), RangeOperators.OVERLAPS),
                ],
                condition=~Q(state="annulled"),
                violation_error_message=_("This person was a member in these days already."),
            ),
            # An annulled membership never was: its number may be given again.
            models.UniqueConstraint(
                name="membership_number_once",
                fields=["member_no"],
                condition=~Q(state="annulled"),
            ),
            models.CheckConstraint(
                name="membership_end_fits_state",
                condition=Q(state__in=["active", "retained"], ended_on__isnull=True)
                | (~Q(state__in=["active", "retained"]) & Q(ended_on__gte=F("joined_on"))),
            ),
            models.CheckConstraint(
                name="membership_confirmed_is_timed",
                condition=Q(confirmation="none", confirmed_at__isnull=True)
                | (~Q(confirmation="none") & Q(confirmed_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="membership_employment_known_code",
                condition=Q(employment_form__in=["", *EmploymentForm.values])
                & Q(employment_status__in=["", *EmploymentStatus.values]),
            ),
        ]
        triggers = [
            *membership_triggers(),
            *standing_unit("membership_unit_stands", "n.state IN ('active', 'retained')"),
        ]

    def __str__(self) -> str:
        return self.member_no

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_MEMBERSHIP

    @property
    def member_no_grouped(self) -> str:
        """The number as printed: GH 2026 0000 1234."""
        number = self.member_no
        return " ".join([number[:2], *(number[i : i + 4] for i in range(2, len(number), 4))])
