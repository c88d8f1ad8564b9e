"""How long the crossing is open, in a plain sentence that goes on without a signal."""

from __future__ import annotations

from datetime import time, timedelta

import pytest
import time_machine
from django.conf import settings
from django.urls import reverse
from django.utils import translation

from ferry.actions.moves import move_trip, note_event
from ferry.models import Checkpoint, Closure, EventKind, Trip, TripState
from ferry.phone.outlook import how_long, left, phases
from ferry.phone.steps import way, what_now
from ferry.queries.driving import closed_times, told_of
from tests.builders import AT, BY, an_issued_trip

pytestmark = pytest.mark.django_db

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
#: Noon in China; the code is good from eleven to eleven on the next day.
OPENS_AT, CLOSES_AT = AT - HOUR, AT + 23 * HOUR


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


@pytest.fixture
def trip() -> Trip:
    return an_issued_trip()


def sentence(trip: Trip, at) -> str:
    closed = closed_times(trip.route, since=at, until=CLOSES_AT + DAY)
    when = how_long(trip.passes.get(), closed, at=at)
    return when.at(at) if when else ""


def close(since, until, reason="sandstorm", **said) -> None:
    Closure.objects.create(starts_at=since, ends_at=until, reason=reason, **said)


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (OPENS_AT - 40 * timedelta(minutes=1), "Opens in 40 min."),
        (OPENS_AT - timedelta(hours=26, seconds=1), "Opens in 26 h 1 min."),
        (OPENS_AT, "Open until 2026-11-23 11:00 Beijing time, 24 h 0 min left."),
        (CLOSES_AT - 2 * HOUR, "Open until 11:00 Beijing time, 2 h 0 min left."),
        (CLOSES_AT, ""),
    ],
)
def test_it_says_when_it_opens_and_how_long_it_is_open(trip, at, words):
    assert sentence(trip, at) == words


def test_a_holiday_is_named_by_its_country_whatever_its_reason_is_written_in(trip):
    close(AT + 12 * HOUR, AT + 30 * HOUR, "День независимости", holiday_in="KZ")
    assert sentence(trip, AT) == (
        "Open until 2026-11-23 00:00 Beijing time, 12 h 0 min left. Closed tomorrow: holiday in Kazakhstan."
    )
    with translation.override("ru"):
        assert "День независимости" not in sentence(trip, AT)


def test_tomorrow_becomes_today_and_then_now(trip):
    close(AT + 14 * HOUR, AT + 20 * HOUR, holiday_in="CN")
    assert sentence(trip, AT).endswith("Closed tomorrow: holiday in China.")
    assert sentence(trip, AT + 13 * HOUR).endswith("Closed today: holiday in China.")
    assert sentence(trip, AT + 15 * HOUR) == (
        "Closed until 08:00 Beijing time, 5 h 0 min more: holiday in China."
    )


def test_another_reason_is_told_as_it_was_written(trip):
    close(AT - HOUR, AT + 2 * HOUR, "sandstorm.")
    assert sentence(trip, AT) == "Closed until 14:00 Beijing time, 2 h 0 min more: sandstorm."


def test_a_code_for_a_closed_day_says_so_before(trip):
    close(OPENS_AT - HOUR, OPENS_AT + HOUR, holiday_in="KZ")
    assert sentence(trip, OPENS_AT - 3 * DAY) == "Closed on 2026-11-22: holiday in Kazakhstan."


def test_the_checkpoints_hours_count(trip):
    Checkpoint.objects.filter(pk=trip.route.exit_id).update(opens=time(9), closes=time(18))
    trip = Trip.objects.select_related("route__exit", "route__entry").get(pk=trip.pk)
    assert sentence(trip, AT) == "Open until 18:00 Beijing time, 6 h 0 min left."
    night = AT + 10 * HOUR
    assert sentence(trip, night) == "Closed until 2026-11-23 09:00 Beijing time, 11 h 0 min more."
    closed = closed_times(trip.route, since=night, until=CLOSES_AT)
    assert what_now(trip, trip.passes.get(), [], closed, at=night).words == "Gate closed"


def test_another_routes_closure_says_nothing(trip):
    other = type(trip.route).objects.exclude(pk=trip.route_id)[0]
    close(AT, AT + DAY, route=other)
    assert "Closed" not in sentence(trip, AT)


def test_what_will_hold_without_a_signal_is_sent_along(trip):
    close(AT + 3 * HOUR, AT + 5 * HOUR)
    at = OPENS_AT - HOUR
    closed = closed_times(trip.route, since=at, until=CLOSES_AT)
    later = phases(trip, trip.passes.get(), [], closed, at=at)
    told = [((phase.since - AT) // HOUR, phase.now.code) for phase in later]
    assert [one for number, one in enumerate(told) if number == 0 or one[1] != told[number - 1][1]] == [
        (-2, "not_yet"),
        (-1, "may_go"),
        (3, "closed"),
        (5, "may_go"),
        (23, "too_late"),
    ]


def test_what_a_gate_said_holds_until_the_gate_says_more(trip):
    note_event(trip=trip, kind=EventKind.EXAMINE, at=AT, by="officer")
    (phase,) = phases(trip, trip.passes.get(), told_of(trip), [], at=AT)
    assert (phase.now.code, phase.when) == ("examine", None)


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(0, "1 min"), (59, "59 min"), (60, "1 h 0 min"), (2879, "47 h 59 min"), (2880, "2 d 0 h")],
)
def test_time_that_is_left_is_short(minutes, words):
    assert left(timedelta(minutes=minutes)) == words


def statuses(trip: Trip) -> list[str]:
    return [step.status for step in way(trip, told_of(trip))]


def test_picking_up_is_a_step_of_the_way(trip):
    assert statuses(trip) == ["done", "now", "next", "next", "next", "next"]
    note_event(trip=trip, kind=EventKind.PICKED_UP, at=AT, by="driver")
    assert statuses(trip) == ["done", "done", "now", "next", "next", "next"]


def test_a_step_that_was_not_told_is_done_once_a_later_one_is(trip):
    move_trip(trip=trip, to=TripState.EXITED, kind=EventKind.EXITED, at=AT, by=BY)
    assert statuses(trip) == ["done", "done", "done", "now", "next", "next"]


def test_a_hand_over_that_only_the_driver_told_waits_for_the_receiver(trip):
    move_trip(trip=trip, to=TripState.ARRIVED, kind=EventKind.ARRIVED, at=AT, by=BY)
    note_event(trip=trip, kind=EventKind.HANDED_OVER, at=AT, by="driver")
    events = told_of(trip)
    assert way(trip, events)[4].note == "Waits for the receiver's confirmation"
    assert what_now(trip, None, events, [], at=AT).code == "handed_over"
    move_trip(trip=trip, to=TripState.DELIVERED, kind=EventKind.DELIVERED, at=AT, by=BY)
    assert way(trip, told_of(trip))[4].note == ""
    assert what_now(trip, None, events, [], at=AT).code == "delivered"


def test_a_driver_learns_that_the_receiver_did_not_take_the_car(trip):
    move_trip(trip=trip, to=TripState.ARRIVED, kind=EventKind.ARRIVED, at=AT, by=BY)
    note_event(trip=trip, kind=EventKind.HANDED_OVER, at=AT, by="driver")
    note_event(trip=trip, kind=EventKind.DELIVERY_REFUSED, at=AT + HOUR, by="receiver")
    now = what_now(trip, None, told_of(trip), [], at=AT + HOUR)
    assert (now.code, now.tone) == ("not_taken", "stop")
    assert "call the company" in now.next_step


def test_what_was_said_last_of_the_delivery_holds(trip):
    move_trip(trip=trip, to=TripState.ARRIVED, kind=EventKind.ARRIVED, at=AT, by=BY)
    note_event(trip=trip, kind=EventKind.DELIVERY_REFUSED, at=AT, by="receiver")
    note_event(trip=trip, kind=EventKind.HANDED_OVER, at=AT + HOUR, by="driver")
    assert what_now(trip, None, told_of(trip), [], at=AT + HOUR).code == "handed_over"
    move_trip(trip=trip, to=TripState.DELIVERED, kind=EventKind.DELIVERED, at=AT + HOUR, by=BY)
    assert what_now(trip, None, told_of(trip), [], at=AT + HOUR).code == "delivered"


def test_a_driver_who_is_back_has_nothing_more_to_do(trip):
    trip.state, trip.driver_returned_at = TripState.DELIVERED, AT
    assert what_now(trip, None, [], [], at=AT).code == "home"


def test_the_page_says_it_and_counts_on_by_itself(client, trip):
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    with time_machine.travel(OPENS_AT - 40 * timedelta(minutes=1), tick=False):
        shown = client.get(reverse("phone:driver", args=[trip.driver.link_token])).content.decode()
    assert "Opens in 40 min." in shown
    assert f'data-until="{OPENS_AT.timestamp():.0f}000"' in shown
    assert f'<template data-since="{OPENS_AT.timestamp():.0f}000">' in shown
