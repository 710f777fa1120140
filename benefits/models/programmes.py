"""Budgets, programmes, their cycles, and each person's right to one payment."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from benefits.models.agreeing import budget_agrees
from benefits.states.cards import Transport
from benefits.states.payouts import (
    ENTITLEMENT_MACHINE,
    PROGRAMME_MACHINE,
    Channel,
    EntitlementState,
    ProgrammeState,
    Reason,
    moves_of,
)
from members.models import Membership, Person, UnionUnit, WorkerGroup
from unionportal.core.fields import FenField
from unionportal.core.ids import new_id
from unionportal.core.roles import Permission
from unionportal.core.scope import Scope, ScopedQuerySet


class Budget(models.Model):
    """A yearly amount. `reserved_fen` is promised and not yet paid, in flight included."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    code = models.CharField(max_length=40, unique=True)
    total_fen = FenField(_("budget"))
    reserved_fen = FenField(default=0)
    paid_fen = FenField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="budget_never_exceeded",
                condition=Q(total_fen__gte=F("reserved_fen") + F("paid_fen")),
                violation_error_message=_("The budget does not reach."),
            ),
            models.CheckConstraint(
                name="budget_parts_not_negative",
                condition=Q(total_fen__gte=0, reserved_fen__gte=0, paid_fen__gte=0),
            ),
        ]
        triggers = [budget_agrees("budget_agrees_with_accounts", "id")]

    def __str__(self) -> str:
        return self.code

    @property
    def used_fen(self) -> int:
        return int(self.reserved_fen + self.paid_fen)

    @property
    def free_fen(self) -> int:
        return int(self.total_fen - self.used_fen)

    @property
    def used_percent(self) -> float:
        return self.used_fen * 100 / self.total_fen if self.total_fen else 0.0


class ProgrammeQuerySet(ScopedQuerySet["Programme"]):
    """Programmes are the district's: narrower grants see none."""

    view_permission = Permission.VIEW_MONEY


class Programme(models.Model):
    """What may be given to whom, when, and out of which money.

    The window's days are both included. `answer_minutes` is how long a line may stay unanswered,
    `cooling_minutes` how long a failed one rests before it may be paid again.
    """

    machine = PROGRAMME_MACHINE

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    code = models.SlugField(_("code"), max_length=30, unique=True)
    name_zh = models.CharField(_("Chinese name"), max_length=40)
    name_en = models.CharField(_("English name"), max_length=80)
    state = models.CharField(
        _("state"), max_length=8, choices=ProgrammeState, default=ProgrammeState.DRAFT
    )
    amount_fen = FenField(_("amount for each person"))
    groups = models.ManyToManyField(WorkerGroup, related_name="+", verbose_name=_("groups"))
    window_from = models.DateField(_("first day"))
    window_to = models.DateField(_("last day"))
    notice_days = models.PositiveSmallIntegerField(_("working days of public notice"), default=5)
    second_approval_fen = FenField(_("second checker from"), null=True, blank=True)
    rule_version = models.PositiveSmallIntegerField(default=1)
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
            models.CheckConstraint(name="programme_amount_positive", condition=Q(amount_fen__gt=0)),
            models.CheckConstraint(
                name="programme_window_ordered", condition=Q(window_to__gte=F("window_from"))
            ),
            models.CheckConstraint(
                name="programme_open_is_timed",
                condition=Q(state="draft") | Q(opened_at__isnull=False),
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="programme_terms_fixed_once_open",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__state__in=["open", "closed"])
                & (
                    pgtrigger.Q(old__amount_fen__df=pgtrigger.F("new__amount_fen"))
                    | pgtrigger.Q(old__code__df=pgtrigger.F("new__code"))
                    | pgtrigger.Q(old__window_from__df=pgtrigger.F("new__window_from"))
                ),
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The name in the reader's language."""
        return self.name_en if (get_language() or "").startswith("en") else self.name_zh


class Cycle(models.Model):
    """One period of a programme; a person gets one entitlement in it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="cycles")
    code = models.CharField(max_length=20)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="cycle_code_once", fields=["programme", "code"])
        ]

    def __str__(self) -> str:
        return self.code


class EntitlementQuerySet(ScopedQuerySet["Entitlement"]):
    view_permission = Permission.VIEW_MONEY

    def scope_filter(self, scope: Scope) -> Q:
        units = UnionUnit.objects.filter(scope.in_units("") | scope.in_areas("area"))
        return Q(membership__unit_id__in=units.order_by().values("id"))

    def in_turn(self) -> EntitlementQuerySet:
        """The order in which the waiting are served: who met the conditions first."""
        return self.order_by("qualified_on", "id")


class Entitlement(models.Model):
    """One person's right to one payment of a cycle. The amount is the programme's at that time."""

    machine = ENTITLEMENT_MACHINE

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="entitlements")
    cycle = models.ForeignKey(Cycle, on_delete=models.PROTECT, related_name="entitlements")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="entitlements")
    membership = models.ForeignKey(
        Membership, on_delete=models.PROTECT, related_name="entitlements"
    )
    state = models.CharField(
        _("state"), max_length=12, choices=EntitlementState, default=EntitlementState.WAITLISTED
    )
    amount_fen = FenField(_("amount"))
    rule_version = models.PositiveSmallIntegerField()
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
        ]
        constraints = [
            models.UniqueConstraint(
                name="entitlement_once",
                fields=["programme", "cycle", "person"],
                condition=~Q(state__in=["void", "overpaid"]),
                violation_error_message=_("This person is entitled already."),
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
                condition=pgtrigger.AnyChange("amount_fen", "cycle", "programme", "rule_version"),
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
        ]

    def __str__(self) -> str:
        return f"{self.programme_id} {self.person_id}"
