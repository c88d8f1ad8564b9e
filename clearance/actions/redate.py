"""Move passes out of closures, and let those lapse whose time passed."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from clearance.actions.reconcile import BY
from clearance.queries.due import trips_to_lapse, windows_to_redate
from ferry.actions.passes import lock_trip, redate_pass
from ferry.actions.trips import lapse_trip
from ferry.errors import Refused
from ferry.models import Trip

CLOSED = "the crossing is closed"


def redate_closures(*, at: datetime) -> int:
    """Move every open pass whose whole window lies in closures to after them, and count them.

    One that may not be issued anew (a paper ends before the new window) stays as it is and lapses.
    """
    return sum(
        _redate(trip, opens_at, closes_at, at) for trip, opens_at, closes_at in windows_to_redate(at=at)
    )


def lapse_passes(*, at: datetime) -> int:
    """End the trips that never left and whose window is over; their codes die."""
    return sum(_lapse(trip, at) for trip in trips_to_lapse(at=at))


def _redate(trip: Trip, opens_at: datetime, closes_at: datetime, at: datetime) -> bool:
    try:
        with transaction.atomic():
            if _has_moved(trip):
                return False
            redate_pass(trip=trip, opens_at=opens_at, closes_at=closes_at, reason=CLOSED, at=at, by=BY)
    except Refused:
        return False
    return True


def _lapse(trip: Trip, at: datetime) -> bool:
    with transaction.atomic():
        return not _has_moved(trip) and lapse_trip(trip=trip, at=at, by=BY)


def _has_moved(trip: Trip) -> bool:
    """Lock a trip and say whether it was moved to another time, or along its life, since it was read."""
    now = lock_trip(trip)
    return (now.state, now.opens_at, now.closes_at) != (trip.state, trip.opens_at, trip.closes_at)
