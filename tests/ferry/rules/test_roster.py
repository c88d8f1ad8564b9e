"""Who may be on a roster, and who drives what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from ferry.rules.roster import (
    DriverFacts,
    Fit,
    VehicleFacts,
    assign,
    fit,
    reasons_against_driver,
    reasons_against_vehicle,
    turn,
)

OPENS = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)
REST = timedelta(hours=10)
YES, PARTLY, NO = Fit.YES, Fit.PARTLY, Fit.NO
FITS = st.integers(0, 4).flatmap(
    lambda columns: st.lists(
        st.lists(st.sampled_from(Fit), min_size=columns, max_size=columns), min_size=0, max_size=4
    )
)


def codes(reasons) -> list[str]:
    return [reason.code for reason in reasons]


def against(**facts) -> list[str]:
    return codes(reasons_against_driver(DriverFacts(**facts), opens_at=OPENS, rest=REST))


def test_a_driver_who_has_rested_long_enough_to_the_minute_may_go():
    assert against(back_at=OPENS - REST) == []
    assert against(back_at=OPENS - REST + timedelta(minutes=1)) == ["driver_not_rested"]
    assert against() == []


def test_a_driver_hears_every_reason_at_once():
    busy = against(back_at=OPENS, planned="F12345678", is_on_a_roster=True)
    assert busy == ["driver_not_rested", "driver_planned", "driver_on_roster"]


def test_the_reason_names_the_hours_and_the_other_trip():
    rested, planned = reasons_against_driver(
        DriverFacts(back_at=OPENS, planned="F12345678"), opens_at=OPENS, rest=REST
    )
    assert "10 hours" in str(rested.detail)
    assert "F12345678" in str(planned.detail)


def test_a_vehicle_with_a_trip_or_on_another_roster_is_left_out():
    assert codes(reasons_against_vehicle(VehicleFacts())) == []
    both = VehicleFacts(is_taken=True, is_on_a_roster=True)
    assert codes(reasons_against_vehicle(both)) == ["vehicle_taken", "vehicle_on_roster"]


def test_the_fewest_trips_go_first_and_then_the_longest_rest():
    new, rested = DriverFacts(), DriverFacts(back_at=OPENS - 9 * REST)
    tired, often = DriverFacts(back_at=OPENS - REST), DriverFacts(trips=1)
    assert sorted([often, tired, rested, new], key=turn) == [new, rested, tired, often]


def test_a_licence_covers_wholly_partly_or_not():
    assert fit("C1", "car") is YES
    assert fit("C1", "truck") is NO
    assert fit("nonsense", "car") is NO


def test_those_who_waited_longest_get_those_whose_turn_it_is():
    assert assign([[YES, YES, YES], [YES, YES, YES]]) == [0, 1]
    assert assign([[YES], [YES], [YES]]) == [0, None, None]


def test_a_driver_who_alone_can_drive_the_truck_is_kept_for_it():
    assert assign([[YES, YES], [YES, NO]]) == [1, 0]


def test_a_licence_that_covers_the_vehicle_wholly_goes_first_among_equals():
    assert assign([[PARTLY, YES], [YES, YES]]) == [1, 0]


def test_nobody_is_given_what_he_may_not_drive():
    assert assign([[NO, NO], [NO, YES]]) == [None, 1]
    assert assign([[NO]]) == [None]


def test_without_drivers_or_vehicles_there_is_nothing_to_share_out():
    assert assign([]) == []
    assert assign([[], []]) == [None, None]


@settings(max_examples=200, deadline=None)
@given(FITS)
def test_it_makes_as_many_pairs_as_can_be_and_passes_over_the_last_of_both(fits):
    chosen = assign(fits)
    used = [column for column in chosen if column is not None]
    assert len(used) == len(set(used))
    assert all(fits[row][column] is not NO for row, column in enumerate(chosen) if column is not None)
    every = list(matchings(fits))
    most = max(len(pairs) for pairs in every)
    full = [pairs for pairs in every if len(pairs) == most]
    assert len(used) == most
    served = [row for row, column in enumerate(chosen) if column is not None]
    assert served == min(sorted(row for row, _column in pairs) for pairs in full)
    assert sorted(used) == min(sorted(column for _row, column in pairs) for pairs in full)
    assert assign(fits) == chosen


def matchings(fits):
    """Give every way to pair rows with columns that fit."""
    rows, columns = len(fits), len(fits[0]) if fits else 0
    places = [*range(columns), *([None] * rows)]
    for order in set(permutations(places, rows)):
        pairs = [(row, column) for row, column in enumerate(order) if column is not None]
        if all(fits[row][column] is not NO for row, column in pairs):
            yield pairs
