import benefits.models.versions
import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.contrib.postgres.fields.ranges
import django.db.models.deletion
import django.db.models.functions.datetime
import pgtrigger.compiler
import pgtrigger.migrations
import unionportal.core.fields
import unionportal.core.ids
from django.conf import settings
from django.db import migrations, models


# Each programme's terms become its first version, its window its cycle's; each right names both.
COPY = """
INSERT INTO benefits_programmeversion (id, programme_id, number, amount_fen, timing, groups, units,
    areas, standings, needs_card, needs_dues, note, created_by_id)
SELECT gen_random_uuid(), p.id, p.rule_version, p.amount_fen, 'met_inside',
    coalesce((SELECT array_agg(g.workergroup_id ORDER BY g.workergroup_id)
        FROM benefits_programme_groups g WHERE g.programme_id = p.id), '{}'),
    '{}', '{}', '{active}', true, false, '', p.created_by_id
FROM benefits_programme p;
UPDATE benefits_programme p SET version_id = v.id
FROM benefits_programmeversion v WHERE v.programme_id = p.id;
UPDATE benefits_cycle c SET window_from = p.window_from, window_to = p.window_to
FROM benefits_programme p WHERE p.id = c.programme_id;
UPDATE benefits_entitlement e SET version_id = p.version_id
FROM benefits_programme p WHERE p.id = e.programme_id;
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('benefits', '0007_brought_files'),
        ('members', '0023_reason_of_undo'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ProgrammeVersion',
            fields=[
                ('id', models.UUIDField(default=unionportal.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('number', models.PositiveSmallIntegerField()),
                ('amount_fen', unionportal.core.fields.FenField(verbose_name='amount for each')),
                ('timing', models.CharField(choices=[('met_inside', 'The last condition must be met within the window'), ('held_inside', 'All conditions must be met at some time within the window')], default='met_inside', max_length=11)),
                ('groups', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=30), blank=True, default=list, size=None)),
                ('units', django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), blank=True, default=list, size=None)),
                ('areas', django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), blank=True, default=list, size=None)),
                ('standings', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=12), default=benefits.models.versions.active_only, size=None)),
                ('joined_from', models.DateField(blank=True, null=True, verbose_name='joined from')),
                ('joined_to', models.DateField(blank=True, null=True, verbose_name='joined until')),
                ('needs_card', models.BooleanField(default=True, verbose_name='the card must be activated')),
                ('needs_dues', models.BooleanField(default=False, verbose_name='the employer must pay union dues')),
                ('note', models.CharField(blank=True, default='', max_length=200, verbose_name='why it changed')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
            ],
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='entitlement',
            name='entitlement_terms_fixed',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='payoutline',
            name='line_added_to_draft_only',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='programme',
            name='programme_terms_fixed_once_open',
        ),
        migrations.AddField(
            model_name='cycle',
            name='closed_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='cycle',
            name='window_from',
            field=models.DateField(null=True, verbose_name='first day'),
        ),
        migrations.AddField(
            model_name='cycle',
            name='window_to',
            field=models.DateField(null=True, verbose_name='last day'),
        ),
        migrations.AddField(
            model_name='entitlement',
            name='employer',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='entitlements', to='members.employer'),
        ),
        migrations.AddField(
            model_name='entitlement',
            name='results',
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name='programme',
            name='beneficiary',
            field=models.CharField(choices=[('person', 'Members'), ('employer', 'Employers that host a station')], default='person', max_length=8, verbose_name='who gets it'),
        ),
        migrations.AddField(
            model_name='programmeversion',
            name='created_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='programmeversion',
            name='programme',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='benefits.programme'),
        ),
        migrations.AddField(
            model_name='entitlement',
            name='version',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='entitlements', to='benefits.programmeversion'),
        ),
        migrations.AddField(
            model_name='programme',
            name='version',
            field=models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='benefits.programmeversion'),
        ),
        migrations.RunSQL(COPY, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name='cycle',
            name='window_from',
            field=models.DateField(verbose_name='first day'),
        ),
        migrations.AlterField(
            model_name='cycle',
            name='window_to',
            field=models.DateField(verbose_name='last day'),
        ),
        migrations.AlterField(
            model_name='entitlement',
            name='version',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='entitlements', to='benefits.programmeversion'),
        ),
        migrations.AlterField(
            model_name='cycle',
            name='code',
            field=models.CharField(max_length=20, verbose_name='cycle'),
        ),
        migrations.AlterField(
            model_name='entitlement',
            name='membership',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='entitlements', to='members.membership'),
        ),
        migrations.AlterField(
            model_name='entitlement',
            name='person',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='entitlements', to='members.person'),
        ),
        migrations.RemoveConstraint(
            model_name='programme',
            name='programme_amount_positive',
        ),
        migrations.RemoveConstraint(
            model_name='programme',
            name='programme_window_ordered',
        ),
        migrations.RemoveField(
            model_name='entitlement',
            name='rule_version',
        ),
        migrations.RemoveField(
            model_name='programme',
            name='amount_fen',
        ),
        migrations.RemoveField(
            model_name='programme',
            name='groups',
        ),
        migrations.RemoveField(
            model_name='programme',
            name='rule_version',
        ),
        migrations.RemoveField(
            model_name='programme',
            name='window_from',
        ),
        migrations.RemoveField(
            model_name='programme',
            name='window_to',
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='cycle',
            trigger=pgtrigger.compiler.Trigger(name='cycle_fixed_once_open', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."code" IS DISTINCT FROM (NEW."code") OR OLD."programme_id" IS DISTINCT FROM (NEW."programme_id") OR OLD."window_from" IS DISTINCT FROM (NEW."window_from") OR OLD."window_to" IS DISTINCT FROM (NEW."window_to"))', func="\n                    IF (OLD.programme_id, OLD.code, OLD.window_from)\n                        IS DISTINCT FROM (NEW.programme_id, NEW.code, NEW.window_from)\n                        OR NEW.window_to < OLD.window_to THEN\n                        IF (SELECT state FROM benefits_programme WHERE id = OLD.programme_id)\n                            <> 'draft' THEN\n                            RAISE EXCEPTION 'the days of a cycle are fixed once it is open'\n                                USING ERRCODE = 'check_violation';\n                        END IF;\n                    END IF;\n                    RETURN NEW;\n                ", hash='5def3675fe4ab378fd9c302544cacdf429025212', operation='UPDATE', pgid='pgtrigger_cycle_fixed_once_open_214a3', table='benefits_cycle', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='entitlement',
            trigger=pgtrigger.compiler.Trigger(name='entitlement_terms_fixed', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."amount_fen" IS DISTINCT FROM (NEW."amount_fen") OR OLD."cycle_id" IS DISTINCT FROM (NEW."cycle_id") OR OLD."programme_id" IS DISTINCT FROM (NEW."programme_id") OR OLD."qualified_on" IS DISTINCT FROM (NEW."qualified_on") OR OLD."results" IS DISTINCT FROM (NEW."results") OR OLD."version_id" IS DISTINCT FROM (NEW."version_id"))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='a9088fc5044641c39a80cf94e7fc6173e6648459', operation='UPDATE', pgid='pgtrigger_entitlement_terms_fixed_ee14e', table='benefits_entitlement', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='entitlement',
            trigger=pgtrigger.compiler.Trigger(name='entitlement_employer_fixed', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."employer_id" IS DISTINCT FROM (NEW."employer_id"))', constraint='CONSTRAINT', func="\n                    IF NOT EXISTS (\n                        SELECT 1 FROM members_employer\n                        WHERE id = OLD.employer_id AND merged_into_id = NEW.employer_id\n                    ) THEN\n                        RAISE EXCEPTION 'a right follows its employer only when two are merged'\n                            USING ERRCODE = 'check_violation';\n                    END IF;\n                    RETURN NULL;\n                ", hash='1f3d71cf6a00de7bc568c8c83255100951a3c45f', operation='UPDATE', pgid='pgtrigger_entitlement_employer_fixed_ebce6', table='benefits_entitlement', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='payoutline',
            trigger=pgtrigger.compiler.Trigger(name='line_added_to_draft_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n                    IF NEW.state <> 'planned' OR (\n                        SELECT state FROM benefits_payoutbatch WHERE id = NEW.batch_id FOR SHARE\n                    ) <> 'draft' THEN\n                        RAISE EXCEPTION 'lines are added to a draft only'\n                            USING ERRCODE = 'check_violation';\n                    END IF;\n                    IF NEW.attempt <> 1 + (\n                        SELECT count(*) FROM benefits_payoutline l\n                        JOIN benefits_entitlement e ON e.id = l.entitlement_id\n                        JOIN benefits_entitlement mine ON mine.id = NEW.entitlement_id\n                        WHERE e.cycle_id = mine.cycle_id AND (e.person_id, e.employer_id)\n                            IS NOT DISTINCT FROM (mine.person_id, mine.employer_id)\n                          AND l.state IN ('failed', 'returned')\n                    ) THEN\n                        RAISE EXCEPTION 'attempt % does not follow the failed ones', NEW.attempt\n                            USING ERRCODE = 'check_violation';\n                    END IF;\n                    RETURN NEW;\n                ", hash='9930ba4e24ce15cdf6a891f5ff0fd2014d4e664c', operation='INSERT', pgid='pgtrigger_line_added_to_draft_only_c85b9', table='benefits_payoutline', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='programme',
            trigger=pgtrigger.compiler.Trigger(name='programme_fixed_once_open', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."state" IN (\'open\', \'closed\') AND (OLD."code" IS DISTINCT FROM (NEW."code") OR OLD."beneficiary" IS DISTINCT FROM (NEW."beneficiary")))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='3ed878fed37a3750fb16a9e6977d28c9b1f5878c', operation='UPDATE', pgid='pgtrigger_programme_fixed_once_open_4c08a', table='benefits_programme', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='programmeversion',
            trigger=pgtrigger.compiler.Trigger(name='version_append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='c853120bfc1e618983a04c03a7cc9c8ed02f9027', operation='UPDATE OR DELETE', pgid='pgtrigger_version_append_only_e08b0', table='benefits_programmeversion', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='programmeversion',
            trigger=pgtrigger.compiler.Trigger(name='version_no_truncate', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'this table is append-only';", hash='59bc4ad70134a7c9189d0cb87d5f0a88b7c139be', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_version_no_truncate_a9297', table='benefits_programmeversion', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='cycle',
            constraint=models.CheckConstraint(condition=models.Q(('window_to__gte', models.F('window_from'))), name='cycle_window_ordered'),
        ),
        migrations.AddConstraint(
            model_name='cycle',
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(expressions=[('programme', '='), (models.Func(models.F('window_from'), models.F('window_to'), models.Value('[]', output_field=models.CharField()), function='daterange', output_field=django.contrib.postgres.fields.ranges.DateRangeField()), '&&')], name='cycle_one_a_day', violation_error_message='Another cycle of the programme has these days.'),
        ),
        migrations.AddConstraint(
            model_name='entitlement',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ['void', 'overpaid']), _negated=True), fields=('programme', 'cycle', 'employer'), name='entitlement_once_per_employer', violation_error_message='This employer is entitled already.'),
        ),
        migrations.AddConstraint(
            model_name='entitlement',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('employer__isnull', True), ('membership__isnull', False), ('person__isnull', False)), models.Q(('employer__isnull', False), ('membership__isnull', True), ('person__isnull', True)), _connector='OR'), name='entitlement_of_person_or_employer'),
        ),
        migrations.AddConstraint(
            model_name='programmeversion',
            constraint=models.UniqueConstraint(fields=('programme', 'number'), name='version_number_once'),
        ),
        migrations.AddConstraint(
            model_name='programmeversion',
            constraint=models.CheckConstraint(condition=models.Q(('amount_fen__gt', 0)), name='version_amount_positive'),
        ),
        migrations.AddConstraint(
            model_name='programmeversion',
            constraint=models.CheckConstraint(condition=models.Q(('joined_to__gte', models.F('joined_from'))), name='version_joined_ordered'),
        ),
        migrations.AddConstraint(
            model_name='programmeversion',
            constraint=models.CheckConstraint(condition=models.Q(('standings__contained_by', ['active', 'retained']), ('standings__len__gt', 0)), name='version_standings_open'),
        ),
    ]
