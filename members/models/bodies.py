"""A unit's elected bodies: committees by term, who sits in them, extensions (domain.md 1.2)."""

from __future__ import annotations

from datetime import date

import pgtrigger
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from members.models.organisation import UnionUnit
from members.models.people import Person
from members.states import FIVE_YEAR_KINDS
from unionportal.core.ids import new_id
from unionportal.core.ranges import day_range
from unionportal.core.roles import Permission
from unionportal.core.scope import Scope, ScopedQuerySet


class UnitRows:
    """For querysets of rows that belong to a unit and are seen by whoever sees the unit."""

    view_permission = Permission.VIEW_ORGANISATION

    def scope_filter(self, scope: Scope) -> Q:
        units = UnionUnit.objects.filter(scope.in_units("") | scope.in_areas("area"))
        return Q(unit__in=units.order_by().values("pk"))


class CommitteeQuerySet(UnitRows, ScopedQuerySet["Committee"]):
    pass


class Committee(models.Model):
    """One elected term of a body, from its election to the day the next one took over.

    `due_on` is when it must stand for election again; an extension moves it.
    """

    class Kind(models.TextChoices):
        UNION = "union", _("Union committee")
        AUDIT = "audit", _("Funds audit committee")
        WOMEN = "women", _("Women workers' committee")

    class Congress(models.TextChoices):
        MEMBERS = "members", _("Congress of all members")
        DELEGATES = "delegates", _("Congress of delegates")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    unit = models.ForeignKey(UnionUnit, on_delete=models.PROTECT, related_name="committees")
    kind = models.CharField(max_length=8, choices=Kind)
    # One elected organiser or commissioner instead of a committee, where members are few.
    is_single = models.BooleanField(default=False)
    congress = models.CharField(max_length=10, choices=Congress, blank=True, default="")
    started_on = models.DateField()
    term_years = models.PositiveSmallIntegerField()
    due_on = models.DateField()
    ended_on = models.DateField(null=True, blank=True)
    # The upper union's reply that confirms the result and the term.
    document_no = models.CharField(max_length=40, blank=True, default="")

    objects = CommitteeQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["due_on"], name="committee_by_due_day")]
        constraints = [
            models.CheckConstraint(
                name="committee_term_3_or_5", condition=Q(term_years__in=[3, 5])
            ),
            models.CheckConstraint(
                name="committee_dates_ordered",
                condition=Q(due_on__gt=F("started_on"))
                & (Q(ended_on__isnull=True) | Q(ended_on__gt=F("started_on"))),
            ),
            ExclusionConstraint(
                name="committee_one_a_day",
                expressions=[
                    ("unit", RangeOperators.EQUAL),
                    ("kind", RangeOperators.EQUAL),
                    (day_range(), RangeOperators.OVERLAPS),
                ],
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="local_committee_serves_5",
                operation=pgtrigger.Insert | pgtrigger.Update,
                when=pgtrigger.Before,
                func=f"""
                    IF NEW.term_years <> 5 AND (
                        SELECT kind FROM members_unionunit WHERE id = NEW.unit_id
                    ) IN ({", ".join(f"'{kind.value}'" for kind in FIVE_YEAR_KINDS)}) THEN
                        RAISE EXCEPTION 'a local or industrial committee serves five years'
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,  # noqa: S608 - made of the constants above
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.unit_id} from {self.started_on}"

    def is_overdue(self, day: date) -> bool:
        return self.ended_on is None and self.due_on < day


class CommitteeSeat(models.Model):
    """Who sat in a committee, as what, from when to when: a person known here, or a name."""

    class Office(models.TextChoices):
        CHAIR = "chair", _("Chair")
        DEPUTY = "deputy", _("Deputy chair")
        MEMBER = "member", _("Committee member")
        ORGANISER = "organiser", _("Organiser")
        COMMISSIONER = "commissioner", _("Commissioner")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    committee = models.ForeignKey(Committee, on_delete=models.PROTECT, related_name="seats")
    person = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="committee_seats"
    )
    name = models.CharField(max_length=50, blank=True, default="")
    office = models.CharField(max_length=12, choices=Office)
    started_on = models.DateField()
    ended_on = models.DateField(null=True, blank=True)
    reason = models.CharField(max_length=100, blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="seat_person_or_name",
                condition=Q(person__isnull=False, name="") | (Q(person=None) & ~Q(name="")),
            ),
            models.CheckConstraint(
                name="seat_dates_ordered",
                condition=Q(ended_on__isnull=True) | Q(ended_on__gte=F("started_on")),
            ),
            ExclusionConstraint(
                name="seat_one_chair_a_day",
                expressions=[
                    ("committee", RangeOperators.EQUAL),
                    (day_range(), RangeOperators.OVERLAPS),
                ],
                condition=Q(office="chair"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.office} of {self.committee_id}"

    @property
    def full_name(self) -> str:
        return self.person.name if self.person else self.name


class TermExtension(models.Model):
    """The upper union agreed that a committee stands for election later."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    committee = models.ForeignKey(Committee, on_delete=models.PROTECT, related_name="extensions")
    from_day = models.DateField()
    to_day = models.DateField()
    document_no = models.CharField(max_length=40)
    decided_on = models.DateField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="extension_goes_forward", condition=Q(to_day__gt=F("from_day"))
            ),
            models.CheckConstraint(name="extension_has_paper", condition=~Q(document_no="")),
        ]

    def __str__(self) -> str:
        return f"{self.committee_id} until {self.to_day}"
