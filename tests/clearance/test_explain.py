"""The explanation, without a database: it says what the assessment does, and from where."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from clearance.rules.assess import CaseSeen, Evidence, assess
from clearance.rules.explain import Explanation, Limit, Row, Word, explain, shift
from ferry.rules.evidence import evidence_digest
from tests.clearance.test_assess import (
    BACK,
    BORDER,
    DAY,
    ENTRY,
    EXIT,
    HOLIDAY,
    HOUR,
    KZ,
    LEFT,
    LIMITED,
    LIMITS,
    OTHER_VIN,
    PASS,
    RECEIPT,
    STRANGER,
    TICK,
    VIN,
    a_ready_trip,
    a_trip,
    an_exited_trip,
    settled,
)

pytestmark = pytest.mark.once


def told(trip: Evidence, at: datetime = LEFT + 12 * HOUR, **more: Any) -> Explanation:
    return explain(trip, more.pop("limits", LIMITS), at, **more)


def row(code: str, trip: Evidence, at: datetime = LEFT + 12 * HOUR, **more: Any) -> Row:
    return next(each for each in told(trip, at, **more).rows if each.code == code)


def limit(name: str, explanation: Explanation) -> Limit | None:
    return next((each for each in explanation.limits if each.name == name), None)


def standings(trip: Evidence, at: datetime = LEFT + 12 * HOUR) -> dict[str, str]:
    return {each.code: each.standing for each in told(trip, at).rows}


def test_it_tells_all_seven_rows_of_a_trip_on_which_everything_agrees():
    trip = a_trip(records=(BORDER, KZ, BACK))
    assert standings(trip) == {
        **dict.fromkeys(("R1", "R2", "R3", "R4", "R5", "R7"), "agrees"),
        "R6": "not_begun",
    }
    assert [each.source for each in row("R4", trip).witnesses] == [ENTRY, KZ]


def test_it_awaits_what_is_not_due_and_misses_what_is_overdue():
    soon, late = LEFT + HOUR, LEFT + 25 * HOUR
    assert (row("R4", an_exited_trip(), soon).standing, row("R4", an_exited_trip(), late).standing) == (
        "expected",
        "missing",
    )
    assert row("R4", an_exited_trip(), soon).until == LEFT + 6 * HOUR
    assert row("R5", an_exited_trip(), late).standing == "missing"


def test_before_the_exit_it_waits_for_nothing_but_the_use_of_the_code():
    trip = a_ready_trip()
    assert standings(trip)["R2"] == "expected"
    assert {standings(trip)[code] for code in ("R3", "R4", "R5", "R7")} == {"not_begun"}
    assert [each.name for each in told(trip).limits] == ["unused"]


def test_a_record_with_another_vin_or_person_differs_in_that_alone():
    (vin,) = row("R4", a_trip(scans=(EXIT,), records=(KZ._replace(vin=OTHER_VIN),))).witnesses
    assert (vin.agrees_vin, vin.agrees_person, vin.agrees_time) == (False, True, True)
    (person,) = row("R3", a_trip(records=(BORDER._replace(person=STRANGER),))).witnesses
    assert (person.agrees_vin, person.agrees_person, person.agrees_time) == (None, False, None)


def test_moments_in_an_order_that_cannot_be_differ_on_both_sides():
    trip = a_trip(receipt=RECEIPT._replace(confirmed_at=LEFT - HOUR))
    assert (row("R2", trip).witnesses[0].agrees_time, row("R5", trip).witnesses[0].agrees_time) == (
        False,
        False,
    )


def test_it_tells_a_finding_in_the_row_that_it_is_about():
    trip = a_trip(receipt=RECEIPT._replace(condition="damaged"))
    assert (row("R5", trip).standing, row("R5", trip).findings) == ("differs", ("damage",))


def test_it_says_every_word_of_customs_once():
    words = [Word("accepted", LEFT - 3 * DAY), Word("released", LEFT - 2 * DAY)]
    assert [each.source for each in row("R6", a_trip(), words=words).witnesses] == words


def test_the_companys_word_stands_where_no_record_says_that_the_driver_is_back():
    (word,) = row("R7", a_trip()).witnesses
    assert (word.moment, word.remarks) == (LEFT + 10 * HOUR, ("company_word",))


#: These two wait for late uploads, which no page needs to count.
UNTOLD = {"quantity_differs", "returned_undelivered"}


@pytest.mark.parametrize(
    ("kind", "_weight", "trip", "start", "wait", "stopped"), [one for one in LIMITED if one[0] not in UNTOLD]
)
def test_a_limit_that_opens_a_case_runs_out_when_the_assessment_finds_it(
    kind: str, _weight: Any, trip: Evidence, start: datetime, wait: timedelta, stopped: timedelta
):
    for limits, more in ((LIMITS, 0 * DAY), (HOLIDAY, stopped)):
        told_ = explain(trip, limits, start + wait + more)
        found = next(each for each in told_.limits if each.opens == kind)
        assert (found.until, found.state) == (start + wait + more, "ran_out")
        assert explain(trip, limits, start + wait + more - TICK).limits != told_.limits


def test_it_says_for_how_long_closures_stop_a_limit():
    found = limit("receipt_case", told(an_exited_trip(), limits=HOLIDAY))
    assert found is not None
    assert (found.stopped_for, found.until) == (DAY, LEFT + 3 * DAY)


def test_a_limit_says_whether_what_came_was_late():
    late = a_trip(receipt=RECEIPT._replace(confirmed_at=LEFT + 30 * HOUR))
    found = limit("receipt_expected", told(late, LEFT + 31 * HOUR))
    assert found is not None
    assert (found.state, found.came_at) == ("late", LEFT + 30 * HOUR)
    assert (limit("entry_expected", told(late)) or found).state == "met"


def a_settled_trip() -> Evidence:
    """Give a trip whose missing receipt was settled."""
    trip = an_exited_trip(scans=(EXIT, ENTRY))
    (finding,) = assess(trip, LIMITS, LEFT + 3 * DAY).findings
    return replace(trip, cases=(settled(finding),))


def test_it_says_why_the_outcome_is_what_it_is():
    later = LEFT + 3 * DAY
    damaged = a_trip(receipt=RECEIPT._replace(condition="damaged"))
    late = a_trip(receipt=RECEIPT._replace(confirmed_at=LEFT + 30 * HOUR))
    facts = assess(damaged, LIMITS, later).findings[0].facts
    off = CaseSeen("damage", "written_off", evidence_digest(facts))
    whys = [
        told(each, later).why
        for each in (
            an_exited_trip(),
            a_trip(),
            late,
            a_settled_trip(),
            replace(damaged, cases=(off,)),
            replace(damaged, cases=(off._replace(state="resolved"),)),
            a_ready_trip(state="cancelled", passes=()),
        )
    ]
    assert [(why.reason, why.names) for why in whys] == [
        ("open", ("exit_no_delivery",)),
        ("proved", ()),
        ("late", ("receipt_expected",)),
        ("settled_stands", ("receipt",)),
        ("written_off", ("damage",)),
        ("settled_proved", ("damage",)),
        ("ended", ()),
    ]


def test_what_waits_says_what_it_waits_for_and_which_case_opens_when():
    why = told(an_exited_trip(), LEFT + HOUR).why
    assert (why.reason, why.names) == ("waits", ("entry", "receipt"))
    assert why.changes[:2] == (
        ("comes", ("entry", "receipt")),
        ("case_at", ("exit_no_delivery", (LEFT + 2 * DAY).isoformat())),
    )


def test_it_gives_the_judgement_of_the_assessment_itself():
    for trip in (a_trip(), an_exited_trip(), a_ready_trip(), a_settled_trip()):
        at = LEFT + 3 * DAY
        assert told(trip, at).verdict == assess(trip, LIMITS, at)


def test_a_corrected_record_tells_what_came_with_it():
    slip = KZ._replace(reference="kz-1", vin=OTHER_VIN)
    trip = a_trip(records=(slip, KZ), passes=(PASS._replace(vin=VIN),))
    assert shift(trip, slip, LIMITS, LEFT + DAY).came == ("vin_mismatch",)
    assert shift(trip, KZ, LIMITS, LEFT + DAY) == ((), ())


def test_a_record_may_take_a_finding_away():
    trip = a_trip(scans=(EXIT,), records=(KZ,))
    assert shift(trip, KZ, LIMITS, LEFT + 3 * DAY) == ((), ("impossible_order",))


def test_a_vehicle_that_came_back_is_not_awaited_in_kazakhstan():
    trip = an_exited_trip(state="returned")
    assert {standings(trip, LEFT + 9 * DAY)[code] for code in ("R4", "R5")} == {"not_begun"}
    assert limit("receipt_case", told(trip)) is None
