from django.db import migrations

from ferry import trigrams


class Migration(migrations.Migration):
    dependencies = [
        ('ferry', '0032_verdicts_of_days'),
    ]

    operations = [
        migrations.RunPython(trigrams.make_ends, trigrams.drop_ends),
    ]
