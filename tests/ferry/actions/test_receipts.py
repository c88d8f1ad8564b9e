"""The consignee confirms a delivery by his PIN."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet

from ferry.actions.passes import issue_pass, receipt_pin, revoke_pass, swap_driver
from ferry.actions.receipts import LOCKED_FOR, TRIES, confirm_receipt
from ferry.errors import Conflict, Invalid, TooMany
from ferry.models import EventKind, Pass, PassState, Receipt, Trip, TripState
from tests.builders import AT, BY, a_driver, an_issued_trip

pytestmark = pytest.mark.django_db


def confirm(pass_: Pass, pin: str | None = None, at=AT):
    pass_ = Pass.objects.select_related("trip").get(pk=pass_.pk)
    return confirm_receipt(
        pass_=pass_,
        pin=receipt_pin(pass_.trip) if pin is None else pin,
        condition="good",
        receiver="Aidar",
        odometer_km=31,
        at=at,
        by="consignee",
    )


@pytest.fixture
def trip() -> Trip:
    trip = an_issued_trip()
    Trip.objects.filter(pk=trip.pk).update(state=TripState.ARRIVED, exited_at=AT, arrived_at=AT)
    return trip


def wrong_pin(trip: Trip) -> str:
    trip.refresh_from_db()
    return f"{(int(receipt_pin(trip)) + 1) % 10**6:06}"


def test_it_delivers_the_trip_and_spends_the_pass(trip):
    receipt = confirm(trip.passes.get())
    trip.refresh_from_db()
    assert (trip.state, trip.delivered_at) == (TripState.DELIVERED, AT)
    assert (receipt.vin, receipt.receiver, receipt.odometer_km) == (trip.vehicle.vin, "Aidar", 31)
    assert trip.passes.get().state == PassState.SPENT


def test_it_confirms_once(trip):
    confirm(trip.passes.get())
    with pytest.raises(Conflict) as refusal:
        confirm(trip.passes.get())
    assert refusal.value.reasons[0].code == "already_confirmed"
    assert Receipt.objects.count() == 1
    assert trip.events.filter(kind=EventKind.DELIVERED).count() == 1


@pytest.mark.parametrize("pin", ["", "12345", "абвгде", "١٢٣٤٥٦", " "])
def test_what_is_no_pin_is_refused_and_moves_nothing(trip, pin):
    with pytest.raises(Invalid):
        confirm(trip.passes.get(), pin)
    trip.refresh_from_db()
    assert trip.state == TripState.ARRIVED
    assert not Receipt.objects.exists()


@pytest.mark.parametrize("written", ["{}-{}", " {} {} ", "{}\u2009{}"])
def test_a_pin_is_read_however_it_is_grouped(trip, written):
    trip.refresh_from_db()
    pin = receipt_pin(trip)
    assert confirm(trip.passes.get(), written.format(pin[:3], pin[3:]))


def test_a_code_replaced_since_it_was_found_confirms_nothing():
    trip = an_issued_trip()
    found = Pass.objects.select_related("trip").get(trip=trip)
    swap_driver(trip=trip, driver=a_driver(trip.company), at=AT, by=BY)
    trip.refresh_from_db()
    said: dict[str, Any] = {"condition": "good", "receiver": "Aidar", "at": AT, "by": "consignee"}
    with pytest.raises(Conflict) as refusal:
        confirm_receipt(pass_=found, pin=receipt_pin(trip), **said)
    assert refusal.value.reasons[0].code == "pass_not_open"
    assert not Receipt.objects.exists()


def test_a_pin_that_no_key_opens_any_more_confirms_nothing_and_the_next_code_brings_another():
    trip = an_issued_trip()
    lost = Fernet(Fernet.generate_key()).encrypt(b"123456")
    Trip.objects.filter(pk=trip.pk).update(pin_sealed=lost)
    for pin in ("123456", ""):
        with pytest.raises(Invalid):
            confirm(trip.passes.get(), pin)
    revoke_pass(trip=trip, reason="new PIN", at=AT, by=BY)
    issue_pass(trip=trip, at=AT, by=BY)
    assert confirm(trip.passes.get(state=PassState.OPEN))


def test_wrong_pins_are_limited_and_the_lock_ends(trip):
    pass_ = trip.passes.get()
    for _ in range(TRIES):
        with pytest.raises(Invalid):
            confirm(pass_, wrong_pin(trip))
    with pytest.raises(TooMany):
        confirm(pass_)
    assert not Receipt.objects.exists()
    with pytest.raises(TooMany):
        confirm(pass_, at=AT + LOCKED_FOR - timedelta(seconds=1))
    assert confirm(pass_, at=AT + LOCKED_FOR)


def test_the_pins_of_another_trip_open_nothing(trip):
    other = an_issued_trip()
    if receipt_pin(other) == receipt_pin(Trip.objects.get(pk=trip.pk)):
        other = an_issued_trip()
    with pytest.raises(Invalid):
        confirm(trip.passes.get(), receipt_pin(other))


def test_a_receipt_may_come_before_the_exit_scan_is_uploaded():
    trip = an_issued_trip()
    confirm(trip.passes.get())
    trip.refresh_from_db()
    assert (trip.state, trip.exited_at) == (TripState.DELIVERED, None)


def test_a_replaced_code_confirms_nothing():
    trip = an_issued_trip()
    old = trip.passes.get()
    swap_driver(trip=trip, driver=a_driver(trip.company), at=AT, by=BY)
    with pytest.raises(Conflict) as refusal:
        confirm(old)
    assert refusal.value.reasons[0].code == "pass_not_open"
    assert not Receipt.objects.exists()


def test_a_revoked_code_confirms_nothing():
    trip = an_issued_trip()
    revoke_pass(trip=trip, reason="wrong car", at=AT, by=BY)
    with pytest.raises(Conflict):
        confirm(trip.passes.get())
    trip.refresh_from_db()
    assert trip.state == TripState.PLANNED


def test_the_pin_is_stored_sealed(trip):
    trip.refresh_from_db()
    assert receipt_pin(trip).encode() not in bytes(trip.pin_sealed)
