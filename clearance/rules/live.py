"""What a lane's scans say of it just now."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

BAR, BARS = timedelta(minutes=5), 12
#: A lane that worked this shift and was not heard of for so long is silent.
SILENT = timedelta(minutes=15)
#: After a longer gap the lane had no car before it; how long an officer takes is not in it.
LONGEST_GAP = timedelta(minutes=5)
#: Where results are written that come from a printed list.
PAPER = "paper"


def bars(moments: Iterable[datetime], *, at: datetime) -> list[int]:
    """Count moments by five minutes, the last BARS of them before `at`, oldest first."""
    counts = [0] * BARS
    for moment in moments:
        back = (at - moment) // BAR
        if 0 <= back < BARS:
            counts[BARS - 1 - back] += 1
    return counts


def seconds_per_car(moments: Sequence[datetime]) -> float | None:
    """Give the median gap from one scan of a lane to its next; None where no car followed another."""
    gaps = close_gaps(moments)
    return median(gaps) if gaps else None


def close_gaps(moments: Iterable[datetime]) -> list[float]:
    """Give the seconds from each scan of a lane to its next, where a car followed a car."""
    gaps = [later - earlier for earlier, later in pairwise(sorted(moments))]
    return [gap.total_seconds() for gap in gaps if gap < LONGEST_GAP]


def is_silent(heard_at: datetime, *, at: datetime) -> bool:
    return at - heard_at > SILENT


def is_offline(online_at: datetime | None, offline_at: datetime | None) -> bool:
    """Say whether a lane's last scan was judged without a link, as far as has been uploaded."""
    return offline_at is not None and (online_at is None or offline_at > online_at)
