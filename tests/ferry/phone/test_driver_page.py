"""A driver's own page, by his link alone."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.conf import settings
from django.urls import reverse

from ferry import codes
from ferry.actions.drivers import new_driver_link
from ferry.actions.moves import move_trip, note_event
from ferry.actions.passes import redate_pass, revoke_pass, swap_driver
from ferry.actions.stays import enter, leave
from ferry.actions.trips import cancel_trip
from ferry.models import Closure, Company, Driver, EventKind, Trip, TripState
from ferry.queries.driving import link_ends_on
from ferry.queries.issue import kazakh_date
from tests.builders import AT, BY, a_company, a_driver, a_route, a_trip, an_issued_trip

pytestmark = pytest.mark.django_db


def page(client, driver, at=AT, **headers):
    with time_machine.travel(at, tick=False):
        return client.get(reverse("phone:driver", args=[driver.link_token]), headers=headers)


def text(answer) -> str:
    return answer.content.decode()


@pytest.fixture(autouse=True)
def _in_english(client):
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"


def test_it_shows_the_code_the_vehicle_and_the_next_step(client):
    trip = an_issued_trip()
    shown = text(page(client, trip.driver))
    assert codes.show_short_code(trip.passes.get().short_code) in shown
    assert "<svg" in shown
    assert trip.vehicle.vin[-6:] in shown
    assert "You may go" in shown
    assert "Khorgos" in shown or "Horgos" in shown


def test_it_never_shows_a_passport_number(client):
    trip = an_issued_trip()
    assert trip.driver.passport_number not in text(page(client, trip.driver))


@pytest.mark.parametrize(
    ("hours", "words"), [(-2, "Not yet"), (0, "You may go"), (23, "Too late"), (40, "Too late")]
)
def test_it_says_when_to_go(client, hours, words):
    trip = an_issued_trip()
    assert words in text(page(client, trip.driver, AT + timedelta(hours=hours)))


def test_it_says_that_the_crossing_is_closed(client):
    trip = an_issued_trip()
    Closure.objects.create(starts_at=AT, ends_at=AT + timedelta(days=1), reason="holiday")
    assert "The crossing is closed" in text(page(client, trip.driver))


@pytest.mark.parametrize(
    ("kind", "words"), [(EventKind.REFUSED, "did not let you through"), (EventKind.EXAMINE, "Examination")]
)
def test_it_says_what_the_gate_said(client, kind, words):
    trip = an_issued_trip()
    note_event(trip=trip, kind=kind, at=AT, by="device")
    assert words in text(page(client, trip.driver))


@pytest.mark.parametrize(
    ("kind", "outcome", "words"),
    [
        (EventKind.EXAMINED, "detained", "The car is detained"),
        (EventKind.WITHDRAWN, "", "Stay where you are"),
        (EventKind.EXAMINE, "", "Examination"),
    ],
)
@pytest.mark.parametrize("crossing", ["exit", "entry"])
def test_it_says_what_holds_him_at_either_gate(client, crossing, kind, outcome, words):
    trip = an_issued_trip()
    if crossing == "entry":
        move_trip(trip=trip, to=TripState.EXITED, kind=EventKind.EXITED, at=AT, by=BY)
    note_event(trip=trip, kind=kind, at=AT, by="officer", data={"crossing": crossing, "outcome": outcome})
    assert words in text(page(client, trip.driver))


def test_it_says_that_he_was_released_after_the_examination(client):
    trip = an_issued_trip()
    said = {"crossing": "exit", "outcome": "released"}
    note_event(trip=trip, kind=EventKind.EXAMINED, at=AT, by="officer", data=said)
    move_trip(trip=trip, to=TripState.EXITED, kind=EventKind.EXITED, at=AT, by=BY)
    shown = text(page(client, trip.driver))
    assert "Released after examination" in shown
    assert "Cross the bridge" in shown


def test_what_the_exit_said_is_over_once_he_has_left(client):
    trip = an_issued_trip()
    note_event(trip=trip, kind=EventKind.EXAMINE, at=AT, by="officer", data={"crossing": "exit"})
    move_trip(trip=trip, to=TripState.EXITED, kind=EventKind.EXITED, at=AT, by=BY)
    assert "You have left China" in text(page(client, trip.driver))


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (TripState.EXITED, "Cross the bridge"),
        (TripState.ARRIVED, "hand the car over"),
        (TripState.DELIVERED, "The car is handed over"),
    ],
)
def test_it_follows_the_trip(client, state, words):
    trip = an_issued_trip()
    move_trip(trip=trip, to=state, kind=EventKind.EXITED, at=AT, by=BY)
    assert words in text(page(client, trip.driver))


def test_a_cancelled_trip_says_stop_and_shows_no_code(client):
    trip = an_issued_trip()
    cancel_trip(trip=trip, reason="buyer withdrew", at=AT, by=BY)
    shown = text(page(client, trip.driver))
    assert "Cancelled" in shown
    assert "short-code" not in shown


def test_a_driver_whose_trip_was_given_away_is_told(client):
    trip = an_issued_trip()
    old = trip.driver
    swap_driver(trip=trip, driver=a_driver(trip.company), at=AT, by=BY)
    shown = text(page(client, old))
    assert "was given to another driver" in shown
    assert "short-code" not in shown


def test_a_driver_without_a_trip_is_told_where_it_will_appear(client):
    assert "No trip for you now" in text(page(client, a_driver(a_company())))


def test_a_planned_trip_waits_for_its_code(client):
    assert "Wait for the code" in text(page(client, a_trip().driver))


def test_a_phone_that_shows_it_already_is_told_so_and_no_more(client):
    trip = an_issued_trip()
    first = page(client, trip.driver)
    known = {"If-None-Match": first["ETag"]}
    again = page(client, trip.driver, AT + timedelta(minutes=1), **known)
    assert (again.status_code, again.content) == (304, b"")
    assert again["X-Keep-Until"] == first["X-Keep-Until"]
    move_trip(trip=trip, to=TripState.EXITED, kind=EventKind.EXITED, at=AT, by=BY)
    assert page(client, trip.driver, AT + timedelta(minutes=1), **known).status_code == 200


@pytest.mark.parametrize(
    "happen",
    [
        lambda trip: note_event(trip=trip, kind=EventKind.EXAMINE, at=AT, by="officer"),
        lambda trip: note_event(trip=trip, kind=EventKind.PICKED_UP, at=AT, by="driver"),
        lambda trip: revoke_pass(trip=trip, reason="wrong car", at=AT, by=BY),
        lambda trip: swap_driver(trip=trip, driver=a_driver(trip.company), at=AT, by=BY),
        lambda trip: a_trip(trip.company, driver=trip.driver),
        lambda trip: Closure.objects.create(starts_at=AT, ends_at=AT + timedelta(hours=3), reason="storm"),
    ],
)
def test_whatever_happens_is_told(client, happen):
    trip = an_issued_trip()
    known = {"If-None-Match": page(client, trip.driver)["ETag"]}
    happen(trip)
    assert page(client, trip.driver, **known).status_code == 200


def kept_until(answer) -> datetime:
    return datetime.fromtimestamp(int(answer["X-Keep-Until"]) / 1000, UTC)


def test_a_phone_keeps_a_code_to_its_end_and_after_the_gate_to_the_planned_return(client):
    trip = an_issued_trip()
    assert kept_until(page(client, trip.driver)) == trip.closes_at
    move_trip(trip=trip, to=TripState.EXITED, kind=EventKind.EXITED, at=AT, by=BY)
    until = kept_until(page(client, trip.driver))
    assert kazakh_date(until - timedelta(seconds=1)) == trip.planned_return_on


def test_a_code_whose_time_is_over_is_shown_no_more(client):
    trip = an_issued_trip()
    shown = text(page(client, trip.driver, trip.closes_at))
    assert "Too late" in shown
    assert codes.show_short_code(trip.passes.get().short_code) not in shown


def test_other_trips_are_listed_with_their_pay(client):
    trip = an_issued_trip()
    planned = a_trip(trip.company, driver=trip.driver)
    done = a_trip(trip.company, driver=trip.driver, opens_at=AT + timedelta(1), closes_at=AT + timedelta(2))
    Trip.objects.filter(pk=done.pk).update(state=TripState.DISCHARGED, pay_fen=61_250)
    shown = text(page(client, trip.driver))
    coming, earlier = shown[shown.index("Next trips") :].split("Earlier trips")
    assert planned.vehicle.vin[-6:] in coming
    assert done.vehicle.vin[-6:] in earlier
    assert "¥612.50" in earlier
    assert "earned" in earlier


def test_pay_waits_for_the_receipt(client):
    trip = an_issued_trip()
    assert "after the delivery" in text(page(client, trip.driver))
    move_trip(trip=trip, to=TripState.EXITED, kind=EventKind.EXITED, at=AT, by=BY)
    shown = text(page(client, trip.driver))
    assert "¥500" in shown
    assert "waits for the receipt" in shown


def test_stay_days_are_a_ring_with_words_and_the_next_possible_day(client):
    trip = an_issued_trip()
    for ago in (60, 120):
        enter(person=trip.person, on=AT.date() - timedelta(days=ago))
        leave(person=trip.person, on=AT.date() - timedelta(days=ago - 29))
    shown = text(page(client, trip.driver))
    assert "60 of 90 days are used." in shown
    assert "30 days left" in shown
    assert 'stroke-dasharray="60 90"' in shown
    assert "Your days allow another trip now." in shown


def test_who_has_used_his_days_reads_when_he_may_drive_again(client):
    a_route()
    driver = a_driver(a_company())
    for ago in (90, 60, 30):
        enter(person=driver.person, on=AT.date() - timedelta(days=ago))
        leave(person=driver.person, on=AT.date() - timedelta(days=ago - 29))
    shown = text(page(client, driver))
    assert "0 days left" in shown
    assert "The next trip is possible from 2027-02-" in shown


def test_a_citizen_of_kazakhstan_has_no_counted_days(client):
    driver = a_driver(a_company(), nationality="KZ", passport_number="N12345678")
    assert "Yours are not counted" in text(page(client, driver))


def test_it_is_installed_under_its_own_link_in_his_language(client):
    driver = a_driver(a_company(), language="ru")
    del client.cookies[settings.LANGUAGE_COOKIE_NAME]
    with time_machine.travel(AT, tick=False):
        told = client.get(reverse("phone:manifest", args=[driver.link_token])).json()
    assert told["start_url"] == reverse("phone:driver", args=[driver.link_token])
    assert (told["scope"], told["lang"]) == ("/d/", "ru")


@pytest.mark.parametrize("name", ["manifest", "over"])
def test_what_belongs_to_a_link_ends_with_it(client, name):
    driver = a_driver(a_company())
    address = reverse(f"phone:{name}", args=[driver.link_token])
    with time_machine.travel(AT, tick=False):
        assert client.get(address).status_code == 200
        new_driver_link(driver=driver, at=AT)
        assert client.get(address).status_code == 404


def test_the_worker_is_anybodys_and_names_nobody(client):
    answer = client.get("/d/worker.js")
    assert answer["Content-Type"].startswith("text/javascript")
    assert "'/static/'" in text(answer).replace("\\u002D", "-")


def test_a_company_without_a_phone_offers_no_call(client):
    trip = an_issued_trip()
    assert "tel:" not in text(page(client, trip.driver))


@pytest.mark.parametrize("token", ["x", "1-1", "1-1~forged", "~", "9-9~" + "A" * 43])
def test_a_forged_link_opens_nothing(client, token):
    an_issued_trip()
    assert client.get(reverse("phone:driver", args=[token])).status_code == 404


def test_a_link_that_was_renewed_or_whose_driver_left_opens_nothing(client):
    trip = an_issued_trip()
    link = reverse("phone:driver", args=[trip.driver.link_token])
    Driver.objects.filter(pk=trip.driver_id).update(link_version=2)
    assert client.get(link).status_code == 404
    Driver.objects.filter(pk=trip.driver_id).update(link_version=1, is_active=False)
    assert client.get(link).status_code == 404


def test_a_link_lasts_sixty_days_and_says_no_more_than_a_forged_one_then(client):
    driver = a_driver(a_company())
    forged = client.get(reverse("phone:driver", args=["1-1~forged"]))
    assert page(client, driver, AT + timedelta(days=60)).status_code == 200
    ended = page(client, driver, AT + timedelta(days=61))
    told = [re.sub(r'value="[^"]*"', "", text(answer)) for answer in (ended, forged)]
    assert (ended.status_code, told[0]) == (404, told[1])
    assert "This link has ended" in text(ended)


def test_a_link_lasts_sixty_days_from_the_last_planned_return_of_any_trip(client):
    driver = a_driver(a_company())
    later = AT + timedelta(days=40)
    trip = a_trip(driver.company, driver=driver, opens_at=later, closes_at=later + timedelta(hours=5))
    assert page(client, driver, AT + timedelta(days=100)).status_code == 200
    last = trip.planned_return_on + timedelta(days=60)
    assert link_ends_on(driver) == last
    assert page(client, driver, AT + timedelta(days=103)).status_code == 404


def test_a_new_link_begins_a_new_term(client):
    driver = a_driver(a_company())
    later = AT + timedelta(days=90)
    assert page(client, driver, later).status_code == 404
    new_driver_link(driver=driver, at=later)
    assert page(client, driver, later).status_code == 200


@pytest.mark.parametrize("address", ["/d/{link}/", "/d/1-1~forged/", "/d/{link}/nowhere/", "/p/{code}"])
def test_its_address_reaches_nobody_as_a_referrer(client, address):
    trip = an_issued_trip()
    link, code = trip.driver.link_token, trip.passes.get().short_code
    with time_machine.travel(AT, tick=False):
        answer = client.get(address.format(link=link, code=code))
    assert answer["Referrer-Policy"] == "strict-origin"


def test_one_drivers_link_shows_nothing_of_another(client):
    trip = an_issued_trip()
    other = an_issued_trip(trip.company)
    assert other.reference not in text(page(client, trip.driver))


def test_it_speaks_the_drivers_language_until_he_chooses(client):
    trip = an_issued_trip()
    Driver.objects.filter(pk=trip.driver_id).update(language="ru")
    del client.cookies[settings.LANGUAGE_COOKIE_NAME]
    trip.driver.refresh_from_db()
    assert '<html lang="ru"' in text(page(client, trip.driver))
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "kk"
    assert '<html lang="kk"' in text(page(client, trip.driver))


def test_it_is_not_cached_by_anyone_between(client):
    assert "no-store" in page(client, an_issued_trip().driver)["Cache-Control"]


def test_a_driver_who_asks_too_often_waits_and_others_at_his_address_do_not(client):
    trip = an_issued_trip()
    with time_machine.travel(AT, tick=False):
        answers = [page(client, trip.driver) for _ in range(61)]
        assert [answer.status_code for answer in answers] == [200] * 60 + [429]
        assert int(answers[-1]["Retry-After"]) > 0
        assert page(client, an_issued_trip().driver).status_code == 200


def test_who_guesses_links_is_counted_by_his_address(client):
    with time_machine.travel(AT, tick=False):
        answers = [client.get(f"/d/{number}-1~guess/").status_code for number in range(61)]
    assert answers == [404] * 60 + [429]


def test_it_takes_few_queries(client, django_assert_max_num_queries):
    trip = an_issued_trip()
    for _ in range(5):
        a_trip(trip.company, driver=trip.driver)
    with django_assert_max_num_queries(18):
        known = {"If-None-Match": page(client, trip.driver)["ETag"]}
    with django_assert_max_num_queries(10):
        page(client, trip.driver, **known)


def test_a_driver_whose_trip_was_moved_is_told_and_sees_both_times(client):
    trip = an_issued_trip()
    later = {"opens_at": trip.opens_at + timedelta(days=3), "closes_at": trip.closes_at + timedelta(days=3)}
    redate_pass(trip=trip, **later, reason="holiday", at=AT + timedelta(hours=1), by=BY)
    told = text(page(client, trip.driver, AT + timedelta(hours=2), **{"HX-Request": "true"}))
    assert "The time has changed." in told
    for moment in (trip.opens_at, later["opens_at"]):
        assert moment.strftime("%Y-%m-%dT%H:%M") in told
    assert codes.show_short_code(trip.passes.get(state="open").short_code) in told


def test_an_ordinary_trip_says_nothing_of_another_time(client):
    assert "The time has changed." not in text(page(client, an_issued_trip().driver))


@pytest.mark.parametrize(("hours", "must_stop"), [(0, False), (23, True)])
def test_a_driver_who_must_stop_can_call_before_all_else(client, hours, must_stop):
    trip = an_issued_trip()
    Company.objects.update(phone="+86 999 900 0101")
    shown = text(page(client, trip.driver, at=AT + timedelta(hours=hours)))
    now = re.sub(r"<template.*?</template>", "", shown, flags=re.DOTALL)
    assert now.count('class="btn call"') == 1
    places = {"call": now.index('class="btn call"'), "acts": now.index('class="acts"')}
    assert (places["call"] < places["acts"]) == must_stop
    picking_up = re.search(r'<a class="([^"]*)" href="[^"]*/pick-up/"', now)
    assert picking_up
    assert ("btn-plain" in picking_up[1]) == must_stop
