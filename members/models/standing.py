"""What changed in a member's standing and vehicles, dated."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from members.models.people import Membership
from members.states import MembershipState
from unionportal.core.ids import new_id
from unionportal.core.models import Attachment
from unionportal.core.models.audit import append_only
from unionportal.core.ranges import day_range


class RetainReason(models.TextChoices):
    """Why a membership is retained (domain.md 2.1)."""

    RETIREMENT = "retirement", _("Retirement")
    UNEMPLOYMENT = "unemployment", _("Out of work")
    ARMY = "army", _("Military service")
    EMPLOYER_CLOSED = "employer_closed", _("Employer closed")


class StatusChange(models.Model):
    """One step of a membership: from what to what, on which day, why, by whom; append-only."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    membership = models.ForeignKey(
        Membership, on_delete=models.PROTECT, related_name="status_changes"
    )
    verb = models.CharField(max_length=20)
    from_state = models.CharField(max_length=12, choices=MembershipState)
    to_state = models.CharField(max_length=12, choices=MembershipState)
    day = models.DateField()
    reason_code = models.CharField(max_length=20, choices=RetainReason, blank=True, default="")
    reason = models.CharField(max_length=200, blank=True, default="")
    evidence = models.ForeignKey(Attachment, null=True, on_delete=models.PROTECT, related_name="+")
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        indexes = [models.Index(fields=["membership", "-day", "-id"], name="change_by_membership")]
        constraints = [
            models.CheckConstraint(
                name="change_retained_says_why",
                condition=Q(to_state="retained") & ~Q(reason_code="")
                | ~Q(to_state="retained") & Q(reason_code=""),
            ),
            models.CheckConstraint(
                name="change_expelled_has_paper",
                condition=~Q(to_state="expelled") | Q(evidence__isnull=False),
            ),
        ]
        triggers = append_only("change", emptied="reason")

    def __str__(self) -> str:
        return f"{self.membership_id} {self.verb} {self.day}"


class MemberVehicle(models.Model):
    """A vehicle a member drives, from when to when; `Membership.vehicle_plate` is the newest."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="vehicles")
    plate = models.CharField(max_length=10)
    started_on = models.DateField()
    ended_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="vehicle_has_plate", condition=~Q(plate="")),
            models.CheckConstraint(
                name="vehicle_dates_ordered",
                condition=Q(ended_on__isnull=True) | Q(ended_on__gte=F("started_on")),
            ),
            ExclusionConstraint(
                name="vehicle_once_a_day",
                expressions=[
                    ("membership", RangeOperators.EQUAL),
                    ("plate", RangeOperators.EQUAL),
                    (day_range(), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)
