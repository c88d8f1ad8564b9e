"""Find what a company may know of a driver's days in Kazakhstan, and how long they will last.

The days are the person's, whoever he drove for. A company sees the dates of its own trips, of the others how
many days they took, and what follows for its next trip: see docs/adr/0008.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings

from ferry.models import Route, Stay, Trip
from ferry.queries.fleet import TRAVELLING, busy_persons, driver_stays
from ferry.queries.issue import kazakh_date, stays_of
from ferry.rules.stays import (
    PERIOD,
    dates_of_a_trip,
    days_count_for,
    days_present,
    days_used,
    last_day_of,
    next_possible_on,
)
from ferry.rules.stays import Stay as StayDays

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from ferry.models import Driver
    from ferry.queries.fleet import StayRow

AHEAD = timedelta(days=30)
WEEKS = 4


@dataclass(frozen=True)
class Week:
    """Days used on a day if nothing more is driven, and with what this company has planned."""

    on: date
    used: int
    planned: int


@dataclass(frozen=True)
class NextTrip:
    """From when a trip of so many dates is possible; None where no day can be told yet."""

    dates: int
    routes: list[Route]
    on: date | None


@dataclass(frozen=True)
class StayLedger:
    """A driver's days as his company may see them; `used` and what follows are None where none are counted.

    `own` are days in Kazakhstan on the company's trips, `coming` those it has planned.
    """

    since: date
    today: date
    until: date
    own: frozenset[date]
    coming: frozenset[date]
    stays: list[StayRow]
    planned: list[Trip]
    elsewhere: int
    used: int | None
    weeks: list[Week]
    next_trips: list[NextTrip]
    entry_ends_on: date | None


def stay_ledger(driver: Driver, *, at: datetime) -> StayLedger:
    today = kazakh_date(at)
    stays, elsewhere = driver_stays(driver, at=at)
    planned = _planned(driver, at)
    expected = [StayDays(max(kazakh_date(trip.opens_at), today), trip.planned_return_on) for trip in planned]
    own = [_until_back(row.stay, today) for row in stays]
    everything = _expected_back(driver, own, today)
    is_counted = days_count_for(driver.nationality)
    open_stay = next((row.stay for row in stays if row.stay.left_on is None), None)
    return StayLedger(
        since=today - timedelta(days=PERIOD - 1),
        today=today,
        until=today + AHEAD,
        own=_dates([_till(row.stay, today) for row in stays]),
        coming=_dates([*own, *expected]),
        stays=stays,
        planned=planned,
        elsewhere=elsewhere,
        used=_used(everything, today) if is_counted else None,
        weeks=[_week(everything, expected, today, number) for number in range(WEEKS + 1)]
        if is_counted
        else [],
        next_trips=_next_trips(everything, today) if is_counted else [],
        entry_ends_on=_last_day(open_stay) if is_counted and open_stay else None,
    )


def _planned(driver: Driver, at: datetime) -> list[Trip]:
    """Find the company's trips of his that have not brought him into Kazakhstan yet."""
    trips = Trip.objects.filter(
        company_id=driver.company_id, driver=driver, state__in=TRAVELLING, stay__isnull=True, closes_at__gt=at
    )
    return list(trips.select_related("route__exit", "route__entry").order_by("opens_at"))


def _till(stay: Stay, today: date) -> StayDays:
    return StayDays(stay.entered_on, stay.left_on or max(stay.entered_on, today))


def _until_back(stay: Stay, today: date) -> StayDays:
    """Take one who is still there to come back as planned, at the earliest today."""
    if stay.left_on is not None:
        return StayDays(stay.entered_on, stay.left_on)
    back = stay.trip.planned_return_on if stay.trip else today
    return StayDays(stay.entered_on, max(back, today, stay.entered_on))


def _expected_back(driver: Driver, own: Sequence[StayDays], today: date) -> list[StayDays]:
    """Give every stay of the person, closed: who is there for another comes back when that is told to all."""
    stays = stays_of([driver.person_id]).get(driver.person_id, ())
    backs = {stay.entered_on: stay.left_on for stay in own}
    if any(stay.left_on is None and stay.entered_on not in backs for stay in stays):
        busy = busy_persons([driver.person_id], driver.company).get(driver.person_id)
        other = max(busy.until, today) if busy else today
    else:
        other = today
    return [
        StayDays(stay.entered_on, stay.left_on or backs.get(stay.entered_on) or max(other, stay.entered_on))
        for stay in stays
    ]


def _dates(stays: Sequence[StayDays]) -> frozenset[date]:
    return days_present(stays, count_both=settings.STAY_COUNT_BOTH_TRAVEL_DAYS)


def _used(stays: Sequence[StayDays], on: date) -> int:
    return days_used(
        stays, on=on, rolling=settings.STAY_ROLLING, count_both=settings.STAY_COUNT_BOTH_TRAVEL_DAYS
    )


def _week(stays: Sequence[StayDays], expected: Sequence[StayDays], today: date, number: int) -> Week:
    on = today + timedelta(weeks=number)
    return Week(on, _used(stays, on), _used([*stays, *expected], on))


def _next_trips(stays: Sequence[StayDays], today: date) -> list[NextTrip]:
    by_dates: dict[int, list[Route]] = {}
    for route in Route.objects.filter(is_active=True).select_related("exit", "entry").order_by("pk"):
        by_dates.setdefault(dates_of_a_trip(route.trip_hours), []).append(route)
    free_on = max([today, *(stay.left_on for stay in stays if stay.left_on is not None)])
    return [
        NextTrip(
            dates,
            routes,
            next_possible_on(
                stays,
                not_before=free_on,
                days=dates,
                rolling=settings.STAY_ROLLING,
                count_both=settings.STAY_COUNT_BOTH_TRAVEL_DAYS,
            ),
        )
        for dates, routes in by_dates.items()
    ]


def _last_day(stay: Stay) -> date:
    return last_day_of(stay.entered_on, count_both=settings.STAY_COUNT_BOTH_TRAVEL_DAYS)
