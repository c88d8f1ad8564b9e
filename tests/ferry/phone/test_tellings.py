"""What a phone sends of its driver's words, and the pages on which he says them."""

from __future__ import annotations

import io
import json
import uuid
from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.test import Client
from django.urls import reverse

from ferry.actions.passes import swap_driver
from ferry.models import (
    ConditionCheck,
    ConditionPhoto,
    Document,
    Driver,
    EventKind,
    Telling,
    Trip,
    TripEvent,
)
from ferry.uploaded import MOST_BYTES
from tests.builders import AT, BY, a_company, a_driver, a_picture, an_exited_trip, an_issued_trip

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
FIELDS = {"mark-1-where": "left:412,630", "mark-1-kind": "dent", "odometer_km": "31", "keys": "2"}


@pytest.fixture(autouse=True)
def _in_english(client):
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"


@pytest.fixture
def trip() -> Trip:
    return an_issued_trip()


def address(driver: Driver) -> str:
    return reverse("phone:tellings", args=[driver.link_token])


def said(of: Trip, kind: str = "picked_up", **changes) -> dict:
    usual = {
        "telling_id": str(uuid.uuid4()),
        "kind": kind,
        "trip": of.reference,
        "told_at": (AT + HOUR).isoformat(),
        "sent_at": (AT + 2 * HOUR).isoformat(),
        "fields": {} if kind == "back" else FIELDS,
    }
    return {**usual, **changes}


def send(
    client: Client, trip: Trip, telling, *, driver: Driver | None = None, photo: bytes | None = None, **more
):
    body = {"telling": telling if isinstance(telling, str) else json.dumps(telling)}
    if photo is not None:
        body["photo"] = io.BytesIO(photo)
    with time_machine.travel(AT + 2 * HOUR, tick=False):
        return client.post(address(driver or trip.driver), body, **more)


def codes(answer) -> list[str]:
    errors = answer.json()["errors"]
    assert all(set(error) == {"code", "detail", "attr"} and error["detail"] for error in errors)
    return [error["code"] for error in errors]


def nothing_kept() -> None:
    assert not Telling.objects.exists()
    assert not ConditionCheck.objects.exists()
    assert not TripEvent.objects.filter(kind=EventKind.PICKED_UP).exists()


def test_a_word_is_taken_without_a_cookie_and_answered_the_same_again(trip):
    client = Client(enforce_csrf_checks=True)
    telling = said(trip)
    first, again = send(client, trip, telling), send(client, trip, {**telling, "sent_at": AT.isoformat()})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert first.json()["told_at"] == (AT + HOUR).isoformat()
    check = ConditionCheck.objects.get()
    assert (check.odometer_km, check.keys, check.checked_at) == (31, 2, AT + HOUR)
    assert check.marks.get().kind == "dent"


def test_other_content_under_the_same_number_is_409(client, trip):
    telling = said(trip)
    send(client, trip, telling)
    answer = send(client, trip, {**telling, "fields": {"keys": "1"}})
    assert (answer.status_code, codes(answer)) == (409, ["telling_id_reused"])
    assert ConditionCheck.objects.get().keys == 2


def test_a_refusal_is_answered_in_the_drivers_language_and_the_same_again(client, trip):
    Driver.objects.filter(pk=trip.driver_id).update(language="ru")
    del client.cookies[settings.LANGUAGE_COOKIE_NAME]
    telling = said(trip, "back")
    first, again = send(client, trip, telling), send(client, trip, telling)
    assert (first.status_code, again.status_code, codes(first)) == (409, 409, ["trip_not_left"])
    assert first.json() == again.json()
    assert "Кита" in first.json()["errors"][0]["detail"]


@pytest.mark.parametrize(
    "telling",
    [
        "",
        "x",
        "[]",
        "[" * 5000,
        "null",
        '{"telling_id": 5}',
        '{"fields": "\\ud800"}',
    ],
)
def test_what_is_no_word_is_400_and_kept_nowhere(client, trip, telling):
    assert send(client, trip, telling).status_code == 400
    nothing_kept()


@pytest.mark.parametrize(
    "changes",
    [
        {"telling_id": "x"},
        {"kind": "stolen"},
        {"trip": ""},
        {"trip": "x" * 99},
        {"told_at": "yesterday"},
        {"told_at": None},
        {"told_at": 5},
        {"told_at": ["2026"]},
        {"sent_at": {}},
        {"fields": []},
        {"fields": {"note": "\ud800"}},
        {"fields": {"note": "a\x00b"}},
        {"fields": {"odometer_km": ["x"]}},
        {"fields": {"odometer_km": "-1"}},
        {"fields": {"mark-1-where": "left:9999,1"}},
        {"kind": "back", "fields": {"back_on": "2026-99-99"}},
        {"kind": "back", "fields": {"back_at": "10:00"}},
        {"kind": "photo", "fields": {}},
        {"kind": "photo", "fields": {"about": "x"}},
        {"kind": "photo", "fields": {"about": str(uuid.uuid4()), "mark_number": "99"}},
        {"kind": "photo", "fields": {"about": str(uuid.uuid4())}},
    ],
)
def test_unusable_content_is_told_by_its_name_and_kept_nowhere(client, trip, changes):
    answer = send(client, trip, said(trip, **changes))
    assert answer.status_code == 400
    assert codes(answer)
    nothing_kept()


@pytest.mark.parametrize("year", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_no_clock_breaks_it(client, trip, year):
    for changes in ({"told_at": year}, {"sent_at": year}, {"told_at": year, "sent_at": year}):
        assert send(client, trip, said(trip, **changes)).status_code in {201, 409}


def test_a_strangers_trip_and_none_are_the_same(client, trip):
    other = an_issued_trip()
    answers = [send(client, trip, said(trip, trip=reference)) for reference in (other.reference, "FNOWHERE1")]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].json() == answers[1].json()
    nothing_kept()


def test_a_link_that_ended_is_no_refusal_of_the_word(client, trip):
    old = address(trip.driver)
    Driver.objects.filter(pk=trip.driver_id).update(link_version=2)
    answer = client.post(old, {"telling": json.dumps(said(trip))})
    assert (answer.status_code, codes(answer)) == (404, ["link_not_valid"])
    nothing_kept()


def test_a_trip_that_was_given_away_is_refused_in_a_sentence(client, trip):
    former = trip.driver
    swap_driver(trip=trip, driver=a_driver(trip.company), at=AT, by=BY)
    answer = send(client, trip, said(trip), driver=former)
    assert (answer.status_code, codes(answer)) == (409, ["trip_taken_away"])
    assert not ConditionCheck.objects.exists()


def test_a_photo_follows_its_check(client, trip):
    check = said(trip)
    send(client, trip, check)
    about = {"about": check["telling_id"], "mark_number": 1, "keeps_place": ""}
    photo = said(trip, "photo", fields=about)
    content = a_picture("HEIF")
    answers = [send(client, trip, photo, photo=content).status_code for _time in range(2)]
    assert answers == [201, 200]
    assert ConditionPhoto.objects.get().mark_number == 1
    assert send(client, trip, photo, photo=a_picture()).status_code == 409


def test_a_photo_that_is_too_large_or_none_is_refused(client, trip):
    check = said(trip)
    send(client, trip, check)
    fields = {"about": check["telling_id"]}
    for content, code in ((b"\xff\xd8\xff" + bytes(MOST_BYTES), "file_too_large"), (b"GIF89a", "file_type")):
        answer = send(client, trip, said(trip, "photo", fields=fields), photo=content)
        assert (answer.status_code, codes(answer)) == (400, [code])
    assert not ConditionPhoto.objects.exists()


def test_a_body_too_large_to_be_meant_is_413(client, trip):
    answer = send(client, trip, said(trip, "photo"), CONTENT_LENGTH=str(65 * 1024**2))
    assert (answer.status_code, codes(answer)) == (413, ["file_too_large"])
    nothing_kept()


def test_who_tells_too_much_at_once_waits(client, trip):
    for _number in range(60):
        send(client, trip, "x")
    answer = send(client, trip, said(trip))
    assert (answer.status_code, codes(answer)) == (429, ["too_many"])
    assert int(answer["Retry-After"]) > 0
    nothing_kept()
    other = an_issued_trip()
    assert send(client, other, said(other)).status_code == 201


# --- Pages ---------------------------------------------------------------------------------------


def page(client, trip, name="pick_up", data=None, driver=None, at=AT + 2 * HOUR):
    url = reverse(f"phone:{name}", args=[(driver or trip.driver).link_token, trip.reference])
    with time_machine.travel(at, tick=False):
        return client.get(url) if data is None else client.post(url, data)


@pytest.mark.parametrize("name", ["pick_up", "hand_over", "back"])
def test_every_page_opens_and_names_the_vehicle(client, trip, name):
    shown = page(client, trip, name).content.decode()
    assert trip.vehicle.vin[-6:] in shown
    assert trip.driver.passport_number not in shown
    assert 'name="telling_id"' in shown


def test_a_battery_car_is_charged_and_another_is_fuelled(client, trip):
    from tests.builders import a_petrol_car

    assert "Battery charge, %" in page(client, trip).content.decode()
    company = a_company()
    fuelled = an_issued_trip(company, vehicle=a_petrol_car(company))
    assert "Fuel, %" in page(client, fuelled).content.decode()


def test_the_page_without_javascript_tells_once_however_often_it_is_sent(client, trip):
    content = [a_picture(), a_picture()]
    data = {**FIELDS, "telling_id": str(uuid.uuid4())}
    for _time in range(2):
        files = {"photos": io.BytesIO(content[0]), "mark-1-photo": io.BytesIO(content[1])}
        answer = page(client, trip, data={**data, **files})
        assert answer.status_code == 302
        assert answer["Location"] == reverse("phone:driver", args=[trip.driver.link_token])
    check = ConditionCheck.objects.get()
    assert sorted(check.photos.values_list("mark_number", flat=True), key=str) == [1, None]
    assert Telling.objects.count() == 3


def test_the_page_keeps_the_check_and_tells_of_the_photo_that_is_none(client, trip):
    data = {"telling_id": str(uuid.uuid4()), "photos": io.BytesIO(b"GIF89a")}
    answer = page(client, trip, data=data)
    assert answer.status_code == 302
    with time_machine.travel(AT, tick=False):
        assert "Only photos" in client.get(answer["Location"]).content.decode()
    assert ConditionCheck.objects.count() == 1
    assert not ConditionPhoto.objects.exists()


def test_what_is_wrong_is_told_and_what_was_filled_in_is_still_there(client, trip):
    data = {**FIELDS, "odometer_km": "-5", "note": "Left mirror", "telling_id": str(uuid.uuid4())}
    answer = page(client, trip, data=data)
    shown = answer.content.decode()
    assert answer.status_code == 400
    assert "This is not told yet." in shown
    assert "Left mirror" in shown
    assert 'value="left:412,630" selected' in shown
    assert data["telling_id"] not in shown
    nothing_kept()


@pytest.mark.parametrize("telling_id", ["", "x", "5" * 300])
def test_a_page_without_its_number_says_so(client, trip, telling_id):
    assert page(client, trip, data={"telling_id": telling_id}).status_code == 400
    nothing_kept()


def test_back_takes_the_day_and_time_of_china_and_a_photo_of_the_stamp(client):
    trip = an_exited_trip()
    data = {
        "telling_id": str(uuid.uuid4()),
        "back_on": "2026-11-22",
        "back_at": "13:30",
        "photos": io.BytesIO(a_picture()),
    }
    assert page(client, trip, "back", data).status_code == 302
    trip.refresh_from_db()
    assert trip.driver_returned_at == AT + timedelta(hours=1.5)
    assert Document.objects.get().is_personal


def test_a_refused_return_is_told_on_the_page(client):
    trip = an_exited_trip()
    data = {"telling_id": str(uuid.uuid4()), "back_on": "2026-11-20"}
    answer = page(client, trip, "back", data)
    assert answer.status_code == 400
    assert "before the vehicle left China" in answer.content.decode()
    trip.refresh_from_db()
    assert trip.driver_returned_at is None


def test_what_was_told_already_offers_no_form_again(client, trip):
    page(client, trip, data={"telling_id": str(uuid.uuid4())})
    shown = page(client, trip).content.decode()
    assert "You have told this already" in shown
    assert "<textarea" not in shown


def test_a_stranger_and_a_dead_link_find_nothing(client, trip):
    his_own = trip.driver
    for driver in (an_issued_trip().driver, a_driver(trip.company)):
        assert page(client, trip, driver=driver).status_code == 404
        assert page(client, trip, data={"telling_id": str(uuid.uuid4())}, driver=driver).status_code == 404
    Driver.objects.filter(pk=trip.driver_id).update(link_version=2)
    assert page(client, trip, driver=his_own).status_code == 404
    nothing_kept()


@pytest.mark.parametrize(
    ("state", "shown", "hidden"),
    [
        ("ready", "pick-up", ["hand-over", "back"]),
        ("exited", "hand-over", ["back"]),
        ("delivered", "back", []),
    ],
)
def test_the_drivers_page_offers_the_next_act_large_and_names_the_pages_to_keep(
    client, trip, state, shown, hidden
):
    Trip.objects.filter(pk=trip.pk).update(state=state)
    with time_machine.travel(AT, tick=False):
        html = client.get(reverse("phone:driver", args=[trip.driver.link_token])).content.decode()
    link = html.partition(f'/{shown}/" data-act')[0].rpartition("<a ")[2]
    assert 'class="btn"' in link
    kept = html.partition('data-keep-pages="')[2].partition('"')[0].split()
    assert [url.rsplit("/", 2)[1] for url in kept] == [shown, *hidden]
    acts = html[html.index('<nav class="acts"') :].split("</nav>")[0]
    assert acts.count(" hidden>") == len(hidden)


def test_the_queue_is_the_drivers_whatever_link_he_has(client, trip):
    def queue_of(driver):
        with time_machine.travel(AT, tick=False):
            html = client.get(reverse("phone:driver", args=[driver.link_token])).content.decode()
        return html.partition('data-queue="')[2].partition('"')[0]

    first = queue_of(trip.driver)
    Driver.objects.filter(pk=trip.driver_id).update(link_version=2)
    trip.driver.refresh_from_db()
    assert queue_of(trip.driver) == first
    assert queue_of(an_issued_trip().driver) != first
