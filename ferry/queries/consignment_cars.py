"""List the vehicles of a consignment with everything known of each, batch after batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ferry.models import Trip
from ferry.queries.consignments import vehicles_in
from ferry.queries.readiness import policy_of, ways_of
from ferry.queries.roster import declarations_of
from ferry.queries.vehicles import TAKEN

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ferry.models import Company, Consignment, Declaration, Vehicle
    from ferry.queries.readiness import Way

BATCH = 500


@dataclass(frozen=True)
class Car:
    way: Way
    declaration: Declaration | None
    trip: Trip | None


def cars_of(company: Company, vehicles: Sequence[Vehicle]) -> list[Car]:
    """Give vehicles with where they stand, their declaration and their trip."""
    declarations = declarations_of(company, vehicles)
    trips = Trip.objects.filter(vehicle__in=[one.pk for one in vehicles], company=company, state__in=TAKEN)
    of = {trip.vehicle_id: trip for trip in trips.select_related("driver").order_by("pk")}
    ways = ways_of(company, vehicles, policy_of(company))
    return [Car(way, declarations.get(way.vehicle.vin), of.get(way.vehicle.pk)) for way in ways]


def every_car(consignment: Consignment, company: Company) -> Iterator[Car]:
    """Give all of them in memory that does not grow with their number."""
    after = 0
    while batch := list(vehicles_in(consignment).filter(pk__gt=after).order_by("pk")[:BATCH]):
        yield from cars_of(company, batch)
        after = batch[-1].pk
