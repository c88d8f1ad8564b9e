"""Clocks that stand still while a crossing is closed. A closure is over at its last moment."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta

Span = tuple[datetime, datetime]

NO_TIME = timedelta(0)


def open_deadline(start: datetime, limit: timedelta, closures: Iterable[Span]) -> datetime:
    """Find the first moment by which `limit` of open time has run since `start`."""
    at, left = start, limit
    for closes, reopens in _merged(closures):
        if reopens <= at:
            continue
        run = max(closes - at, NO_TIME)
        if left <= run:
            break
        at, left = reopens, left - run
    return at + left


def open_start(end: datetime, limit: timedelta, closures: Iterable[Span]) -> datetime:
    """Find the last moment since which `limit` of open time has run by `end`."""
    at, left = end, limit
    for closes, reopens in reversed(_merged(closures)):
        if closes >= at:
            continue
        run = max(at - reopens, NO_TIME)
        if left <= run:
            break
        at, left = closes, left - run
    return at - left


def elapsed(start: datetime, end: datetime, closures: Iterable[Span]) -> timedelta:
    """Measure the open time from `start` to `end`; none when the end comes first."""
    closed = sum((max(min(end, to) - max(start, since), NO_TIME) for since, to in _merged(closures)), NO_TIME)
    return max(end - start, NO_TIME) - closed


def closed_at(at: datetime, closures: Iterable[Span]) -> Span | None:
    """Find the closure a moment lies in; closures that touch count as one, so its end is the reopening."""
    return next((span for span in _merged(closures) if span[0] <= at < span[1]), None)


def is_open_by_hours(opens: time | None, closes: time | None, local: time) -> bool:
    """Judge opening hours, which may run over midnight; without hours it is open round the clock."""
    if opens is None or closes is None:
        return True
    if opens <= closes:
        return opens <= local < closes
    return local >= opens or local < closes


def redate(opens_at: datetime, closes_at: datetime, closures: Iterable[Span]) -> Span:
    """Move a window so that it opens at an open moment and holds as much open time as it was long.

    Hand in the window as it was first planned: one that was moved already would be lengthened again.
    """
    spans = _merged(closures)
    closure = closed_at(opens_at, spans)
    opens = closure[1] if closure else opens_at
    return opens, open_deadline(opens, closes_at - opens_at, spans)


def _merged(closures: Iterable[Span]) -> list[Span]:
    """Put closures in order and join those that overlap or touch."""
    merged: list[Span] = []
    for closes, reopens in sorted(span for span in closures if span[0] < span[1]):
        if merged and closes <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], reopens))
        else:
            merged.append((closes, reopens))
    return merged
