from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferry.rules.findings import FINE
from ferry.rules.stays import Stay, days_used, judge_stay, next_possible_on, warn_level
from tests.ferry.rules.codes import refused, warned

FIRST = date(2026, 1, 1)
STRICT = {"rolling": True, "count_both": True}
READINGS = st.fixed_dictionaries({"rolling": st.booleans(), "count_both": st.booleans()})


def day(number):
    """Name the day by its number, the first being 0."""
    return FIRST + timedelta(days=number)


def stay(first, last):
    return Stay(day(first), None if last is None else day(last))


def every_second_day(trips, nights=0):
    return [stay(2 * at, 2 * at + nights) for at in range(trips)]


@st.composite
def histories(draw):
    """Draw stays in any order, some overlapping, at most one still open."""
    spans = draw(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 29)), max_size=25))
    stays = [stay(first, first + length) for first, length in spans]
    return stays + ([stay(draw(st.integers(0, 400)), None)] if draw(st.booleans()) else [])


def closed(stays):
    return [one for one in stays if one.left_on is not None]


def present(stays, number, count_both):
    """Say whether the person is there on a day, asked stay by stay."""
    return any(
        one.entered_on <= day(number)
        and (
            one.left_on is None
            or day(number) < one.left_on
            or (day(number) == one.left_on and (count_both or one.entered_on == one.left_on))
        )
        for one in stays
    )


def counted(stays, number, *, rolling, count_both):
    """Count the days the slow and plain way."""
    firsts = [(one.entered_on - FIRST).days for one in stays if one.entered_on <= day(number)]
    if not firsts:
        return 0
    start = number - 179 if rolling else max(at for at in range(min(firsts), number + 1, 180))
    return sum(present(stays, at, count_both) for at in range(start, number + 1))


@given(histories(), st.integers(-10, 450), READINGS)
def test_it_counts_as_a_calendar_on_the_wall_would(stays, on, reading):
    assert days_used(stays, on=day(on), **reading) == counted(stays, on, **reading)


def test_days_that_overlap_count_once():
    stays = [stay(0, 4), stay(2, 6), stay(6, 6), stay(6, 8)]

    assert days_used(stays, on=day(10), **STRICT) == 9


def test_an_open_stay_counts_through_the_day_asked_about():
    assert days_used([stay(3, None)], on=day(12), **STRICT) == 10
    assert days_used([stay(3, None)], on=day(2), **STRICT) == 0
    assert days_used([], on=day(2), **STRICT) == 0


def test_the_day_of_departure_counts_only_when_both_days_do():
    assert days_used([stay(0, 4)], on=day(9), rolling=True, count_both=True) == 5
    assert days_used([stay(0, 4)], on=day(9), rolling=True, count_both=False) == 4
    assert days_used([stay(0, 0)], on=day(9), rolling=True, count_both=False) == 1
    assert days_used([stay(0, 4), stay(4, 6)], on=day(9), rolling=True, count_both=False) == 6


def test_a_rolling_period_lets_go_of_its_oldest_day_and_a_fixed_one_of_all_at_once():
    stays = [stay(0, 9), stay(100, 109)]

    assert [days_used(stays, on=day(at), rolling=True, count_both=True) for at in (179, 180, 189)] == [
        20,
        19,
        10,
    ]
    assert [days_used(stays, on=day(at), rolling=False, count_both=True) for at in (179, 180, 189)] == [
        20,
        0,
        0,
    ]


def test_a_trip_every_second_day_finished_the_same_day_peaks_at_ninety_and_is_allowed():
    peak = 0
    for at in range(200):
        finding = judge_stay(every_second_day(at), entry_on=day(2 * at), return_on=day(2 * at), **STRICT)
        assert not finding.refuses
        peak = max(peak, days_used(every_second_day(at + 1), on=day(2 * at), **STRICT))

    assert peak == 90


def test_with_an_overnight_stay_the_forty_sixth_trip_breaches():
    def trip(number):
        return judge_stay(
            every_second_day(number - 1, nights=1),
            entry_on=day(2 * (number - 1)),
            return_on=day(2 * (number - 1) + 1),
            **STRICT,
        )

    assert all(not trip(number).refuses for number in range(1, 46))
    assert refused(trip(46)) == ["stay_exhausted"]
    assert days_used(every_second_day(45, nights=1), on=day(89), **STRICT) == 90


def test_a_refusal_says_from_when_the_trip_is_possible():
    (reason,) = judge_stay(
        every_second_day(45, nights=1), entry_on=day(90), return_on=day(91), **STRICT
    ).refuses

    assert day(180).isoformat() in str(reason.detail)


def test_it_looks_at_every_day_through_the_return():
    stays = [stay(0, 29), stay(31, 60), stay(62, 86)]

    assert not judge_stay(stays, entry_on=day(90), return_on=day(94), **STRICT).refuses
    assert refused(judge_stay(stays, entry_on=day(90), return_on=day(95), **STRICT)) == ["stay_exhausted"]


def test_a_fixed_period_begins_anew_after_its_last_day():
    stays = [stay(0, 29), stay(31, 60), stay(62, 91)]

    assert refused(judge_stay(stays, entry_on=day(179), return_on=day(179), rolling=False, count_both=True))
    assert judge_stay(stays, entry_on=day(180), return_on=day(209), rolling=False, count_both=True) == FINE


@pytest.mark.parametrize(
    ("last", "count_both", "codes"),
    [(29, True, []), (30, True, ["stay_too_long"]), (30, False, []), (31, False, ["stay_too_long"])],
)
def test_one_stay_lasts_thirty_days_at_most(last, count_both, codes):
    finding = judge_stay([], entry_on=day(0), return_on=day(last), rolling=True, count_both=count_both)

    assert refused(finding) == codes


def test_it_gives_both_reasons_at_once():
    finding = judge_stay([stay(0, 29), stay(31, 60)], entry_on=day(62), return_on=day(99), **STRICT)

    assert refused(finding) == ["stay_too_long", "stay_exhausted"]


def test_it_refuses_a_return_before_the_entry():
    assert refused(judge_stay([], entry_on=day(1), return_on=day(0), **STRICT)) == ["return_before_entry"]


@pytest.mark.parametrize(
    ("used", "level"), [(0, None), (74, None), (75, 75), (79, 75), (80, 80), (84, 80), (85, 85), (90, 85)]
)
def test_it_warns_at_each_mark(used, level):
    stays = [Stay(day(2 * at), day(2 * at)) for at in range(used - 1)]
    finding = judge_stay(stays, entry_on=day(179), return_on=day(179), **STRICT) if used else FINE

    assert warn_level(used) == level
    assert not finding.refuses
    assert warned(finding) == (["stay_warn"] if level else [])
    assert all(f"{used} of 90" in str(reason.detail) for reason in finding.warns)


def test_a_trip_is_possible_at_once_when_days_are_left():
    assert next_possible_on([], not_before=day(5), days=30, **STRICT) == day(5)


def test_no_date_is_possible_for_a_trip_that_is_too_long_or_before_the_person_is_back():
    assert next_possible_on([], not_before=day(0), days=31, **STRICT) is None
    assert next_possible_on([stay(0, None)], not_before=day(5), days=1, **STRICT) is None


def test_a_person_who_never_came_back_is_refused_without_a_date():
    (reason,) = judge_stay([stay(0, None)], entry_on=day(120), return_on=day(120), **STRICT).refuses

    assert reason.code == "stay_exhausted"
    assert "20" not in str(reason.detail)


@given(histories().map(closed), st.integers(0, 400), st.integers(1, 30), READINGS)
def test_the_next_possible_date_is_the_first_that_is_not_refused(stays, number, days, reading):
    found = next_possible_on(stays, not_before=day(number), days=days, **reading)

    def refusals(entry):
        return judge_stay(
            stays, entry_on=entry, return_on=entry + timedelta(days=days - 1), **reading
        ).refuses

    assert found is not None
    assert not refusals(found)
    assert all(refusals(day(at)) for at in range(number, min((found - FIRST).days, number + 5)))


@given(histories(), st.integers(0, 400), st.integers(1, 40), READINGS)
def test_it_refuses_exactly_what_the_calendar_on_the_wall_refuses(stays, number, days, reading):
    finding = judge_stay(stays, entry_on=day(number), return_on=day(number + days - 1), **reading)
    together = [*stays, stay(number, number + days - 1)]
    peak = max(counted(together, at, **reading) for at in range(number, number + days))
    length = days if reading["count_both"] else max(days - 1, 1)

    assert ("stay_exhausted" in refused(finding)) == (peak > 90)
    assert ("stay_too_long" in refused(finding)) == (length > 30)
    assert bool(finding.warns) == (75 <= peak <= 90)


def test_it_stands_dates_at_the_end_of_the_calendar():
    finding = judge_stay([], entry_on=date.max, return_on=date.max, **STRICT)

    assert finding == FINE
    assert refused(judge_stay([], entry_on=FIRST, return_on=date.max, **STRICT)) == [
        "stay_too_long",
        "stay_exhausted",
    ]
