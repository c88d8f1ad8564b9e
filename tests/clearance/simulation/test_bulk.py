"""A world laid at once is the one that its real actions make one by one, in every row of every table."""

from __future__ import annotations

import json
import re
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.core.management.color import no_style
from django.db import connection, models, transaction

from clearance.actions.chain import check_chains
from clearance.actions.standard import lay_standard_data
from clearance.models import Policy
from clearance.simulation.bulk import at_once
from clearance.simulation.play import one_by_one, play_script
from clearance.simulation.script import Script, write_script
from ferry import codes
from ferry.models import Checkpoint, Pass, Trip

pytestmark = pytest.mark.django_db

#: By what a row is known whatever its id is, and what is random.
NAMES = {
    "Company": ("uscc",),
    "Driver": ("passport_number", "nationality"),
    "Passport": ("number", "nationality"),
    "Vehicle": ("vin",),
    "Declaration": ("number",),
    "Trip": ("vehicle__vin",),
    "Pass": ("vin", "opens_at", "closes_at"),
    "Route": ("code",),
    "Checkpoint": ("code",),
    "Scan": ("scan_id",),
    "Record": ("digest",),
    "User": ("email",),
}
RANDOM = {
    "Trip": {"reference", "pin_sealed"},
    "Pass": {"pass_id", "short_code", "code"},
    "Scan": {"digest"},
    "User": {"password", "date_joined"},
    "SigningKey": {"kid", "public", "private_sealed"},
    # The order in which one minute's links were forged, and what they hold of the random rest.
    "ChainLink": {"number", "hash", "previous", "digest", "content"},
    "Chain": {"hash", "previous"},
}


def rows() -> dict[str, Counter[tuple[Any, ...]]]:
    """Read every table of both apps, without ids and what is random."""
    random = {trip.reference: trip.vehicle.vin for trip in Trip.objects.select_related("vehicle")}
    random |= {codes.show_short_code(pass_.short_code): pass_.vin for pass_ in Pass.objects.all()}
    hidden = re.compile("|".join(map(re.escape, random))) if random else re.compile(r"$^")

    def shown(value: Any) -> Any:
        if isinstance(value, dict | list):
            text = json.dumps(value, sort_keys=True, default=str)
            return hidden.sub(lambda found: random[found[0]], text)
        return bytes(value) if isinstance(value, memoryview) else value

    return {
        model.__name__: Counter(
            tuple((name, shown(value)) for name, value in row.items())
            for row in model._base_manager.values(*columns(model))
        )
        for app in ("ferry", "clearance")
        for model in apps.get_app_config(app).get_models()
    }


def columns(model: type[models.Model]) -> list[str]:
    names = []
    for field in model._meta.concrete_fields:
        if field.primary_key or field.name in RANDOM.get(model.__name__, ()):
            continue
        if isinstance(field, models.ForeignKey):
            known = NAMES.get(field.related_model.__name__, ())
            names += [f"{field.name}__{name}" for name in known]
        else:
            names.append(field.name)
    return names


def count_from_one() -> None:
    """Let ids begin anew: PostgreSQL goes on counting over what was undone, and history holds ids."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), apps.get_models()):
            cursor.execute(statement)


class Undone(Exception):
    pass


def laid(script: Script, act: Any, examined_share: float) -> dict[str, Counter[tuple[Any, ...]]]:
    """Lay a world, read it whole, and undo it."""
    count_from_one()
    with suppress(Undone), transaction.atomic():
        lay_standard_data(at=script.starts_at, by="simulation")
        Policy.objects.update(examined_share=examined_share)
        play_script(script, act=act, until=script.starts_at + timedelta(days=9))
        found = rows()
        for checkpoint in Checkpoint.objects.filter(code__in=("CN-HORGOS", "KZ-NURZHOLY")):
            [check] = check_chains(only=checkpoint, at=script.ends_at)
            assert check.number
            assert not check.faults
        raise Undone
    return found


@pytest.mark.parametrize("examined_share", [0.0, 1.0])
def test_it_writes_the_same_rows_in_every_table(examined_share: float):
    script = write_script(
        seed=7, starts_at=datetime(2026, 3, 1, 16, tzinfo=UTC), days=4, drivers=16, faults=0.8
    )
    one = laid(script, one_by_one, examined_share)
    other = laid(script, at_once, examined_share)
    assert {table for table in one if one[table]} > {"Trip", "Pass", "TripEvent", "Scan", "Record", "Case"}
    assert {table: one[table] - other[table] for table in one if one[table] != other[table]} == {}
    assert other == one
