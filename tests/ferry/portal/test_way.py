"""Where a trip's vehicle is on its way, and what checkpoints said to it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ferry.actions.moves import move_trip, note_event
from ferry.actions.trips import cancel_trip, return_trip
from ferry.models import Closure, EventKind, TripState
from ferry.portal.way import way_of
from ferry.rules.corridor import ENTRY_EXPECTED, RECEIPT_EXPECTED
from tests.builders import AT, BY, a_checkpoint, a_trip, an_issued_trip

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
KINDS = {
    TripState.EXITED: EventKind.EXITED,
    TripState.ARRIVED: EventKind.ARRIVED,
    TripState.DELIVERED: EventKind.DELIVERED,
}


def states(trip, at=AT) -> list[str]:
    return [stop.state for stop in way_of(trip, list(trip.events.order_by("at", "pk")), at=at).stops]


def place_of_the_car(trip, at=AT) -> int | None:
    way = way_of(trip, list(trip.events.order_by("at", "pk")), at=at)
    return next((number for number, stop in enumerate(way.stops) if stop.x == way.car_x), None)


def moved(trip, *to, at=AT):
    for state in to:
        move_trip(trip=trip, to=state, kind=KINDS[state], at=at, by=BY)
    trip.refresh_from_db()
    return trip


def told(trip, kind, crossing="exit", at=AT, **data):
    said = {"checkpoint": "CN-HORGOS", "lane": "3", "crossing": crossing, "scan": "1", "reasons": [], **data}
    note_event(trip=trip, kind=kind, at=at, by="device CN-HORGOS/lane 3", data=said)


@pytest.mark.parametrize(
    ("to", "expected", "stands"),
    [
        ([], ["now", "todo", "todo", "todo", "todo"], 0),
        ([TripState.EXITED], ["done", "done", "now", "todo", "todo"], 2),
        ([TripState.EXITED, TripState.ARRIVED], ["done", "done", "done", "done", "todo"], 3),
        ([TripState.EXITED, TripState.DELIVERED], ["done", "done", "unproved", "unproved", "done"], 4),
    ],
)
def test_the_vehicle_stands_where_its_trip_has_got_to(to, expected, stands):
    trip = moved(an_issued_trip(), *to)
    assert states(trip) == expected
    assert place_of_the_car(trip) == stands


def test_what_takes_longer_than_expected_is_late_and_a_closure_stops_the_clock():
    trip = moved(an_issued_trip(), TripState.EXITED)
    late = AT + ENTRY_EXPECTED + HOUR
    assert states(trip, late)[2:] == ["late", "late", "todo"]
    assert states(trip, AT + RECEIPT_EXPECTED + HOUR)[2:] == ["late", "late", "late"]
    Closure.objects.create(starts_at=AT, ends_at=AT + 5 * HOUR, reason="snow")
    assert states(trip, late)[2:] == ["now", "todo", "todo"]


def test_a_window_that_ends_soon_and_a_code_that_is_missing_are_late():
    assert states(an_issued_trip(), AT + 22 * HOUR)[:2] == ["now", "late"]
    assert states(a_trip())[0] == "late"


@pytest.mark.parametrize("kind", [EventKind.REFUSED, EventKind.EXAMINE])
def test_who_was_stopped_stands_at_the_checkpoint(kind):
    trip = an_issued_trip()
    told(trip, kind)
    assert place_of_the_car(trip) == 1
    moved(trip, TripState.EXITED, at=AT + HOUR)
    told(trip, kind, crossing="entry")
    assert place_of_the_car(trip) in {2, 3}


def test_a_trip_that_ended_early_shows_how_far_it_got():
    cancelled = an_issued_trip()
    cancel_trip(trip=cancelled, reason="x", at=AT, by=BY)
    cancelled.refresh_from_db()
    assert states(cancelled) == ["done", "never", "never", "never", "never"]
    assert place_of_the_car(cancelled) is None
    returned = moved(an_issued_trip(), TripState.EXITED)
    return_trip(trip=returned, at=AT, by=BY)
    returned.refresh_from_db()
    assert states(returned) == ["done", "done", "never", "never", "never"]


def test_the_page_tells_both_clocks_at_each_place_and_is_also_a_list(company, see):
    trip = moved(an_issued_trip(company), TripState.EXITED)
    shown = see("trip", trip.reference)
    assert 'aria-label="The way of the vehicle"' in shown
    assert "here now" in shown
    assert "expected by" in shown
    assert "11-22 18:00" in shown
    assert "11-22 15:00" in shown


def test_the_page_tells_scans_with_verdict_place_lane_device_and_reasons(company, see):
    trip = an_issued_trip(company)
    told(
        trip,
        EventKind.REFUSED,
        checkpoint=a_checkpoint("CN-ALASHANKOU").code,
        reasons=[{"code": "wrong_checkpoint"}],
    )
    told(trip, EventKind.EXAMINE, scan="2", reasons=[{"code": "selected"}])
    told(trip, EventKind.EXAMINED, scan="2", outcome="released")
    told(trip, EventKind.EXITED, scan="2")
    told(
        trip,
        EventKind.ARRIVED,
        "entry",
        scan="3",
        checkpoint="KZ-NURZHOLY",
        offline={"verdict": "release", "list_age_s": 600},
    )
    shown = see("trip", trip.reference)
    scans = shown[shown.index(">Scans<") : shown.index(">What happened<")]
    assert [scans.count(word) for word in ('data-verdict="refuse"', 'data-verdict="examine"')] == [1, 1]
    assert scans.count('data-verdict="release"') == 2
    for words in ("Alashankou", "The code is for another crossing.", "Released after examination", "lane 3"):
        assert words in scans
    assert "Device CN-HORGOS/lane 3" in scans
    assert "a list 10 minutes old" in scans


@pytest.mark.parametrize(
    ("kind", "outcome", "words"),
    [
        (EventKind.EXAMINE, "", "Being examined"),
        (EventKind.EXAMINED, "detained", "Detained after examination"),
        (EventKind.WITHDRAWN, "", "Release withdrawn"),
        (EventKind.REFUSED, "", "Refused"),
    ],
)
def test_the_page_says_first_what_holds_the_vehicle_and_what_to_do(company, see, kind, outcome, words):
    trip = an_issued_trip(company)
    told(trip, kind, scan="2", outcome=outcome, checkpoint="CN-HORGOS")
    shown = see("trip", trip.reference)
    held = shown[shown.index('class="fm-kept-back"') : shown.index('class="fm-way"')]
    assert words in held
    assert place_of_the_car(trip) == 1
    moved(trip, TripState.EXITED, at=AT + HOUR)
    assert 'class="fm-kept-back"' not in see("trip", trip.reference)


def test_a_new_code_ends_what_the_gate_said_of_the_old_one(company, see):
    trip = an_issued_trip(company)
    told(trip, EventKind.REFUSED, scan="2")
    note_event(trip=trip, kind=EventKind.REDATED, at=AT + HOUR, by=BY, data={"from": AT.isoformat()})
    assert 'class="fm-kept-back"' not in see("trip", trip.reference)


def test_a_release_that_was_withdrawn_stays_told(company, see):
    trip = an_issued_trip(company)
    for kind in (EventKind.EXITED, EventKind.WITHDRAWN):
        told(trip, kind, scan="2")
    told(trip, EventKind.EXAMINED, at=AT + HOUR, scan="2", outcome="released")
    told(trip, EventKind.EXITED, at=AT + HOUR, scan="2")
    shown = see("trip", trip.reference)
    scans = shown[shown.index(">Scans<") : shown.index(">What happened<")]
    assert scans.count("Release withdrawn") == 1
    assert scans.count('data-verdict="release"') == 2


def test_without_scans_none_are_told(company, see):
    assert ">Scans<" not in see("trip", a_trip(company).reference)


def test_the_page_takes_the_same_few_queries_however_long_the_story(
    company, see, django_assert_max_num_queries
):
    trip = an_issued_trip(company)
    told(trip, EventKind.REFUSED, checkpoint="CN-ALASHANKOU")
    with django_assert_max_num_queries(30) as first:
        see("trip", trip.reference)
    for _ in range(3):
        told(trip, EventKind.REFUSED, checkpoint="CN-ALASHANKOU")
    with django_assert_max_num_queries(len(first)):
        see("trip", trip.reference)
