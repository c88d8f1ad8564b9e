"""How far a vehicle is before its code, and what it lacks."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from ferry.models import ReadinessPolicy
from ferry.rules.consignments import foresee
from ferry.rules.readiness import (
    NOTHING_ASKED,
    Papers,
    ReadinessFacts,
    Step,
    reasons_against,
    reasons_with_papers,
    step_before_code,
)

USUAL = ReadinessPolicy()
NEW = ReadinessFacts(
    is_battery=True, is_in_yard=False, is_inspected=False, is_charged=False, charge=None, keys=None
)
READY = ReadinessFacts(
    is_battery=True, is_in_yard=True, is_inspected=True, is_charged=True, charge=80, keys=2
)


def codes(facts: ReadinessFacts, policy: ReadinessPolicy = USUAL) -> list[str]:
    return [reason.code for reason in reasons_against(facts, policy)]


def test_a_new_vehicle_lacks_everything_and_is_told_all_at_once():
    assert codes(NEW) == ["not_in_yard", "not_inspected", "not_charged", "keys_missing"]


def test_a_company_that_asks_nothing_is_told_nothing():
    assert codes(NEW, NOTHING_ASKED) == []


def test_a_ready_vehicle_lacks_nothing():
    assert codes(READY) == []


@pytest.mark.parametrize("charge", [None, 0, 29])
def test_a_battery_car_needs_the_least_charge(charge):
    facts = replace(READY, charge=charge)
    assert codes(facts) == ["charge_low"]
    assert "30 %" in str(reasons_against(facts, USUAL)[0].detail)
    assert codes(replace(READY, charge=30)) == []


def test_other_vehicles_are_fuelled_and_no_percent_is_asked():
    petrol = replace(READY, is_battery=False, charge=None)
    assert codes(petrol) == []
    assert codes(replace(petrol, is_charged=False)) == ["not_fuelled"]


@pytest.mark.parametrize(
    ("keys", "least", "lacks"), [(None, 1, True), (1, 2, True), (2, 2, False), (None, 0, False)]
)
def test_the_keys_are_counted_where_that_is_asked(keys, least, lacks):
    policy = ReadinessPolicy(least_keys=least)
    assert codes(replace(READY, keys=keys), policy) == (["keys_missing"] if lacks else [])


@pytest.mark.parametrize(
    ("changes", "papers", "step"),
    [
        ({}, Papers.RELEASED, Step.PAPERS),
        ({}, Papers.ACCEPTED, Step.CHARGED),
        ({"charge": 10}, Papers.RELEASED, Step.INSPECTED),
        ({"keys": None}, Papers.RELEASED, Step.INSPECTED),
        ({"is_inspected": False}, Papers.RELEASED, Step.YARD),
        ({"is_in_yard": False}, Papers.RELEASED, Step.EXPECTED),
    ],
)
def test_a_step_is_reached_when_all_before_it_is_done(changes, papers, step):
    assert step_before_code(replace(READY, **changes), papers, USUAL) == step


def test_what_is_not_asked_is_passed_over():
    assert step_before_code(NEW, Papers.RELEASED, NOTHING_ASKED) == Step.PAPERS
    assert step_before_code(NEW, Papers.NONE, NOTHING_ASKED) == Step.EXPECTED
    assert step_before_code(replace(NEW, is_in_yard=True), Papers.NONE, NOTHING_ASKED) == Step.YARD


@pytest.mark.parametrize(
    ("papers", "code"),
    [
        (Papers.NONE, "vin_not_declared"),
        (Papers.CHANGED, "declaration_changed"),
        (Papers.ACCEPTED, "declaration_not_released"),
    ],
)
def test_the_papers_are_told_beside_the_yard(papers, code):
    found = [reason.code for reason in reasons_with_papers(replace(READY, is_inspected=False), papers, USUAL)]
    assert found == ["not_inspected", code]


TODAY = date(2026, 11, 22)


def test_the_outlook_divides_what_is_left_by_the_pace():
    outlook = foresee(left=100, exits=70, first_exit_on=date(2026, 11, 1), today=TODAY)
    assert (outlook.a_day, outlook.out_on) == (10, date(2026, 12, 2))


def test_a_consignment_that_began_lately_is_measured_since_then():
    outlook = foresee(left=30, exits=20, first_exit_on=date(2026, 11, 21), today=TODAY)
    assert (outlook.days, outlook.a_day, outlook.out_on) == (2, 10, date(2026, 11, 25))


@pytest.mark.parametrize(("left", "exits"), [(5, 0), (0, 5), (10_000_000, 1)])
def test_without_a_pace_or_a_rest_no_day_is_foreseen(left, exits):
    assert foresee(left=left, exits=exits, first_exit_on=TODAY, today=TODAY).out_on is None
