"""The district's running number behind every member number."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("members", "0002_import_layout")]

    operations = [
        migrations.RunSQL(
            "CREATE SEQUENCE members_member_number AS bigint START 1",
            "DROP SEQUENCE members_member_number",
        )
    ]
