"""Search every scan of a checkpoint, quick however many there are.

Ordered by (checkpoint, scanned_at, id) or (checkpoint, recorded_at); found by trip, pass, officer or device,
each with an index. A reason code is answered by an index on PostgreSQL that holds only scans with reasons.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.db.models import Q, TextField
from django.db.models.functions import Cast, Right

from clearance.models import Posting, Scan
from ferry import sql
from ferry.codes import read_short_code
from ferry.models import ApiKey, Driver, KeyKind, Pass, Trip, Vehicle
from ferry.rules.search import read_search
from ferry.rules.vin import LENGTH as VIN_LENGTH

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from django.db.models import QuerySet

    from ferry.models import Checkpoint

#: Up to so many vehicles or drivers are looked up first, and their scans found by index.
FEW = 2000
PASSPORT_TAIL = 4


def every_scan(checkpoints: Collection[Checkpoint]) -> QuerySet[Scan]:
    rows = Scan.objects.filter(checkpoint__in=checkpoints)
    return rows.select_related(
        "checkpoint",
        "pass_used__driver",
        "trip__vehicle",
        "trip__company",
        "officer",
        "device",
    ).prefetch_related("examinations")


def search_scans(scans: QuerySet[Scan], text: str) -> QuerySet[Scan]:
    """Search by a part of the VIN, many VINs, a trip's reference or a short code."""
    wanted = read_search(text)
    if not text.strip():
        return scans
    if not wanted:
        return scans.none()
    if short_code := read_short_code(text):
        found = list(Pass.objects.filter(short_code=short_code).values_list("pk", flat=True))
        if found:
            return scans.filter(pass_used__in=found)
    numbers = wanted.pasted or (wanted.number,)
    whole = [number for number in numbers if len(number) == VIN_LENGTH]
    parts = [number for number in numbers if 0 < len(number) < VIN_LENGTH]
    vehicles = Q(vin__in=whole)
    for part in parts:
        vehicles |= Q(vin__contains=part)
    few = list(Vehicle.objects.filter(vehicles).order_by().values_list("pk", flat=True)[: FEW + 1])
    if len(few) > FEW:
        found_in = Q()
        for part in parts:
            found_in |= Q(trip__vehicle__vin__contains=part)
        return scans.filter(found_in | Q(trip__vehicle__vin__in=whole))
    trips = Trip.objects.filter(Q(vehicle__in=few) | Q(reference__in=numbers)).order_by()
    return scans.filter(trip__in=list(trips.values_list("pk", flat=True)))


def with_passport_tail(scans: QuerySet[Scan], tail: str) -> QuerySet[Scan]:
    """Keep the scans of passes whose driver's passport ends so; four characters, never more."""
    drivers = Driver.objects.annotate(tail=Right("passport_number", PASSPORT_TAIL)).filter(tail=tail)
    few = list(drivers.order_by().values_list("pk", flat=True)[: FEW + 1])
    return scans.filter(pass_used__driver__in=few) if len(few) <= FEW else scans.none()


def with_reason(scans: QuerySet[Scan], code: str) -> QuerySet[Scan]:
    if sql.on_postgresql():
        return scans.filter(reasons__contains=[{"code": code}]).exclude(reasons=[])
    said = f'"code": {json.dumps(code)}'
    return scans.annotate(told=Cast("reasons", TextField())).filter(told__contains=said)


def scanners_at(checkpoints: Sequence[Checkpoint]) -> list[tuple[str, str]]:
    """Name the officers posted at these checkpoints and the devices with a key there, as (key, name)."""
    postings = Posting.objects.filter(checkpoint__in=checkpoints).order_by("user__name", "user")
    officers: dict[str, str] = {}
    for pk, name, email in postings.values_list("user", "user__name", "user__email"):
        officers[f"officer-{pk}"] = name or email
    keys = ApiKey.objects.filter(kind=KeyKind.DEVICE, checkpoint__in=checkpoints).order_by("label", "pk")
    devices = {f"device-{pk}": label for pk, label in keys.values_list("pk", "label")}
    return [*officers.items(), *devices.items()]


def by_scanner(scans: QuerySet[Scan], key: str) -> QuerySet[Scan]:
    kind, _dash, pk = key.partition("-")
    column: dict[str, Any] = {f"{kind}_id": int(pk)}
    return scans.filter(**column)
