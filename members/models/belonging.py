"""Where a membership belongs, from when to when: its union, its group, its certificate."""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Q

from members.models.organisation import Employer, UnionUnit, WorkerGroup
from members.models.people import Membership
from members.models.unit_triggers import standing_unit
from unionportal.core.ids import new_id
from unionportal.core.ranges import day_range


class Affiliation(models.Model):
    """Where a member belonged, from when to when; no overlap."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    membership = models.ForeignKey(
        Membership, on_delete=models.PROTECT, related_name="affiliations"
    )
    unit = models.ForeignKey(UnionUnit, on_delete=models.PROTECT, related_name="affiliations")
    employer = models.ForeignKey(Employer, null=True, on_delete=models.PROTECT, related_name="+")
    started_on = models.DateField()
    ended_on = models.DateField(null=True, blank=True)
    reason = models.CharField(max_length=100, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="affiliation_dates_ordered",
                condition=Q(ended_on__isnull=True) | Q(ended_on__gte=F("started_on")),
            ),
            ExclusionConstraint(
                name="affiliation_one_a_day",
                expressions=[
                    ("membership", RangeOperators.EQUAL),
                    (day_range(), RangeOperators.OVERLAPS),
                ],
            ),
        ]
        triggers = standing_unit("affiliation_unit_stands", "n.ended_on IS NULL")

    def __str__(self) -> str:
        return f"{self.membership_id} in {self.unit_id}"


class GroupMembership(models.Model):
    """Which of the worker groups a member was in, from when to when."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    membership = models.ForeignKey(
        Membership, on_delete=models.PROTECT, related_name="group_history"
    )
    group = models.ForeignKey(WorkerGroup, on_delete=models.PROTECT, related_name="+")
    started_on = models.DateField()
    ended_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="one_group_a_day",
                expressions=[
                    ("membership", RangeOperators.EQUAL),
                    (day_range(), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.membership_id} as {self.group_id}"


class MemberCertificate(models.Model):
    """The certificate of a membership; anybody can verify its token, seeing a masked name only."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    membership = models.OneToOneField(
        Membership, on_delete=models.PROTECT, related_name="certificate"
    )
    token = models.CharField(max_length=32, unique=True)
    issued_on = models.DateField()
    # Withdrawn without a new one; a new one moves the old token to `RevokedCertificate`.
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_reason = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="certificate_revoked_has_reason",
                condition=Q(revoked_at__isnull=True, revoked_reason="")
                | (Q(revoked_at__isnull=False) & ~Q(revoked_reason="")),
            )
        ]

    def __str__(self) -> str:
        return str(self.membership_id)
