import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from ferry.models.ledgers import lay_audit, lift_audit


SCOPES = 'read fleet:write trips:write cases:write'


def keep_scopes(apps, schema_editor):
    """Let keys of companies do what they could do before."""
    apps.get_model('ferry', 'ApiKey').objects.filter(kind='company').update(scopes=SCOPES)


class Migration(migrations.Migration):

    dependencies = [
        ("ferry", "0004_hooks_and_notices"),
    ]

    operations = [
        migrations.CreateModel(
            name='AuditEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('kind', models.CharField(choices=[('signed_in', 'Signed in'), ('approved', 'Company approved'), ('profile_changed', 'Company profile changed'), ('second_factor_on', 'Second factor demanded'), ('second_factor_off', 'Second factor no longer demanded'), ('invited', 'Invited'), ('invitation_revoked', 'Invitation revoked'), ('joined', 'Joined'), ('role_changed', 'Role changed'), ('removed', 'Member removed'), ('key_made', 'Key made'), ('key_revoked', 'Key revoked'), ('imported', 'Imported')], max_length=20, verbose_name='kind')),
                ('by', models.CharField(max_length=200)),
                ('about', models.CharField(blank=True, max_length=300)),
            ],
            options={
                'verbose_name': 'audit entry',
                'verbose_name_plural': 'audit entries',
            },
        ),
        migrations.CreateModel(
            name='Invitation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('email', models.EmailField(max_length=254, verbose_name='e-mail')),
                ('role', models.CharField(choices=[('owner', 'Owner'), ('dispatcher', 'Dispatcher'), ('viewer', 'Viewer')], max_length=12, verbose_name='role')),
                ('digest', models.CharField(editable=False, max_length=64, unique=True)),
                ('invited_by', models.CharField(max_length=200)),
                ('sent_at', models.DateTimeField(verbose_name='sent')),
                ('expires_at', models.DateTimeField(verbose_name='expires')),
                ('revoked_at', models.DateTimeField(blank=True, null=True, verbose_name='revoked')),
                ('accepted_at', models.DateTimeField(blank=True, null=True, verbose_name='accepted')),
            ],
            options={
                'verbose_name': 'invitation',
                'verbose_name_plural': 'invitations',
            },
        ),
        migrations.AddField(
            model_name='apikey',
            name='expires_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='expires'),
        ),
        migrations.AddField(
            model_name='apikey',
            name='scopes',
            field=models.CharField(blank=True, max_length=200, verbose_name='scopes'),
        ),
        migrations.AddField(
            model_name='company',
            name='consignee_name',
            field=models.CharField(blank=True, max_length=200, verbose_name='consignee'),
        ),
        migrations.AddField(
            model_name='company',
            name='consignee_phone',
            field=models.CharField(blank=True, max_length=40, verbose_name="consignee's phone"),
        ),
        migrations.AddField(
            model_name='company',
            name='declined_because',
            field=models.CharField(blank=True, max_length=300, verbose_name='reason'),
        ),
        migrations.AddField(
            model_name='company',
            name='delivery_place',
            field=models.CharField(blank=True, max_length=200, verbose_name='place of delivery'),
        ),
        migrations.AddField(
            model_name='company',
            name='language',
            field=models.CharField(default='en', max_length=8),
        ),
        migrations.AddField(
            model_name='company',
            name='needs_second_factor',
            field=models.BooleanField(default=False, verbose_name='members need a second factor'),
        ),
        migrations.AddField(
            model_name='company',
            name='state',
            field=models.CharField(choices=[('waiting', 'Waiting for approval'), ('active', 'Approved'), ('declined', 'Declined')], default='active', max_length=10, verbose_name='state'),
        ),
        migrations.AddField(
            model_name='historicalcompany',
            name='consignee_name',
            field=models.CharField(blank=True, max_length=200, verbose_name='consignee'),
        ),
        migrations.AddField(
            model_name='historicalcompany',
            name='consignee_phone',
            field=models.CharField(blank=True, max_length=40, verbose_name="consignee's phone"),
        ),
        migrations.AddField(
            model_name='historicalcompany',
            name='declined_because',
            field=models.CharField(blank=True, max_length=300, verbose_name='reason'),
        ),
        migrations.AddField(
            model_name='historicalcompany',
            name='delivery_place',
            field=models.CharField(blank=True, max_length=200, verbose_name='place of delivery'),
        ),
        migrations.AddField(
            model_name='historicalcompany',
            name='language',
            field=models.CharField(default='en', max_length=8),
        ),
        migrations.AddField(
            model_name='historicalcompany',
            name='needs_second_factor',
            field=models.BooleanField(default=False, verbose_name='members need a second factor'),
        ),
        migrations.AddField(
            model_name='historicalcompany',
            name='state',
            field=models.CharField(choices=[('waiting', 'Waiting for approval'), ('active', 'Approved'), ('declined', 'Declined')], default='active', max_length=10, verbose_name='state'),
        ),
        migrations.AddConstraint(
            model_name='company',
            constraint=models.CheckConstraint(condition=models.Q(('is_active', False), ('state', 'active'), _connector='OR'), name='only_an_approved_company_is_active'),
        ),
        migrations.AddField(
            model_name='auditentry',
            name='company',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='audit_entries', to='ferry.company'),
        ),
        migrations.AddField(
            model_name='invitation',
            name='accepted_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='invitation',
            name='company',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='invitations', to='ferry.company'),
        ),
        migrations.AddIndex(
            model_name='auditentry',
            index=models.Index(fields=['company', '-id'], name='audit_newest'),
        ),
        migrations.AddIndex(
            model_name='auditentry',
            index=models.Index(fields=['company', 'by', '-id'], name='audit_by_whom'),
        ),
        migrations.AddIndex(
            model_name='auditentry',
            index=models.Index(fields=['company', 'kind', '-id'], name='audit_of_kind'),
        ),
        migrations.AddIndex(
            model_name='auditentry',
            index=models.Index(fields=['company', 'at'], name='audit_of_day'),
        ),
        migrations.AddConstraint(
            model_name='invitation',
            constraint=models.UniqueConstraint(condition=models.Q(('accepted_at__isnull', True), ('revoked_at__isnull', True)), fields=('company', 'email'), name='one_open_invitation_per_address'),
        ),
        migrations.RunPython(keep_scopes, migrations.RunPython.noop, elidable=True),
        migrations.RunPython(lay_audit, lift_audit),
    ]
