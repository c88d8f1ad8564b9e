"""Tell where a trip's vehicle is on its way, as a strip of five places, and what checkpoints said to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from ferry.models import Checkpoint, EventKind, TripState
from ferry.queries.issue import closures_from
from ferry.reasons import in_words
from ferry.rules.closures import open_deadline
from ferry.rules.corridor import ENTRY_EXPECTED, RECEIPT_EXPECTED, WINDOW_ENDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from ferry.models import Trip, TripEvent

YARD, EXIT, BRIDGE, ENTRY, PLACE = range(5)
#: Where a vehicle is by its trip's state; nowhere once the trip has ended before it left.
STANDS = {
    TripState.PLANNED: YARD,
    TripState.READY: YARD,
    TripState.EXITED: BRIDGE,
    TripState.ARRIVED: ENTRY,
    TripState.DELIVERED: PLACE,
    TripState.DISCHARGED: PLACE,
    TripState.RETURNED: YARD,
}
NEVER = {TripState.CANCELLED, TripState.LAPSED, TripState.RETURNED}
#: What a checkpoint said when it noted such an event.
VERDICTS = {
    EventKind.EXITED: "release",
    EventKind.ARRIVED: "release",
    EventKind.REFUSED: "refuse",
    EventKind.EXAMINE: "examine",
    EventKind.WITHDRAWN: "refuse",
}

PASSING = {EventKind.EXITED, EventKind.ARRIVED}
#: After these a vehicle stands at the checkpoint.
HOLDING = {EventKind.REFUSED, EventKind.EXAMINE, EventKind.EXAMINED, EventKind.WITHDRAWN}
NEW_CODE = {EventKind.ISSUED, EventKind.DRIVER_SWAPPED, EventKind.REDATED}


@dataclass(frozen=True)
class Stop:
    """A place on the way: `state` is done, now, late, todo, unproved or never.

    `at` is when it was reached, `until` by when that is expected; both may be unknown. A window is told by
    `since` and `until`.
    """

    kind: str
    x: int
    label: str
    state: str
    words: str
    at: datetime | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Way:
    """The stops in their order; `car_x` is where the vehicle is drawn, None where it is not under way."""

    stops: list[Stop]
    car_x: int | None


@dataclass(frozen=True)
class ScanTold:
    """What a checkpoint said, when and where, with the reasons in the reader's language."""

    event: TripEvent
    verdict: str
    words: str
    place: str
    lane: str
    reasons: list[str]


@dataclass(frozen=True)
class Held:
    """What keeps a vehicle at a checkpoint now, and what the company does next."""

    verdict: str
    words: str
    place: str
    next_step: str
    since: datetime


def way_of(trip: Trip, events: Sequence[TripEvent], *, at: datetime) -> Way:
    stands = _stands(trip, events)
    entry_by, place_by = _expected(trip)
    issued_at = next((event.at for event in reversed(events) if event.kind == EventKind.ISSUED), None)
    reached = [
        issued_at or trip.created_at,
        trip.exited_at,
        trip.arrived_at,
        trip.arrived_at,
        trip.delivered_at,
    ]
    untils = [trip.opens_at, trip.closes_at, entry_by, entry_by, place_by]
    late = _late(trip, at, entry_by, place_by)
    kinds = ("yard", "exit", "bridge", "entry", "place")
    labels = [_("Yard"), str(trip.route.exit), _("Bridge"), str(trip.route.entry), trip.delivery_place]
    stops = []
    for place, (kind, label) in enumerate(zip(kinds, labels, strict=True)):
        state = _state(trip, place, stands, reached[place], late)
        stops.append(
            Stop(
                kind=kind,
                x=94 + 188 * place,
                label=label,
                state=state,
                words=_words(state),
                at=reached[place] if state in {"done", "unproved"} and place != BRIDGE else None,
                since=trip.opens_at if place == EXIT and state in {"todo", "now", "late"} else None,
                until=untils[place]
                if state in {"todo", "now", "late"} and place not in (YARD, BRIDGE)
                else None,
            )
        )
    return Way(stops, None if stands is None else stops[stands].x)


def scans_told(events: Sequence[TripEvent], names: Mapping[str, str]) -> list[ScanTold]:
    """Tell what checkpoints said to the vehicle, the newest first.

    That an examined vehicle then passed is told by the examination.
    """
    examined = {_told_with(event) for event in events if event.kind == EventKind.EXAMINED}
    said = [
        event
        for event in reversed(events)
        if "checkpoint" in event.data
        and (event.kind in HOLDING or (event.kind in PASSING and _told_with(event) not in examined))
    ]
    return [_scan(event, names) for event in said]


def _told_with(event: TripEvent) -> tuple[Any, datetime]:
    """Name a scan and the moment: one that is withdrawn may be released again."""
    return event.data.get("scan"), event.at


def held_at(trip: Trip, events: Sequence[TripEvent], names: Mapping[str, str]) -> Held | None:
    """Say what keeps the vehicle at a checkpoint; None where nothing does."""
    last = _last_at_a_gate(events)
    if last is None or not _is_held(trip, last) or _has_new_code(events, last):
        return None
    verdict, words, next_step = _told_to_wait(last)
    place = names.get(last.data.get("checkpoint", ""), last.data.get("checkpoint", ""))
    return Held(verdict, words, place, next_step, last.at)


def _has_new_code(events: Sequence[TripEvent], last: TripEvent) -> bool:
    """Say whether what the checkpoint said was about an older code."""
    return any(event.kind in NEW_CODE and event.recorded_at > last.recorded_at for event in events)


def _told_to_wait(last: TripEvent) -> tuple[str, str, str]:
    match last.kind:
        case EventKind.EXAMINE:
            next_step = _(
                "Nothing to do: the driver follows the officer. The outcome appears here by itself."
            )
            return "examine", _("Being examined"), next_step
        case EventKind.WITHDRAWN:
            next_step = _(
                "Call the driver: he stops and waits for the officer, who examines the vehicle anew."
            )
            return "refuse", _("Release withdrawn"), next_step
        case EventKind.EXAMINED:
            next_step = _(
                "The driver stays with the vehicle. Call the checkpoint, and have the trip's papers ready."
            )
            return "refuse", _("Detained after examination"), next_step
    next_step = _("Call the driver. What is wrong, and what puts it right, is told below.")
    return "refuse", pgettext("scan", "Refused"), next_step


def place_names(trip: Trip, events: Sequence[TripEvent]) -> dict[str, str]:
    """Name the checkpoints of a trip's events by their codes; another than the route's own is seldom."""
    names = {place.code: str(place) for place in (trip.route.exit, trip.route.entry)}
    others = {event.data["checkpoint"] for event in events if "checkpoint" in event.data} - names.keys()
    if others:
        names |= {place.code: str(place) for place in Checkpoint.objects.filter(code__in=others)}
    return names


def _stands(trip: Trip, events: Sequence[TripEvent]) -> int | None:
    """Find where it is; one that was stopped at a checkpoint stands there."""
    stands = STANDS.get(TripState(trip.state))
    last = _last_at_a_gate(events)
    if last is None or not _is_held(trip, last):
        return stands
    return EXIT if last.data["crossing"] == "exit" else ENTRY


def _last_at_a_gate(events: Sequence[TripEvent]) -> TripEvent | None:
    return next((event for event in reversed(events) if event.data.get("crossing")), None)


def _is_held(trip: Trip, last: TripEvent) -> bool:
    """Say whether a checkpoint keeps the vehicle that stands before it."""
    if last.kind not in HOLDING or (
        last.kind == EventKind.EXAMINED and last.data.get("outcome") == "released"
    ):
        return False
    before = {"exit": TripState.READY, "entry": TripState.EXITED}
    return trip.state == before.get(last.data["crossing"])


def _expected(trip: Trip) -> tuple[datetime | None, datetime | None]:
    """Say by when entry and receipt are expected; a closure stops the clock."""
    if trip.exited_at is None:
        return None, None
    closures = closures_from(trip.exited_at)
    closed = [*closures.get(trip.route_id, ()), *closures.get(None, ())]
    return (
        open_deadline(trip.exited_at, ENTRY_EXPECTED, closed),
        open_deadline(trip.exited_at, RECEIPT_EXPECTED, closed),
    )


def _late(trip: Trip, at: datetime, entry_by: datetime | None, place_by: datetime | None) -> set[int]:
    late = set()
    if trip.state == TripState.PLANNED and trip.opens_at <= at:
        late.add(YARD)
    if trip.state == TripState.READY and trip.closes_at <= at + WINDOW_ENDS:
        late.add(EXIT)
    if entry_by and entry_by < at and trip.state == TripState.EXITED:
        late |= {BRIDGE, ENTRY}
    if place_by and place_by < at and trip.state in {TripState.EXITED, TripState.ARRIVED}:
        late.add(PLACE)
    return late


def _state(trip: Trip, place: int, stands: int | None, reached: datetime | None, late: set[int]) -> str:
    if trip.state in NEVER and (reached is None or place == YARD):
        return "done" if place == YARD else "never"
    if place in late:
        return "late"
    if place == stands and not (place == PLACE or (place == ENTRY and reached)):
        return "now"
    if reached is not None:
        return "done"
    return "unproved" if stands is not None and place < stands else "todo"


def _words(state: str) -> str:
    return {
        "done": _("done"),
        "now": _("here now"),
        "late": _("later than expected"),
        "todo": _("to come"),
        "unproved": _("no record yet"),
        "never": _("not reached"),
    }[state]


def _scan(event: TripEvent, names: Mapping[str, str]) -> ScanTold:
    data: dict[str, Any] = event.data
    verdict = VERDICTS.get(EventKind(event.kind), "")
    words = ""
    if event.kind == EventKind.EXAMINED:
        released = data.get("outcome") == "released"
        verdict = "release" if released else "refuse"
        words = _("Released after examination") if released else _("Detained after examination")
    elif event.kind == EventKind.WITHDRAWN:
        words = _("Release withdrawn")
    reasons = [str(reason.detail) for reason in in_words(data.get("reasons", []))]
    if offline := data.get("offline"):
        minutes = round(offline["list_age_s"] / 60)
        told = _("Decided without a connection, by a list %(minutes)d minutes old.")
        reasons.append(told % {"minutes": minutes})
    place = names.get(data["checkpoint"], data["checkpoint"])
    return ScanTold(event, verdict, words, place, data.get("lane", ""), reasons)
