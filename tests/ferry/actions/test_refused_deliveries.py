"""The consignee says by his PIN that he does not take the vehicle."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ferry.actions.passes import receipt_pin, revoke_pass, swap_driver
from ferry.actions.receipts import TRIES, confirm_receipt, refuse_delivery
from ferry.actions.trips import cancel_trip, return_trip
from ferry.errors import Conflict, Invalid, TooMany
from ferry.models import DeliveryRefusal, EventKind, Pass, PassState, Receipt, Trip, TripState
from tests.builders import AT, BY, a_driver, an_issued_trip

pytestmark = pytest.mark.django_db


def refuse(pass_: Pass, pin: str | None = None, at=AT, **said: Any) -> DeliveryRefusal:
    pass_ = Pass.objects.select_related("trip").get(pk=pass_.pk)
    usual = {"reason": "damaged", "refused_by": "Almaty Auto", "note": "Left door", "by": "consignee"}
    return refuse_delivery(
        pass_=pass_, pin=receipt_pin(pass_.trip) if pin is None else pin, at=at, **{**usual, **said}
    )


def confirm(pass_: Pass, pin: str | None = None, at=AT) -> Receipt:
    pass_ = Pass.objects.select_related("trip").get(pk=pass_.pk)
    pin = receipt_pin(pass_.trip) if pin is None else pin
    return confirm_receipt(pass_=pass_, pin=pin, condition="good", receiver="Aidar", at=at, by="consignee")


@pytest.fixture
def trip() -> Trip:
    trip = an_issued_trip()
    Trip.objects.filter(pk=trip.pk).update(state=TripState.ARRIVED, exited_at=AT, arrived_at=AT)
    trip.refresh_from_db()
    return trip


def wrong_pin(trip: Trip) -> str:
    return f"{(int(receipt_pin(trip)) + 1) % 10**6:06}"


def codes_of(refused: pytest.ExceptionInfo[Any]) -> list[str]:
    return [reason.code for reason in refused.value.reasons]


def test_it_keeps_the_refusal_moves_nothing_and_has_reconciliation_look_now(trip):
    at = AT + timedelta(hours=1)
    refusal = refuse(trip.passes.get(), at=at)
    trip.refresh_from_db()
    assert (refusal.reason, refusal.refused_by, refusal.note, refusal.refused_at) == (
        "damaged",
        "Almaty Auto",
        "Left door",
        at,
    )
    assert (trip.state, trip.delivered_at, trip.next_check_at) == (TripState.ARRIVED, None, at)
    event = trip.events.get(kind=EventKind.DELIVERY_REFUSED)
    assert event.data == {"refusal": "damaged", "receiver": "Almaty Auto", "note": "Left door"}
    assert not Receipt.objects.exists()


def test_it_refuses_once(trip):
    refuse(trip.passes.get())
    with pytest.raises(Conflict) as refused:
        refuse(trip.passes.get(), reason="other")
    assert codes_of(refused) == ["already_refused"]
    assert DeliveryRefusal.objects.get().reason == "damaged"
    assert trip.events.filter(kind=EventKind.DELIVERY_REFUSED).count() == 1


def test_a_refused_delivery_can_still_be_confirmed(trip):
    refuse(trip.passes.get())
    confirm(trip.passes.get(), at=AT + timedelta(hours=2))
    trip.refresh_from_db()
    assert trip.state == TripState.DELIVERED
    assert DeliveryRefusal.objects.get().trip == Receipt.objects.get().trip


def test_a_confirmed_delivery_cannot_be_refused(trip):
    confirm(trip.passes.get())
    with pytest.raises(Conflict) as refused:
        refuse(trip.passes.get())
    assert codes_of(refused) == ["already_confirmed"]
    assert not DeliveryRefusal.objects.exists()


def test_wrong_pins_of_both_ways_are_counted_together(trip):
    pass_, wrong = trip.passes.get(), wrong_pin(trip)
    for number in range(TRIES):
        with pytest.raises(Invalid) as refused:
            (refuse if number % 2 else confirm)(pass_, wrong)
        assert codes_of(refused) == ["wrong_pin"]
    for way in (refuse, confirm):
        with pytest.raises(TooMany):
            way(pass_)
    assert not DeliveryRefusal.objects.exists()
    assert not Receipt.objects.exists()
    assert not trip.events.filter(kind=EventKind.DELIVERY_REFUSED).exists()


def test_the_pin_of_another_trip_refuses_nothing(trip):
    other = an_issued_trip()
    if receipt_pin(other) == receipt_pin(trip):
        other = an_issued_trip()
    with pytest.raises(Invalid):
        refuse(trip.passes.get(), receipt_pin(other))
    assert not DeliveryRefusal.objects.exists()


def test_a_trip_that_has_not_left_by_our_knowledge_may_be_refused():
    trip = an_issued_trip()
    refuse(trip.passes.get())
    trip.refresh_from_db()
    assert trip.state == TripState.READY
    assert trip.passes.get().state == PassState.OPEN


def _cancelled(trip: Trip) -> None:
    cancel_trip(trip=trip, reason="no buyer", at=AT, by=BY)


def _revoked(trip: Trip) -> None:
    revoke_pass(trip=trip, reason="wrong car", at=AT, by=BY)


def _replaced(trip: Trip) -> None:
    swap_driver(trip=trip, driver=a_driver(trip.company), at=AT, by=BY)


@pytest.mark.parametrize("end", [_cancelled, _revoked, _replaced])
def test_a_code_that_has_ended_refuses_nothing(end):
    trip = an_issued_trip()
    pass_ = trip.passes.get()
    end(trip)
    with pytest.raises(Conflict) as refused:
        refuse(pass_)
    assert codes_of(refused) == ["pass_not_open"]
    assert not DeliveryRefusal.objects.exists()


def test_a_vehicle_that_went_back_is_not_refused(trip):
    return_trip(trip=trip, at=AT, by=BY)
    with pytest.raises(Conflict):
        refuse(trip.passes.get())
    assert not DeliveryRefusal.objects.exists()
    assert not trip.events.filter(kind=EventKind.DELIVERY_REFUSED).exists()
