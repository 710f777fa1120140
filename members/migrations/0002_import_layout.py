from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("members", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="rosterimport",
            name="layout",
            field=models.JSONField(default=dict),
        ),
    ]
