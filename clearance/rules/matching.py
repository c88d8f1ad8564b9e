"""Find the trip a record is about, by exact keys and the order of time; two that fit are none.

A near VIN never matches by itself: the trip is found by the passport then, and its assessment sees the VIN.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from clearance.models import MatchedBy, RecordKind
from ferry.models import TripState

BORDER_EXIT, KZ_ENTRY, RETURN = (
    RecordKind.BORDER_EXIT.value,
    RecordKind.KZ_ENTRY.value,
    RecordKind.RETURN.value,
)
#: Trips that a person or a vehicle may have crossed on.
CROSSING = frozenset(
    {
        TripState.READY.value,
        TripState.EXITED.value,
        TripState.ARRIVED.value,
        TripState.DELIVERED.value,
        TripState.DISCHARGED.value,
        TripState.RETURNED.value,
        TripState.LAPSED.value,
    }
)
#: The gate and the border police are passed within one visit to the checkpoint.
SAME_VISIT = timedelta(hours=6)
#: What happened longer after a trip's exit is not about that trip.
LOOK_BACK = timedelta(days=90)


class Candidate(NamedTuple):
    """A trip a record may be about; `skew` and `grace` are its route's."""

    id: int
    vin: str
    person: int
    opens_at: datetime
    closes_at: datetime
    exited_at: datetime | None
    arrived_at: datetime | None
    delivered_at: datetime | None
    driver_returned_at: datetime | None
    skew: timedelta
    grace: timedelta


class Sought(NamedTuple):
    """What a record says; `persons` are those its passport number may belong to."""

    kind: str
    occurred_at: datetime
    vin: str
    persons: frozenset[int]


class Match(NamedTuple):
    """The trip, or the trips of which nobody can say which it is."""

    trip: Candidate | None = None
    ambiguous: tuple[int, ...] = ()
    by: str = ""


def match(sought: Sought, candidates: Iterable[Candidate]) -> Match:
    """Match a record about a vehicle or a person. `candidates` share its VIN or a person.

    The VIN decides where it is a trip's: the person on that trip may be another, and that is for its
    assessment to see. Otherwise the person's own trips are asked.
    """
    trips = sorted(set(candidates))
    by_person = [trip for trip in trips if trip.person in sought.persons]
    by_vin = [trip for trip in trips if sought.vin and trip.vin == sought.vin]
    both = [trip for trip in by_vin if trip.person in sought.persons]
    for some, by in (
        (both, MatchedBy.VIN_AND_PERSON),
        (by_vin, MatchedBy.VIN),
        (by_person, MatchedBy.PERSON),
    ):
        found = FITTING[sought.kind](some, sought.occurred_at)
        if found:
            return _only(found, by)
    return Match()


def _only(found: Sequence[Candidate], by: str) -> Match:
    if len(found) == 1:
        return Match(found[0], by=by)
    return Match(ambiguous=tuple(trip.id for trip in found))


def _exits(trips: Sequence[Candidate], moment: datetime) -> list[Candidate]:
    """Prefer trips that left on the same visit to the checkpoint, then those that have yet to leave."""
    same_visit = [trip for trip in trips if trip.exited_at and abs(moment - trip.exited_at) <= SAME_VISIT]
    return same_visit or _yet_to_leave(trips, moment) or _in_window(trips, moment)


def _entries(trips: Sequence[Candidate], moment: datetime) -> list[Candidate]:
    """Take the last to leave before the moment, unless that one was there long before or its driver back."""
    away = [trip for trip in _last_left(trips, moment) if not _was_through(trip, moment)]
    return away or _yet_to_leave(trips, moment) or _last_left(trips, moment)


def _was_through(trip: Candidate, moment: datetime) -> bool:
    entered = trip.arrived_at is not None and trip.arrived_at < moment - SAME_VISIT
    return entered or (trip.driver_returned_at is not None and trip.driver_returned_at < moment)


def _yet_to_leave(trips: Sequence[Candidate], moment: datetime) -> list[Candidate]:
    """Take trips whose window holds the moment and whose exit, if there was one, is not uploaded."""
    return _in_window([trip for trip in trips if trip.exited_at is None], moment)


def _last_left(trips: Sequence[Candidate], moment: datetime) -> list[Candidate]:
    """Take the last to leave before the moment, and any that left so close to it that clocks cannot tell."""
    left = [
        (trip.exited_at, trip)
        for trip in trips
        if trip.exited_at and trip.exited_at - trip.skew <= moment <= trip.exited_at + LOOK_BACK
    ]
    last = max((exited_at for exited_at, _trip in left), default=moment)
    return [trip for exited_at, trip in left if last - exited_at <= trip.skew]


def _returns(trips: Sequence[Candidate], moment: datetime) -> list[Candidate]:
    """Take the last to leave; one that was delivered did leave, whatever became of its exit scan."""
    unseen = [
        trip._replace(exited_at=trip.opens_at)
        for trip in trips
        if trip.exited_at is None and trip.delivered_at
    ]
    return _last_left([*(trip for trip in trips if trip.exited_at), *unseen], moment)


def _in_window(trips: Sequence[Candidate], moment: datetime) -> list[Candidate]:
    return [trip for trip in trips if trip.opens_at - trip.skew <= moment <= trip.closes_at + trip.grace]


FITTING: dict[str, Callable[[Sequence[Candidate], datetime], list[Candidate]]] = {
    BORDER_EXIT: _exits,
    KZ_ENTRY: _entries,
    RETURN: _returns,
}


def fits(kind: str, trip: Candidate, moment: datetime) -> bool:
    """Say whether a record of this kind and time may be about the trip."""
    return bool(FITTING[kind]([trip], moment))


def why_unmatched(sought: Sought, candidates: Iterable[Candidate]) -> str:
    """Name what keeps a record from its trip; `soon` where nothing does any more."""
    trips = list(candidates)
    found = match(sought, trips)
    if found.ambiguous:
        return "ambiguous"
    if found.trip is not None:
        return "soon"
    if trips:
        return "out_of_time"
    if sought.vin:
        return "vin_unknown"
    return "no_trip" if sought.persons else "person_unknown"
