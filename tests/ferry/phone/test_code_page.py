"""The public page of a code, from which the consignee confirms."""

from __future__ import annotations

import pytest
import time_machine
from django.conf import settings

from ferry import codes
from ferry.actions.passes import receipt_pin, revoke_pass
from ferry.actions.receipts import TRIES
from ferry.models import Pass, Receipt, Trip, TripState
from tests.builders import AT, BY, an_issued_trip

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _in_english(client):
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"


@pytest.fixture
def pass_() -> Pass:
    trip = an_issued_trip()
    Trip.objects.filter(pk=trip.pk).update(state=TripState.ARRIVED, exited_at=AT, arrived_at=AT)
    return trip.passes.select_related("trip__driver", "trip__vehicle").get()


def address(pass_: Pass) -> str:
    return "/P/" + pass_.code.rsplit("/", 1)[1]


def post(client, pass_: Pass, **changes):
    said = {"pin": receipt_pin(pass_.trip), "condition": "good", "receives": "consignee", **changes}
    with time_machine.travel(AT, tick=False):
        return client.post(address(pass_), said)


def test_the_page_and_the_interface_count_one_address_together(client, pass_):
    said = {"short_code": pass_.short_code, "pin": "1", "condition": "good", "receiver": "x"}
    with time_machine.travel(AT, tick=False):
        for _number in range(30):
            client.post("/api/v1/receipts/", said, content_type="application/json")
        assert client.post(address(pass_), {"pin": "1"}).status_code == 429
    assert not Receipt.objects.exists()


def test_all_addresses_of_one_network_are_one_caller(client, pass_):
    with time_machine.travel(AT, tick=False):
        answers = [
            client.post(address(pass_), REMOTE_ADDR=f"2001:db8:1:2::{number:x}").status_code
            for number in range(31)
        ]
    assert answers == [400] * 30 + [429]


def test_it_tells_a_stranger_nothing_personal(client, pass_):
    shown = client.get(address(pass_)).content.decode()
    trip = pass_.trip
    assert trip.vehicle.vin[-6:] in shown
    for secret in (
        trip.driver.name,
        trip.driver.passport_number,
        trip.driver.phone,
        trip.consignee_name,
        trip.consignee_phone,
        receipt_pin(trip),
        trip.driver.link_token,
    ):
        assert secret not in shown


@pytest.mark.parametrize(
    "form", [str.upper, str.lower, lambda code: codes.show_short_code(Pass.objects.get().short_code)]
)
def test_it_opens_by_the_code_in_any_case_and_by_the_short_code(client, pass_, form):
    assert client.get("/P/" + form(address(pass_)[3:])).status_code == 200
    assert client.get("/p/" + form(address(pass_)[3:])).status_code == 200


def test_the_consignee_confirms_and_sees_it_done(client, pass_):
    answer = post(client, pass_, odometer_km="31", note="")
    assert answer.status_code == 302
    assert "Delivery confirmed" in client.get(answer["Location"]).content.decode()
    pass_.trip.refresh_from_db()
    assert (pass_.trip.state, Receipt.objects.get().odometer_km) == (TripState.DELIVERED, 31)


@pytest.mark.parametrize(
    ("said", "receiver"),
    [({}, "Almaty Auto"), ({"receives": "other", "receiver": "Aidar"}, "Aidar")],
)
def test_the_receiver_is_the_consignee_unless_somebody_else_is_named(client, pass_, said, receiver):
    post(client, pass_, **said)
    assert Receipt.objects.get().receiver == receiver


def test_the_same_again_after_a_lost_answer_shows_the_paper_and_keeps_one_receipt(client, pass_):
    answers = [post(client, pass_), post(client, pass_)]
    assert [answer.status_code for answer in answers] == [302, 302]
    shown = client.get(answers[1]["Location"]).content.decode()
    assert "Delivery confirmed" in shown
    assert "What was said then stands" not in shown
    assert Receipt.objects.get().condition == "good"


def test_something_else_said_again_changes_nothing_and_is_told_so(client, pass_):
    post(client, pass_)
    answer = post(client, pass_, condition="damaged")
    assert "What was said then stands" in client.get(answer["Location"]).content.decode()
    assert Receipt.objects.get().condition == "good"


def test_a_wrong_pin_says_so_keeps_what_was_typed_and_moves_nothing(client, pass_):
    wrong = f"{(int(receipt_pin(pass_.trip)) + 1) % 10**6:06}"
    answer = post(client, pass_, pin=wrong, receives="other", receiver="Aidar K.")
    shown = answer.content.decode()
    assert answer.status_code == 400
    assert shown.index("The PIN is wrong") < shown.index("<h2>")
    assert "Aidar K." in shown
    pass_.trip.refresh_from_db()
    assert pass_.trip.state == TripState.ARRIVED
    assert not Receipt.objects.exists()


def test_wrong_pins_are_limited(client, pass_):
    wrong = f"{(int(receipt_pin(pass_.trip)) + 1) % 10**6:06}"
    for _ in range(TRIES):
        post(client, pass_, pin=wrong)
    assert "Too many wrong PINs" in post(client, pass_).content.decode()
    assert not Receipt.objects.exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"pin": ""},
        {"receives": "other", "receiver": ""},
        {"receives": ""},
        {"condition": "stolen"},
        {"odometer_km": "-1"},
        {"odometer_km": "9" * 30},
        {"note": "x" * 2001},
        {"receives": "other", "receiver": "a\x00b"},
    ],
)
def test_unusable_input_is_explained_and_moves_nothing(client, pass_, changes):
    assert post(client, pass_, **changes).status_code == 400
    assert not Receipt.objects.exists()


def test_a_revoked_code_offers_no_form(client):
    trip = an_issued_trip()
    revoke_pass(trip=trip, reason="wrong car", at=AT, by=BY)
    shown = client.get(address(trip.passes.get())).content.decode()
    assert "not valid any more" in shown
    assert "<form method" not in shown


@pytest.mark.parametrize("code", ["A", "NOT-A-CODE", "A" * 351, "0000-0000-0"])
def test_an_unknown_code_says_what_to_do(client, pass_, code):
    answer = client.get(f"/P/{code}")
    assert answer.status_code == 404
    assert "type the short code" in answer.content.decode()


def test_an_altered_code_opens_nothing(client, pass_):
    altered = address(pass_)[:-5] + ("B" if address(pass_)[-5] == "A" else "A") + address(pass_)[-4:]
    assert client.get(altered).status_code == 404
