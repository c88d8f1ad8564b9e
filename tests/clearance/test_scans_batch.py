"""Many scans at once, and scans made without a link: nothing is lost, nothing silently changed."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clearance.actions.reconcile import reconcile_all_due
from clearance.actions.scans import Book, Offline, ScanInput, record_scans
from clearance.models import Examination, Scan, SelectionRule
from ferry.actions.cases import settle_case
from ferry.actions.passes import revoke_pass, swap_driver
from ferry.actions.trips import cancel_trip, lapse_trip
from ferry.models import Case, CaseState, Closure, Declaration, DeclaredVehicle, Driver, Pass, Trip
from tests.builders import AT, BY, a_checkpoint, a_company, a_device, a_driver, a_licence, an_issued_trip
from tests.clearance.casts import (
    LANE,
    MINUTE,
    a_scan,
    an_open_pass,
    as_it_stands,
    nur_zholy,
    offline,
    scanned,
    story,
    told,
)

pytestmark = pytest.mark.django_db

HOUR = 60 * MINUTE
LATER = AT + 2 * HOUR


def upload(*scans: ScanInput, **who: Any) -> list[Any]:
    return record_scans(scans=scans, **{"at": LATER, "by": LANE, **who})


def cases(pass_: Pass) -> list[tuple[str, int]]:
    return list(Case.objects.filter(trip=pass_.trip_id).order_by("pk").values_list("kind", "weight"))


def stored(scan: ScanInput) -> Scan:
    return Scan.objects.get(scan_id=scan.scan_id)


# --- A batch -------------------------------------------------------------------------------------


def test_each_scan_has_its_own_answer_in_order_and_one_bad_stops_no_other() -> None:
    first, second = an_open_pass(), an_open_pass()
    before_scan = a_scan(second.code, lane="8")
    upload(before_scan)
    good = a_scan(first.code)
    batch = [
        a_scan("nonsense"),
        good,
        before_scan,
        a_scan(first.code, scan_id=good.scan_id, lane="2"),
        a_scan(first.code, lane=""),
        a_scan(first.code, nur_zholy()),
        a_scan(first.code, scanned_at=AT, offline=Offline("perhaps", -MINUTE)),
    ]
    device, _token = a_device()
    results = upload(*batch, device=device)
    assert [result.status for result in results] == [201, 201, 200, 409, 400, 404, 400]
    codes = [[reason.code for reason in result.refused.reasons] for result in results if result.refused]
    assert codes == [
        ["scan_id_reused"],
        ["lane_unusable"],
        ["not_found"],
        ["verdict_unknown", "list_age_unusable"],
    ]
    assert [told(result.scan) for result in results if result.scan] == [["unreadable"], [], []]
    assert Scan.objects.count() == 3


def test_a_batch_comes_out_as_its_scans_would_one_after_another() -> None:
    pass_, entry = an_open_pass(), nur_zholy()
    at_exit = [a_scan(pass_.code, lane=lane, scanned_at=AT) for lane in ("1", "2")]
    at_entry = [a_scan(pass_.code, entry, lane=lane, scanned_at=AT) for lane in ("3", "4")]
    results = upload(*at_exit, *at_entry, at=AT)
    verdicts = [(result.scan.verdict, told(result.scan)) for result in results if result.scan]
    once = [("release", []), ("refuse", ["already_used"])]
    assert verdicts == once * 2
    assert stored(at_exit[1]).reasons[0]["params"]["lane"] == "1"
    trip = Trip.objects.get(pk=pass_.trip_id)
    assert (trip.state, trip.exited_at, trip.arrived_at) == ("arrived", AT, AT)
    assert story(trip)[-4:] == ["exited", "refused", "arrived", "refused"]


def test_the_same_batch_again_answers_the_same_and_changes_nothing() -> None:
    passes = [an_open_pass() for _number in range(3)]
    batch = [a_scan(one.code, scanned_at=AT, offline=offline()) for one in passes]
    first = upload(*batch)
    before = [as_it_stands(one) for one in passes]
    second = upload(*batch, at=LATER + HOUR)
    assert [result.status for result in second] == [200] * 3
    assert [result.scan for result in second] == [result.scan for result in first]
    assert [as_it_stands(one) for one in passes] == before
    assert not Case.objects.exists()


def test_a_batch_takes_two_statements_more_than_one_scan_for_its_links() -> None:
    company = a_company()
    a_licence(company)
    passes = [an_issued_trip(company).passes.get() for _number in range(20)]
    place = a_checkpoint()
    scanned(an_open_pass().code)
    batch = [a_scan(one.code, place, scanned_at=AT, offline=offline()) for one in passes]
    with CaptureQueriesContext(connection) as queries:
        results = upload(*batch, at=AT)
    assert {(result.status, result.scan and result.scan.verdict) for result in results} == {(201, "release")}
    assert len(queries) == (7 if connection.vendor == "postgresql" else 10)
    with CaptureQueriesContext(connection) as queries:
        moved = [(result.scan.trip.reference, result.scan.trip.state) for result in results if result.scan]
    assert (len(queries), {state for _reference, state in moved}) == (0, {"exited"})
    assert Trip.objects.filter(company=company, state="exited").count() == 20


def test_a_batch_of_nothing_usable_writes_nothing() -> None:
    assert upload() == []
    assert [result.status for result in upload(a_scan("x", lane=""))] == [400]
    assert not Scan.objects.exists()


def test_a_scan_id_kept_by_somebody_else_meanwhile_is_found_one_by_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pass_, other = an_open_pass(), an_open_pass()
    scan = a_scan(pass_.code)
    real = Book.write
    tries: list[int] = []

    def overtaken(book: Book) -> None:
        """Stand for the moment in which another process commits the same scan id."""
        tries.append(len(book.scans))
        real(book)
        if len(tries) == 1:
            real(book)

    monkeypatch.setattr(Book, "write", overtaken)
    results = upload(scan, a_scan(other.code))
    assert [result.status for result in results] == [201, 201]
    assert tries == [2, 1, 1]
    assert Scan.objects.count() == 2


# --- Without a link ------------------------------------------------------------------------------


def test_an_offline_release_is_judged_by_the_moment_it_was_made() -> None:
    pass_ = an_open_pass()
    late = pass_.closes_at + 2 * HOUR
    scan = a_scan(pass_.code, scanned_at=AT, offline=offline())
    upload(scan, at=late)
    kept = stored(scan)
    trip = Trip.objects.get(pk=pass_.trip_id)
    assert (kept.verdict, kept.offline_verdict, kept.list_age) == ("release", "release", 30 * MINUTE)
    assert (kept.scanned_at, kept.recorded_at, kept.passed_at) == (AT, late, AT)
    assert (trip.state, trip.exited_at) == ("exited", AT)
    event = trip.events.get(kind="exited")
    assert (event.at, event.recorded_at) == (AT, late)
    assert event.data["offline"] == {"verdict": "release", "list_age_s": 1800.0}
    assert event.data["late"] is True
    assert not Case.objects.exists()


def test_an_upload_within_the_grace_is_not_late() -> None:
    pass_ = an_open_pass()
    upload(a_scan(pass_.code, scanned_at=AT, offline=offline()))
    assert pass_.trip.events.get(kind="exited").data["late"] is False


def test_a_scanner_whose_clock_runs_ahead_is_put_back_to_now() -> None:
    pass_ = an_open_pass()
    scan = a_scan(pass_.code, scanned_at=AT + 300 * 24 * HOUR, offline=offline())
    upload(scan)
    assert stored(scan).scanned_at == LATER
    assert pass_.trip.events.get(kind="exited").data["said_at"].startswith("2027")


def test_a_closure_is_that_of_the_moment_of_the_scan() -> None:
    pass_ = an_open_pass()
    Closure.objects.create(starts_at=AT + HOUR, ends_at=AT + 48 * HOUR, reason="Holiday")
    scan = a_scan(pass_.code, scanned_at=AT, offline=offline())
    upload(scan)
    assert stored(scan).verdict == "release"


@pytest.mark.parametrize(("list_age", "reasons"), [(4 * HOUR, []), (5 * HOUR, ["stale_list"])])
def test_a_release_on_an_old_list_says_so(list_age: timedelta, reasons: list[str]) -> None:
    pass_ = an_open_pass()
    scan = a_scan(pass_.code, scanned_at=AT, offline=offline(list_age=list_age))
    upload(scan)
    assert (stored(scan).verdict, told(stored(scan))) == ("release", reasons)
    assert Trip.objects.get(pk=pass_.trip_id).state == "exited"


def test_what_the_lane_refused_stays_in_china_whatever_is_known_now() -> None:
    pass_ = an_open_pass()
    before = as_it_stands(pass_)
    scan = a_scan(pass_.code, scanned_at=AT, offline=offline("refuse"))
    upload(scan)
    assert (stored(scan).verdict, stored(scan).offline_verdict) == ("release", "refuse")
    assert stored(scan).passed_at is None
    assert as_it_stands(pass_) == before
    assert story(pass_.trip)[-1] == "refused"
    assert scanned(pass_.code).verdict == "release"


def test_what_the_lane_sent_to_examination_waits_for_its_outcome() -> None:
    pass_ = an_open_pass()
    before = as_it_stands(pass_)
    scan = a_scan(pass_.code, scanned_at=AT, offline=offline("examine"))
    upload(scan)
    assert Examination.objects.get().scan == stored(scan)
    assert as_it_stands(pass_) == before
    assert told(scanned(pass_.code)) == ["selected"]


def test_what_the_lane_released_is_gone_though_it_was_selected() -> None:
    pass_ = an_open_pass()
    SelectionRule.objects.create(reason="all")
    scan = a_scan(pass_.code, scanned_at=AT, offline=offline())
    upload(scan)
    assert (stored(scan).verdict, stored(scan).passed_at) == ("examine", AT)
    assert not Examination.objects.exists()
    assert Trip.objects.get(pk=pass_.trip_id).state == "exited"
    assert cases(pass_) == []


@pytest.mark.parametrize(
    ("list_age", "case"), [(MINUTE, ("stale_offline_release", 3)), (2 * HOUR, ("exit_outside_window", 2))]
)
def test_a_release_of_a_revoked_code_is_kept_and_becomes_a_case(
    list_age: timedelta, case: tuple[str, int]
) -> None:
    pass_ = an_open_pass()
    revoke_pass(trip=pass_.trip, reason="stolen", at=AT - HOUR, by=BY)
    scan = a_scan(pass_.code, scanned_at=AT, offline=offline(list_age=list_age))
    upload(scan)
    kept = stored(scan)
    assert (kept.verdict, told(kept), kept.offline_verdict) == ("refuse", ["revoked"], "release")
    assert kept.passed_at == AT
    assert cases(pass_) == [case]
    # A planned trip has no step to exited; the customs' list of vehicles still knows that it left.
    assert Trip.objects.get(pk=pass_.trip_id).state == "planned"
    assert DeclaredVehicle.objects.get(vin=pass_.vin).exited_at == AT


def test_a_revocation_after_the_scan_is_a_case_without_blame() -> None:
    pass_ = an_open_pass()
    cancel_trip(trip=pass_.trip, reason="sold", at=AT + HOUR, by=BY)
    upload(a_scan(pass_.code, scanned_at=AT, offline=offline(list_age=MINUTE)))
    assert cases(pass_) == [("exit_outside_window", 2)]
    facts = Case.objects.get().facts
    assert facts["pass_ended_at"] == [(AT + HOUR).isoformat()]
    assert facts["list_as_of"] == [(AT - MINUTE).isoformat()]


def test_a_release_on_a_superseded_code_moves_the_trip_that_is_still_ready() -> None:
    pass_ = an_open_pass()
    swap_driver(trip=pass_.trip, driver=a_driver(pass_.trip.company), at=AT - HOUR, by=BY)
    upload(a_scan(pass_.code, scanned_at=AT, offline=offline(list_age=MINUTE)))
    assert Trip.objects.get(pk=pass_.trip_id).state == "exited"
    # The driver on the old code is not the one who was to drive.
    assert cases(pass_) == [("driver_mismatch", 3), ("stale_offline_release", 3)]
    new = pass_.trip.passes.get(state="open")
    assert told(scanned(new.code, at=LATER)) == ["already_used"]
    assert scanned(new.code, nur_zholy(), at=LATER).verdict == "release"


def test_two_codes_of_one_trip_released_offline_are_a_vehicle_out_twice() -> None:
    old = an_open_pass()
    swap_driver(trip=old.trip, driver=a_driver(old.trip.company), at=AT - HOUR, by=BY)
    new = old.trip.passes.get(state="open")
    second = a_scan(new.code, scanned_at=AT + MINUTE, lane="2", offline=offline())
    upload(a_scan(old.code, scanned_at=AT, offline=offline(list_age=2 * HOUR)), second)
    assert told(stored(second)) == ["already_used"]
    assert stored(second).passed_at == AT + MINUTE
    assert Trip.objects.get(pk=old.trip_id).exited_at == AT
    assert cases(old) == [("driver_mismatch", 3), ("exit_outside_window", 2), ("vehicle_twice", 4)]


@pytest.mark.parametrize("together", [True, False])
def test_two_lanes_that_release_one_code_offline_make_one_passing_and_a_case(together: bool) -> None:
    pass_ = an_open_pass()
    scans = [a_scan(pass_.code, lane=lane, scanned_at=AT, offline=offline()) for lane in ("1", "2")]
    for batch in [scans] if together else [scans[:1], scans[1:]]:
        upload(*batch)
    assert [stored(scan).verdict for scan in scans] == ["release", "refuse"]
    assert [stored(scan).passed_at for scan in scans] == [AT, None]
    assert told(stored(scans[1])) == ["already_used"]
    assert cases(pass_) == [("pass_reused", 4)]
    assert Trip.objects.get(pk=pass_.trip_id).exited_at == AT
    assert story(pass_.trip)[-3:] == ["exited", "refused", "case_opened"]
    upload(*scans)
    assert cases(pass_) == [("pass_reused", 4)]


@pytest.mark.parametrize("seconds", [-3 * 3600, 30 * 3600])
def test_a_release_outside_the_window_is_a_case(seconds: int) -> None:
    pass_ = an_open_pass()
    when = AT + timedelta(seconds=seconds)
    scan = a_scan(pass_.code, scanned_at=when, offline=offline())
    upload(scan, at=AT + 31 * HOUR)
    assert stored(scan).verdict == "refuse"
    assert Trip.objects.get(pk=pass_.trip_id).exited_at == when
    assert cases(pass_) == [("exit_outside_window", 2)]


def test_a_release_on_a_changed_declaration_is_a_case() -> None:
    pass_ = an_open_pass()
    Declaration.objects.filter(pk=pass_.trip.declaration_id).update(status="deleted", status_at=AT + HOUR)
    upload(a_scan(pass_.code, scanned_at=AT, offline=offline()))
    assert Trip.objects.get(pk=pass_.trip_id).state == "exited"
    assert cases(pass_) == [("declaration_changed", 3)]


def test_a_release_against_other_papers_stays_in_the_story() -> None:
    pass_ = an_open_pass()
    Driver.objects.filter(pk=pass_.driver_id).update(passport_expires_on="2020-01-01")
    upload(a_scan(pass_.code, scanned_at=AT, offline=offline()))
    event = pass_.trip.events.get(kind="exited")
    assert [reason["code"] for reason in event.data["reasons"]] == ["passport_expired"]
    assert cases(pass_) == []


def test_an_entry_uploaded_before_its_exit_loses_neither() -> None:
    pass_ = an_open_pass()
    entry = a_scan(pass_.code, nur_zholy(), scanned_at=AT + HOUR, offline=offline())
    exit_ = a_scan(pass_.code, scanned_at=AT, offline=offline())
    upload(entry)
    assert told(stored(entry)) == ["out_of_turn"]
    assert Trip.objects.get(pk=pass_.trip_id).state == "arrived"
    upload(exit_)
    trip = Trip.objects.get(pk=pass_.trip_id)
    assert (stored(exit_).verdict, stored(exit_).passed_at) == ("release", AT)
    assert (trip.state, trip.exited_at, trip.arrived_at) == ("arrived", AT, AT + HOUR)
    assert cases(pass_) == []


@pytest.mark.parametrize("crossing", ["exit", "entry"])
def test_a_code_released_twice_offline_is_a_case_at_either_crossing(crossing: str) -> None:
    pass_ = an_open_pass()
    place = None
    if crossing == "entry":
        upload(a_scan(pass_.code, scanned_at=AT, offline=offline()))
        place = nur_zholy()
    scans = [
        a_scan(pass_.code, place, lane=lane, scanned_at=AT + HOUR, offline=offline()) for lane in ("1", "2")
    ]
    upload(*scans)
    assert cases(pass_) == [("pass_reused", 4)]


def test_a_contradiction_is_assessed_with_its_scan_and_the_rest_waits_its_turn() -> None:
    good, revoked = an_open_pass(), an_open_pass()
    revoke_pass(trip=revoked.trip, reason="stolen", at=AT - HOUR, by=BY)
    upload(*[a_scan(one.code, scanned_at=AT, offline=offline()) for one in (good, revoked)])
    assert Trip.objects.get(pk=revoked.trip_id).assessed_at == LATER
    assert Trip.objects.get(pk=revoked.trip_id).outcome == "discrepant"
    assert Trip.objects.get(pk=good.trip_id).assessed_at is None


def test_reconciliation_adds_nothing_to_the_cases_of_a_scan() -> None:
    pass_ = an_open_pass()
    swap_driver(trip=pass_.trip, driver=a_driver(pass_.trip.company), at=AT - HOUR, by=BY)
    upload(a_scan(pass_.code, scanned_at=AT, offline=offline(list_age=2 * HOUR)))
    before = list(Case.objects.order_by("pk").values())
    Trip.objects.update(next_check_at=LATER)
    reconcile_all_due(at=LATER + MINUTE)
    assert list(Case.objects.order_by("pk").values()) == before


def test_a_settled_case_is_not_opened_again_by_the_reconciliation() -> None:
    pass_ = an_open_pass()
    upload(*[a_scan(pass_.code, scanned_at=moment, offline=offline()) for moment in (AT, AT + MINUTE)])
    case = Case.objects.get()
    settle_case(case=case, to=CaseState.RESOLVED, resolution="read twice", note="", at=LATER, by=BY)
    reconcile_all_due(at=LATER + MINUTE)
    assert Case.objects.get() == case


def test_a_release_of_a_lapsed_code_is_kept() -> None:
    pass_ = an_open_pass()
    lapse_trip(trip=pass_.trip, at=AT + HOUR, by="system")
    scan = a_scan(pass_.code, scanned_at=AT, offline=offline())
    upload(scan)
    assert (told(stored(scan)), stored(scan).passed_at) == (["expired"], AT)
    assert cases(pass_) == [("exit_outside_window", 2)]


def test_a_forged_code_released_offline_is_kept_and_moves_nothing() -> None:
    pass_ = an_open_pass()
    before = as_it_stands(pass_)
    scan = a_scan(pass_.code[:-1], scan_id=uuid.uuid4(), scanned_at=AT, offline=offline())
    upload(scan)
    assert (stored(scan).verdict, stored(scan).offline_verdict) == ("refuse", "release")
    assert stored(scan).passed_at is None
    assert as_it_stands(pass_) == before
