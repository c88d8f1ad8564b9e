"""Record scans that come at the same time in one transaction, so that many lanes wait for one commit.

A queue forms where the database is slower than the lanes: whoever comes while scans are recorded waits, and
the first of those who waited records them all. A scan that comes alone waits for nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Condition
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


@dataclass(eq=False, slots=True)
class Call:
    """One scan as it came, with the key that was shown; `result` stays None for what must be asked alone."""

    token: str
    line: Any
    result: ScanResult | None = None
    is_done: bool = False


class Together:
    """Let one of those who wait work for all of them."""

    def __init__(self) -> None:
        self._waiting: list[Call] = []
        self._is_busy = False
        self._changed = Condition()

    def record(self, call: Call) -> ScanResult | None:
        """Give what became of a scan; None if anything about it is unusual, and nothing was stored then."""
        with self._changed:
            self._waiting.append(call)
        while calls := self._turn(call):
            try:
                _record(calls)
            finally:
                self._end(calls)
        return call.result

    def _turn(self, call: Call) -> list[Call]:
        """Wait until others have recorded this scan, or it is our turn to record those that wait."""
        with self._changed:
            self._changed.wait_for(lambda: call.is_done or not self._is_busy)
            if call.is_done:
                return []
            self._is_busy = True
            calls, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
            return calls

    def _end(self, calls: Sequence[Call]) -> None:
        with self._changed:
            for call in calls:
                call.is_done = True
            self._is_busy = False
            self._changed.notify_all()


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
