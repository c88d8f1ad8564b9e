"""Record scans that come at the same time in one transaction, so that many lanes wait for one commit.

A queue forms where the database is slower than the lanes: whoever comes while scans are recorded waits, and
the first of those who waited records them all. A scan that comes alone waits for nobody.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any

import structlog
from django.utils import timezone

from clearance.actions.scans import Source, record_scans_of_many
from clearance.api.views import device_name, read_scan_of
from ferry.actions.keys import note_use
from ferry.api.keys import fault_of
from ferry.api.throttles import KeyThrottle, caller_of
from ferry.errors import Refused
from ferry.models import KeyKind, Right
from ferry.queries.keys import find_api_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from clearance.actions.scans import ScanInput, ScanResult
    from ferry.models import ApiKey

log = structlog.get_logger(__name__)

#: More at once would keep the first of them waiting.
MOST = 64


class Call:
    """One scan as it came, with the key that was shown; `result` stays None for what must be asked alone."""

    def __init__(self, token: str, line: Any) -> None:
        self.token, self.line = token, line
        self.result: ScanResult | None = None
        self.is_done = False
        self._asleep = Lock()
        self._asleep.acquire()

    def sleep(self) -> None:
        self._asleep.acquire()

    def wake(self) -> None:
        self._asleep.release()


class Together:
    """Let one of those who wait work for all of them. Each is woken once: it is done, or it is the next."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._waiting: list[Call] = []
        self._is_busy = False

    def record(self, call: Call) -> ScanResult | None:
        """Give what became of a scan; None if anything about it is unusual, and nothing was stored then."""
        with self._lock:
            self._waiting.append(call)
            must_wait, self._is_busy = self._is_busy, True
        if must_wait:
            call.sleep()
        if not call.is_done:
            self._work()
        return call.result

    def _work(self) -> None:
        """Record all that wait; whoever works is the first of them."""
        with self._lock:
            calls, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
        try:
            _record(calls)
        finally:
            self._end(calls)

    def _end(self, calls: Sequence[Call]) -> None:
        with self._lock:
            following = self._waiting[:1]
            self._is_busy = bool(following)
        for call in calls:
            call.is_done = True
        for call in (*following, *calls[1:]):
            call.wake()


def _record(calls: Sequence[Call]) -> None:
    try:
        ready = list(_ready(calls, timezone.now()))
        results = record_scans_of_many(scans=[(scan, source) for _call, scan, source in ready])
    except Exception:
        # Each is asked alone then, and told alone what is wrong.
        log.exception("not_recorded_together", scans=len(calls))
        return
    for (call, _scan, _source), result in zip(ready, results, strict=True):
        call.result = result if result.scan is not None else None


def _ready(calls: Sequence[Call], at: datetime) -> Iterator[tuple[Call, ScanInput, Source]]:
    """Leave out what may not be recorded, or cannot be read."""
    of_token: dict[str, list[Call]] = {}
    for call in calls:
        of_token.setdefault(call.token, []).append(call)
    for token, same in of_token.items():
        key = find_api_key(token)
        if key is not None and _may_scan(key, len(same), at):
            source = Source(at=at, by=device_name(key), device=key)
            for call in same:
                try:
                    yield call, read_scan_of(key, call.line), source
                except Refused:
                    continue


def _may_scan(key: ApiKey, calls: int, at: datetime) -> bool:
    is_let_in = fault_of(key, at) is None and key.kind == KeyKind.DEVICE and key.has_right(Right.SCAN)
    if not is_let_in or not KeyThrottle().allows(caller_of(key), calls):
        return False
    note_use(key=key, at=at)
    return True
