"""By when a declaration's refund must be filed, and how near that is.

An exporter gathers the papers and files by the VAT filing period of April of the year after the export
(confidence: one credible source; the day moves with holidays), so the day is a setting: REFUND_DUE.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum

SOON, NEXT = 30, 90


class Age(StrEnum):
    """How near the deadline is: past, within 30 days, within 90, later."""

    PAST = "past"
    SOON = "soon"
    NEXT = "next"
    LATER = "later"


def due_on(lodged_in: int, *, day: str) -> date:
    """Give the deadline of a declaration by the year in which it was lodged; `day` is as 04-15."""
    month, number = map(int, day.split("-"))
    return date(lodged_in + 1, month, number)


def age(due: date, *, today: date) -> Age:
    left = (due - today).days
    if left < 0:
        return Age.PAST
    return Age.SOON if left <= SOON else Age.NEXT if left <= NEXT else Age.LATER


def years_of(wanted: str, *, today: date, day: str) -> list[int]:
    """List the years whose declarations have a deadline that is so near."""
    years = range(today.year - 10, today.year + 2)
    return [year for year in years if age(due_on(year, day=day), today=today) == wanted]
