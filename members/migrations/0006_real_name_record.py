"""The real-name record: code lists, optional fields, status history, vehicles, notices, requests."""

import datetime as dt

import django.db.models.deletion
import django.db.models.functions.datetime
import pgtrigger.compiler
import pgtrigger.migrations
import unionportal.core.fields
import unionportal.core.ids
from django.conf import settings
from django.db import migrations, models

from members import reference


NOTICES = [
    (
        "membership",
        False,
        "工会为办理入会、会籍管理和会员服务，收集您的姓名、证件号码、手机号、工作单位和职业类别；"
        "民族、政治面貌、学历、住址等项目自愿填写。不提供必填项目无法办理入会。资料由区总工会保存，"
        "会籍结束后按保存期限删除或去标识化。您可以随时查询、复制、更正，也可以撤回同意；"
        "撤回后工会停止使用您的资料，会籍随之办理终止。",
        "For admission, membership and member services the union keeps your name, document number, "
        "phone, employer and occupation group. Ethnicity, political affiliation, education and "
        "address are voluntary. Without the required items you cannot join. The district union "
        "stores the data and deletes or anonymises it when its term after your membership ends. "
        "You may look, take a copy, correct, and withdraw your consent at any time; the union "
        "then stops using your data and your membership is ended.",
        "",
        "",
    ),
    (
        "card",
        True,
        "为制作会员服务卡，工会把您的姓名、证件号码和手机号提供给合作银行。属于敏感个人信息，需要您"
        "单独同意；不同意不影响会员资格，只是不能办理会员卡和依赖会员卡的补贴。",
        "To make the member card the union gives your name, document number and phone to the "
        "partner bank. This is sensitive data and needs a consent of its own. Without it you stay "
        "a member but get no card and no subsidy that needs the card.",
        "会员卡合作银行",
        "The bank that makes the member card",
    ),
    (
        "payout",
        True,
        "为发放补贴，工会保存您的银行账户，并在发放时提供给代发银行。银行账户属于敏感个人信息，需要您"
        "单独同意；不同意不影响会员资格，只是不能发放现金补贴。",
        "To pay subsidies the union keeps your bank account and gives it to the paying bank. A bank "
        "account is sensitive data and needs a consent of its own. Without it you stay a member "
        "but no cash can be paid.",
        "代发银行",
        "The bank that pays out",
    ),
]


def write_code_lists(apps, schema_editor):
    for name in reference.FILES:
        reference.load(apps, name)


def write_notices(apps, schema_editor):
    notice = apps.get_model("members", "ConsentNotice")
    for purpose, is_sensitive, chinese, english, recipient_zh, recipient_en in NOTICES:
        notice.objects.create(
            purpose=purpose,
            version="1",
            is_sensitive=is_sensitive,
            text_zh=chinese,
            text_en=english,
            recipient_zh=recipient_zh,
            recipient_en=recipient_en,
            valid_from=dt.date(2020, 1, 1),
        )


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0003_discarded_messages'),
        ('members', '0005_counting_indexes'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ConsentNotice',
            fields=[
                ('id', models.UUIDField(default=unionportal.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('purpose', models.CharField(choices=[('membership', 'Membership'), ('card', 'Member card made by the bank'), ('payout', 'Bank account for payouts')], max_length=12)),
                ('version', models.CharField(max_length=10)),
                ('is_sensitive', models.BooleanField(default=False)),
                ('text_zh', models.TextField()),
                ('text_en', models.TextField()),
                ('recipient_zh', models.CharField(blank=True, default='', max_length=120)),
                ('recipient_en', models.CharField(blank=True, default='', max_length=120)),
                ('valid_from', models.DateField()),
            ],
        ),
        migrations.CreateModel(
            name='DataRequest',
            fields=[
                ('id', models.UUIDField(default=unionportal.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('copy', 'A copy of my data'), ('correct', 'Correct something'), ('delete', 'Delete my data')], max_length=10)),
                ('subject', models.CharField(blank=True, choices=[('name', 'Name'), ('id_number', 'ID number'), ('phone', 'Phone'), ('other', 'Something else')], default='', max_length=10)),
                ('state', models.CharField(choices=[('open', 'Open'), ('done', 'Done'), ('refused', 'Refused'), ('withdrawn', 'Taken back')], default='open', max_length=10)),
                ('text', unionportal.core.fields.EncryptedTextField(blank=True, default='')),
                ('filed_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('due_on', models.DateField()),
                ('answer', models.CharField(blank=True, default='', max_length=300)),
                ('closed_at', models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='Education',
            fields=[
                ('name_zh', models.CharField(max_length=80, verbose_name='Chinese name')),
                ('name_en', models.CharField(blank=True, default='', max_length=80, verbose_name='English name')),
                ('code', models.CharField(max_length=2, primary_key=True, serialize=False)),
                ('is_level', models.BooleanField(default=False)),
            ],
            options={
                'ordering': ['code'],
            },
        ),
        migrations.CreateModel(
            name='Ethnicity',
            fields=[
                ('name_zh', models.CharField(max_length=80, verbose_name='Chinese name')),
                ('name_en', models.CharField(blank=True, default='', max_length=80, verbose_name='English name')),
                ('code', models.CharField(max_length=2, primary_key=True, serialize=False)),
                ('letters', models.CharField(blank=True, default='', max_length=2)),
            ],
            options={
                'ordering': ['code'],
            },
        ),
        migrations.CreateModel(
            name='MemberVehicle',
            fields=[
                ('id', models.UUIDField(default=unionportal.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('plate', models.CharField(max_length=10)),
                ('started_on', models.DateField()),
                ('ended_on', models.DateField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='PoliticalAffiliation',
            fields=[
                ('name_zh', models.CharField(max_length=80, verbose_name='Chinese name')),
                ('name_en', models.CharField(blank=True, default='', max_length=80, verbose_name='English name')),
                ('code', models.CharField(max_length=2, primary_key=True, serialize=False)),
            ],
            options={
                'ordering': ['code'],
            },
        ),
        migrations.CreateModel(
            name='StatusChange',
            fields=[
                ('id', models.UUIDField(default=unionportal.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('verb', models.CharField(max_length=20)),
                ('from_state', models.CharField(choices=[('active', 'Active'), ('retained', 'Retained'), ('resigned', 'Resigned'), ('expelled', 'Expelled'), ('moved_away', 'Moved away'), ('deceased', 'Deceased'), ('annulled', 'Annulled')], max_length=12)),
                ('to_state', models.CharField(choices=[('active', 'Active'), ('retained', 'Retained'), ('resigned', 'Resigned'), ('expelled', 'Expelled'), ('moved_away', 'Moved away'), ('deceased', 'Deceased'), ('annulled', 'Annulled')], max_length=12)),
                ('day', models.DateField()),
                ('reason_code', models.CharField(blank=True, choices=[('retirement', 'Retirement'), ('unemployment', 'Out of work'), ('army', 'Military service'), ('employer_closed', 'Employer closed')], default='', max_length=20)),
                ('reason', models.CharField(blank=True, default='', max_length=200)),
                ('recorded_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
            ],
        ),
        migrations.AddField(
            model_name='membership',
            name='employment_form',
            field=models.CharField(blank=True, choices=[('regular', 'Labour contract'), ('dispatch', 'Sent by an agency'), ('part_time', 'Part-time'), ('flexible', 'Flexible work'), ('platform', 'Platform work'), ('other', 'Other')], db_default='', default='', max_length=12, verbose_name='form of employment'),
        ),
        migrations.AddField(
            model_name='membership',
            name='employment_status',
            field=models.CharField(blank=True, choices=[('employed', 'In work'), ('leave', 'On long leave'), ('unemployed', 'Out of work'), ('retired', 'Retired'), ('army', 'In the army')], db_default='', default='', max_length=12, verbose_name='employment'),
        ),
        migrations.AddField(
            model_name='membership',
            name='occupation',
            field=models.CharField(blank=True, db_default='', default='', max_length=40, verbose_name='occupation'),
        ),
        migrations.AddField(
            model_name='person',
            name='anonymised_at',
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name='person',
            name='household_type',
            field=models.CharField(blank=True, choices=[('rural', 'Rural household'), ('urban', 'Urban household'), ('resident', 'Resident household (not divided)')], db_default='', default='', max_length=12, verbose_name='household'),
        ),
        migrations.AddField(
            model_name='person',
            name='id_expires_on',
            field=models.DateField(blank=True, null=True, verbose_name='valid until'),
        ),
        migrations.AddField(
            model_name='person',
            name='is_migrant_worker',
            field=models.BooleanField(blank=True, null=True, verbose_name='migrant worker'),
        ),
        migrations.AddField(
            model_name='person',
            name='residence_division',
            field=models.CharField(blank=True, db_default='', default='', max_length=12, verbose_name='division of residence'),
        ),
        migrations.AddField(
            model_name='person',
            name='residence_text',
            field=unionportal.core.fields.EncryptedTextField(blank=True, max_length=120, null=True, verbose_name='address'),
        ),
        migrations.AddField(
            model_name='person',
            name='skill_level',
            field=models.PositiveSmallIntegerField(blank=True, choices=[(1, 'Grade 1: senior technician'), (2, 'Grade 2: technician'), (3, 'Grade 3: senior worker'), (4, 'Grade 4: middle worker'), (5, 'Grade 5: junior worker')], null=True, verbose_name='skill grade'),
        ),
        migrations.AddField(
            model_name='person',
            name='stopped_at',
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name='person',
            name='stopped_reason',
            field=models.CharField(blank=True, choices=[('withdrawn', 'Consent to membership withdrawn')], db_default='', default='', max_length=20),
        ),
        migrations.AlterField(
            model_name='consent',
            name='purpose',
            field=models.CharField(choices=[('membership', 'Membership'), ('card', 'Member card made by the bank'), ('payout', 'Bank account for payouts')], max_length=12),
        ),
        migrations.AddConstraint(
            model_name='consent',
            constraint=models.CheckConstraint(condition=models.Q(('withdrawn_at__isnull', True), ('withdrawn_at__gte', models.F('given_at')), _connector='OR'), name='consent_ends_after_begin'),
        ),
        migrations.AddConstraint(
            model_name='membership',
            constraint=models.CheckConstraint(condition=models.Q(('employment_form__in', ['', 'regular', 'dispatch', 'part_time', 'flexible', 'platform', 'other']), ('employment_status__in', ['', 'employed', 'leave', 'unemployed', 'retired', 'army'])), name='membership_employment_known_code'),
        ),
        migrations.AddConstraint(
            model_name='consentnotice',
            constraint=models.UniqueConstraint(fields=('purpose', 'version'), name='notice_version_once'),
        ),
        migrations.AddConstraint(
            model_name='consentnotice',
            constraint=models.UniqueConstraint(fields=('purpose', 'valid_from'), name='notice_one_a_day'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='consentnotice',
            trigger=pgtrigger.compiler.Trigger(name='notice_append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='0968907a2b6ae0593b4e139b95ce8f780400ab65', operation='UPDATE OR DELETE', pgid='pgtrigger_notice_append_only_7489c', table='members_consentnotice', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='consentnotice',
            trigger=pgtrigger.compiler.Trigger(name='notice_no_truncate', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'this table is append-only';", hash='949466a2fd8716260933ee33600be728687bd242', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_notice_no_truncate_a2aba', table='members_consentnotice', when='BEFORE')),
        ),
        migrations.AddField(
            model_name='datarequest',
            name='closed_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='datarequest',
            name='evidence',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.attachment'),
        ),
        migrations.AddField(
            model_name='datarequest',
            name='person',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='data_requests', to='members.person'),
        ),
        migrations.AddField(
            model_name='person',
            name='education',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='members.education', verbose_name='education'),
        ),
        migrations.AddField(
            model_name='person',
            name='ethnicity',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='members.ethnicity', verbose_name='ethnicity'),
        ),
        migrations.AddField(
            model_name='membervehicle',
            name='membership',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='vehicles', to='members.membership'),
        ),
        migrations.AddField(
            model_name='person',
            name='political_affiliation',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='members.politicalaffiliation', verbose_name='political affiliation'),
        ),
        migrations.AddConstraint(
            model_name='person',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('id_type', 'citizen'), _negated=True), models.Q(('birth_date__isnull', False), ('sex__in', [1, 2])), ('anonymised_at__isnull', False), _connector='OR'), name='person_citizen_is_born'),
        ),
        migrations.AddConstraint(
            model_name='person',
            constraint=models.CheckConstraint(condition=models.Q(('household_type__in', ['', 'rural', 'urban', 'resident'])), name='person_household_known_code'),
        ),
        migrations.AddConstraint(
            model_name='person',
            constraint=models.CheckConstraint(condition=models.Q(('skill_level__isnull', True), ('skill_level__range', (1, 5)), _connector='OR'), name='person_skill_known_grade'),
        ),
        migrations.AddConstraint(
            model_name='person',
            constraint=models.CheckConstraint(condition=models.Q(('residence_division', ''), ('residence_division__regex', '^[0-9]{6}([0-9]{3}([0-9]{3})?)?$'), _connector='OR'), name='person_residence_is_a_code'),
        ),
        migrations.AddConstraint(
            model_name='person',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('stopped_at__isnull', True), ('stopped_reason', '')), models.Q(('stopped_at__isnull', False), models.Q(('stopped_reason', ''), _negated=True)), _connector='OR'), name='person_stopped_says_why'),
        ),
        migrations.AddConstraint(
            model_name='person',
            constraint=models.CheckConstraint(condition=models.Q(('anonymised_at__isnull', True), models.Q(('birth_date__isnull', True), ('id_masked', ''), ('name', ''), ('phone_state', 'none'), ('residence_text__isnull', True)), _connector='OR'), name='person_anonymised_is_empty'),
        ),
        migrations.AddField(
            model_name='statuschange',
            name='evidence',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.attachment'),
        ),
        migrations.AddField(
            model_name='statuschange',
            name='membership',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='status_changes', to='members.membership'),
        ),
        migrations.AddField(
            model_name='statuschange',
            name='recorded_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddIndex(
            model_name='datarequest',
            index=models.Index(fields=['state', 'due_on', 'id'], name='request_by_deadline'),
        ),
        migrations.AddConstraint(
            model_name='datarequest',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'open')), fields=('person', 'kind', 'subject'), name='request_one_open_of_a_kind'),
        ),
        migrations.AddConstraint(
            model_name='datarequest',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'correct'), models.Q(('subject', ''), _negated=True)), models.Q(models.Q(('kind', 'correct'), _negated=True), ('subject', '')), _connector='OR'), name='request_correction_says_what'),
        ),
        migrations.AddConstraint(
            model_name='datarequest',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('closed_at__isnull', True), ('closed_by__isnull', True), ('state', 'open')), models.Q(models.Q(('state', 'open'), _negated=True), ('closed_at__gte', models.F('filed_at'))), _connector='OR'), name='request_closed_is_timed'),
        ),
        migrations.AddConstraint(
            model_name='datarequest',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'refused'), _negated=True), models.Q(('answer', ''), _negated=True), _connector='OR'), name='request_refused_says_why'),
        ),
        migrations.AddConstraint(
            model_name='membervehicle',
            constraint=models.CheckConstraint(condition=models.Q(('plate', ''), _negated=True), name='vehicle_has_plate'),
        ),
        migrations.AddConstraint(
            model_name='membervehicle',
            constraint=models.CheckConstraint(condition=models.Q(('ended_on__isnull', True), ('ended_on__gte', models.F('started_on')), _connector='OR'), name='vehicle_dates_ordered'),
        ),
        migrations.AddConstraint(
            model_name='membervehicle',
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(expressions=[('membership', '='), ('plate', '='), (models.Func(models.F('started_on'), models.F('ended_on'), models.Value('[)', output_field=models.CharField()), function='daterange', output_field=django.contrib.postgres.fields.ranges.DateRangeField()), '&&')], name='vehicle_once_a_day'),
        ),
        migrations.AddIndex(
            model_name='statuschange',
            index=models.Index(fields=['membership', '-day', '-id'], name='change_by_membership'),
        ),
        migrations.AddConstraint(
            model_name='statuschange',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('to_state', 'retained'), models.Q(('reason_code', ''), _negated=True)), models.Q(models.Q(('to_state', 'retained'), _negated=True), ('reason_code', '')), _connector='OR'), name='change_retained_says_why'),
        ),
        migrations.AddConstraint(
            model_name='statuschange',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('to_state', 'expelled'), _negated=True), ('evidence__isnull', False), _connector='OR'), name='change_expelled_has_paper'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='statuschange',
            trigger=pgtrigger.compiler.Trigger(name='change_append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='fa4bdcc76047e9fa9a3dbefa87274063cd14ce55', operation='UPDATE OR DELETE', pgid='pgtrigger_change_append_only_ab626', table='members_statuschange', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='statuschange',
            trigger=pgtrigger.compiler.Trigger(name='change_no_truncate', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'this table is append-only';", hash='43414ecdf05aebeef14151d114d370b1eaa8753f', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_change_no_truncate_667f9', table='members_statuschange', when='BEFORE')),
        ),
        migrations.RunPython(write_code_lists, migrations.RunPython.noop),
        migrations.RunPython(write_notices, migrations.RunPython.noop),
        # A pair of columns: Django knows no foreign key over two.
        migrations.RunSQL(
            "ALTER TABLE members_consent ADD CONSTRAINT consent_has_notice "
            "FOREIGN KEY (purpose, version) REFERENCES members_consentnotice (purpose, version)",
            "ALTER TABLE members_consent DROP CONSTRAINT consent_has_notice",
        ),
        migrations.RunSQL(
            "INSERT INTO members_membervehicle (id, membership_id, plate, started_on, ended_on) "
            "SELECT gen_random_uuid(), id, vehicle_plate, joined_on, ended_on "
            "FROM members_membership WHERE vehicle_plate <> ''",
            migrations.RunSQL.noop,
        ),
    ]
