"""The outline of a vehicle: what it is drawn as, how large each side's drawing is, and parts one can name.

A place on a side is told in thousandths of its drawing's width and height, so that it outlives the drawing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import pgettext_lazy

from ferry.models import Side
from ferry.rules.powertrain import vehicle_class

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from ferry.models import Vehicle

#: Width and height of each side's drawing (templates/outline/), in its own units.
SIZES: Mapping[str, tuple[int, int]] = {
    Side.LEFT: (240, 100),
    Side.RIGHT: (240, 100),
    Side.FRONT: (120, 100),
    Side.REAR: (120, 100),
    Side.TOP: (240, 100),
    Side.INSIDE: (240, 100),
}


@dataclass(frozen=True)
class Zone:
    """A part of a side that can be named, and where its middle is drawn."""

    code: str
    label: StrOrPromise
    x: int
    y: int


def shape_of(vehicle: Vehicle) -> str:
    """Say what a vehicle is drawn as: car, truck (a bus too) or plant."""
    kind = vehicle_class(vehicle.hs_code, vehicle.powertrain)
    return "truck" if kind == "bus" else kind


def zones_of(shape: str, side: str) -> tuple[Zone, ...]:
    """List the parts of a side; the right side is the left one mirrored."""
    zones = ZONES.get(shape, ZONES["car"])
    if side == Side.RIGHT:
        return tuple(Zone(zone.code, zone.label, 1000 - zone.x, zone.y) for zone in zones[Side.LEFT])
    return zones[side]


def zone_of(shape: str, side: str, code: str) -> Zone | None:
    if side not in Side.values:
        return None
    return next((zone for zone in zones_of(shape, side) if zone.code == code), None)


BUMPER = pgettext_lazy("part of a vehicle", "Bumper")
WINDSCREEN = pgettext_lazy("part of a vehicle", "Windscreen")
LIGHTS_LEFT = pgettext_lazy("part of a vehicle", "Left lights")
LIGHTS_RIGHT = pgettext_lazy("part of a vehicle", "Right lights")
FRONT_WHEEL = pgettext_lazy("part of a vehicle", "Front wheel")
REAR_WHEEL = pgettext_lazy("part of a vehicle", "Rear wheel")
CAB = pgettext_lazy("part of a vehicle", "Cab")
BUCKET = pgettext_lazy("part of a vehicle", "Bucket or fork")
BODY = pgettext_lazy("part of a vehicle", "Body")
LOAD = pgettext_lazy("part of a vehicle", "Load space")
REAR_WINDOW = pgettext_lazy("part of a vehicle", "Rear window")
MIRROR = pgettext_lazy("part of a vehicle", "Mirror")

#: Facing a vehicle's front, its left lights are on one's right.
FACE = (
    Zone("windscreen", WINDSCREEN, 500, 350),
    Zone("lights_left", LIGHTS_LEFT, 740, 600),
    Zone("lights_right", LIGHTS_RIGHT, 260, 600),
    Zone("bumper", BUMPER, 500, 760),
)
SEATS = (
    Zone("dashboard", pgettext_lazy("part of a vehicle", "Dashboard"), 260, 500),
    Zone("driver_seat", pgettext_lazy("part of a vehicle", "Driver's seat"), 430, 650),
    Zone("passenger_seat", pgettext_lazy("part of a vehicle", "Passenger's seat"), 430, 350),
)
ZONES: Mapping[str, Mapping[str, tuple[Zone, ...]]] = {
    "car": {
        Side.LEFT: (
            Zone("front_wing", pgettext_lazy("part of a vehicle", "Front wing"), 150, 540),
            Zone("front_wheel", FRONT_WHEEL, 233, 740),
            Zone("mirror", MIRROR, 320, 420),
            Zone("front_door", pgettext_lazy("part of a vehicle", "Front door"), 450, 580),
            Zone("rear_door", pgettext_lazy("part of a vehicle", "Rear door"), 660, 580),
            Zone("windows", pgettext_lazy("part of a vehicle", "Windows"), 550, 320),
            Zone("rear_wheel", REAR_WHEEL, 783, 740),
            Zone("rear_wing", pgettext_lazy("part of a vehicle", "Rear wing"), 880, 540),
        ),
        Side.FRONT: (*FACE, Zone("bonnet", pgettext_lazy("part of a vehicle", "Bonnet"), 500, 520)),
        Side.REAR: (
            Zone("rear_window", REAR_WINDOW, 500, 340),
            Zone("tail_door", pgettext_lazy("part of a vehicle", "Tail door"), 500, 580),
            Zone("lights_left", LIGHTS_LEFT, 260, 560),
            Zone("lights_right", LIGHTS_RIGHT, 740, 560),
            Zone("bumper", BUMPER, 500, 770),
        ),
        Side.TOP: (
            Zone("bonnet", pgettext_lazy("part of a vehicle", "Bonnet"), 160, 500),
            Zone("windscreen", WINDSCREEN, 330, 500),
            Zone("roof", pgettext_lazy("part of a vehicle", "Roof"), 560, 500),
            Zone("rear_window", REAR_WINDOW, 800, 500),
        ),
        Side.INSIDE: (
            *SEATS,
            Zone("rear_seats", pgettext_lazy("part of a vehicle", "Rear seats"), 660, 500),
            Zone("boot", pgettext_lazy("part of a vehicle", "Boot"), 860, 500),
        ),
    },
    "truck": {
        Side.LEFT: (
            Zone("cab", CAB, 160, 500),
            Zone("mirror", MIRROR, 110, 380),
            Zone("front_wheel", FRONT_WHEEL, 190, 800),
            Zone("load", LOAD, 630, 400),
            Zone("rear_wheel", REAR_WHEEL, 800, 800),
        ),
        Side.FRONT: FACE,
        Side.REAR: (
            Zone("load", LOAD, 500, 400),
            Zone("lights_left", LIGHTS_LEFT, 260, 760),
            Zone("lights_right", LIGHTS_RIGHT, 740, 760),
            Zone("bumper", BUMPER, 500, 820),
        ),
        Side.TOP: (Zone("cab", CAB, 160, 500), Zone("load", LOAD, 620, 500)),
        Side.INSIDE: (*SEATS, Zone("load", LOAD, 760, 500)),
    },
    "plant": {
        Side.LEFT: (
            Zone("bucket", BUCKET, 100, 700),
            Zone("front_wheel", FRONT_WHEEL, 390, 720),
            Zone("cab", CAB, 570, 320),
            Zone("body", BODY, 800, 480),
            Zone("rear_wheel", REAR_WHEEL, 780, 720),
        ),
        Side.FRONT: (*FACE, Zone("bucket", BUCKET, 500, 900)),
        Side.REAR: (
            Zone("body", BODY, 500, 520),
            Zone("lights_left", LIGHTS_LEFT, 260, 640),
            Zone("lights_right", LIGHTS_RIGHT, 740, 640),
        ),
        Side.TOP: (
            Zone("bucket", BUCKET, 100, 500),
            Zone("cab", CAB, 540, 500),
            Zone("body", BODY, 800, 500),
        ),
        Side.INSIDE: SEATS[:2],
    },
}
