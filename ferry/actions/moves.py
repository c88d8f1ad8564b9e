"""Move a trip along its life and write down what happened to it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.db import transaction

from ferry import sql
from ferry.models import EventKind, Trip, TripEvent, TripState
from ferry.rules.life import may_step, may_step_back

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from ferry.sql import Statement

MOMENTS: Mapping[str, str] = {
    TripState.EXITED: "exited_at",
    TripState.ARRIVED: "arrived_at",
    TripState.DELIVERED: "delivered_at",
    TripState.DISCHARGED: "discharged_at",
}


def note_event(
    *,
    trip: Trip,
    kind: EventKind,
    at: datetime,
    by: str,
    occurred_at: datetime | None = None,
    data: Mapping[str, Any] | None = None,
) -> TripEvent:
    """Write down one thing; `occurred_at` is when it was if that is not now."""
    return TripEvent.objects.create(
        trip=trip, kind=kind, at=occurred_at or at, recorded_at=at, by=by, data=dict(data or {})
    )


def events_noted(events: Sequence[TripEvent]) -> Statement:
    """Say how to write many events down at once."""
    rows = [
        (event.trip_id, str(event.kind), event.at, event.recorded_at, event.by, json.dumps(event.data))
        for event in events
    ]
    return sql.statement(NOTE, NOTE_TYPES, rows)


NOTE = 'INSERT INTO ferry_tripevent (trip_id, kind, at, recorded_at, "by", data) {rows}'
NOTE_TYPES = ("bigint", "text", "timestamptz", "timestamptz", "text", "jsonb")


def hold_trips(trips: QuerySet[Trip], *, waits: bool = True) -> set[int]:
    """Lock trips until the transaction ends, in the one order everybody keeps; give their ids.

    Trips come before what hangs on them (cases, declarations, records): whoever touches those too holds the
    trips first. One who holds trips already does not wait for more: then what another holds is passed over.
    """
    free = trips.order_by("pk").select_for_update(skip_locked=not waits, of=("self",))
    return set(free.values_list("pk", flat=True))


def move_trip(
    *,
    trip: Trip,
    to: TripState,
    kind: EventKind,
    at: datetime,
    by: str,
    occurred_at: datetime | None = None,
    data: Mapping[str, Any] | None = None,
    **changes: Any,
) -> bool:
    """Take one legal step, with its event, and make reconciliation look at it now.

    The update is guarded by the state in `trip`: False means that the step is not legal or that
    somebody else moved it first, and then nothing was written. `changes` are fields set in the same
    update. On True `trip` says what is stored.
    """
    if not may_step(trip.state, to):
        return False
    changes = {"state": to, "next_check_at": at, **changes}
    if to in MOMENTS:
        changes[MOMENTS[to]] = occurred_at or at
    with transaction.atomic():
        if not Trip.objects.filter(pk=trip.pk, state=trip.state).update(**changes):
            return False
        note_event(trip=trip, kind=kind, at=at, by=by, occurred_at=occurred_at, data=data)
    for field, value in changes.items():
        setattr(trip, field, value)
    return True


def move_back(
    *, trip: Trip, to: TripState, at: datetime, by: str, data: Mapping[str, Any] | None = None, **changes: Any
) -> bool:
    """Take the one legal step back, of a withdrawn release, with its event; guarded as a step forward."""
    if not may_step_back(trip.state, to):
        return False
    changes = {"state": to, "next_check_at": at, **changes}
    with transaction.atomic():
        if not Trip.objects.filter(pk=trip.pk, state=trip.state).update(**changes):
            return False
        note_event(trip=trip, kind=EventKind.WITHDRAWN, at=at, by=by, data=data)
    for field, value in changes.items():
        setattr(trip, field, value)
    return True
