"""What a driver tells from his phone."""

from __future__ import annotations

import threading
import uuid
from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.db import connections

from ferry.actions.moves import move_trip
from ferry.actions.passes import revoke_pass, swap_driver
from ferry.actions.tellings import Back, Shot, take_telling
from ferry.actions.trips import cancel_trip
from ferry.errors import Conflict
from ferry.models import (
    ConditionCheck,
    ConditionPhoto,
    Document,
    EventKind,
    Stay,
    Telling,
    TripEvent,
    TripState,
)
from ferry.queries.condition_checks import kinds_told, trip_to_tell_of
from ferry.rules.condition import Looked, Mark
from tests.builders import AT, BY, a_driver, a_picture, a_word, an_exited_trip, an_issued_trip

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
LATER = AT + 3 * HOUR


@pytest.fixture
def trip():
    return an_issued_trip()


def tell(trip, word, driver=None, at=LATER):
    return take_telling(driver=driver or trip.driver, trip=trip, word=word, at=at)[0]


def codes(telling: Telling) -> list[str]:
    assert all(error["detail"] for error in telling.answer["errors"])
    return [error["code"] for error in telling.answer["errors"]]


def nothing_moved(trip) -> None:
    state, back_at = trip.state, trip.driver_returned_at
    trip.refresh_from_db()
    assert (trip.state, trip.driver_returned_at) == (state, back_at)
    assert not ConditionCheck.objects.exists()
    told = (EventKind.PICKED_UP, EventKind.HANDED_OVER, EventKind.DRIVER_RETURNED)
    assert not TripEvent.objects.filter(kind__in=told).exists()


def test_a_pick_up_is_a_check_and_an_event_in_its_own_time(trip):
    telling = tell(trip, a_word("picked_up", told_at=AT + HOUR, sent_at=LATER))
    assert telling.answer == {"status": 201, "clock": "right"}
    check = ConditionCheck.objects.get()
    assert (check.check_id, check.stage, check.driver) == (telling.telling_id, "pick_up", trip.driver)
    assert (check.checked_at, check.recorded_at) == (AT + HOUR, LATER)
    event = trip.events.get(kind=EventKind.PICKED_UP)
    assert (event.at, event.recorded_at, event.by) == (AT + HOUR, LATER, "driver Ma Jun")
    assert event.data == {"check": str(check.check_id), "marks": 1}
    trip.refresh_from_db()
    assert trip.state == TripState.READY


def test_a_hand_over_moves_no_trip_and_counts_what_is_new():
    trip = an_exited_trip()
    tell(trip, a_word("picked_up"))
    marks = (Mark(1, "left", 450, 580, "dent"), Mark(2, "top", 500, 500, "scratch"))
    tell(trip, a_word("handed_over", content=Looked(marks)))
    trip.refresh_from_db()
    assert (trip.state, trip.delivered_at) == (TripState.EXITED, None)
    assert trip.events.get(kind=EventKind.HANDED_OVER).data["new_marks"] == 1


def test_without_a_look_at_the_start_nothing_is_called_new():
    trip = an_exited_trip()
    tell(trip, a_word("handed_over"))
    assert "new_marks" not in trip.events.get(kind=EventKind.HANDED_OVER).data


def test_back_ends_the_stay_and_frees_the_driver():
    trip = an_exited_trip()
    Stay.objects.create(person=trip.person, entered_on=AT.date(), trip=trip)
    tell(trip, a_word("back", told_at=AT + 2 * HOUR, sent_at=LATER))
    trip.refresh_from_db()
    assert trip.driver_returned_at == AT + 2 * HOUR
    assert Stay.objects.get().left_on == AT.date()
    assert trip.events.get(kind=EventKind.DRIVER_RETURNED).by == "driver Ma Jun"


def test_back_at_another_time_is_at_that_time():
    trip = an_exited_trip()
    tell(trip, a_word("back", content=Back(AT + HOUR)))
    trip.refresh_from_db()
    assert trip.driver_returned_at == AT + HOUR


def test_that_he_is_known_to_be_back_is_no_refusal():
    trip = an_exited_trip()
    tell(trip, a_word("back", told_at=AT + HOUR))
    again = tell(trip, a_word("back", told_at=AT + 2 * HOUR))
    assert again.answer["status"] == 201
    trip.refresh_from_db()
    assert trip.driver_returned_at == AT + HOUR
    assert trip.events.filter(kind=EventKind.DRIVER_RETURNED).count() == 1


@pytest.mark.parametrize("kind", ["picked_up", "handed_over", "back", "photo"])
def test_told_twice_it_is_one(kind):
    trip = an_exited_trip()
    about = tell(trip, a_word("picked_up")).telling_id if kind == "photo" else None
    word = a_word(kind, **({"content": Shot(about, a_picture())} if about else {}))
    first, is_new = take_telling(driver=trip.driver, trip=trip, word=word, at=LATER)
    events = trip.events.count()
    again, is_new_again = take_telling(driver=trip.driver, trip=trip, word=word, at=LATER + HOUR)
    assert (is_new, is_new_again, again, again.answer) == (True, False, first, first.answer)
    assert trip.events.count() == events
    assert Telling.objects.filter(kind=kind).count() == 1


def test_another_word_under_the_same_number_is_refused(trip):
    word = a_word("picked_up")
    tell(trip, word)
    with pytest.raises(Conflict) as caught:
        tell(trip, a_word("picked_up", telling_id=word.telling_id, content=Looked()))
    assert caught.value.reasons[0].code == "telling_id_reused"
    assert Telling.objects.count() == ConditionCheck.objects.count() == 1


def test_another_driver_cannot_take_a_number_that_is_taken(trip):
    word = a_word("picked_up")
    tell(trip, word)
    with pytest.raises(Conflict):
        tell(other := an_issued_trip(), word, other.driver)
    assert Telling.objects.get().driver == trip.driver


def test_the_same_word_at_the_same_moment_is_taken_once(trip, monkeypatch):
    from ferry.actions import tellings

    word = a_word("picked_up")
    first = tell(trip, word)
    looks = iter([None])
    kept = tellings._kept
    monkeypatch.setattr(tellings, "_kept", lambda driver, word: next(looks, kept(driver, word)))
    assert take_telling(driver=trip.driver, trip=trip, word=word, at=LATER) == (first, False)
    assert ConditionCheck.objects.count() == 1


def test_a_second_look_of_the_same_kind_is_refused_and_told(trip):
    tell(trip, a_word("picked_up"))
    refused = tell(trip, a_word("picked_up"))
    assert (refused.answer["status"], codes(refused)) == (409, ["told_already"])
    assert ConditionCheck.objects.count() == 1
    assert trip.events.filter(kind=EventKind.PICKED_UP).count() == 1
    assert kinds_told(trip, trip.driver) == {"picked_up"}


def test_a_refused_word_is_kept_and_answered_the_same_again(trip):
    word = a_word("back")
    refused = tell(trip, word)
    assert codes(refused) == ["trip_not_left"]
    move_trip(trip=trip, to=TripState.EXITED, kind=EventKind.EXITED, at=AT, by=BY)
    again, is_new = take_telling(driver=trip.driver, trip=trip, word=word, at=LATER)
    assert (again, is_new, again.answer) == (refused, False, refused.answer)
    nothing_moved(trip)


def test_after_a_refusal_it_can_be_told_anew():
    trip = an_exited_trip()
    assert codes(tell(trip, a_word("back", content=Back(AT - 5 * HOUR)))) == ["before_exit"]
    assert tell(trip, a_word("back")).answer["status"] == 201


@pytest.mark.parametrize(
    ("end", "code"),
    [
        (lambda trip: revoke_pass(trip=trip, reason="x", at=AT, by=BY), "trip_not_ready"),
        (lambda trip: cancel_trip(trip=trip, reason="x", at=AT, by=BY), "trip_ended"),
    ],
)
@pytest.mark.parametrize("kind", ["picked_up", "handed_over"])
def test_a_trip_that_is_not_under_way_takes_no_word(trip, end, code, kind):
    end(trip)
    trip.refresh_from_db()
    assert codes(tell(trip, a_word(kind))) == [code]
    nothing_moved(trip)


@pytest.mark.parametrize("hours", [1, 100])
def test_a_return_that_is_still_to_come_is_refused(hours):
    trip = an_exited_trip()
    assert codes(tell(trip, a_word("back", content=Back(LATER + hours * HOUR)))) == ["in_future"]
    nothing_moved(trip)


@pytest.mark.parametrize("kind", ["picked_up", "handed_over", "back"])
def test_a_trip_that_was_given_away_takes_no_word_of_its_former_driver(trip, kind):
    former = trip.driver
    swap_driver(trip=trip, driver=a_driver(trip.company), at=AT + HOUR, by=BY)
    trip.refresh_from_db()
    assert trip_to_tell_of(former, trip.reference) == trip
    refused = tell(trip, a_word(kind, told_at=AT + 2 * HOUR), former)
    assert codes(refused) == ["trip_taken_away"]
    nothing_moved(trip)


def test_a_car_picked_up_before_the_trip_was_given_away_was_picked_up(trip):
    former = trip.driver
    swap_driver(trip=trip, driver=a_driver(trip.company), at=AT + HOUR, by=BY)
    trip.refresh_from_db()
    assert tell(trip, a_word("picked_up", told_at=AT + HOUR / 2), former).answer["status"] == 201
    assert tell(trip, a_word("picked_up", told_at=AT + 2 * HOUR)).answer["status"] == 201
    assert list(ConditionCheck.objects.order_by("pk").values_list("driver", flat=True)) == [
        former.pk,
        trip.driver_id,
    ]


def test_a_stranger_has_no_trip_to_tell_of(trip):
    assert trip_to_tell_of(an_issued_trip().driver, trip.reference) is None
    assert trip_to_tell_of(a_driver(trip.company), trip.reference) is None


def test_a_wrong_clock_is_told_and_both_times_are_kept(trip):
    telling = tell(trip, a_word("picked_up", told_at=AT - timedelta(days=90), sent_at=LATER))
    assert telling.answer["clock"] == "wrong"
    event = trip.events.get(kind=EventKind.PICKED_UP)
    assert event.at == AT - timedelta(days=1)
    assert event.data["phone_at"] == (AT - timedelta(days=90)).isoformat()


def test_a_photo_belongs_to_its_check_and_mark(trip):
    check = tell(trip, a_word("picked_up"))
    shot = Shot(check.telling_id, a_picture(), mark_number=1)
    told = tell(trip, a_word("photo", content=shot, told_at=AT + HOUR, sent_at=LATER))
    photo = ConditionPhoto.objects.get()
    assert (photo.check_made.check_id, photo.mark_number) == (check.telling_id, 1)
    assert (photo.photo_id, photo.taken_at, told.answer["status"]) == (told.telling_id, AT + HOUR, 201)


@pytest.mark.parametrize(
    ("content", "code"), [(b"<svg/>", "file_type"), (b"", "file_empty"), (b"\xff\xd8\xff?", "picture_broken")]
)
def test_a_photo_that_is_none_is_refused_and_kept_as_refused(trip, content, code):
    check = tell(trip, a_word("picked_up"))
    refused = tell(trip, a_word("photo", content=Shot(check.telling_id, content)))
    assert (refused.answer["status"], codes(refused)) == (400, [code])
    assert not ConditionPhoto.objects.exists()
    assert not default_storage.exists(f"condition/{trip.pk}")


def test_a_photo_of_what_was_not_taken_is_refused(trip):
    other = an_issued_trip()
    anothers = tell(other, a_word("picked_up")).telling_id
    refused_back = tell(trip, a_word("back")).telling_id
    for about in (uuid.uuid4(), anothers, refused_back):
        assert codes(tell(trip, a_word("photo", content=Shot(about, a_picture())))) == ["photo_about_nothing"]
    assert not ConditionPhoto.objects.exists()
    assert not Document.objects.exists()


def test_a_stamp_is_kept_as_a_personal_paper_of_the_trip():
    trip = an_exited_trip()
    told = tell(trip, a_word("back"))
    tell(trip, a_word("photo", content=Shot(told.telling_id, a_picture())))
    stamp = Document.objects.get()
    assert (stamp.trip, stamp.is_personal, stamp.uploaded_by) == (trip, True, "driver Ma Jun")


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_the_same_word_from_many_tabs_is_taken_once():
    trip, word, found = an_issued_trip(), a_word("picked_up"), []

    def one() -> None:
        found.append(take_telling(driver=trip.driver, trip=trip, word=word, at=LATER))
        connections.close_all()

    threads = [threading.Thread(target=one) for _number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(is_new for _telling, is_new in found) == 1
    assert ConditionCheck.objects.count() == TripEvent.objects.filter(kind=EventKind.PICKED_UP).count() == 1
