"""Scans as a lane sends them, for the tests of this folder."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from clearance.actions.scans import Offline, ScanInput, record_scan
from clearance.models import Scan
from clearance.rules.checklist import ITEMS
from ferry.models import Checkpoint, Pass, Trip
from tests.builders import AT, a_checkpoint, an_issued_trip

#: An officer's answers where all is as it should be.
ALL_RIGHT = dict.fromkeys(ITEMS, "right")
LANE = "device CN-HORGOS/1"
MINUTE = timedelta(minutes=1)


def a_scan(code: str, checkpoint: Checkpoint | None = None, **fields: Any) -> ScanInput:
    usual = {"scan_id": uuid.uuid4(), "checkpoint": checkpoint or a_checkpoint(), "lane": "1"}
    return ScanInput(**{**usual, "code": code, **fields})


def scanned(code: str, checkpoint: Checkpoint | None = None, **fields: Any) -> Scan:
    """Record a scan at AT, or at `at`, and read back what is stored."""
    who = {name: fields.pop(name) for name in ("device", "officer", "at") if name in fields}
    scan, _is_new = record_scan(scan=a_scan(code, checkpoint, **fields), **{"at": AT, "by": LANE, **who})
    return Scan.objects.get(pk=scan.pk)


def offline(verdict: str = "release", list_age: timedelta = 30 * MINUTE) -> Offline:
    return Offline(verdict, list_age)


def an_open_pass(**fields: Any) -> Pass:
    return Pass.objects.select_related("trip__company", "trip__route", "driver").get(
        trip=an_issued_trip(**fields)
    )


def nur_zholy() -> Checkpoint:
    return a_checkpoint("KZ-NURZHOLY")


def told(scan: Scan) -> list[str]:
    return [reason["code"] for reason in scan.reasons]


def story(trip: Trip) -> list[str]:
    return list(trip.events.order_by("pk").values_list("kind", flat=True))


def as_it_stands(pass_: Pass) -> tuple[Any, ...]:
    """Give all that a scan may move, to compare before and after."""
    trip = Trip.objects.get(pk=pass_.trip_id)
    declared = trip.declaration.declared_vehicles.order_by("vin").values_list("vin", "exited_at")
    return (
        *(trip.state, trip.exited_at, trip.arrived_at, trip.next_check_at),
        *(Pass.objects.get(pk=pass_.pk).state, trip.person.stays.count(), list(declared)),
    )
