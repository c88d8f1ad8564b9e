from django.db import migrations, models

#: Of the standard checkpoints, which an installation may have kept for long.
NAMES = {
    "CN-HORGOS": "قورغاس",
    "KZ-NURZHOLY": "نۇر جولى",
    "CN-ALASHANKOU": "ئالاتاۋ ئېغىزى",
    "KZ-DOSTYK": "دوستىق",
    "CN-BAKETU": "باقتۇ",
    "KZ-BAKHTY": "باقتى",
    "CN-DULATA": "دۇلاتا",
    "KZ-KALZHAT": "قالجات",
    "CN-JIMUNAI": "جېمىنەي",
    "KZ-MAIKAPCHAGAY": "مايقاپچىغاي",
}


def name_in_uyghur(apps, _schema_editor):
    checkpoints = apps.get_model("ferry", "Checkpoint").objects
    for code, name in NAMES.items():
        checkpoints.filter(code=code).update(name_ug=name)


def field():
    return models.CharField(
        blank=True,
        default="",
        help_text="Drivers read it; empty: the Chinese name.",
        max_length=80,
        verbose_name="Uyghur name",
    )


class Migration(migrations.Migration):
    dependencies = [("ferry", "0018_reports")]

    operations = [
        migrations.AddField("checkpoint", "name_ug", field(), preserve_default=False),
        migrations.AddField("historicalcheckpoint", "name_ug", field(), preserve_default=False),
        migrations.RunPython(name_in_uyghur, migrations.RunPython.noop),
    ]
