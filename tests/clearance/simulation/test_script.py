"""The script of a simulated world: the same from the same seed, and a truth for every trip."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from clearance.rules.assess import NOT_ASSESSED
from clearance.simulation.faults import FAULTS
from clearance.simulation.script import Script, write_script
from ferry.models import CaseKind
from ferry.rules.vin import judge_vin, near

pytestmark = pytest.mark.once

STARTS_AT = datetime(2026, 3, 1, 16, tzinfo=UTC)


def a_script(**more: Any) -> Script:
    usual = {"seed": 7, "starts_at": STARTS_AT, "days": 10, "drivers": 80, "faults": 0.3}
    return write_script(**{**usual, **more})


@pytest.fixture(scope="module")
def script() -> Script:
    return a_script()


def test_the_same_seed_gives_the_same_world_and_another_seed_another(script: Script):
    assert a_script() == script
    assert a_script(seed=8).truth != script.truth


def test_every_fault_and_every_kind_occurs(script: Script):
    assert {leg.fault for leg in script.legs} == {"", *FAULTS}
    assert {kind for truth in script.truth for kind in truth.kinds} == {*CaseKind.values} - NOT_ASSESSED


def test_about_so_many_trips_have_a_fault_as_were_asked_for(script: Script):
    faulty = sum(bool(leg.fault) for leg in script.legs)
    assert 0.25 < faulty / len(script.legs) < 0.4
    assert not any(truth.kinds for truth in a_script(faults=0).truth)


def test_what_happens_is_in_the_order_of_time_and_nothing_is_told_before_it_was(script: Script):
    moments = [moment.at for moment in script.moments]
    assert moments == sorted(moments)
    assert all(each.data.get("occurred_at", each.at) <= each.at for each in script.moments)
    assert script.starts_at <= moments[0] < moments[-1] <= script.ends_at


def test_a_man_drives_one_trip_at_a_time(script: Script):
    left: dict[int, datetime] = {}
    for leg in sorted(script.legs, key=lambda each: each.exit_at):
        assert leg.exit_at - left.get(leg.man.number, STARTS_AT) >= 32 * timedelta(hours=1)
        left[leg.man.number] = leg.exit_at


def test_every_vehicle_is_whole_and_leaves_once(script: Script):
    vins = Counter(leg.vin for leg in script.legs)
    assert max(vins.values()) == 1
    assert not any(judge_vin(vin, powertrain="diesel").refuses for vin in vins)


def test_a_slip_that_nothing_else_explains_may_mean_one_vehicle_only(script: Script):
    lone = {leg.vin for leg in script.legs if leg.fault == "mistyped_alone"}
    typed = [
        each.data["vin"] for each in script.moments if each.data.get("vin") and not each.data["passport"]
    ]
    meant = [[leg.vin for leg in script.legs if near(leg.vin, vin)] for vin in typed]
    assert sorted(meant) == sorted([vin] for vin in lone)


def test_nobody_leaves_while_the_crossing_is_closed():
    closed = (STARTS_AT + timedelta(days=3), STARTS_AT + timedelta(days=4))
    script = a_script(closed=[closed])
    assert script.closure is not None
    for since, until in (closed, script.closure):
        assert not any(since <= leg.exit_at < until for leg in script.legs)
