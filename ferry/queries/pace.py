"""Count a company's exits and deliveries by hour and day, and measure the time between; days are Beijing's.

All is grouped in the database and reads only the days asked for, by index.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from django.db.models import Count, DurationField, ExpressionWrapper, F, Q, Window
from django.db.models.functions import RowNumber, TruncDate, TruncHour

from ferry.models import Trip
from ferry.queries.issue import CHINA, china_date

if TYPE_CHECKING:
    from ferry.models import Company

DAYS = 14


@dataclass(frozen=True)
class Hour:
    """An hour of today; `usual_exits` is the mean of the same hour on the days before."""

    hour: int
    exits: int
    deliveries: int
    usual_exits: float


@dataclass(frozen=True)
class Day:
    """A day; `median` and `p90` are of the time from exit to receipt, of what was delivered on it."""

    on: date
    exits: int
    deliveries: int
    median: timedelta | None
    p90: timedelta | None


@dataclass(frozen=True)
class Pace:
    """Today by the hour, and the last DAYS days, today last."""

    hours: list[Hour]
    days: list[Day]


def pace(company: Company, *, at: datetime) -> Pace:
    today = china_date(at)
    days = [today - timedelta(days=before) for before in reversed(range(DAYS))]
    since = datetime.combine(days[0], time(), CHINA)
    exits = _by_hour(company, "exited_at", since)
    deliveries = _by_hour(company, "delivered_at", since)
    took = _took(company, since)
    before = days[:-1]
    hours = [
        Hour(
            hour,
            exits[today, hour],
            deliveries[today, hour],
            sum(exits[day, hour] for day in before) / len(before),
        )
        for hour in range(24)
    ]
    return Pace(
        hours,
        [
            Day(day, _of_day(exits, day), _of_day(deliveries, day), *took.get(day, (None, None)))
            for day in days
        ],
    )


def _by_hour(company: Company, moment: str, since: datetime) -> Counter[tuple[date, int]]:
    trips = Trip.objects.filter(company=company, **{f"{moment}__gte": since})
    hours = trips.order_by().values_list(TruncHour(moment, tzinfo=CHINA)).annotate(count=Count("*"))
    return Counter({(hour.date(), hour.hour): count for hour, count in hours})


def _of_day(counts: Counter[tuple[date, int]], day: date) -> int:
    return sum(counts[day, hour] for hour in range(24))


def _took(company: Company, since: datetime) -> dict[date, tuple[timedelta, timedelta]]:
    """Give the median and the 90th percentile by day of delivery, by nearest rank: times that really were."""
    delivered = Trip.objects.filter(
        company=company, delivered_at__gte=since, exited_at__lte=F("delivered_at")
    ).annotate(
        day=TruncDate("delivered_at", tzinfo=CHINA),
        took=ExpressionWrapper(F("delivered_at") - F("exited_at"), DurationField()),
    )
    ranked = delivered.annotate(
        place=Window(RowNumber(), partition_by=F("day"), order_by=F("took").asc()),
        of=Window(Count("*"), partition_by=F("day")),
    )
    wanted = ranked.filter(Q(place=(F("of") + 1) / 2) | Q(place=(F("of") * 9 + 9) / 10))
    found: dict[date, list[timedelta]] = defaultdict(list)
    for day, took in wanted.order_by("day", "place").values_list("day", "took"):
        found[day].append(took)
    return {day: (times[0], times[-1]) for day, times in found.items()}
