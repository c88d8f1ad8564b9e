"""When a crossing is closed, and why."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from ferry.rules.opening import Closed, closed_now, next_closed, nights

CHINA = ZoneInfo("Asia/Shanghai")
HOUR = timedelta(hours=1)
NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


def night_hours(opens: time | None, closes: time | None, *, days: int = 1) -> list[tuple[int, int]]:
    """Give nights as hours from noon in China."""
    found = nights(opens, closes, zone=CHINA, since=NOON, until=NOON + timedelta(days=days))
    return [((each.starts_at - NOON) // HOUR, (each.ends_at - NOON) // HOUR) for each in found]


def test_a_checkpoint_is_closed_outside_its_day():
    assert night_hours(time(9), time(18)) == [(6, 21)]
    assert night_hours(time(9), time(18), days=2) == [(6, 21), (30, 45)]


def test_a_day_that_runs_over_midnight_has_its_night_by_day():
    assert night_hours(time(14), time(2)) == [(-10, 2), (14, 26)]


def test_one_without_hours_never_closes():
    assert night_hours(None, None) == night_hours(time(9), time(9)) == []


def test_it_is_closed_from_the_first_moment_and_open_at_the_last():
    holiday = Closed(NOON, NOON + HOUR, "holiday", "KZ")
    assert closed_now(NOON - timedelta(seconds=1), [holiday]) is None
    assert closed_now(NOON, [holiday]) == holiday
    assert closed_now(NOON + HOUR, [holiday]) is None


def test_it_opens_when_all_that_follows_at_once_is_over_and_a_closure_is_named_before_a_night():
    night = Closed(NOON - HOUR, NOON + HOUR, is_nightly=True)
    holiday = Closed(NOON + HOUR, NOON + 24 * HOUR, "Independence Day", "KZ")
    assert closed_now(NOON, [night, holiday]) == Closed(
        NOON - HOUR, NOON + 24 * HOUR, "Independence Day", "KZ"
    )


def test_the_next_closing_comes_before_the_end_asked_for():
    first, second = Closed(NOON + HOUR, NOON + 2 * HOUR), Closed(NOON + 3 * HOUR, NOON + 4 * HOUR)
    assert next_closed(NOON, [second, first], until=NOON + 5 * HOUR) == first
    assert next_closed(NOON, [second, first], until=NOON + HOUR) is None
    assert next_closed(NOON + HOUR, [second, first], until=NOON + 5 * HOUR) == second
