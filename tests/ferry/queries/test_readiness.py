"""The database's view of readiness is the rule's."""

from __future__ import annotations

from itertools import product

import pytest

from ferry.models import ReadinessPolicy, Vehicle
from ferry.queries.readiness import are_ready, by_vin_end, groups_of, these, ways_of, within
from ferry.rules.readiness import NOTHING_ASKED, facts_of, reasons_against
from tests.builders import AT, a_company, a_declaration, a_petrol_car, a_vehicle, an_issued_trip

pytestmark = pytest.mark.django_db

POLICIES = [
    NOTHING_ASKED,
    ReadinessPolicy(),
    ReadinessPolicy(asks_inspection=False, least_keys=2),
    ReadinessPolicy(asks_yard=False, asks_charge=False, least_keys=0),
]
STATES = list(product([None, AT], [None, AT], [None, AT], [None, 10, 30], [None, 1, 2]))


@pytest.fixture
def company():
    company = a_company()
    cars = [a_vehicle(company), a_petrol_car(company)]
    a_declaration(company, [car.vin for car in cars])
    return company


def every_state(company):
    """Put a battery and a petrol car into every state there is, one after another."""
    for car in company.vehicles.order_by("pk"):
        for state in STATES:
            names = ("in_yard_at", "inspected_at", "charged_at", "charge_percent", "keys")
            for name, value in zip(names, state, strict=True):
                setattr(car, name, value)
            Vehicle.objects.filter(pk=car.pk).update(**dict(zip(names, state, strict=True)))
            yield car


@pytest.mark.parametrize("policy", POLICIES)
def test_the_filter_picks_whom_the_rule_has_nothing_against(company, policy):
    for car in every_state(company):
        is_ready = Vehicle.objects.filter(are_ready(policy), pk=car.pk).exists()
        assert is_ready is not bool(reasons_against(facts_of(car), policy)), facts_of(car)


@pytest.mark.parametrize("policy", POLICIES)
def test_a_group_says_of_a_vehicle_what_is_said_of_it_alone(company, policy):
    for car in every_state(company):
        own = these(company, [car])
        [group] = groups_of(own, policy)
        [way] = ways_of(company, [car], policy)
        assert (group.step, [one.code for one in group.reasons]) == (
            way.step,
            [one.code for one in way.reasons],
        )
        assert within(own, [group], policy).get() == car


def test_groups_add_up_and_each_finds_its_vehicles(company, django_assert_num_queries):
    policy = ReadinessPolicy()
    trip = an_issued_trip(company)
    a_vehicle(company)
    everything = these(company, list(company.vehicles.all()))
    with django_assert_num_queries(1):
        groups = groups_of(everything, policy)
    assert sum(group.count for group in groups) == 4
    [ready] = [group for group in groups if group.step == "ready"]
    assert within(everything, [ready], policy).get() == trip.vehicle
    assert not within(everything, [], policy).exists()
    assert groups_of(these(a_company(), list(company.vehicles.all())), policy) == []
    assert ways_of(company, [], policy) == []


def test_papers_of_another_company_do_not_count(company):
    stranger = a_company("East Star Trade")
    car = a_vehicle(company)
    a_declaration(stranger, [car.vin])
    [way] = ways_of(company, [car], NOTHING_ASKED)
    assert [reason.code for reason in way.reasons] == ["vin_not_declared"]


def test_a_vin_is_found_by_its_end_in_the_own_company_alone(company):
    car = a_vehicle(company)
    assert by_vin_end(company, car.vin[-6:]) == [car]
    assert by_vin_end(company, car.vin[-8:]) == [car]
    assert by_vin_end(company, "0" + car.vin[-5:] + "9") == []
    assert by_vin_end(a_company(), car.vin[-6:]) == []
