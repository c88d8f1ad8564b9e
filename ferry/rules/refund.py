"""By when a declaration's refund must be filed, and how near that is.

An exporter gathers the papers and files by the VAT filing period of April of the year after the export
(confidence: one credible source; the day moves with holidays), so the day is a setting: REFUND_DUE.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum

#: Where a declaration's number (18 digits) holds the year in which it was lodged.
YEAR = slice(4, 8)
SOON, NEXT = 30, 90


class Age(StrEnum):
    """How near the deadline is: past, within 30 days, within 90, later."""

    PAST = "past"
    SOON = "soon"
    NEXT = "next"
    LATER = "later"


def due_on(number: str, *, day: str) -> date:
    """Give the deadline of a declaration by its number; `day` is month and day, as 04-15."""
    return due_in(int(number[YEAR]) + 1, day=day)


def due_in(year: int, *, day: str) -> date:
    month, number = map(int, day.split("-"))
    return date(year, month, number)


def age(due: date, *, today: date) -> Age:
    left = (due - today).days
    if left < 0:
        return Age.PAST
    return Age.SOON if left <= SOON else Age.NEXT if left <= NEXT else Age.LATER


def years_of(wanted: str, *, today: date, day: str) -> list[str]:
    """List the years, as numbers of declarations hold them, whose deadline is so near."""
    years = range(today.year - 10, today.year + 2)
    return [f"{year:04}" for year in years if age(due_in(year + 1, day=day), today=today) == wanted]
