"""Ask the table what is due."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from clearance.models import RecordKind
from clearance.queries.evidence import limits_for
from ferry.models import Pass, PassState, Route, Trip, TripState
from ferry.queries.issue import closures_from
from ferry.rules.closures import NO_TIME, elapsed, redate


def claim_due_trips(*, at: datetime, limit: int) -> list[int]:
    """Lock the trips that have been due longest, passing over those another worker holds."""
    due = _due(at).select_for_update(skip_locked=True, of=("self",))
    return list(due.values_list("pk", flat=True)[:limit])


def due_trips(*, at: datetime, limit: int) -> list[int]:
    """List the trips that have been due longest."""
    return list(_due(at).values_list("pk", flat=True)[:limit])


def due_trips_count(*, at: datetime) -> int:
    return _due(at).order_by().count()


def _due(at: datetime) -> QuerySet[Trip]:
    return Trip.objects.filter(next_check_at__lte=at).order_by("next_check_at", "pk")


def trips_to_lapse(*, at: datetime) -> list[Trip]:
    """Find trips that never left and whose window is over, with what clocks and late uploads may add.

    One that the Kazakh side has seen did leave, whatever became of its scan.
    """
    routes = list(Route.objects.values_list("pk", flat=True))
    over = Q()
    for route_id, limits in limits_for(routes, since=at).items():
        over |= Q(route=route_id, closes_at__lte=at - limits.clock_skew - limits.offline_grace)
    waiting = Trip.objects.filter(state__in=(TripState.PLANNED, TripState.READY)).filter(over)
    waiting = waiting.exclude(records__kind=RecordKind.KZ_ENTRY)
    return list(waiting.order_by("pk")) if routes else []


def windows_to_redate(*, at: datetime) -> list[tuple[Trip, datetime, datetime]]:
    """Find open passes whose whole window lies in closures, with the window that should take its place.

    A window that was moved before may span a closure since; the shortest its passes had is how long it is.
    """
    closures = closures_from(at)
    spans = [span for each in closures.values() for span in each]
    if not spans:
        return []
    everywhere = tuple(closures.get(None, ()))
    first, last = min(span[0] for span in spans), max(span[1] for span in spans)
    inside = Pass.objects.filter(state=PassState.OPEN, opens_at__gte=first, closes_at__lte=last)
    found = []
    for pass_ in inside.filter(trip__state=TripState.READY).select_related("trip").order_by("pk"):
        trip = pass_.trip
        of_route = (*closures.get(trip.route_id, ()), *everywhere)
        if elapsed(trip.opens_at, trip.closes_at, of_route) == NO_TIME:
            window = redate(trip.opens_at, trip.opens_at + _planned_length(trip), of_route)
            found.append((trip, *window))
    return found


def _planned_length(trip: Trip) -> timedelta:
    windows = trip.passes.values_list("opens_at", "closes_at")
    return min(closes_at - opens_at for opens_at, closes_at in windows)
