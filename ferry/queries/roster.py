"""Find who and what a roster can be made of, in a constant number of queries however long it is."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Count, Exists, Max, OuterRef, Q

from ferry.errors import Reason
from ferry.models import (
    Declaration,
    DeclarationStatus,
    DeclaredVehicle,
    Driver,
    LineState,
    Roster,
    RosterLine,
    Trip,
    TripState,
    Vehicle,
)
from ferry.queries.fleet import drivers_of
from ferry.queries.issue import CHINA, facts_for, planned_return
from ferry.queries.licences import licences_with_balance, usable_licences
from ferry.queries.readiness import are_ready, policy_of
from ferry.queries.search import search_vehicles
from ferry.queries.vehicles import TAKEN, waiting_vehicles
from ferry.rules import issue as issue_rules
from ferry.rules import roster as rules
from ferry.rules.declarations import VIN_UNLISTED
from ferry.rules.issue import LICENCE_MISSING
from ferry.rules.powertrain import judge_licence_class, vehicle_class
from ferry.rules.roster import DriverFacts, Fit, VehicleFacts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from ferry.models import Company, Consignment, Route
    from ferry.rules.issue import IssueFacts
    from ferry.rules.powertrain import VehicleClass

VEHICLES_AT_ONCE = 200
DRIVERS_AT_ONCE = 500
LEFT_OUT_SHOWN = 100
#: A page must stay small: the more vehicles, the fewer choices stand with each. Most rosters show all.
CHOICES_AT_LEAST, CHOICES_IN_ALL = 8, 1600
#: Returns further back than this make no difference to whose turn it is.
REMEMBERED = timedelta(days=90)
LETS_OUT = (DeclarationStatus.RELEASED, DeclarationStatus.CLOSED)
UNUSED = (TripState.CANCELLED, TripState.LAPSED)


@dataclass(frozen=True)
class Window:
    """When and where the vehicles of a roster leave."""

    route: Route
    opens_at: datetime
    closes_at: datetime


@dataclass(frozen=True)
class DriverLine:
    driver: Driver
    facts: DriverFacts
    reasons: list[Reason] = field(default_factory=list)


@dataclass(frozen=True)
class VehicleLine:
    """A vehicle that can go, the driver proposed for it and who else could drive it."""

    vehicle: Vehicle
    kind: VehicleClass
    declaration: Declaration
    driver: DriverLine | None
    free: list[DriverLine]
    on_other_lines: list[DriverLine]


@dataclass(frozen=True)
class Proposal:
    """`able` are the drivers for each kind of vehicle, in the order of their turns.

    `is_cut` says that more vehicles wait than are proposed at once, `is_short` that not every driver who can
    stands with every vehicle.
    """

    lines: list[VehicleLine]
    vehicles_out: list[tuple[Vehicle, list[Reason]]]
    drivers_out: list[DriverLine]
    spare: list[DriverLine]
    able: Mapping[VehicleClass, list[DriverLine]]
    is_cut: bool

    @property
    def is_short(self) -> bool:
        return any(
            len(self.able[line.kind]) > len(line.free) + len(line.on_other_lines) + (line.driver is not None)
            for line in self.lines
        )

    @property
    def pairs(self) -> int:
        return sum(line.driver is not None for line in self.lines)


@dataclass(frozen=True)
class Pair:
    """What one line of a roster asks for."""

    vehicle: Vehicle
    driver: Driver
    declaration: Declaration


COUNTED = (LineState.WAITING, LineState.DONE, LineState.REFUSED)


@dataclass(frozen=True)
class Counted:
    """A roster and how many of its lines are in each state."""

    roster: Roster
    waiting: int
    done: int
    refused: int

    @property
    def settled(self) -> int:
        return self.done + self.refused

    @property
    def total(self) -> int:
        return self.waiting + self.settled


def propose(
    company: Company,
    window: Window,
    *,
    q: str = "",
    consignment: Consignment | None = None,
    at: datetime,
) -> Proposal:
    """Propose who drives what: vehicles that waited longest, drivers whose turn it is."""
    waiting = search_vehicles(waiting_vehicles(company), q).order_by("pk")
    if consignment is not None:
        waiting = waiting.filter(consignment=consignment)
    released = Exists(_declaring(company).filter(declaration__status__in=LETS_OUT, vin=OuterRef("vin")))
    can_go = Q(released) & are_ready(policy_of(company))
    found = list(waiting.filter(can_go)[: VEHICLES_AT_ONCE + 1])
    vehicles = [*found[:VEHICLES_AT_ONCE], *waiting.filter(~can_go)[:LEFT_OUT_SHOWN]]
    drivers = list(drivers_of(company).order_by("pk")[:DRIVERS_AT_ONCE])
    declarations = declarations_of(company, vehicles)
    against_vehicles, against_drivers = _judge(company, window, vehicles, drivers, declarations, at)
    fit = [vehicle for vehicle in vehicles if not against_vehicles[vehicle.pk]]
    known = driver_facts(company, [driver.person_id for driver in drivers], window)
    judged = [_driver_line(driver, known, against_drivers[driver.pk], fit, window) for driver in drivers]
    able = sorted((one for one in judged if not one.reasons), key=lambda one: rules.turn(one.facts))
    lines, spare = _share_out(fit, able, declarations)
    return Proposal(
        lines=lines,
        vehicles_out=[(one, against_vehicles[one.pk]) for one in vehicles if against_vehicles[one.pk]],
        drivers_out=[one for one in judged if one.reasons],
        spare=spare,
        able={
            kind: [one for one in able if rules.fit(one.driver.licence_class, kind) is not Fit.NO]
            for kind in sorted({line.kind for line in lines})
        },
        is_cut=len(found) > VEHICLES_AT_ONCE,
    )


def judge_pairs(
    company: Company, window: Window, pairs: Sequence[Pair], *, at: datetime
) -> list[list[Reason]]:
    """Say of each pair what stands in the way of its code, as if the trips were planned already."""
    trips = [
        _virtual(number, company, window, pair.vehicle, pair.driver, pair.declaration)
        for number, pair in enumerate(pairs)
    ]
    facts = facts_for(trips, at=at)
    drivers = driver_facts(company, [pair.driver.person_id for pair in pairs], window)
    vehicles = vehicle_facts(company, [pair.vehicle.pk for pair in pairs])
    unlicensed = _without_licence(company, trips, facts)
    times = Counter(pair.driver.person_id for pair in pairs)
    return [
        [
            *rules.reasons_against_vehicle(vehicles[pair.vehicle.pk]),
            *issue_rules.reasons_against(facts[trip.pk]),
            *unlicensed.get(trip.pk, []),
            *against_driver(drivers[pair.driver.person_id], window),
            *([rules.driver_twice()] if times[pair.driver.person_id] > 1 else []),
        ]
        for pair, trip in zip(pairs, trips, strict=True)
    ]


def against_driver(facts: DriverFacts, window: Window) -> list[Reason]:
    rest = timedelta(hours=settings.ROSTER_REST_HOURS)
    return rules.reasons_against_driver(facts, opens_at=window.opens_at, rest=rest)


def declarations_of(company: Company, vehicles: Iterable[Vehicle]) -> dict[str, Declaration]:
    """Give each VIN its newest declaration that lets it out, or else the newest that lists it."""
    rows = _declaring(company).filter(vin__in={vehicle.vin for vehicle in vehicles})
    found: dict[str, Declaration] = {}
    for row in rows.select_related("declaration").order_by("declaration_id"):
        before = found.get(row.vin)
        if before is None or row.declaration.lets_out or not before.lets_out:
            found[row.vin] = row.declaration
    return found


def driver_facts(company: Company, person_ids: Iterable[int], window: Window) -> dict[int, DriverFacts]:
    """Give the facts of persons. Rest is the person's, whoever he drove for; the rest is this company's."""
    persons = set(person_ids)
    trips = Trip.objects.filter(person_id__in=persons)
    ours = trips.filter(company=company)
    first, following = _month(window.opens_at)
    counts = dict(
        ours.filter(opens_at__gte=first, opens_at__lt=following)
        .exclude(state__in=UNUSED)
        .values_list("person_id")
        .annotate(Count("pk"))
    )
    back = last_returns(persons, before=window.opens_at)
    until = window.closes_at + timedelta(hours=window.route.trip_hours)
    planned = dict(
        ours.filter(state=TripState.PLANNED, opens_at__lt=until, closes_at__gt=window.opens_at).values_list(
            "person_id", "reference"
        )
    )
    waiting = RosterLine.objects.filter(state=LineState.WAITING, roster__company=company)
    busy = set(waiting.filter(driver__person_id__in=persons).values_list("driver__person_id", flat=True))
    return {
        person: DriverFacts(
            trips=counts.get(person, 0),
            back_at=back.get(person),
            planned=planned.get(person, ""),
            is_on_a_roster=person in busy,
        )
        for person in persons
    }


def vehicle_facts(company: Company, vehicle_ids: Iterable[int]) -> dict[int, VehicleFacts]:
    vehicles = set(vehicle_ids)
    taken = taken_vehicles(company, vehicles)
    lines = RosterLine.objects.filter(vehicle_id__in=vehicles, state=LineState.WAITING)
    on_a_roster = set(lines.values_list("vehicle_id", flat=True))
    return {pk: VehicleFacts(is_taken=pk in taken, is_on_a_roster=pk in on_a_roster) for pk in vehicles}


def last_returns(person_ids: Iterable[int], *, before: datetime) -> dict[int, datetime]:
    """Give when persons were last back from a trip, as far as that matters `before` the next one."""
    trips = Trip.objects.filter(
        person_id__in=person_ids, opens_at__gt=before - REMEMBERED, driver_returned_at__isnull=False
    )
    return dict(trips.values_list("person_id").annotate(Max("driver_returned_at")))


def taken_vehicles(company: Company, vehicle_ids: Iterable[int]) -> set[int]:
    """Pick the vehicles that have a trip already."""
    trips = Trip.objects.filter(vehicle_id__in=vehicle_ids, company=company, state__in=TAKEN)
    return set(trips.values_list("vehicle_id", flat=True))


def rosters_of(company: Company) -> QuerySet[Roster]:
    """List a company's rosters, newest first."""
    rows = Roster.objects.filter(company=company).select_related("company", "route__exit", "route__entry")
    return rows.order_by("-pk")


def counted(rosters: Sequence[Roster]) -> list[Counted]:
    """Count the lines of rosters by their states."""
    lines = RosterLine.objects.filter(roster__in=[roster.pk for roster in rosters])
    counts = {
        (roster_id, state): count
        for roster_id, state, count in lines.values_list("roster_id", "state").annotate(Count("pk"))
    }
    return [Counted(roster, *(counts.get((roster.pk, state), 0) for state in COUNTED)) for roster in rosters]


def open_rosters() -> list[Roster]:
    """List the rosters that have lines to work, oldest first."""
    return list(
        Roster.objects.filter(finished_at__isnull=True)
        .select_related("company", "route__exit", "route__entry")
        .order_by("pk")
    )


def _judge(
    company: Company,
    window: Window,
    vehicles: Sequence[Vehicle],
    drivers: Sequence[Driver],
    declarations: Mapping[str, Declaration],
    at: datetime,
) -> tuple[dict[int, list[Reason]], dict[int, list[Reason]]]:
    """Judge vehicles and drivers apart, each on a trip whose other half nothing is asked of."""
    nothing, nobody = Vehicle(company=company), Driver(company=company, **FOREVER)
    unlisted = Declaration(company=company)
    cars = {
        vehicle.pk: _virtual(
            number, company, window, vehicle, nobody, declarations.get(vehicle.vin, unlisted)
        )
        for number, vehicle in enumerate(vehicles)
    }
    people = {
        driver.pk: _virtual(number, company, window, nothing, driver, unlisted)
        for number, driver in enumerate(drivers, start=len(cars))
    }
    facts = facts_for([*cars.values(), *people.values()], at=at)
    unlicensed = _without_licence(company, list(cars.values()), facts)
    known = vehicle_facts(company, cars)
    against_vehicles = {
        pk: [
            *rules.reasons_against_vehicle(known[pk]),
            *_against_vehicle(trip, facts[trip.pk]),
            *unlicensed.get(trip.pk, []),
        ]
        for pk, trip in cars.items()
    }
    against_drivers = {pk: issue_rules.reasons_against_driver(facts[trip.pk]) for pk, trip in people.items()}
    return against_vehicles, against_drivers


FOREVER = {"person_id": 0, "passport_expires_on": date.max, "licence_expires_on": date.max}


def _virtual(
    number: int,
    company: Company,
    window: Window,
    vehicle: Vehicle,
    driver: Driver,
    declaration: Declaration,
) -> Trip:
    """Make a trip that is in no table; its key is like none that is."""
    return Trip(
        pk=-1 - number,
        company=company,
        vehicle=vehicle,
        driver=driver,
        person_id=driver.person_id,
        declaration=declaration,
        route=window.route,
        opens_at=window.opens_at,
        closes_at=window.closes_at,
        planned_return_on=planned_return(window.route, window.closes_at),
    )


def _against_vehicle(trip: Trip, facts: IssueFacts) -> list[Reason]:
    reasons = issue_rules.reasons_against_vehicle(facts)
    if trip.declaration.pk is not None:
        return reasons
    others = [reason for reason in reasons if reason.code != "vin_not_declared"]
    return [*others, Reason("vin_not_declared", VIN_UNLISTED, "declaration")]


def _without_licence(
    company: Company, trips: Sequence[Trip], facts: Mapping[int, IssueFacts]
) -> dict[int, list[Reason]]:
    """Take from the licences in turn, on paper only, and find the trips nothing is left for."""
    balance = licences_with_balance([company.pk])
    missing = {}
    for trip in trips:
        known = facts[trip.pk]
        if not known.needs_licence or not known.has_licence:
            continue
        usable = usable_licences(
            [licence for licence in balance if licence.left > 0],
            company_id=company.pk,
            hs_code=known.hs_code,
            through=known.closes_on,
        )
        if usable:
            usable[0].used += 1
        else:
            missing[trip.pk] = [Reason("licence_missing", LICENCE_MISSING, "licence")]
    return missing


def _driver_line(
    driver: Driver,
    known: Mapping[int, DriverFacts],
    reasons: Sequence[Reason],
    vehicles: Sequence[Vehicle],
    window: Window,
) -> DriverLine:
    facts = known[driver.person_id]
    classes = {_class(vehicle) for vehicle in vehicles}
    uncovered = [one for one in sorted(classes) if rules.fit(driver.licence_class, one) is Fit.NO]
    against_class = [
        reason
        for one in uncovered
        for reason in judge_licence_class(driver.licence_class, vehicle_class=one).refuses
    ]
    covers_none = len(uncovered) == len(classes)
    return DriverLine(
        driver, facts, [*reasons, *(against_class if covers_none else []), *against_driver(facts, window)]
    )


def _share_out(
    vehicles: Sequence[Vehicle], drivers: Sequence[DriverLine], declarations: Mapping[str, Declaration]
) -> tuple[list[VehicleLine], list[DriverLine]]:
    fits = [[rules.fit(one.driver.licence_class, _class(vehicle)) for one in drivers] for vehicle in vehicles]
    chosen = rules.assign(fits)
    used = {column for column in chosen if column is not None}
    most = max(CHOICES_AT_LEAST, CHOICES_IN_ALL // max(len(vehicles), 1))
    lines = []
    for vehicle, row, own in zip(vehicles, fits, chosen, strict=True):
        able = [column for column, fit in enumerate(row) if fit is not Fit.NO and column != own]
        free = [drivers[column] for column in able if column not in used][:most]
        others = [drivers[column] for column in able if column in used][: most - len(free)]
        driver = None if own is None else drivers[own]
        lines.append(VehicleLine(vehicle, _class(vehicle), declarations[vehicle.vin], driver, free, others))
    return lines, [driver for column, driver in enumerate(drivers) if column not in used]


def _class(vehicle: Vehicle) -> VehicleClass:
    return vehicle_class(vehicle.hs_code, vehicle.powertrain)


def _declaring(company: Company) -> QuerySet[DeclaredVehicle]:
    return DeclaredVehicle.objects.filter(declaration__company=company)


def _month(moment: datetime) -> tuple[datetime, datetime]:
    """Give the first moments of the Chinese month and of the one that follows."""
    first = moment.astimezone(CHINA).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return first, (first + timedelta(days=32)).replace(day=1)
