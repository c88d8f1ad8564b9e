"""Find what a company keeps, with what its lists show, for a page of rows in a constant number of queries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Exists, OuterRef, Q

from ferry.models import ON_THE_WAY, DeclaredVehicle, Driver, Outcome, Stay, Trip, TripState, Vehicle
from ferry.queries.issue import china_date, kazakh_date, stays_of
from ferry.queries.vehicles import TAKEN
from ferry.rules.stays import Stay as StayDays
from ferry.rules.stays import days_used

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date, datetime

    from django.db.models import QuerySet

    from ferry.models import Company, Declaration

#: A paper that expires within this is worth a warning in a list.
SOON = timedelta(days=60)

TRAVELLING = (TripState.PLANNED, *ON_THE_WAY)
THERE = (TripState.DELIVERED, TripState.DISCHARGED)


@dataclass(frozen=True)
class VehicleRow:
    """A vehicle, the newest trip it is on or has made, and the newest declaration that lists it."""

    vehicle: Vehicle
    trip: Trip | None
    declaration: Declaration | None


@dataclass(frozen=True)
class Busy:
    """On a trip until its planned return; `reference` only where the trip is the asking company's."""

    until: date
    reference: str | None


@dataclass(frozen=True)
class DriverRow:
    """A driver and what decides whether he can go; `used` is None where stay days are not limited."""

    driver: Driver
    used: int | None
    busy: Busy | None
    passport: str
    licence: str


@dataclass(frozen=True)
class StayRow:
    stay: Stay
    days: int


def vehicles_of(company: Company) -> QuerySet[Vehicle]:
    return Vehicle.objects.filter(company=company)


def doing(vehicles: QuerySet[Vehicle], company: Company, what: str) -> QuerySet[Vehicle]:
    """Narrow to those `waiting`, `travelling` or `there`."""
    trips = Trip.objects.filter(vehicle=OuterRef("pk"), company=company)
    match what:
        case "waiting":
            return vehicles.filter(~Exists(trips.filter(state__in=TAKEN)))
        case "travelling":
            return vehicles.filter(Exists(trips.filter(state__in=TRAVELLING)))
        case _:
            return vehicles.filter(Exists(trips.filter(state__in=THERE)))


def vehicle_rows(vehicles: Sequence[Vehicle], company: Company) -> list[VehicleRow]:
    trips = {
        trip.vehicle_id: trip
        for trip in Trip.objects.filter(
            vehicle__in=[vehicle.pk for vehicle in vehicles], company=company, state__in=TAKEN
        ).order_by("pk")
    }
    declared = DeclaredVehicle.objects.filter(
        declaration__company=company, vin__in=[vehicle.vin for vehicle in vehicles]
    )
    declarations = {
        row.vin: row.declaration for row in declared.select_related("declaration").order_by("declaration_id")
    }
    return [VehicleRow(vehicle, trips.get(vehicle.pk), declarations.get(vehicle.vin)) for vehicle in vehicles]


def drivers_of(company: Company) -> QuerySet[Driver]:
    return all_drivers(company).filter(is_active=True)


def all_drivers(company: Company) -> QuerySet[Driver]:
    """List those who drive for a company, and those who did."""
    return Driver.objects.filter(company=company)


def away() -> Exists:
    """Say of a driver whether the person is on a trip, for whomever."""
    return Exists(_open_trips().filter(person=OuterRef("person")))


def papers_ending(first: date | None, last: date) -> Q:
    """Say of a driver whether his passport or driving licence ends between two days."""
    found = Q(pk__in=())
    for column in ("passport_expires_on", "licence_expires_on"):
        since = Q(**{f"{column}__gte": first}) if first else Q()
        found |= since & Q(**{f"{column}__lte": last})
    return found


def driver_rows(drivers: Sequence[Driver], company: Company, *, at: datetime) -> list[DriverRow]:
    persons = {driver.person_id for driver in drivers}
    stays, busy, today = stays_of(persons), busy_persons(persons, company), china_date(at)
    return [
        DriverRow(
            driver=driver,
            used=_used(driver, stays.get(driver.person_id, ()), kazakh_date(at)),
            busy=busy.get(driver.person_id),
            passport=paper_state(driver.passport_expires_on, today),
            licence=paper_state(driver.licence_expires_on, today),
        )
        for driver in drivers
    ]


def driver_stays(driver: Driver, *, at: datetime) -> tuple[list[StayRow], int]:
    """List a driver's stays on this company's trips, newest first, and count his days on none of them.

    Of those only the number is told: whom else he drives for is not this company's to know.
    """
    on = kazakh_date(at)
    own = list(
        Stay.objects.filter(person_id=driver.person_id, trip__company_id=driver.company_id)
        .select_related("trip")
        .order_by("-entered_on")
    )
    rows = [StayRow(stay, ((stay.left_on or on) - stay.entered_on).days + 1) for stay in own]
    everything = stays_of([driver.person_id]).get(driver.person_id, ())
    ours = [StayDays(stay.entered_on, stay.left_on) for stay in own]
    return rows, _days(everything, on) - _days(ours, on)


def paper_state(expires_on: date, today: date) -> str:
    """Say whether a paper is `expired`, or expires `soon`."""
    if expires_on < today:
        return "expired"
    return "soon" if expires_on - today <= SOON else ""


def _used(driver: Driver, stays: Sequence[StayDays], on: date) -> int | None:
    return None if driver.nationality == "KZ" else _days(stays, on)


def _days(stays: Iterable[StayDays], on: date) -> int:
    return days_used(
        stays, on=on, rolling=settings.STAY_ROLLING, count_both=settings.STAY_COUNT_BOTH_TRAVEL_DAYS
    )


def busy_persons(persons: Iterable[int], company: Company) -> dict[int, Busy]:
    """Say of each person on a trip, for whomever, until when."""
    trips = _open_trips().filter(person_id__in=persons)
    return {
        person_id: Busy(until, reference if company_id == company.pk else None)
        for person_id, company_id, reference, until in trips.values_list(
            "person_id", "company_id", "reference", "planned_return_on"
        )
    }


def _open_trips() -> QuerySet[Trip]:
    """Find the trips that keep a person, as the constraint `one_open_trip_per_person` has them."""
    trips = Trip.objects.filter(state__in=ON_THE_WAY, driver_returned_at__isnull=True)
    return trips.exclude(outcome=Outcome.WRITTEN_OFF)
