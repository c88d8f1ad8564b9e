"""Versions of the assessment: what another would change, and switching it on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clearance.actions.reconcile import assess_trips, reconcile_all_due
from clearance.actions.versions import switch_version
from clearance.models import VersionSwitch
from clearance.queries import versions as queries
from clearance.queries.versions import look_ahead, version_in_force
from clearance.rules.assess import Assessment, Evidence, Limits, assess
from clearance.rules.versions import VERSIONS, Change, change
from ferry.errors import Invalid
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
    assert "in force from now on" in run("--version=2", "--switch")
    reconcile_all_due(at=AT + 30 * HOUR)
    assert set(Trip.objects.values_list("assessed_version", flat=True)) == {2}
    assert Case.objects.filter(trip=unreceived, kind=CaseKind.EXIT_NO_DELIVERY).exists()
    assert Case.objects.filter(trip=damaged, kind=CaseKind.DAMAGE, state="open").exists()


def test_switched_on_twice_it_is_switched_once_and_takes_up_what_is_left(unreceived: Trip):
    assert switch_version(version=2, at=AT + 7 * HOUR, by=BY)
    Trip.objects.update(next_check_at=None)
    assert not switch_version(version=2, at=AT + 8 * HOUR, by=BY)
    assert VersionSwitch.objects.count() == 1
    unreceived.refresh_from_db()
    assert unreceived.next_check_at == AT + 8 * HOUR


def test_it_can_be_switched_back(unreceived: Trip):
    for version in (2, 1):
        switch_version(version=version, at=AT + 7 * HOUR, by=BY)
    assert version_in_force() == 1
    assert "Version 1 is in force" in run()


def test_a_version_that_is_none_is_refused_and_nothing_is_due(unreceived: Trip):
    before = dump()
    with pytest.raises(Invalid):
        switch_version(version=9, at=AT + 7 * HOUR, by=BY)
    with pytest.raises(CommandError, match="This release has: 1, 2"):
        run("--version=9", "--switch")
    with pytest.raises(CommandError, match="Choose one"):
        run("--version=2", "--switch", "--dry-run")
    assert dump() == before
