"""Tell how far a declaration has come: where each of its vehicles is, and what the refund waits for."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from ferry.models import DeclarationStatus, TripState

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ferry.models import Declaration, DeclaredVehicle, Trip, Vehicle

    Row = tuple[DeclaredVehicle, Vehicle | None, Trip | None]

#: From the nearest to the exit record to the farthest.
STAGES = ("out", "gone", "ready", "planned", "waiting", "unregistered", "unknown")
STAGE_OF = {
    TripState.PLANNED: "planned",
    TripState.READY: "ready",
    TripState.EXITED: "gone",
    TripState.ARRIVED: "gone",
    TripState.DELIVERED: "gone",
    TripState.DISCHARGED: "gone",
}


@dataclass(frozen=True)
class Part:
    """So many vehicles of a declaration in one of STAGES, drawn from `x` on, of a hundred."""

    stage: str
    words: str
    count: int
    x: float
    width: float


@dataclass(frozen=True)
class Blocking:
    """A vehicle that keeps its declaration from closing, and the way forward."""

    line: DeclaredVehicle
    vehicle: Vehicle | None
    trip: Trip | None
    stage: str
    words: str
    forward: str
    address: str


@dataclass(frozen=True)
class Step:
    """A condition of the refund."""

    is_met: bool
    words: str


def blocking(rows: Iterable[Row], declaration: Declaration) -> list[Blocking]:
    return [_blocking(row, declaration) for row in rows if row[0].exited_at is None]


def parts(declaration: Declaration, held: Sequence[Blocking], *, out: int, unknown: int) -> list[Part]:
    """Draw the declared quantity as one bar; VINs beyond those read count as waiting."""
    counts = Counter(each.stage for each in held)
    counts["out"], counts["unknown"] = out, unknown
    total = max(sum(counts.values()), 1)
    drawn, x = [], 0.0
    for stage in STAGES:
        if counts[stage]:
            width = 100 * counts[stage] / total
            drawn.append(Part(stage, _stage_words(stage), counts[stage], round(x, 2), round(width, 2)))
            x += width
    return drawn


def refund_steps(declaration: Declaration, *, out: int) -> list[Step]:
    is_out = out >= declaration.quantity
    is_closed = declaration.status == DeclarationStatus.CLOSED
    return [
        Step(is_out, _("Every declared vehicle has an exit record.")),
        Step(is_closed, _("Customs have closed the declaration.")),
    ]


def _blocking(row: Row, declaration: Declaration) -> Blocking:
    line, vehicle, trip = row
    stage = _stage(vehicle, trip)
    forward, address = _forward(stage, line, trip, declaration)
    return Blocking(line, vehicle, trip, stage, _stage_words(stage), forward, address)


def _stage(vehicle: Vehicle | None, trip: Trip | None) -> str:
    if trip is not None and trip.state in STAGE_OF:
        return STAGE_OF[TripState(trip.state)]
    return "unregistered" if vehicle is None else "waiting"


def _stage_words(stage: str) -> str:
    return {
        "out": _("out of China"),
        "gone": _("left, exit record missing"),
        "ready": _("code issued"),
        "planned": _("trip planned"),
        "waiting": _("no trip yet"),
        "unregistered": _("not registered"),
        "unknown": _("VIN not entered"),
    }[stage]


def _forward(
    stage: str, line: DeclaredVehicle, trip: Trip | None, declaration: Declaration
) -> tuple[str, str]:
    """Name the next step and where it is taken."""
    if stage == "unregistered":
        return _("Register"), f"{reverse('portal:vehicle_new')}?{urlencode({'vin': line.vin})}"
    if stage == "waiting" or trip is None:
        said = {"vehicle": line.vin, "declaration": declaration.number}
        return _("Plan a trip"), f"{reverse('portal:trip_new')}?{urlencode(said)}"
    return _("Open the trip"), reverse("portal:trip", args=[trip.reference])
