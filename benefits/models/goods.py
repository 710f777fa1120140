"""Goods in stores, what was handed out against a signature, and points: nothing below zero.

Stock and points change by appended rows only; triggers carry the running numbers, and CHECKs keep
them from going below zero for everybody, the owner of the tables too.
"""

from __future__ import annotations

import pgtrigger
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from benefits.models.payouts import changed, staff_key
from benefits.models.programmes import Entitlement
from members.models import Membership, Person, UnionUnit
from unionportal.core.fields import FenField
from unionportal.core.ids import new_id
from unionportal.core.models import Attachment
from unionportal.core.models.audit import append_only
from unionportal.core.roles import Permission
from unionportal.core.scope import Scope, ScopedQuerySet


class GoodsItem(models.Model):
    """Something that can be handed out. `value_fen` counts it in a budget; `points` is its price
    in the points shop, null when it is not there."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    code = models.SlugField(_("code"), max_length=30, unique=True)
    name_zh = models.CharField(_("Chinese name"), max_length=40)
    name_en = models.CharField(_("English name"), max_length=80)
    value_fen = FenField(_("value"))
    points = models.PositiveIntegerField(_("price in points"), null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="goods_value_positive", condition=Q(value_fen__gt=0)),
            models.CheckConstraint(
                name="goods_price_positive", condition=Q(points__isnull=True) | Q(points__gt=0)
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The name in the reader's language."""
        return self.name_en if (get_language() or "").startswith("en") else self.name_zh


class StockQuerySet(ScopedQuerySet["Stock"]):
    view_permission = Permission.HAND_OUT
    unit_lookup = "store"


class Stock(models.Model):
    """How many of an item a union's store has. `place` tells people where to fetch it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    item = models.ForeignKey(GoodsItem, on_delete=models.PROTECT, related_name="stocks")
    store = models.ForeignKey(UnionUnit, on_delete=models.PROTECT, related_name="stocks")
    place = models.CharField(_("where to fetch it"), max_length=120, blank=True, default="")
    on_hand = models.IntegerField(_("on hand"), default=0)

    objects = StockQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="stock_once", fields=["item", "store"]),
            models.CheckConstraint(
                name="stock_never_below_zero",
                condition=Q(on_hand__gte=0),
                violation_error_message=_("There are not that many left."),
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="stock_follows_movements",
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("on_hand"),  # type: ignore[no-untyped-call]
                when=pgtrigger.Before,
                func="""
                    IF TG_OP = 'INSERT' AND NEW.on_hand = 0 THEN RETURN NEW; END IF;
                    IF TG_OP = 'UPDATE' AND pg_trigger_depth() > 1 THEN RETURN NEW; END IF;
                    RAISE EXCEPTION 'this number changes by its movements only';
                """,
            )
        ]

    def __str__(self) -> str:
        return f"{self.item_id} {self.on_hand}"


class HandOutQuerySet(ScopedQuerySet["HandOut"]):
    view_permission = Permission.HAND_OUT
    unit_lookup = "stock__store"


class HandOut(models.Model):
    """Goods given to somebody: for a right, signed for; or for points. Undone by a row of its own.

    Only the undoing is ever written to it later, and the person when records are merged.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    stock = models.ForeignKey(Stock, on_delete=models.PROTECT, related_name="hand_outs")
    quantity = models.PositiveIntegerField(_("quantity"))
    entitlement = models.ForeignKey(
        Entitlement, null=True, on_delete=models.PROTECT, related_name="hand_outs"
    )
    person = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="hand_outs"
    )
    points = models.PositiveIntegerField(_("points"), default=0)
    signature = models.ForeignKey(Attachment, null=True, on_delete=models.PROTECT, related_name="+")
    given_by = staff_key()
    given_at = models.DateTimeField(_("handed out"), db_default=Now(), editable=False)
    undone_by = staff_key()
    undone_at = models.DateTimeField(null=True)
    undone_reason = models.CharField(max_length=200, blank=True, default="")

    objects = HandOutQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["-given_at", "-id"], name="hand_out_newest")]
        constraints = [
            models.UniqueConstraint(
                name="hand_out_once",
                fields=["entitlement"],
                condition=Q(undone_at__isnull=True),
                violation_error_message=_("This was handed out already."),
            ),
            models.CheckConstraint(name="hand_out_some", condition=Q(quantity__gt=0)),
            models.CheckConstraint(
                name="hand_out_for_a_right_or_points",
                condition=Q(
                    entitlement__isnull=False,
                    signature__isnull=False,
                    person__isnull=True,
                    points=0,
                )
                | Q(entitlement__isnull=True, person__isnull=False, points__gt=0),
            ),
            models.CheckConstraint(
                name="hand_out_undone_with_reason",
                condition=Q(undone_at__isnull=True, undone_reason="")
                | (Q(undone_at__isnull=False) & ~Q(undone_reason="")),
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="hand_out_fixed",
                operation=pgtrigger.Update,
                condition=changed(
                    "stock_id", "quantity", "entitlement_id", "points", "signature_id",
                    "given_by_id",
                )
                | pgtrigger.Q(old__undone_at__isnull=False)
                & pgtrigger.Q(old__undone_at__df=pgtrigger.F("new__undone_at")),
            ),
            pgtrigger.Protect(name="hand_out_kept", operation=pgtrigger.Delete),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.stock_id} × {self.quantity}"


class StockMove(models.TextChoices):
    RECEIVED = "received", _("Came in")
    HANDED_OUT = "handed_out", _("Handed out")
    TAKEN_BACK = "taken_back", _("Taken back")
    COUNTED = "counted", _("Corrected by a count")


class StockMovement(models.Model):
    """Goods in (plus) or out (minus) of a store; append-only."""

    id = models.BigAutoField(primary_key=True)
    stock = models.ForeignKey(Stock, on_delete=models.PROTECT, related_name="movements")
    delta = models.IntegerField()
    kind = models.CharField(max_length=10, choices=StockMove)
    hand_out = models.ForeignKey(
        HandOut, null=True, on_delete=models.PROTECT, related_name="stock_movements"
    )
    note = models.CharField(max_length=200, blank=True, default="")
    moved_by = staff_key()
    moved_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(name="stock_moves_some", condition=~Q(delta=0)),
            models.UniqueConstraint(
                name="stock_moved_once_for_a_hand_out",
                fields=["hand_out", "kind"],
                condition=Q(hand_out__isnull=False),
            ),
        ]
        triggers = [
            *append_only("stock_movement"),
            pgtrigger.Trigger(
                name="stock_movement_moves_stock",
                operation=pgtrigger.Insert,
                when=pgtrigger.After,
                func="""
                    UPDATE benefits_stock SET on_hand = on_hand + NEW.delta
                    WHERE id = NEW.stock_id;
                    RETURN NULL;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.delta:+d}"


class PointsQuerySet(ScopedQuerySet["PointsBalance"]):
    view_permission = Permission.HAND_OUT

    def scope_filter(self, scope: Scope) -> Q:
        mine = Membership.objects.filter(Membership.objects.all().scope_filter(scope))
        return Q(person_id__in=mine.values("person_id"))


class PointsBalance(models.Model):
    """A person's points, kept by the movements' trigger."""

    person = models.OneToOneField(
        Person, primary_key=True, on_delete=models.PROTECT, related_name="points_balance"
    )
    balance = models.BigIntegerField(default=0)

    objects = PointsQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="points_never_below_zero",
                condition=Q(balance__gte=0),
                violation_error_message=_("There are not that many points."),
            )
        ]
        triggers = [
            pgtrigger.Trigger(
                name="points_follow_movements",
                operation=pgtrigger.Insert | pgtrigger.Update,
                when=pgtrigger.Before,
                func="""
                    IF pg_trigger_depth() > 1 THEN RETURN NEW; END IF;
                    RAISE EXCEPTION 'this number changes by its movements only';
                """,
            )
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.balance}"


class PointsMove(models.TextChoices):
    EARNED = "earned", _("Earned")
    REDEEMED = "redeemed", _("Exchanged for goods")
    REVERSED = "reversed", _("Exchange undone")
    MERGED = "merged", _("Records joined")


class PointsMovement(models.Model):
    """Points earned (plus) or spent (minus); append-only, a mistake is a row that reverses."""

    id = models.BigAutoField(primary_key=True)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="points_movements")
    delta = models.IntegerField()
    kind = models.CharField(max_length=8, choices=PointsMove)
    entitlement = models.OneToOneField(
        Entitlement, null=True, on_delete=models.PROTECT, related_name="points_movement"
    )
    hand_out = models.ForeignKey(
        HandOut, null=True, on_delete=models.PROTECT, related_name="points_movements"
    )
    reverses = models.OneToOneField(
        "self", null=True, on_delete=models.PROTECT, related_name="reversal"
    )
    moved_by = staff_key()
    moved_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        indexes = [models.Index(fields=["person", "-id"], name="points_of_person")]
        constraints = [
            models.CheckConstraint(name="points_move_some", condition=~Q(delta=0)),
            models.CheckConstraint(
                name="points_earned_by_a_right",
                condition=~Q(kind="earned") | Q(entitlement__isnull=False, delta__gt=0),
            ),
            models.CheckConstraint(
                name="points_reversed_name_what",
                condition=~Q(kind="reversed") | Q(reverses__isnull=False),
            ),
        ]
        triggers = [
            *append_only("points_movement"),
            pgtrigger.Trigger(
                name="points_movement_moves_balance",
                operation=pgtrigger.Insert,
                when=pgtrigger.After,
                level=pgtrigger.Statement,
                referencing=pgtrigger.Referencing(new="fresh"),  # type: ignore[no-untyped-call]
                func="""
                    INSERT INTO benefits_pointsbalance (person_id, balance)
                    SELECT DISTINCT person_id, 0 FROM fresh ON CONFLICT DO NOTHING;
                    UPDATE benefits_pointsbalance b SET balance = b.balance + moved.sum
                    FROM (SELECT person_id, sum(delta) AS sum FROM fresh GROUP BY person_id) moved
                    WHERE b.person_id = moved.person_id;
                    RETURN NULL;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.delta:+d}"
