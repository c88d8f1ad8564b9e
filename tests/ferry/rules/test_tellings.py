"""When something was told, and what there is to tell."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferry.models import TripState
from ferry.rules.tellings import Moment, acts, put_right

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
BEGAN = NOW - timedelta(days=2)
HOUR = timedelta(hours=1)
MOMENTS = st.datetimes(timezones=st.just(UTC))


def right(told_at: datetime, sent_at: datetime | None) -> Moment:
    return put_right(told_at, sent_at, not_before=BEGAN, now=NOW)


def test_a_right_clock_is_believed():
    assert right(NOW - HOUR, NOW) == Moment(NOW - HOUR)


@pytest.mark.parametrize("wrong_by", [timedelta(days=-900), timedelta(hours=-3), timedelta(days=400)])
def test_a_wrong_clock_is_put_right_by_what_it_says_at_the_sending(wrong_by):
    assert right(NOW - HOUR + wrong_by, NOW + wrong_by) == Moment(NOW - HOUR)


def test_what_cannot_be_is_moved_to_what_can_and_what_the_phone_said_is_kept():
    assert right(NOW + HOUR, NOW) == Moment(NOW, NOW + HOUR)
    assert right(NOW - timedelta(days=9), NOW) == Moment(BEGAN, NOW - timedelta(days=9))
    assert right(NOW + HOUR, None) == Moment(NOW, NOW + HOUR)


@given(MOMENTS, st.none() | MOMENTS)
def test_no_clock_makes_it_earlier_than_it_can_be_or_later_than_now(told_at, sent_at):
    assert BEGAN <= right(told_at, sent_at).at <= NOW


def statuses(state: str, *told: str, is_back: bool = False) -> list[tuple[str, str]]:
    return [(act.kind, act.status) for act in acts(state, told=set(told), is_back=is_back)]


@pytest.mark.parametrize(
    ("state", "told", "is_back", "expected"),
    [
        ("ready", (), False, [("picked_up", "now"), ("handed_over", "later"), ("back", "later")]),
        (
            "ready",
            ("picked_up",),
            False,
            [("picked_up", "done"), ("handed_over", "soon"), ("back", "later")],
        ),
        ("exited", (), False, [("handed_over", "now"), ("back", "later")]),
        (
            "arrived",
            ("picked_up",),
            False,
            [("picked_up", "done"), ("handed_over", "now"), ("back", "later")],
        ),
        ("arrived", ("handed_over",), False, [("handed_over", "done"), ("back", "now")]),
        ("delivered", (), False, [("back", "now")]),
        ("discharged", ("handed_over",), True, [("handed_over", "done"), ("back", "done")]),
    ],
)
def test_the_next_act_is_one_and_the_later_ones_follow(state, told, is_back, expected):
    assert statuses(state, *told, is_back=is_back) == expected


@pytest.mark.parametrize("state", ["planned", "cancelled", "lapsed", "returned"])
def test_of_a_trip_that_is_not_under_way_there_is_nothing_to_tell(state):
    assert statuses(state) == []


@given(
    st.sampled_from(TripState.values),
    st.sets(st.sampled_from(["picked_up", "handed_over", "back"])),
    st.booleans(),
)
def test_there_is_never_more_than_one_next_act(state, told, is_back):
    found = acts(state, told=told, is_back=is_back)
    assert sum(act.status in {"now", "soon"} for act in found) <= 1
