"""What a company sees of a driver's days in Kazakhstan."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils.translation import override

from ferry.actions.stays import enter, leave
from ferry.models import Route
from ferry.portal.stay_calendar import stay_calendar
from ferry.queries.stays import WEEKS, stay_ledger
from tests.builders import AT, a_company, a_driver, a_route, a_trip, an_issued_trip

pytestmark = pytest.mark.django_db

TODAY = AT.date()


def day(ahead: int):
    return TODAY + timedelta(days=ahead)


@pytest.fixture
def driver():
    return a_driver(a_company())


def stayed(driver, first: int, last: int | None, **of) -> None:
    enter(person=driver.person, on=day(first), **of)
    if last is not None:
        leave(person=driver.person, on=day(last))


def elsewhere(driver):
    """Register the same person with another company."""
    other = a_company("East Star Trade")
    return a_driver(other, passport_number=driver.passport_number, name=driver.name)


def test_days_on_own_trips_are_marked_and_those_on_others_only_counted(driver):
    again = elsewhere(driver)
    stayed(again, -30, -21, trip=a_trip(again.company, driver=again))
    stayed(driver, -3, -2, trip=a_trip(driver.company, driver=driver))
    ledger = stay_ledger(driver, at=AT)
    assert ledger.own == {day(-3), day(-2)}
    assert (ledger.used, ledger.elsewhere) == (12, 10)
    drawn = stay_calendar(ledger)
    assert drawn.count("fm-stay-used") == 2
    assert drawn.count("<rect") == 180 + 30


def test_whoever_counts_marked_and_told_days_learns_nothing_of_the_dates(driver):
    again = elsewhere(driver)
    before = stay_calendar(stay_ledger(driver, at=AT))
    stayed(again, -30, -21, trip=a_trip(again.company, driver=again))
    an_issued_trip(again.company, driver=again)
    assert stay_calendar(stay_ledger(driver, at=AT)) == before


def test_a_planned_trip_is_drawn_ahead_and_counted_beside(driver):
    trip = a_trip(
        driver.company,
        driver=driver,
        opens_at=AT + timedelta(days=2),
        closes_at=AT + timedelta(days=2, hours=1),
    )
    ledger = stay_ledger(driver, at=AT)
    assert ledger.planned == [trip]
    assert ledger.coming == {day(2), day(3)}
    assert [(week.used, week.planned) for week in ledger.weeks] == [(0, 0)] + [(0, 2)] * WEEKS
    assert stay_calendar(ledger).count("fm-stay-planned") == 2


def test_who_is_still_there_comes_back_as_planned_and_must_be_back_in_thirty_days(driver):
    trip = a_trip(driver.company, driver=driver)
    stayed(driver, -5, None, trip=trip)
    ledger = stay_ledger(driver, at=AT)
    back = (trip.planned_return_on - TODAY).days
    assert ledger.entry_ends_on == day(-5 + 29)
    assert ledger.own == {day(-number) for number in range(6)}
    assert ledger.weeks[1].used == 6 + back
    assert ledger.used == 6
    assert ledger.next_trips[0].on == trip.planned_return_on


def test_who_is_away_for_another_is_told_by_the_day_that_is_known_anyway(driver):
    again = elsewhere(driver)
    theirs = an_issued_trip(again.company, driver=again)
    stayed(again, -5, None, trip=theirs)
    ledger = stay_ledger(driver, at=AT)
    assert ledger.entry_ends_on is None
    assert ledger.own == ledger.coming == frozenset()
    assert ledger.next_trips[0].on == theirs.planned_return_on


def test_the_forecast_lets_old_days_fall_out(driver):
    a_route()
    for first in (-179, -140, -100):
        stayed(driver, first, first + 29)
    ledger = stay_ledger(driver, at=AT)
    assert [week.used for week in ledger.weeks] == [90, 83, 76, 69, 62]
    assert ledger.next_trips[0].dates == 2
    assert ledger.next_trips[0].on == day(1)


def test_the_readings_of_the_agreement_are_followed(driver, settings):
    stayed(driver, -10, -9)
    settings.STAY_COUNT_BOTH_TRAVEL_DAYS = False
    assert stay_ledger(driver, at=AT).used == 1
    stayed(driver, -3, None)
    assert stay_ledger(driver, at=AT).entry_ends_on is None
    trip = a_trip(driver.company, driver=driver)
    stayed(driver, -1, None, trip=trip)
    ledger = stay_ledger(driver, at=AT)
    assert ledger.entry_ends_on == day(-1 + 30)


def test_routes_of_the_same_length_stand_together(driver):
    Route.objects.update(trip_hours=15)
    long = Route.objects.filter(is_active=True).first() or a_trip(driver.company).route
    Route.objects.filter(pk=long.pk).update(trip_hours=60)
    found = {
        each.dates: [route.pk for route in each.routes] for each in stay_ledger(driver, at=AT).next_trips
    }
    assert found[4] == [long.pk]


def test_a_kazakh_citizens_days_are_not_counted():
    driver = a_driver(a_company(), nationality="KZ", passport_number="N12345678")
    ledger = stay_ledger(driver, at=AT)
    assert (ledger.used, ledger.weeks, ledger.next_trips, ledger.entry_ends_on) == (None, [], [], None)


@pytest.mark.parametrize(("language", "month"), [("en", "Nov"), ("zh-hans", "十一月"), ("ru", "Ноя")])
def test_months_are_named_in_the_readers_language(driver, language, month):
    with override(language):
        assert month.lower() in stay_calendar(stay_ledger(driver, at=AT)).lower()
