"""What a driver earns for a trip, and when."""

from __future__ import annotations

import pytest

from ferry.models import TripState
from ferry.rules.pay import STANDINGS, Pay, money, pay_of, rate_for


@pytest.mark.parametrize(
    ("powertrain", "fen"), [("bev", 50_000), ("petrol", 50_000), ("diesel", 50_000), ("plant", 100_000)]
)
def test_plant_has_a_rate_of_its_own(powertrain, fen):
    assert rate_for(powertrain, car_fen=50_000, plant_fen=100_000) == fen


@pytest.mark.parametrize(
    ("state", "standing"),
    [
        ("planned", "promised"),
        ("ready", "promised"),
        ("exited", "waits"),
        ("arrived", "waits"),
        ("delivered", "earned"),
        ("discharged", "earned"),
    ],
)
def test_it_accrues_at_the_receipt(state, standing):
    assert pay_of(state, fen=50_000) == Pay(50_000, standing)


@pytest.mark.parametrize("state", ["cancelled", "lapsed", "returned"])
def test_a_trip_that_delivered_nothing_earns_nothing(state):
    assert pay_of(state, fen=50_000) == Pay(0, "none")


def test_every_state_has_its_standing():
    assert set(STANDINGS) == set(TripState)


@pytest.mark.parametrize(
    ("fen", "words"), [(0, "¥0"), (50_000, "¥500"), (50_050, "¥500.50"), (100_005, "¥1,000.05")]
)
def test_it_is_written_in_yuan(fen, words):
    assert money(fen) == words
