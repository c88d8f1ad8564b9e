"""Read what was written on a printed list."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

CLOCK = re.compile(r"(\d{1,2})[:.：\s]?(\d{2})\Z")
DAY = timedelta(days=1)


def read_time(text: str) -> time | None:
    """Read a time of day as people write it: 9:05, 09.05, 0905."""
    match = CLOCK.match(text.strip())
    if match is None:
        return None
    hour, minute = int(match[1]), int(match[2])
    return time(hour, minute) if hour < 24 and minute < 60 else None


def first_after(as_of: datetime, clock: time, zone: ZoneInfo) -> datetime:
    """Say when a clock first showed a time since a list was printed; the minute of printing counts."""
    began = as_of.astimezone(zone).replace(second=0, microsecond=0)
    moment = began.replace(hour=clock.hour, minute=clock.minute)
    return moment if moment >= began else moment + DAY
