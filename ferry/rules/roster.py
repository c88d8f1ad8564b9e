"""Share out vehicles among drivers: who may be on a roster, and who drives what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from ferry.errors import Reason
from ferry.rules.powertrain import judge_licence_class

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ferry.rules.powertrain import VehicleClass

NEVER = datetime.min.replace(tzinfo=UTC)


class Fit(Enum):
    """Whether a driving licence covers a vehicle: wholly, only some vehicles of its kind, or not."""

    YES = "yes"
    PARTLY = "partly"
    NO = "no"


@dataclass(frozen=True)
class DriverFacts:
    """What a roster asks of a driver beyond the rules for a code.

    `trips` are this month's with the company that asks; `back_at` is the person's last return from a trip
    for anybody; `planned` is a trip for that company at that time whose code is not issued yet.
    """

    trips: int = 0
    back_at: datetime | None = None
    planned: str = ""
    is_on_a_roster: bool = False


@dataclass(frozen=True)
class VehicleFacts:
    """What a roster asks of a vehicle beyond the rules for a code."""

    is_taken: bool = False
    is_on_a_roster: bool = False


def reasons_against_driver(facts: DriverFacts, *, opens_at: datetime, rest: timedelta) -> list[Reason]:
    reasons = []
    if facts.back_at is not None and facts.back_at + rest > opens_at:
        detail = format_lazy(
            _(
                "The driver came back from a trip less than {hours} hours before. "
                "Choose another driver or a later time."
            ),
            hours=int(rest / timedelta(hours=1)),
        )
        reasons.append(Reason("driver_not_rested", detail, "driver"))
    if facts.planned:
        detail = format_lazy(
            _("The driver has trip {reference} at that time. Cancel it, or choose another driver."),
            reference=facts.planned,
        )
        reasons.append(Reason("driver_planned", detail, "driver"))
    if facts.is_on_a_roster:
        detail = _("The driver is on another roster that is being issued. Wait until it is done.")
        reasons.append(Reason("driver_on_roster", detail, "driver"))
    return reasons


def reasons_against_vehicle(facts: VehicleFacts) -> list[Reason]:
    reasons = []
    if facts.is_taken:
        detail = _("The vehicle has a trip already. Issue that trip's code, or cancel it first.")
        reasons.append(Reason("vehicle_taken", detail, "vin"))
    if facts.is_on_a_roster:
        detail = _("The vehicle is on another roster that is being issued. Wait until it is done.")
        reasons.append(Reason("vehicle_on_roster", detail, "vin"))
    return reasons


def driver_twice() -> Reason:
    detail = _("The driver is chosen for several vehicles. Choose another for all but one.")
    return Reason("driver_twice", detail, "driver")


def turn(facts: DriverFacts) -> tuple[int, datetime]:
    """Order drivers: the fewest trips this month first, then the longest rest."""
    return facts.trips, facts.back_at or NEVER


@lru_cache(maxsize=1024)
def fit(licence_class: str, vehicle_class: VehicleClass) -> Fit:
    finding = judge_licence_class(licence_class, vehicle_class=vehicle_class)
    if finding.refuses:
        return Fit.NO
    return Fit.PARTLY if finding.warns else Fit.YES


def assign(fits: Sequence[Sequence[Fit]]) -> list[int | None]:
    """Give each vehicle (a row) a driver (a column), or None; the same answer to the same question.

    Rows come with those that waited longest first, columns in the order of the drivers' turns. As many pairs
    are made as can be. Of these, the vehicles and the drivers that are passed over are the last of their
    orders: adding the two places finds the best of both at once, for whatever vehicles and whatever drivers
    can each be served can be served together (Mendelsohn and Dulmage). Among equals licences that cover the
    vehicle wholly go first.
    """
    if not fits or not fits[0]:
        return [None] * len(fits)
    # SciPy takes half a second to load, and few processes ever need it.
    from scipy.optimize import linear_sum_assignment

    drivers: list[int | None] = [None] * len(fits)
    for row, column in zip(*linear_sum_assignment(costs(fits)), strict=True):
        if fits[row][column] is not Fit.NO:
            drivers[row] = int(column)
    return drivers


def costs(fits: Sequence[Sequence[Fit]]) -> list[list[int]]:
    """Price each pair so that a higher concern outweighs all lower ones of every pair together."""
    pairs = min(len(fits), len(fits[0]))
    place = pairs + 1
    impossible = pairs * (place * (len(fits) + len(fits[0])) + 1)
    extra: Mapping[Fit, int] = {Fit.YES: 0, Fit.PARTLY: 1}
    return [
        [
            impossible if one is Fit.NO else place * (row + column) + extra[one]
            for column, one in enumerate(columns)
        ]
        for row, columns in enumerate(fits)
    ]
