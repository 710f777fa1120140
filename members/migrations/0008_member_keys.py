"""The narrow table the search box reads, filled from what is there and kept by triggers."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


FILL = """
INSERT INTO members_memberkey
    (membership_id, unit_id, name, pinyin, initials, phone_tail, grams)
SELECT m.id, m.unit_id, p.name, replace(p.name_pinyin, ' ', ''), p.name_initials, p.phone_tail,
       p.name_grams
FROM members_membership AS m JOIN members_person AS p ON p.id = m.person_id
"""


class Migration(migrations.Migration):

    dependencies = [
        ('members', '0007_transfers_and_files'),
    ]

    operations = [
        migrations.CreateModel(
            name='MemberKey',
            fields=[
                ('membership', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, primary_key=True, related_name='key', serialize=False, to='members.membership')),
                ('name', models.CharField(db_collation='C', max_length=50)),
                ('pinyin', models.CharField(db_collation='C', max_length=200)),
                ('initials', models.CharField(db_collation='C', max_length=50)),
                ('phone_tail', models.CharField(db_collation='C', max_length=4)),
                ('grams', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=2), size=None)),
            ],
        ),
        migrations.AddField(
            model_name='memberkey',
            name='unit',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='members.unionunit'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='membership',
            trigger=pgtrigger.compiler.Trigger(name='key_made', sql=pgtrigger.compiler.UpsertTriggerSql(func="\nINSERT INTO members_memberkey (membership_id, unit_id, name, pinyin, initials, phone_tail, grams)\nSELECT m.id, m.unit_id, p.name, replace(p.name_pinyin, ' ', ''), p.name_initials, p.phone_tail, p.name_grams\nFROM new_rows AS m JOIN members_person AS p ON p.id = m.person_id;\nRETURN NULL;\n", hash='f59cc90e766e01e2b2657cfec21ebdc583dfa385', level='STATEMENT', operation='INSERT', pgid='pgtrigger_key_made_96eaa', referencing='REFERENCING NEW TABLE AS new_rows ', table='members_membership', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='membership',
            trigger=pgtrigger.compiler.Trigger(name='key_moved', sql=pgtrigger.compiler.UpsertTriggerSql(func="\nUPDATE members_memberkey AS k SET (name, pinyin, initials, phone_tail, grams) = ROW (p.name, replace(p.name_pinyin, ' ', ''), p.name_initials, p.phone_tail, p.name_grams), unit_id = m.unit_id\nFROM new_rows AS m\nJOIN old_rows AS was ON was.id = m.id\nJOIN members_person AS p ON p.id = m.person_id\nWHERE k.membership_id = m.id AND (m.unit_id, m.person_id) <> (was.unit_id, was.person_id);\nRETURN NULL;\n", hash='067a3c267e8da4af0d386fba5b4fa5b69252d8be', level='STATEMENT', operation='UPDATE', pgid='pgtrigger_key_moved_56eba', referencing='REFERENCING OLD TABLE AS old_rows  NEW TABLE AS new_rows ', table='members_membership', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='membership',
            trigger=pgtrigger.compiler.Trigger(name='key_removed', sql=pgtrigger.compiler.UpsertTriggerSql(func='\nDELETE FROM members_memberkey WHERE membership_id IN (SELECT id FROM old_rows);\nRETURN NULL;\n', hash='116edd8c419ef5d34033760f5221111e77a96a52', level='STATEMENT', operation='DELETE', pgid='pgtrigger_key_removed_786f5', referencing='REFERENCING OLD TABLE AS old_rows ', table='members_membership', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='person',
            trigger=pgtrigger.compiler.Trigger(name='key_renamed', sql=pgtrigger.compiler.UpsertTriggerSql(func="\nUPDATE members_memberkey AS k SET (name, pinyin, initials, phone_tail, grams) = ROW (p.name, replace(p.name_pinyin, ' ', ''), p.name_initials, p.phone_tail, p.name_grams)\nFROM new_rows AS p\nJOIN old_rows AS was ON was.id = p.id\nJOIN members_membership AS m ON m.person_id = p.id\nWHERE k.membership_id = m.id\n  AND (p.name, p.name_pinyin, p.name_initials, p.phone_tail)\n    <> (was.name, was.name_pinyin, was.name_initials, was.phone_tail);\nRETURN NULL;\n", hash='2b36ac3f46e532f1dbfc3814c917081a9479a140', level='STATEMENT', operation='UPDATE', pgid='pgtrigger_key_renamed_30fc7', referencing='REFERENCING OLD TABLE AS old_rows  NEW TABLE AS new_rows ', table='members_person', when='AFTER')),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name='memberkey',
            index=models.Index(fields=['name', 'membership'], include=('unit',), name='key_by_name'),
        ),
        migrations.AddIndex(
            model_name='memberkey',
            index=models.Index(fields=['pinyin', 'membership'], include=('unit',), name='key_by_pinyin'),
        ),
        migrations.AddIndex(
            model_name='memberkey',
            index=models.Index(fields=['initials', 'membership'], include=('unit',), name='key_by_initials'),
        ),
        migrations.AddIndex(
            model_name='memberkey',
            index=models.Index(fields=['phone_tail', 'membership'], include=('unit',), name='key_by_phone_tail'),
        ),
        migrations.AddIndex(
            model_name='memberkey',
            index=django.contrib.postgres.indexes.GinIndex(fields=['grams'], name='key_by_gram'),
        ),
        migrations.RemoveIndex(
            model_name='person',
            name='person_by_pinyin',
        ),
        migrations.RemoveIndex(
            model_name='person',
            name='person_by_initials',
        ),
        migrations.RemoveIndex(
            model_name='person',
            name='person_by_phone_tail',
        ),
        migrations.RemoveIndex(
            model_name='person',
            name='person_by_gram',
        ),
    ]
