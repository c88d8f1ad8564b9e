"""Find what a driver's own page shows."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.core import signing
from django.db.models import F, Max, Q

from ferry.models import Closure, Driver, EventKind, Pass, PassState, Trip, TripState
from ferry.models.driver import LINK_SIGNER
from ferry.queries.issue import kazakh_date
from ferry.rules.opening import Closed, nights

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from django.db.models import QuerySet

    from ferry.models import Route, TripEvent

#: How long a finished trip stays the one on the page.
STILL_SHOWN = timedelta(days=2)
EARLIER = 10
#: How long a link outlives the day it was made, and the driver's last planned return.
LINK_LIVES = timedelta(days=60)

#: What a checkpoint or the driver himself said, and that the trip was moved.
TOLD = (
    EventKind.REFUSED,
    EventKind.EXAMINE,
    EventKind.EXAMINED,
    EventKind.WITHDRAWN,
    EventKind.PICKED_UP,
    EventKind.HANDED_OVER,
    EventKind.DELIVERY_REFUSED,
    EventKind.REDATED,
)

CURRENT_FIRST = (TripState.EXITED, TripState.ARRIVED, TripState.READY)


def link_ends_on(driver: Driver) -> date:
    """Say through which day his link is good: after it was made, and after his last planned return."""
    last = Trip.objects.filter(driver=driver).aggregate(last=Max("planned_return_on"))["last"]
    made_on = kazakh_date(driver.link_made_at)
    return max(made_on, last or made_on) + LINK_LIVES


def find_driver(token: str, *, at: datetime) -> Driver | None:
    """Find whose link this is; None if it is forged, revoked or over, or he drives for nobody."""
    try:
        pk, version = LINK_SIGNER.unsign(token).split("-")
    except signing.BadSignature:
        return None
    drivers = Driver.objects.select_related("company").filter(is_active=True)
    driver = drivers.filter(pk=int(pk), link_version=int(version)).first()
    return None if driver is None or kazakh_date(at) > link_ends_on(driver) else driver


def trips_in_full() -> list[str]:
    return ["vehicle", "company", "route__exit", "route__entry"]


def current_trip(driver: Driver, *, at: datetime) -> Trip | None:
    """Pick the trip he is on, else the next one, else the one just finished."""
    trips = Trip.objects.select_related(*trips_in_full()).filter(driver=driver)
    return (
        trips.filter(state__in=CURRENT_FIRST, driver_returned_at__isnull=True).order_by("opens_at").first()
        or trips.filter(state=TripState.PLANNED, closes_at__gt=at).order_by("opens_at").first()
        or trips.filter(opens_at__gt=at - STILL_SHOWN).order_by("-opens_at").first()
    )


def coming_trips(driver: Driver, *, but: Trip | None, at: datetime) -> list[Trip]:
    """List the trips that wait for him beside the one he is on, the next first."""
    ahead = Q(state=TripState.READY) | Q(state=TripState.PLANNED, closes_at__gt=at)
    trips = _in_short(driver).filter(ahead).order_by("opens_at")
    return list((trips.exclude(pk=but.pk) if but else trips)[:EARLIER])


def earlier_trips(driver: Driver, *, but: Sequence[Trip]) -> list[Trip]:
    trips = _in_short(driver).exclude(pk__in=[trip.pk for trip in but])
    return list(trips.order_by("-opens_at")[:EARLIER])


def _in_short(driver: Driver) -> QuerySet[Trip]:
    return Trip.objects.select_related("vehicle").filter(driver=driver)


def told_of(trip: Trip) -> list[TripEvent]:
    """Give what a driver's page tells of a trip beside its steps, earliest first."""
    return list(trip.events.filter(kind__in=TOLD).order_by("at", "pk"))


def closed_times(route: Route, *, since: datetime, until: datetime) -> list[Closed]:
    """Give when a route is closed: by its own closures, those of every route, and outside the exit's day."""
    rows = Closure.objects.filter(
        Q(route=route) | Q(route__isnull=True), ends_at__gt=since, starts_at__lt=until
    )
    found = rows.values_list("starts_at", "ends_at", "reason", "holiday_in")
    zone = ZoneInfo(route.exit.time_zone)
    by_hours = nights(route.exit.opens, route.exit.closes, zone=zone, since=since, until=until)
    return [*(Closed(*row) for row in found), *by_hours]


def trips_taken_away(driver: Driver, *, at: datetime) -> list[Trip]:
    """List trips whose code he held and that now belong to another driver."""
    passes = Pass.objects.filter(driver=driver, state=PassState.SUPERSEDED, closes_at__gt=at)
    taken = passes.exclude(trip__driver_id=F("driver_id")).select_related("trip__vehicle")
    return [pass_.trip for pass_ in taken]
