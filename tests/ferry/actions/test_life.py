"""A trip takes the legal steps and no other."""

from __future__ import annotations

import itertools

import pytest

from ferry.actions.moves import move_back, move_trip
from ferry.models import EventKind, Trip, TripState
from ferry.rules.life import BACK, STEPS, may_step, states_before
from tests.builders import AT, BY, a_trip

LEGAL = [(state, to) for state, following in STEPS.items() for to in sorted(following)]
FORBIDDEN = [
    (state, to) for state, to in itertools.product(TripState.values, repeat=2) if (state, to) not in LEGAL
]


def test_every_state_has_its_row():
    assert set(STEPS) == set(TripState.values)


def test_what_is_over_goes_nowhere():
    for state in (TripState.DISCHARGED, TripState.CANCELLED, TripState.LAPSED, TripState.RETURNED):
        assert STEPS[state] == frozenset()


def test_states_before_is_the_table_read_backwards():
    assert set(states_before(TripState.DELIVERED)) == {"ready", "exited", "arrived"}


def _in_state(state: str) -> Trip:
    trip = a_trip()
    Trip.objects.filter(pk=trip.pk).update(state=state)
    trip.refresh_from_db()
    return trip


@pytest.mark.django_db
@pytest.mark.parametrize(("state", "to"), LEGAL)
def test_it_takes_a_legal_step_and_writes_it_down(state, to):
    trip = _in_state(state)
    assert move_trip(trip=trip, to=TripState(to), kind=EventKind.EXITED, at=AT, by=BY)
    trip.refresh_from_db()
    assert (trip.state, trip.next_check_at) == (to, AT)
    assert trip.events.filter(kind=EventKind.EXITED, by=BY, at=AT).count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(("state", "to"), FORBIDDEN)
def test_it_refuses_a_forbidden_step_and_moves_nothing(state, to):
    trip = _in_state(state)
    assert not may_step(state, to)
    assert not move_trip(trip=trip, to=TripState(to), kind=EventKind.EXITED, at=AT, by=BY)
    trip.refresh_from_db()
    assert (trip.state, trip.next_check_at) == (state, None)
    assert not trip.events.filter(kind=EventKind.EXITED).exists()


@pytest.mark.django_db
@pytest.mark.parametrize(("state", "to"), list(itertools.product(TripState.values, repeat=2)))
def test_it_steps_back_where_a_release_is_withdrawn_and_nowhere_else(state, to):
    trip = _in_state(state)
    may = to in BACK.get(state, ())
    assert move_back(trip=trip, to=TripState(to), at=AT, by=BY) is may
    trip.refresh_from_db()
    assert (trip.state, trip.next_check_at) == ((to, AT) if may else (state, None))
    assert trip.events.filter(kind=EventKind.WITHDRAWN).count() == may


@pytest.mark.django_db
def test_the_second_of_two_who_step_back_moves_nothing():
    trip = _in_state(TripState.EXITED)
    other = Trip.objects.get(pk=trip.pk)
    assert move_back(trip=trip, to=TripState.READY, at=AT, by=BY)
    assert not move_back(trip=other, to=TripState.READY, at=AT, by=BY)
    assert trip.events.filter(kind=EventKind.WITHDRAWN).count() == 1


@pytest.mark.django_db
def test_the_second_of_two_who_hold_the_same_trip_moves_nothing():
    trip = _in_state(TripState.READY)
    other = Trip.objects.get(pk=trip.pk)
    assert move_trip(trip=trip, to=TripState.EXITED, kind=EventKind.EXITED, at=AT, by=BY)
    assert not move_trip(trip=other, to=TripState.CANCELLED, kind=EventKind.CANCELLED, at=AT, by=BY)
    other.refresh_from_db()
    assert other.state == TripState.EXITED
    assert not other.events.filter(kind=EventKind.CANCELLED).exists()
