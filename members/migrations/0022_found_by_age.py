from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('members', '0021_collective_contracts'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='person',
            index=models.Index(fields=['birth_date'], name='person_by_birth'),
        ),
    ]
