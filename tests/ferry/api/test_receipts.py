"""The consignee confirms a delivery without a key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ferry.actions.passes import receipt_pin
from ferry.codes import show_short_code
from ferry.models import ConditionCheck, Receipt, Trip, TripState
from tests.builders import an_issued_trip
from tests.ferry.api.callers import errors_of, nobody

if TYPE_CHECKING:
    from ferry.models import Company


@pytest.fixture
def trip(company: Company) -> Trip:
    return an_issued_trip(company)


def receipt_body(trip: Trip, **changes: Any) -> dict[str, Any]:
    usual = {
        "short_code": show_short_code(trip.passes.get().short_code),
        "pin": receipt_pin(trip),
        "condition": "good",
        "odometer_km": 31,
        "receiver": "Aidos Bekov",
    }
    return {**usual, **changes}


def confirm(body: Any) -> Any:
    return nobody().post("/api/v1/receipts/", body, format="json")


def test_it_confirms_a_delivery_once(trip: Trip) -> None:
    first, second = confirm(receipt_body(trip)), confirm(receipt_body(trip))

    assert first.status_code == 201
    assert first.json() == {
        "reference": trip.reference,
        "vin": trip.vehicle.vin,
        "condition": "good",
        "odometer_km": 31,
        "receiver": "Aidos Bekov",
        "note": "",
        "confirmed_at": "2026-11-22T04:00:00Z",
    }
    assert (second.status_code, errors_of(second)) == (409, [("already_confirmed", None)])
    assert Trip.objects.get().state == TripState.DELIVERED


def test_the_code_itself_does_as_well(trip: Trip) -> None:
    answer = confirm(receipt_body(trip, short_code="", code=trip.passes.get().code, condition="damaged"))

    assert (answer.status_code, answer.json()["condition"]) == (201, "damaged")


def test_wrong_pins_are_limited(trip: Trip) -> None:
    wrong = receipt_body(trip, pin="0000000")

    answers = [confirm(wrong) for _try in range(5)]
    locked = confirm(receipt_body(trip))

    assert {answer.status_code for answer in answers} == {400}
    assert errors_of(answers[0]) == [("wrong_pin", "pin")]
    assert (locked.status_code, errors_of(locked)) == (429, [("too_many_tries", "pin")])
    assert not Receipt.objects.exists()
    assert Trip.objects.get().state == TripState.READY


@pytest.mark.parametrize("code", ["ZZZZ-ZZZZ-Z", "nonsense", "HTTPS://LOCALHOST/P/AAAA", "😀", "\u202e"])
def test_an_unknown_code_is_not_there(code: str, db: None) -> None:
    answer = confirm({"code": code, "pin": "1", "condition": "good", "receiver": "A"})

    assert (answer.status_code, errors_of(answer)) == (404, [("not_found", "code")])


def test_a_code_is_required(trip: Trip) -> None:
    answer = confirm(receipt_body(trip, short_code=""))

    assert answer.status_code == 400
    assert {attr for _code, attr in errors_of(answer)} <= {"code", "short_code"}


def test_a_number_is_no_pin(trip: Trip) -> None:
    answer = confirm(receipt_body(trip, pin=402917))

    assert (answer.status_code, errors_of(answer)) == (400, [("invalid", "pin")])
    assert not Receipt.objects.exists()


def test_charge_and_keys_are_kept_with_the_receipt(trip: Trip) -> None:
    answer = confirm(receipt_body(trip, level_percent=64, keys=0, note="One key is missing"))

    assert answer.status_code == 201
    kept = ConditionCheck.objects.get(trip=trip, stage="receipt")
    assert (kept.odometer_km, kept.level_percent, kept.keys, kept.note) == (31, 64, 0, "One key is missing")
    again = confirm(receipt_body(trip, level_percent=10, keys=2))
    assert again.status_code == 409
    assert ConditionCheck.objects.count() == 1


def test_without_them_there_is_no_check(trip: Trip) -> None:
    assert confirm(receipt_body(trip, level_percent=None)).status_code == 201
    assert not ConditionCheck.objects.exists()


@pytest.mark.parametrize(
    "wrong", [{"level_percent": 101}, {"level_percent": -1}, {"keys": 21}, {"keys": -1}, {"keys": "two"}]
)
def test_charge_and_keys_that_cannot_be_are_refused(trip: Trip, wrong: dict[str, Any]) -> None:
    answer = confirm(receipt_body(trip, **wrong))

    assert (answer.status_code, [attr for _code, attr in errors_of(answer)]) == (400, [*wrong])
    assert not Receipt.objects.exists()
