"""Employers' headcounts, links and past areas; industries; successors of areas."""

import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.db.models.deletion
import django.db.models.functions.datetime
import unionportal.core.ids
from django.db import migrations, models

from members import reference

# What was deferred is checked now, so that the tables may be altered.
SETTLE = "SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED"
WITHOUT_INDUSTRY = "UPDATE members_employer SET industry = NULL WHERE industry = ''"
HEADCOUNTS = """
INSERT INTO members_employerheadcount
       (id, employer_id, started_on, employees, source, note)
SELECT gen_random_uuid(), id, headcount_on, headcount, 'other', headcount_source
  FROM members_employer WHERE headcount IS NOT NULL;
UPDATE members_employer SET headcount_source = 'other' WHERE headcount IS NOT NULL;
"""
UNION_STATES = """
UPDATE members_employer SET union_elsewhere = '未登记' WHERE union_state = 'unionised_elsewhere';
UPDATE members_employer one SET is_preparing_union = true
 WHERE union_state = 'preparing' AND NOT EXISTS (
       SELECT FROM members_employercoverage held
        WHERE held.employer_id = one.id AND held.ended_on IS NULL);
"""


def write_industries(apps, schema_editor):
    reference.load_industries(apps)
    schema_editor.execute(SETTLE)


class Migration(migrations.Migration):

    dependencies = [
        ('members', '0010_duplicates'),
    ]

    operations = [
        migrations.CreateModel(
            name='AreaSuccession',
            fields=[
                ('id', models.UUIDField(default=unionportal.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
            ],
        ),
        migrations.CreateModel(
            name='EmployerHeadcount',
            fields=[
                ('id', models.UUIDField(default=unionportal.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('started_on', models.DateField(verbose_name='counted on')),
                ('ended_on', models.DateField(blank=True, null=True)),
                ('employees', models.PositiveIntegerField(verbose_name='employees')),
                ('women', models.PositiveIntegerField(blank=True, null=True, verbose_name='women')),
                ('migrants', models.PositiveIntegerField(blank=True, null=True, verbose_name='migrant workers')),
                ('source', models.CharField(choices=[('self_reported', 'Reported by the employer'), ('visit', 'Counted on a visit'), ('tax', 'Tax office'), ('social_insurance', 'Social insurance'), ('register', 'Business register'), ('other', 'Another source')], max_length=20, verbose_name='source')),
                ('note', models.CharField(blank=True, default='', max_length=80, verbose_name='note')),
            ],
        ),
        migrations.CreateModel(
            name='EmployerLink',
            fields=[
                ('id', models.UUIDField(default=unionportal.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('hosted', 'Registered under its name'), ('contractor', 'Contractor of the platform')], max_length=12, verbose_name='kind')),
                ('vehicle_plate', models.CharField(blank=True, default='', max_length=10, verbose_name='plate')),
                ('started_on', models.DateField()),
                ('ended_on', models.DateField(blank=True, null=True)),
                ('note', models.CharField(blank=True, default='', max_length=200, verbose_name='note')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
            ],
        ),
        migrations.CreateModel(
            name='EmployerPastArea',
            fields=[
                ('id', models.UUIDField(default=unionportal.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('started_on', models.DateField(blank=True, null=True)),
                ('ended_on', models.DateField()),
            ],
        ),
        migrations.CreateModel(
            name='Industry',
            fields=[
                ('name_zh', models.CharField(max_length=80, verbose_name='Chinese name')),
                ('name_en', models.CharField(blank=True, default='', max_length=80, verbose_name='English name')),
                ('code', models.CharField(max_length=2, primary_key=True, serialize=False)),
                ('order', models.PositiveSmallIntegerField()),
            ],
            options={
                'ordering': ['order'],
            },
        ),
        migrations.RemoveField(
            model_name='area',
            name='successor',
        ),
        migrations.AddField(
            model_name='employer',
            name='is_preparing_union',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='employer',
            name='merged_into',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='doubles', to='members.employer'),
        ),
        migrations.AddField(
            model_name='employer',
            name='union_elsewhere',
            field=models.CharField(blank=True, default='', max_length=120),
        ),
        migrations.AlterField(
            model_name='area',
            name='code',
            field=models.CharField(blank=True, max_length=12, null=True),
        ),
        migrations.AlterField(
            model_name='employer',
            name='ownership',
            field=models.CharField(choices=[('state', 'State-owned'), ('collective', 'Collective'), ('joint_stock', 'Joint-stock'), ('private', 'Private'), ('hmt', 'Invested from Hong Kong, Macao or Taiwan'), ('foreign', 'Foreign-invested'), ('institution', 'Public institution'), ('government', 'Government office'), ('individual', 'Individual business'), ('nonprofit', 'Private non-enterprise unit'), ('other', 'Other')], default='private', max_length=12),
        ),
        migrations.AddIndex(
            model_name='area',
            index=models.Index(fields=['code'], name='area_by_code'),
        ),
        migrations.AddConstraint(
            model_name='area',
            constraint=models.UniqueConstraint(condition=models.Q(('valid_to__isnull', True)), fields=('code',), name='area_code_once_in_force', violation_error_message='Another area has this code.'),
        ),
        migrations.AddField(
            model_name='areasuccession',
            name='predecessor',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='successions', to='members.area'),
        ),
        migrations.AddField(
            model_name='areasuccession',
            name='successor',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='precessions', to='members.area'),
        ),
        migrations.AddField(
            model_name='employerheadcount',
            name='employer',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='headcounts', to='members.employer'),
        ),
        migrations.AddField(
            model_name='employerlink',
            name='affiliate',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='hosts', to='members.employer'),
        ),
        migrations.AddField(
            model_name='employerlink',
            name='host',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='guests', to='members.employer'),
        ),
        migrations.AddField(
            model_name='employerlink',
            name='membership',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='hosts', to='members.membership'),
        ),
        migrations.AddField(
            model_name='employerpastarea',
            name='area',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='members.area'),
        ),
        migrations.AddField(
            model_name='employerpastarea',
            name='employer',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='past_areas', to='members.employer'),
        ),
        migrations.AddField(
            model_name='industry',
            name='section',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='divisions', to='members.industry'),
        ),
        migrations.RunPython(write_industries, migrations.RunPython.noop),
        migrations.AlterField(
            model_name='employer',
            name='industry',
            field=models.CharField(max_length=2, null=True),
        ),
        migrations.RunSQL(WITHOUT_INDUSTRY, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name='employer',
            name='industry',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='members.industry'),
        ),
        migrations.RunSQL(HEADCOUNTS, migrations.RunSQL.noop),
        migrations.RunSQL(UNION_STATES, migrations.RunSQL.noop),
        migrations.RunSQL(SETTLE, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name='employer',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('union_state', 'unionised_elsewhere'), _negated=True), models.Q(('union_elsewhere', ''), _negated=True), _connector='OR'), name='employer_elsewhere_says_where'),
        ),
        migrations.AddConstraint(
            model_name='employer',
            constraint=models.CheckConstraint(condition=models.Q(('merged_into__isnull', True), models.Q(('credit_code__isnull', True), ('is_operating', False)), _connector='OR'), name='employer_double_is_closed'),
        ),
        migrations.AddConstraint(
            model_name='areasuccession',
            constraint=models.UniqueConstraint(fields=('predecessor', 'successor'), name='succession_once'),
        ),
        migrations.AddConstraint(
            model_name='areasuccession',
            constraint=models.CheckConstraint(condition=models.Q(('predecessor', models.F('successor')), _negated=True), name='succession_not_to_itself'),
        ),
        migrations.AddConstraint(
            model_name='employerheadcount',
            constraint=models.CheckConstraint(condition=models.Q(('ended_on__isnull', True), ('ended_on__gt', models.F('started_on')), _connector='OR'), name='headcount_dates_ordered'),
        ),
        migrations.AddConstraint(
            model_name='employerheadcount',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('women__isnull', True), ('women__lte', models.F('employees')), _connector='OR'), models.Q(('migrants__isnull', True), ('migrants__lte', models.F('employees')), _connector='OR')), name='headcount_parts_fit'),
        ),
        migrations.AddConstraint(
            model_name='employerheadcount',
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(expressions=[('employer', '='), (models.Func(models.F('started_on'), models.F('ended_on'), models.Value('[)', output_field=models.CharField()), function='daterange', output_field=django.contrib.postgres.fields.ranges.DateRangeField()), '&&')], name='headcount_one_a_day'),
        ),
        migrations.AddConstraint(
            model_name='employerlink',
            constraint=models.CheckConstraint(condition=models.Q(('ended_on__isnull', True), ('ended_on__gt', models.F('started_on')), _connector='OR'), name='link_dates_ordered'),
        ),
        migrations.AddConstraint(
            model_name='employerlink',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('affiliate__isnull', False), ('membership__isnull', True), ('vehicle_plate', '')), models.Q(('affiliate__isnull', True), ('kind', 'hosted'), ('membership__isnull', False)), models.Q(('affiliate__isnull', True), ('kind', 'hosted'), ('membership__isnull', True), models.Q(('vehicle_plate', ''), _negated=True)), _connector='OR'), name='link_has_another_side'),
        ),
        migrations.AddConstraint(
            model_name='employerlink',
            constraint=models.CheckConstraint(condition=models.Q(('affiliate', models.F('host')), _negated=True), name='link_not_to_itself'),
        ),
        migrations.AddConstraint(
            model_name='employerlink',
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(condition=models.Q(('affiliate__isnull', False)), expressions=[('kind', '='), ('host', '='), ('affiliate', '='), (models.Func(models.F('started_on'), models.F('ended_on'), models.Value('[)', output_field=models.CharField()), function='daterange', output_field=django.contrib.postgres.fields.ranges.DateRangeField()), '&&')], name='link_firm_once'),
        ),
        migrations.AddConstraint(
            model_name='employerlink',
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(condition=models.Q(('vehicle_plate', ''), _negated=True), expressions=[('vehicle_plate', '='), (models.Func(models.F('started_on'), models.F('ended_on'), models.Value('[)', output_field=models.CharField()), function='daterange', output_field=django.contrib.postgres.fields.ranges.DateRangeField()), '&&')], name='link_vehicle_one_host'),
        ),
        migrations.AddConstraint(
            model_name='employerlink',
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(condition=models.Q(('membership__isnull', False)), expressions=[('host', '='), ('membership', '='), ('vehicle_plate', '='), (models.Func(models.F('started_on'), models.F('ended_on'), models.Value('[)', output_field=models.CharField()), function='daterange', output_field=django.contrib.postgres.fields.ranges.DateRangeField()), '&&')], name='link_driver_once'),
        ),
        migrations.AddConstraint(
            model_name='employerpastarea',
            constraint=models.CheckConstraint(condition=models.Q(('started_on__isnull', True), ('ended_on__gt', models.F('started_on')), _connector='OR'), name='past_area_dates_ordered'),
        ),
        migrations.AddConstraint(
            model_name='employerpastarea',
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(expressions=[('employer', '='), (models.Func(models.F('started_on'), models.F('ended_on'), models.Value('[)', output_field=models.CharField()), function='daterange', output_field=django.contrib.postgres.fields.ranges.DateRangeField()), '&&')], name='past_area_one_a_day'),
        ),
    ]
