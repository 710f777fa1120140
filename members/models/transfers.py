"""Transfers: cases that end by moving a membership (domain.md 2.1)."""

from __future__ import annotations

from typing import cast
from uuid import UUID

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from members.models.organisation import Employer, UnionUnit
from members.models.people import Membership
from members.states import Confirmation
from members.transfers.states import TRANSFER_MACHINE, TransferKind, TransferState
from unionportal.core.ids import new_id
from unionportal.core.models import Attachment
from unionportal.core.roles import Permission
from unionportal.core.scope import Scope, ScopedQuerySet


class TransferQuerySet(ScopedQuerySet["Transfer"]):
    view_permission = Permission.VIEW_MEMBERS

    def scope_filter(self, scope: Scope) -> Q:
        units = UnionUnit.objects.filter(scope.in_units("") | scope.in_areas("area"))
        ids = units.order_by().values("id")
        return Q(from_unit_id__in=ids) | Q(to_unit_id__in=ids) | Q(escalated_to_id__in=ids)


class Transfer(models.Model):
    """A wish to move a membership, its consent, the other side's answer, the move."""

    machine = TRANSFER_MACHINE

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=8, choices=TransferKind)
    state = models.CharField(max_length=10, choices=TransferState, default=TransferState.REQUESTED)
    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="transfers")
    # Null = outside the portal, named in `outside_name`.
    from_unit = models.ForeignKey(
        UnionUnit, null=True, on_delete=models.PROTECT, related_name="transfers_out"
    )
    to_unit = models.ForeignKey(
        UnionUnit, null=True, on_delete=models.PROTECT, related_name="transfers_in"
    )
    outside_name = models.CharField(max_length=120, blank=True, default="")
    # What the union outside says; seniority counts from there, our figures from the move.
    joined_elsewhere_on = models.DateField(null=True, blank=True)
    employer = models.ForeignKey(
        Employer, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    reason = models.CharField(max_length=200, blank=True, default="")
    confirmation = models.CharField(max_length=12, choices=Confirmation, default=Confirmation.NONE)
    consented_at = models.DateTimeField(null=True, blank=True)
    paper = models.ForeignKey(
        Attachment, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    # Null, not "": the token is unique where there is one.
    token = models.CharField(  # noqa: DJ001
        max_length=32, unique=True, null=True, editable=False
    )
    # The day by which whoever is asked now should have answered.
    due_on = models.DateField()
    escalated_to = models.ForeignKey(
        UnionUnit, null=True, on_delete=models.PROTECT, related_name="transfers_above"
    )
    moves_on = models.DateField(null=True, blank=True)
    answer = models.CharField(max_length=200, blank=True, default="")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    requested_at = models.DateTimeField(db_default=Now(), editable=False)
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = TransferQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["-requested_at", "-id"], name="transfer_newest"),
            models.Index(
                fields=["due_on"],
                name="transfer_due",
                condition=Q(state__in=["requested", "consented", "escalated", "accepted"]),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                name="transfer_one_open_per_membership",
                fields=["membership"],
                condition=Q(state__in=["requested", "consented", "escalated", "accepted"]),
                violation_error_message=_("This membership is being transferred already."),
            ),
            models.CheckConstraint(
                name="transfer_sides_fit_kind",
                condition=Q(
                    kind__in=["pull", "push", "wish"],
                    from_unit__isnull=False,
                    to_unit__isnull=False,
                    outside_name="",
                )
                | (Q(kind="outward", from_unit__isnull=False, to_unit__isnull=True)
                   & ~Q(outside_name=""))
                | (Q(kind="inward", from_unit__isnull=True, to_unit__isnull=False)
                   & ~Q(outside_name="")),
            ),
            models.CheckConstraint(
                name="transfer_between_two_units",
                condition=Q(from_unit__isnull=True)
                | Q(to_unit__isnull=True)
                | ~Q(from_unit=F("to_unit")),
            ),
            models.CheckConstraint(
                name="transfer_consent_is_timed",
                condition=Q(confirmation="none", consented_at__isnull=True)
                | (~Q(confirmation="none") & Q(consented_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="transfer_moves_with_consent",
                condition=~Q(state__in=["consented", "escalated", "accepted", "done"])
                | ~Q(confirmation="none"),
            ),
            models.CheckConstraint(
                name="transfer_closed_is_timed",
                condition=Q(
                    state__in=["requested", "consented", "escalated", "accepted"],
                    closed_at__isnull=True,
                )
                | (
                    ~Q(state__in=["requested", "consented", "escalated", "accepted"])
                    & Q(closed_at__isnull=False)
                ),
            ),
            models.CheckConstraint(
                name="transfer_escalated_has_unit",
                condition=~Q(state="escalated") | Q(escalated_to__isnull=False),
            ),
            models.CheckConstraint(
                name="transfer_accepted_has_day",
                condition=~Q(state__in=["accepted", "done"]) | Q(moves_on__isnull=False),
            ),
        ]  # fmt: skip
        triggers = [
            # Held until the end, so that a withdrawal at the same moment finds the transfer.
            pgtrigger.Trigger(
                name="transfer_not_of_stopped",
                operation=pgtrigger.Insert | pgtrigger.Update,
                when=pgtrigger.Before,
                condition=pgtrigger.Q(
                    new__state__in=["requested", "consented", "escalated", "accepted"]
                ),
                declare=[("since", "timestamptz")],
                func="""
                    SELECT p.stopped_at INTO since
                    FROM members_membership m JOIN members_person p ON p.id = m.person_id
                    WHERE m.id = NEW.membership_id FOR SHARE OF p;
                    IF since IS NOT NULL THEN
                        RAISE EXCEPTION 'consent was withdrawn: transfer_not_of_stopped'
                            USING ERRCODE = 'check_violation',
                                CONSTRAINT = 'transfer_not_of_stopped';
                    END IF;
                    RETURN NEW;
                """,
            )
        ]

    def __str__(self) -> str:
        return str(self.pk)

    def get_absolute_url(self) -> str:
        return reverse("members:transfer-detail", args=[self.pk])

    @property
    def asking_unit_id(self) -> UUID:
        """The unit whose officers follow the case: it asked, or will have the member."""
        # Never None: a constraint ties the sides to the kind.
        return cast("UUID", self.from_unit_id if self.kind in GIVEN_AWAY else self.to_unit_id)

    @property
    def answering_unit_id(self) -> UUID:
        """The unit whose officers answer now."""
        if self.state == TransferState.ESCALATED:
            return cast("UUID", self.escalated_to_id)
        is_old_asked = self.kind in (TransferKind.PULL, TransferKind.OUTWARD)
        return cast("UUID", self.from_unit_id if is_old_asked else self.to_unit_id)


# The old union started these; it follows them.
GIVEN_AWAY = (TransferKind.PUSH, TransferKind.OUTWARD)
