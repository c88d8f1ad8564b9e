"""Give the cases there are their route, urgency, due time and first steps, so many at a time.

Each portion is a transaction of its own and is known by its urgency of 0, so that it can be broken off and
run again, and a table of a million rows is never locked as a whole.
"""

from django.db import migrations, transaction
from django.db.models import Max

AT_ONCE = 5000

SPEECH = {
    "postgresql": {
        "epoch": "EXTRACT(EPOCH FROM opened_at)::bigint",
        "due": "opened_at + INTERVAL '48 hours'",
        "json": "({})::jsonb",
    },
    "sqlite": {
        "epoch": "CAST(strftime('%%s', opened_at) AS INTEGER)",
        "due": "strftime('%%Y-%%m-%%d %%H:%%M:%%f', opened_at, '+48 hours')",
        "json": "{}",
    },
}

COLUMNS = '(case_id, kind, party, is_internal, at, "by", text, data, announced_at)'
PORTION = "WHERE ferry_case.id > %s AND ferry_case.id <= %s AND urgency = 0"
OPENED = """
INSERT INTO ferry_casestep {columns}
SELECT id, 'opened', 'system', {false}, opened_at, 'reconciliation', '', {opened}, opened_at
FROM ferry_case {portion} ORDER BY id
"""
SETTLED = """
INSERT INTO ferry_casestep {columns}
SELECT id, state, CASE WHEN LOWER(settled_by) LIKE 'supervisor%%' THEN 'customs' ELSE 'company' END,
    {false}, COALESCE(settled_at, opened_at), settled_by, note, {settled}, COALESCE(settled_at, opened_at)
FROM ferry_case {portion} AND state <> 'open' ORDER BY id
"""
PLACED = """
UPDATE ferry_case SET
    urgency = weight * 100000000000 - {epoch},
    due_at = {due},
    level_at = CASE WHEN state = 'open' THEN opened_at END,
    route_id = COALESCE(
        (SELECT route_id FROM ferry_trip WHERE ferry_trip.id = ferry_case.trip_id),
        (SELECT route_id FROM ferry_trip WHERE ferry_trip.declaration_id = ferry_case.declaration_id
         ORDER BY ferry_trip.id LIMIT 1)
    )
{portion}
"""


def fill(apps, schema_editor):
    connection = schema_editor.connection
    speech = SPEECH[connection.vendor]
    said = {
        "columns": COLUMNS,
        "portion": PORTION,
        "false": "FALSE",
        "epoch": speech["epoch"],
        "due": speech["due"],
        "opened": speech["json"].format("""'{"weight": ' || weight || '}'"""),
        "settled": speech["json"].format("""'{"resolution": "' || REPLACE(REPLACE(resolution, '\\', '\\\\'), '"', '\\"') || '"}'"""),
    }
    last = apps.get_model("ferry", "Case").objects.aggregate(Max("pk"))["pk__max"] or 0
    for begins in range(0, last, AT_ONCE):
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            for statement in (OPENED, SETTLED, PLACED):
                cursor.execute(statement.format(**said), [begins, begins + AT_ONCE])


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("ferry", "0015_case_desk")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
