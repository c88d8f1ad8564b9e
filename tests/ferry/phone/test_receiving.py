"""A consignee takes a vehicle or refuses it, with photos and a paper; nobody else can do either."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from ferry.actions.passes import receipt_pin
from ferry.actions.receipts import TRIES
from ferry.actions.trips import cancel_trip, return_trip
from ferry.models import (
    ConditionCheck,
    ConditionPhoto,
    DeliveryRefusal,
    EventKind,
    Pass,
    Receipt,
    Trip,
    TripState,
)
from ferry.phone.tickets import GOOD_FOR
from tests.builders import AT, BY, a_company, a_picture, a_vehicle, an_issued_trip
from tests.pdf import pages

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
PERSONAL = ("Almaty Auto", "Aidar K.", "+7 701 000", "Ma Jun", "139 9999", "Khorgos Gateway", "Zebra")


@pytest.fixture(autouse=True)
def _in_english(client, settings):
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"


@pytest.fixture
def pass_() -> Pass:
    company = a_company()
    company.phone = "+86 999 900 0101"
    company.save()
    trip = an_issued_trip(company, vehicle=a_vehicle(company, plate="新F81434临"))
    Trip.objects.filter(pk=trip.pk).update(state=TripState.ARRIVED, exited_at=AT, arrived_at=AT)
    return trip.passes.select_related("trip__driver", "trip__vehicle").get()


def address(name: str, pass_: Pass) -> str:
    return reverse(f"phone:{name}", args=[pass_.short_code])


def in_english() -> Client:
    client = Client()
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    return client


def see(client: Client, name: str, pass_: Pass, at=AT, **headers):
    with time_machine.travel(at, tick=False):
        return client.get(address(name, pass_), headers=headers)


def send(client: Client, name: str, pass_: Pass, said: dict, at=AT, **headers):
    with time_machine.travel(at, tick=False):
        return client.post(address(name, pass_), said, headers=headers)


def take(client: Client, pass_: Pass, at=AT, headers=None, **changes):
    said = {"answer": "take", "pin": receipt_pin(pass_.trip), "condition": "good", "receives": "consignee"}
    return send(client, "code", pass_, {**said, **changes}, at, **(headers or {}))


def refuse(client: Client, pass_: Pass, at=AT, headers=None, **changes):
    said = {"answer": "refuse", "pin": receipt_pin(pass_.trip), "reason": "damaged", "receives": "consignee"}
    return send(client, "code", pass_, {**said, **changes}, at, **(headers or {}))


def wrong_pin(pass_: Pass) -> str:
    return f"{(int(receipt_pin(pass_.trip)) + 1) % 10**6:06}"


def a_file(content: bytes | None = None, name: str = "IMG_1.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content or a_picture(), "image/jpeg")


JSON = {"Accept": "application/json"}


# --- What a stranger sees ------------------------------------------------------------------------


def everything(answer) -> str:
    cookies = "".join(str(morsel) for name, morsel in answer.cookies.items() if name != "csrftoken")
    return answer.content.decode(errors="replace") + str(answer.headers) + cookies


@pytest.mark.parametrize("answered", ["nothing", "taken", "refused"])
@pytest.mark.parametrize("name", ["code", "receipt", "receipt_pdf"])
def test_a_stranger_is_told_nothing_personal_whatever_was_answered(client, pass_, name, answered):
    said = {"receives": "other", "receiver": "Aidar K.", "note": "Zebra stripes"}
    if answered == "taken":
        assert take(client, pass_, condition="damaged", odometer_km="31337", **said).status_code == 302
    elif answered == "refused":
        assert refuse(client, pass_, **said).status_code == 302
    trip = pass_.trip
    secrets = {
        *PERSONAL,
        "新F81434临",
        trip.driver.passport_number,
        trip.driver.link_token,
        trip.reference,
        receipt_pin(trip),
        "31337",
    }
    stranger = Client()
    stranger.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    shown = see(stranger, name, pass_)
    assert shown.status_code in {200, 302}
    assert not shown.content.startswith(b"%PDF")
    assert [secret for secret in secrets if secret in everything(shown)] == []
    assert "no-store" in shown["Cache-Control"]


@pytest.mark.parametrize("answer", [take, refuse])
def test_somebody_else_has_to_say_who_he_is(client, pass_, answer):
    assert "Your name</label>" in see(client, "code", pass_).content.decode()
    wrong = answer(client, pass_, receives="other", receiver="", headers=JSON)
    assert [(error["field"], error["text"]) for error in wrong.json()["errors"]] == [
        ("receiver", "Enter your name.")
    ]


def test_a_refused_deliverys_paper_is_not_called_a_receipt(client, pass_):
    refuse(client, pass_)
    title = f"<title>Refused delivery {pass_.trip.reference}"
    assert title in see(client, "receipt", pass_).content.decode()


def test_a_stranger_sees_the_vehicle_what_to_check_the_company_and_how_far_it_is(client, pass_):
    shown = see(client, "code", pass_).content.decode()
    for words in (
        pass_.vin[-6:],
        "BYD Song Plus",
        "white",
        "Silk Road Cars",
        "tel:+86 999 900 0101",
        "It has one; it stands in your papers",
        "The VIN on the vehicle is the one above",
        "In Kazakhstan",
        "I take it",
        "I do not take it",
    ):
        assert words in shown, words


def test_nobody_without_a_ticket_adds_photos_or_opens_the_paper(client, pass_):
    take(client, pass_)
    stranger = Client()
    assert send(stranger, "receipt_photos", pass_, {"photos": a_file()}).status_code == 404
    assert see(stranger, "receipt_pdf", pass_)["Location"] == address("receipt", pass_)
    assert "It is for the consignee alone" in see(in_english(), "receipt", pass_).content.decode()
    assert not ConditionPhoto.objects.exists()


def test_a_ticket_opens_its_own_trip_alone_and_no_forged_one_opens_any(client, pass_):
    take(client, pass_)
    other = an_issued_trip(pass_.trip.company).passes.get()
    take(Client(), other)
    [name] = [name for name in client.cookies if name.startswith("receipt-")]
    thief = Client()
    for value in ("x", client.cookies[name].value, client.cookies[name].value + "x", ""):
        thief.cookies[f"receipt-{other.trip.reference}"] = value
        assert see(thief, "receipt_pdf", other).status_code == 302
        assert send(thief, "receipt_photos", other, {"photos": a_file()}).status_code == 404
    assert not ConditionPhoto.objects.exists()


def test_a_ticket_lasts_a_day_and_no_script_reads_it(client, pass_):
    answer = take(client, pass_)
    [cookie] = [morsel for name, morsel in answer.cookies.items() if name.startswith("receipt-")]
    assert (bool(cookie["httponly"]), cookie["samesite"], cookie["max-age"]) == (True, "Lax", 24 * 3600)
    assert see(client, "receipt_pdf", pass_, AT + GOOD_FOR - HOUR).status_code == 200
    assert see(client, "receipt_pdf", pass_, AT + GOOD_FOR + HOUR).status_code == 302


def test_the_pin_opens_the_paper_again_and_wrong_ones_are_counted_with_all_others(client, pass_):
    take(client, pass_)
    other = Client()
    other.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    assert send(other, "receipt", pass_, {"pin": wrong_pin(pass_)}).status_code == 400
    assert send(other, "receipt", pass_, {"pin": receipt_pin(pass_.trip)}).status_code == 302
    assert "Almaty Auto" in see(other, "receipt", pass_).content.decode()
    for _time in range(TRIES - 1):
        send(Client(), "receipt", pass_, {"pin": wrong_pin(pass_)})
    locked = send(Client(), "receipt", pass_, {"pin": receipt_pin(pass_.trip)})
    assert locked.status_code == 400
    assert not locked.cookies.keys() & {f"receipt-{pass_.trip.reference}"}


def test_the_driver_has_neither_the_pin_nor_the_way(client, pass_):
    page = client.get(reverse("phone:driver", args=[pass_.trip.driver.link_token])).content.decode()
    assert receipt_pin(pass_.trip) not in page
    with time_machine.travel(AT, tick=False):
        for answer in ("take", "refuse"):
            said = {"answer": answer, "condition": "good", "reason": "other", "receives": "consignee"}
            assert client.post(address("code", pass_), said).status_code == 400
    assert not Receipt.objects.exists()
    assert not DeliveryRefusal.objects.exists()


# --- Two ways ------------------------------------------------------------------------------------


def test_he_takes_it_and_says_how_it_looks(client, pass_):
    check_id = str(uuid.uuid4())
    marks = {"mark-1-where": "left:412,630", "mark-1-kind": "dent"}
    figures = {"odometer_km": "31", "level_percent": "64", "keys": "2", "note": "Dent"}
    take(client, pass_, condition="damaged", check_id=check_id, **marks, **figures)
    check = ConditionCheck.objects.get()
    assert (str(check.check_id), check.stage, check.driver) == (check_id, "receipt", None)
    assert (check.odometer_km, check.level_percent, check.keys) == (31, 64, 2)
    assert [(mark.side, mark.x, mark.kind) for mark in check.marks.all()] == [("left", 412, "dent")]
    shown = see(client, "receipt", pass_).content.decode()
    for words in (
        "Almaty Auto",
        "Damaged",
        "64 %",
        "Left side · Dent",
        "fm-outline-mark",
        pass_.trip.reference,
    ):
        assert words in shown, words


def test_he_refuses_it_and_the_company_is_told(client, pass_):
    refuse(client, pass_, reason="incomplete", note="No second key")
    shown = see(client, "receipt", pass_).content.decode()
    assert "You have refused the delivery" in shown
    assert "Keys, papers or parts are missing" in shown
    refusal = DeliveryRefusal.objects.get()
    assert (refusal.reason, refusal.note, refusal.refused_by) == (
        "incomplete",
        "No second key",
        "Almaty Auto",
    )
    page = see(client, "code", pass_).content.decode()
    assert "Delivery refused" in page
    assert "I do not take it" not in page


def test_the_same_refusal_again_is_the_same_and_a_receipt_may_follow(client, pass_):
    assert [refuse(client, pass_).status_code for _time in range(2)] == [302, 302]
    assert DeliveryRefusal.objects.count() == 1
    assert take(client, pass_, at=AT + HOUR).status_code == 302
    assert "Delivery confirmed" in see(client, "receipt", pass_, AT + HOUR).content.decode()
    assert ConditionCheck.objects.count() == 2


def test_what_is_confirmed_is_refused_no_more_and_says_so(client, pass_):
    take(client, pass_)
    answer = refuse(client, pass_)
    assert answer.status_code == 400
    assert "confirmed already" in answer.content.decode()
    assert not DeliveryRefusal.objects.exists()


def test_a_wrong_pin_refuses_nothing_and_keeps_what_was_typed(client, pass_):
    answer = refuse(client, pass_, pin=wrong_pin(pass_), note="No second key")
    shown = answer.content.decode()
    assert (answer.status_code, "The PIN is wrong" in shown, "No second key" in shown) == (400, True, True)
    assert not DeliveryRefusal.objects.exists()
    assert not ConditionCheck.objects.exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"reason": ""},
        {"reason": "moody"},
        {"note": "x" * 2001},
        {"check_id": "x"},
        {"mark-1-where": "moon:1,1"},
    ],
)
def test_unusable_input_refuses_nothing(client, pass_, changes):
    assert refuse(client, pass_, **changes).status_code == 400
    assert not DeliveryRefusal.objects.exists()
    assert not ConditionCheck.objects.exists()


@pytest.mark.parametrize("end", [cancel_trip, return_trip])
def test_a_trip_that_ended_offers_neither_way(client, pass_, end):
    trip = Trip.objects.get(pk=pass_.trip_id)
    if end is cancel_trip:
        Trip.objects.filter(pk=trip.pk).update(state=TripState.READY)
        trip.refresh_from_db()
        end(trip=trip, reason="no buyer", at=AT, by=BY)
    else:
        end(trip=trip, at=AT, by=BY)
    shown = see(client, "code", pass_).content.decode()
    assert "not valid any more" in shown
    assert 'name="pin"' not in shown
    assert take(client, pass_).status_code == refuse(client, pass_).status_code == 400
    assert not Receipt.objects.exists()
    assert not trip.events.filter(kind=EventKind.DELIVERY_REFUSED).exists()


def test_the_page_is_over_sixty_days_after_the_receipt_or_the_end_of_the_pass(client, pass_):
    end = pass_.closes_at + timedelta(days=60)
    assert see(client, "code", pass_, end - HOUR).status_code == 200
    over = see(client, "code", pass_, end)
    assert (over.status_code, pass_.vin[-6:] in over.content.decode()) == (410, False)
    assert take(client, pass_, at=end).status_code == 410
    assert not Receipt.objects.exists()
    take(client, pass_, at=end - HOUR)
    assert see(client, "receipt", pass_, end + HOUR).status_code == 200
    assert see(client, "receipt", pass_, end + timedelta(days=60)).status_code == 410


# --- A bad line ----------------------------------------------------------------------------------


def test_a_script_is_answered_what_to_do_next(client, pass_):
    check_id = str(uuid.uuid4())
    answers = [take(client, pass_, headers=JSON, check_id=check_id) for _time in range(2)]
    for answer in answers:
        assert answer.json() == {
            "next": address("receipt", pass_),
            "photos": address("receipt_photos", pass_),
            "check_id": check_id,
            "errors": [],
        }
    wrong = take(client, pass_, headers=JSON, pin="1")
    assert wrong.status_code == 400
    assert wrong.json()["errors"][0]["field"] == "pin"


def test_photos_come_one_at_a_time_and_each_is_kept_once(client, pass_):
    done = take(client, pass_, headers=JSON).json()
    content = a_picture()
    for _time in range(2):
        said = {"check_id": done["check_id"], "photo_id": str(uuid.UUID(int=7)), "photos": a_file(content)}
        assert send(client, "receipt_photos", pass_, said, **JSON).json() == {"errors": []}
    photo = ConditionPhoto.objects.get()
    assert (str(photo.check_made.check_id), photo.photo_id) == (done["check_id"], uuid.UUID(int=7))
    assert "1 photo is kept" in see(client, "receipt", pass_).content.decode()


@pytest.mark.parametrize("content", [b"no photo", b"%PDF-1.4 x", b"\xff\xd8\xff broken"])
def test_what_is_no_photo_is_told_by_its_name_and_the_answer_stands(client, pass_, content):
    take(client, pass_, photos=[a_file(content, "scan.jpg"), a_file()])
    assert Receipt.objects.exists()
    assert ConditionPhoto.objects.count() == 1
    assert "scan.jpg:" in see(client, "receipt", pass_).content.decode()
    answer = send(client, "receipt_photos", pass_, {"photos": a_file(content)}, **JSON)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["text"]


@pytest.mark.parametrize(
    "said", [{"check_id": str(uuid.uuid4())}, {"check_id": "x"}, {"photo_id": "x"}, {"mark_number": "-1"}]
)
def test_a_photo_of_nothing_here_is_not_kept(client, pass_, said):
    take(client, pass_)
    assert send(client, "receipt_photos", pass_, {**said, "photos": a_file()}).status_code == 404
    assert not ConditionPhoto.objects.exists()


# --- The paper -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "words"), [("en", "Vehicle"), ("zh-hans", "车架号"), ("ru", "Компания"), ("kk", "Компания")]
)
def test_the_paper_is_a_pdf_in_the_readers_language(client, pass_, language, words):
    take(
        client, pass_, receives="other", receiver="Айдос Беков 艾多斯", condition="damaged", odometer_km="31"
    )
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    answer = see(client, "receipt_pdf", pass_)
    assert answer["Content-Type"] == "application/pdf"
    [page] = pages(answer.content)
    told = (
        pass_.vin,
        "Айдос Беков",
        "艾多斯",
        pass_.trip.reference,
        "2026-11-22 09:00 Астана UTC+5",
        "12:00 北京 UTC+8",
        "31",
    )
    for text in told:
        assert text in page.text, text
    assert words in page.text
    for secret in (pass_.trip.driver.name, receipt_pin(pass_.trip), pass_.trip.driver.passport_number):
        assert secret not in page.text


def test_the_paper_is_written_from_the_right_for_who_reads_uyghur(client, pass_):
    take(client, pass_)
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "ug"
    [page] = pages(see(client, "receipt_pdf", pass_).content)
    # A reader of PDFs turns a line round where its label is Uyghur; the second clock has a line of its own.
    for text in ("Almaty Auto", "BYD Song Plus", "2026-11-22 12:00 北京"):
        assert text in page.text, text


def test_a_refused_delivery_has_its_paper_too(client, pass_):
    refuse(client, pass_, note="Line one\nline two " + "long " * 300)
    [*_first, last] = pages(see(client, "receipt_pdf", pass_).content)
    assert "Refused by the consignee with his PIN" in last.text


def test_before_an_answer_there_is_no_paper(client, pass_):
    assert see(client, "receipt", pass_)["Location"] == address("code", pass_)
    assert see(client, "receipt_pdf", pass_).status_code == 302


def test_the_pages_take_few_queries(client, pass_, django_assert_max_num_queries):
    with django_assert_max_num_queries(4):
        see(client, "code", pass_)
    take(client, pass_, condition="damaged", **{"mark-1-where": "left:412,630"})
    with django_assert_max_num_queries(8):
        see(client, "receipt", pass_)
