from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ('ferry', '0036_verbose_names'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='trip',
            name='trip_due',
        ),
        migrations.AddIndex(
            model_name='trip',
            index=models.Index(
                condition=models.Q(('next_check_at__isnull', False)),
                fields=['next_check_at', 'id'],
                name='trip_due',
            ),
        ),
    ]
