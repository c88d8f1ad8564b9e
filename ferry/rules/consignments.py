"""Foresee when a consignment is out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil

#: A pace rests on the exits of so many days: a closure or a holiday in them counts as it was.
PACE_DAYS = 7
#: Further ahead nobody plans.
FURTHEST_DAYS = 3650


@dataclass(frozen=True)
class Outlook:
    """`a_day` is the mean of the exits in the last `days`; `out_on` is None where that is no pace."""

    left: int
    exits: int
    days: int
    out_on: date | None

    @property
    def a_day(self) -> float:
        return self.exits / self.days


def foresee(*, left: int, exits: int, first_exit_on: date | None, today: date) -> Outlook:
    """Divide what is left by the pace; a consignment that began to leave lately is measured since then."""
    days = PACE_DAYS if first_exit_on is None else min(PACE_DAYS, (today - first_exit_on).days + 1)
    if not left or not exits:
        return Outlook(left, exits, days, None)
    ahead = ceil(left * days / exits)
    return Outlook(left, exits, days, today + timedelta(days=ahead) if ahead <= FURTHEST_DAYS else None)
