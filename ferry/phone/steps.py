"""Say to a driver what holds now and what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from ferry.models import EventKind, TripState
from ferry.rules.opening import closed_now

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from ferry.models import Pass, Trip, TripEvent
    from ferry.rules.opening import Closed

#: What a checkpoint said that is not a step of the trip.
TOLD_AT_A_GATE = (EventKind.REFUSED, EventKind.EXAMINE, EventKind.EXAMINED, EventKind.WITHDRAWN)
#: What the driver himself said on his phone.
TOLD_BY_HIM = (EventKind.PICKED_UP, EventKind.HANDED_OVER)
#: What was said where the vehicle is to be left; the last word holds.
TOLD_AT_THE_END = (EventKind.HANDED_OVER, EventKind.DELIVERY_REFUSED)


@dataclass(frozen=True)
class Now:
    """One glance: a tone, an icon, a few words, and the next step in a sentence.

    The tone is ready (drive to the gate), go (released), wait or stop; `code` names what holds, for scripts.
    """

    code: str
    tone: str
    icon: str
    words: str
    next_step: str

    @property
    def picture(self) -> str:
        return f"phone/icons/{self.icon}.svg"


@dataclass(frozen=True)
class Step:
    icon: str
    words: str
    status: str
    at: datetime | None
    note: str = ""

    @property
    def picture(self) -> str:
        return f"phone/icons/{self.icon}.svg"


def what_now(
    trip: Trip,
    pass_: Pass | None,
    events: Sequence[TripEvent],
    closed: Sequence[Closed],
    *,
    at: datetime,
) -> Now:
    """Judge by the trip, its open pass and what was told of it, earliest first."""
    told = [event for event in events if event.kind in TOLD_AT_A_GATE]
    last_scan = told[-1] if told else None
    if trip.state == TripState.PLANNED:
        next_step = _("Wait for the code. It appears on this page as soon as the company issues it.")
        return Now("planned", "wait", "wait", _("Not ready yet"), next_step)
    if trip.state == TripState.READY and pass_ is not None:
        return _before_the_gate(trip, pass_, last_scan, closed, at)
    if last_scan is not None and (held := _told_at_the_entry(trip, last_scan)):
        return held
    return _told_at_the_end(trip, events) or _after_the_gate(trip, last_scan)


def _told_at_the_end(trip: Trip, events: Sequence[TripEvent]) -> Now | None:
    """Say what the receiver's refusal or the driver's own word asks of him, until a receipt ends it."""
    last = next((event.kind for event in reversed(events) if event.kind in TOLD_AT_THE_END), None)
    if last == EventKind.DELIVERY_REFUSED and trip.state in {TripState.EXITED, TripState.ARRIVED}:
        next_step = _("Stay with the car and call the company. It settles this with the receiver.")
        return Now("not_taken", "stop", "stop", _("The receiver does not take the car"), next_step)
    if last == EventKind.HANDED_OVER and trip.state == TripState.ARRIVED:
        next_step = _("Ask the receiver to confirm with his PIN. Until he does, the delivery is not proved.")
        return Now("handed_over", "wait", "handover", _("Handed over, not confirmed yet"), next_step)
    return None


def _told_at_the_entry(trip: Trip, last_scan: TripEvent) -> Now | None:
    """Say what holds him at the entry; what the exit said is over once he has left."""
    is_there = trip.state == TripState.EXITED and last_scan.data.get("crossing") == "entry"
    return _held(last_scan) if is_there else None


def _held(last_scan: TripEvent) -> Now | None:
    """Say what keeps him at a checkpoint, and what to do; nothing where he was released."""
    match last_scan.kind:
        case EventKind.REFUSED:
            next_step = _("The gate did not let you through. Stay with the car and call the company.")
            return Now("refused", "stop", "stop", _("Stop"), next_step)
        case EventKind.EXAMINE:
            next_step = _("Follow the officer to the examination. Keep this page open.")
            return Now("examine", "wait", "wait", _("Examination"), next_step)
        case EventKind.WITHDRAWN:
            next_step = _("Your release was withdrawn. Do not drive on: stop and wait for the officer.")
            return Now("withdrawn", "stop", "stop", _("Stay where you are"), next_step)
        case EventKind.EXAMINED if last_scan.data.get("outcome") != "released":
            next_step = _("Stay with the car, do what the officer says, and call the company.")
            return Now("detained", "stop", "stop", _("The car is detained"), next_step)
    return None


def _before_the_gate(
    trip: Trip, pass_: Pass, last_scan: TripEvent | None, closed: Sequence[Closed], at: datetime
) -> Now:
    if last_scan is not None and last_scan.at >= pass_.issued_at and (held := _held(last_scan)):
        return held
    if at >= pass_.closes_at:
        next_step = _("The time of this code is over. Do not drive to the gate; call the company.")
        return Now("too_late", "stop", "stop", _("Too late"), next_step)
    now_closed = closed_now(max(at, pass_.opens_at), closed)
    if now_closed is not None and not now_closed.is_nightly:
        return _crossing_closed(is_good_after=now_closed.ends_at < pass_.closes_at)
    if at < pass_.opens_at:
        next_step = _("You may leave when the time below begins. Check the car for scratches meanwhile.")
        return Now("not_yet", "wait", "wait", _("Not yet"), next_step)
    if now_closed is not None:
        next_step = _("The gate is closed at this hour. Be there when it opens.")
        return Now("gate_closed", "wait", "wait", _("Gate closed"), next_step)
    next_step = _("Drive to %(place)s and hold this code up to the camera at the gate.")
    return Now("may_go", "ready", "car", _("You may go"), next_step % {"place": trip.route.exit.name})


def _crossing_closed(*, is_good_after: bool) -> Now:
    if is_good_after:
        next_step = _("The crossing is closed. Wait until it opens; this code is good then.")
    else:
        next_step = _("The crossing is closed. Wait for a message from the company.")
    return Now("closed", "stop", "stop", _("Crossing closed"), next_step)


def _after_the_gate(trip: Trip, last_scan: TripEvent | None = None) -> Now:
    place = {"place": trip.route.entry.name, "delivery_place": trip.delivery_place}
    match trip.state:
        case TripState.EXITED:
            next_step = _("Cross the bridge to %(place)s and show this code there again.")
            words = _words(last_scan, "exit", _("You have left China"))
            return Now("exited", "go", "bridge", words, next_step % place)
        case TripState.ARRIVED:
            next_step = _(
                "Drive to %(delivery_place)s and hand the car over. The receiver confirms with his PIN."
            )
            words = _words(last_scan, "entry", _("You are in Kazakhstan"))
            return Now("arrived", "go", "handover", words, next_step % place)
        case TripState.DELIVERED | TripState.DISCHARGED:
            return _delivered(trip)
        case TripState.RETURNED:
            return Now("returned", "wait", "car", _("You came back with the car"), _("Call the company."))
        case _:
            next_step = _(
                "This trip does not take place. Do not drive; call the company if you have the car."
            )
            return Now("ended", "stop", "stop", _("Cancelled"), next_step)


def _delivered(trip: Trip) -> Now:
    if trip.driver_returned_at is not None:
        next_step = _("There is nothing more to do. Your next trip appears here.")
        return Now("home", "go", "done", _("Delivered, and you are back"), next_step)
    next_step = _("The car is handed over. Take the coach home; tell the company when you are back.")
    return Now("delivered", "go", "done", _("Delivered"), next_step)


def _words(last_scan: TripEvent | None, crossing: str, usual: str) -> str:
    """Say that he was released, where the last word at that gate was an examination's."""
    if last_scan is None or last_scan.kind != EventKind.EXAMINED:
        return usual
    return _("Released after examination") if last_scan.data.get("crossing") == crossing else usual


def way(trip: Trip, events: Sequence[TripEvent]) -> list[Step]:
    """Draw the trip as a few large steps with pictures; what a driver says he did waits for its proof."""
    told = {event.kind: event.at for event in events if event.kind in TOLD_BY_HIM}
    moments = _moments(trip, told)
    done_until = max(
        (number for number, (_icon, _words, is_done, _at) in enumerate(moments) if is_done), default=-1
    )
    steps = []
    for number, (icon, words, _is_done, moment) in enumerate(moments):
        status = "done" if number <= done_until else "now" if number == done_until + 1 else "next"
        steps.append(Step(icon, words, status, moment))
    return [_unproved(step, told) for step in steps]


def _moments(trip: Trip, told: Mapping[str, datetime]) -> list[tuple[str, str, bool, datetime | None]]:
    picked_up_at = told.get(EventKind.PICKED_UP)
    return [
        ("car", _("Ready with the code"), trip.state != TripState.PLANNED, None),
        ("check", pgettext("driver", "Picked up"), picked_up_at is not None, picked_up_at),
        ("gate", _("Left China"), trip.exited_at is not None, trip.exited_at),
        ("bridge", _("Entered Kazakhstan"), trip.arrived_at is not None, trip.arrived_at),
        ("handover", _("Handed over"), trip.delivered_at is not None, trip.delivered_at),
        ("coach", _("Back in China"), trip.driver_returned_at is not None, trip.driver_returned_at),
    ]


def _unproved(step: Step, told: Mapping[str, datetime]) -> Step:
    """Show a hand-over that only the driver knows of as waiting for the receiver."""
    if step.icon != "handover" or step.at is not None or EventKind.HANDED_OVER not in told:
        return step
    note = _("Waits for the receiver's confirmation")
    return Step(step.icon, step.words, step.status, told[EventKind.HANDED_OVER], note)
