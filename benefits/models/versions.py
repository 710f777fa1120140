"""What a programme gives and asks for: each change of terms is a row of its own, never changed.

A right keeps the version that gave it (security.md section 3, I11).
"""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from benefits.models.programmes import Programme
from members.states import MembershipState
from unionportal.core.fields import FenField
from unionportal.core.ids import new_id
from unionportal.core.models.audit import append_only


class Timing(models.TextChoices):
    """What the window means for the conditions."""

    MET_INSIDE = "met_inside", _("The last condition must be met within the window")
    HELD_INSIDE = "held_inside", _("All conditions must be met at some time within the window")


def active_only() -> list[str]:
    return [str(MembershipState.ACTIVE)]


class ProgrammeVersion(models.Model):
    """The terms of a programme, in one row. An empty list of groups, units or areas asks nothing.

    Lists are columns, not relations: terms that are one row cannot be changed around the trigger.
    Units and areas mean their whole subtrees; `joined_*` are both included.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveSmallIntegerField()
    amount_fen = FenField(_("amount for each"))
    timing = models.CharField(max_length=11, choices=Timing, default=Timing.MET_INSIDE)
    groups = ArrayField(models.CharField(max_length=30), default=list, blank=True)
    units = ArrayField(models.UUIDField(), default=list, blank=True)
    areas = ArrayField(models.UUIDField(), default=list, blank=True)
    standings = ArrayField(models.CharField(max_length=12), default=active_only)
    joined_from = models.DateField(_("joined from"), null=True, blank=True)
    joined_to = models.DateField(_("joined until"), null=True, blank=True)
    needs_card = models.BooleanField(_("the card must be activated"), default=True)
    needs_dues = models.BooleanField(_("the employer must pay union dues"), default=False)
    # Of a programme of goods or of points: what each gets.
    item = models.ForeignKey(
        "benefits.GoodsItem", null=True, on_delete=models.PROTECT, related_name="+"
    )
    quantity = models.PositiveIntegerField(_("how many of it"), null=True)
    points = models.PositiveIntegerField(_("points"), null=True)
    fetch_until = models.DateField(_("to be fetched until"), null=True, blank=True)
    note = models.CharField(_("why it changed"), max_length=200, blank=True, default="")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="version_number_once", fields=["programme", "number"]),
            models.CheckConstraint(name="version_amount_positive", condition=Q(amount_fen__gt=0)),
            models.CheckConstraint(
                name="version_joined_ordered", condition=Q(joined_to__gte=F("joined_from"))
            ),
            models.CheckConstraint(
                name="version_gives_one_thing",
                condition=Q(item__isnull=True, quantity__isnull=True)
                & (Q(points__isnull=True) | Q(points__gt=0))
                | Q(item__isnull=False, quantity__gt=0, points__isnull=True),
            ),
            models.CheckConstraint(
                name="version_standings_open",
                condition=Q(standings__contained_by=["active", "retained"])
                & Q(standings__len__gt=0),
            ),
        ]
        triggers = append_only("version")

    def __str__(self) -> str:
        return f"{self.programme_id} v{self.number}"
