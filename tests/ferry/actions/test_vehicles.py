"""Vehicles are registered and changed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ferry.actions.vehicles import change_vehicle
from ferry.errors import Conflict, Invalid
from ferry.models import Vehicle
from tests.builders import AT, BY, a_company, a_trip, a_vehicle, a_vin

pytestmark = pytest.mark.django_db


def codes(refusal):
    return {(reason.attr, reason.code) for reason in refusal.value.reasons}


def test_it_keeps_a_vehicle_in_one_way_of_writing():
    vin = a_vin()
    vehicle = a_vehicle(
        a_company(), vin=f" {vin[:8].lower()}-{vin[8:]} ", hs_code="8703.80.10.90", make="ＢＹＤ"
    )
    vehicle.refresh_from_db()
    assert (vehicle.vin, vehicle.hs_code, vehicle.make) == (vin, "8703801090", "BYD")
    assert vehicle.history.get().history_change_reason == BY


def test_it_gives_every_reason_at_once_and_registers_nothing():
    with pytest.raises(Invalid) as refusal:
        a_vehicle(
            a_company(),
            vin="LGXCE4CBO",
            make="",
            powertrain="steam",
            hs_code="87",
            registered_on=AT.date() + timedelta(days=2),
        )
    assert codes(refusal) == {
        ("vin", "vin_length"),
        ("vin", "vin_characters"),
        ("hs_code", "hs_form"),
        ("registered_on", "registered_in_future"),
        ("make", "blank"),
        ("powertrain", "invalid_choice"),
    }
    assert not Vehicle.objects.exists()


def test_a_wrong_check_digit_warns_only_where_the_maker_need_not_use_it():
    assert a_vehicle(a_company(), vin="WDB12345601234567").pk
    with pytest.raises(Invalid):
        a_vehicle(a_company(), vin="LDB12345601234567")


def test_the_same_vehicle_again_is_already_registered():
    company = a_company()
    vehicle = a_vehicle(company)
    with pytest.raises(Conflict) as refusal:
        a_vehicle(company, vin=vehicle.vin)
    assert codes(refusal) == {("vin", "already_registered")}
    assert Vehicle.history.count() == 1


def test_a_strangers_vehicle_is_refused_without_naming_the_stranger():
    vehicle = a_vehicle(a_company("East Star Trade"))
    with pytest.raises(Conflict) as refusal:
        a_vehicle(a_company(), vin=vehicle.vin)
    assert codes(refusal) == {("vin", "vehicle_taken")}
    assert "East" not in str(refusal.value.reasons[0].detail)
    assert Vehicle.objects.count() == 1


def test_a_change_is_kept_with_its_history_and_no_change_is_not():
    vehicle = a_vehicle(a_company())
    later = AT + timedelta(hours=1)
    changed = change_vehicle(vehicle=vehicle, colour="black", plate="新F 临0001", at=later, by="owner li")
    assert (changed.colour, changed.plate) == ("black", "新F 临0001")
    change_vehicle(vehicle=vehicle, colour="black", at=later, by="owner li")
    assert list(vehicle.history.values_list("colour", "history_date", "history_change_reason")) == [
        ("black", later, "owner li"),
        ("white", AT, BY),
    ]


def test_an_unusable_change_leaves_the_vehicle_as_it_was():
    vehicle = a_vehicle(a_company())
    with pytest.raises(Invalid) as refusal:
        change_vehicle(vehicle=vehicle, powertrain="petrol", make="", at=AT, by=BY)
    assert codes(refusal) == {("hs_code", "hs_powertrain"), ("make", "blank")}
    vehicle.refresh_from_db()
    assert (vehicle.powertrain, vehicle.history.count()) == ("bev", 1)


def test_a_mistyped_vin_may_be_corrected_until_a_trip_is_planned_with_it():
    vehicle = a_vehicle(a_company())
    vehicle = change_vehicle(vehicle=vehicle, vin=a_vin(), at=AT, by=BY)
    a_trip(vehicle.company, vehicle=vehicle)
    with pytest.raises(Conflict) as refusal:
        change_vehicle(vehicle=vehicle, vin=a_vin(), at=AT, by=BY)
    assert codes(refusal) == {("vin", "vin_in_use")}
    with pytest.raises(Conflict) as refusal:
        change_vehicle(vehicle=a_vehicle(a_company()), vin=vehicle.vin, at=AT, by=BY)
    assert codes(refusal) == {("vin", "vehicle_taken")}
