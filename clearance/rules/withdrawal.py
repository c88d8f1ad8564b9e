"""Judge whether a release may still be withdrawn: until there is evidence that the vehicle has left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from clearance.models import Crossing
from ferry.errors import Reason
from ferry.models import TripState

#: Where a trip stands that has passed a crossing and gone no further.
PASSED: Mapping[str, TripState] = {Crossing.EXIT: TripState.EXITED, Crossing.ENTRY: TripState.ARRIVED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """A passing and what is known since: `seen_elsewhere`, a scan of the trip that let it through on another
    pass or was made at another checkpoint; `on_record`, an authority's word that it went on.
    """

    crossing: str
    passed_at: datetime
    trip_state: str
    seen_elsewhere: bool = False
    on_record: bool = False
    driver_is_back: bool = False
    within: timedelta


def objections_to_withdrawal(passed: Passed, *, at: datetime) -> list[Reason]:
    reasons = []
    if has_left(passed):
        reasons.append(HAS_LEFT)
    if at > passed.passed_at + passed.within:
        minutes = int(passed.within.total_seconds() // 60)
        reasons.append(Reason("withdraw_too_late", format_lazy(TOO_LATE, minutes=minutes)))
    return reasons


def has_left(passed: Passed) -> bool:
    went_on = passed.trip_state != PASSED[Crossing(passed.crossing)]
    return went_on or passed.seen_elsewhere or passed.on_record or passed.driver_is_back


HAS_LEFT = Reason(
    "vehicle_has_left",
    _("The vehicle has left the checkpoint. Call the next one, or put the vehicle on the watch list."),
)
TOO_LATE = _(
    "A release can be withdrawn for {minutes} minutes. "
    "Call the next checkpoint, or put the vehicle on the watch list."
)
