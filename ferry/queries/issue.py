"""Gather what bears on issuing codes, for any number of trips in a constant number of queries."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Q

from ferry.models import ON_THE_WAY, Closure, DeclaredVehicle, Outcome, Pass, PassState, Stay, Trip, TripState
from ferry.queries.licences import licences_with_balance, licensed_commodities, usable_licences
from ferry.queries.readiness import policies_of
from ferry.rules.commodities import needs_licence
from ferry.rules.issue import IssueFacts
from ferry.rules.readiness import NOTHING_ASKED, facts_of
from ferry.rules.stays import Stay as StayDays
from ferry.rules.vin import suggest_vins

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence
    from datetime import date, datetime

    from ferry.models import Route
    from ferry.rules.closures import Span

CHINA = ZoneInfo(settings.CHINA_TIME_ZONE)
KAZAKHSTAN = ZoneInfo(settings.KAZAKH_TIME_ZONE)


def china_date(moment: datetime) -> date:
    return moment.astimezone(CHINA).date()


def kazakh_date(moment: datetime) -> date:
    return moment.astimezone(KAZAKHSTAN).date()


def planned_return(route: Route, closes_at: datetime) -> date:
    """Say when a driver who leaves at the last moment is back, as the Kazakh calendar has it."""
    return kazakh_date(closes_at + timedelta(hours=route.trip_hours))


def facts_for(trips: Sequence[Trip], *, at: datetime) -> dict[int, IssueFacts]:
    """Gather facts by trip id. Trips come with vehicle, driver, declaration and route loaded."""
    declared = _declared(trips)
    near = _near_declared(trips, declared)
    delivered = _delivered(trips)
    open_vins = _open_passes(trips)
    busy = _busy_until(trips)
    stays = stays_of(trip.person_id for trip in trips)
    licensed = licensed_commodities()
    policies = policies_of({trip.company_id for trip in trips})
    balance = licences_with_balance({trip.company_id for trip in trips})
    closures = closures_from(min((trip.opens_at for trip in trips), default=at))
    facts = {}
    for trip in trips:
        vehicle, driver, closes_on = trip.vehicle, trip.driver, china_date(trip.closes_at)
        needed = needs_licence(vehicle.hs_code, on=closes_on, licensed=licensed)
        facts[trip.pk] = IssueFacts(
            at=at,
            state=trip.state,
            opens_at=trip.opens_at,
            closes_at=trip.closes_at,
            opens_on=china_date(trip.opens_at),
            closes_on=closes_on,
            entry_on=kazakh_date(trip.opens_at),
            planned_return_on=trip.planned_return_on,
            closures=(*closures.get(trip.route_id, ()), *closures.get(None, ())),
            vin=vehicle.vin,
            powertrain=vehicle.powertrain,
            hs_code=vehicle.hs_code,
            registered_on=vehicle.registered_on,
            after_sales_confirmed=vehicle.after_sales_confirmed,
            vehicle_is_ours=vehicle.company_id == trip.company_id,
            vehicle_has_open_pass=open_vins.get(vehicle.vin, trip.pk) != trip.pk,
            vehicle_was_delivered=(trip.declaration_id, vehicle.vin) in delivered,
            readiness=facts_of(vehicle),
            readiness_policy=policies.get(trip.company_id, NOTHING_ASKED),
            declaration_status=trip.declaration.status,
            vin_is_declared=(trip.declaration_id, vehicle.vin) in declared,
            near_declared=near.get(trip.pk, ()),
            needs_licence=needed,
            has_licence=needed
            and bool(
                usable_licences(
                    balance, company_id=trip.company_id, hs_code=vehicle.hs_code, through=closes_on
                )
            ),
            driver_is_active=driver.is_active and driver.company_id == trip.company_id,
            passport_number=driver.passport_number,
            passport_expires_on=driver.passport_expires_on,
            nationality=driver.nationality,
            licence_class=driver.licence_class,
            licence_expires_on=driver.licence_expires_on,
            driver_busy_until=_other_than(trip, busy.get(trip.person_id, {})),
            stays=stays.get(trip.person_id, ()),
            stays_roll=settings.STAY_ROLLING,
            stays_count_both=settings.STAY_COUNT_BOTH_TRAVEL_DAYS,
        )
    return facts


def stays_of(person_ids: Iterable[int], *, since: date | None = None) -> dict[int, tuple[StayDays, ...]]:
    """Give each person's stays, earliest first: all, or those not over by a day."""
    stays: dict[int, list[StayDays]] = defaultdict(list)
    rows = Stay.objects.filter(person_id__in=set(person_ids)).order_by("entered_on")
    if since is not None:
        rows = rows.filter(Q(left_on__isnull=True) | Q(left_on__gte=since))
    for person_id, entered_on, left_on in rows.values_list("person_id", "entered_on", "left_on"):
        stays[person_id].append(StayDays(entered_on, left_on))
    return {person_id: tuple(own) for person_id, own in stays.items()}


def closures_from(since: datetime) -> dict[int | None, list[Span]]:
    """Give the closures not over by `since`, by route id; under None those of every route."""
    closures: dict[int | None, list[Span]] = defaultdict(list)
    rows = Closure.objects.filter(ends_at__gt=since).order_by("starts_at")
    for route_id, starts_at, ends_at in rows.values_list("route_id", "starts_at", "ends_at"):
        closures[route_id].append((starts_at, ends_at))
    return dict(closures)


def _declared(trips: Sequence[Trip]) -> set[tuple[int, str]]:
    rows = DeclaredVehicle.objects.filter(
        declaration_id__in={trip.declaration_id for trip in trips},
        vin__in={trip.vehicle.vin for trip in trips},
    )
    return set(rows.values_list("declaration_id", "vin"))


def _near_declared(trips: Sequence[Trip], declared: Container[tuple[int, str]]) -> dict[int, tuple[str, ...]]:
    """Suggest VINs where a declaration does not list a trip's: seldom, so only then asked."""
    astray = [trip for trip in trips if (trip.declaration_id, trip.vehicle.vin) not in declared]
    if not any(trip.declaration_id and trip.vehicle.vin for trip in astray):
        return {}
    listed: dict[int, list[str]] = defaultdict(list)
    rows = DeclaredVehicle.objects.filter(declaration_id__in={trip.declaration_id for trip in astray})
    for declaration_id, vin in rows.values_list("declaration_id", "vin"):
        listed[declaration_id].append(vin)
    return {trip.pk: tuple(suggest_vins(trip.vehicle.vin, listed[trip.declaration_id])) for trip in astray}


def _delivered(trips: Sequence[Trip]) -> set[tuple[int, str]]:
    """Give declarations with those of their vehicles that are with the consignee."""
    rows = Trip.objects.filter(
        declaration_id__in={trip.declaration_id for trip in trips},
        vehicle__in={trip.vehicle_id for trip in trips},
        state__in=(TripState.DELIVERED, TripState.DISCHARGED),
    )
    return set(rows.values_list("declaration_id", "vehicle__vin"))


def _open_passes(trips: Sequence[Trip]) -> dict[str, int]:
    rows = Pass.objects.filter(vin__in={trip.vehicle.vin for trip in trips}, state=PassState.OPEN)
    return dict(rows.values_list("vin", "trip_id"))


def _busy_until(trips: Sequence[Trip]) -> dict[int, dict[int, date]]:
    rows = Trip.objects.filter(
        person_id__in={trip.person_id for trip in trips},
        state__in=ON_THE_WAY,
        driver_returned_at__isnull=True,
    ).exclude(outcome=Outcome.WRITTEN_OFF)
    busy: dict[int, dict[int, date]] = defaultdict(dict)
    for trip_id, person_id, planned_return_on in rows.values_list("pk", "person_id", "planned_return_on"):
        busy[person_id][trip_id] = planned_return_on
    return busy


def _other_than(trip: Trip, busy: Mapping[int, date]) -> date | None:
    return next((until for trip_id, until in busy.items() if trip_id != trip.pk), None)
