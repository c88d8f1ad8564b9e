"""Visa-free stay: up to 30 days from each entry and 90 days in each 180.

The agreement does not say whether the 180 days roll, nor whether both travel days count; both are handed in.
All days are Kazakh calendar dates. Stays are a person's, across companies and passports: hand in all of them.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil
from typing import TYPE_CHECKING

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from ferry.rules.findings import FINE, Finding, refuse, warn

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

PERIOD = 180
ALLOWED = 90
ALLOWED_PER_ENTRY = 30
WARN_AT = (75, 80, 85)


@dataclass(frozen=True)
class Stay:
    """One stay; while `left_on` is None the person is still there, and every day counts."""

    entered_on: date
    left_on: date | None


def days_count_for(nationality: str) -> bool:
    """Say whether a person's days are counted: a Kazakh citizen is at home there."""
    return nationality != "KZ"


def days_used(stays: Iterable[Stay], *, on: date, rolling: bool, count_both: bool) -> int:
    """Count the dates present in the period that ends with `on`.

    Rolling, the period is the 180 days ending `on`; fixed, periods of 180 days follow one another from the
    first entry. With `count_both` false the day of departure is left out, but never the day of entry.
    """
    day = on.toordinal()
    return _count(_present(stays, until=day, count_both=count_both), day, rolling)


def days_present(stays: Iterable[Stay], *, count_both: bool) -> frozenset[date]:
    """List the dates that count of stays that are over or whose end is planned."""
    last = date.max.toordinal()
    closed = [stay for stay in stays if stay.left_on is not None]
    return frozenset(map(date.fromordinal, _present(closed, until=last, count_both=count_both)))


def last_day_of(entered_on: date, *, count_both: bool) -> date:
    """Say by which date a person who entered must have left again."""
    return entered_on + timedelta(days=ALLOWED_PER_ENTRY - count_both)


def dates_of_a_trip(hours: int) -> int:
    """Say on how many calendar dates a trip of so many hours may lie, whenever it starts."""
    return ceil(hours / 24) + 1


def warn_level(used: int) -> int | None:
    """Name the highest warning mark that has been reached."""
    return max((mark for mark in WARN_AT if mark <= used), default=None)


def judge_stay(
    stays: Sequence[Stay], *, entry_on: date, return_on: date, rolling: bool, count_both: bool
) -> Finding:
    """Judge a planned stay together with the earlier ones, on every day through the planned return."""
    if return_on < entry_on:
        detail = _("The planned return is before the entry. Correct one of the two dates.")
        return refuse("return_before_entry", detail, "return_on")
    planned = Stay(entry_on, return_on)
    days = (return_on - entry_on).days + 1
    free_on = next_possible_on(stays, not_before=entry_on, days=days, rolling=rolling, count_both=count_both)
    used = _peak(stays, planned, rolling=rolling, count_both=count_both)
    return _judge_length(planned, count_both) + _judge_used(used, free_on)


def _judge_length(planned: Stay, count_both: bool) -> Finding:
    if _length(planned, count_both) <= ALLOWED_PER_ENTRY:
        return FINE
    detail = format_lazy(
        _("A stay may last up to {days} days from each entry. Plan an earlier return."),
        days=ALLOWED_PER_ENTRY,
    )
    return refuse("stay_too_long", detail, "return_on")


def _judge_used(used: int, free_on: date | None) -> Finding:
    if used > ALLOWED:
        return refuse("stay_exhausted", _exhausted(free_on), "driver")
    if warn_level(used) is None:
        return FINE
    detail = format_lazy(
        _("With this trip the driver will have used {used} of {allowed} visa-free days in {period}."),
        used=used,
        allowed=ALLOWED,
        period=PERIOD,
    )
    return warn("stay_warn", detail, "driver")


def _exhausted(free_on: date | None) -> StrOrPromise:
    if free_on is None:
        return _("The driver's visa-free days do not last until the planned return. Choose another driver.")
    return format_lazy(
        _(
            "The driver's visa-free days do not last until the planned return. "
            "Choose another driver, or plan this trip for {date} or later."
        ),
        date=free_on.isoformat(),
    )


def next_possible_on(
    stays: Sequence[Stay], *, not_before: date, days: int, rolling: bool, count_both: bool
) -> date | None:
    """Find the first entry date on which a trip of so many calendar dates keeps to the rules.

    None when there is none: the trip is too long for any date, or the person has yet to come back.
    """
    past = [stay.left_on for stay in stays if stay.left_on is not None]
    if len(past) < len(stays) or _length(_trip(1, days), count_both) > ALLOWED_PER_ENTRY:
        return None
    first = not_before.toordinal()
    # A whole period after the last stay nothing of it is left to count.
    last = min(max([first, *(left.toordinal() for left in past)]) + PERIOD, date.max.toordinal() - days)
    fitting = (
        day
        for day in range(first, last + 1)
        if _peak(stays, _trip(day, days), rolling=rolling, count_both=count_both) <= ALLOWED
    )
    found = next(fitting, None)
    return None if found is None else date.fromordinal(found)


def _trip(day: int, days: int) -> Stay:
    return Stay(date.fromordinal(day), date.fromordinal(day + days - 1))


def _length(stay: Stay, count_both: bool) -> int:
    return len(_dates(stay, until=date.max.toordinal(), count_both=count_both))


def _peak(stays: Iterable[Stay], planned: Stay, *, rolling: bool, count_both: bool) -> int:
    """Find the most days used on any date of the planned stay; a whole period there is too much already."""
    first = planned.entered_on.toordinal()
    last = min((planned.left_on or date.max).toordinal(), first + PERIOD - 1)
    present = _present([*stays, planned], until=last, count_both=count_both)
    return max(_count(present, day, rolling) for day in range(first, last + 1))


def _count(present: Sequence[int], day: int, rolling: bool) -> int:
    if not present:
        return 0
    start = day - PERIOD + 1 if rolling else day - (day - present[0]) % PERIOD
    return bisect_right(present, day) - bisect_left(present, start)


def _present(stays: Iterable[Stay], *, until: int, count_both: bool) -> list[int]:
    return sorted({day for stay in stays for day in _dates(stay, until=until, count_both=count_both)})


def _dates(stay: Stay, *, until: int, count_both: bool) -> range:
    entered = stay.entered_on.toordinal()
    left = until if stay.left_on is None else stay.left_on.toordinal() - (not count_both)
    return range(entered, min(max(left, entered), until) + 1)
