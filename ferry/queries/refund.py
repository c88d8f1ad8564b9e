"""Find what is known of refunds: how each declaration stands, and what proves its exports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Count, Exists, OuterRef
from django.db.models.functions import Substr

from ferry.models import (
    Case,
    CaseState,
    Declaration,
    DeclaredVehicle,
    EventKind,
    PackageState,
    RefundFiling,
    RefundPackage,
    Trip,
    TripEvent,
)
from ferry.queries.declarations import counted_declarations
from ferry.rules.refund import Age, age, due_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from django.db.models import QuerySet

    from ferry.models import Company

#: What checkpoints did with a vehicle.
PASSED = (
    *(EventKind.REFUSED, EventKind.EXAMINE, EventKind.EXAMINED, EventKind.WITHDRAWN),
    *(EventKind.EXITED, EventKind.ARRIVED, EventKind.DELIVERED, EventKind.DELIVERY_REFUSED),
)
CHUNK = 200


@dataclass(frozen=True)
class Proof:
    """One declared VIN, its newest trip on the declaration, and what checkpoints did, earliest first."""

    line: DeclaredVehicle
    trip: Trip | None
    events: list[TripEvent]


def refunds_of(company: Company) -> QuerySet[Declaration]:
    """Find a company's declarations with `out`, and whether they `is_packed`, `is_filed`, `has_case`."""
    package = RefundPackage.objects.filter(declaration=OuterRef("pk"), state=PackageState.DONE)
    filing = RefundFiling.objects.filter(declaration=OuterRef("pk"))
    case = Case.objects.filter(declaration=OuterRef("pk"), state=CaseState.OPEN)
    rows = counted_declarations(company).select_related("refund_filing")
    return rows.annotate(
        is_packed=Exists(package),
        is_filed=Exists(filing),
        has_case=Exists(case),
        lodged_in=Substr("number", 5, 4),
    )


def ages_of(company: Company, *, today: date) -> dict[Age, int]:
    """Count the declarations that are not filed yet by how near their deadline is."""
    filed = RefundFiling.objects.filter(declaration=OuterRef("pk"))
    waiting = Declaration.objects.filter(~Exists(filed), company=company)
    years = waiting.annotate(lodged_in=Substr("number", 5, 4)).order_by().values("lodged_in")
    counts = dict.fromkeys(Age, 0)
    for year, count in years.annotate(count=Count("pk")).values_list("lodged_in", "count"):
        counts[age(due_in(int(year) + 1, day=settings.REFUND_DUE), today=today)] += count
    return counts


def proofs_of(declaration: Declaration) -> Iterator[Proof]:
    """Give a declaration's VINs with their proofs, in order, a few at a time in memory."""
    last = ""
    lines = declaration.declared_vehicles.order_by("vin")
    while chunk := list(lines.filter(vin__gt=last)[:CHUNK]):
        yield from _proofs(declaration, chunk)
        last = chunk[-1].vin


def _proofs(declaration: Declaration, chunk: list[DeclaredVehicle]) -> Iterator[Proof]:
    rows = Trip.objects.filter(declaration=declaration, vehicle__vin__in=[line.vin for line in chunk])
    rows = rows.select_related("vehicle", "route__exit", "route__entry", "receipt").order_by("pk")
    trips = {trip.vehicle.vin: trip for trip in rows}
    events: dict[int, list[TripEvent]] = {trip.pk: [] for trip in trips.values()}
    told = TripEvent.objects.filter(trip__in=list(events), kind__in=PASSED)
    for event in told.order_by("at", "pk"):
        events[event.trip_id].append(event)
    for line in chunk:
        trip = trips.get(line.vin)
        yield Proof(line, trip, events[trip.pk] if trip else [])
