"""Trips are planned and end."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ferry.actions.stays import enter
from ferry.actions.trips import driver_back, lapse_trip, plan_trip, return_trip
from ferry.errors import Conflict, Invalid, NotYours
from ferry.models import EventKind, PassState, Trip, TripState
from ferry.queries.issue import kazakh_date
from tests.builders import AT, BY, a_company, a_declaration, a_driver, a_trip, a_vehicle, an_issued_trip

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def _moved(trip: Trip, state: TripState) -> Trip:
    Trip.objects.filter(pk=trip.pk).update(state=state, exited_at=AT)
    trip.refresh_from_db()
    return trip


def test_the_planned_return_follows_from_the_routes_hours():
    trip = a_trip()
    assert trip.planned_return_on == kazakh_date(trip.closes_at + 15 * HOUR)
    assert trip.events.get().kind == EventKind.PLANNED


@pytest.mark.parametrize(
    ("opens", "closes", "code"), [(2, 1, "window_order"), (1, 1, "window_order"), (-3, -1, "window_past")]
)
def test_a_window_that_cannot_be_is_refused(opens, closes, code):
    with pytest.raises(Invalid) as refusal:
        a_trip(opens_at=AT + opens * HOUR, closes_at=AT + closes * HOUR)
    assert [reason.code for reason in refusal.value.reasons] == [code]
    assert not Trip.objects.exists()


@pytest.mark.parametrize("what", ["vehicle", "driver", "declaration"])
def test_a_stranger_cannot_plan_with_what_is_not_his(what):
    stranger = a_company("East Star Trade")
    make = {"vehicle": a_vehicle, "driver": a_driver, "declaration": a_declaration}[what]
    with pytest.raises(NotYours):
        a_trip(a_company(), **{what: make(stranger)})
    assert not Trip.objects.exists()


def test_a_trip_lapses_once_and_its_licence_quantity_returns():
    trip = an_issued_trip()
    pass_ = trip.passes.get()
    assert lapse_trip(trip=trip, at=trip.closes_at, by="system")
    assert not lapse_trip(trip=trip, at=trip.closes_at, by="system")
    pass_.refresh_from_db()
    pass_.licence.refresh_from_db()
    trip.refresh_from_db()
    assert (trip.state, pass_.state, pass_.licence.used) == (TripState.LAPSED, PassState.LAPSED, 0)
    assert trip.events.filter(kind=EventKind.LAPSED).count() == 1


def test_a_trip_that_has_left_does_not_lapse():
    trip = _moved(an_issued_trip(), TripState.EXITED)
    assert not lapse_trip(trip=trip, at=trip.closes_at, by="system")
    assert trip.passes.get().state == PassState.OPEN


def test_a_vehicle_that_comes_back_frees_its_vin_and_its_driver():
    trip = _moved(an_issued_trip(), TripState.EXITED)
    return_trip(trip=trip, at=AT + HOUR, by=BY, note="refused at the other side")
    trip.refresh_from_db()
    assert (trip.state, trip.driver_returned_at) == (TripState.RETURNED, AT + HOUR)
    assert trip.passes.get().state == PassState.SPENT
    with pytest.raises(Conflict):
        return_trip(trip=trip, at=AT + HOUR, by=BY)


def test_a_vehicle_that_has_not_left_cannot_come_back():
    trip = an_issued_trip()
    with pytest.raises(Conflict):
        return_trip(trip=trip, at=AT, by=BY)
    assert trip.passes.get().state == PassState.OPEN


def test_a_driver_comes_back_once():
    trip = _moved(an_issued_trip(), TripState.EXITED)
    assert driver_back(trip=trip, occurred_at=AT + HOUR, at=AT + HOUR, by=BY)
    assert not driver_back(trip=trip, occurred_at=AT + 2 * HOUR, at=AT + 2 * HOUR, by=BY)
    trip.refresh_from_db()
    assert trip.driver_returned_at == AT + HOUR
    assert trip.events.filter(kind=EventKind.DRIVER_RETURNED).count() == 1


def test_nobody_is_back_from_a_trip_that_has_not_left():
    trip = an_issued_trip()
    with pytest.raises(Conflict):
        driver_back(trip=trip, occurred_at=AT, at=AT, by=BY)


@pytest.mark.parametrize("state", [TripState.CANCELLED, TripState.LAPSED])
def test_a_trip_that_never_left_ends_no_stay_of_its_driver(state):
    """The stay may be of another company's trip."""
    trip = an_issued_trip()
    Trip.objects.filter(pk=trip.pk).update(state=state)
    enter(person=trip.person, on=AT.date() - timedelta(days=1))
    with pytest.raises(Conflict) as refusal:
        driver_back(trip=trip, occurred_at=AT, at=AT, by=BY)
    assert refusal.value.reasons[0].code == "trip_not_left"
    assert trip.person.stays.get().left_on is None


@pytest.mark.parametrize("come_back", [driver_back, return_trip])
def test_nobody_and_nothing_is_back_before_the_exit(come_back):
    trip = _moved(an_issued_trip(), TripState.EXITED)
    enter(person=trip.person, on=AT.date(), trip=trip)
    with pytest.raises(Invalid) as refusal:
        come_back(trip=trip, occurred_at=AT - 2 * HOUR, at=AT + HOUR, by=BY)
    assert [reason.code for reason in refusal.value.reasons] == ["before_exit"]
    trip.refresh_from_db()
    assert (trip.state, trip.driver_returned_at) == (TripState.EXITED, None)
    assert trip.person.stays.get().left_on is None
    assert come_back(trip=trip, occurred_at=AT - HOUR / 2, at=AT + HOUR, by=BY)


def test_references_are_never_the_same():
    company = a_company()
    assert len({a_trip(company).reference for _ in range(5)}) == 5


def test_plan_trip_takes_an_explicit_return():
    company = a_company()
    vehicle = a_vehicle(company)
    trip = plan_trip(
        company=company,
        vehicle=vehicle,
        driver=a_driver(company),
        declaration=a_declaration(company, [vehicle.vin]),
        route=a_trip(company).route,
        delivery_place="Almaty",
        consignee_name="Almaty Auto",
        consignee_phone="",
        consignee_language="ru",
        opens_at=AT,
        closes_at=AT + HOUR,
        planned_return_on=AT.date() + timedelta(days=3),
        at=AT,
        by=BY,
    )
    assert trip.planned_return_on == AT.date() + timedelta(days=3)
