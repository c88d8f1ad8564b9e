"""Periods, and medians that are true ones."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferry.rules.reports import Period, merged, minutes_between, percentile, period_of, told_share

ON = date(2026, 11, 18)


def test_a_share_is_rounded_down_and_a_whole_one_kept():
    assert [told_share(share) for share in (5 / 13, 9999 / 10_000, 0.29, 1, 0)] == [0.384, 0.999, 0.29, 1, 0]


@pytest.mark.parametrize(
    ("kind", "first", "last"),
    [
        ("day", ON, ON),
        ("week", date(2026, 11, 16), date(2026, 11, 22)),
        ("month", date(2026, 11, 1), date(2026, 11, 30)),
    ],
)
def test_a_day_lies_in_a_period_of_whole_days(kind, first, last):
    assert period_of(kind, ON) == Period(kind, first, last)


def test_periods_follow_one_another_without_a_gap():
    february = period_of("month", date(2028, 2, 10))
    assert february.last == date(2028, 2, 29)
    assert february.later.first == date(2028, 3, 1)
    assert february.earlier == Period("month", date(2028, 1, 1), date(2028, 1, 31))
    assert period_of("month", date(2026, 12, 31)).later == period_of("month", date(2027, 1, 1))


def test_a_period_that_runs_is_compared_with_as_many_days():
    november = period_of("month", ON)
    assert november.compared(ON) == Period("month", date(2026, 10, 1), date(2026, 10, 18))
    assert november.compared(date(2026, 12, 1)) == period_of("month", date(2026, 10, 1))
    march = period_of("month", date(2027, 3, 30))
    assert march.compared(date(2027, 3, 30)).last == date(2027, 2, 28)


@given(st.lists(st.integers(0, 5000), min_size=1, max_size=60), st.sampled_from([0.5, 0.9]))
def test_a_percentile_is_the_value_at_its_rank(values, share):
    rank = max(-(-int(share * 10) * len(values) // 10), 1)
    assert percentile(Counter(map(str, values)), share) == sorted(values)[rank - 1]


@given(st.lists(st.lists(st.integers(0, 300), min_size=1, max_size=20), min_size=1, max_size=6))
def test_a_months_median_is_that_of_all_its_rows_and_not_of_its_days(days):
    every = sorted(value for day in days for value in day)
    months = merged(Counter(map(str, day)) for day in days)
    assert percentile(months, 0.5) == every[(len(every) + 1) // 2 - 1]


def test_nothing_has_no_median():
    assert percentile({}, 0.5) is None


def test_minutes_are_whole_and_never_backwards():
    at = datetime(2026, 11, 22, 4, tzinfo=UTC)
    assert minutes_between(at, at + timedelta(seconds=119)) == 1
    assert minutes_between(at, at) == 0
    assert minutes_between(at, at - timedelta(seconds=1)) is None
