"""Stays open and close once, on Kazakh dates."""

from __future__ import annotations

from datetime import date

import pytest

from ferry.actions.stays import enter, leave
from ferry.models import Stay
from tests.builders import a_company, a_driver, a_trip

pytestmark = pytest.mark.django_db

MONDAY, TUESDAY, FRIDAY = date(2026, 11, 23), date(2026, 11, 24), date(2026, 11, 27)


def test_entering_twice_on_one_trip_is_one_stay():
    trip = a_trip()
    first = enter(person=trip.person, on=MONDAY, trip=trip)
    assert enter(person=trip.person, on=TUESDAY, trip=trip) == first
    assert Stay.objects.count() == 1


def test_leaving_closes_the_open_stay_once():
    person = a_driver(a_company()).person
    enter(person=person, on=MONDAY)
    assert leave(person=person, on=TUESDAY)
    assert not leave(person=person, on=FRIDAY)
    assert Stay.objects.get().left_on == TUESDAY


def test_nobody_leaves_before_he_entered():
    person = a_driver(a_company()).person
    enter(person=person, on=TUESDAY)
    assert not leave(person=person, on=MONDAY)
    assert Stay.objects.get().left_on is None


def test_a_second_trip_on_the_day_of_return_reopens_that_days_stay():
    trip = a_trip()
    second = a_trip(trip.company, driver=trip.driver)
    enter(person=trip.person, on=MONDAY, trip=trip)
    leave(person=trip.person, on=MONDAY)
    enter(person=trip.person, on=MONDAY, trip=second)
    assert Stay.objects.get().left_on is None


def test_a_strangers_stay_is_not_touched():
    company = a_company()
    one, other = a_driver(company).person, a_driver(company).person
    enter(person=one, on=MONDAY)
    assert not leave(person=other, on=MONDAY)
    assert Stay.objects.get().left_on is None
