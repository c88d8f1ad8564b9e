from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ferry.rules.closures import closed_at, elapsed, open_deadline, open_start, redate

START = datetime(2025, 12, 15, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
MINUTES = st.integers(0, 60)
CLOSURES = st.lists(st.tuples(MINUTES, MINUTES), max_size=6)
# Far enough past every closure that can be drawn for any limit to run out.
HORIZON = 250


def at(minute):
    return START + minute * MINUTE


def spans(closures):
    return [(at(closes), at(reopens)) for closes, reopens in closures]


def is_closed(minute, closures):
    return any(closes <= minute < reopens for closes, reopens in closures)


def open_minutes(start, end, closures):
    """Count open minutes one by one."""
    return sum(not is_closed(minute, closures) for minute in range(start, end))


@given(MINUTES, MINUTES, CLOSURES)
def test_it_measures_open_time_as_counting_minutes_does(start, end, closures):
    assert elapsed(at(start), at(end), spans(closures)) == open_minutes(start, end, closures) * MINUTE


@given(MINUTES, st.integers(0, 90), CLOSURES)
def test_a_deadline_is_the_first_moment_by_which_the_limit_has_run(start, limit, closures):
    first = next(end for end in range(start, HORIZON) if open_minutes(start, end, closures) >= limit)

    assert open_deadline(at(start), limit * MINUTE, spans(closures)) == at(first)


@given(MINUTES, CLOSURES)
def test_a_closure_ends_when_the_crossing_really_reopens(minute, closures):
    span = closed_at(at(minute), spans(closures))

    assert (span is not None) == is_closed(minute, closures)
    if span is not None:
        closes, reopens = ((moment - START) // MINUTE for moment in span)
        assert closes <= minute < reopens
        assert all(is_closed(one, closures) for one in range(closes, reopens))
        assert not is_closed(closes - 1, closures)
        assert not is_closed(reopens, closures)


@given(MINUTES, st.integers(1, 60), CLOSURES)
def test_a_window_keeps_its_open_time_and_opens_at_an_open_moment(opens, length, closures):
    new_opens, new_closes = redate(at(opens), at(opens + length), spans(closures))
    first = next(minute for minute in range(opens, HORIZON) if not is_closed(minute, closures))

    assert new_opens == at(first)
    assert elapsed(new_opens, new_closes, spans(closures)) == length * MINUTE
    assert open_minutes(first, (new_closes - START) // MINUTE - 1, closures) == length - 1


@given(MINUTES, st.integers(1, 60), CLOSURES)
def test_a_window_stays_where_no_closure_takes_a_part_of_it(opens, length, closures):
    moved = redate(at(opens), at(opens + length), spans(closures)) != (at(opens), at(opens + length))

    assert moved == (open_minutes(opens, opens + length, closures) < length)


def test_a_holiday_of_two_days_moves_the_deadline_by_two_days():
    holiday = (datetime(2025, 12, 16, tzinfo=UTC), datetime(2025, 12, 18, tzinfo=UTC))

    assert open_deadline(START, timedelta(hours=48), [holiday]) == datetime(2025, 12, 19, tzinfo=UTC)
    assert elapsed(START, datetime(2025, 12, 19, tzinfo=UTC), [holiday]) == timedelta(hours=48)


def test_a_window_inside_a_holiday_moves_behind_it_whole():
    holiday = (datetime(2025, 12, 16, tzinfo=UTC), datetime(2025, 12, 18, tzinfo=UTC))
    opens, closes = datetime(2025, 12, 16, 6, tzinfo=UTC), datetime(2025, 12, 16, 18, tzinfo=UTC)

    assert redate(opens, closes, [holiday]) == (
        datetime(2025, 12, 18, tzinfo=UTC),
        datetime(2025, 12, 18, 12, tzinfo=UTC),
    )


def test_a_limit_that_runs_out_as_the_crossing_closes_is_not_carried_over():
    assert open_deadline(at(0), 10 * MINUTE, spans([(10, 20)])) == at(10)
    assert open_deadline(at(0), 11 * MINUTE, spans([(10, 20)])) == at(21)


def test_a_crossing_is_open_again_at_the_end_of_a_closure():
    assert closed_at(at(9), spans([(10, 20)])) is None
    assert closed_at(at(10), spans([(10, 20)])) == (at(10), at(20))
    assert closed_at(at(20), spans([(10, 20)])) is None
    assert closed_at(at(15), spans([(15, 30), (10, 15)])) == (at(10), at(30))


def test_no_time_passes_backwards():
    assert elapsed(at(9), at(3), []) == timedelta(0)
    assert elapsed(at(9), at(3), spans([(0, 20)])) == timedelta(0)


@given(st.integers(60, 120), st.integers(0, 50), CLOSURES)
def test_open_time_begins_at_the_last_moment_since_which_the_limit_has_run(end, limit, closures):
    last = next(start for start in range(end, -HORIZON, -1) if open_minutes(start, end, closures) >= limit)

    assert open_start(at(end), limit * MINUTE, spans(closures)) == at(last)
