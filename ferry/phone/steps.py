"""Say to a driver what holds now and what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from ferry.models import EventKind, TripState
from ferry.rules.closures import closed_at

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from ferry.models import Pass, Trip, TripEvent
    from ferry.rules.closures import Span


@dataclass(frozen=True)
class Now:
    """One glance: a tone (go, wait, stop), an icon, a few words, and the next step in a sentence."""

    tone: str
    icon: str
    words: str
    next_step: str


@dataclass(frozen=True)
class Step:
    icon: str
    words: str
    status: str
    at: datetime | None


def what_now(
    trip: Trip, pass_: Pass | None, last_scan: TripEvent | None, closures: Sequence[Span], *, at: datetime
) -> Now:
    if trip.state == TripState.PLANNED:
        next_step = _("Wait for the code. It appears on this page as soon as the company issues it.")
        return Now("wait", "wait", _("Not ready yet"), next_step)
    if trip.state == TripState.READY and pass_ is not None:
        return _before_the_gate(trip, pass_, last_scan, closures, at)
    if last_scan is not None and trip.state in {TripState.EXITED, TripState.ARRIVED}:
        return _told_at_the_entry(trip, last_scan) or _after_the_gate(trip, last_scan)
    return _after_the_gate(trip)


def _told_at_the_entry(trip: Trip, last_scan: TripEvent) -> Now | None:
    """Say what holds him at the entry; what the exit said is over once he has left."""
    is_there = trip.state == TripState.EXITED and last_scan.data.get("crossing") == "entry"
    return _held(last_scan) if is_there else None


def _held(last_scan: TripEvent) -> Now | None:
    """Say what keeps him at a checkpoint, and what to do; nothing where he was released."""
    match last_scan.kind:
        case EventKind.REFUSED:
            next_step = _("The gate did not let you through. Stay with the car and call the company.")
            return Now("stop", "stop", _("Stop"), next_step)
        case EventKind.EXAMINE:
            next_step = _("Follow the officer to the examination. Keep this page open.")
            return Now("wait", "wait", _("Examination"), next_step)
        case EventKind.WITHDRAWN:
            next_step = _("Your release was withdrawn. Do not drive on: stop and wait for the officer.")
            return Now("stop", "stop", _("Stay where you are"), next_step)
        case EventKind.EXAMINED if last_scan.data.get("outcome") != "released":
            next_step = _("Stay with the car, do what the officer says, and call the company.")
            return Now("stop", "stop", _("The car is detained"), next_step)
    return None


def _before_the_gate(
    trip: Trip, pass_: Pass, last_scan: TripEvent | None, closures: Sequence[Span], at: datetime
) -> Now:
    if last_scan is not None and last_scan.at >= pass_.issued_at and (held := _held(last_scan)):
        return held
    if at >= pass_.closes_at:
        next_step = _("The time of this code is over. Do not drive to the gate; call the company.")
        return Now("stop", "stop", _("Too late"), next_step)
    closed = closed_at(max(at, pass_.opens_at), closures)
    if closed is not None:
        next_step = _("The crossing is closed. Wait for a message from the company.")
        return Now("stop", "stop", _("Crossing closed"), next_step)
    if at < pass_.opens_at:
        next_step = _("You may leave when the time below begins. Check the car for scratches meanwhile.")
        return Now("wait", "wait", _("Not yet"), next_step)
    next_step = _("Drive to %(place)s and hold this code up to the camera at the gate.")
    return Now("go", "car", _("You may go"), next_step % {"place": trip.route.exit.name})


def _after_the_gate(trip: Trip, last_scan: TripEvent | None = None) -> Now:
    place = {"place": trip.route.entry.name, "delivery_place": trip.delivery_place}
    match trip.state:
        case TripState.EXITED:
            next_step = _("Cross the bridge to %(place)s and show this code there again.")
            words = _words(last_scan, "exit", _("You have left China"))
            return Now("go", "bridge", words, next_step % place)
        case TripState.ARRIVED:
            next_step = _(
                "Drive to %(delivery_place)s and hand the car over. The receiver confirms with his PIN."
            )
            words = _words(last_scan, "entry", _("You are in Kazakhstan"))
            return Now("go", "handover", words, next_step % place)
        case TripState.DELIVERED | TripState.DISCHARGED:
            next_step = _("The car is handed over. Take the coach home; tell the company when you are back.")
            return Now("go", "done", _("Delivered"), next_step)
        case TripState.RETURNED:
            return Now("wait", "car", _("You came back with the car"), _("Call the company."))
        case _:
            next_step = _(
                "This trip does not take place. Do not drive; call the company if you have the car."
            )
            return Now("stop", "stop", _("Cancelled"), next_step)


def _words(last_scan: TripEvent | None, crossing: str, usual: str) -> str:
    """Say that he was released, where the last word at that gate was an examination's."""
    if last_scan is None or last_scan.kind != EventKind.EXAMINED:
        return usual
    return _("Released after examination") if last_scan.data.get("crossing") == crossing else usual


def way(trip: Trip) -> list[Step]:
    """Draw the trip as a few large steps with pictures."""
    moments = [
        ("car", _("Ready with the code"), trip.state != TripState.PLANNED, None),
        ("gate", _("Left China"), trip.exited_at is not None, trip.exited_at),
        ("bridge", _("Entered Kazakhstan"), trip.arrived_at is not None, trip.arrived_at),
        ("handover", _("Handed over"), trip.delivered_at is not None, trip.delivered_at),
        ("coach", _("Back in China"), trip.driver_returned_at is not None, trip.driver_returned_at),
    ]
    done_until = max((number for number, moment in enumerate(moments) if moment[2]), default=-1)
    steps = []
    for number, (icon, words, _done, moment) in enumerate(moments):
        status = "done" if number <= done_until else "now" if number == done_until + 1 else "next"
        steps.append(Step(icon, words, status, moment))
    return steps
