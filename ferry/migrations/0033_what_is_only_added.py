from django.db import migrations

from ferry.models.guards import lay_guards, lift_guards


def lay(apps, schema_editor):
    lay_guards(schema_editor.connection)


def lift(apps, schema_editor):
    lift_guards(schema_editor.connection)


class Migration(migrations.Migration):

    dependencies = [
        ('ferry', '0032_verdicts_of_days'),
    ]

    operations = [migrations.RunPython(lay, lift)]
