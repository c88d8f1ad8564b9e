"""Which damage is new."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferry.models import DamageKind, Side
from ferry.rules.condition import Mark, new_marks
from ferry.rules.outline import SIZES, ZONES, shape_of, zone_of, zones_of

PLACES = st.builds(
    Mark,
    number=st.integers(1, 30),
    side=st.sampled_from(Side.values),
    x=st.integers(0, 1000),
    y=st.integers(0, 1000),
    kind=st.sampled_from(DamageKind.values),
)


def a_mark(x: int = 500, y: int = 500, side: str = "left", number: int = 1, kind: str = "scratch") -> Mark:
    return Mark(number, side, x, y, kind)


def test_a_mark_near_one_of_the_same_side_is_known_whatever_it_is_called():
    assert new_marks([a_mark()], [a_mark(540, 560, kind="dent")]) == []


@pytest.mark.parametrize("other", [a_mark(side="right"), a_mark(x=600), a_mark(y=750)])
def test_a_mark_on_another_side_or_far_away_is_new(other):
    assert new_marks([a_mark()], [other]) == [other]


def test_a_second_mark_beside_a_known_one_is_new():
    known, second = a_mark(505), a_mark(530, number=2)
    assert new_marks([a_mark()], [second, known]) == [second]


def test_distance_is_measured_on_the_drawing_and_not_in_shares_of_it():
    assert new_marks([a_mark()], [a_mark(y=690)]) == []
    assert new_marks([a_mark()], [a_mark(x=690)]) != []


def test_without_an_earlier_look_everything_is_new():
    assert new_marks([], [a_mark()]) == [a_mark()]


@given(st.lists(PLACES, max_size=12))
def test_the_same_marks_again_are_never_new(marks):
    assert new_marks(marks, marks) == []


@given(st.lists(PLACES, max_size=12), st.lists(PLACES, max_size=12))
def test_at_least_what_is_more_than_before_is_new(earlier, later):
    fresh = new_marks(earlier, later)
    assert len(fresh) >= len(later) - len(earlier)
    assert all(mark in later for mark in fresh)


@pytest.mark.parametrize("shape", sorted(ZONES))
def test_every_part_lies_on_its_drawing_and_parts_have_names_of_their_own(shape):
    for side in Side:
        zones = zones_of(shape, side)
        assert side in SIZES
        assert len({zone.code for zone in zones}) == len(zones) > 1
        assert all(0 < zone.x < 1000 and 0 < zone.y < 1000 for zone in zones)


def test_the_right_side_is_the_left_one_mirrored():
    left, right = zone_of("car", "left", "front_door"), zone_of("car", "right", "front_door")
    assert left
    assert right
    assert (left.x + right.x, left.y) == (1000, right.y)
    assert zone_of("car", "below", "front_door") is None
    assert zone_of("car", "left", "wing") is None


@pytest.mark.parametrize(
    ("hs_code", "powertrain", "shape"),
    [
        ("8703801090", "bev", "car"),
        ("8704", "diesel", "truck"),
        ("8702", "diesel", "truck"),
        ("8429", "plant", "plant"),
    ],
)
def test_a_vehicle_is_drawn_as_what_it_is(hs_code, powertrain, shape):
    from ferry.models import Vehicle

    assert shape_of(Vehicle(hs_code=hs_code, powertrain=powertrain)) == shape
