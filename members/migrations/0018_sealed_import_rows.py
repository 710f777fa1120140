"""Rows on their way in live in temporary tables; what waits for its confirmation is sealed.

A register that was checked before and waits is read again: drop it and upload the file anew.
"""

from django.db import migrations

import unionportal.core.fields


class Migration(migrations.Migration):
    dependencies = [("members", "0017_refused_by_the_database")]

    operations = [
        migrations.AddField(
            model_name="importrow",
            name="line",
            field=unionportal.core.fields.EncryptedTextField(editable=False, null=True),
        ),
        migrations.DeleteModel(name="StagedRow"),
    ]
