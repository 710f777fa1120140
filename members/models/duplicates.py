"""Pairs of records that may be one person, and what was merged (ADR on merging people)."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Coalesce, Now
from django.utils.translation import gettext_lazy as _

from members.models.people import Membership, Person
from members.states import PAIR_MACHINE, PairState
from unionportal.core.fields import EncryptedTextField
from unionportal.core.ids import new_id
from unionportal.core.roles import Permission
from unionportal.core.scope import Scope, ScopedQuerySet


class Evidence(models.TextChoices):
    """Why two records may be one person, the strongest first."""

    SAME_NUMBER = "same_number", _("Same document number")
    EARLIER_NUMBER = "earlier_number", _("Applied before under the other's number")
    NAME_BIRTH_PHONE = "name_birth_phone", _("Same name, birth date and phone")
    SOUND_EMPLOYER = "sound_employer", _("Same employer, name that sounds the same")
    NAME_EMPLOYER = "name_employer", _("Same employer, same name")


# Evidence above what an officer had when dismissing opens the pair again.
STRENGTH: dict[str, int] = {
    Evidence.SAME_NUMBER: 4,
    Evidence.EARLIER_NUMBER: 4,
    Evidence.NAME_BIRTH_PHONE: 3,
    Evidence.SOUND_EMPLOYER: 2,
    Evidence.NAME_EMPLOYER: 1,
}


class PairQuerySet(ScopedQuerySet["DuplicatePair"]):
    view_permission = Permission.VIEW_MEMBERS

    def scope_filter(self, scope: Scope) -> Q:
        """Both people are in reach: a pair across two areas is for the officer above both."""
        mine = Membership.objects.filter(Membership.objects.all().scope_filter(scope))
        # A merged record has no membership of its own any more: its survivor's count.
        return Q(Exists(mine.filter(person=_stands_as("first")))) & Q(
            Exists(mine.filter(person=_stands_as("second")))
        )

    def standing(self) -> PairQuerySet:
        """Pairs of two records that both stand, and those merged into one another."""
        apart = Q(first__merged_into=None, second__merged_into=None)
        return self.filter(apart | Q(state=PairState.MERGED))


def _stands_as(column: str) -> Coalesce:
    return Coalesce(OuterRef(f"{column}__merged_into"), OuterRef(column))


class DuplicatePair(models.Model):
    """Two records that may be one person; stored once, the smaller id first."""

    machine = PAIR_MACHINE

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    first = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    second = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    evidence = ArrayField(models.CharField(max_length=20, choices=Evidence))
    strength = models.PositiveSmallIntegerField()
    state = models.CharField(_("state"), max_length=10, choices=PairState, default=PairState.OPEN)
    # How strong the evidence was when the pair was dismissed.
    dismissed_strength = models.PositiveSmallIntegerField(null=True)
    note = models.CharField(max_length=200, blank=True, default="")
    found_at = models.DateTimeField(_("found on"), db_default=Now(), editable=False)
    decided_at = models.DateTimeField(null=True)

    objects = PairQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["state", "-strength", "-id"], name="pair_by_strength"),
            models.Index(fields=["second"], name="pair_by_second"),
        ]
        constraints = [
            models.UniqueConstraint(name="pair_once", fields=["first", "second"]),
            models.CheckConstraint(name="pair_in_order", condition=Q(first__lt=F("second"))),
            models.CheckConstraint(
                name="pair_dismissed_has_reason",
                condition=~Q(state="dismissed") | Q(dismissed_strength__isnull=False) & ~Q(note=""),
            ),
            models.CheckConstraint(
                name="pair_decided_is_timed",
                condition=Q(state="open") | Q(decided_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.first_id} {self.second_id}"


class PersonMerge(models.Model):
    """One record made part of another, with all that is needed to take it apart again.

    `undo_log` tells every change in its order; it holds names and numbers, so it is encrypted.
    `kept` lists what an undo found changed since and left alone.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    pair = models.ForeignKey(DuplicatePair, on_delete=models.PROTECT, related_name="merges")
    survivor = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    merged = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    # Field → whose value was taken: "survivor" or "merged".
    choices = models.JSONField(default=dict)
    reason = models.CharField(max_length=200)
    undo_log = EncryptedTextField()
    merged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    merged_at = models.DateTimeField(db_default=Now(), editable=False)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    undone_at = models.DateTimeField(null=True)
    undo_reason = models.CharField(max_length=200, blank=True, default="")
    kept = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="merge_once",
                fields=["merged"],
                condition=Q(undone_at__isnull=True),
            ),
            models.CheckConstraint(name="merge_of_two", condition=~Q(survivor=F("merged"))),
            models.CheckConstraint(name="merge_has_reason", condition=~Q(reason="")),
        ]

    def __str__(self) -> str:
        return f"{self.merged_id} into {self.survivor_id}"
