"""Versions of the assessment: what another would change, and switching it on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clearance.actions import versions as actions
from clearance.actions.reconcile import assess_trips, reconcile_all_due
from clearance.actions.versions import (
    make_trips_due,
    put_in_force,
    start_trial,
    stop_trial,
    switch_on,
    switch_version,
    work_trial,
)
from clearance.models import Act, ChainLink, VersionSwitch, VersionTrial
from clearance.queries import versions as queries
from clearance.queries.explained import explained
from clearance.queries.versions import changes_of, look_ahead, version_in_force
from clearance.rules.assess import Assessment, Evidence, Limits, View, assess
from clearance.rules.chain import EVERYWHERE
from clearance.rules.versions import SAYS, VERSIONS, VIEWS, Change, change
from clearance.tasks import try_versions
from ferry.errors import Conflict, Invalid
from ferry.models import Case, CaseKind, Trip
from tests.builders import AT, BY, an_issued_trip
from tests.clearance.story import arrive, confirm, leave
from tests.clearance.test_assess import LEFT, LIMITS, RECEIPT, a_trip, an_exited_trip, settled
from tests.clearance.test_reconcile import dump

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def stricter(evidence: Evidence, limits: Limits, at: datetime) -> Assessment:
    """Wait for the receipt half as long, and take no notice of damage."""
    verdict = assess(evidence, replace(limits, receipt_case=limits.receipt_case / 2), at)
    findings = tuple(each for each in verdict.findings if each.kind != CaseKind.DAMAGE)
    return verdict if findings == verdict.findings else verdict._replace(findings=findings, outcome="waiting")


@pytest.fixture(autouse=True)
def second(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(VERSIONS, 2, stricter)
    with time_machine.travel(AT + 30 * HOUR, tick=False):
        yield


@pytest.fixture
def unreceived(db: None) -> Trip:
    return judged(arrive(leave(an_issued_trip(), AT), AT + 2 * HOUR))


@pytest.fixture
def damaged(db: None) -> Trip:
    trip = arrive(leave(an_issued_trip(), AT), AT + 2 * HOUR)
    confirm(trip, AT + 5 * HOUR, condition="damaged")
    return judged(trip)


def judged(trip: Trip) -> Trip:
    assess_trips(trip_ids=[trip.pk], at=AT + 6 * HOUR)
    trip.refresh_from_db()
    return trip


def run(*args: str) -> str:
    said = StringIO()
    call_command("assess", *args, stdout=said, stderr=StringIO())
    return said.getvalue()


# --- The comparison, without a database --------------------------------------------------------


def test_it_says_which_cases_would_open_and_which_are_found_no_more():
    late = LEFT + 30 * HOUR
    opened = change(an_exited_trip(), LIMITS, late, now=assess, then=stricter)
    assert opened == Change("waiting", "discrepant", ("exit_no_delivery",), ())
    lost = change(
        a_trip(receipt=RECEIPT._replace(condition="damaged")), LIMITS, late, now=assess, then=stricter
    )
    assert lost is not None
    assert (lost.opens, lost.not_found) == ((), ("damage",))


def test_what_is_judged_alike_is_no_change():
    assert change(a_trip(), LIMITS, LEFT + DAY, now=assess, then=stricter) is None


def test_what_somebody_settled_does_not_open_again_by_another_version():
    trip, late = an_exited_trip(), LEFT + 30 * HOUR
    finding = stricter(trip, LIMITS, late).findings[0]
    after = change(replace(trip, cases=(settled(finding),)), LIMITS, late, now=assess, then=stricter)
    assert after is None or after.opens == ()


# --- The dry run -------------------------------------------------------------------------------


def test_a_dry_run_lists_every_trip_that_would_change_and_writes_nothing(
    unreceived: Trip, damaged: Trip, tmp_path: Path
):
    before, path = dump(), tmp_path / "changes.csv"
    said = run("--version=2", "--dry-run", f"--csv={path}")
    assert dump() == before
    assert "2 of 2 trips would change" in said
    assert "1  would open: exit_no_delivery" in said
    assert "1  not found any more: damage" in said
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == 3
    assert f"{unreceived.reference},{unreceived.vehicle.vin},waiting,discrepant,exit_no_delivery," in lines


def test_it_may_begin_at_a_day(unreceived: Trip):
    assert "0 of 0 trips would change" in run("--version=2", "--dry-run", "--since=2026-11-24")
    assert "1 of 1 trips would change" in run("--version=2", "--dry-run", "--since=2026-11-22")


def test_it_goes_through_history_in_slices_of_as_many_queries(
    unreceived: Trip, damaged: Trip, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(queries, "SLICE", 1)
    slices = look_ahead(2, since=None, at=AT + 30 * HOUR)
    counts = []
    for _number in range(2):
        with CaptureQueriesContext(connection) as captured:
            looked = next(slices)
        counts.append(len(captured))
        assert (looked.seen, len(looked.changes)) == (1, 1)
    assert counts[1] <= counts[0]
    assert list(slices) == []


def test_what_was_never_assessed_is_left_out(db: None):
    an_issued_trip()
    assert "0 of 0 trips" in run("--version=2", "--dry-run")


# --- Switching ---------------------------------------------------------------------------------


def test_a_trip_says_by_which_version_it_was_judged(unreceived: Trip):
    assert unreceived.assessed_version == 1


def test_the_version_that_is_switched_on_judges_every_trip_anew(unreceived: Trip, damaged: Trip):
    assert "in force from now on" in run("--version=2", "--switch", "--reason=stricter")
    reconcile_all_due(at=AT + 30 * HOUR)
    assert set(Trip.objects.values_list("assessed_version", flat=True)) == {2}
    assert Case.objects.filter(trip=unreceived, kind=CaseKind.EXIT_NO_DELIVERY).exists()
    assert Case.objects.filter(trip=damaged, kind=CaseKind.DAMAGE, state="open").exists()


def test_switched_on_twice_it_is_switched_once_and_takes_up_what_is_left(unreceived: Trip):
    assert switch_version(version=2, reason="x", at=AT + 7 * HOUR, by=BY)
    Trip.objects.update(next_check_at=None)
    assert not switch_version(version=2, reason="x", at=AT + 8 * HOUR, by=BY)
    assert VersionSwitch.objects.count() == 1
    unreceived.refresh_from_db()
    assert unreceived.next_check_at == AT + 8 * HOUR


def test_nothing_is_switched_without_a_reason(unreceived: Trip):
    with pytest.raises(Invalid):
        put_in_force(version=2, reason=" ", at=AT + 7 * HOUR, by=BY)
    with pytest.raises(CommandError, match="--reason"):
        run("--version=2", "--switch")
    assert (version_in_force(), ChainLink.objects.filter(kind=Act.VERSION_SWITCHED).count()) == (1, 0)


def test_every_version_says_what_it_judges_otherwise(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delitem(VERSIONS, 2)
    assert set(SAYS) == set(VERSIONS)


def test_what_was_never_tried_is_not_switched_on_and_what_was_in_force_is(unreceived: Trip):
    when = {"reason": "x", "at": AT + 30 * HOUR, "by": BY}
    with pytest.raises(Conflict):
        switch_on(version=2, **when)
    stop_trial(trial=start_trial(version=2, since=None, at=AT + 30 * HOUR, by=BY), at=AT + 30 * HOUR)
    with pytest.raises(Conflict):
        switch_on(version=2, **when)
    assert (version_in_force(), VersionSwitch.objects.count()) == (1, 0)
    worked(start_trial(version=2, since=None, at=AT + 30 * HOUR, by=BY))
    for version in (2, 1, 2):
        assert switch_on(version=version, **when)
    assert version_in_force() == 2


def test_it_is_switched_on_untried_where_the_one_in_force_is_gone(
    unreceived: Trip, monkeypatch: pytest.MonkeyPatch
):
    put_in_force(version=2, reason="x", at=AT, by=BY)
    monkeypatch.delitem(VERSIONS, 2)
    monkeypatch.setitem(VERSIONS, 3, stricter)
    assert switch_on(version=3, reason="x", at=AT + HOUR, by=BY)


def test_switched_back_every_trip_is_judged_by_the_first_again_and_cases_stay(unreceived: Trip):
    for version, at in ((2, AT + 30 * HOUR), (1, AT + 31 * HOUR)):
        switch_version(version=version, reason="x", at=at, by=BY)
        reconcile_all_due(at=at)
        assert set(Trip.objects.values_list("assessed_version", flat=True)) == {version}
    case = Case.objects.get(trip=unreceived, kind=CaseKind.EXIT_NO_DELIVERY)
    assert case.is_open
    unreceived.refresh_from_db()
    assert unreceived.outcome == "discrepant"


def test_it_can_be_switched_back(unreceived: Trip):
    for version in (2, 1):
        switch_version(version=version, reason="x", at=AT + 7 * HOUR, by=BY)
    assert version_in_force() == 1
    assert "Version 1 is in force" in run()


def test_a_version_that_is_none_is_refused_and_nothing_is_due(unreceived: Trip):
    before = dump()
    with pytest.raises(Invalid):
        switch_version(version=9, reason="x", at=AT + 7 * HOUR, by=BY)
    with pytest.raises(CommandError, match="This release has: 1, 2"):
        run("--version=9", "--switch", "--reason=x")
    with pytest.raises(CommandError, match="Choose one"):
        run("--version=2", "--switch", "--dry-run")
    assert dump() == before


def test_switching_is_a_link_of_the_chain(unreceived: Trip):
    switch_version(version=2, reason="x", at=AT + 7 * HOUR, by=BY)
    switch_version(version=2, reason="x", at=AT + 8 * HOUR, by=BY)
    link = ChainLink.objects.get(kind=Act.VERSION_SWITCHED)
    assert (link.place, link.about, link.by) == (EVERYWHERE, "2", BY)
    assert link.content == {"from": 1, "to": 2, "reason": "x"}


def test_the_worker_makes_due_what_the_page_left_to_it(unreceived: Trip, damaged: Trip, monkeypatch):
    monkeypatch.setattr(actions, "SLICE", 1)
    Trip.objects.update(next_check_at=None)
    assert put_in_force(version=2, reason="x", at=AT + 7 * HOUR, by=BY)
    assert not put_in_force(version=2, reason="x", at=AT + 7 * HOUR, by=BY)
    assert not Trip.objects.filter(next_check_at__isnull=False).exists()
    assert make_trips_due(at=AT + 8 * HOUR) == 1
    assert make_trips_due(at=AT + 8 * HOUR) == 1
    assert make_trips_due(at=AT + 8 * HOUR) == 0
    assert set(Trip.objects.values_list("next_check_at", flat=True)) == {AT + 8 * HOUR}
    Trip.objects.update(next_check_at=None)
    assert make_trips_due(at=AT + 9 * HOUR) == 0


# --- The dry run of the page -------------------------------------------------------------------


def trips() -> list[dict[str, Any]]:
    return list(Trip.objects.order_by("pk").values())


def worked(trial: VersionTrial) -> VersionTrial:
    """Be the workers, to its end."""
    trial.refresh_from_db()
    while work_trial(trial=trial, at=AT + 30 * HOUR):
        trial.refresh_from_db()
    trial.refresh_from_db()
    return trial


def test_a_trial_counts_and_lists_what_would_change_and_touches_no_trip(unreceived: Trip, damaged: Trip):
    before, cases = trips(), Case.objects.count()
    trial = worked(start_trial(version=2, since=None, at=AT + 30 * HOUR, by=BY))
    assert (trips(), Case.objects.count()) == (before, cases)
    assert trial.finished_at
    assert (trial.total, trial.seen, trial.changed) == (2, 2, 2)
    assert trial.summary["opens"] == {"exit_no_delivery": 1}
    assert trial.summary["not_found"] == {"damage": 1}
    assert trial.summary["outcome"]["waiting>discrepant"] == 1
    (opens,) = changes_of(trial, what="opens", name="exit_no_delivery")
    assert opens.trip == unreceived
    (moved,) = changes_of(trial, what="outcome", name="waiting>discrepant")
    assert moved.trip == unreceived


def test_a_trial_goes_slice_by_slice_and_one_slice_counts_once(
    unreceived: Trip, damaged: Trip, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(queries, "SLICE", 1)
    trial = start_trial(version=2, since=None, at=AT + 30 * HOUR, by=BY)
    assert work_trial(trial=trial, at=AT) == 1
    # Another worker that had begun with the same slice comes too late.
    assert work_trial(trial=trial, at=AT) == 0
    trial.refresh_from_db()
    assert (trial.seen, trial.changes.count(), trial.finished_at) == (1, 1, None)
    assert worked(trial).seen == 2


def test_a_trial_asked_for_twice_is_one_and_a_new_one_drops_the_old_list(unreceived: Trip):
    trial = start_trial(version=2, since=None, at=AT + 30 * HOUR, by=BY)
    assert start_trial(version=2, since=None, at=AT + 30 * HOUR, by=BY) == trial
    assert worked(trial).changes.exists()
    start_trial(version=2, since=None, at=AT + 31 * HOUR, by=BY)
    trial.refresh_from_db()
    assert (trial.changes.count(), trial.changed) == (0, 1)


@pytest.mark.parametrize(("version", "error"), [(9, Invalid), (1, Conflict)], ids=["none", "in force"])
def test_what_cannot_be_tried_is_refused(db: None, version: int, error: type[Exception]):
    with pytest.raises(error):
        start_trial(version=version, since=None, at=AT, by=BY)
    assert not VersionTrial.objects.exists()


def test_a_stopped_trial_stays_where_it_is(unreceived: Trip):
    trial = start_trial(version=2, since=None, at=AT + 30 * HOUR, by=BY)
    assert stop_trial(trial=trial, at=AT + 30 * HOUR)
    assert not stop_trial(trial=trial, at=AT + 30 * HOUR)
    assert (worked(trial).seen, trial.is_stopped) == (0, True)


def test_a_trial_of_a_version_that_an_upgrade_took_away_stops(
    unreceived: Trip, monkeypatch: pytest.MonkeyPatch
):
    trial = start_trial(version=2, since=None, at=AT + 30 * HOUR, by=BY)
    monkeypatch.delitem(VERSIONS, 2)
    try_versions()
    trial.refresh_from_db()
    assert trial.is_stopped


# --- The explanation ---------------------------------------------------------------------------


def test_a_trip_is_explained_by_the_version_that_judged_it(unreceived: Trip):
    put_in_force(version=2, reason="x", at=AT + 7 * HOUR, by=BY)
    told = explained(unreceived, at=AT + 30 * HOUR, own_only=False)
    assert (told.version, told.explanation.verdict.outcome) == (1, "waiting")
    assess_trips(trip_ids=[unreceived.pk], at=AT + 30 * HOUR)
    unreceived.refresh_from_db()
    told = explained(unreceived, at=AT + 30 * HOUR, own_only=False)
    assert (told.version, told.explanation.verdict.outcome) == (2, "discrepant")


def test_its_limits_and_rows_are_those_of_its_version(unreceived: Trip, monkeypatch: pytest.MonkeyPatch):
    seen = lambda trip, limits, at: View(trip, replace(limits, receipt_case=limits.receipt_case / 2), at)  # noqa: E731
    first = explained(unreceived, at=AT + 6 * HOUR, own_only=False).explanation
    monkeypatch.setitem(VIEWS, 2, seen)
    Trip.objects.update(assessed_version=2)
    unreceived.refresh_from_db()
    second = explained(unreceived, at=AT + 6 * HOUR, own_only=False).explanation
    until = [next(one.until for one in each.limits if one.name == "receipt_case") for each in (first, second)]
    assert until[1] < until[0]
