from django.db import migrations

from ferry import trigrams


class Migration(migrations.Migration):
    dependencies = [
        ('ferry', '0033_what_is_only_added'),
    ]

    operations = [
        migrations.RunPython(trigrams.make_ends, trigrams.drop_ends),
    ]
