"""Find what is known of refunds: how each declaration stands, and what proves its exports."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Count, Exists, OuterRef, Q

from ferry.models import (
    Case,
    CaseState,
    Declaration,
    DeclaredVehicle,
    EventKind,
    PackageState,
    RefundPackage,
    Trip,
    TripEvent,
)
from ferry.queries.declarations import counted_declarations
from ferry.rules.refund import Age, age, due_on

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from django.db.models import QuerySet

    from ferry.models import Company

#: What checkpoints did with a vehicle.
PASSED = (
    *(EventKind.REFUSED, EventKind.EXAMINE, EventKind.EXAMINED, EventKind.WITHDRAWN),
    *(EventKind.EXITED, EventKind.ARRIVED, EventKind.DELIVERED, EventKind.DELIVERY_REFUSED),
)
#: So many vehicles are proved at once.
CHUNK = 25


@dataclass(frozen=True)
class Proof:
    """One declared VIN, its newest trip on the declaration, and what checkpoints did, earliest first."""

    line: DeclaredVehicle
    trip: Trip | None
    events: list[TripEvent]


@dataclass
class OpenCases:
    """How many cases of a declaration and its trips are open, and of which vehicles."""

    count: int = 0
    vins: list[str] = field(default_factory=list)


def refunds_of(company: Company) -> QuerySet[Declaration]:
    """Find a company's declarations with `out`, and whether they `is_packed`."""
    package = RefundPackage.objects.filter(declaration=OuterRef("pk"), state=PackageState.DONE)
    rows = counted_declarations(company).select_related("refund_filing")
    return rows.annotate(is_packed=Exists(package))


def open_cases_of(declarations: Sequence[Declaration]) -> dict[int, OpenCases]:
    """Count what is open of each declaration and of its trips, in two queries however many they are."""
    found = {one.pk: OpenCases() for one in declarations}
    cases = Case.objects.filter(state=CaseState.OPEN).order_by()
    own = cases.filter(declaration__in=list(found)).values_list("declaration")
    for pk, count in own.annotate(count=Count("pk")):
        found[pk].count += count
    of_trips = cases.filter(trip__declaration__in=list(found))
    lines = of_trips.values_list("trip__declaration", "trip__vehicle__vin").annotate(count=Count("pk"))
    for pk, vin, count in lines.order_by("trip__vehicle__vin"):
        found[pk].count += count
        found[pk].vins.append(vin)
    return found


def cases_in_the_way(declaration: Declaration) -> QuerySet[Case]:
    """Find the open cases of a declaration and of its trips, the most urgent first."""
    trips = Trip.objects.filter(declaration=declaration).values("pk")
    mine = Q(declaration=declaration) | Q(trip__in=trips)
    rows = Case.objects.filter(mine, state=CaseState.OPEN, company=declaration.company_id)
    return rows.select_related("trip__vehicle").order_by("-urgency", "-pk")


def ages_of(company: Company, *, today: date) -> dict[Age, int]:
    """Count the declarations that are not filed yet by how near their deadline is."""
    waiting = Declaration.objects.filter(company=company, is_filed=False).order_by()
    counts = dict.fromkeys(Age, 0)
    for year, count in waiting.values_list("lodged_in").annotate(count=Count("pk")):
        counts[age(due_on(year, day=settings.REFUND_DUE), today=today)] += count
    return counts


def proofs_of(declaration: Declaration, *, after: str) -> Iterator[list[Proof]]:
    """Give a declaration's VINs beyond one with their proofs, in order, a few at a time."""
    lines = declaration.declared_vehicles.order_by("vin")
    while chunk := list(lines.filter(vin__gt=after)[:CHUNK]):
        yield list(_proofs(declaration, chunk))
        after = chunk[-1].vin


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
