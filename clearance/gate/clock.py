"""Know whether this machine's clock can be trusted: windows open and close by it while the line is down."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


def utc_now() -> datetime:
    return datetime.now(UTC)


class Clock:
    """This machine's time, and by how much it is ahead of the server's.

    The steady counter, which nobody sets, shows when the time was changed since the server was last heard.
    """

    def __init__(
        self,
        ahead: timedelta = timedelta(0),
        now: Callable[[], datetime] = utc_now,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self.now, self._steady = now, steady
        self._mark(ahead)

    def hear(self, said_at: datetime) -> None:
        """Compare with the server's clock, which speaks in whole seconds."""
        self._mark(self.now() - said_at)

    @property
    def ahead(self) -> timedelta:
        passed = timedelta(seconds=self._steady() - self._heard_steady)
        return self._ahead + (self.now() - self._heard_at) - passed

    def is_wrong(self, skew: timedelta) -> bool:
        return abs(self.ahead) > skew

    def _mark(self, ahead: timedelta) -> None:
        self._ahead, self._heard_at, self._heard_steady = ahead, self.now(), self._steady()
