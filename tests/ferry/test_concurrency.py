"""Several hands on one thing at once, on PostgreSQL: each change is made wholly or refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from threading import Event, Thread
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db import connections, transaction

from ferry.actions.drivers import change_driver
from ferry.actions.keys import rotate_signing_key
from ferry.actions.passes import issue_pass, receipt_pin, redate_pass, revoke_pass, swap_driver
from ferry.actions.people import merge_persons
from ferry.actions.receipts import TRIES, confirm_receipt, refuse_delivery
from ferry.actions.trips import cancel_trip
from ferry.actions.vehicles import answer_handover, change_vehicle, offer_vehicle
from ferry.errors import Refused
from ferry.models import (
    DeliveryRefusal,
    Document,
    Driver,
    Handover,
    Licence,
    Pass,
    PassState,
    Receipt,
    SigningKey,
    Trip,
    TripState,
    Vehicle,
)
from tests.builders import (
    AT,
    BY,
    a_company,
    a_declaration,
    a_document,
    a_driver,
    a_licence,
    a_pass,
    a_petrol_car,
    a_picture,
    a_trip,
    a_vehicle,
    an_issued_trip,
)
from tests.threads import at_once

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

DONE: set[str] = set()
#: Threads meet by chance, so each meeting is held a few times.
TURNS = range(5)


def reasons(call: Callable[[], Any]) -> Callable[[], set[str]]:
    """Give the codes a call is refused with, none where it is done."""

    def answered() -> set[str]:
        try:
            call()
        except Refused as refused:
            return {reason.code for reason in refused.reasons}
        return DONE

    return answered


def test_a_code_issued_from_many_sides_at_once_is_one_code() -> None:
    trip = a_trip()
    licence = a_licence(trip.company)
    answers = at_once(*[lambda: issue_pass(trip=trip, at=AT, by=BY)] * 8)
    assert len({pass_.pk for pass_, _made in answers}) == 1
    assert Counter(made for _pass, made in answers) == {True: 1, False: 7}
    licence.refresh_from_db()
    assert licence.used == 1


def test_a_file_sent_from_many_sides_at_once_is_kept_once() -> None:
    vehicle, content = a_vehicle(a_company()), a_picture()
    kept = at_once(*[lambda: a_document(vehicle, content=content)] * 4)
    assert {document.pk for document in kept} == {Document.objects.get().pk}
    _folders, files = default_storage.listdir(f"documents/{vehicle.company_id}")
    assert len(files) == 2


def test_a_licence_is_never_overdrawn() -> None:
    company = a_company()
    licence = a_licence(company, quantity=3)
    trips = [a_trip(company) for _number in range(8)]
    answers = at_once(*[reasons(lambda trip=trip: issue_pass(trip=trip, at=AT, by=BY)) for trip in trips])  # type: ignore[misc]
    assert answers.count(DONE) == 3
    assert answers.count({"licence_missing"}) == 5
    licence.refresh_from_db()
    assert licence.used == Pass.objects.filter(licence=licence).count() == 3


def test_two_trips_of_one_vehicle_get_one_code() -> None:
    company = a_company()
    licence = a_licence(company)
    vehicle = a_vehicle(company)
    declaration = a_declaration(company, [vehicle.vin])
    trips = [a_trip(company, vehicle=vehicle, declaration=declaration) for _number in range(4)]
    answers = at_once(*[reasons(lambda trip=trip: issue_pass(trip=trip, at=AT, by=BY)) for trip in trips])  # type: ignore[misc]
    assert answers.count(DONE) == 1
    assert answers.count({"vehicle_has_open_pass"}) == 3
    licence.refresh_from_db()
    assert licence.used == 1


def test_a_person_gets_one_code_whoever_he_drives_for() -> None:
    """Two companies that know one person by one passport issue at once."""
    one = a_driver(a_company())
    other = a_driver(a_company("East Star Trade"), passport_number=one.passport_number)
    trips = [a_trip(driver.company, driver=driver) for driver in (one, other)]
    for trip in trips:
        a_licence(trip.company)
    answers = at_once(*[reasons(lambda trip=trip: issue_pass(trip=trip, at=AT, by=BY)) for trip in trips])  # type: ignore[misc]
    assert sorted(answers, key=len) == [DONE, {"driver_unavailable"}]
    assert sum(Licence.objects.values_list("used", flat=True)) == 1


def test_two_dispatchers_who_swap_the_driver_at_once_are_both_answered() -> None:
    for _turn in TURNS:
        trip = an_issued_trip()
        drivers = [a_driver(trip.company) for _number in range(3)]
        answers = at_once(
            *[partial(swap_driver, trip=trip, driver=driver, at=AT, by=BY) for driver in drivers]
        )
        trip = Trip.objects.get(pk=trip.pk)
        open_pass = trip.passes.get(state=PassState.OPEN)
        assert {pass_.driver_id for pass_ in answers} == {driver.pk for driver in drivers}
        assert (trip.driver_id, trip.person_id) == (open_pass.driver_id, open_pass.driver.person_id)
        assert open_pass.licence is not None
        assert Licence.objects.get(pk=open_pass.licence_id).used == 1


def test_a_trip_that_is_swapped_moved_revoked_and_cancelled_at_once_ends_as_one_of_them_says() -> None:
    for _turn in TURNS:
        trip = an_issued_trip()
        driver = a_driver(trip.company)
        window = {"opens_at": trip.opens_at, "closes_at": trip.closes_at}
        answers = at_once(
            reasons(lambda trip=trip, to=driver: swap_driver(trip=trip, driver=to, at=AT, by=BY)),  # type: ignore[misc]
            reasons(lambda trip=trip, to=window: redate_pass(trip=trip, **to, reason="snow", at=AT, by=BY)),  # type: ignore[misc]
            reasons(lambda trip=trip: revoke_pass(trip=trip, reason="lost", at=AT, by=BY)),  # type: ignore[misc]
            reasons(lambda trip=trip: cancel_trip(trip=trip, reason="sold", at=AT, by=BY)),  # type: ignore[misc]
        )
        assert all(answer <= {"trip_not_ready"} for answer in answers)
        trip = Trip.objects.get(pk=trip.pk)
        assert trip.state == TripState.CANCELLED
        assert not trip.passes.filter(state=PassState.OPEN).exists()
        assert not Licence.objects.filter(company=trip.company).exclude(used=0).exists()


def test_a_vehicle_handed_over_while_its_code_is_issued_goes_one_way() -> None:
    for _turn in TURNS:
        trip, other = a_trip(), a_company("East Star Trade")
        a_licence(trip.company)
        offer = offer_vehicle(vehicle=trip.vehicle, to_company=other, at=AT, by=BY)
        issued, accepted = at_once(
            reasons(lambda trip=trip: issue_pass(trip=trip, at=AT, by=BY)),  # type: ignore[misc]
            reasons(  # type: ignore[misc]
                lambda offer=offer, other=other: answer_handover(
                    handover=offer, company=other, accept=True, at=AT, by=BY
                )
            ),
        )
        assert (issued, accepted) in [(DONE, {"vehicle_on_the_way"}), ({"vehicle_not_yours"}, DONE)]
        assert (Vehicle.objects.get(pk=trip.vehicle_id).company_id == other.pk) is (accepted == DONE)


def test_who_gave_a_vehicle_away_neither_changes_it_nor_offers_it_again() -> None:
    for _turn in TURNS:
        company, other, third = a_company(), a_company("East Star Trade"), a_company("Altai Motors")
        vehicle = a_vehicle(company)
        offer = offer_vehicle(vehicle=vehicle, to_company=other, at=AT, by=BY)
        accepted, changed, offered = at_once(
            reasons(  # type: ignore[misc]
                lambda offer=offer, other=other: answer_handover(
                    handover=offer, company=other, accept=True, at=AT, by=BY
                )
            ),
            reasons(lambda car=vehicle: change_vehicle(vehicle=car, colour="red", at=AT, by=BY)),  # type: ignore[misc]
            reasons(lambda car=vehicle, to=third: offer_vehicle(vehicle=car, to_company=to, at=AT, by=BY)),  # type: ignore[misc]
        )
        assert accepted == DONE
        assert changed in (DONE, {"not_found"})
        assert offered in ({"already_offered"}, {"not_found"})
        assert not Handover.objects.filter(vehicle=vehicle, answered_at=None).exists()


def test_a_driver_changed_while_his_two_records_are_joined_is_changed() -> None:
    for _turn in TURNS:
        older, driver = a_driver(a_company()), a_driver(a_company("East Star Trade"))
        at_once(
            lambda one=older.person, other=driver.person: merge_persons(one=one, other=other),  # type: ignore[misc]
            lambda driver=driver: change_driver(driver=driver, phone="+86 1", at=AT, by=BY),  # type: ignore[misc]
        )
        driver = Driver.objects.get(pk=driver.pk)
        assert (driver.person_id, driver.phone) == (older.person_id, "+86 1")


def test_guessing_pins_from_many_sides_at_once_has_as_few_tries() -> None:
    pass_ = a_pass()
    right = receipt_pin(Trip.objects.get(pk=pass_.trip_id))
    wrong = [f"{number:06}" for number in range(25) if f"{number:06}" != right][:24]

    def guess(pin: str) -> Callable[[], set[str]]:
        own = Pass.objects.select_related("trip").get(pk=pass_.pk)
        receipt = {"condition": "good", "receiver": "x", "at": AT, "by": "consignee"}
        return reasons(lambda: confirm_receipt(pass_=own, pin=pin, **receipt))  # type: ignore[arg-type]

    answers = at_once(*[guess(pin) for pin in wrong])
    assert answers.count({"wrong_pin"}) == TRIES
    assert answers.count({"too_many_tries"}) == len(wrong) - TRIES
    assert not Receipt.objects.exists()


@pytest.mark.parametrize("_turn", TURNS)
def test_confirming_and_refusing_at_once_leaves_one_receipt_as_the_last_word(_turn: int) -> None:
    pass_ = a_pass()
    pin = receipt_pin(Trip.objects.get(pk=pass_.trip_id))

    def own() -> Pass:
        return Pass.objects.select_related("trip").get(pk=pass_.pk)

    by = {"pin": pin, "at": AT, "by": "consignee"}
    confirm = reasons(lambda: confirm_receipt(pass_=own(), condition="good", receiver="x", **by))  # type: ignore[arg-type]
    refuse = reasons(lambda: refuse_delivery(pass_=own(), reason="other", refused_by="x", **by))  # type: ignore[arg-type]
    answers = at_once(confirm, refuse, confirm, refuse)
    assert answers[::2].count(DONE) == Receipt.objects.count() == 1
    assert answers[1::2].count(DONE) == DeliveryRefusal.objects.count() <= 1
    assert set().union(*answers) <= {"already_confirmed", "already_refused"}
    kept = Trip.objects.get().events.filter(kind__in=["delivered", "delivery_refused"]).order_by("pk")
    assert [event.kind for event in kept][-1] == "delivered"


def test_keys_rotated_from_two_sides_at_once_leave_one_that_signs() -> None:
    a_pass()
    at_once(*[lambda: rotate_signing_key(at=AT)] * 4)
    assert SigningKey.objects.filter(is_current=True).count() == 1


def test_a_code_issued_while_keys_rotate_is_trusted_to_its_end() -> None:
    company = a_company()
    a_licence(company)
    later = {"opens_at": AT + timedelta(days=40), "closes_at": AT + timedelta(days=41)}
    trip = a_trip(company, vehicle=a_petrol_car(company), **later)
    rotated = Event()

    def rotate() -> None:
        try:
            rotate_signing_key(at=AT)
        finally:
            rotated.set()
            connections.close_all()

    thread = Thread(target=rotate)
    with transaction.atomic():
        pass_, _made = issue_pass(trip=trip, at=AT, by=BY)
        thread.start()
        # It waits for this transaction; one that does not is given the time to go wrong.
        rotated.wait(0.3)
    thread.join()
    until = SigningKey.objects.get(pk=pass_.signing_key_id).trusted_until
    assert until is not None
    assert until > pass_.closes_at
