"""Programmes, their cycles, and each beneficiary's right in a cycle."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pgtrigger
from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from benefits.models.budgets import Budget
from benefits.states.cards import Transport
from benefits.states.payouts import (
    ENTITLEMENT_MACHINE,
    PROGRAMME_MACHINE,
    Beneficiary,
    Benefit,
    Channel,
    EntitlementState,
    ProgrammeState,
    Reason,
    moves_of,
)
from members.models import Employer, Membership, Person, UnionUnit
from unionportal.core.fields import FenField
from unionportal.core.ids import new_id
from unionportal.core.ranges import day_span
from unionportal.core.roles import Permission
from unionportal.core.scope import Scope, ScopedQuerySet

if TYPE_CHECKING:
    from benefits.models.versions import ProgrammeVersion


class ProgrammeQuerySet(ScopedQuerySet["Programme"]):
    """Programmes are the district's: narrower grants see none."""

    view_permission = Permission.VIEW_MONEY

    def with_terms(self) -> ProgrammeQuerySet:
        """Read budget, terms in force and cycles along; two queries however many rows."""
        return self.select_related("budget", "version").prefetch_related("cycles")


class Programme(models.Model):
    """What may be given, and out of which money; its versions say to whom, its cycles when.

    `answer_minutes` is how long a line may stay unanswered, `cooling_minutes` how long a failed one
    rests before it may be paid again.
    """

    machine = PROGRAMME_MACHINE

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    code = models.SlugField(_("code"), max_length=30, unique=True)
    name_zh = models.CharField(_("Chinese name"), max_length=40)
    name_en = models.CharField(_("English name"), max_length=80)
    beneficiary = models.CharField(
        _("who gets it"), max_length=8, choices=Beneficiary, default=Beneficiary.PERSON
    )
    benefit = models.CharField(
        _("what is given"), max_length=6, choices=Benefit, default=Benefit.CASH
    )
    # The terms in force; rights keep the version that gave them.
    version = models.OneToOneField(
        "benefits.ProgrammeVersion", null=True, on_delete=models.PROTECT, related_name="+"
    )
    state = models.CharField(
        _("state"), max_length=8, choices=ProgrammeState, default=ProgrammeState.DRAFT
    )
    notice_days = models.PositiveSmallIntegerField(_("working days of public notice"), default=5)
    second_approval_fen = FenField(_("second checker from"), null=True, blank=True)
    summary = models.CharField(_("text on the bank statement"), max_length=20)
    budget = models.OneToOneField(Budget, on_delete=models.PROTECT, related_name="programme")
    channel = models.CharField(
        _("way of paying"), max_length=10, choices=Channel, default=Channel.BANK_FILE
    )
    # Of the bank file channel only.
    transport = models.CharField(
        _("how files go to the bank"), max_length=8, choices=Transport, default=Transport.FOLDER
    )
    answer_minutes = models.PositiveIntegerField(default=5 * 24 * 60)
    cooling_minutes = models.PositiveIntegerField(default=24 * 60)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    opened_at = models.DateTimeField(null=True)

    objects = ProgrammeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="programme_open_is_timed",
                condition=Q(state="draft") | Q(opened_at__isnull=False),
            ),
        ]
        triggers = [
            # Another budget would be a higher one without a second person.
            pgtrigger.Protect(
                name="programme_keeps_its_budget",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange("budget"),
            ),
            pgtrigger.Protect(
                name="programme_fixed_once_open",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__state__in=["open", "closed"])
                & (
                    pgtrigger.Q(old__code__df=pgtrigger.F("new__code"))
                    | pgtrigger.Q(old__beneficiary__df=pgtrigger.F("new__beneficiary"))
                    | pgtrigger.Q(old__benefit__df=pgtrigger.F("new__benefit"))
                    | pgtrigger.Q(old__notice_days__df=pgtrigger.F("new__notice_days"))
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The name in the reader's language."""
        return self.name_en if (get_language() or "").startswith("en") else self.name_zh

    @property
    def terms(self) -> ProgrammeVersion:
        """The terms in force; a programme has some from its first moment."""
        if self.version is None:
            raise LookupError(f"programme {self.code} has no terms")
        return self.version

    @property
    def amount_fen(self) -> int:
        """What each gets by the terms in force."""
        return int(self.terms.amount_fen)

    @property
    def cycle(self) -> Cycle:
        """The latest period; one query, none when `cycles` was prefetched."""
        return max(self.cycles.all(), key=lambda cycle: cycle.window_from)


class CycleQuerySet(models.QuerySet["Cycle"]):
    def running(self) -> CycleQuerySet:
        """Cycles in which rights are still given, the oldest first."""
        return self.filter(closed_at__isnull=True).order_by("window_from", "pk")


class Cycle(models.Model):
    """One period of a programme; each beneficiary gets one entitlement in it.

    The window's days are both included. Once the programme is open its end may only move later.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="cycles")
    code = models.CharField(_("cycle"), max_length=20)
    window_from = models.DateField(_("first day"))
    window_to = models.DateField(_("last day"))
    closed_at = models.DateTimeField(null=True)

    objects = CycleQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="cycle_code_once", fields=["programme", "code"]),
            models.CheckConstraint(
                name="cycle_window_ordered", condition=Q(window_to__gte=F("window_from"))
            ),
            ExclusionConstraint(
                name="cycle_one_a_day",
                expressions=[
                    ("programme", RangeOperators.EQUAL),
                    (day_span("window_from", "window_to"), RangeOperators.OVERLAPS),
                ],
                violation_error_message=_("Another cycle of the programme has these days."),
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="cycle_fixed_once_open",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                condition=pgtrigger.AnyChange("programme", "code", "window_from", "window_to"),
                func="""
                    IF (OLD.programme_id, OLD.code, OLD.window_from)
                        IS DISTINCT FROM (NEW.programme_id, NEW.code, NEW.window_from)
                        OR NEW.window_to < OLD.window_to THEN
                        IF (SELECT state FROM benefits_programme WHERE id = OLD.programme_id)
                            <> 'draft' THEN
                            RAISE EXCEPTION 'the days of a cycle are fixed once it is open'
                                USING ERRCODE = 'check_violation';
                        END IF;
                    END IF;
                    RETURN NEW;
                """,
            )
        ]

    def __str__(self) -> str:
        return self.code


class EntitlementQuerySet(ScopedQuerySet["Entitlement"]):
    view_permission = Permission.VIEW_MONEY

    def scope_filter(self, scope: Scope) -> Q:
        units = UnionUnit.objects.filter(scope.in_units("") | scope.in_areas("area"))
        employers = Employer.objects.filter(scope.in_areas("area"))
        return Q(membership__unit_id__in=units.order_by().values("id")) | Q(
            employer_id__in=employers.order_by().values("id")
        )

    def in_turn(self) -> EntitlementQuerySet:
        """The order in which the waiting are served: who met the conditions first."""
        return self.order_by("qualified_on", "id")


class Entitlement(models.Model):
    """One beneficiary's right in a cycle: a person's or an employer's, by one version's terms.

    `results` has the day on which each condition asked for was met: {rule code: ISO date}.
    """

    machine = ENTITLEMENT_MACHINE

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="entitlements")
    cycle = models.ForeignKey(Cycle, on_delete=models.PROTECT, related_name="entitlements")
    version = models.ForeignKey(
        "benefits.ProgrammeVersion", on_delete=models.PROTECT, related_name="entitlements"
    )
    person = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="entitlements"
    )
    membership = models.ForeignKey(
        Membership, null=True, on_delete=models.PROTECT, related_name="entitlements"
    )
    employer = models.ForeignKey(
        Employer, null=True, on_delete=models.PROTECT, related_name="entitlements"
    )
    state = models.CharField(
        _("state"), max_length=12, choices=EntitlementState, default=EntitlementState.WAITLISTED
    )
    amount_fen = FenField(_("amount"))
    results = models.JSONField(default=dict)
    # The day on which the last condition was met.
    qualified_on = models.DateField(_("entitled since"))
    # Why the last try failed, and from when a new one may start.
    reason = models.CharField(max_length=20, choices=Reason, blank=True, default="")
    rests_until = models.DateTimeField(null=True, blank=True)
    # Why a person must look at it; empty when nobody must.
    review = models.CharField(max_length=100, blank=True, default="")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = EntitlementQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["programme", "state", "qualified_on", "id"], name="entitled_in_turn"
            ),
            models.Index(fields=["person"], name="entitled_person"),
            models.Index(fields=["-created_at", "-id"], name="entitled_newest"),
            models.Index(
                fields=["-created_at", "-id"], name="entitled_to_review", condition=~Q(review="")
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                name="entitlement_once",
                fields=["programme", "cycle", "person"],
                condition=~Q(state__in=["void", "overpaid"]),
                violation_error_message=_("This person is entitled already."),
            ),
            models.UniqueConstraint(
                name="entitlement_once_per_employer",
                fields=["programme", "cycle", "employer"],
                condition=~Q(state__in=["void", "overpaid"]),
                violation_error_message=_("This employer is entitled already."),
            ),
            models.CheckConstraint(
                name="entitlement_of_person_or_employer",
                condition=Q(person__isnull=False, membership__isnull=False, employer__isnull=True)
                | Q(person__isnull=True, membership__isnull=True, employer__isnull=False),
            ),
            models.CheckConstraint(
                name="entitlement_amount_positive", condition=Q(amount_fen__gt=0)
            ),
        ]
        triggers = [
            pgtrigger.FSM(
                name="entitlement_moves", field="state", transitions=moves_of(ENTITLEMENT_MACHINE)
            ),
            pgtrigger.Protect(
                name="entitlement_terms_fixed",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(
                    "amount_fen", "cycle", "programme", "version", "results", "qualified_on"
                ),
            ),
            pgtrigger.Trigger(
                name="entitlement_person_fixed",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                condition=pgtrigger.AnyChange("person"),
                func="""
                    IF NOT EXISTS (
                        SELECT 1 FROM members_person
                        WHERE (id, merged_into_id) IN (
                            (OLD.person_id, NEW.person_id), (NEW.person_id, OLD.person_id))
                    ) THEN
                        RAISE EXCEPTION 'a right follows its person only when records are merged'
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="entitlement_given_in_its_form",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                condition=pgtrigger.Q(old__state="reserved")
                & pgtrigger.Q(new__state__in=["in_payment", "paid"]),
                declare=[("form", "text")],
                func="""
                    SELECT benefit INTO form FROM benefits_programme WHERE id = NEW.programme_id;
                    IF (NEW.state = 'in_payment') <> (form = 'cash') OR (NEW.state = 'paid'
                        AND NOT EXISTS (SELECT 1 FROM benefits_handout
                            WHERE entitlement_id = NEW.id AND undone_at IS NULL)
                        AND NOT EXISTS (SELECT 1 FROM benefits_pointsmovement
                            WHERE entitlement_id = NEW.id)) THEN
                        RAISE EXCEPTION 'money goes by a list, goods by a hand-out, points at once'
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="entitlement_employer_fixed",
                operation=pgtrigger.Update,
                when=pgtrigger.After,
                timing=pgtrigger.Deferred,
                condition=pgtrigger.AnyChange("employer"),
                func="""
                    IF NOT EXISTS (
                        SELECT 1 FROM members_employer
                        WHERE id = OLD.employer_id AND merged_into_id = NEW.employer_id
                    ) THEN
                        RAISE EXCEPTION 'a right follows its employer only when two are merged'
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NULL;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.programme_id} {self.person_id or self.employer_id}"
