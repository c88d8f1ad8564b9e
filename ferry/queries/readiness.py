"""Find how far vehicles are on their way to a code, one by one and by the thousand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import Q
from django.db.models.expressions import RawSQL
from django.db.models.functions import Right

from ferry.models import (
    DeclarationStatus,
    Powertrain,
    ReadinessPolicy,
    Vehicle,
    VehicleMark,
)
from ferry.queries.vehicles import TAKEN, waiting_vehicles
from ferry.rules.readiness import (
    NOTHING_ASKED,
    Papers,
    ReadinessFacts,
    Step,
    facts_of,
    reasons_with_papers,
    step_before_code,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from django.db.models import QuerySet

    from ferry.errors import Reason
    from ferry.models import Company, Consignment

MARKS_SHOWN = 30
#: As many of the VIN's last characters as are read off a windscreen, and as are in the index.
VIN_END = 6
CHOICES_SHOWN = 8

#: The papers by how good they are, and the states of a trip in which its vehicle is taken by how far it is;
#: the database counts with their places.
RANKED = (Papers.NONE, Papers.CHANGED, Papers.ACCEPTED, Papers.RELEASED)
ON_TRIP = ("", *TAKEN)
KEY = ("battery", "yard", "inspected", "charged", "charge", "enough_keys", "papers", "trip")
Key = tuple[int, ...]

#: What decides a vehicle's step, as small numbers: equal ones mean the same step and the same reasons. Each
#: vehicle looks up its own: joined, a consignment that came just now is unknown to the planner, and all trips
#: are read anew for each of its vehicles.
WAY = f"""
WITH way AS (
    SELECT id, hs_code,
        CASE WHEN powertrain = '{Powertrain.BEV}' THEN 1 ELSE 0 END AS battery,
        CASE WHEN in_yard_at IS NULL THEN 0 ELSE 1 END AS yard,
        CASE WHEN inspected_at IS NULL THEN 0 ELSE 1 END AS inspected,
        CASE WHEN charged_at IS NULL THEN 0 ELSE 1 END AS charged,
        CASE WHEN charge_percent >= %s THEN 1 ELSE 0 END AS charge,
        CASE WHEN keys >= %s THEN 1 ELSE 0 END AS enough_keys,
        COALESCE((
            SELECT MAX(CASE declaration.status
                WHEN '{DeclarationStatus.RELEASED}' THEN 3
                WHEN '{DeclarationStatus.CLOSED}' THEN 3
                WHEN '{DeclarationStatus.ACCEPTED}' THEN 2 ELSE 1 END)
            FROM ferry_declaredvehicle declared
            JOIN ferry_declaration declaration ON declaration.id = declared.declaration_id
            WHERE declared.vin = ferry_vehicle.vin AND declaration.company_id = ferry_vehicle.company_id
        ), 0) AS papers,
        COALESCE((
            SELECT MAX(CASE trip.state
                {" ".join(f"WHEN '{state}' THEN {place}" for place, state in enumerate(ON_TRIP) if state)}
                ELSE 0 END)
            FROM ferry_trip trip
            WHERE trip.vehicle_id = ferry_vehicle.id AND trip.company_id = ferry_vehicle.company_id
        ), 0) AS trip
    FROM ferry_vehicle WHERE company_id = %s AND {{where}}
)
"""  # noqa: S608  (the words are ours)


@dataclass(frozen=True)
class Way:
    """A vehicle, the step it is in, and what it lacks before it can have a trip."""

    vehicle: Vehicle
    step: Step
    reasons: list[Reason]


@dataclass(frozen=True)
class Group:
    """So many vehicles of which the same is known; `key` is what that is."""

    key: Key
    hs_code: str
    count: int
    step: Step
    reasons: list[Reason]


def policies_of(company_ids: Iterable[int]) -> dict[int, ReadinessPolicy]:
    return {row.company_id: row for row in ReadinessPolicy.objects.filter(company_id__in=company_ids)}


def policy_of(company: Company) -> ReadinessPolicy:
    return policies_of([company.pk]).get(company.pk, NOTHING_ASKED)


@dataclass(frozen=True)
class Cars:
    """Which of a company's vehicles are looked at, as a condition in SQL."""

    company_id: int
    where: str
    params: tuple[int, ...]


def of_consignment(consignment: Consignment) -> Cars:
    return Cars(consignment.company_id, "consignment_id = %s", (consignment.pk,))


def these(company: Company, vehicles: Sequence[Vehicle]) -> Cars:
    marks = ", ".join(["%s"] * len(vehicles)) or "NULL"
    return Cars(company.pk, f"id IN ({marks})", tuple(vehicle.pk for vehicle in vehicles))


def ways_of(company: Company, vehicles: Sequence[Vehicle], policy: ReadinessPolicy) -> list[Way]:
    """Say of each vehicle where it stands."""
    text, params = _sql(these(company, vehicles), policy, "SELECT id, papers, trip FROM way")
    known = {pk: (RANKED[papers], ON_TRIP[trip]) for pk, papers, trip in _rows(text, params)}
    return [_way(vehicle, *known[vehicle.pk], policy) for vehicle in vehicles]


def groups_of(cars: Cars, policy: ReadinessPolicy) -> list[Group]:
    """Put vehicles together of which the same is known: one query, however many they are."""
    names = ", ".join((*KEY, "hs_code"))
    text, params = _sql(cars, policy, f"SELECT {names}, COUNT(*) FROM way GROUP BY {names}")  # noqa: S608  (the names are ours)
    return [_group(tuple(key), hs_code, count, policy) for *key, hs_code, count in _rows(text, params)]


def within(cars: Cars, groups: Sequence[Group], policy: ReadinessPolicy) -> QuerySet[Vehicle]:
    """List the vehicles of some groups."""
    keys = sorted({group.key for group in groups})
    if not keys:
        return Vehicle.objects.none()
    one = f"({', '.join(['%s'] * len(KEY))})"
    chosen = f"SELECT id FROM way WHERE ({', '.join(KEY)}) IN (VALUES {', '.join([one] * len(keys))})"  # noqa: S608
    text, params = _sql(cars, policy, chosen)
    values = [*params, *(each for key in keys for each in key)]
    return Vehicle.objects.filter(pk__in=RawSQL(text, values))  # noqa: S611  (the words are ours)


def are_ready(policy: ReadinessPolicy) -> Q:
    """Pick the vehicles against which the yard has nothing, as `reasons_against` judges one of them."""
    ready = Q()
    if policy.asks_yard:
        ready &= Q(in_yard_at__isnull=False)
    if policy.asks_inspection:
        ready &= Q(inspected_at__isnull=False)
    if policy.asks_charge:
        is_enough = ~Q(powertrain=Powertrain.BEV) | Q(charge_percent__gte=policy.least_charge)
        ready &= Q(charged_at__isnull=False) & is_enough
    if policy.least_keys:
        ready &= Q(keys__gte=policy.least_keys)
    return ready


def to_be_done(company: Company, what: str, policy: ReadinessPolicy) -> QuerySet[Vehicle]:
    """List the vehicles without a trip: all, or those to `await`, `inspect` or `charge`, or `ready`."""
    waiting = waiting_vehicles(company)
    match what:
        case "await":
            return waiting.filter(in_yard_at__isnull=True)
        case "inspect":
            return waiting.filter(in_yard_at__isnull=False, inspected_at__isnull=True)
        case "charge":
            is_low = Q(powertrain=Powertrain.BEV, charge_percent__lt=policy.least_charge)
            return waiting.filter(Q(charged_at__isnull=True) | is_low, in_yard_at__isnull=False)
        case "ready":
            return waiting.filter(are_ready(policy))
        case _:
            return waiting


def by_vin_end(company: Company, end: str) -> list[Vehicle]:
    """Find the vehicles whose VIN ends so (VIN_END characters or more), one more than are shown."""
    vehicles = Vehicle.objects.annotate(end=Right("vin", VIN_END)).filter(
        company=company, end=end[-VIN_END:], vin__endswith=end
    )
    return list(vehicles.order_by("-pk")[: CHOICES_SHOWN + 1])


def marks_of(company: Company, vehicle: Vehicle) -> list[VehicleMark]:
    """List what this company's people recorded of a vehicle, newest first."""
    return list(VehicleMark.objects.filter(vehicle=vehicle, company=company).order_by("-pk")[:MARKS_SHOWN])


def _way(vehicle: Vehicle, papers: Papers, trip_state: str, policy: ReadinessPolicy) -> Way:
    return Way(vehicle, *_judged(facts_of(vehicle), papers, trip_state, policy))


def _judged(
    facts: ReadinessFacts, papers: Papers, trip_state: str, policy: ReadinessPolicy
) -> tuple[Step, list[Reason]]:
    if trip_state:
        return Step(trip_state), []
    return step_before_code(facts, papers, policy), reasons_with_papers(facts, papers, policy)


def _group(key: Key, hs_code: str, count: int, policy: ReadinessPolicy) -> Group:
    battery, yard, inspected, charged, charge, keys, papers, trip = key
    facts = ReadinessFacts(
        is_battery=bool(battery),
        is_in_yard=bool(yard),
        is_inspected=bool(inspected),
        is_charged=bool(charged),
        charge=policy.least_charge if charge else None,
        keys=policy.least_keys if keys else None,
    )
    return Group(key, hs_code, count, *_judged(facts, RANKED[papers], ON_TRIP[trip], policy))


def _sql(cars: Cars, policy: ReadinessPolicy, select: str) -> tuple[str, list[Any]]:
    params = [policy.least_charge, policy.least_keys, cars.company_id, *cars.params]
    return f"{WAY.format(where=cars.where)} {select}", params


def _rows(text: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as run:
        run.execute(text, params)
        rows: list[tuple[Any, ...]] = run.fetchall()
        return rows
