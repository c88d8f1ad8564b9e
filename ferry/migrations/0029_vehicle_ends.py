from django.db import migrations

from ferry import trigrams


class Migration(migrations.Migration):
    dependencies = [
        ('ferry', '0028_deadlines'),
    ]

    operations = [
        migrations.RunPython(trigrams.make_ends, trigrams.drop_ends),
    ]
