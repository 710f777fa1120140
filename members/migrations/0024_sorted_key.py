"""A view of the search keys in the order of names; see members.models.search.SortedKey."""

from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models

VIEW = """
CREATE VIEW members_sortedkey AS
SELECT membership_id, name, grams FROM members_memberkey ORDER BY name, membership_id
"""


class Migration(migrations.Migration):
    dependencies = [("members", "0023_reason_of_undo")]

    operations = [
        migrations.RunSQL(VIEW, "DROP VIEW members_sortedkey"),
        migrations.CreateModel(
            name="SortedKey",
            fields=[
                (
                    "membership",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=models.DO_NOTHING,
                        primary_key=True,
                        related_name="sorted_key",
                        serialize=False,
                        to="members.membership",
                    ),
                ),
                ("name", models.CharField(db_collation="C", max_length=50)),
                ("grams", ArrayField(models.CharField(max_length=2))),
            ],
            options={"managed": False},
        ),
    ]
