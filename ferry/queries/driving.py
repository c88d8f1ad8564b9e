"""Find what a driver's own page shows."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.core import signing
from django.db.models import F, Max

from ferry.models import Driver, Pass, PassState, Trip, TripState
from ferry.models.driver import LINK_SIGNER
from ferry.queries.issue import kazakh_date

if TYPE_CHECKING:
    from datetime import date, datetime

#: How long a finished trip stays the one on the page.
STILL_SHOWN = timedelta(days=2)
EARLIER = 10
#: How long a link outlives the day it was made, and the driver's last planned return.
LINK_LIVES = timedelta(days=60)

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


def earlier_trips(driver: Driver, *, but: Trip | None) -> list[Trip]:
    trips = Trip.objects.select_related("vehicle").filter(driver=driver).order_by("-opens_at")
    return list((trips.exclude(pk=but.pk) if but else trips)[:EARLIER])


def trips_taken_away(driver: Driver, *, at: datetime) -> list[Trip]:
    """List trips whose code he held and that now belong to another driver."""
    passes = Pass.objects.filter(driver=driver, state=PassState.SUPERSEDED, closes_at__gt=at)
    taken = passes.exclude(trip__driver_id=F("driver_id")).select_related("trip__vehicle")
    return [pass_.trip for pass_ in taken]
