"""How periods are told apart, and how long the half and nine of ten took: counts in, answers out."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Kind = Literal["day", "week", "month"]
KINDS: tuple[Kind, ...] = ("day", "week", "month")
DAY = timedelta(days=1)
#: The first and the last year that a report may be asked for.
YEARS = range(2000, 2100)


@dataclass(frozen=True)
class Period:
    """Whole days, `first` to `last`; a week begins on Monday."""

    kind: Kind
    first: date
    last: date

    @property
    def days(self) -> list[date]:
        return [self.first + DAY * place for place in range((self.last - self.first).days + 1)]

    @property
    def earlier(self) -> Period:
        return period_of(self.kind, self.first - DAY)

    @property
    def later(self) -> Period:
        return period_of(self.kind, self.last + DAY)

    def until(self, today: date) -> Period:
        """Give what there is of the period so far."""
        return Period(self.kind, self.first, max(min(self.last, today), self.first))

    def compared(self, today: date) -> Period:
        """Give as many days of the period before as there are of this one so far; all when it is over."""
        whole, so_far = self.earlier, len(self.until(today).days)
        if so_far == len(self.days):
            return whole
        return Period(self.kind, whole.first, min(whole.first + DAY * (so_far - 1), whole.last))


def period_of(kind: Kind, on: date) -> Period:
    """Find the day, week or month that a day lies in."""
    if kind == "week":
        monday = on - DAY * on.weekday()
        return Period(kind, monday, monday + DAY * 6)
    if kind == "month":
        first = on.replace(day=1)
        return Period(kind, first, (first + DAY * 31).replace(day=1) - DAY)
    return Period(kind, on, on)


def minutes_between(earlier: object, later: object) -> int | None:
    """Give the whole minutes from one moment to a later one; None where the order cannot be."""
    took: timedelta = later - earlier  # type: ignore[operator]
    return took // timedelta(minutes=1) if took >= timedelta() else None


def merged(counts: Iterable[Mapping[str, int]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for one in counts:
        total.update(one)
    return total


def told_share(share: float) -> float:
    """Round a share down to a thousandth: not quite all is never 100%."""
    return int(share * 1000 + 1e-9) / 1000


def percentile(counts: Mapping[str, int], share: float) -> int | None:
    """Give the value at which so much of all is reached, by nearest rank: one that really was.

    `counts` says how often each whole number was seen. 0.5 is the median, of an even number the lower middle
    one. None where nothing was seen.
    """
    total = sum(counts.values())
    # In whole thousandths: 0.9 of ten is the ninth, whatever a float makes of it.
    rank = max(-(-round(share * 1000) * total // 1000), 1)
    seen = 0
    for value in sorted(counts, key=int):
        seen += counts[value]
        if seen >= rank:
            return int(value)
    return None
