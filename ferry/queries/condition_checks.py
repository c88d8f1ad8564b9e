"""Find what was told of a trip and how its vehicle looked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q

from ferry.models import ConditionCheck, ConditionPhoto, Stage, Telling, Trip
from ferry.queries.driving import trips_in_full

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from ferry.models import Company, Driver

#: The status in the answer to a word that was taken.
TAKEN = 201


def trip_to_tell_of(driver: Driver, reference: str) -> Trip | None:
    """Find a trip that is the driver's, or was while he held a pass of it."""
    his = Q(driver=driver) | Q(passes__driver=driver)
    trips = Trip.objects.filter(his, company_id=driver.company_id, reference=reference)
    return trips.select_related(*trips_in_full()).distinct().first()


def kinds_told(trip: Trip, driver: Driver) -> set[str]:
    """Name what a driver has told of a trip and was not refused."""
    told = Telling.objects.filter(trip=trip, driver=driver, answer__status=TAKEN)
    return set(told.values_list("kind", flat=True))


def checks_of(trip: Trip) -> QuerySet[ConditionCheck]:
    """List a trip's checks in the order they were made, with all that hangs on them."""
    checks = ConditionCheck.objects.filter(trip=trip).select_related("driver")
    return checks.prefetch_related("marks", "photos").order_by("checked_at", "pk")


def check_at(trip: Trip, stage: Stage) -> ConditionCheck | None:
    """Find the last look of a stage: the driver who drives is the one who looked last."""
    return checks_of(trip).filter(stage=stage).last()


def condition_photos_of(company: Company) -> QuerySet[ConditionPhoto]:
    return ConditionPhoto.objects.filter(check_made__trip__company=company)
