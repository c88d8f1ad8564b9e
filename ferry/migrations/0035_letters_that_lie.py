from django.db import migrations, models


def mark(apps, _editor):
    """Say of open cases with which side their last letter lies that went by no e-mail."""
    Case, CaseStep = apps.get_model("ferry", "Case"), apps.get_model("ferry", "CaseStep")
    letters = CaseStep.objects.filter(kind="letter", case__state="open").order_by("pk")
    for case, party, data in letters.values_list("case", "party", "data").iterator():
        side = party
        if party == "system":
            side = "customs" if data["to"] == "company" else "company"
        Case.objects.filter(pk=case).update(letter_with="" if data["email"] else side)


class Migration(migrations.Migration):

    dependencies = [
        ('ferry', '0034_ends'),
    ]

    operations = [
        migrations.AddField(
            model_name='case',
            name='letter_with',
            field=models.CharField(blank=True, db_default='', default='', max_length=8),
        ),
        migrations.AlterField(
            model_name='casestep',
            name='kind',
            field=models.CharField(choices=[('opened', 'Opened'), ('heavier', 'Became heavier'), ('facts_changed', 'More was seen'), ('assigned', 'Assigned'), ('commented', 'Commented'), ('attached', 'Evidence added'), ('enquired', 'Became a formal enquiry'), ('letter', 'Letter of enquiry written'), ('handed_over', 'Letter of enquiry handed over'), ('escalated', 'Escalated'), ('resolved', 'Resolved'), ('written_off', 'Written off'), ('reopened', 'Reopened')], max_length=16, verbose_name='step'),
        ),
        migrations.AddIndex(
            model_name='case',
            index=models.Index(condition=models.Q(('letter_with', 'company'), ('state', 'open')), fields=['company', 'urgency', 'id'], name='case_company_letter'),
        ),
        migrations.AddIndex(
            model_name='case',
            index=models.Index(condition=models.Q(('letter_with', 'customs'), ('state', 'open')), fields=['route', 'urgency', 'id'], name='case_route_letter'),
        ),
        migrations.RunPython(mark, migrations.RunPython.noop),
    ]
