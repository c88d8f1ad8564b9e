"""Who is drawn, when, and what a rule would have done: rules alone."""

from __future__ import annotations

import pytest

from clearance.rules.selection import Seen, Share, foresee, hours_drawn, is_within, share_at


@pytest.mark.parametrize(
    ("hours", "inside", "outside"),
    [
        ((9, 17), (9, 16), (8, 17)),
        ((22, 6), (22, 23, 0, 5), (6, 12, 21)),
        ((None, None), (0, 12, 23), ()),
    ],
)
def test_hours_may_run_over_midnight(hours, inside, outside):
    assert all(is_within(hour, *hours) for hour in inside)
    assert not any(is_within(hour, *hours) for hour in outside)


def test_the_largest_share_of_the_hour_counts():
    shares = (Share(0.2), Share(0.9, 22, 6))
    assert share_at(shares, 12) == 0.2
    assert share_at(shares, 23) == 0.9
    assert share_at(shares, 12, least=0.5) == 0.5
    assert share_at((), 12) == 0.0


def test_a_list_names_the_hours_only_of_what_is_not_drawn_anyway():
    shares = (Share(0.2), Share(0.9, 22, 6))
    assert hours_drawn(shares, lot=0.5) == [(22, 6)]
    assert hours_drawn(shares, lot=0.1) == []
    assert hours_drawn(shares, lot=0.95) == []
    assert hours_drawn(shares, lot=0.5, least=0.6) == []


def test_an_effect_counts_each_vehicle_once():
    seen = [
        Seen(0.05, 10, was_examined=False, fits=True),
        Seen(0.05, 11, was_examined=True, fits=True),
        Seen(0.05, 12, was_examined=False, fits=False),
        Seen(0.50, 13, was_examined=False, fits=True),
    ]
    effect = foresee(Share(0.1), seen)
    assert (effect.seen, effect.fit, effect.selected) == (4, 3, 2)
    assert (effect.examined, effect.added, effect.dropped) == (1, 1, 0)
    assert effect.by_hour[10] == (0, 1)
    assert effect.by_hour[11] == (1, 1)


def test_an_effect_keeps_to_the_hours():
    seen = [Seen(0.0, hour, was_examined=False, fits=True) for hour in range(24)]
    assert foresee(Share(1.0, 22, 6), seen).added == 8


def test_a_change_drops_what_only_the_old_rule_selected():
    seen = [
        Seen(0.05, 10, was_examined=True, fits=True, fitted=True),
        Seen(0.30, 10, was_examined=True, fits=True, fitted=True),
        Seen(0.80, 10, was_examined=True, fits=True, fitted=True),
    ]
    effect = foresee(Share(0.1), seen, replaced=Share(0.5))
    assert (effect.added, effect.dropped) == (0, 1)
    assert effect.by_hour[10] == (3, 2)
