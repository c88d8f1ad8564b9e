"""Write what vehicles crossing the border change, each table in one statement however many cross.

Hand-written because a batch of scans is measured against the database's own speed: the ORM's bulk update
spends more on composing its CASE than the database on the rows.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ferry import sql
from ferry.models import TripState
from ferry.rules.life import may_step

if TYPE_CHECKING:
    from datetime import date, datetime

    from ferry.sql import Statement


@dataclass(slots=True)
class Passage:
    """A trip's way across so far: it `was` in a state, and left China or entered Kazakhstan, or both."""

    trip_id: int
    was: str
    state: str = ""
    exited_at: datetime | None = None
    arrived_at: datetime | None = None

    def __post_init__(self) -> None:
        self.state = self.was

    def exit(self, occurred_at: datetime) -> None:
        self.exited_at = min(self.exited_at or occurred_at, occurred_at)
        self._step(TripState.EXITED)

    def enter(self, occurred_at: datetime) -> None:
        self.arrived_at = min(self.arrived_at or occurred_at, occurred_at)
        self._step(TripState.ARRIVED)

    def _step(self, to: str) -> None:
        """Take the step if it is legal; a trip that is further on already only learns its moment."""
        self.state = to if may_step(self.state, to) else self.state


@dataclass(frozen=True, slots=True)
class Leaving:
    declaration_id: int
    vin: str
    exited_at: datetime


@dataclass(frozen=True, slots=True)
class Entering:
    """A person's entry; `left_on` is when he is known to have left again, if he is."""

    person_id: int
    trip_id: int
    on: date
    left_on: date | None = None


@dataclass(slots=True)
class Crossings:
    """Collect who crossed, and write it at once. Call with the trips locked; write their events beside it."""

    passages: dict[int, Passage] = field(default_factory=dict)
    leaving: list[Leaving] = field(default_factory=list)
    entering: list[Entering] = field(default_factory=list)

    def passage(self, trip_id: int, was: str) -> Passage:
        """Give the passage of a trip; one that neither exits nor enters only has its trip assessed anew."""
        return self.passages.setdefault(trip_id, Passage(trip_id, was))

    def statements(self, *, at: datetime) -> list[Statement]:
        """Say what to write: trips moved and due now, exits of declared vehicles, stays begun."""
        moved = [
            (one.trip_id, one.was, one.state, one.exited_at, one.arrived_at) for one in self.passages.values()
        ]
        left = [(*vehicle, exited_at) for vehicle, exited_at in self._first_exits().items()]
        come = [
            (one.person_id, one.trip_id, one.on, one.left_on and max(one.left_on, one.on))
            for one in self._stays()
        ]
        return [
            *([sql.statement(MOVE, MOVE_TYPES, moved, at)] if moved else []),
            *([sql.statement(LEAVE, LEAVE_TYPES, left)] if left else []),
            *([sql.statement(ENTER, ENTER_TYPES, come)] if come else []),
        ]

    def _first_exits(self) -> dict[tuple[int, str], datetime]:
        """Give the earliest exit of each declared vehicle: one statement changes a row once."""
        latest_first = sorted(self.leaving, key=lambda one: one.exited_at, reverse=True)
        return {(one.declaration_id, one.vin): one.exited_at for one in latest_first}

    def _stays(self) -> list[Entering]:
        """Give one stay for each trip, and for each person and day."""
        of_trips = {one.trip_id: one for one in reversed(self.entering)}
        stays: dict[tuple[int, date], Entering] = {}
        for one in of_trips.values():
            same = stays.get((one.person_id, one.on), one)
            # He has left only if he has after each of them.
            left_on = max(one.left_on, same.left_on) if one.left_on and same.left_on else None
            stays[one.person_id, one.on] = replace(one, left_on=left_on)
        return list(stays.values())

    def write(self, *, at: datetime) -> None:
        sql.write(self.statements(at=at))


#: Guarded by the state each was in; of two moments the earlier stands, whichever was told first.
MOVE = """
WITH moved (trip_id, was, state, exited_at, arrived_at) AS ({rows})
UPDATE ferry_trip SET
    state = moved.state,
    exited_at = CASE WHEN moved.exited_at IS NULL OR ferry_trip.exited_at <= moved.exited_at
        THEN ferry_trip.exited_at ELSE moved.exited_at END,
    arrived_at = CASE WHEN moved.arrived_at IS NULL OR ferry_trip.arrived_at <= moved.arrived_at
        THEN ferry_trip.arrived_at ELSE moved.arrived_at END,
    next_check_at = %s
FROM moved
WHERE ferry_trip.id = moved.trip_id AND ferry_trip.state = moved.was
"""
MOVE_TYPES = ("bigint", "text", "text", "timestamptz", "timestamptz")

#: When declared vehicles first left China.
LEAVE = """
WITH gone (declaration_id, vin, exited_at) AS ({rows})
UPDATE ferry_declaredvehicle SET exited_at = gone.exited_at
FROM gone
WHERE ferry_declaredvehicle.declaration_id = gone.declaration_id AND ferry_declaredvehicle.vin = gone.vin
    AND (ferry_declaredvehicle.exited_at IS NULL OR ferry_declaredvehicle.exited_at > gone.exited_at)
"""
LEAVE_TYPES = ("bigint", "text", "timestamptz")

#: On Kazakh dates. The same trip, or the same day, is one stay; who left that day is back.
ENTER = """
WITH come (person_id, trip_id, entered_on, left_on) AS ({rows})
INSERT INTO ferry_stay (person_id, trip_id, entered_on, left_on)
SELECT come.person_id, come.trip_id, come.entered_on, come.left_on FROM come
WHERE NOT EXISTS (SELECT 1 FROM ferry_stay WHERE ferry_stay.trip_id = come.trip_id)
ON CONFLICT (person_id, entered_on) DO UPDATE SET left_on = excluded.left_on
WHERE ferry_stay.left_on = ferry_stay.entered_on
"""
ENTER_TYPES = ("bigint", "bigint", "date", "date")
