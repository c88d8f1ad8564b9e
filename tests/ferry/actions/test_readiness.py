"""Record a vehicle's steps in the yard, take them back, and ask for them before a code."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ferry.actions.passes import issue_pass
from ferry.actions.readiness import ask_readiness, mark_vehicle, unmark_vehicle
from ferry.actions.vehicles import answer_handover, offer_vehicle
from ferry.errors import Conflict, Invalid, NotYours
from ferry.models import Door, Mark, Pass, ReadinessPolicy, Trip, Vehicle, VehicleMark
from tests.builders import AT, BY, a_company, a_licence, a_petrol_car, a_trip, a_vehicle

pytestmark = pytest.mark.django_db


def mark(vehicle, step=Mark.YARD, occurred_at=None, **fields):
    said = {"door": Door.PAGE, "at": AT, "by": BY, **fields}
    return mark_vehicle(vehicle=vehicle, done={Mark(step): occurred_at or said["at"]}, **said)


def unmark(vehicle, step, **fields):
    said = {"reason": "wrong car", "door": Door.PAGE, "at": AT, "by": BY, **fields}
    return unmark_vehicle(vehicle=vehicle, mark=Mark(step), **said)


def ask(company, **fields) -> ReadinessPolicy:
    usual = {
        "asks_yard": True,
        "asks_inspection": True,
        "asks_charge": True,
        "least_charge": 30,
        "least_keys": 1,
    }
    return ask_readiness(company=company, **{**usual, "at": AT, "by": BY, **fields})


def codes(refusal) -> list[str]:
    return [reason.code for reason in refusal.value.reasons]


def test_it_records_who_did_what_when_and_by_which_door():
    vehicle, is_new = mark(a_vehicle(a_company()), occurred_at=AT - timedelta(days=1))
    assert is_new
    assert Vehicle.objects.get().in_yard_at == AT - timedelta(days=1)
    row = VehicleMark.objects.get()
    assert (row.vehicle, row.company, row.mark, row.by, row.door) == (
        vehicle,
        vehicle.company,
        Mark.YARD,
        BY,
        Door.PAGE,
    )
    assert (row.at, row.recorded_at, row.is_undone) == (AT - timedelta(days=1), AT, False)


def test_twice_it_says_nothing_new_and_writes_no_second_row():
    vehicle = a_vehicle(a_company())
    mark(vehicle)
    _vehicle, is_new = mark(vehicle, at=AT + timedelta(hours=1))
    assert not is_new
    assert Vehicle.objects.get().in_yard_at == AT
    assert VehicleMark.objects.count() == 1


def test_what_is_inspected_is_in_the_yard():
    mark(a_vehicle(a_company()), Mark.INSPECTED)
    vehicle = Vehicle.objects.get()
    assert (vehicle.in_yard_at, vehicle.inspected_at) == (AT, AT)
    assert list(VehicleMark.objects.order_by("pk").values_list("mark", flat=True)) == ["yard", "inspected"]


def test_a_new_charge_replaces_the_old_one_and_keys_are_counted_with_it():
    vehicle = a_vehicle(a_company())
    mark(vehicle, Mark.CHARGED, charge_percent=20, keys=2)
    mark(vehicle, Mark.CHARGED, charge_percent=80, at=AT + timedelta(hours=2))
    vehicle.refresh_from_db()
    assert (vehicle.charge_percent, vehicle.keys) == (80, 2)
    assert vehicle.charged_at == AT + timedelta(hours=2)


def test_a_petrol_car_is_fuelled_without_a_percent():
    vehicle, is_new = mark(a_petrol_car(a_company()), Mark.CHARGED)
    assert is_new
    assert vehicle.charged_at == AT


@pytest.mark.parametrize(
    ("step", "fields", "code"),
    [
        (Mark.CHARGED, {}, "charge_missing"),
        (Mark.CHARGED, {"charge_percent": 101}, "charge_range"),
        (Mark.CHARGED, {"charge_percent": -1}, "charge_range"),
        (Mark.KEYS, {}, "keys_missing"),
        (Mark.KEYS, {"keys": 10}, "keys_range"),
        (Mark.YARD, {"occurred_at": AT + timedelta(days=1)}, "day_in_future"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_moves(step, fields, code):
    vehicle = a_vehicle(a_company())
    with pytest.raises(Invalid) as refusal:
        mark(vehicle, step, **fields)
    assert codes(refusal) == [code]
    assert not VehicleMark.objects.exists()
    assert Vehicle.objects.get().in_yard_at is None


def test_a_vehicle_that_has_left_is_not_marked():
    trip = a_trip()
    Trip.objects.update(state="exited", exited_at=AT)
    with pytest.raises(Conflict) as refusal:
        mark(trip.vehicle)
    assert codes(refusal) == ["vehicle_left"]
    assert not VehicleMark.objects.exists()


def test_a_vehicle_handed_over_meanwhile_is_not_the_strangers_to_mark():
    vehicle, other = a_vehicle(a_company()), a_company("East Star Trade")
    read_before = Vehicle.objects.get(pk=vehicle.pk)
    offer = offer_vehicle(vehicle=vehicle, to_company=other, at=AT, by=BY)
    answer_handover(handover=offer, company=other, accept=True, at=AT, by=BY)
    with pytest.raises(NotYours):
        mark(read_before)
    with pytest.raises(NotYours):
        unmark(read_before, Mark.YARD)
    assert not VehicleMark.objects.exists()


def test_taking_back_the_arrival_takes_back_what_rests_on_it():
    vehicle = a_vehicle(a_company())
    mark(vehicle, Mark.CHARGED, charge_percent=80, keys=2)
    mark(vehicle, Mark.INSPECTED)
    unmark(vehicle, Mark.YARD)
    vehicle.refresh_from_db()
    assert (vehicle.in_yard_at, vehicle.inspected_at, vehicle.charged_at) == (None, None, None)
    assert (vehicle.charge_percent, vehicle.keys) == (None, 2)
    undone = VehicleMark.objects.filter(is_undone=True)
    assert {row.mark for row in undone} == {"yard", "inspected", "charged"}
    assert {row.reason for row in undone} == {"wrong car"}


def test_taking_back_twice_is_refused_and_so_is_no_reason():
    vehicle = a_vehicle(a_company())
    mark(vehicle)
    with pytest.raises(Invalid):
        unmark(vehicle, Mark.YARD, reason="  ")
    unmark(vehicle, Mark.YARD)
    with pytest.raises(Conflict) as refusal:
        unmark(vehicle, Mark.YARD)
    assert codes(refusal) == ["not_marked"]
    assert VehicleMark.objects.count() == 2


def test_a_policy_is_set_and_set_again():
    company = a_company()
    ask(company)
    ask(company, least_charge=50)
    assert ReadinessPolicy.objects.get().least_charge == 50
    with pytest.raises(Invalid) as refusal:
        ask(company, least_charge=101)
    assert refusal.value.reasons[0].attr == "least_charge"
    assert ReadinessPolicy.objects.get().least_charge == 50


def test_a_policy_is_its_companys_alone():
    trip = a_trip()
    a_licence(trip.company)
    ask(a_company("East Star Trade"))
    assert issue_pass(trip=trip, at=AT, by=BY)[1]


def test_a_code_waits_for_everything_that_is_asked():
    trip = a_trip()
    a_licence(trip.company)
    ask(trip.company)
    with pytest.raises(Conflict) as refusal:
        issue_pass(trip=trip, at=AT, by=BY)
    assert codes(refusal) == ["not_in_yard", "not_inspected", "not_charged", "keys_missing"]
    assert not Pass.objects.exists()
    mark(trip.vehicle, Mark.INSPECTED)
    mark(trip.vehicle, Mark.CHARGED, charge_percent=30, keys=1)
    assert issue_pass(trip=trip, at=AT, by=BY)[1]
