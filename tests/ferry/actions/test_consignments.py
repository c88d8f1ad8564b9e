"""Gather vehicles in consignments, and let them go again."""

from __future__ import annotations

from datetime import date

import pytest

from ferry.actions import consignments as actions
from ferry.actions.consignments import (
    change_consignment,
    join_consignment,
    leave_consignment,
    open_consignment,
)
from ferry.actions.vehicles import answer_handover, offer_vehicle
from ferry.errors import Conflict, Invalid, NotYours
from ferry.models import Consignment, Vehicle
from tests.builders import AT, BY, a_company, a_vehicle, a_vin

pytestmark = pytest.mark.django_db


def a_consignment(company, name="Xiaomo 6818", **fields) -> Consignment:
    return open_consignment(company=company, name=name, kind="ship", **{"at": AT, "by": BY, **fields})


def change(consignment, **fields) -> Consignment:
    usual = {"name": "Xiaomo 6818", "kind": "ship", "expected_on": None, "note": "", "is_closed": False}
    return change_consignment(consignment=consignment, **{**usual, "at": AT, "by": BY, **fields})


def test_it_opens_one_and_a_second_of_the_name_is_refused():
    company = a_company()
    consignment = a_consignment(company, " Xiaomo  6818 ", expected_on=date(2026, 12, 1))
    assert (consignment.name, consignment.closed_at) == ("Xiaomo 6818", None)
    with pytest.raises(Conflict):
        a_consignment(company)
    assert a_consignment(a_company("East Star Trade"))
    assert Consignment.objects.count() == 2


def test_a_name_is_needed():
    with pytest.raises(Invalid) as refusal:
        a_consignment(a_company(), "  ")
    assert [reason.attr for reason in refusal.value.reasons] == ["name"]
    assert not Consignment.objects.exists()


def test_vehicles_join_by_vin_however_it_is_written_and_joining_twice_changes_nothing():
    company = a_company()
    car, consignment = a_vehicle(company), a_consignment(company)
    joined = join_consignment(consignment=consignment, vins=[f" {car.vin.lower()} ", car.vin, ""])
    assert joined.joined == [car.vin]
    again = join_consignment(consignment=consignment, vins=[car.vin])
    assert (again.joined, again.already) == ([], [car.vin])
    assert Vehicle.objects.get().consignment == consignment


def test_what_is_a_strangers_or_in_another_consignment_stays_where_it_is():
    company = a_company()
    mine, consignment = a_vehicle(company), a_consignment(company)
    other = a_consignment(company, "Train 7")
    join_consignment(consignment=other, vins=[mine.vin])
    theirs, nobodys = a_vehicle(a_company("East Star Trade")), a_vin()
    joined = join_consignment(consignment=consignment, vins=[theirs.vin, nobodys, mine.vin])
    assert (joined.unknown, joined.elsewhere, joined.joined) == ([theirs.vin, nobodys], [mine.vin], [])
    assert not Vehicle.objects.filter(consignment=consignment).exists()


def test_a_full_one_refuses_and_takes_none(monkeypatch):
    monkeypatch.setattr(actions, "MOST_VEHICLES", 1)
    company = a_company()
    cars, consignment = [a_vehicle(company) for _ in range(2)], a_consignment(company)
    with pytest.raises(Invalid):
        join_consignment(consignment=consignment, vins=[car.vin for car in cars])
    assert not Vehicle.objects.filter(consignment=consignment).exists()


def test_a_closed_one_takes_none_until_it_is_opened_again():
    company = a_company()
    car, consignment = a_vehicle(company), a_consignment(company)
    assert change(consignment, is_closed=True).closed_at == AT
    with pytest.raises(Conflict):
        join_consignment(consignment=consignment, vins=[car.vin])
    assert change(consignment).closed_at is None
    assert join_consignment(consignment=consignment, vins=[car.vin]).joined


def test_changing_twice_leaves_one_row_of_history():
    consignment = a_consignment(a_company())
    for _ in range(2):
        change(consignment, note="five minutes from the line")
    assert consignment.history.count() == 2


def test_leaving_twice_takes_out_once():
    company = a_company()
    car, consignment = a_vehicle(company), a_consignment(company)
    join_consignment(consignment=consignment, vins=[car.vin])
    assert leave_consignment(consignment=consignment, vins=[car.vin]) == 1
    assert leave_consignment(consignment=consignment, vins=[car.vin]) == 0
    assert Vehicle.objects.get().consignment is None


def test_a_handover_takes_the_vehicle_out():
    company, other = a_company(), a_company("East Star Trade")
    car, consignment = a_vehicle(company), a_consignment(company)
    join_consignment(consignment=consignment, vins=[car.vin])
    car.refresh_from_db()
    offer = offer_vehicle(vehicle=car, to_company=other, at=AT, by=BY)
    answer_handover(handover=offer, company=other, accept=True, at=AT, by=BY)
    assert Vehicle.objects.get().consignment is None


def test_one_that_is_gone_is_not_there():
    consignment = a_consignment(a_company())
    Consignment.objects.all().delete()
    with pytest.raises(NotYours):
        join_consignment(consignment=consignment, vins=[a_vin()])
