"""When a crossing takes cars: the times it is closed, with why, and when it opens again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from ferry.rules.closures import closed_at

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Closed:
    """A time in which a crossing is closed: a closure with its reason, or the hours outside its day.

    `holiday_in` is the country whose holiday it is; empty for any other reason.
    """

    starts_at: datetime
    ends_at: datetime
    reason: str = ""
    holiday_in: str = ""
    is_nightly: bool = False


def nights(
    opens: time | None, closes: time | None, *, zone: ZoneInfo, since: datetime, until: datetime
) -> Iterator[Closed]:
    """Give the hours outside a checkpoint's day that touch a time; none where it never closes."""
    if opens is None or closes is None or opens == closes:
        return
    day = since.astimezone(zone).date() - DAY
    while (closing := datetime.combine(day, closes, zone)) < until:
        opening = datetime.combine(day if opens > closes else day + DAY, opens, zone)
        if opening > since:
            yield Closed(closing, opening, is_nightly=True)
        day += DAY


def closed_now(at: datetime, times: Sequence[Closed]) -> Closed | None:
    """Find why it is closed at a moment, until it is open for good: what follows at once counts in.

    A closure is named before a night.
    """
    span = closed_at(at, [(each.starts_at, each.ends_at) for each in times])
    if span is None:
        return None
    named = min(
        (each for each in times if each.starts_at < span[1] and each.ends_at > at),
        key=lambda each: (each.is_nightly, each.starts_at),
    )
    return Closed(span[0], span[1], named.reason, named.holiday_in, named.is_nightly)


def next_closed(at: datetime, times: Iterable[Closed], *, until: datetime) -> Closed | None:
    """Find the first time that it closes after a moment and before another."""
    ahead = (each for each in times if at < each.starts_at < until)
    return min(ahead, key=lambda each: (each.starts_at, each.is_nightly), default=None)
