"""Load what a trip's EPCIS events are made of, some trips at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Prefetch

from ferry.models import Pass, Trip, TripEvent
from ferry.queries.reports import day_span
from ferry.rules.epcis import Story

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from django.db.models import QuerySet

TRIPS_AT_ONCE = 200


def trips_opening(first: date, last: date) -> QuerySet[Trip]:
    """Find trips whose window opens from one day of Beijing's to another."""
    since, until = day_span(first)[0], day_span(last)[1]
    return Trip.objects.filter(opens_at__gte=since, opens_at__lt=until).order_by("pk")


def stories(trips: QuerySet[Trip]) -> Iterator[Story]:
    """Load trips with their events and passes, in constant memory."""
    full = trips.select_related("vehicle", "declaration", "route__exit", "route__entry").prefetch_related(
        Prefetch("events", TripEvent.objects.order_by("at", "pk")),
        Prefetch("passes", Pass.objects.defer("code").order_by("issued_at", "pk")),
    )
    for trip in full.iterator(chunk_size=TRIPS_AT_ONCE):
        yield Story(trip, list(trip.events.all()), list(trip.passes.all()))
