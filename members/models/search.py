"""What members are found by."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from members.models.organisation import UnionUnit
from members.models.people import Membership

C = "C"  # compared byte by byte, so that a prefix is a range of the index


class MemberKey(models.Model):
    """One narrow row per membership that the search box reads; the database itself keeps it.

    The indexes carry the unit, so that an officer's search is answered from them alone. There
    are no foreign keys below: the triggers write only what exists, and bulk loads stay quick.
    """

    membership = models.OneToOneField(
        Membership,
        primary_key=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="key",
    )
    unit = models.ForeignKey(
        UnionUnit, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+"
    )
    name = models.CharField(max_length=50, db_collation=C)
    pinyin = models.CharField(max_length=200, db_collation=C)  # without spaces
    initials = models.CharField(max_length=50, db_collation=C)
    phone_tail = models.CharField(max_length=4, db_collation=C)
    grams = ArrayField(models.CharField(max_length=2))

    class Meta:
        indexes = [
            *(
                models.Index(
                    fields=[column, "membership"], include=["unit"], name=f"key_by_{column}"
                )
                for column in ("name", "pinyin", "initials", "phone_tail")
            ),
            GinIndex(fields=["grams"], name="key_by_gram"),
        ]

    def __str__(self) -> str:
        return str(self.membership_id)


class SortedKey(models.Model):
    """The keys as a view in the order of names.

    The database sorts these narrow rows first and fetches a membership only for those it shows;
    ordered by a column of `MemberKey` it would fetch all that a text matches, then sort.
    """

    membership = models.OneToOneField(
        Membership,
        primary_key=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="sorted_key",
    )
    name = models.CharField(max_length=50, db_collation=C)
    grams = ArrayField(models.CharField(max_length=2))

    class Meta:
        managed = False

    def __str__(self) -> str:
        return str(self.membership_id)
