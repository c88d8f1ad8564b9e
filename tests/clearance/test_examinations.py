"""An examination ends once, in released or detained."""

from __future__ import annotations

import pytest

from clearance.actions.examinations import decide_examination
from clearance.actions.reconcile import reconcile_all_due
from clearance.actions.watch import unwatch, watch
from clearance.models import Examination, Scan, SelectionRule, WatchEntry
from clearance.queries.scans import open_examination
from ferry.actions.passes import revoke_pass
from ferry.errors import Conflict, Invalid, NotYours, Refused
from ferry.models import Case, DeclaredVehicle, Pass, Trip
from tests.builders import AT, BY, an_officer
from tests.clearance.casts import (
    ALL_RIGHT,
    MINUTE,
    an_open_pass,
    as_it_stands,
    nur_zholy,
    scanned,
    story,
    told,
)

pytestmark = pytest.mark.django_db

CHEN = "officer Chen Hao"
HOUR = 60 * MINUTE


@pytest.fixture
def waiting() -> Scan:
    pass_ = an_open_pass()
    SelectionRule.objects.create(reason="all cars of today")
    return scanned(pass_.code)


def the_pass(scan: Scan) -> Pass:
    assert scan.pass_used is not None
    return scan.pass_used


def codes_of(refusal: pytest.ExceptionInfo[Refused]) -> list[str]:
    return [reason.code for reason in refusal.value.reasons]


def test_released_lets_the_vehicle_through(waiting: Scan) -> None:
    officer = an_officer()
    at = AT + HOUR
    examination = decide_examination(
        scan=waiting,
        outcome="released",
        checklist=ALL_RIGHT,
        note="boot empty",
        officer=officer,
        at=at,
        by=CHEN,
    )
    trip = Trip.objects.get(pk=waiting.trip_id)
    examination.refresh_from_db()
    waiting.refresh_from_db()
    assert (examination.outcome, examination.note, examination.officer) == ("released", "boot empty", officer)
    assert (examination.decided_at, waiting.passed_at, waiting.verdict) == (at, at, "examine")
    assert (trip.state, trip.exited_at, trip.next_check_at) == ("exited", at, at)
    assert DeclaredVehicle.objects.get(vin=the_pass(waiting).vin).exited_at == at
    assert story(trip)[-3:] == ["examine", "examined", "exited"]
    assert "boot empty" not in str(list(trip.events.values_list("data", flat=True)))
    assert told(scanned(the_pass(waiting).code, at=at)) == ["already_used"]


def test_a_release_at_the_entry_opens_the_stay() -> None:
    pass_ = an_open_pass()
    scanned(pass_.code)
    SelectionRule.objects.create(reason="all")
    scan = scanned(pass_.code, nur_zholy())
    decide_examination(
        scan=scan, outcome="released", checklist=ALL_RIGHT, officer=an_officer(nur_zholy()), at=AT, by=CHEN
    )
    assert Trip.objects.get(pk=pass_.trip_id).state == "arrived"
    assert pass_.trip.person.stays.count() == 1


def test_detained_keeps_the_vehicle_and_refuses_from_then_on(waiting: Scan) -> None:
    Trip.objects.update(next_check_at=AT)
    before = as_it_stands(the_pass(waiting))
    decide_examination(
        scan=waiting, outcome="detained", note="VIN plate", officer=an_officer(), at=AT, by=CHEN
    )
    assert as_it_stands(the_pass(waiting)) == before
    assert story(waiting.trip)[-1] == "examined"  # type: ignore[arg-type]
    again = scanned(the_pass(waiting).code)
    assert (again.verdict, again.reasons) == ("refuse", [{"code": "selected", "params": {"detained": True}}])
    assert Examination.objects.count() == 1


def test_detained_at_the_entry_is_a_case_at_once() -> None:
    pass_ = an_open_pass()
    scanned(pass_.code)
    SelectionRule.objects.create(reason="all")
    scan = scanned(pass_.code, nur_zholy(), at=AT + HOUR)
    reconcile_all_due(at=AT + HOUR)
    officer, later = an_officer(nur_zholy()), AT + 2 * HOUR
    decide_examination(scan=scan, outcome="detained", note="VIN plate", officer=officer, at=later, by=CHEN)
    reconcile_all_due(at=later)
    assert Case.objects.get().kind == "returned_undelivered"


def test_a_later_scan_of_the_same_pass_leads_to_the_same_examination(waiting: Scan) -> None:
    again = scanned(the_pass(waiting).code)
    assert open_examination(again) == Examination.objects.get()
    decide_examination(
        scan=again, outcome="released", checklist=ALL_RIGHT, officer=an_officer(), at=AT, by=CHEN
    )
    waiting.refresh_from_db()
    assert waiting.passed_at == AT


@pytest.mark.parametrize("second", ["released", "detained"])
def test_it_is_decided_once(waiting: Scan, second: str) -> None:
    officer = an_officer()
    decide_examination(scan=waiting, outcome="detained", note="x", officer=officer, at=AT, by=CHEN)
    before = as_it_stands(the_pass(waiting))
    with pytest.raises(Conflict) as refusal:
        decide_examination(
            scan=waiting, outcome=second, note="x", checklist=ALL_RIGHT, officer=officer, at=AT, by=CHEN
        )
    assert codes_of(refusal) == ["examination_decided"]
    assert Examination.objects.get().outcome == "detained"
    assert as_it_stands(the_pass(waiting)) == before


def test_a_stranger_decides_nothing(waiting: Scan) -> None:
    before = as_it_stands(the_pass(waiting))
    with pytest.raises(NotYours):
        decide_examination(
            scan=waiting,
            outcome="released",
            checklist=ALL_RIGHT,
            officer=an_officer(nur_zholy()),
            at=AT,
            by="officer Nurlan",
        )
    assert Examination.objects.get().outcome == ""
    assert as_it_stands(the_pass(waiting)) == before


def test_a_scan_that_waits_for_nothing_cannot_be_decided() -> None:
    scans = [scanned("nonsense"), scanned(an_open_pass().code)]
    for scan in scans:
        with pytest.raises(NotYours):
            decide_examination(
                scan=scan, outcome="released", checklist=ALL_RIGHT, officer=an_officer(), at=AT, by=CHEN
            )


def test_an_unknown_outcome_is_not_taken(waiting: Scan) -> None:
    with pytest.raises(Invalid):
        decide_examination(scan=waiting, outcome="maybe", officer=an_officer(), at=AT, by=CHEN)
    assert Examination.objects.get().outcome == ""


def test_what_was_revoked_meanwhile_is_not_released(waiting: Scan) -> None:
    pass_ = the_pass(waiting)
    revoke_pass(trip=pass_.trip, reason="stolen", at=AT, by=BY)
    before = as_it_stands(pass_)
    with pytest.raises(Conflict) as refusal:
        decide_examination(
            scan=waiting, outcome="released", checklist=ALL_RIGHT, officer=an_officer(), at=AT + HOUR, by=CHEN
        )
    assert codes_of(refusal) == ["revoked"]
    assert Examination.objects.get().outcome == ""
    assert as_it_stands(pass_) == before


def test_an_examination_may_outlast_the_window(waiting: Scan) -> None:
    at = the_pass(waiting).closes_at + 5 * HOUR
    decide_examination(
        scan=waiting, outcome="released", checklist=ALL_RIGHT, officer=an_officer(), at=at, by=CHEN
    )
    assert Trip.objects.get(pk=waiting.trip_id).exited_at == at


# --- The watch list ------------------------------------------------------------------------------


def test_it_watches_a_number_as_it_is_written_anywhere() -> None:
    entry = watch(kind="passport", value=" e123 45678 ", instruction=" Hold ", at=AT, by=BY)
    assert (entry.value, entry.instruction, entry.added_at, entry.added_by) == ("E12345678", "Hold", AT, BY)


def test_it_watches_once_at_a_time_and_again_after_the_end() -> None:
    entry = watch(kind="vin", value="LATPAB071W1005301", instruction="Hold", at=AT, by=BY)
    with pytest.raises(Conflict) as refusal:
        watch(kind="vin", value="latpab071w1005301", instruction="Let go", at=AT, by=BY)
    assert codes_of(refusal) == ["already_watched"]
    assert WatchEntry.objects.get().instruction == "Hold"
    unwatch(entry=entry, at=AT)
    with pytest.raises(Conflict):
        unwatch(entry=entry, at=AT + HOUR)
    assert WatchEntry.objects.get().ended_at == AT
    watch(kind="vin", value="LATPAB071W1005301", instruction="Hold", at=AT, by=BY)


@pytest.mark.parametrize(
    "nonsense", [{"kind": "name"}, {"value": " "}, {"value": "X" * 21}, {"instruction": " "}]
)
def test_it_does_not_watch_nonsense(nonsense: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        watch(
            **{
                "kind": "vin",
                "value": "LATPAB071W1005301",
                "instruction": "Hold",
                "at": AT,
                "by": BY,
                **nonsense,
            }
        )
    assert not WatchEntry.objects.exists()
