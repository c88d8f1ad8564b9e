"""What an officer is told beside a scan's reasons."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: After that, clock times say it better than a number of seconds.
LATELY = timedelta(minutes=10)


def seconds_since_use(reasons: Iterable[Mapping[str, Any]], *, at: datetime) -> int | None:
    """Count the seconds since a vehicle passed on the same code; None where that was long ago, or never."""
    params = (reason.get("params", {}) for reason in reasons if reason["code"] == "already_used")
    used: Mapping[str, Any] = next(params, {})
    if "at" not in used:
        return None
    since = at - datetime.fromisoformat(used["at"])
    return int(since.total_seconds()) if timedelta(0) <= since < LATELY else None
